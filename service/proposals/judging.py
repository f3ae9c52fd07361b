"""What log and policies say, as of now, about the releases among a proposal's actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from governance.actions import Action
from governance.current import CurrentRules, read_rules
from governance.policies import (
    RELEASE,
    PolicyBook,
    PolicyBreach,
    ReleasePolicy,
    adopted_versions,
)
from governance.proposals import ProposalStatus
from ledger.views.records import PolicyVersion
from service.parts import Parts
from service.proposals import details
from service.proposals.releases import BindingRelease, audit_releases, breaches_of

if TYPE_CHECKING:
    from service.dao import Dao


@dataclass(frozen=True, slots=True)
class Judged:
    """What is said about a proposal's releases, ready to be encoded.

    Attributes:
        audits: of the versions that it would release.
        breaches: what they still lack.
    """

    audits: list[dict[str, object]]
    breaches: list[dict[str, object]]


def judge(parts: Parts, dao: Dao, actions: Sequence[Action], *, release_at: int | None) -> Judged:
    """Audits what would be released, and holds it to the release policy in force.

    Args:
        parts: with the log.
        dao: with contracts and policies.
        actions: of the proposal.
        release_at: second from which it could be executed; None once it is over, and then nothing
            lacks any more.

    Raises:
        Unavailable: chain, database or content store do not answer.
    """
    releases = audit_releases(parts, actions)
    breaches: list[PolicyBreach] = []
    if releases and release_at is not None:
        with parts.log.database.read() as connection:
            versions = adopted_versions(connection)
        dao.policies.load(versions)
        policy = _binding(dao.policies, versions)
        breaches = breaches_of(releases, policy, dao.reader, dao.addresses, release_at=release_at)
    size = parts.log.size
    return Judged(
        [details.audit_json(each, size) for each in releases],
        [details.breach_json(each) for each in breaches],
    )


def release_time(dao: Dao, status: ProposalStatus) -> int | None:
    """The second from which a proposal could be executed; None once it is over."""
    if details.is_settled(status.state):
        return None
    facts = status.facts
    if facts.eta:
        return max(facts.eta, status.now)
    rules = read_rules(dao.reader, dao.addresses)
    return max(facts.deadline, status.now) + rules.timelock_delay


def earliest_release(rules: CurrentRules) -> int:
    """The second from which a proposal that is made now could be executed."""
    return rules.now + rules.voting_delay + rules.voting_period + rules.timelock_delay


def _binding(book: PolicyBook, versions: Sequence[PolicyVersion]) -> BindingRelease:
    adopted = [version for version in versions if version.policy == RELEASE]
    if not adopted:
        return BindingRelease()
    latest = max(adopted, key=lambda version: version.version)
    document = book.document_of(latest)
    if isinstance(document, ReleasePolicy):
        return BindingRelease(latest.version, document)
    problem = book.problem_of(latest) or "Its text is no release policy."
    return BindingRelease(latest.version, None, problem)
