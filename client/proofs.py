"""Checking what a server says, step by step, so that a reader can be shown each step.

Everything here is computed from the bytes that came and the log's trusted key; nothing is asked of
the server but hashes, which are worth nothing until they lead to a signed root.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from client.trust import Trust
from ledger.audit.errors import UnconfirmedSignature
from ledger.errors import InvalidInput
from ledger.events.canonical import JsonObject, parse_object
from ledger.merkle import (
    Checkpoint,
    FetchedTiles,
    TileAddress,
    TileReader,
    consistency_proof,
    leaf_hash,
    node_hash,
    parse_receipt,
    root_at,
    verify_consistency,
)
from ledger.merkle.tiles import TILE_HEIGHT, TILE_WIDTH, TileCoordinate
from ledger.verify import verify_bundle, verify_receipt


class UnknownDocument(InvalidInput):
    """Neither a receipt nor a bundle."""

    code = "unknown-document"
    remedy = "Hand in a receipt or a bundle, as the service answered it."


@dataclass(frozen=True, slots=True)
class Step:
    """One step from a leaf to the root: two hashes make the one above them.

    Attributes:
        sibling: 32 bytes.
        side: where the sibling stands.
        result: 32 bytes.
    """

    sibling: bytes
    side: Literal["left", "right"]
    result: bytes


@dataclass(frozen=True, slots=True)
class EventProof:
    """A receipt, verified: the event's signature, its place in the tree, the log's signature.

    Of an event that no key has signed, the last two only: `unconfirmed` says so.

    Attributes:
        index: of the leaf.
        leaf: the bytes that were hashed.
        event: the event in it, as JSON.
        event_id: hex.
        recorded_at: milliseconds since the epoch.
        leaf_hash: where the path starts.
        steps: the path up to the root.
        checkpoint: the signed state that the path leads to.
        note: the signed checkpoint, verbatim.
        unconfirmed: whether no key has signed the event: a contract wallet may have, which its
            chain alone can tell.
    """

    index: int
    leaf: bytes
    event: JsonObject
    event_id: str
    recorded_at: int
    leaf_hash: bytes
    steps: tuple[Step, ...]
    checkpoint: Checkpoint
    note: str
    unconfirmed: bool


@dataclass(frozen=True, slots=True)
class BundleProof:
    """A bundle, verified: its events replayed, its answer reached again.

    Attributes:
        model, version: what it is about.
        verdict: as the replay gives it.
        size: of the log that the answer is given at.
        events: how many it rests on.
        unconfirmed: indices of those that no key has signed: a contract wallet may have, which its
            chain alone can tell. The verdict says so, too.
        checkpoint: the signed state that holds them.
    """

    model: str
    version: str
    verdict: str
    size: int
    events: int
    unconfirmed: tuple[int, ...]
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """Two sizes of a log, shown to be one history that ends in a signed state.

    Attributes:
        first, second: the sizes, ascending.
        first_root, second_root: their roots, 32 bytes each.
        hashes: the proof that the second extends the first.
        checkpoint: the signed state that extends both.
    """

    first: int
    second: int
    first_root: bytes
    second_root: bytes
    hashes: tuple[bytes, ...]
    checkpoint: Checkpoint


def prove_event(document: bytes, trust: Trust) -> EventProof:
    """Verifies a receipt, keeping each step.

    That no key has signed the event is no error here, as it is of `verify_receipt`: it is in the
    log, and who shows it says what is not known (`unconfirmed`).

    Raises:
        IntegrityError, InvalidInput: naming what does not hold.
    """
    unconfirmed = False
    try:
        verified = verify_receipt(document, trust.keys, chain_id=trust.chain_id)
    except UnconfirmedSignature:
        unconfirmed = True
        verified = verify_receipt(document, trust.keys)
    receipt = parse_receipt(document)
    start = leaf_hash(receipt.leaf)
    event = verified.recorded.event
    return EventProof(
        index=receipt.index,
        leaf=receipt.leaf,
        event=parse_object(event.encode()),
        event_id=event.id.hex(),
        recorded_at=verified.recorded.recorded_at,
        leaf_hash=start,
        steps=_climb(receipt.index, verified.checkpoint.size, start, receipt.proof.hashes),
        checkpoint=verified.checkpoint,
        note=receipt.proof.checkpoint,
        unconfirmed=unconfirmed,
    )


def prove_bundle(document: bytes, trust: Trust) -> BundleProof:
    """Verifies a bundle by replaying its events.

    Raises:
        IntegrityError, InvalidInput, Refused: naming what does not hold.
    """
    verified = verify_bundle(document, trust.keys)
    answer = verified.answer
    return BundleProof(
        answer.model,
        answer.version,
        answer.verdict,
        answer.tree.size,
        len(verified.events),
        tuple(verified.unconfirmed),
        verified.checkpoint,
    )


def prove_document(document: bytes, trust: Trust) -> EventProof | BundleProof:
    """Verifies a receipt or a bundle, whichever it is.

    Raises:
        UnknownDocument: it is neither.
        IntegrityError, InvalidInput, Refused: naming what does not hold.
    """
    fields = parse_object(document).keys()
    if "leaf" in fields:
        return prove_event(document, trust)
    if "answer" in fields:
        return prove_bundle(document, trust)
    raise UnknownDocument("This is neither a receipt nor a bundle; use the file as it was saved.")


def prove_consistency(
    first: int, second: int, checkpoint: Checkpoint, fetch: Callable[[str], bytes]
) -> ConsistencyProof:
    """Computes the roots of two sizes from tiles and ties both to a signed checkpoint.

    Args:
        first: the earlier size, at least 1.
        second: the later size, at most the checkpoint's.
        checkpoint: verified.
        fetch: gets the bytes at a path of the log, such as `/tile/0/000`.

    Raises:
        InvalidInput: the sizes are not in order.
        IntegrityError: the server's hashes do not lead to the signed root.
    """
    reader = _HttpTiles(fetch, checkpoint.size)
    roots = {size: root_at(size, reader) for size in (first, second)}
    hashes = consistency_proof(first, second, reader)
    verify_consistency(first, second, roots[first], roots[second], hashes)
    onward = consistency_proof(second, checkpoint.size, reader)
    verify_consistency(second, checkpoint.size, roots[second], checkpoint.root, onward)
    return ConsistencyProof(first, second, roots[first], roots[second], hashes, checkpoint)


def _climb(index: int, size: int, start: bytes, hashes: Sequence[bytes]) -> tuple[Step, ...]:
    """RFC 9162 section 2.1.3.2, each step kept; whether it ends at the root was checked before."""
    steps = []
    node, last, result = index, size - 1, start
    for sibling in hashes:
        if node % 2 or node == last:
            result = node_hash(sibling, result)
            steps.append(Step(sibling, "left", result))
            while node and not node % 2:
                node, last = node >> 1, last >> 1
        else:
            result = node_hash(result, sibling)
            steps.append(Step(sibling, "right", result))
        node, last = node >> 1, last >> 1
    return tuple(steps)


@dataclass(frozen=True, slots=True)
class _HttpTiles(TileReader):
    fetch: Callable[[str], bytes]
    size: int

    def tiles(self, coordinates: Sequence[TileCoordinate]) -> Mapping[TileCoordinate, bytes]:
        found = {}
        for level, n in coordinates:
            width = min(TILE_WIDTH, (self.size >> TILE_HEIGHT * level) - n * TILE_WIDTH)
            if width > 0:
                found[level, n] = self.fetch("/" + TileAddress(level, n, width).path)
        return FetchedTiles(found).tiles(coordinates)
