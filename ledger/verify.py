"""Checking a receipt, a bundle or a whole log with no server.

What each proves:
- a *receipt*: the log signed for this leaf at this index;
- a *bundle*: its events stand in the log, signed by their actors and authorised by the rules, and
  its answer follows from them, found by replaying them and auditing again. It does not prove that
  nothing was left out: who writes a bundle may leave away, say, a revocation that it does not want
  seen;
- a *whole log*: every leaf below a signed checkpoint, replayed. The same audit over all of them
  proves that a bundle left nothing out.

Nothing here asks a chain: an anchor is a claim until its chain has been asked. Every refusal has a
class and says what differs first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType

from ledger.audit.answer import ModelAudit, Tree, audit_json
from ledger.audit.bundle import Bundle, parse_bundle
from ledger.audit.differences import first_difference, shortened
from ledger.audit.errors import (
    AnswerDiffers,
    BundleContradiction,
    ForgedEvent,
    LogContradiction,
    MalformedBundle,
)
from ledger.audit.evidence import evidence_of, key_events
from ledger.audit.inclusion import root_of_together
from ledger.audit.manifests import supplied
from ledger.audit.model_audit import audit
from ledger.audit.policies import Policy, parse_policy
from ledger.audit.replay import Replay
from ledger.errors import ConcordError
from ledger.events import Domain, RecordedEvent, decode_leaf, verify_signature
from ledger.events.bodies.governance import PolicyAdopted
from ledger.events.canonical import JsonObject, JsonValue
from ledger.merkle import (
    Anchor,
    Checkpoint,
    CompactRange,
    LeafHash,
    VerifierKey,
    leaf_hash,
    open_checkpoint,
    parse_receipt,
    verify_consistency,
    verify_extends,
)
from ledger.merkle import verify_receipt as verify_inclusion_receipt
from ledger.merkle.encoding import decode_base64
from ledger.merkle.errors import WrongRoot
from ledger.views.state import MemoryState

REPLAY_LIMIT = 100_000_000
"""Ancestors that a replay looks at: more than any bundle or log can hold."""

_LEAVES_A_STEP = 1024
_NO_MANIFESTS: Mapping[str, bytes] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class VerifiedEvent:
    """What a receipt proves.

    Attributes:
        recorded: the event at its place in the log.
        checkpoint: the log's signed state that holds it.
        anchor: a claim until the chain has been asked.
        signature_checked: whether the actor's own signature was checked, too.
    """

    recorded: RecordedEvent
    checkpoint: Checkpoint
    anchor: Anchor | None
    signature_checked: bool


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
    """

    answer: ModelAudit
    checkpoint: Checkpoint
    events: tuple[RecordedEvent, ...]
    manifests: Mapping[str, bytes]
    policies: tuple[Policy, ...]
    anchor: Anchor | None


@dataclass(frozen=True, slots=True)
class ReplayedLog:
    """A whole log, every leaf checked.

    Attributes:
        state: the rows of all events.
        checkpoint: the signed state that the leaves lead to.
        trees: the trees that were asked for, by size.
        adopted: adoptions of policies by index.
    """

    state: MemoryState
    checkpoint: Checkpoint
    trees: Mapping[int, Tree]
    adopted: Mapping[int, PolicyAdopted]


def verify_receipt(
    document: str | bytes, keys: Sequence[VerifierKey], *, chain_id: int | None = None
) -> VerifiedEvent:
    """Verifies a receipt, and the event in it as far as it can be.

    Args:
        document: the JSON; bytes must be UTF-8.
        keys: the log's verifier keys.
        chain_id: of the deployment, as its first leaf says; without it the actor's own signature
            cannot be checked, the log's is.

    Raises:
        IntegrityError, InvalidInput: naming what does not hold.
        ForgedEvent: if the leaf is no event, or its actor did not sign it.
    """
    verified = verify_inclusion_receipt(parse_receipt(document), keys)
    try:
        recorded = decode_leaf(verified.leaf, verified.index)
        if chain_id is not None:
            domain = Domain(chain_id, verified.checkpoint.origin)
            verify_signature(recorded.event, domain)
    except ConcordError as error:
        raise ForgedEvent(f"Event {verified.index} is not genuine: {error}") from error
    return VerifiedEvent(recorded, verified.checkpoint, verified.anchor, chain_id is not None)


def verify_bundle(document: str | bytes, keys: Sequence[VerifierKey]) -> VerifiedBundle:
    """Verifies a bundle and reaches its answer again.

    Args:
        document: the JSON; bytes must be UTF-8.
        keys: the log's verifier keys.

    Raises:
        MalformedBundle, InvalidJson, MalformedReceipt: it is no bundle.
        IntegrityError: an event, a proof or a signature does not hold; the class says which.
        ForgedEvent, UnauthorisedEvent, LogContradiction: an event that the log should not hold.
        BundleContradiction: a part that nothing rests on, or that is not what it is said to be.
        AnswerDiffers: auditing again gives another answer; the message says what differs first.
    """
    bundle = parse_bundle(document)
    checkpoint = open_checkpoint(bundle.checkpoint, keys)
    tree = _tree(bundle.answer)
    _verify_inclusion(bundle, tree, checkpoint)
    if bundle.anchor is not None:
        verify_extends(bundle.anchor, checkpoint)
    replay = Replay(checkpoint.origin)
    events = tuple(replay.feed(index, leaf) for index, leaf in bundle.leaves.items())
    policies = tuple(_policy(replay.adopted, index, text) for index, text in bundle.policies)
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
    _compare(bundle.answer, audit_json(answer), "bundle", "replay of its events")
    _refuse_padding(bundle, replay.state, answer, events)
    return VerifiedBundle(answer, checkpoint, events, manifests, policies, bundle.anchor)


