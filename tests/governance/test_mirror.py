"""What happens on chain stands in the log: in order, and exactly once."""

from __future__ import annotations

import threading
from pathlib import Path

from eth_abi.packed import encode_packed
from eth_utils import keccak
from web3 import Web3

from governance.mirror.position import READER
from ledger.content.cid import Cid
from ledger.content.embedded import EmbeddedContentStore
from ledger.events.canonical import JsonObject
from ledger.events.identifiers import LATEST, parse_instant
from ledger.log import Submission
from ledger.merkle import leaf_hash
from ledger.rules.errors import MissingRole
from ledger.store.chains import read_cursor
from ledger.views.records import (
    AuthorizedKey,
    Member,
    Model,
    Proposal,
    ReleaseChange,
    TokenHolder,
)
from tests.governance.dao import (
    ABSTAIN,
    AGAINST,
    ALICE,
    BOB,
    CAROL,
    DAVE,
    FOR,
    FRACTIONAL,
    MALLORY,
    TOKEN,
    Call,
    Dao,
)
from tests.governance.mirrored import MirroredLog, chain_of, key_of, told_in_log, told_on_chain
from tests.support.ledgers import DAY, digest_of
from tests.support.logs import record

STEWARD, DEVELOPER = (keccak(text=f"{name}_ROLE") for name in ("STEWARD", "DEVELOPER"))
NEWCOMER = Web3.to_checksum_address("0x" + "ab" * 20)
DIGEST = bytes.fromhex(digest_of("a document"))


def govern(dao: Dao) -> None:
    """Something of everything that members decide."""
    membership, policies = dao.membership.functions, dao.policies.functions
    dao.carry_out(membership.admit(NEWCOMER, [STEWARD], DIGEST))
    dao.carry_out(membership.changeRoles(NEWCOMER, [STEWARD, DEVELOPER]))
    dao.carry_out(membership.remove(NEWCOMER))
    dao.carry_out(policies.adopt(b"release".ljust(32, b"\0"), DIGEST, "bafy", b"\1" * 64))
    dao.send(BOB, dao.token.functions.delegate(ALICE.address))
    dao.send(ALICE, dao.token.functions.transfer(MALLORY.address, 7 * TOKEN))
    withdrawn = dao.propose(membership.remove(DAVE.address))
    dao.send(ALICE, dao.governor.functions.cancel(*withdrawn.full))


def test_all_that_happened_is_told_in_the_order_in_which_it_happened(
    dao: Dao, mirrored: MirroredLog
) -> None:
    govern(dao)
    progress = mirrored.mirror().catch_up()
    expected = told_on_chain(dao)
    assert told_in_log(mirrored.events()) == expected
    assert progress.recorded == len(expected) == mirrored.log.size - 1
    assert {kind for *_, kind in expected} >= {
        *("member.admitted", "member.roles_changed", "member.removed", "policy.adopted"),
        *("proposal.created", "proposal.queued", "proposal.executed", "proposal.canceled"),
        *("vote.cast", "token.transferred", "delegation.changed"),
    }


def test_each_event_says_where_on_chain_it_happened_and_when(
    dao: Dao, mirrored: MirroredLog
) -> None:
    mirrored.mirror().catch_up()
    for recorded in mirrored.events():
        chain = chain_of(recorded)
        receipt = dao.chain.web3.eth.get_transaction_receipt(chain.transaction_hash)
        block = dao.chain.web3.eth.get_block(receipt["blockNumber"])
        assert chain.block_hash == "0x" + block["hash"].hex()
        assert parse_instant(chain.block_time or "") == block["timestamp"] * 1000
        places = [(entry["address"], entry["logIndex"]) for entry in receipt["logs"]]
        assert (chain.contract, chain.log_index) in places
        assert chain.chain_id == dao.plan.chain_id


def test_founders_become_members_by_the_constructors_logs(dao: Dao, mirrored: MirroredLog) -> None:
    mirrored.mirror().catch_up()
    members = {row.member: (row.roles, row.active) for row in mirrored.rows(Member)}
    assert members == {
        founder.member: (founder.roles, True) for founder in dao.plan.parameters.founders
    }
    body: JsonObject = {
        "dataset": "records",
        "title": "Records",
        "license": "CC-BY-4.0",
        "usage": {"duo": ["HMB"]},
        "personalData": False,
        "steward": ALICE.address,
    }
    record(mirrored.log, [mirrored.consortium.event(key_of(ALICE), "dataset.registered", body)])


