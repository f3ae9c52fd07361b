"""When the mirror waits, when it stops, and that it always says why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest
from eth_utils import keccak
from web3.providers.base import JSONBaseProvider

from governance.mirror import (
    ContractLogInvalid,
    GenesisMembersNamed,
    Mirror,
    MirroredBlockGone,
    MirrorRefused,
    ModelRecordUnknown,
    WrongMirror,
)
from governance.mirror.position import require_deployment
from ledger.chain.chain import Chain, ChainMoved
from ledger.chain.encoding import Json, JsonObject
from ledger.chain.errors import ChainAnswerInvalid, ChainReorganised, ChainUnavailable
from ledger.errors import ConcordError
from ledger.log import Log
from ledger.log.submission import Answer
from tests.governance.dao import ALICE, BOB, EVERYBODY, TOKEN, Dao, found, fund
from tests.governance.mirrored import (
    MirroredLog,
    mirrored_log,
    told_in_log,
    told_on_chain,
)
from tests.ledger.chain.adversary import Adversary, remote
from tests.support.chains import anvil_chain, open_backend
from tests.support.ledgers import DAY, member_key

TRANSFER = "0x" + keccak(text="Transfer(address,address,uint256)").hex()


def behind(dao: Dao, *, confirmations: int = 0, attempts: int = 1) -> tuple[Adversary, Chain]:
    """The DAO's chain, with somebody in front of it who can be told to misbehave."""
    provider = dao.chain.provider
    assert isinstance(provider, JSONBaseProvider)
    adversary = Adversary(provider)
    return adversary, remote(adversary, confirmations=confirmations, attempts=attempts)


def transfer(dao: Dao, amount: int = 1) -> None:
    dao.send(ALICE, dao.token.functions.transfer(BOB.address, amount))


# Set up wrongly


def test_a_mirror_that_the_first_leaf_does_not_name_is_refused(
    dao: Dao, mirrored: MirroredLog
) -> None:
    with pytest.raises(WrongMirror, match="as the mirror"):
        mirrored.mirror(key=member_key("somebody")).step()
    mirrored.plan = dao.plan.model_copy(update={"first_nonce": dao.plan.first_nonce + 1})
    with pytest.raises(WrongMirror, match="as MembershipRegistry"):
        mirrored.mirror().step()
    with pytest.raises(WrongMirror, match=f"names chain {dao.chain.chain_id}, not 1"):
        require_deployment(mirrored.log, 1, dao.at, mirrored.consortium.mirror.address)
    assert mirrored.log.size == 1


def test_members_in_the_first_leaf_would_be_admitted_twice_and_are_refused(
    dao: Dao, tmp_path: Path
) -> None:
    founder: JsonObject = {"member": ALICE.address, "roles": ["steward"]}
    with mirrored_log(dao, tmp_path, [founder]) as opened:
        with pytest.raises(GenesisMembersNamed):
            opened.mirror().step()
        assert opened.log.size == 1


# What the log refuses


def test_what_the_log_refuses_stops_the_mirror_by_name_and_nothing_overtakes_it(
    dao: Dao, mirrored: MirroredLog
) -> None:
    early = Mirror(
        mirrored.log,
        dao.chain,
        mirrored.consortium.mirror,
        addresses=dao.at,
        from_block=dao.plan.from_block,
        clock=lambda: mirrored.consortium.clock.now + DAY,
    )
    for _ in range(2):
        with pytest.raises(MirrorRefused, match=r"member.admitted, log \d+ .*time-out-of-window"):
            early.step()
    assert mirrored.log.size == 1
    mirrored.mirror().catch_up()
    assert told_in_log(mirrored.events()) == told_on_chain(dao)


def test_a_batch_that_fails_in_the_middle_is_taken_up_where_it_failed(
    dao: Dao, mirrored: MirroredLog
) -> None:
    for amount in range(1, 40):
        transfer(dao, amount)

    mirror = mirrored.mirror(log=_Flaky(mirrored.log, fails_after=13), batch=20)
    with pytest.raises(ChainUnavailable):
        mirror.catch_up()
    assert 1 < mirrored.log.size < len(told_on_chain(dao))
    mirror.catch_up()
    assert told_in_log(mirrored.events()) == told_on_chain(dao)


