"""An answer with what it rests on: replayed, and audited again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from ledger.audit.answer import ModelAudit, Tree, audit_json
from ledger.audit.bundle import Bundle, parse_bundle
from ledger.audit.differences import first_difference, shortened
from ledger.audit.errors import AnswerDiffers, BundleContradiction, MalformedBundle
from ledger.audit.evidence import evidence_of, key_events
from ledger.audit.inclusion import root_of_together
from ledger.audit.manifests import supplied
from ledger.audit.model_audit import audit
from ledger.audit.policies import Policy, parse_policy
from ledger.audit.replay import Replay
from ledger.audit.signatures import with_signatures
from ledger.events import RecordedEvent
from ledger.events.bodies.governance import PolicyAdopted
from ledger.events.canonical import JsonObject, JsonValue
from ledger.events.wallets import WalletChain
from ledger.merkle import (
    Anchor,
    Checkpoint,
    VerifierKey,
    leaf_hash,
    open_checkpoint,
    verify_consistency,
    verify_extends,
)
from ledger.merkle.encoding import decode_base64
from ledger.merkle.errors import WrongRoot
from ledger.views.state import MemoryState

REPLAY_LIMIT = 100_000_000
"""Ancestors that a replay looks at: more than any bundle or log can hold."""


@dataclass(frozen=True, slots=True)
class VerifiedBundle:
    """What a bundle proves.

    Attributes:
        answer: the audit, made again.
        checkpoint: the log's signed state that holds every event.
        events: the events, ascending by index.
        manifests: inputs manifests that were read, by SHA-256 (hex).
        policies: those the answer was judged by.
        anchor: a claim until the chain has been asked.
        unconfirmed: indices of events that only their chain could confirm, ascending; the answer
            names them.
        withdrawn: indices of events whose contract wallet would not take the signature today;
            likewise.
    """

    answer: ModelAudit
    checkpoint: Checkpoint
    events: tuple[RecordedEvent, ...]
    manifests: Mapping[str, bytes]
    policies: tuple[Policy, ...]
    anchor: Anchor | None
    unconfirmed: tuple[int, ...]
    withdrawn: tuple[int, ...]


def verify_bundle(
    document: str | bytes, keys: Sequence[VerifierKey], *, wallets: WalletChain | None = None
) -> VerifiedBundle:
    """Verifies a bundle and reaches its answer again.

    Args:
        document: the JSON; bytes must be UTF-8.
        keys: the log's verifier keys.
        wallets: asks contract wallets on the chain of the ledger's DAO; None where it is not at
            hand: then an answer that rests on their events is `incomplete` and names them.

    Raises:
        MalformedBundle, InvalidJson, MalformedReceipt: it is no bundle.
        IntegrityError: an event, a proof or a signature does not hold; the class says which.
        ForgedEvent, UnauthorisedEvent, LogContradiction: an event that the log should not hold.
        BundleContradiction: a part that nothing rests on, or that is not what it is said to be.
        AnswerDiffers: auditing again gives another answer; the message says what differs first.
        ForeignChain, Unavailable: the chain is another one, or cannot tell.
    """
    bundle = parse_bundle(document)
    checkpoint = open_checkpoint(bundle.checkpoint, keys)
    tree = _tree(bundle.answer)
    _verify_inclusion(bundle, tree, checkpoint)
    if bundle.anchor is not None:
        verify_extends(bundle.anchor, checkpoint)
    replay = Replay(checkpoint.origin, wallets)
    events = tuple(replay.feed(index, leaf) for index, leaf in bundle.leaves.items())
    policies = tuple(adopted_policy(replay.adopted, index, text) for index, text in bundle.policies)
    manifests = supplied(bundle.manifests)
    answer = audit(
        replay.state,
        model=_text(bundle.answer, "model"),
        version=_text(bundle.answer, "version"),
        tree=tree,
        manifests=manifests,
        policies=policies,
        limit=REPLAY_LIMIT,
    )
    compare_answers(bundle.answer, audit_json(answer), "bundle", "replay of its events")
    _refuse_padding(bundle, replay.state, answer, events)
    unconfirmed, withdrawn = tuple(replay.unconfirmed), tuple(replay.withdrawn)
    return VerifiedBundle(
        with_signatures(answer, unconfirmed=unconfirmed, withdrawn=withdrawn),
        checkpoint,
        events,
        manifests,
        policies,
        bundle.anchor,
        unconfirmed,
        withdrawn,
    )


def _tree(answer: JsonObject) -> Tree:
    size, root = answer.get("size"), answer.get("root")
    if not isinstance(size, int) or isinstance(size, bool) or not isinstance(root, str):
        raise MalformedBundle("The answer names no tree.")
    try:
        return Tree(size, decode_base64(root))
    except ValueError as error:
        raise MalformedBundle(f"The answer's root is not base64: {error}.") from error


def _text(answer: JsonObject, name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str):
        raise MalformedBundle(f"The answer names no {name}.")
    return value


def _verify_inclusion(bundle: Bundle, tree: Tree, checkpoint: Checkpoint) -> None:
    if any(index >= tree.size for index in bundle.leaves):
        raise BundleContradiction(
            f"The answer is given at size {tree.size}, and an event comes after it."
        )
    hashes = {index: leaf_hash(leaf) for index, leaf in bundle.leaves.items()}
    if root_of_together(hashes, checkpoint.size, bundle.proof) != checkpoint.root:
        raise WrongRoot(
            f"The events do not stand in the tree of size {checkpoint.size} that the log signed; "
            "do not trust who sent this bundle."
        )
    verify_consistency(tree.size, checkpoint.size, tree.root, checkpoint.root, bundle.consistency)


def adopted_policy(adopted: Mapping[int, PolicyAdopted], index: int, document: bytes) -> Policy:
    """The policy that an event adopted.

    Raises:
        BundleContradiction: if the document is another one.
    """
    body = adopted.get(index)
    digest = sha256(document).hexdigest()
    if body is None or body.digest != "0x" + digest:
        raise BundleContradiction(f"Event {index} does not adopt the policy of SHA-256 {digest}.")
    policy = parse_policy(document, version=body.version, index=index)
    if policy.policy != body.policy:
        raise BundleContradiction(
            f"Event {index} adopts policy {body.policy}, the document is of {policy.policy}."
        )
    return policy


def _refuse_padding(
    bundle: Bundle,
    state: MemoryState,
    answer: ModelAudit,
    events: Sequence[RecordedEvent],
) -> None:
    """Refuses what the answer does not rest on: it would only be there to mislead a reader."""
    evidence = evidence_of(state, answer, manifests=supplied(bundle.manifests))
    actors = {recorded.event.actor for recorded in events}
    needed = evidence.indices | key_events(state, actors, answer.tree.size)
    excess = bundle.leaves.keys() - needed
    if excess:
        raise BundleContradiction(f"Nothing in the answer rests on event {min(excess)}.")
    if len(bundle.manifests) != len(evidence.manifests):
        raise BundleContradiction("A manifest stands in it that no run of the answer names.")
    if [index for index, _ in bundle.policies] != [p.index for p in answer.policies]:
        raise BundleContradiction("The policies are not those of the answer, in its order.")


def compare_answers(said: JsonValue, found: JsonValue, one: str, other: str) -> None:
    """Makes sure that two answers are the same.

    Raises:
        AnswerDiffers: saying what differs first, and what `one` and `other` have there.
    """
    difference = first_difference(said, found)
    if difference is not None:
        where, left, right = difference
        raise AnswerDiffers(
            f"{where or 'the answer'} differs: the {one} says {shortened(left)}, the {other} gives "
            f"{shortened(right)}."
        )
