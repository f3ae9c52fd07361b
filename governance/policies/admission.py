"""Grants and renewals that the policies in force forbid are not recorded.

An admission, not a rule of the log (see `ledger.log.admission`): the texts of policies are in the
content store, and replaying the log must not depend on them. Only acts are asked about. Uses and
runs are facts, which the log takes whatever they break.

A policy binds from the event after its adoption. What breaks one without being turned away (it was
recorded before the text was at hand, or by a service that does not ask) the audit finds:
`policy-violated`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from governance.policies.book import PolicyBook, adopted_versions
from governance.policies.enforcement import PolicyBreach, grant_refusals, renewal_refusals
from ledger.audit import Policy
from ledger.errors import Refused, Unavailable
from ledger.events.bodies import Body
from ledger.events.bodies.access import AccessGranted, AccessRenewed
from ledger.events.bodies.governance import PolicyAdopted
from ledger.events.envelope import Event
from ledger.views.records import Dataset, Grant, PolicyVersion
from ledger.views.state import State


class PolicyBroken(Refused):
    """A policy that the members adopted forbids the grant or the renewal."""

    code = "policy-breach"
    remedy = (
        "Grant what the policy allows, or propose another policy; `concord policy list` says what"
        " is in force."
    )


class PoliciesLoading(Unavailable):
    """A policy was adopted a moment ago, and its text is still being read."""

    code = "policies-loading"
    remedy = "Send the same event again in a second."


class PolicyAdmission:
    """An `Admission` by the policies in force.

    Args:
        book: has their texts; nothing is read from the content store here.
    """

    kinds = frozenset({AccessGranted.KIND, AccessRenewed.KIND, PolicyAdopted.KIND})

    def __init__(self, book: PolicyBook) -> None:
        self._book = book
        # Replaced once, before anything is recorded.
        self._on_missing: Callable[[], None] = _nothing
        # Of the batch under way.
        self._connection: Connection | None = None
        self._before: tuple[PolicyVersion, ...] | None = None
        self._within: list[PolicyVersion] = []

    def on_missing(self, look: Callable[[], None]) -> None:
        """Calls `look` where a text was not looked for yet. It must be quick and must not raise."""
        self._on_missing = look

    def begin(self, connection: Connection) -> None:
        """See `Admission.begin`."""
        self._connection, self._before = connection, None
        self._within.clear()

    def check(self, event: Event, *, index: int, state: State) -> None:
        """See `Admission.check`.

        Raises:
            PolicyBroken: naming each policy that is broken, its version, and how.
            PoliciesLoading: a text is still being read.
        """
        body = event.body
        if isinstance(body, PolicyAdopted):
            self._within.append(_version(body, index))
            return
        breaches = _breaches(self._policies(), body, state)
        if breaches:
            told = "; ".join(f"{b.policy} (version {b.version}): {b.reason}" for b in breaches)
            raise PolicyBroken(
                f"The policies in force forbid this. {told}. Change the terms, or have the "
                "members change the policy."
            )

    def _policies(self) -> Sequence[Policy]:
        if self._before is None:
            assert self._connection is not None  # noqa: S101 - a batch has begun
            self._before = adopted_versions(self._connection)
        versions = (*self._before, *self._within)
        if not versions:
            return ()
        if not self._book.has_looked_for(versions):
            self._on_missing()
            raise PoliciesLoading("A policy was adopted just now. Send this again in a second.")
        return self._book.policies_of(versions)


def _nothing() -> None:
    pass


def _version(body: PolicyAdopted, index: int) -> PolicyVersion:
    return PolicyVersion(
        policy=body.policy,
        version=body.version,
        digest=body.digest[2:],
        content=body.content,
        parameters=body.parameters,
        adopted_at=0,
        recorded_at=0,
        index=index,
    )


def _breaches(policies: Sequence[Policy], body: Body, state: State) -> tuple[PolicyBreach, ...]:
    """What an act would break; nothing where the rules have let through what is not known."""
    if not policies:
        return ()
    if isinstance(body, AccessGranted):
        dataset = state.get(Dataset, body.dataset)
        return () if dataset is None else grant_refusals(policies, dataset, body)
    if isinstance(body, AccessRenewed):
        grant = state.get(Grant, body.grant)
        dataset = None if grant is None else state.get(Dataset, grant.dataset)
        if grant is not None and dataset is not None:
            return renewal_refusals(policies, dataset, grant, body)
    return ()