def test_holdings_and_voting_power_add_up_to_what_the_token_says(
    dao: Dao, mirrored: MirroredLog
) -> None:
    token = dao.token.functions
    dao.send(BOB, token.delegate(ALICE.address))
    dao.send(CAROL, token.delegate(BOB.address))
    dao.send(ALICE, token.transfer(MALLORY.address, 7 * TOKEN))
    dao.send(BOB, token.transfer(BOB.address, TOKEN))
    dao.send(MALLORY, token.delegate("0x" + 40 * "0"))
    dao.send(MALLORY, token.transfer(CAROL.address, 2 * TOKEN))
    dao.carry_out(token.mint(dao.at.timelock, 50 * TOKEN))
    mirrored.mirror().catch_up()
    holders = mirrored.rows(TokenHolder)
    assert {row.holder for row in holders} >= {m.address for m in (ALICE, BOB, CAROL, MALLORY)}
    for row in holders:
        delegate = token.delegates(row.holder).call()
        assert int(row.balance) == token.balanceOf(row.holder).call()
        assert int(row.power) == token.getVotes(row.holder).call()
        assert (row.delegate or "0x" + 40 * "0") == delegate
    assert sum(int(row.balance) for row in holders) == token.totalSupply().call()


def test_a_tally_adds_up_to_what_the_governor_counts(dao: Dao, mirrored: MirroredLog) -> None:
    text = f"\n# Say *hello*\n\nto everyone\n\n#proposer={ALICE.address}"
    proposal = dao.propose(Call(dao.at.timelock, b"\x12\x34"), description=text)
    dao.open(proposal)
    function = dao.governor.functions
    dao.vote(ALICE, proposal, AGAINST)
    dao.send(BOB, function.castVoteWithReason(proposal.id, FOR, "It is good."))
    shares = encode_packed(["uint128"] * 3, [10 * TOKEN, 20 * TOKEN, 70 * TOKEN])
    split = function.castVoteWithReasonAndParams(proposal.id, FRACTIONAL, "Some of each.", shares)
    dao.send(CAROL, split)
    dao.vote(CAROL, proposal, ABSTAIN)
    mirrored.mirror().catch_up()
    (row,) = mirrored.rows(Proposal)
    tally = (int(row.votes_against), int(row.votes_for), int(row.votes_abstain))
    assert tally == tuple(function.proposalVotes(proposal.id).call())
    assert (row.ballots, row.status, row.title) == (4, "created", "Say *hello*")
    assert (row.proposer, row.proposal_class) == (ALICE.address, "constitutional")
    assert row.description_hash == "0x" + keccak(text=text).hex()
    assert row.vote_end == function.proposalDeadline(proposal.id).call() * 1000
    reasons = [body.get("reason") for body in mirrored.bodies("vote.cast")]
    assert reasons == [None, "It is good.", "Some of each.", None]
    (created,) = mirrored.bodies("proposal.created")
    assert created["calls"] == [{"target": dao.at.timelock, "value": "0", "calldata": "0x1234"}]


def test_a_proposals_text_is_kept_under_the_id_that_the_event_names(
    dao: Dao, mirrored: MirroredLog, tmp_path: Path
) -> None:
    content = EmbeddedContentStore(tmp_path / "content")
    proposal = dao.propose(dao.token.functions.mint(ALICE.address, TOKEN))
    mirrored.mirror(content=content).catch_up()
    (row,) = mirrored.rows(Proposal)
    kept = content.stream(Cid.parse(row.description or ""))
    assert b"".join(kept) == proposal.description.encode()
    content.close()


def test_mirroring_again_records_nothing_more(dao: Dao, mirrored: MirroredLog) -> None:
    mirror = mirrored.mirror()
    mirror.catch_up()
    size = mirrored.log.size
    assert mirror.catch_up().recorded == mirrored.mirror().catch_up().recorded == 0
    dao.send(ALICE, dao.token.functions.transfer(BOB.address, 1))
    assert [mirror.catch_up().recorded, mirrored.mirror().catch_up().recorded] == [1, 0]
    assert mirrored.log.size == size + 1


def test_small_steps_and_new_processes_lead_to_the_same_log(
    dao: Dao, mirrored: MirroredLog
) -> None:
    govern(dao)
    is_complete = False
    for blocks in range(1, 500):
        if is_complete:
            break
        is_complete = mirrored.mirror(batch=1, max_blocks=blocks).step().is_complete
        # What is stored of the position may be behind: the log says more.
        with mirrored.log.database.write() as connection:
            connection.exec_driver_sql("DELETE FROM chain_cursor WHERE block_number % 2 = 1")
    assert is_complete
    assert told_in_log(mirrored.events()) == told_on_chain(dao)


def test_all_steps_of_catching_up_count(dao: Dao, mirrored: MirroredLog) -> None:
    assert mirrored.mirror(max_blocks=1).catch_up().recorded == len(told_on_chain(dao))


def test_a_block_with_an_event_is_stored_at_once_and_an_idle_one_is_not(
    dao: Dao, mirrored: MirroredLog
) -> None:
    def stored() -> int:
        with mirrored.log.database.read() as connection:
            cursor = read_cursor(connection, READER, dao.plan.chain_id)
        assert cursor is not None
        return cursor.number

    mirror = mirrored.mirror()
    mirror.catch_up()
    dao.send(ALICE, dao.token.functions.transfer(BOB.address, 1))
    told = mirror.catch_up()
    assert (told.recorded, stored()) == (1, told.block)
    dao.advance(1)
    assert mirror.catch_up().block == told.block + 1
    # Each write is one that events would wait for.
    assert stored() == told.block


