"""C2SP tlog-tiles: where tiles and entry bundles are found, and which of them a tree has.

Rules:
- A tile at level `l` holds up to 256 hashes of complete subtrees of height `8·l`; the hash `i` of
  tile `n` is `MTH(D[(n·256+i)·256^l : (n·256+i+1)·256^l])`.
- The last tile of a level is partial while it has fewer than 256 hashes. It is never empty, and
  never hashed upwards.
- A partial tile is a prefix of the tile it grows into.
- A path has one spelling; every other is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from ledger.merkle.errors import InvalidTilePath
from ledger.merkle.proofs import check_growth, check_size

TileCoordinate: TypeAlias = tuple[int, int]
"""(level, n) of a tile, whatever its width."""

TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 1 << TILE_HEIGHT
MAX_TILE_LEVEL: Final = 63

# Seven groups of three digits hold every index of a tile in a log of 2^63 leaves.
_PATH: Final = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)"
    r"/(?P<n>(?:x[0-9]{3}/){0,6}[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True)
class TileAddress:
    """A tile of hashes.

    Attributes:
        level: 0 for leaf hashes, 1 for the roots of full tiles of level 0, and so on.
        n: index of the tile in its level.
        width: number of hashes, 256 for a full tile.
    """

    level: int
    n: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """`tile/<L>/<N>` with `.p/<W>` for a partial tile."""
        return f"tile/{self.level}/{_path_suffix(self.n, self.width)}"

    def is_within(self, size: int) -> bool:
        """Whether a tree of that size holds all hashes of this tile."""
        return self.n * TILE_WIDTH + self.width <= size >> TILE_HEIGHT * self.level


@dataclass(frozen=True, slots=True)
class EntriesAddress:
    """An entry bundle: the entries beneath the level 0 tile with the same `n` and width."""

    n: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """`tile/entries/<N>` with `.p/<W>` for a partial bundle."""
        return f"tile/entries/{_path_suffix(self.n, self.width)}"

    def is_within(self, size: int) -> bool:
        """Whether a tree of that size holds all entries of this bundle."""
        return self.n * TILE_WIDTH + self.width <= size


def parse_tile_path(path: str) -> TileAddress | EntriesAddress:
    """Reads the path of a tile or an entry bundle, without a leading slash.

    Raises:
        InvalidTilePath: anything but the one spelling of an address.
    """
    match = _PATH.fullmatch(path)
    if match:
        level = 0 if match["level"] == "entries" else int(match["level"])
        n = int(match["n"].replace("x", "").replace("/", ""))
        width = int(match["width"] or TILE_WIDTH)
        address = (
            EntriesAddress(n, width)
            if match["level"] == "entries"
            else TileAddress(level, n, width)
        )
        # Leading groups of zeros and `.p/256` are other spellings of an address that has a path.
        if level <= MAX_TILE_LEVEL and width <= TILE_WIDTH and address.path == path:
            return address
    raise InvalidTilePath(
        "no such tile path; it is tile/<L>/<N>[.p/<W>] or tile/entries/<N>[.p/<W>] with N such as "
        "x001/x234/067, L from 0 to 63 and W from 1 to 255"
    )


def tile_addresses(size: int) -> Iterator[TileAddress]:
    """Every tile of a tree, level by level; each partial one at its width for that size."""
    return changed_tile_addresses(0, size)


def entries_addresses(size: int) -> Iterator[EntriesAddress]:
    """Every entry bundle of a tree."""
    check_size(size)
    return (EntriesAddress(n, width) for n, width in _run(0, size))


def partial_tile_addresses(size: int) -> tuple[TileAddress, ...]:
    """The partial tile of each level that has one: what appending to a tree of that size reads."""
    check_size(size)
    counts = (size >> TILE_HEIGHT * level for level in range(_levels(size)))
    return tuple(
        TileAddress(level, count // TILE_WIDTH, count % TILE_WIDTH)
        for level, count in enumerate(counts)
        if count % TILE_WIDTH
    )


def changed_tile_addresses(old_size: int, new_size: int) -> Iterator[TileAddress]:
    """The tiles that are new or wider after growing from one size to another.

    Raises:
        SizeShrank: the new size is the smaller one.
    """
    check_growth(old_size, new_size)
    return (
        TileAddress(level, n, width)
        for level in range(_levels(new_size))
        for n, width in _run(old_size >> TILE_HEIGHT * level, new_size >> TILE_HEIGHT * level)
    )


def _levels(size: int) -> int:
    return -(-size.bit_length() // TILE_HEIGHT)


def _run(old_count: int, new_count: int) -> Iterator[tuple[int, int]]:
    """(n, width) of each tile that changes when a level's count of hashes grows."""
    if old_count == new_count:
        return
    for n in range(old_count // TILE_WIDTH, -(-new_count // TILE_WIDTH)):
        yield n, min(TILE_WIDTH, new_count - n * TILE_WIDTH)


def _path_suffix(n: int, width: int) -> str:
    groups = [f"{n % 1000:03d}"]
    while n := n // 1000:
        groups.append(f"x{n % 1000:03d}")
    path = "/".join(reversed(groups))
    return path if width == TILE_WIDTH else f"{path}.p/{width}"
