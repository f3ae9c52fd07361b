"""Contract wallets (EIP-1271) write: each is asked before its event waits to be recorded."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from ledger.audit.errors import ForgedEvent
from ledger.chain.chain import Chain
from ledger.chain.connect import connect, embedded
from ledger.chain.errors import ChainUnavailable
from ledger.chain.requester import RetryPolicy
from ledger.chain.wallets import ChainWallets
from ledger.errors import ConcordError
from ledger.events import Event, SigningKey, encode_leaf, sign
from ledger.events.identifiers import Milliseconds
from ledger.events.signing import WrongSigner
from ledger.events.wallets import ANSWER_MS, WalletAnswer, WalletRefuses
from ledger.fsck import fsck
from ledger.log import Appended, Log, NonceReused, QueueFull, Submission
from ledger.log import wallets as desk
from ledger.log.errors import NoChainToAsk, PredecessorMissing, WalletNotAsked
from ledger.merkle import Checkpoint, MerkleTree, leaf_hash, sign_checkpoint
from ledger.secp256k1 import InvalidSignature
from ledger.verify import replay_log
from tests.support.chains import embedded_node, everyone, new_signer
from tests.support.ledgers import Consortium, member_key
from tests.support.logs import LogUnderTest, record
from tests.support.wallets import (
    DISHONEST,
    OWNER,
    Mood,
    Wallet,
    admission,
    dataset_of,
    deploy_wallet,
)

OTHER = member_key("another owner")
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


class Asked:
    """The real thing, counting, and stopped at a gate on request."""

    def __init__(self, chain: Chain) -> None:
        self._wallets = ChainWallets(chain)
        self.asked: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.arrived = threading.Semaphore(0)

    @property
    def chain_id(self) -> int:
        return self._wallets.chain_id

    def ask(
        self, account: str, digest: bytes, signature: bytes, *, at: Milliseconds
    ) -> WalletAnswer:
        self.asked.append(account)
        self.arrived.release()
        assert self.gate.wait(30)
        return self._wallets.ask(account, digest, signature, at=at)

    def ask_now(self, account: str, digest: bytes, signature: bytes) -> WalletAnswer:
        return self._wallets.ask_now(account, digest, signature)

    def ask_before(
        self, account: str, digest: bytes, signature: bytes, *, recorded_at: Milliseconds
    ) -> WalletAnswer:
        return self._wallets.ask_before(account, digest, signature, recorded_at=recorded_at)


@dataclasses.dataclass
class World:
    """A ledger that names a contract, and a chain with a wallet that is a steward of it."""

    ledger: LogUnderTest
    chain: Chain
    wallet: Wallet
    wallets: Asked
    log: Log

    @property
    def consortium(self) -> Consortium:
        return self.ledger.consortium

    def dataset(
        self,
        name: str,
        *,
        signer: SigningKey = OWNER,
        suffix: bytes = b"",
        wallet: Wallet | None = None,
    ) -> Event:
        by = wallet or self.wallet
        body = dataset_of(by.account, name)
        return by.event(self.consortium, "dataset.registered", body, signer=signer, suffix=suffix)

    def send(self, event: Event) -> Appended | ConcordError:
        return self.log.append([Submission(event)])[0]

    def second_wallet(self) -> Wallet:
        """Another steward that is a contract."""
        other = deploy_wallet(self.chain, self.wallet.operator)
        record(self.log, [admission(self.consortium, other.account, "steward", log_index=1)])
        return other


@pytest.fixture
def world(sqlite_ledger: LogUnderTest, tmp_path: Path) -> Iterator[World]:
    clock = sqlite_ledger.consortium.clock
    chain = embedded(embedded_node(tmp_path / "chain", clock=lambda: clock.now / 1000))
    wallet = deploy_wallet(chain, new_signer())
    wallets = Asked(chain)
    consortium = sqlite_ledger.consortium
    consortium.contracts = {"registry": consortium.random_contract}
    sqlite_ledger.create().close()
    sqlite_ledger.wallets = wallets
    clock.move(5_000)
    log = sqlite_ledger.open()
    record(log, [admission(consortium, wallet.account, "steward")])
    yield World(sqlite_ledger, chain, wallet, wallets, log)
    wallets.gate.set()
    log.close()
    chain.close()


def test_a_wallets_event_is_recorded_and_another_owners_is_not(world: World) -> None:
    answer = world.send(world.dataset("records"))
    assert isinstance(answer, Appended)
    assert isinstance(world.send(world.dataset("other", signer=OTHER)), WalletRefuses)
    assert world.log.size == 3


def test_a_signature_for_another_event_or_another_wallet_is_refused(world: World) -> None:
    other = world.second_wallet()
    event = world.dataset("records")
    altered = dataclasses.replace(event, nonce="0x" + "11" * 32)
    assert isinstance(world.send(altered), WalletRefuses)
    theirs = world.dataset("records", wallet=other)
    stolen = dataclasses.replace(theirs, signature=event.signature)
    assert isinstance(world.send(stolen), WalletRefuses)


@pytest.mark.parametrize("mood", DISHONEST)
def test_a_wallet_that_does_not_answer_the_magic_value_takes_nothing(
    world: World, mood: Mood
) -> None:
    world.wallet.behave(mood)
    assert isinstance(world.send(world.dataset("records")), WalletRefuses)


def test_a_key_that_signs_for_itself_never_asks_the_chain(world: World) -> None:
    record(world.log, [world.consortium.dataset("records")])
    assert world.wallets.asked == []


def test_a_plain_account_gets_no_second_chance_from_the_chain(world: World) -> None:
    c = world.consortium
    event = c.dataset("records")
    r, s, v = (int(event.signature[a:b], 16) for a, b in ((2, 66), (66, 130), (130, 132)))
    twin = dataclasses.replace(event, signature=f"0x{r:064x}{N - s:064x}{55 - v:02x}")
    assert isinstance(world.send(twin), InvalidSignature)
    forged = dataclasses.replace(event, signature=c.dataset("other").signature)
    assert isinstance(world.send(forged), WrongSigner)
    assert isinstance(world.send(dataclasses.replace(event, signature="0x")), InvalidSignature)


def test_who_is_no_member_is_not_asked_on_the_chain(world: World) -> None:
    stranger = deploy_wallet(world.chain, world.wallet.operator)
    assert isinstance(world.send(world.dataset("records", wallet=stranger)), WrongSigner)
    c = world.consortium
    for key in (c.operator, c.mirror):
        forged = dataclasses.replace(
            c.event(key, "access.expired", {"grant": "g", "sweep": "s"}), signature="0x" + "11" * 65
        )
        assert isinstance(world.send(forged), ConcordError)
    assert world.wallets.asked == []


def test_a_wallet_that_a_member_authorised_as_a_key_signs_on_its_behalf(world: World) -> None:
    c = world.consortium
    key = deploy_wallet(world.chain, world.wallet.operator)
    body = {"key": key.account, "kinds": ["dataset.registered"], "until": c.at(86_400_000)}
    record(world.log, [c.event(c.stewards[0], "key.authorized", {**body})])
    owned = dataset_of(c.stewards[0].address, "records")
    assert isinstance(world.send(key.event(c, "dataset.registered", owned)), Appended)
    record(world.log, [c.event(c.stewards[0], "key.revoked", {"key": key.account})])
    refused = world.send(key.event(c, "dataset.registered", owned | {"dataset": "more"}))
    assert isinstance(refused, WrongSigner)


def test_the_same_event_again_gets_its_receipt_whatever_the_wallet_says_today(world: World) -> None:
    event = world.dataset("records")
    first = world.send(event)
    assert isinstance(first, Appended)
    world.wallet.hand_over(OTHER)
    world.consortium.clock.move(3 * 86_400_000)
    again = world.send(event)
    assert isinstance(again, Appended)
    assert (again.duplicate, again.receipt) == (True, first.receipt)
    assert world.wallets.asked == [world.wallet.account]
    resigned = dataclasses.replace(event, signature=event.signature + "00")
    assert isinstance(world.send(resigned), WalletRefuses)


def test_a_nonce_is_good_for_one_event_of_a_wallet_too(world: World) -> None:
    c = world.consortium
    state = c.random.getstate()
    first = world.dataset("records")
    c.random.setstate(state)
    second = world.dataset("other")
    assert first.nonce == second.nonce
    assert isinstance(world.send(first), Appended)
    assert isinstance(world.send(second), NonceReused)


def test_a_slow_chain_keeps_nobody_else_back(world: World) -> None:
    world.wallets.gate.clear()
    waiting = world.log.submit(Submission(world.dataset("slow")))
    assert world.wallets.arrived.acquire(timeout=30)
    record(world.log, [world.consortium.dataset("quick")])
    assert not waiting.done()
    assert world.log.queue_depth == 1
    world.wallets.gate.set()
    assert waiting.result(30).index == world.log.size - 1


def test_a_wallet_is_asked_one_question_at_a_time_and_keeps_its_order(world: World) -> None:
    other = world.second_wallet()
    world.wallets.gate.clear()
    mine = [world.dataset(f"d-{n}") for n in range(6)]
    linked = [Submission(mine[0])] + [
        Submission(event, follows=bytes.fromhex(before.nonce[2:]))
        for before, event in pairwise(mine)
    ]
    answers = world.log.submit_all(linked)
    assert world.wallets.arrived.acquire(timeout=30)
    theirs = world.log.submit(Submission(world.dataset("e", wallet=other)))
    assert world.wallets.arrived.acquire(timeout=30)
    assert sorted(world.wallets.asked) == sorted([world.wallet.account, other.account])
    world.wallets.gate.set()
    assert isinstance(theirs.result(30), Appended)
    told = answers.result(30)
    assert all(isinstance(answer, Appended) for answer in told)
    indices = [answer.index for answer in told if isinstance(answer, Appended)]
    assert indices == sorted(indices)


def test_what_follows_a_refused_event_of_a_wallet_is_not_recorded(world: World) -> None:
    bad, good = world.dataset("bad", signer=OTHER), world.dataset("good")
    follows = bytes.fromhex(bad.nonce[2:])
    answers = world.log.append([Submission(bad), Submission(good, follows=follows)])
    assert isinstance(answers[0], WalletRefuses)
    assert isinstance(answers[1], PredecessorMissing)


def test_more_than_may_wait_for_the_chain_are_refused_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "MAX_WAITING", 3)
    world.wallets.gate.clear()
    answers = world.log.submit_all([Submission(world.dataset(f"d-{n}")) for n in range(5)])
    assert world.wallets.arrived.acquire(timeout=30)
    record(world.log, [world.consortium.dataset("quick")])
    world.wallets.gate.set()
    told = answers.result(30)
    assert [type(answer) for answer in told] == [Appended] * 3 + [QueueFull] * 2


def test_what_has_waited_too_long_for_its_turn_is_not_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "PATIENCE_SECONDS", -1.0)
    assert isinstance(world.send(world.dataset("records")), WalletNotAsked)
    assert world.wallets.asked == []


@pytest.mark.parametrize(("moved", "recorded"), [(ANSWER_MS, True), (ANSWER_MS + 1, False)])
def test_an_answer_that_has_grown_old_does_not_count(
    world: World, moved: int, recorded: bool
) -> None:
    world.wallets.gate.clear()
    waiting = world.log.submit(Submission(world.dataset("records")))
    assert world.wallets.arrived.acquire(timeout=30)
    world.consortium.clock.move(moved)
    world.wallets.gate.set()
    error = waiting.exception(30)
    assert error is None if recorded else isinstance(error, WalletNotAsked)


def test_a_clock_that_has_gone_back_behind_the_log_takes_no_wallets_event(world: World) -> None:
    world.consortium.clock.move(2 * ANSWER_MS)
    record(world.log, [world.consortium.dataset("d")])
    world.consortium.clock.move(-ANSWER_MS - 1)
    assert isinstance(world.send(world.dataset("records")), WalletNotAsked)


def test_a_chain_that_is_away_is_told_and_the_event_may_come_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = world.dataset("records")
    away = connect(
        "http://127.0.0.1:9",
        chain_id=world.wallets.chain_id,
        is_permitted=everyone,
        retry=RetryPolicy(attempts=1, rest_seconds=0),
    )
    monkeypatch.setattr(world.wallets, "_wallets", ChainWallets(away))
    assert isinstance(world.send(event), ChainUnavailable)
    monkeypatch.undo()
    assert isinstance(world.send(event), Appended)


def test_closing_records_what_waits_for_the_chain(world: World) -> None:
    world.wallets.gate.clear()
    waiting = world.log.submit(Submission(world.dataset("records")))
    assert world.wallets.arrived.acquire(timeout=30)
    closing = threading.Thread(target=world.log.close)
    closing.start()
    world.wallets.gate.set()
    closing.join(30)
    assert isinstance(waiting.result(0), Appended)


def test_a_fault_while_asking_is_answered_and_does_not_stop_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_: object, **__: object) -> WalletAnswer:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(world.wallets, "ask", fault)
    answer = world.send(world.dataset("records"))
    assert isinstance(answer, ConcordError)
    assert answer.code == "log-stopped"
    monkeypatch.undo()
    assert isinstance(world.send(world.dataset("records")), Appended)


def test_a_ledger_without_a_chain_says_so(sqlite_ledger: LogUnderTest) -> None:
    log, c = sqlite_ledger.create(), sqlite_ledger.consortium
    event = c.dataset("records")
    longer = dataclasses.replace(event, signature=event.signature + "00")
    assert isinstance(log.append([Submission(longer)])[0], NoChainToAsk)
    unsigned = dataclasses.replace(event, signature="0x")
    refused = log.append([Submission(unsigned)])[0]
    assert type(refused) is InvalidSignature
    record(log, [sign(event, c.stewards[0], c.domain)])


def test_fsck_names_what_only_the_chain_can_confirm_and_confirms_it_there(world: World) -> None:
    first = world.send(world.dataset("records", suffix=b"of any length"))
    assert isinstance(first, Appended)
    world.wallet.hand_over(OTHER)
    domain = world.consortium.domain
    offline = fsck(world.ledger.database, domain=domain)
    assert (offline.difference, offline.unconfirmed) == (None, (first.index,))
    confirmed = fsck(world.ledger.database, domain=domain, wallets=world.wallets)
    assert (confirmed.difference, confirmed.unconfirmed) == (None, ())


@pytest.mark.parametrize("plain", [True, False])
def test_an_event_that_a_dishonest_ledger_forged_is_named_offline_and_refused_by_the_chain(
    world: World, monkeypatch: pytest.MonkeyPatch, plain: bool
) -> None:
    event = world.dataset("records", signer=OTHER)
    if plain:
        c = world.consortium
        event = dataclasses.replace(c.dataset("records"), signature=c.dataset("x").signature)
    monkeypatch.setattr(world.wallets, "ask", lambda *_, **__: WalletAnswer.TAKEN)
    forged = world.send(event)
    assert isinstance(forged, Appended)
    domain, database = world.consortium.domain, world.ledger.database
    assert fsck(database, domain=domain).unconfirmed == (forged.index,)
    difference = fsck(database, domain=domain, wallets=world.wallets).difference
    assert difference is not None
    assert (difference.part, difference.index) == ("signature", forged.index)
    leaves = world.log.leaves(0, world.log.size)
    note, keys = world.log.checkpoint(), [world.consortium.log_key.verifier]
    assert replay_log(leaves, note, keys).unconfirmed == (forged.index,)
    with pytest.raises(ForgedEvent, match=f"Event {forged.index} "):
        replay_log(leaves, note, keys, wallets=world.wallets)


def test_a_forged_event_of_whom_cannot_be_a_contract_is_refused_without_any_chain(
    sqlite_ledger: LogUnderTest,
) -> None:
    """In a ledger that names no contracts, and of the operator in one that does."""
    c = sqlite_ledger.consortium
    genesis = dataclasses.replace(c.genesis(), signature="0x" + "11" * 65)
    forged = dataclasses.replace(c.dataset("d"), signature=c.dataset("x").signature)
    for events in ([genesis], [c.genesis(), forged]):
        leaves = [encode_leaf(event, Milliseconds(c.clock.now)) for event in events]
        root = MerkleTree([leaf_hash(leaf) for leaf in leaves]).root()
        note = sign_checkpoint(Checkpoint(c.origin, len(leaves), root), c.log_key)
        with pytest.raises(ForgedEvent):
            replay_log(leaves, note, [c.log_key.verifier])