def test_whatever_part_of_a_block_was_told_the_next_process_tells_the_rest(
    dao: Dao, mirrored: MirroredLog
) -> None:
    expected = told_on_chain(dao)
    assert len({block for block, *_ in expected}) < len(expected), "several logs in one block"
    for told in range(1, len(expected)):
        with pytest.raises(ChainUnavailable):
            mirrored.mirror(log=_Flaky(mirrored.log, fails_after=1)).catch_up()
        assert told_in_log(mirrored.events()) == expected[:told]
    assert mirrored.mirror().catch_up().recorded == 1
    assert told_in_log(mirrored.events()) == expected
    with mirrored.log.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM chain_cursor")
    # The last block is read again, and nothing in it is new.
    assert mirrored.mirror().catch_up().recorded == 0


class _Flaky:
    """A log that loses one submission of a batch, as a failed transaction in the middle does."""

    def __init__(self, log: Log, fails_after: int) -> None:
        self._log = log
        self._left = fails_after

    def __getattr__(self, name: str):  # type: ignore[no-untyped-def]  # noqa: ANN204
        return getattr(self._log, name)

    def submit_all(self, submissions):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        if not 0 <= self._left < len(submissions):
            return self._log.submit_all(submissions)
        lost, self._left = self._left, -1
        answers = self._log.append(submissions[:lost] + submissions[lost + 1 :])
        assert {a.code for a in answers[lost:]} <= {"predecessor-missing"}
        answered: Future[list[Answer]] = Future()
        answered.set_result([*answers[:lost], ChainUnavailable("lost"), *answers[lost:]])
        return answered


# Chains that are down, lie, or change their mind


def test_while_the_chain_is_down_the_mirror_says_so_and_goes_on_afterwards(
    dao: Dao, mirrored: MirroredLog
) -> None:
    adversary, chain = behind(dao)
    mirror = mirrored.mirror(chain)
    mirror.catch_up()
    transfer(dao)
    adversary.outages = 5
    for _ in range(5):
        with pytest.raises(ChainUnavailable):
            mirror.catch_up()
    mirror.catch_up()
    assert told_in_log(mirrored.events()) == told_on_chain(dao)


def _change_log(change: Callable[[JsonObject], None]) -> Callable[[Json], None]:
    def alter(result: Json) -> None:
        assert isinstance(result, list)
        transfers = [
            log for log in result if isinstance(log, dict) and log["topics"][0] == TRANSFER
        ]
        change(transfers[-1])

    return alter


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda log: log.update(topics=["0x" + "00" * 32]), ContractLogInvalid),
        (lambda log: log.update(topics=[]), ContractLogInvalid),
        (lambda log: log.update(topics=log["topics"][:1]), ContractLogInvalid),
        (lambda log: log.update(data="0x"), ContractLogInvalid),
        (lambda log: log.update(data=log["data"][:-2]), ContractLogInvalid),
        (lambda log: log.update(address="0x" + "11" * 20), ChainAnswerInvalid),
        (lambda log: log.update(blockNumber="0x0"), ChainAnswerInvalid),
        (lambda log: log.update(logIndex="0x7f"), ChainAnswerInvalid),
        (lambda log: log.update(removed=True), ChainAnswerInvalid),
        (lambda log: log.pop("blockHash"), ChainAnswerInvalid),
    ],
)
def test_logs_that_cannot_be_stop_the_mirror_by_name(
    dao: Dao, mirrored: MirroredLog, change: Callable[[JsonObject], None], error: type[ConcordError]
) -> None:
    adversary, chain = behind(dao)
    mirror = mirrored.mirror(chain)
    mirror.catch_up()
    size = mirrored.log.size
    transfer(dao)
    transfer(dao, 2)
    adversary.alter("eth_getLogs", _change_log(change))
    with pytest.raises(error):
        mirror.step()
    assert mirrored.log.size == size
    adversary.rewrites.clear()
    mirror.catch_up()
    assert told_in_log(mirrored.events()) == told_on_chain(dao)