def test_several_mirrors_at_once_record_each_contract_log_once(
    dao: Dao, mirrored: MirroredLog, tmp_path: Path
) -> None:
    govern(dao)
    second = mirrored.under_test.open(last_signed=tmp_path / "last-signed-elsewhere")
    mirrors = [mirrored.mirror(batch=2, log=log) for log in (mirrored.log, second, mirrored.log)]
    threads = [threading.Thread(target=mirror.catch_up) for mirror in mirrors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    mirrored.log.wait_for_growth(len(told_on_chain(dao)), timeout=10)
    assert told_in_log(mirrored.events()) == told_on_chain(dao)


def test_after_a_week_of_being_down_everything_is_still_told(
    dao: Dao, mirrored: MirroredLog
) -> None:
    proposal = dao.propose(dao.token.functions.mint(ALICE.address, TOKEN))
    mirrored.mirror().catch_up()
    dao.open(proposal)
    dao.vote(ALICE, proposal)
    cast_at = dao.now()
    dao.advance(7 * 86_400)
    mirrored.consortium.clock.move(7 * DAY)
    mirrored.mirror().catch_up()
    (vote,) = mirrored.events("vote.cast")
    assert vote.recorded_at == vote.event.issued_at == mirrored.consortium.clock.now
    assert parse_instant(chain_of(vote).block_time or "") == cast_at * 1000


def test_a_release_and_its_withdrawal_name_the_version_whose_record_it_was(
    dao: Dao, mirrored: MirroredLog
) -> None:
    mirror = mirrored.mirror()
    mirror.catch_up()
    dao.send(BOB, dao.models.functions.register("m", 0))
    leaf, index = _publish(mirrored)
    dao.send(DAVE, dao.anchors.functions.anchor(mirrored.log.size, mirrored.log.root, []))
    token = int.from_bytes(keccak(text="m"))
    proof = list(mirrored.log.inclusion(index))
    dao.send(
        MALLORY,
        dao.models.functions.attest(
            token, mirrored.log.leaf(index), mirrored.log.size, index, proof
        ),
    )
    dao.carry_out(dao.models.functions.release(token, leaf, 2**256 - 1))
    dao.carry_out(dao.models.functions.withdraw(token, leaf, DIGEST))
    mirror.catch_up()
    released, withdrawn = mirrored.rows(ReleaseChange)
    assert (released.model, released.version, released.change) == ("m", "1", "released")
    assert (withdrawn.model, withdrawn.version, withdrawn.change) == ("m", "1", "withdrawn")
    assert released.record_leaf == withdrawn.record_leaf == leaf.hex()
    assert released.valid_until == LATEST // 1000 * 1000
    (body,) = mirrored.bodies("model.withdrawn")
    assert body["reasonDigest"] == "0x" + DIGEST.hex()


def _publish(mirrored: MirroredLog) -> tuple[bytes, int]:
    """A model version in the log; its record and where it stands."""
    consortium = mirrored.consortium
    lab = key_of(BOB)
    model: JsonObject = {"model": "m", "title": "M", "owner": BOB.address, "license": "MIT"}
    version: JsonObject = {
        "model": "m",
        "version": "1",
        "artifact": {"digest": {"sha256": digest_of("m@1")}},
        "relation": "trained",
    }
    answers = record(
        mirrored.log,
        [
            consortium.event(lab, "model.registered", model),
            consortium.event(lab, "model.version_published", version),
        ],
    )
    assert len(mirrored.rows(Model)) == 1
    return leaf_hash(answers[1].leaf), answers[1].index


def test_the_dao_admits_an_account_that_somebody_claimed_as_a_key(
    dao: Dao, mirrored: MirroredLog
) -> None:
    mirrored.mirror().catch_up()
    claim: JsonObject = {
        "key": MALLORY.address,
        "kinds": ["dataset.registered"],
        "until": mirrored.consortium.at(DAY),
    }
    record(mirrored.log, [mirrored.consortium.event(key_of(ALICE), "key.authorized", claim)])
    dao.carry_out(dao.membership.functions.admit(MALLORY.address, [STEWARD], bytes(32)))
    mirrored.mirror().catch_up()
    (key,) = mirrored.rows(AuthorizedKey)
    (admission,) = mirrored.events("member.admitted")[-1:]
    assert (key.member, key.revoked_index) == (ALICE.address, admission.index)
    model: JsonObject = {"model": "own", "title": "Own", "owner": MALLORY.address, "license": "MIT"}
    own = mirrored.consortium.event(key_of(MALLORY), "model.registered", model)
    (answer,) = mirrored.log.append([Submission(own)])
    assert isinstance(answer, MissingRole)
    assert f"{MALLORY.address} has steward" in str(answer)
