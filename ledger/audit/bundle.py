"""Bundles: an audit's answer with everything that it takes to reach it again, with no server.

One JSON document:

    {"v": 1,
     "answer": ANSWER,
     "events": [{"index": n, "leaf": base64}, …],
     "proof": [base64, …],
     "checkpoint": "<signed checkpoint>",
     "consistency": [base64, …],
     "manifests": [base64, …],
     "policies": [{"index": n, "document": base64}, …],
     "anchor": {…} | null}

- `answer`: as the API gives it (`ledger.audit.answer`).
- `events`: every event that the answer rests on (`ledger.audit.evidence`), ascending.
- `proof`: their joint inclusion proof (`ledger.audit.inclusion`) in the checkpoint's tree, the one
  tree that all of them are proven in.
- `consistency`: RFC 9162, from the answer's tree to the checkpoint's.
- `manifests`: inputs manifests that were read, by ascending digest.
- `policies`: each adopted by the event at its index.
- `anchor`: as in a receipt, of the checkpoint's tree or a larger one.

Reading it is strict and verifies nothing; `ledger.verify` does. What a bundle proves is that its
events stand in the log and that the answer follows from them. That nothing was left out is proven
by replaying the whole log.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ledger.audit.answer import ModelAudit, audit_json
from ledger.audit.errors import AnswerCut, MalformedBundle
from ledger.audit.evidence import evidence_of, key_events
from ledger.audit.inclusion import prove_together
from ledger.audit.policies import Policy
from ledger.events.bodies.base import describe
from ledger.events.canonical import FreeJson, JsonObject, parse_object
from ledger.merkle import Anchor, TileReader, consistency_proof, parse_note
from ledger.merkle.checkpoints import Checkpoint
from ledger.merkle.documents import read_document
from ledger.merkle.encoding import decode_base64, encode_base64
from ledger.views.state import MemoryState

BUNDLE_VERSION = 1
MAX_BUNDLE_BYTES = 1 << 28
"""256 MiB: some 100,000 events."""

LeafReader = Callable[[Sequence[int]], Mapping[int, bytes]]
"""Reads leaves by their indices, ascending."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _EventPart(_Part):
    index: Annotated[int, Field(ge=0)]
    leaf: str


class _PolicyPart(_Part):
    index: Annotated[int, Field(ge=0)]
    document: str


