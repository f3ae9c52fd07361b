"""What the log promises to whoever appends: once, durably, in order, or a named refusal."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import ConcordError, Unavailable
from ledger.events import decode_leaf, sign
from ledger.events.signing import InvalidSignature, WrongSigner
from ledger.log import (
    Appended,
    BatchReport,
    LedgerExists,
    LedgerMissing,
    Limits,
    LogClosed,
    NonceReused,
    QueueFull,
    SizeNotReached,
    Submission,
    WrongLedger,
)
from ledger.log.log import Log
from ledger.merkle import (
    EntriesAddress,
    TileAddress,
    decode_entry_bundle,
    entries_addresses,
    tile_addresses,
)
from ledger.rules.errors import IdTaken, TimeOutOfWindow, UnknownActor
from tests.support.ledgers import DAY, START, Consortium, member_key
from tests.support.logs import LogUnderTest, check_log, check_receipt, record


def codes(answers: list[Appended | ConcordError]) -> list[str]:
    return [a.code if isinstance(a, ConcordError) else "appended" for a in answers]


def test_events_are_recorded_in_the_order_in_which_they_came(ledger: LogUnderTest) -> None:
    log = ledger.create()
    events = list(ledger.consortium.history(120))[1:]
    answers = record(log, events)
    assert [answer.index for answer in answers] == list(range(1, 120))
    assert [decode_leaf(log.leaf(a.index), a.index).event for a in answers] == events
    assert [answer.event_id for answer in answers] == [event.id for event in events]


def test_an_answer_carries_a_receipt_that_needs_no_server(ledger: LogUnderTest) -> None:
    log = ledger.create()
    for answer in record(log, list(ledger.consortium.history(30))[1:]):
        verifier = ledger.consortium.log_key.verifier
        check_receipt(answer.receipt, answer.index, answer.leaf, verifier)
        assert log.first_receipt(answer.index) == answer.receipt


def test_the_same_event_again_gets_its_first_receipt(ledger: LogUnderTest) -> None:
    log = ledger.create()
    event = ledger.consortium.dataset("records")
    first = record(log, [event])[0]
    record(log, [ledger.consortium.dataset("other")])
    again = record(log, [event])[0]
    assert again == Appended(first.index, first.event_id, first.leaf, first.receipt, duplicate=True)
    assert log.size == 3


def test_the_same_event_twice_in_one_batch_is_recorded_once(ledger: LogUnderTest) -> None:
    log = ledger.create()
    event = ledger.consortium.dataset("records")
    first, second = record(log, [event, event])
    assert (first.duplicate, second.duplicate) == (False, True)
    assert (second.index, second.receipt) == (first.index, first.receipt)


def test_a_late_retry_is_answered_though_its_time_has_passed(ledger: LogUnderTest) -> None:
    log = ledger.create()
    event = ledger.consortium.dataset("records")
    first = record(log, [event])[0]
    ledger.consortium.clock.move(3 * DAY)
    assert record(log, [event])[0].receipt == first.receipt
    late = ledger.consortium.dataset("late", steward=1)
    ledger.consortium.clock.move(2 * DAY)
    assert isinstance(log.append([Submission(late)])[0], TimeOutOfWindow)


def test_a_nonce_used_for_another_event_is_refused(ledger: LogUnderTest) -> None:
    log, consortium = ledger.create(), ledger.consortium
    steward, nonce = consortium.stewards[0], bytes(32)
    body = {"key": member_key("a").address, "kinds": ["access.used"], "until": consortium.at(DAY)}
    record(log, [consortium.event(steward, "key.authorized", body, nonce=nonce)])
    other = body | {"key": member_key("b").address}
    reused = consortium.event(steward, "key.authorized", other, nonce=nonce)
    someone_else = consortium.event(consortium.stewards[1], "key.authorized", other, nonce=nonce)
    answers = log.append([Submission(reused), Submission(someone_else)])
    assert codes(answers) == ["nonce-reused", "appended"]
    assert isinstance(answers[0], NonceReused)


def test_a_nonce_reused_within_one_batch_is_refused(ledger: LogUnderTest) -> None:
    log, consortium = ledger.create(), ledger.consortium
    steward = consortium.stewards[0]
    bodies = [
        {"key": member_key(name).address, "kinds": ["access.used"], "until": consortium.at(DAY)}
        for name in ("a", "b")
    ]
    nonce = consortium.nonce()
    events = [consortium.event(steward, "key.authorized", body, nonce=nonce) for body in bodies]
    assert codes(log.append([Submission(e) for e in events])) == ["appended", "nonce-reused"]


def test_a_refused_event_leaves_nothing_behind_and_keeps_nobody_back(
    ledger: LogUnderTest,
) -> None:
    log, consortium = ledger.create(), ledger.consortium
    outsider = consortium.event(
        consortium.outsider,
        "model.registered",
        {
            "model": "m",
            "title": "M",
            "owner": consortium.outsider.address,
            "license": "MIT",
        },
    )
    forged = sign(
        consortium.dataset("forged"),
        consortium.stewards[0],
        Consortium(origin="other.test/x").domain,
    )
    batch = [
        consortium.dataset("a"),
        consortium.dataset("a"),
        outsider,
        forged,
        consortium.dataset("b"),
    ]
    answers = log.append([Submission(event) for event in batch])
    assert codes(answers) == ["appended", "id-taken", "unknown-actor", "wrong-signer", "appended"]
    assert [type(a) for a in answers[1:4]] == [IdTaken, UnknownActor, WrongSigner]
    assert log.size == 3
    assert log.metrics.refused == 2
    assert log.metrics.invalid_signatures == 1


def test_an_event_may_rest_on_one_before_it_in_the_same_batch(ledger: LogUnderTest) -> None:
    log, consortium = ledger.create(), ledger.consortium
    batch = [consortium.grant("g", "d"), consortium.dataset("d"), consortium.grant("g", "d")]
    assert codes(log.append([Submission(e) for e in batch])) == [
        "unknown-id",
        "appended",
        "appended",
    ]


def test_a_malleable_twin_of_a_signature_is_refused(ledger: LogUnderTest) -> None:
    import dataclasses

    log, event = ledger.create(), ledger.consortium.dataset("d")
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    raw = bytes.fromhex(event.signature[2:])
    s = order - int.from_bytes(raw[32:64], "big")
    twin = raw[:32] + s.to_bytes(32, "big") + bytes([55 - raw[64]])
    answers = log.append(
        [Submission(dataclasses.replace(event, signature="0x" + twin.hex())), Submission(event)]
    )
    assert isinstance(answers[0], InvalidSignature)
    assert isinstance(answers[1], Appended)


def test_recorded_at_never_decreases_when_the_clock_jumps_back(ledger: LogUnderTest) -> None:
    log, consortium = ledger.create(), ledger.consortium
    record(log, [consortium.dataset("a")])
    consortium.clock.move(60_000)
    record(log, [consortium.dataset("b")])
    consortium.clock.move(-5 * 60_000)
    answer = record(log, [consortium.dataset("c")])[0]
    assert decode_leaf(answer.leaf, answer.index).recorded_at == START + 60_000
    log.close()
    log = ledger.open()
    consortium.clock.move(-60_000)
    answer = record(log, [consortium.dataset("d")])[0]
    assert decode_leaf(answer.leaf, answer.index).recorded_at == START + 60_000


def test_size_at_a_time_is_what_had_been_recorded_by_then(ledger: LogUnderTest) -> None:
    log, consortium = ledger.create(), ledger.consortium
    for name in "abc":
        consortium.clock.move(1_000)
        record(log, [consortium.dataset(name), consortium.dataset(f"{name}2")])
    assert [log.size_at(START + at) for at in (-1, 0, 999, 1_000, 2_500, 9_999)] == [
        0,
        1,
        1,
        3,
        5,
        7,
    ]


def test_a_full_queue_refuses_and_says_when_to_come_again(ledger: LogUnderTest) -> None:
    log = ledger.create(Limits(queue=10, batch=5, poll_seconds=0.02))
    events = [ledger.consortium.dataset(f"d{n}") for n in range(200)]
    answers = log.append([Submission(event) for event in events])
    refused = [a for a in answers if isinstance(a, QueueFull)]
    assert len(refused) >= 190
    assert all(error.retry_after >= 1 and "10 events" in str(error) for error in refused)
    assert log.metrics.queue_refusals == len(refused)
    recorded = [a for a in answers if isinstance(a, Appended)]
    assert len(recorded) + len(refused) == 200
    assert log.size == 1 + len(recorded)


def test_closing_finishes_what_waits_and_takes_nothing_more(ledger: LogUnderTest) -> None:
    log = ledger.create(Limits(batch=7, poll_seconds=0.02))
    events = [ledger.consortium.dataset(f"d{n}") for n in range(100)]
    waiting = log.submit_all([Submission(event) for event in events])
    log.close()
    assert codes(waiting.result(timeout=0)) == ["appended"] * 100
    with pytest.raises(LogClosed):
        log.submit(Submission(ledger.consortium.dataset("late"))).result(timeout=1)
    log.close()


def test_many_threads_append_at_once_and_each_event_stands_once(ledger: LogUnderTest) -> None:
    log, consortium = ledger.create(), ledger.consortium
    events = [consortium.dataset(f"d{n}", steward=n % 3) for n in range(120)]
    answers: list[Appended] = []

    def append(some: list[int]) -> None:
        answers.extend(log.submit(Submission(events[n])).result(timeout=30) for n in some)

    threads = [threading.Thread(target=append, args=(range(t, 120, 8),)) for t in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.index for answer in answers) == list(range(1, 121))
    assert log.metrics.appended == 121


def test_an_empty_submission_is_answered_at_once(ledger: LogUnderTest) -> None:
    assert ledger.create().append([]) == []


def test_a_database_without_a_ledger_cannot_be_opened(ledger: LogUnderTest) -> None:
    with pytest.raises(LedgerMissing):
        ledger.open()


def test_creating_the_same_ledger_again_changes_nothing(ledger: LogUnderTest) -> None:
    consortium = ledger.consortium
    genesis = consortium.genesis()

    def create() -> Log:
        return Log.create(
            ledger.database,
            genesis,
            signing_key=consortium.log_key,
            domain=consortium.domain,
            clock=consortium.clock,
        )

    with create() as first, create() as second:
        assert first.size == second.size == 1
    with pytest.raises(LedgerExists):
        ledger.create()


@pytest.mark.parametrize(
    "other", [Consortium(origin="another.test/log"), Consortium(seed=2)], ids=["origin", "chain"]
)
def test_another_ledger_than_the_configured_one_is_not_opened(
    ledger: LogUnderTest, other: Consortium
) -> None:
    from ledger.events import Domain

    ledger.create().close()
    domain = other.domain if other.seed == 1 else Domain(5, other.origin)
    with pytest.raises(WrongLedger):
        Log.open(ledger.database, signing_key=other.log_key, domain=domain, clock=other.clock)


def test_reopening_finds_everything_as_it_was(ledger: LogUnderTest) -> None:
    log = ledger.create()
    record(log, list(ledger.consortium.history(300))[1:])
    before = (log.size, log.root, log.checkpoint(), log.receipt(17))
    log.close()
    log = ledger.open()
    assert (log.size, log.root, log.checkpoint(), log.receipt(17)) == before
    record(log, [ledger.consortium.dataset("more")])


def test_tiles_and_entries_are_those_of_the_size(sqlite_ledger: LogUnderTest) -> None:
    log, consortium = sqlite_ledger.create(), sqlite_ledger.consortium
    record(log, list(consortium.history(600))[1:])
    for address in tile_addresses(600):
        hashes = log.tile(address)
        assert hashes is not None
        assert len(hashes) == address.width * 32
    leaves = [
        leaf
        for address in entries_addresses(600)
        for leaf in decode_entry_bundle(log.entries(address) or b"", address.width)
    ]
    assert leaves == log.leaves(0, 600)
    assert log.tile(TileAddress(0, 1, 17)) == (log.tile(TileAddress(0, 1)) or b"")[: 17 * 32]
    for absent in (
        TileAddress(0, 2, 89),
        TileAddress(0, 3, 1),
        TileAddress(1, 0, 3),
        TileAddress(2, 0, 1),
    ):
        assert log.tile(absent) is None
    assert log.entries(EntriesAddress(2, 89)) is None


@pytest.mark.parametrize(
    "ask",
    [
        lambda log: log.leaf(5),
        lambda log: log.leaves(0, 6),
        lambda log: log.inclusion(0, 6),
        lambda log: log.inclusion(5),
        lambda log: log.consistency(1, 6),
        lambda log: log.receipt(5),
        lambda log: log.first_receipt(5),
        lambda log: log.root_at(6),
    ],
)
def test_what_the_log_has_not_reached_is_named(
    sqlite_ledger: LogUnderTest, ask: Callable[[Log], object]
) -> None:
    log = sqlite_ledger.create()
    record(log, list(sqlite_ledger.consortium.history(5))[1:])
    with pytest.raises(SizeNotReached):
        ask(log)


def test_who_asks_for_an_event_to_come_is_told_how_many_there_are(
    sqlite_ledger: LogUnderTest,
) -> None:
    log = sqlite_ledger.create()
    record(log, list(sqlite_ledger.consortium.history(5))[1:])
    for ask in (log.leaf, log.receipt, log.first_receipt):
        with pytest.raises(SizeNotReached, match="no event 99999 yet: the log has 5, numbered"):
            ask(99_999)


def test_growth_wakes_whoever_waits_for_it(ledger: LogUnderTest) -> None:
    log = ledger.create()
    sizes: list[int] = []
    cancel = log.on_growth(sizes.append)
    grown: list[int] = []
    waiter = threading.Thread(target=lambda: grown.append(log.wait_for_growth(1, timeout=30)))
    waiter.start()
    record(log, [ledger.consortium.dataset("d")])
    waiter.join()
    assert grown == [2]
    cancel()
    cancel()
    record(log, [ledger.consortium.dataset("e")])
    assert sizes == [2]
    assert log.wait_for_growth(3, timeout=0.01) == 3


def test_observers_are_told_of_each_batch(ledger: LogUnderTest) -> None:
    log = ledger.create()
    reports: list[BatchReport] = []
    log.observe(reports.append)
    events = list(ledger.consortium.history(20))[1:]
    record(log, events)
    record(log, events[:3])
    assert isinstance(log.append([Submission(ledger.consortium.use("none"))])[0], ConcordError)
    log.close()
    told = [(each.appended, each.duplicates, each.refused) for each in reports]
    assert [sum(column) for column in zip(*told, strict=True)] == [19, 3, 1]
    counted = log.metrics
    # The first leaf was a batch of its own, before anyone looked.
    assert (counted.appended, counted.duplicates, counted.refused) == (20, 3, 1)
    assert (counted.batches, counted.failed_batches) == (len(reports) + 1, 0)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_mixture_of_new_repeated_and_refused_events_gives_a_log_without_repeats(
    sqlite_ledger: LogUnderTest, data: st.DataObject
) -> None:
    consortium = sqlite_ledger.consortium
    log = sqlite_ledger.opened[-1] if sqlite_ledger.opened else sqlite_ledger.create()
    start = log.size
    events = [consortium.dataset(f"d{start}-{n}") for n in range(6)]
    order = data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=30))
    cuts = data.draw(st.lists(st.integers(1, 30), max_size=4))
    batches = [order[a:b] for a, b in zip([0, *sorted(cuts)], [*sorted(cuts), 99], strict=True)]
    first: dict[int, Appended] = {}
    for batch in batches:
        for n, answer in zip(batch, record(log, [events[n] for n in batch]), strict=True):
            assert answer.duplicate == (n in first)
            kept = first.setdefault(n, answer)
            assert (answer.index, answer.receipt) == (kept.index, kept.receipt)
    assert log.size == start + len(set(order))
    check_log(log, consortium)


def test_all_errors_of_a_full_or_closed_log_are_worth_a_retry() -> None:
    assert issubclass(QueueFull, Unavailable)
    assert issubclass(LogClosed, Unavailable)
