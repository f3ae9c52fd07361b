"""Merkle Patricia tries (Ethereum yellow paper, appendix D), changed in many places at once.

A block writes hundreds of values into one contract's storage. Key by key, as py-trie does it, the
nodes near the root are decoded, encoded and hashed again for each; here every node that changes is
encoded and hashed once.

A node is the tuple of its RLP items, each still encoded: what is not looked at is neither decoded
nor encoded anew. Paths are strings of hexadecimal digits, one for each nibble. Of the keys of one
trie none begins another, as hashes do not; so no branch holds a value.

Nothing here stores anything: nodes are read by a function and handed out in a dictionary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Final

from eth.constants import BLANK_ROOT_HASH
from eth_typing import Hash32

from ledger.chain.rlp_items import decode_string, encode_list, encode_number, encode_string
from ledger.keccak import keccak

Read = Callable[[bytes], bytes]
"""The encoded node of a hash; KeyError if there is none."""

Node = tuple[bytes, ...]
_Child = bytes | Node
_Item = tuple[str, bytes]

_EMPTY: Final = b"\x80"
_BRANCH: Final = 17
_HASH_SIZE: Final = 32
_REMEMBERED = 4_096


class MissingNode(Exception):
    """A node that the trie refers to is not in the store; its hash is the argument."""


def get(read: Read, root: bytes, key: bytes) -> bytes:
    """The value under a key; empty if there is none.

    Args:
        read: of the store.
        root: the trie's root hash.
        key: as it stands in the trie, so hashed where keys are.

    Raises:
        MissingNode: the store lacks a part of the trie.
    """
    if root == BLANK_ROOT_HASH:
        return b""
    path, depth = key.hex(), 0
    node = _load(read, root)
    while True:
        if len(node) == _BRANCH:
            child = node[int(path[depth], 16)]
            depth += 1
            if child == _EMPTY:
                return b""
        else:
            is_leaf, part = _decode_path(node[0])
            if not path.startswith(part, depth):
                return b""
            if is_leaf:
                return decode_string(node[1])
            child = node[1]
            depth += len(part)
        node = _child(read, child)


def update(
    read: Read, root: Hash32, changes: Mapping[bytes, bytes]
) -> tuple[Hash32, dict[Hash32, bytes]]:
    """The trie with other values.

    Args:
        read: of the store.
        root: hash of the trie as it is.
        changes: values by key; an empty one removes the key.

    Returns:
        The new root hash, and the new nodes by hash. The old ones remain valid for the old root.

    Raises:
        MissingNode: as `get`.
    """
    if not changes:
        return root, {}
    writer = _Writer(read)
    items = sorted((key.hex(), value) for key, value in changes.items())
    node = writer.apply(None if root == BLANK_ROOT_HASH else _load(read, root), items, 0)
    if node is None:
        return BLANK_ROOT_HASH, {}
    encoded = encode_list(node)
    new_root = Hash32(keccak(encoded))
    writer.created[new_root] = encoded
    return new_root, writer.created


def of_list(items: Sequence[bytes]) -> tuple[Hash32, dict[Hash32, bytes]]:
    """The trie of a list, as of a block's transactions: under the RLP of its place stands each.

    Returns:
        The root hash, and the nodes by hash.
    """
    changes = {encode_number(index): item for index, item in enumerate(items)}
    nothing: dict[bytes, bytes] = {}
    return update(nothing.__getitem__, BLANK_ROOT_HASH, changes)


class _Writer:
    """Makes the changed nodes, from the leaves up.

    A node is encoded when nothing can change it any more: when its parent is complete.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self.created: dict[Hash32, bytes] = {}

    def apply(self, node: Node | None, items: Sequence[_Item], depth: int) -> Node | None:
        """The node at a depth with its changes; None for nothing at all.

        Args:
            node: as it is.
            items: whole paths with their new values, in order, at least one.
            depth: of the node; all paths are equal up to there.
        """
        if node is None:
            return self._build([each for each in items if each[1]], depth)
        if len(node) == _BRANCH:
            return self._apply_to_branch(list(node), items, depth)
        is_leaf, part = _decode_path(node[0])
        if is_leaf:
            path = items[0][0][:depth] + part
            values = {path: decode_string(node[1]), **dict(items)}
            return self._build(sorted(each for each in values.items() if each[1]), depth)
        shared = min(_shared(part, path[depth:]) for path in (items[0][0], items[-1][0]))
        if shared == len(part):
            child = self.apply(_child(self._read, node[1]), items, depth + shared)
            return self._below(part, child)
        children: list[_Child] = [_EMPTY] * _BRANCH
        rest = part[shared + 1 :]
        child_of_rest = (_encode_path(rest, is_leaf=False), node[1]) if rest else node[1]
        children[int(part[shared], 16)] = child_of_rest
        branch = self._apply_to_branch(children, items, depth + shared)
        return self._below(part[:shared], branch)

    def _apply_to_branch(
        self, children: list[_Child], items: Sequence[_Item], depth: int
    ) -> Node | None:
        for digit, group in groupby(items, key=lambda item: item[0][depth]):
            slot = int(digit, 16)
            child = None if children[slot] == _EMPTY else _child(self._read, children[slot])
            children[slot] = self.apply(child, list(group), depth + 1) or _EMPTY
        left = [slot for slot, child in enumerate(children) if child != _EMPTY]
        if not left:
            return None
        if len(left) == 1:
            (slot,) = left
            return self._below(f"{slot:x}", _child(self._read, children[slot]))
        return tuple(self._reference(child) for child in children)

    def _build(self, items: Sequence[_Item], depth: int) -> Node | None:
        """A node of these values alone."""
        if not items:
            return None
        if len(items) == 1:
            ((path, value),) = items
            return _encode_path(path[depth:], is_leaf=True), encode_string(value)
        first, last = items[0][0], items[-1][0]
        # In order: what the first and the last have in common, all have.
        end = depth + _shared(first[depth:], last[depth:])
        branch = self._apply_to_branch([_EMPTY] * _BRANCH, items, end)
        return self._below(first[depth:end], branch)

    def _below(self, path: str, node: Node | None) -> Node | None:
        """A node that is reached by a path."""
        if node is None or not path:
            return node
        if len(node) == _BRANCH:
            return _encode_path(path, is_leaf=False), self._reference(node)
        is_leaf, part = _decode_path(node[0])
        return _encode_path(path + part, is_leaf=is_leaf), node[1]

    def _reference(self, child: _Child) -> bytes:
        """What stands for a node in its parent: itself if it is small, else its hash."""
        if isinstance(child, bytes):
            return child
        encoded = encode_list(child)
        if len(encoded) < _HASH_SIZE:
            return encoded
        node_hash = Hash32(keccak(encoded))
        self.created[node_hash] = encoded
        return encode_string(node_hash)


