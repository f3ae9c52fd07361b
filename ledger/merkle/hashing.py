"""RFC 9162 section 2.1.1: how entries and nodes are hashed.

Leaves and nodes are hashed under different prefixes, so that no node can be passed off as an entry.
SHA-256 throughout. Nothing here knows about sizes or positions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final, NewType

from ledger.merkle.errors import InvalidHash

LeafHash = NewType("LeafHash", bytes)
"""The hash of an entry; its own type, for hashing an entry twice or never is easily done."""

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()


def leaf_hash(entry: bytes) -> LeafHash:
    """Hashes one entry: `H(00 ‖ entry)`."""
    return LeafHash(sha256(b"\x00" + entry).digest())


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hashes two siblings into their parent: `H(01 ‖ left ‖ right)`."""
    return sha256(b"\x01" + left + right).digest()


def parents(nodes: bytes) -> bytes:
    """Hashes neighbours pairwise: the next level up of a run of sibling pairs.

    Args:
        nodes: concatenated hashes, the first of them a left child; an odd last one is left out.

    Returns:
        The concatenated hashes of the parents, half as long.
    """
    pairs = range(0, len(nodes) - 2 * HASH_BYTES + 1, 2 * HASH_BYTES)
    return b"".join([sha256(b"\x01" + nodes[at : at + 64]).digest() for at in pairs])


def fold(roots: Sequence[bytes]) -> bytes:
    """Joins the roots of adjacent complete subtrees, largest first, into the root over all of them.

    Returns:
        The root; that of the empty tree when there are none.
    """
    if not roots:
        return EMPTY_ROOT
    joined = roots[-1]
    for root in reversed(roots[:-1]):
        joined = node_hash(root, joined)
    return joined


def check_hashes(hashes: Iterable[bytes]) -> None:
    """Raises `InvalidHash` unless every hash is 32 bytes long."""
    for position, value in enumerate(hashes):
        if len(value) != HASH_BYTES:
            raise InvalidHash(
                f"hash {position} has {len(value)} bytes, a SHA-256 hash has {HASH_BYTES}; "
                "pass the hash itself, neither the entry nor its hexadecimal form"
            )
