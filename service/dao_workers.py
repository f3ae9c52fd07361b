"""What works in the background for a DAO: mirror, policies, keeper, and an anchorer a registry.

Rules:
- Of all processes on one database, one mirrors, keeps and anchors: `is_ours` says whether it is
  this one. Each reads policies for itself.
- What a step does is its part's own affair (`governance.mirror`, `governance.keeper`,
  `ledger.anchor`); when the next one comes, `service.background` says.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from governance.keeper import Keeper
from governance.mirror import Mirror
from governance.policies import PolicyBook
from ledger.anchor import Anchorer, AnchorPolicy, AnchorProgress, AnchorTarget
from ledger.events.identifiers import to_checksum_address
from ledger.log import Log
from ledger.store.engine import Database
from service.background import Worker
from service.settings import Settings

MIRROR = "mirror"
POLICIES = "policies"
KEEPER = "keeper"
ANCHORER = "anchorer"
"""Names of workers, as `/readyz` and `/metrics` show them. An anchorer on a further chain has the
chain's id behind its name.
"""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Registry:
    """Where the log is anchored.

    Attributes:
        chain_id: of its chain.
        address: of the contract, EIP-55.
        worker: name of what anchors there.
    """

    chain_id: int
    address: str
    worker: str


@dataclass(frozen=True, slots=True)
class Anchoring:
    """A registry and what anchors there.

    Attributes:
        registry: where.
        worker: sends a root when one is due.
        anchor_now: sends one, due or not, between two of the worker's steps; raises as
            `Anchorer.anchor_now`.
    """

    registry: Registry
    worker: Worker
    anchor_now: Callable[[], AnchorProgress]


def mirroring(mirror: Mirror, settings: Settings, is_ours: Callable[[], bool]) -> Worker:
    """Tells what contracts did."""
    pause = settings.mirror_seconds
    return Worker(MIRROR, mirror.catch_up, pause_seconds=pause, is_ours=is_ours)


def reading_policies(book: PolicyBook, database: Database, settings: Settings) -> Worker:
    """Looks for texts of adopted policies that are not at hand."""
    pause = settings.policy_seconds
    return Worker(POLICIES, lambda: book.refresh(database), pause_seconds=pause)


def keeping(keeper: Keeper, settings: Settings, is_ours: Callable[[], bool]) -> Worker:
    """Queues and executes proposals that are due."""
    pause = settings.keeper_seconds
    return Worker(KEEPER, lambda: _keep(keeper), pause_seconds=pause, is_ours=is_ours)


def anchoring(
    log: Log,
    target: AnchorTarget,
    settings: Settings,
    *,
    name: str,
    is_ours: Callable[[], bool],
    clock: Callable[[], int],
) -> Anchoring:
    """Anchors the log in a registry.

    Args:
        log: whose roots are sent.
        target: the registry.
        settings: say when a root is due, and how often that is looked at.
        name: of the worker.
        is_ours: whether this process anchors.
        clock: milliseconds since the epoch.
    """
    policy = AnchorPolicy(settings.anchor_leaves, settings.anchor_seconds)
    anchorer = Anchorer(log, target, policy=policy, clock=lambda: clock() / 1000)
    pause = settings.anchor_check_seconds
    worker = Worker(name, anchorer.step, pause_seconds=pause, is_ours=is_ours)
    registry = Registry(target.chain.chain_id, to_checksum_address(target.registry), name)
    return Anchoring(registry, worker, lambda: worker.between_steps(anchorer.anchor_now))


def _keep(keeper: Keeper) -> None:
    for failure in keeper.run_once().failed:
        _log.warning("the keeper cannot %s: %s", failure.step, failure.reason)