def test_a_log_of_a_block_that_the_node_then_denies_is_not_believed(
    dao: Dao, mirrored: MirroredLog
) -> None:
    adversary, chain = behind(dao)
    mirror = mirrored.mirror(chain)
    mirror.catch_up()
    size = mirrored.log.size
    transfer(dao)
    dao.advance(1)

    def replace_hash(logs: list[JsonObject]) -> None:
        for log in logs:
            if log["blockNumber"] == logs[-1]["blockNumber"]:
                log["blockHash"] = "0x" + 64 * "9"

    adversary.alter("eth_getLogs", replace_hash)
    with pytest.raises(ChainMoved):
        mirror.step()
    assert mirrored.log.size == size


def test_a_release_of_a_record_that_this_log_does_not_hold_stops_it(
    dao: Dao, mirrored: MirroredLog
) -> None:
    from tests.governance.contracts import test_model_registry as models

    dao.send(
        models.DAVE,
        dao.anchors.functions.anchor(models.LOG.tree.size, models.LOG.tree.root(), []),
    )
    models.register(dao, models.NAME)
    models.attest(dao, models.MODEL, 1)
    models.release(dao)
    with pytest.raises(ModelRecordUnknown, match="rolled back"):
        mirrored.mirror().catch_up()


def test_only_confirmed_blocks_are_told(dao: Dao, mirrored: MirroredLog) -> None:
    _, chain = behind(dao, confirmations=3)
    mirror = mirrored.mirror(chain)
    mirror.catch_up()
    transfer(dao)
    expected = told_on_chain(dao)
    for confirmations in range(4):
        told = told_in_log((mirror.catch_up(), mirrored.events())[1])
        assert (told == expected) == (confirmations == 3)
        dao.advance(1)


@pytest.fixture
def reorganising(tmp_path: Path) -> Iterator[tuple[Dao, MirroredLog]]:
    """A DAO on a chain of its own, see `Backend.reorganise`, and its log."""
    with open_backend("anvil", tmp_path) as backend:
        fund(backend, *EVERYBODY)
        dao = found(backend)
        with mirrored_log(dao, tmp_path) as opened:
            yield dao, opened


@pytest.mark.anvil
def test_a_reorganisation_within_the_confirmations_is_never_noticed(
    reorganising: tuple[Dao, MirroredLog],
) -> None:
    dao, mirrored = reorganising
    _, chain = behind(dao, confirmations=3)
    mirror = mirrored.mirror(chain)
    mirror.catch_up()
    transfer(dao, 1)
    transfer(dao, 2)
    mirror.catch_up()
    dao.backend.reorganise(2)
    # A chain object remembers nonces, and those of the two transfers are free again.
    fresh = anvil_chain(dao.chain.provider.endpoint_uri)  # type: ignore[attr-defined]
    transfer(Dao(replace(dao.backend, chain=fresh), dao.plan), 3)
    for _ in range(3):
        dao.advance(1)
    mirror.catch_up()
    assert told_in_log(mirrored.events()) == told_on_chain(dao)
    *_, last = mirrored.bodies("token.transferred")
    assert last["amount"] == "3"


@pytest.mark.anvil
def test_a_reorganisation_deeper_than_the_confirmations_stops_it_for_good(
    reorganising: tuple[Dao, MirroredLog],
) -> None:
    dao, mirrored = reorganising
    mirror = mirrored.mirror()
    transfer(dao, TOKEN)
    mirror.catch_up()
    size = mirrored.log.size
    dao.backend.reorganise(1)
    dao.advance(1)
    with pytest.raises(ChainReorganised):
        mirror.step()
    # Neither does a new process go on as if nothing had happened.
    for _ in range(2):
        with pytest.raises((MirroredBlockGone, ChainReorganised)):
            mirrored.mirror().step()
    assert mirrored.log.size == size


def test_a_chain_that_was_begun_anew_stops_it(dao: Dao, mirrored: MirroredLog) -> None:
    mirrored.mirror().catch_up()
    adversary, chain = behind(dao)
    adversary.answer("eth_getBlockByNumber", None)
    with pytest.raises((MirroredBlockGone, ChainReorganised)):
        mirrored.mirror(chain).step()
