"""The definitions of RFC 9162, word for word, as the oracle for everything that is clever."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256

import pytest

from ledger.errors import ConcordError
from ledger.merkle import (
    Checkpoint,
    FetchedTiles,
    LeafHash,
    MerkleTree,
    SigningKey,
    TileCoordinate,
    TileEdge,
    leaf_hash,
    sign_checkpoint,
)

BIG_SIZE = 70_000


class Definitions:
    """MTH, PATH and PROOF of sections 2.1.1 to 2.1.4, recursion and all, over b"0", b"1", …"""

    def __init__(self) -> None:
        self.mth = cache(self._mth)

    @staticmethod
    def entry(index: int) -> bytes:
        return str(index).encode()

    @staticmethod
    def split(n: int) -> int:
        k = 1
        while 2 * k < n:
            k *= 2
        return k

    def _mth(self, begin: int, end: int) -> bytes:
        n = end - begin
        if n == 0:
            return sha256().digest()
        if n == 1:
            return sha256(b"\x00" + self.entry(begin)).digest()
        k = self.split(n)
        left, right = self.mth(begin, begin + k), self.mth(begin + k, end)
        return sha256(b"\x01" + left + right).digest()

    def path(self, index: int, size: int) -> tuple[bytes, ...]:
        return tuple(self._path(index, 0, size))

    def _path(self, m: int, begin: int, end: int) -> list[bytes]:
        n = end - begin
        if n == 1:
            return []
        k = self.split(n)
        if m < k:
            return [*self._path(m, begin, begin + k), self.mth(begin + k, end)]
        return [*self._path(m - k, begin + k, end), self.mth(begin, begin + k)]

    def proof(self, first: int, second: int) -> tuple[bytes, ...]:
        return () if first == 0 else tuple(self._subproof(first, 0, second, is_given=True))

    def _subproof(self, m: int, begin: int, end: int, *, is_given: bool) -> list[bytes]:
        n = end - begin
        if m == n:
            return [] if is_given else [self.mth(begin, end)]
        k = self.split(n)
        if m <= k:
            left = self._subproof(m, begin, begin + k, is_given=is_given)
            return [*left, self.mth(begin + k, end)]
        right = self._subproof(m - k, begin + k, end, is_given=False)
        return [*right, self.mth(begin, begin + k)]


@dataclass
class CountingReader:
    """A tile store that remembers what it was asked for."""

    stored: Mapping[TileCoordinate, bytes]
    calls: list[list[TileCoordinate]] = field(default_factory=list)

    def tiles(self, coordinates: Sequence[TileCoordinate]) -> Mapping[TileCoordinate, bytes]:
        self.calls.append(list(coordinates))
        return FetchedTiles(self.stored).tiles(coordinates)


@pytest.fixture(scope="session")
def definitions() -> Definitions:
    return Definitions()


@pytest.fixture(scope="session")
def leaf_hashes(definitions: Definitions) -> list[LeafHash]:
    return [leaf_hash(definitions.entry(index)) for index in range(BIG_SIZE)]


@pytest.fixture(scope="session")
def big_tree(leaf_hashes: list[LeafHash]) -> MerkleTree:
    return MerkleTree(leaf_hashes)


@pytest.fixture(scope="session")
def big_tiles(leaf_hashes: list[LeafHash]) -> Mapping[TileCoordinate, bytes]:
    """The tiles of 70,000 leaves that came in batches of an awkward size."""
    stored: dict[TileCoordinate, bytes] = {}
    edge = TileEdge()
    for begin in range(0, BIG_SIZE, 999):
        edge, changed = edge.append(leaf_hashes[begin : begin + 999])
        stored.update({(tile.level, tile.n): tile.hashes for tile in changed})
    return stored


@pytest.fixture
def reader(big_tiles: Mapping[TileCoordinate, bytes]) -> CountingReader:
    return CountingReader(big_tiles)


@pytest.fixture(scope="session")
def log_key() -> SigningKey:
    return SigningKey("ledger.example.org/concord", bytes(range(32)))


@pytest.fixture(scope="session")
def other_key() -> SigningKey:
    return SigningKey("witness.example.net/w1", bytes(32))


@pytest.fixture(scope="session")
def sign_tree(log_key: SigningKey) -> Callable[[MerkleTree, int], str]:
    def sign(tree: MerkleTree, size: int) -> str:
        return sign_checkpoint(Checkpoint(log_key.name, size, tree.root(size)), log_key)

    return sign


@pytest.fixture(scope="session")
def assert_tamper_proof() -> Callable[[bytes, Callable[[bytes], object], Sequence[int]], list[int]]:
    """Asserts that no document with one byte altered, or missing, is read as saying something else.

    The check answers the positions at which an alteration went unnoticed and changed nothing.
    """

    def check(document: bytes, read: Callable[[bytes], object], flips: Sequence[int]) -> list[int]:
        honest = read(document)
        harmless = []
        for position, byte in enumerate(document):
            for altered in (b"", *(bytes([byte ^ flip]) for flip in flips)):
                try:
                    found = read(document[:position] + altered + document[position + 1 :])
                except ConcordError:
                    continue
                assert found == honest, (position, altered)
                harmless.append(position)
        return harmless

    return check
