"""An old copy of the database gets back what was lost, as it was, or nothing at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.audit.errors import ForgedEvent, LogContradiction, UnauthorisedEvent
from ledger.errors import ConcordError
from ledger.events import Event, encode_leaf
from ledger.events.identifiers import Milliseconds
from ledger.fsck import fsck
from ledger.log import Appended, HistoryRewritten, Submission
from ledger.log.opening import write_first_head
from ledger.merkle import Checkpoint, MerkleTree, leaf_hash
from ledger.restoring import LeavesMissing, Restored, WrongLeaves, restore
from ledger.store.engine import Database, open_database
from ledger.store.head import read_head
from ledger.vault import Redacted, Vault
from tests.support.ledgers import START, Consortium
from tests.support.logs import LogUnderTest, check_log, check_receipt, record

SIZE = 60


def copied(ledger: LogUnderTest, name: str) -> Database:
    """The database as it is now, in another file; for SQLite, with its log closed."""
    ledger.close()
    assert ledger.database.path is not None
    ledger.database.dispose()
    target = ledger.folder / name
    shutil.copy(ledger.database.path, target)
    return open_database(f"sqlite:///{target}", busy_timeout_ms=2_000)


def checkpoint_of(leaves: Sequence[bytes]) -> Checkpoint:
    return Checkpoint(Consortium().origin, len(leaves), MerkleTree(hashes(leaves)).root())


def hashes(leaves: Sequence[bytes]) -> list[bytes]:
    return [leaf_hash(leaf) for leaf in leaves]


def kept(leaves: Sequence[bytes]) -> Callable[[int], bytes | None]:
    return lambda index: leaves[index] if index < len(leaves) else None


def put_back(
    database: Database,
    leaves: Sequence[bytes],
    *signed: Checkpoint,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Restored:
    return restore(
        database,
        kept(leaves),
        signed or (checkpoint_of(leaves),),
        domain=Consortium().domain,
        vault=Vault(database, os.urandom),
        progress=progress,
    )


def size_of(database: Database) -> int:
    with database.read() as connection:
        head = read_head(connection)
    assert head is not None
    return head.size


def leaves_of(events: Sequence[Event], *, later: int = 0) -> list[bytes]:
    """As a log would have recorded them, one each millisecond."""
    return [encode_leaf(event, Milliseconds(START + n + later)) for n, event in enumerate(events)]


@pytest.fixture
def history() -> list[Event]:
    return list(Consortium().history(SIZE))


@pytest.fixture
def behind(database: Database, history: list[Event]) -> Database:
    """A database that holds the first 20 events of the history and lacks the others."""
    write_first_head(database)
    put_back(database, leaves_of(history[:20]))
    return database


def test_an_old_copy_becomes_what_was_lost_and_goes_on(
    sqlite_database: Database, tmp_path: Path
) -> None:
    ledger, events = LogUnderTest(sqlite_database, tmp_path), list(Consortium().history(SIZE))
    log = ledger.create()
    record(log, events[1:20])
    old = copied(ledger, "old.db")
    log = ledger.open()
    given = record(log, events[20:])
    leaves, root = log.leaves(0, SIZE), log.root
    log.close()

    with pytest.raises(HistoryRewritten, match="rolled back"):
        ledger.open(database=old)
    told: list[tuple[int, int]] = []
    done = put_back(old, leaves, progress=lambda *step: told.append(step))
    assert done == Restored(20, SIZE, root)
    assert told[-1] == (40, 40)

    restored = ledger.open(database=old)
    check_log(restored, ledger.consortium, ledger.last_signed)
    assert restored.leaves(0, SIZE) == leaves
    for each in given:
        check_receipt(each.receipt, each.index, each.leaf, ledger.consortium.log_key.verifier)
    again = restored.append([Submission(events[-1])])[0]
    assert isinstance(again, Appended)
    assert (again.duplicate, again.index) == (True, SIZE - 1)
    record(restored, [Consortium(seed=7).dataset("afterwards")])
    check_log(restored, ledger.consortium, ledger.last_signed)
    restored.close()
    old.dispose()


def test_a_ledger_that_is_lost_altogether_comes_back_from_its_leaves(database: Database) -> None:
    consortium = Consortium()
    events = [event for event, _ in consortium.rich_history()]
    leaves = leaves_of(events)
    write_first_head(database)
    done = put_back(database, leaves)
    assert (done.first, done.size) == (0, len(leaves))
    # Three were sealed, and one of them is erased.
    assert done.sealed == 2
    report = fsck(database, domain=consortium.domain)
    assert report.difference is None, str(report.difference)
    assert (report.size, report.root) == (len(leaves), checkpoint_of(leaves).root)


def test_what_was_erased_after_the_copy_was_made_is_erased_again(
    sqlite_ledger: LogUnderTest,
) -> None:
    ledger = sqlite_ledger
    log = ledger.create()
    title, opening = ledger.consortium.sealed("Registry of Ms A.", "person-1")
    log.append([Submission(ledger.consortium.dataset("d", title=title), (opening,))])
    old = copied(ledger, "old.db")
    log = ledger.open()
    record(log, [ledger.consortium.erasure("e", [opening.commitment])])
    leaves = log.leaves(0, 3)
    log.close()
    put_back(old, leaves)
    assert Vault(old, os.urandom).read(opening.commitment) == Redacted("e", 2)
    old.dispose()


def test_where_nothing_is_lost_nothing_is_written(behind: Database, history: list[Event]) -> None:
    leaves = leaves_of(history[:20])
    done = put_back(behind, leaves, checkpoint_of(leaves), checkpoint_of(leaves[:7]))
    assert (done.first, done.size) == (20, 20)


def test_the_largest_size_that_was_signed_is_reached_or_nothing_is_written(
    behind: Database, history: list[Event]
) -> None:
    leaves = leaves_of(history)
    signed = (checkpoint_of(leaves[:30]), checkpoint_of(leaves))
    with pytest.raises(LeavesMissing, match="Event 50 is missing: 60 were signed for"):
        put_back(behind, leaves[:50], *signed)
    assert size_of(behind) == 20
    assert put_back(behind, leaves, *signed).size == SIZE


def test_a_leaf_that_was_never_in_the_log_is_not_put_back(
    behind: Database, history: list[Event]
) -> None:
    leaves, later = leaves_of(history), leaves_of(history, later=1)
    with pytest.raises(WrongLeaves, match="at size 60"):
        put_back(behind, [*leaves[:59], later[59]], checkpoint_of(leaves))
    assert size_of(behind) == 20


def test_every_checkpoint_on_the_way_must_come_out(behind: Database, history: list[Event]) -> None:
    leaves, later = leaves_of(history), leaves_of(history, later=1)
    with pytest.raises(WrongLeaves, match="at size 30"):
        put_back(behind, later, checkpoint_of(leaves[:30]), checkpoint_of([*leaves, *later[20:]]))
    assert size_of(behind) == 20


def forged(events: list[Event]) -> list[bytes]:
    events[40] = replace(events[40], signature=events[41].signature)
    return leaves_of(events)


def unauthorised(events: list[Event]) -> list[bytes]:
    consortium = Consortium(seed=7)
    body = {"dataset": "unheard-of", "reason": "none"}
    events[40] = consortium.event(consortium.stewards[0], "dataset.withdrawn", body)
    return leaves_of(events)


def out_of_order(events: list[Event]) -> list[bytes]:
    leaves = leaves_of(events)
    leaves[40] = encode_leaf(events[40], Milliseconds(START))
    return leaves


def no_event(events: list[Event]) -> list[bytes]:
    leaves = leaves_of(events)
    leaves[40] = b"{}"
    return leaves


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (forged, ForgedEvent),
        (unauthorised, UnauthorisedEvent),
        (out_of_order, LogContradiction),
        (no_event, ForgedEvent),
    ],
)
def test_even_a_signed_checkpoint_lets_in_nothing_that_the_rules_would_not(
    behind: Database,
    history: list[Event],
    spoil: Callable[[list[Event]], list[bytes]],
    error: type[ConcordError],
) -> None:
    with pytest.raises(error, match="40"):
        put_back(behind, spoil(history))
    assert size_of(behind) == 20


def test_a_copy_of_another_history_is_refused(behind: Database, history: list[Event]) -> None:
    others = leaves_of(history, later=1)
    with pytest.raises(HistoryRewritten, match="first 10 events"):
        put_back(behind, others, checkpoint_of(others[:10]), checkpoint_of(others))


def test_an_interruption_leaves_the_copy_as_it_was(behind: Database, history: list[Event]) -> None:
    class PowerFailure(BaseException):
        pass

    def fail(_done: int, _total: int) -> None:
        raise PowerFailure

    leaves = leaves_of(history)
    with pytest.raises(PowerFailure):
        put_back(behind, leaves, progress=fail)
    assert size_of(behind) == 20
    assert put_back(behind, leaves).size == SIZE