def _child(read: Read, child: _Child) -> Node:
    if isinstance(child, tuple):
        return child
    # A reference to a hash is one byte longer than that; nodes in their parents are shorter.
    return _load(read, child[1:]) if len(child) > _HASH_SIZE else _split(child)


def _load(read: Read, node_hash: bytes) -> Node:
    try:
        return _split(read(node_hash))
    except KeyError as error:
        raise MissingNode(node_hash) from error


@lru_cache(maxsize=_REMEMBERED)
def _split(encoded: bytes) -> Node:
    """The items of an RLP list, each still encoded."""
    first = encoded[0]
    position = 1 if first < 0xF8 else first - 0xF6
    items: list[bytes] = []
    while position < len(encoded):
        end = position + _size(encoded, position)
        items.append(encoded[position:end])
        position = end
    return tuple(items)


def _size(encoded: bytes, position: int) -> int:
    """Of the RLP item that begins at a position, with its prefix."""
    first = encoded[position]
    if first < 0x80:
        return 1
    if first < 0xB8:
        return first - 0x7F
    if first < 0xC0:
        sized = first - 0xB7
        return 1 + sized + int.from_bytes(encoded[position + 1 : position + 1 + sized])
    # A list in a node is a small node.
    return first - 0xBF


def _shared(one: str, other: str) -> int:
    """How many digits two paths have in common at their beginning."""
    length = min(len(one), len(other))
    return next((at for at in range(length) if one[at] != other[at]), length)


def _encode_path(path: str, *, is_leaf: bool) -> bytes:
    """Hex prefix encoding (yellow paper, appendix C), as an RLP item."""
    flag = 2 * is_leaf
    digits = f"{flag + 1}{path}" if len(path) % 2 else f"{flag}0{path}"
    return encode_string(bytes.fromhex(digits))


def _decode_path(item: bytes) -> tuple[bool, str]:
    """Whether it is a leaf's, and the path."""
    digits = decode_string(item).hex()
    flag = int(digits[0])
    return flag > 1, digits[2 - flag % 2 :]
