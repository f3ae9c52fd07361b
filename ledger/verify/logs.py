"""A whole log: every leaf below a signed checkpoint, replayed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ledger.audit.answer import ModelAudit, Tree, audit_json
from ledger.audit.errors import LogContradiction
from ledger.audit.model_audit import audit
from ledger.audit.policies import Policy
from ledger.audit.replay import Replay
from ledger.audit.signatures import with_signatures
from ledger.events.bodies.governance import PolicyAdopted
from ledger.events.wallets import WalletChain
from ledger.merkle import (
    Checkpoint,
    CompactRange,
    LeafHash,
    VerifierKey,
    leaf_hash,
    open_checkpoint,
)
from ledger.merkle.errors import WrongRoot
from ledger.verify.bundles import REPLAY_LIMIT, VerifiedBundle, adopted_policy, compare_answers
from ledger.views.state import MemoryState

_LEAVES_A_STEP = 1024
_NO_MANIFESTS: Mapping[str, bytes] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ReplayedLog:
    """A whole log, every leaf checked.

    Attributes:
        state: the rows of all events.
        checkpoint: the signed state that the leaves lead to.
        trees: the trees that were asked for, by size.
        adopted: adoptions of policies by index.
        unconfirmed: indices of events that only their chain could confirm, ascending.
        withdrawn: indices of events whose contract wallet would not take the signature today.
    """

    state: MemoryState
    checkpoint: Checkpoint
    trees: Mapping[int, Tree]
    adopted: Mapping[int, PolicyAdopted]
    unconfirmed: tuple[int, ...]
    withdrawn: tuple[int, ...]


def replay_log(
    entries: Iterable[bytes],
    checkpoint: str | bytes,
    keys: Sequence[VerifierKey],
    *,
    sizes: Iterable[int] = (),
    wallets: WalletChain | None = None,
) -> ReplayedLog:
    """Replays all leaves of a log and compares their root with a signed checkpoint.

    Args:
        entries: every leaf, in order, as tiles or an export hold them; those beyond the checkpoint
            are not read.
        checkpoint: the signed note.
        keys: the log's verifier keys.
        sizes: earlier sizes whose trees are wanted.
        wallets: asks contract wallets; None where their chain is not at hand.

    Raises:
        WrongRoot: if the leaves lead to another root.
        LogContradiction: if leaves are missing.
        ForgedEvent, UnauthorisedEvent, LogContradiction: as `Replay.feed`, naming the first event.
        ForeignChain, Unavailable: as `Replay.feed`.
    """
    opened = open_checkpoint(checkpoint, keys)
    wanted = sorted({*(size for size in sizes if size < opened.size), opened.size})
    replay = Replay(opened.origin, wallets)
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
    return ReplayedLog(
        replay.state,
        opened,
        trees,
        replay.adopted,
        tuple(replay.unconfirmed),
        tuple(replay.withdrawn),
    )


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
    wallets: WalletChain | None = None,
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
        wallets: asks contract wallets; without, all their events up to the size are told as
            unconfirmed.

    Raises:
        UnknownVersion: if that version is not published as of the size.
        BundleContradiction: if a policy is not the one that was adopted.
        IntegrityError: as `replay_log`.
    """
    log = replay_log(
        entries, checkpoint, keys, sizes=() if size is None else (size,), wallets=wallets
    )
    wanted = log.checkpoint.size if size is None else size
    answer = _audit_log(
        log,
        model=model,
        version=version,
        size=wanted,
        manifests=manifests,
        policies=policies,
    )
    return with_signatures(
        answer,
        unconfirmed=[index for index in log.unconfirmed if index < wanted],
        withdrawn=[index for index in log.withdrawn if index < wanted],
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
    log = replay_log(entries, checkpoint, keys, sizes=(answer.tree.size,))
    whole = _audit_log(
        log,
        model=answer.model,
        version=answer.version,
        size=answer.tree.size,
        manifests=verified.manifests,
        policies=verified.policies,
    )
    # What is known of the bundle's signatures is no news from the log.
    known = with_signatures(whole, unconfirmed=verified.unconfirmed, withdrawn=verified.withdrawn)
    compare_answers(audit_json(answer), audit_json(known), "bundle", "whole log")


def _audit_log(
    log: ReplayedLog,
    *,
    model: str,
    version: str,
    size: int,
    manifests: Mapping[str, bytes],
    policies: Sequence[Policy],
) -> ModelAudit:
    if size not in log.trees:
        raise LogContradiction(f"The checkpoint's log has {log.checkpoint.size} leaves only.")
    for policy in policies:
        adopted_policy(log.adopted, policy.index, policy.document)
    return audit(
        log.state,
        model=model,
        version=version,
        tree=log.trees[size],
        manifests=manifests,
        policies=policies,
        limit=REPLAY_LIMIT,
    )


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
