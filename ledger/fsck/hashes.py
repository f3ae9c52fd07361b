"""First pass: from the bytes of the leaves to the head's root.

Leaves are gathered up to a checkpoint, and the tree over them compared with it. Which of two things
that disagree was altered? The leaf, where the tree misses the checkpoint and one leaf does not fit
its tile; the checkpoint, where all of them do; the tile, where the tree agrees with the checkpoint
and the tile does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, func, select
from sqlmodel import col

from ledger.fsck.report import Differs, Progress, differs
from ledger.merkle import LeafHash, Tile, TileAddress, TileEdge, leaf_hash
from ledger.merkle.hashing import HASH_BYTES
from ledger.merkle.tiles import TILE_HEIGHT, TILE_WIDTH
from ledger.store.columns import blob
from ledger.store.head import Head
from ledger.store.leaves import leaf_chunks
from ledger.store.tables.log import CheckpointRow, TileRow
from ledger.store.tiles import ConnectionTiles

_ROWS_PER_QUERY = 4_096


def check_hashes(connection: Connection, head: Head, progress: Progress) -> bytes:
    """Compares leaves, tiles, checkpoints and the head.

    Returns:
        The root that the leaves give.

    Raises:
        Differs: at the first difference.
    """
    tiles = ConnectionTiles(connection)
    checkpoints = _checkpoints(connection)
    checkpoint = next(checkpoints, None)
    edge = TileEdge()
    # Hashes of the leaves after the last checkpoint that was compared.
    waiting: list[LeafHash] = []
    for chunk in leaf_chunks(connection):
        _check_indices(chunk, edge.size + len(waiting))
        waiting += [leaf_hash(leaf) for _, leaf in chunk]
        checked, tree = edge.size, edge.range
        while checkpoint is not None and checkpoint[0] <= edge.size + len(waiting):
            size, root = checkpoint
            tree = tree.extend(waiting[checked - edge.size : size - edge.size])
            if tree.root() != root:
                raise _blame(waiting[checked - edge.size : size - edge.size], checked, size, tiles)
            checked = size
            checkpoint = next(checkpoints, None)
        count = checked - edge.size
        edge, changed = edge.append(waiting[:count])
        del waiting[:count]
        _check_tiles(changed, tiles)
        progress("hashes", edge.size + len(waiting), head.size)
    leaves = edge.size + len(waiting)
    if checkpoint is not None:
        size = checkpoint[0]
        raise differs("checkpoint", f"checkpoint {size}", size, f"there are {leaves} leaves")
    if waiting:
        raise differs("checkpoint", f"checkpoint {leaves}", leaves, "missing")
    _check_head(head, edge)
    _check_widths(connection, head.size)
    return edge.range.root()


def _check_indices(chunk: Sequence[tuple[int, bytes]], start: int) -> None:
    for expected, (index, _) in enumerate(chunk, start):
        if index != expected:
            raise differs("leaf", f"leaf {expected}", expected, "missing")


def _blame(hashes: Sequence[LeafHash], start: int, size: int, tiles: ConnectionTiles) -> Differs:
    """Why the leaves from `start` to `size` do not give the root of the checkpoint after them."""
    first, last = start // TILE_WIDTH, (size - 1) // TILE_WIDTH
    stored = tiles.tiles([(0, n) for n in range(first, last + 1)])
    for index, expected in enumerate(hashes, start):
        at = index % TILE_WIDTH * HASH_BYTES
        if stored.get((0, index // TILE_WIDTH), b"")[at : at + HASH_BYTES] != expected:
            return differs("leaf", f"leaf {index}", index, "not what its hash and checkpoint say")
    return differs("checkpoint", f"checkpoint {size}", size, "not the root that the leaves give")


def _check_tiles(changed: Sequence[Tile], tiles: ConnectionTiles) -> None:
    stored = tiles.tiles([(tile.level, tile.n) for tile in changed])
    for tile in changed:
        # The last tile of a level may be wider by now; what is known of it here is a prefix.
        if stored.get((tile.level, tile.n), b"")[: len(tile.hashes)] != tile.hashes:
            address = TileAddress(tile.level, tile.n, len(tile.hashes) // HASH_BYTES)
            raise differs("tile", address.path, None, "not what the leaves give")


def _check_head(head: Head, edge: TileEdge) -> None:
    if edge.size != head.size:
        detail = f"it says {head.size} leaves, there are {edge.size}"
        raise differs("head", "head", head.size, detail)
    root = edge.range.root()
    if root != head.root:
        detail = f"its root is {head.root.hex()}, the leaves give {root.hex()}"
        raise differs("head", "head", head.size, detail)


def _check_widths(connection: Connection, size: int) -> None:
    """No tile is wider than the size of the log implies, and none stands beyond it."""
    level, n = col(TileRow.level), col(TileRow.n)
    query = select(level, n, func.length(col(TileRow.hashes))).order_by(level, n)
    for at_level, at_n, length in connection.execute(query):
        width = min(TILE_WIDTH, (size >> TILE_HEIGHT * at_level) - at_n * TILE_WIDTH)
        if length != width * HASH_BYTES:
            detail = f"{length} bytes, {max(0, width) * HASH_BYTES} at this size"
            address = TileAddress(at_level, at_n, max(1, width))
            raise differs("tile", address.path, None, detail)


def _checkpoints(connection: Connection) -> Iterator[tuple[int, bytes]]:
    """(size, root) of every checkpoint row, in order."""
    size, after = col(CheckpointRow.size), 0
    query = select(size, col(CheckpointRow.root)).order_by(size).limit(_ROWS_PER_QUERY)
    while True:
        rows = connection.execute(query.where(size > after)).all()
        if not rows:
            return
        for row in rows:
            yield row[0], blob(row[1])
        after = rows[-1][0]
