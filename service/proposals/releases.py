"""What the ledger itself says of the model versions that a proposal would release: their audits as
of now, and what they lack under the release policy in force.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from governance.actions import Action
from governance.actions.kinds import Release
from governance.addresses import DaoAddresses
from governance.policies import PolicyBreach, ReleasePolicy, read_release_facts, release_refusals
from governance.policies.documents import RELEASE
from governance.reads import Reader
from ledger.audit import ModelAudit
from ledger.store.reads import snapshot
from service.auditing import audit_version
from service.parts import Parts
from service.proposals.records import version_of

MAX_ANCESTORS = 20_000
"""Of one version, that are looked at while somebody waits; beyond it the verdict is incomplete."""


@dataclass(frozen=True, slots=True)
class ReleaseAudit:
    """A release that a proposal would make.

    Attributes:
        model: as the action names it.
        record_leaf: likewise, 0x-hex.
        audit: of the version with that record, as of now; None where the log holds no such record
            of that model.
    """

    model: str
    record_leaf: str
    audit: ModelAudit | None


@dataclass(frozen=True, slots=True)
class BindingRelease:
    """The release policy in force.

    Attributes:
        version: from 1; None where none was adopted.
        document: None where none was adopted, or where it cannot be read.
        problem: why it cannot be read; None if it can, or if there is none.
    """

    version: int | None = None
    document: ReleasePolicy | None = None
    problem: str | None = None


def audit_releases(parts: Parts, actions: Iterable[Action]) -> list[ReleaseAudit]:
    """Audits every version that would be released, each once, as of one size of the log.

    Raises:
        Unavailable: database or content store do not answer.
    """
    releases = [action for action in actions if isinstance(action, Release)]
    wanted = dict.fromkeys((each.model, each.record_leaf) for each in releases)
    size = parts.log.size
    return [ReleaseAudit(model, leaf, _audit(parts, model, leaf, size)) for model, leaf in wanted]


def _audit(parts: Parts, model: str, record_leaf: str, size: int) -> ModelAudit | None:
    with snapshot(parts.log.database) as views:
        row = version_of(views, model, record_leaf)
    if row is None or row.index >= size:
        return None
    return audit_version(parts, model, row.version, size, limit=MAX_ANCESTORS)


def breaches_of(
    releases: Sequence[ReleaseAudit],
    policy: BindingRelease,
    reader: Reader,
    at: DaoAddresses,
    *,
    release_at: int,
) -> list[PolicyBreach]:
    """What the releases still lack, in words.

    Args:
        releases: audited.
        policy: in force.
        reader: of the DAO's chain.
        at: its contracts.
        release_at: second from which they could be executed.
    """
    version = policy.version or 0
    breaches = [PolicyBreach(RELEASE, version, policy.problem)] if policy.problem else []
    for release in releases:
        facts = read_release_facts(reader, at, release.record_leaf)
        found = release.audit
        lacks = release_refusals(
            policy.document,
            verdict="incomplete" if found is None else found.verdict,
            facts=facts,
            release_at=release_at,
        )
        name = release.model if found is None else f"{found.model} {found.version}"
        breaches += [PolicyBreach(RELEASE, version, f"{name}: {reason}") for reason in lacks]
    return breaches