def replay_log(
    entries: Iterable[bytes],
    checkpoint: str | bytes,
    keys: Sequence[VerifierKey],
    *,
    sizes: Iterable[int] = (),
) -> ReplayedLog:
    """Replays all leaves of a log and compares their root with a signed checkpoint.

    Args:
        entries: every leaf, in order, as tiles or an export hold them; those beyond the checkpoint
            are not read.
        checkpoint: the signed note.
        keys: the log's verifier keys.
        sizes: earlier sizes whose trees are wanted.

    Raises:
        WrongRoot: if the leaves lead to another root.
        LogContradiction: if leaves are missing.
        ForgedEvent, UnauthorisedEvent, LogContradiction: as `Replay.feed`, naming the first event.
    """
    opened = open_checkpoint(checkpoint, keys)
    wanted = sorted({*(size for size in sizes if size < opened.size), opened.size})
    replay = Replay(opened.origin)
    tree = CompactRange()
    trees: dict[int, Tree] = {}
    source = iter(entries)
    for size in wanted:
        while tree.size < size:
            tree = _step(replay, tree, source, size)
        trees[size] = Tree(size, tree.root())
    if trees[opened.size].root != opened.root:
        raise WrongRoot(
            f"The {opened.size} leaves lead to the root {trees[opened.size].root.hex()}, not to "
            f"the signed {opened.root.hex()}: they were altered, or are of another log."
        )
    return ReplayedLog(replay.state, opened, trees, replay.adopted)


def audit_whole_log(
    entries: Iterable[bytes],
    checkpoint: str | bytes,
    keys: Sequence[VerifierKey],
    *,
    model: str,
    version: str,
    size: int | None = None,
    manifests: Mapping[str, bytes] = _NO_MANIFESTS,
    policies: Sequence[Policy] = (),
) -> ModelAudit:
    """Audits a model version over every leaf of a log: nothing can have been left out.

    Args:
        entries: as of `replay_log`.
        checkpoint: the signed note.
        keys: the log's verifier keys.
        model: id of the model.
        version: its version.
        size: as of when; the checkpoint's size where None.
        manifests: inputs manifests by their SHA-256 (hex).
        policies: adopted ones; each must be what its event adopted.

    Raises:
        UnknownVersion: if that version is not published as of the size.
        BundleContradiction: if a policy is not the one that was adopted.
        IntegrityError: as `replay_log`.
    """
    log = replay_log(entries, checkpoint, keys, sizes=() if size is None else (size,))
    wanted = log.checkpoint.size if size is None else size
    if wanted not in log.trees:
        raise LogContradiction(f"The checkpoint's log has {log.checkpoint.size} leaves only.")
    for policy in policies:
        _policy(log.adopted, policy.index, policy.document)
    return audit(
        log.state,
        model=model,
        version=version,
        tree=log.trees[wanted],
        manifests=manifests,
        policies=policies,
        limit=REPLAY_LIMIT,
    )


def confirm_with_log(
    verified: VerifiedBundle,
    entries: Iterable[bytes],
    checkpoint: str | bytes,
    keys: Sequence[VerifierKey],
) -> None:
    """Proves that a bundle left nothing out, by auditing over the whole log.

    Args:
        verified: as `verify_bundle` returns it.
        entries: as of `replay_log`.
        checkpoint: a signed note of the same log, of the bundle's size or a larger one.
        keys: the log's verifier keys.

    Raises:
        AnswerDiffers: if the whole log gives another answer; the message says what differs first.
        IntegrityError: as `replay_log`.
    """
    answer = verified.answer
    whole = audit_whole_log(
        entries,
        checkpoint,
        keys,
        model=answer.model,
        version=answer.version,
        size=answer.tree.size,
        manifests=verified.manifests,
        policies=verified.policies,
    )
    _compare(audit_json(answer), audit_json(whole), "bundle", "whole log")


def _step(replay: Replay, tree: CompactRange, source: Iterable[bytes], size: int) -> CompactRange:
    hashes: list[LeafHash] = []
    for leaf in source:
        replay.feed(tree.size + len(hashes), leaf)
        hashes.append(leaf_hash(leaf))
        if len(hashes) == _LEAVES_A_STEP or tree.size + len(hashes) == size:
            return tree.extend(hashes)
    raise LogContradiction(
        f"The leaves end after {tree.size + len(hashes)}; the checkpoint is of {size} or more. "
        "Fetch the rest."
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


def _policy(adopted: Mapping[int, PolicyAdopted], index: int, document: bytes) -> Policy:
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


def _compare(said: JsonValue, found: JsonValue, one: str, other: str) -> None:
    difference = first_difference(said, found)
    if difference is not None:
        where, left, right = difference
        raise AnswerDiffers(
            f"{where or 'the answer'} differs: the {one} says {shortened(left)}, the {other} gives "
            f"{shortened(right)}."
        )
