"""Tiles come from the database as it is, full ones from memory once they were read."""

from __future__ import annotations

import threading

from sqlalchemy import delete, insert

from ledger.store.engine import Database
from ledger.store.tables.log import TileRow
from ledger.store.tiles import StoredTiles

FULL = 256 * 32


def fill(database: Database, tiles: dict[tuple[int, int], bytes]) -> None:
    rows = [{"level": level, "n": n, "hashes": hashes} for (level, n), hashes in tiles.items()]
    with database.write() as connection:
        connection.execute(delete(TileRow))
        connection.execute(insert(TileRow), rows)


def tile(n: int, size: int = FULL) -> bytes:
    return bytes([n % 256]) * size


def test_partial_tiles_are_read_again_and_full_ones_are_kept(database: Database) -> None:
    tiles = StoredTiles(database)
    fill(database, {(0, 0): tile(1), (0, 1): tile(2, 64)})
    assert tiles.tiles([(0, 0), (0, 1), (3, 9)]) == {(0, 0): tile(1), (0, 1): tile(2, 64)}
    fill(database, {(0, 0): tile(9), (0, 1): tile(2, 96)})
    assert tiles.tiles([(0, 0), (0, 1)]) == {(0, 0): tile(1), (0, 1): tile(2, 96)}


def test_no_more_tiles_are_kept_than_there_is_room_for(sqlite_database: Database) -> None:
    tiles = StoredTiles(sqlite_database, capacity=5)
    everything = {(0, n): tile(n) for n in range(20)}
    fill(sqlite_database, everything)
    for n in [*range(20), *range(20)]:
        assert tiles.tiles([(0, n)]) == {(0, n): tile(n)}
        assert len(tiles._full) <= 5
    assert tiles.tiles(sorted(everything)) == everything
    assert len(tiles._full) == 5


def test_many_threads_read_the_same_tiles(sqlite_database: Database) -> None:
    tiles = StoredTiles(sqlite_database, capacity=3)
    everything = {(0, n): tile(n) for n in range(9)}
    fill(sqlite_database, everything)
    wrong: list[int] = []

    def read(start: int) -> None:
        for step in range(60):
            at = (0, (start + step) % 9)
            if tiles.tiles([at]) != {at: everything[at]}:
                wrong.append(step)

    threads = [threading.Thread(target=read, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_nothing_asked_for_is_nothing_read(database: Database) -> None:
    assert StoredTiles(database).tiles([]) == {}
