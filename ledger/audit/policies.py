"""Policies that an audit judges grants by, as documents that the members adopted.

A policy document is JSON, identified by the SHA-256 of its bytes, which its `policy.adopted` event
names:

    {"v": 1, "policy": "<id>", "rules": [RULE, …]}
    RULE = {"rule": "longest-grant", "days": n, "personalData"?: bool}
         | {"rule": "purposes-allowed", "duo": ["HMB", …], "personalData"?: bool}
         | {"rule": "terms-required", "personalData"?: bool}

`personalData` narrows a rule to datasets with (true) or without (false) personal data.

- A policy binds grants and renewals that are recorded after its adoption and before the adoption of
  its next version.
- `longest-grant`: expiresAt − notBefore, for a renewal expiresAt − effectiveAt, is at most so many
  days.
- `purposes-allowed`: every DUO permission of the grant's purpose is among those listed.
- `terms-required`: the grant names the digest of an agreement.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from ledger.audit.answer import PolicyReference
from ledger.audit.errors import InvalidPolicy
from ledger.events.bodies.base import DuoPermission, describe
from ledger.events.canonical import parse_object
from ledger.events.identifiers import Identifier
from ledger.rules.purposes import PERMISSIONS, terms_of
from ledger.views.records import Dataset, Grant, GrantChange

MAX_POLICY_BYTES = 1 << 20
_DAY_MS = 86_400_000


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, alias_generator=to_camel, populate_by_name=False
    )


class _Rule(_Part):
    personal_data: bool | None = None

    def binds(self, dataset: Dataset) -> bool:
        return self.personal_data is None or self.personal_data == dataset.personal_data


class LongestGrant(_Rule):
    """No grant and no renewal runs for more than so many days."""

    rule: Literal["longest-grant"]
    days: Annotated[int, Field(ge=1, le=36_525)]

    def broken(self, grant: Grant, change: GrantChange) -> str | None:
        """What breaks it; None where it is kept."""
        del grant
        length = (change.expires_at or change.effective_at) - change.effective_at
        if length <= self.days * _DAY_MS:
            return None
        days = -(-length // _DAY_MS)
        return f"it was {change.change} for {days} days, and {self.days} is the most"


class PurposesAllowed(_Rule):
    """Grants are for these purposes only."""

    rule: Literal["purposes-allowed"]
    duo: Annotated[list[DuoPermission], Field(max_length=5)]

    def broken(self, grant: Grant, change: GrantChange) -> str | None:
        """What breaks it; None where it is kept."""
        del change
        asked = terms_of(grant.purpose).duo & frozenset(PERMISSIONS)
        excess = asked - frozenset[str](self.duo)
        if not excess:
            return None
        allowed = ", ".join(self.duo) or "no purpose"
        return f"it is for {', '.join(sorted(excess))}, and {allowed} is allowed"


class TermsRequired(_Rule):
    """Every grant names an agreement."""

    rule: Literal["terms-required"]

    def broken(self, grant: Grant, change: GrantChange) -> str | None:
        """What breaks it; None where it is kept."""
        del change
        return None if grant.terms is not None else "it names no agreement"


PolicyRule = Annotated[LongestGrant | PurposesAllowed | TermsRequired, Field(discriminator="rule")]


class _Document(_Part):
    v: Literal[1]
    policy: Identifier
    rules: Annotated[list[PolicyRule], Field(max_length=64)]


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy that was adopted.

    Attributes:
        policy: its id.
        version: as the adopting event counts it.
        index: of the adopting event.
        document: its bytes.
        rules: what it asks for.
    """

    policy: str
    version: int
    index: int
    document: bytes
    rules: tuple[PolicyRule, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of the document, hex."""
        return hashlib.sha256(self.document).hexdigest()

    def reference(self) -> PolicyReference:
        """How an answer names it."""
        return PolicyReference(self.policy, self.version, self.digest, self.index)


def parse_policy(document: bytes, *, version: int, index: int) -> Policy:
    """Reads a policy document.

    Args:
        document: its bytes, UTF-8 JSON.
        version: as the adopting event says.
        index: of the adopting event.

    Raises:
        InvalidPolicy: if it is not of the form that this module describes.
        InvalidJson: if it is not JSON.
    """
    if len(document) > MAX_POLICY_BYTES:
        raise InvalidPolicy(f"A policy has at most {MAX_POLICY_BYTES} bytes; this has more.")
    try:
        parsed = _Document.model_validate(parse_object(document))
    except ValidationError as error:
        raise InvalidPolicy(describe(error, "The policy")) from error
    return Policy(parsed.policy, version, index, document, tuple(parsed.rules))


def in_force(policies: Iterable[Policy], size: int) -> tuple[Policy, ...]:
    """Those adopted before a size, by id and adoption."""
    adopted = [policy for policy in policies if policy.index < size]
    return tuple(sorted(adopted, key=lambda policy: (policy.policy, policy.index)))


def binding(policies: Iterable[Policy], index: int) -> list[Policy]:
    """For each policy the version in force when event `index` was recorded."""
    latest: dict[str, Policy] = {}
    for policy in sorted(policies, key=lambda policy: policy.index):
        if policy.index < index:
            latest[policy.policy] = policy
    return [latest[name] for name in sorted(latest)]


def broken_rules(
    policies: Sequence[Policy], dataset: Dataset, grant: Grant, changes: Iterable[GrantChange]
) -> list[tuple[Policy, GrantChange, str]]:
    """Each policy that a grant or a renewal of it breaks, with what breaks it.

    Args:
        policies: all of them; those that bind are chosen here.
        dataset: what the grant is for.
        grant: as it was given.
        changes: what happened to it.
    """
    return [
        (policy, change, reason)
        for change in changes
        if change.change in {"granted", "renewed"}
        for policy in binding(policies, change.index)
        for rule in policy.rules
        if rule.binds(dataset) and (reason := rule.broken(grant, change))
    ]