class _Document(_Part):
    v: Literal[1]
    answer: FreeJson
    events: list[_EventPart]
    proof: list[str]
    checkpoint: str
    consistency: list[str]
    manifests: list[str]
    policies: list[_PolicyPart]
    anchor: FreeJson | None


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle taken apart, nothing about it verified.

    Attributes:
        answer: as it stands there.
        leaves: entries by their indices, ascending.
        proof: joint inclusion proof, 32 bytes each.
        checkpoint: the signed note.
        consistency: from the answer's tree to the checkpoint's, 32 bytes each.
        manifests: inputs manifests.
        policies: (index of the adopting event, document).
        anchor: a claim until the chain has been asked.
    """

    answer: JsonObject
    leaves: Mapping[int, bytes]
    proof: tuple[bytes, ...]
    checkpoint: str
    consistency: tuple[bytes, ...]
    manifests: tuple[bytes, ...]
    policies: tuple[tuple[int, bytes], ...]
    anchor: Anchor | None


def build_bundle(
    state: MemoryState,
    answer: ModelAudit,
    *,
    leaves: LeafReader,
    tiles: TileReader,
    checkpoint: str,
    manifests: Mapping[str, bytes],
    policies: Sequence[Policy] = (),
    anchor: Anchor | None = None,
) -> bytes:
    """Writes the bundle of an answer.

    Args:
        state: the rows that it was answered from.
        answer: not cut short by a limit.
        leaves: reads entries of the log.
        tiles: reads tiles of the log.
        checkpoint: a signed checkpoint of the answer's size or a larger one.
        manifests: those the audit was given, by their SHA-256 (hex).
        policies: those the audit was given.
        anchor: of the checkpoint's tree or a larger one, once there is one.

    Returns:
        The JSON document, UTF-8.

    Raises:
        AnswerCut: if a limit cut the answer short.
        TileIncomplete: a tile that the tree has is not stored.
    """
    if answer.limit is not None:
        raise AnswerCut(
            f"This answer stops at {answer.limit} ancestors; ask for more to have it bundled."
        )
    signed = _checkpoint_of(checkpoint)
    evidence = evidence_of(state, answer, manifests=manifests)
    entries = _entries(state, answer.tree.size, evidence.indices, leaves)
    proof = prove_together(list(entries), signed.size, tiles)
    consistency = consistency_proof(answer.tree.size, signed.size, tiles)
    documents = {policy.index: policy.document for policy in policies}
    return orjson.dumps(
        {
            "v": BUNDLE_VERSION,
            "answer": audit_json(answer),
            "events": [
                {"index": index, "leaf": encode_base64(leaf)} for index, leaf in entries.items()
            ],
            "proof": [encode_base64(value) for value in proof],
            "checkpoint": checkpoint,
            "consistency": [encode_base64(value) for value in consistency],
            "manifests": [encode_base64(manifests[name]) for name in evidence.manifests],
            "policies": [
                {"index": p.index, "document": encode_base64(documents[p.index])}
                for p in answer.policies
            ],
            "anchor": None if anchor is None else anchor.fields(),
        }
    )


def _checkpoint_of(note: str) -> Checkpoint:
    return Checkpoint.parse(parse_note(note).text)


def _entries(
    state: MemoryState, size: int, indices: frozenset[int], read: LeafReader
) -> dict[int, bytes]:
    """The leaves by their indices, with those of the keys that signed any of them."""
    entries: dict[int, bytes] = {}
    wanted = indices
    while wanted:
        fresh = read(sorted(wanted))
        entries |= fresh
        actors = {_actor(leaf) for leaf in fresh.values()}
        wanted = key_events(state, actors, size) - entries.keys()
    return dict(sorted(entries.items()))


def _actor(leaf: bytes) -> str:
    return str(orjson.loads(leaf)["event"]["actor"])


def parse_bundle(document: str | bytes) -> Bundle:
    """Reads a bundle without verifying anything.

    Args:
        document: the JSON; bytes must be UTF-8.

    Raises:
        MalformedBundle: it is no bundle of version 1.
        InvalidJson: it is not JSON that every parser reads alike.
    """
    content = document.encode() if isinstance(document, str) else document
    if len(content) > MAX_BUNDLE_BYTES:
        raise MalformedBundle(f"A bundle has at most {MAX_BUNDLE_BYTES} bytes; this has more.")
    try:
        parsed = _Document.model_validate(parse_object(content))
        anchor = None if parsed.anchor is None else _anchor(parsed.anchor)
        bundle = Bundle(
            answer=parsed.answer,
            leaves={part.index: decode_base64(part.leaf) for part in parsed.events},
            proof=tuple(decode_base64(text) for text in parsed.proof),
            checkpoint=parsed.checkpoint,
            consistency=tuple(decode_base64(text) for text in parsed.consistency),
            manifests=tuple(decode_base64(text) for text in parsed.manifests),
            policies=tuple((p.index, decode_base64(p.document)) for p in parsed.policies),
            anchor=anchor,
        )
    except ValidationError as error:
        raise MalformedBundle(describe(error, "The bundle")) from error
    except ValueError as error:
        raise MalformedBundle(f"A part of the bundle is not base64: {error}.") from error
    indices = [part.index for part in parsed.events]
    if indices != sorted(set(indices)):
        raise MalformedBundle("The events of a bundle stand in ascending order, each once.")
    return bundle


def _anchor(fields: JsonObject) -> Anchor:
    return Anchor.parse(read_document(orjson.dumps(fields)))
