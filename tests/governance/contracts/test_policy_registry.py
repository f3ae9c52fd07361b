from __future__ import annotations

import pytest

from tests.governance.dao import ALICE, DEPLOYER, MALLORY, Dao, Member, events, refused

KEY = b"release".ljust(32, b"\0")
DIGEST, OTHER = bytes(range(32)), bytes(range(1, 33))
CONTENT = "bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"


def test_a_vote_adopts_and_versions_stay(dao: Dao) -> None:
    functions = dao.policies.functions
    assert functions.versionOf(KEY).call() == 0
    assert functions.parametersOf(KEY).call() == b""
    receipt = dao.carry_out(functions.adopt(KEY, DIGEST, CONTENT, b"one"))
    dao.carry_out(functions.adopt(KEY, OTHER, "", b""))
    assert functions.keys().call() == [KEY]
    assert functions.versionOf(KEY).call() == 2
    adopted_at = dao.chain.block(receipt.block_number).timestamp
    assert functions.policyAt(KEY, 1).call() == (DIGEST, adopted_at, CONTENT, b"one")
    assert functions.parametersOf(KEY).call() == b""
    assert events(dao.policies, "PolicyAdopted", receipt) == [
        {"key": KEY, "version": 1, "digest": DIGEST, "content": CONTENT, "parameters": b"one"}
    ]


@pytest.mark.parametrize("sender", [ALICE, DEPLOYER, MALLORY])
def test_nobody_adopts_without_a_vote(dao: Dao, sender: Member) -> None:
    with refused("OwnableUnauthorizedAccount", sender.address):
        dao.send(sender, dao.policies.functions.adopt(KEY, DIGEST, CONTENT, b""))


@pytest.mark.parametrize("version", [0, 2])
def test_a_version_that_is_not_there_is_refused(dao: Dao, version: int) -> None:
    dao.carry_out(dao.policies.functions.adopt(KEY, DIGEST, CONTENT, b""))
    with refused("PolicyRegistryNoVersion", KEY, version):
        dao.ask(dao.policies.functions.policyAt(KEY, version))


@pytest.mark.parametrize(
    ("key", "digest", "error"),
    [
        (bytes(32), DIGEST, "PolicyRegistryInvalidKey"),
        (KEY, bytes(32), "PolicyRegistryInvalidDigest"),
    ],
)
def test_a_policy_has_a_key_and_a_digest(dao: Dao, key: bytes, digest: bytes, error: str) -> None:
    proposal = dao.propose(dao.policies.functions.adopt(key, digest, CONTENT, b""))
    dao.accept(proposal)
    with refused(error):
        dao.execute(proposal)


def test_ownership_moves_only_when_the_new_owner_accepts(dao: Dao) -> None:
    """A vote for a mistyped address loses nothing."""
    dao.carry_out(dao.policies.functions.transferOwnership(MALLORY.address))
    assert dao.policies.functions.owner().call() == dao.at.timelock
    dao.send(MALLORY, dao.policies.functions.acceptOwnership())
    assert dao.policies.functions.owner().call() == MALLORY.address
