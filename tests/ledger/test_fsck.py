"""Whatever is altered behind the ledger's back, `fsck` names the first thing that differs."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from ledger.errors import ConcordError
from ledger.events import decode_leaf, encode_leaf, sign
from ledger.events.identifiers import Milliseconds
from ledger.fsck import Report, fsck
from ledger.log import Submission
from ledger.merkle import Checkpoint, TileEdge, leaf_hash, sign_checkpoint
from tests.support.ledgers import START, Consortium
from tests.support.logs import LogUnderTest, record

SIZE = 300


@pytest.fixture
def filled(broken_ledger: LogUnderTest) -> LogUnderTest:
    """A ledger of 300 leaves in several batches, closed."""
    log = broken_ledger.create()
    events = list(broken_ledger.consortium.history(SIZE))[1:]
    for start in (0, 10, 11, 150, 200):
        end = {0: 10, 10: 11, 11: 150, 150: 200, 200: SIZE}[start]
        record(log, events[start:end])
    log.close()
    return broken_ledger


def check(ledger: LogUnderTest, **options: bool) -> Report:
    return fsck(
        ledger.database,
        domain=ledger.consortium.domain,
        last_signed_path=ledger.last_signed,
        **options,
    )


def execute(ledger: LogUnderTest, statement: str, *values: object) -> None:
    if not ledger.database.is_sqlite:
        statement = statement.replace("?", "%s").replace("X'", "'\\x")
    with ledger.database.write() as connection:
        connection.exec_driver_sql(statement, values)


def test_an_honest_ledger_is_clean_and_tells_its_progress(filled: LogUnderTest) -> None:
    told: list[tuple[str, int, int]] = []
    report = fsck(
        filled.database,
        domain=filled.consortium.domain,
        progress=lambda *step: told.append(step),
    )
    assert report.is_clean
    assert (report.size, report.root) == (SIZE, filled.opened[0].root)
    assert [step for step in told if step[1] == SIZE] == [
        ("hashes", SIZE, SIZE),
        ("events", SIZE, SIZE),
    ]


def test_a_ledger_is_clean_beside_a_log_that_goes_on_appending(filled: LogUnderTest) -> None:
    log, told = filled.open(), 0

    def append(_name: str, _done: int, _total: int) -> None:
        nonlocal told
        told += 1
        record(log, [filled.consortium.dataset(f"live-{told}")])

    report = fsck(
        filled.database,
        domain=filled.consortium.domain,
        last_signed_path=filled.last_signed,
        progress=append,
    )
    assert report.is_clean, report.difference
    assert report.size == SIZE
    assert log.size == SIZE + told > SIZE
    log.close()
    assert check(filled).is_clean


@pytest.mark.parametrize(
    ("statement", "part", "name"),
    [
        ("UPDATE leaf SET leaf = X'7b7d' WHERE \"index\" = 17", "leaf", "leaf 17"),
        ('DELETE FROM leaf WHERE "index" = 255', "leaf", "leaf 255"),
        ('DELETE FROM leaf WHERE "index" = 0', "leaf", "leaf 0"),
        ('DELETE FROM leaf WHERE "index" = 299', "checkpoint", "checkpoint 300"),
        ("UPDATE checkpoint SET root = X'00' WHERE size = 12", "checkpoint", "checkpoint 12"),
        ("DELETE FROM checkpoint WHERE size = 300", "checkpoint", "checkpoint 300"),
        (
            "INSERT INTO checkpoint (size, root, recorded_at) VALUES (301, X'00', 1)",
            "checkpoint",
            "checkpoint 301",
        ),
        (
            "UPDATE tile SET hashes = substr(hashes, 1, 64) WHERE level = 0 AND n = 0",
            "tile",
            "tile/0/000",
        ),
        ("DELETE FROM tile WHERE level = 1", "tile", "tile/1/000.p/1"),
        (
            "INSERT INTO tile (level, n, hashes) VALUES (2, 0, X'00')",
            "tile",
            "tile/2/000.p/1",
        ),
        ("UPDATE head SET root = X'00'", "head", "head"),
        ("UPDATE head SET size = 299", "head", "head"),
        ("UPDATE head SET recorded_at = 5", "head", "head"),
        ("UPDATE leaf SET kind = 'access.used' WHERE \"index\" = 3", "column", "leaf 3"),
        ("UPDATE leaf SET actor = 'nobody' WHERE \"index\" = 4", "column", "leaf 4"),
        ("UPDATE leaf SET subject = 'x' WHERE \"index\" = 5", "column", "leaf 5"),
        ("UPDATE leaf SET event_id = X'00' WHERE \"index\" = 6", "column", "leaf 6"),
        ("UPDATE leaf SET nonce = X'00' WHERE \"index\" = 7", "column", "leaf 7"),
        ('UPDATE leaf SET recorded_at = 1 WHERE "index" = 8', "column", "leaf 8"),
        ('UPDATE leaf SET issued_at = 1 WHERE "index" = 9', "column", "leaf 9"),
        (
            "UPDATE access_grant SET status = 'active' WHERE \"grant\" = 'grant-0'",
            "view",
            "view access_grant ('grant-0',)",
        ),
        (
            'DELETE FROM grant_change WHERE "index" = 5',
            "view",
            "view grant_change (5, 'grant-0')",
        ),
        (
            "INSERT INTO stewardship (\"index\", dataset, steward) VALUES (7, 'x', 'y')",
            "view",
            "view stewardship (7, 'x')",
        ),
        (
            "INSERT INTO stewardship (\"index\", dataset, steward) VALUES (300, 'x', 'y')",
            "view",
            "view stewardship (300, …)",
        ),
        (
            "INSERT INTO erasure (commitment, erasure, \"index\") VALUES ('c', 'e', 1)",
            "view",
            "view erasure ('c',)",
        ),
        ("DELETE FROM member WHERE name = 'Lab 1'", "view", "view member"),
        (
            'UPDATE access_use SET records = 99 WHERE "index" = 20',
            "view",
            "view access_use (20,)",
        ),
    ],
)
def test_what_was_altered_is_named(
    filled: LogUnderTest, statement: str, part: str, name: str
) -> None:
    execute(filled, statement)
    difference = check(filled).difference
    assert difference is not None
    assert difference.part == part, str(difference)
    assert difference.name.startswith(name), str(difference)


def test_the_first_of_several_differences_is_named(filled: LogUnderTest) -> None:
    execute(filled, "UPDATE leaf SET leaf = X'00' WHERE \"index\" IN (200, 31, 77)")
    execute(filled, "UPDATE access_grant SET status = 'active'")
    difference = check(filled).difference
    assert difference is not None
    assert (difference.part, difference.index) == ("leaf", 31)


def test_an_altered_tile_and_an_altered_leaf_are_told_apart(filled: LogUnderTest) -> None:
    with filled.database.read() as connection:
        query = "SELECT hashes FROM tile WHERE level = 0 AND n = 0"
        hashes = bytes(connection.exec_driver_sql(query).scalar_one())
    altered = hashes[: 100 * 32] + bytes(32) + hashes[101 * 32 :]
    execute(filled, "UPDATE tile SET hashes = ? WHERE level = 0 AND n = 0", altered)
    difference = check(filled).difference
    assert difference is not None
    assert difference.part == "tile"


def rewrite(ledger: LogUnderTest, leaves: list[bytes]) -> None:
    """Makes everything derived fit other leaves, as whoever owns the database could."""
    edge, _ = TileEdge().append([leaf_hash(leaf) for leaf in leaves])
    tiles = TileEdge().append([leaf_hash(leaf) for leaf in leaves])[1]
    execute(ledger, "DELETE FROM checkpoint")
    execute(ledger, "DELETE FROM tile")
    for tile in tiles:
        values = (tile.level, tile.n, tile.hashes)
        execute(ledger, "INSERT INTO tile (level, n, hashes) VALUES (?, ?, ?)", *values)
    root = edge.range.root()
    insert = "INSERT INTO checkpoint (size, root, recorded_at) VALUES (?, ?, ?)"
    execute(ledger, insert, len(leaves), root, START)
    execute(ledger, "UPDATE head SET size = ?, root = ?", len(leaves), root)
    for index, leaf in enumerate(leaves):
        execute(ledger, 'UPDATE leaf SET leaf = ? WHERE "index" = ?', leaf, index)
    key = ledger.consortium.log_key
    ledger.last_signed.write_text(sign_checkpoint(Checkpoint(key.name, len(leaves), root), key))


def test_a_rewritten_log_still_needs_the_signatures_of_its_members(
    broken_ledger: LogUnderTest,
) -> None:
    log, consortium = broken_ledger.create(), broken_ledger.consortium
    record(log, [consortium.dataset("d"), consortium.grant("g", "d")])
    leaves = log.leaves(0, 3)
    log.close()
    forger = Consortium(origin="other.test/log")
    event = decode_leaf(leaves[1], 1).event
    forged = sign(event, consortium.stewards[0], forger.domain)
    leaves[1] = encode_leaf(forged, Milliseconds(START))
    rewrite(broken_ledger, leaves)
    difference = check(broken_ledger).difference
    assert difference is not None
    assert (difference.part, difference.index) == ("signature", 1)
    assert check(broken_ledger, signatures=False).is_clean


def test_a_rewritten_log_still_has_to_obey_the_rules(broken_ledger: LogUnderTest) -> None:
    log, consortium = broken_ledger.create(), broken_ledger.consortium
    record(log, [consortium.dataset("d"), consortium.dataset("e", 1)])
    leaves = log.leaves(0, 3)
    log.close()
    outsider = consortium.event(
        consortium.outsider,
        "model.registered",
        {"model": "m", "title": "M", "owner": consortium.outsider.address, "license": "MIT"},
    )
    leaves[2] = encode_leaf(outsider, Milliseconds(START))
    rewrite(broken_ledger, leaves)
    columns = (
        outsider.id,
        outsider.actor,
        bytes.fromhex(outsider.nonce[2:]),
        outsider.kind,
        outsider.subject,
    )
    execute(
        broken_ledger,
        "UPDATE leaf SET event_id = ?, actor = ?, nonce = ?, kind = ?, subject = ? "
        'WHERE "index" = 2',
        *columns,
    )
    difference = check(broken_ledger).difference
    assert difference is not None
    assert (difference.part, difference.index) == ("authority", 2)


def test_recorded_times_that_go_back_are_named(broken_ledger: LogUnderTest) -> None:
    log, consortium = broken_ledger.create(), broken_ledger.consortium
    record(log, [consortium.dataset("d"), consortium.dataset("e", 1)])
    leaves = log.leaves(0, 3)
    log.close()
    leaves[2] = encode_leaf(decode_leaf(leaves[2], 2).event, Milliseconds(START - 1))
    rewrite(broken_ledger, leaves)
    execute(broken_ledger, 'UPDATE leaf SET recorded_at = ? WHERE "index" = 2', START - 1)
    difference = check(broken_ledger).difference
    assert difference is not None
    assert difference.name == "leaf 2"
    assert "before the leaf that precedes it" in difference.detail


def test_a_last_signed_checkpoint_that_the_log_does_not_extend_is_named(
    filled: LogUnderTest,
) -> None:
    key = filled.consortium.log_key
    for size, root in ((SIZE, bytes(32)), (SIZE + 1, bytes(32)), (7, bytes(32))):
        filled.last_signed.write_text(sign_checkpoint(Checkpoint(key.name, size, root), key))
        difference = check(filled).difference
        assert difference is not None
        assert difference.part == "last-signed"
    filled.last_signed.write_bytes(b"rubbish")
    difference = check(filled).difference
    assert difference is not None
    assert difference.part == "last-signed"


def test_an_opening_that_does_not_open_is_named(broken_ledger: LogUnderTest) -> None:
    log, consortium = broken_ledger.create(), broken_ledger.consortium
    title, opening = consortium.sealed("a name", "person")
    answer = log.append([Submission(consortium.dataset("d", title=title), (opening,))])[0]
    assert not isinstance(answer, ConcordError)
    log.close()
    assert check(broken_ledger).is_clean
    execute(broken_ledger, "UPDATE vault_opening SET nonce = ?", bytes(12))
    difference = check(broken_ledger).difference
    assert difference is not None
    assert (difference.part, difference.index) == ("vault", 1)


def test_an_empty_database_is_clean(broken_ledger: LogUnderTest, tmp_path: Path) -> None:
    report = fsck(
        broken_ledger.database,
        domain=broken_ledger.consortium.domain,
        last_signed_path=tmp_path / "none",
    )
    assert report.is_clean
    assert report.size == 0


def test_a_ledger_at_work_can_be_checked(ledger: LogUnderTest) -> None:
    log = ledger.create()
    events = list(ledger.consortium.history(200))[1:]
    waiting = log.submit_all([Submission(event) for event in events])
    report = fsck(ledger.database, domain=ledger.consortium.domain)
    assert report.is_clean, report.difference
    waiting.result()


def test_a_difference_says_what_and_why() -> None:
    from ledger.fsck import Difference

    difference = Difference("leaf", "leaf 3", 3, "missing")
    assert str(difference) == "leaf 3: missing"
    assert dataclasses.replace(difference, index=4) != difference
