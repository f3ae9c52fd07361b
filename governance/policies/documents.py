"""Policy documents: what members vote on, as JSON that machines can hold everyone to.

A document is identified by the SHA-256 of its bytes. There are two sorts:

- policy `release` says what a release takes:

      {"v": 1, "policy": "release", "rules": [RULE, …]}
      RULE = {"rule": "verdict-required", "accepted": ["clean", …]}   the audit's verdict
           | {"rule": "evaluations-required", "count": n}             auditors who find it clean
           | {"rule": "attested-for", "seconds": n}                   from attestation to release

  Of these the contract enforces the last two, from the policy's `parameters`
  (`abi.encode(uint256 evaluations, uint256 attestedFor)`, see `ModelRegistry.sol`).

- every other policy says what grants may be, in the form of `ledger.audit.policies`. Contracts know
  nothing of grants, so its parameters are empty.

Each rule stands at most once in a release policy; a policy without rules requires nothing, which is
how one is repealed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

from eth_abi.abi import encode
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ledger.audit import Policy, parse_policy
from ledger.audit.answer import Verdict
from ledger.audit.errors import InvalidPolicy
from ledger.audit.policies import MAX_POLICY_BYTES, PolicyRule
from ledger.events.bodies.base import describe
from ledger.events.canonical import InvalidJson, parse_object

RELEASE = "release"
MAX_NAME_BYTES = 32
"""A policy's name is a key of 32 bytes on chain."""

_NO_VERSION = 0


@dataclass(frozen=True, slots=True)
class ReleasePolicy:
    """What a release takes.

    Attributes:
        document: its bytes.
        accepted: the audit verdicts with which a model may be released; None for any.
        evaluations: auditors who have to find the record clean.
        attested_for: seconds from the attestation to the release.
    """

    document: bytes
    accepted: frozenset[Verdict] | None
    evaluations: int
    attested_for: int

    @property
    def name(self) -> str:
        """`release`."""
        return RELEASE

    @property
    def parameters(self) -> bytes:
        """What `ModelRegistry` enforces: 64 bytes, or none where nothing is asked for."""
        if not self.evaluations and not self.attested_for:
            return b""
        return encode(["uint256", "uint256"], [self.evaluations, self.attested_for])


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """What grants may be.

    Attributes:
        document: its bytes.
        name: the policy's id.
        rules: as the audit judges by them.
    """

    document: bytes
    name: str
    rules: tuple[PolicyRule, ...]

    @property
    def parameters(self) -> bytes:
        """Empty: contracts know nothing of grants."""
        return b""


PolicyDocument = ReleasePolicy | AccessPolicy


def digest_of(document: bytes) -> str:
    """SHA-256 as the registry names a document, 0x-hex."""
    return "0x" + hashlib.sha256(document).hexdigest()


def parse_document(document: bytes) -> PolicyDocument:
    """Read a policy document.

    Raises:
        InvalidPolicy: it is not of either form; the message says what is wrong.
        InvalidJson: it is not JSON.
    """
    if len(document) > MAX_POLICY_BYTES:
        raise InvalidPolicy(f"A policy has at most {MAX_POLICY_BYTES} bytes; this has more.")
    if parse_object(document).get("policy") == RELEASE:
        return _release_policy(document)
    policy = parse_policy(document, version=_NO_VERSION, index=0)
    if len(policy.policy.encode()) > MAX_NAME_BYTES:
        raise InvalidPolicy(f"A policy's name has at most {MAX_NAME_BYTES} characters.")
    return AccessPolicy(document, policy.policy, policy.rules)


@dataclass(frozen=True, slots=True)
class AdoptedText:
    """A text that was adopted.

    Attributes:
        name: under which it was adopted.
        version: as the adopting event counts it.
        index: of the adopting event in the log.
        document: its bytes, of the digest that was adopted.
    """

    name: str
    version: int
    index: int
    document: bytes


def audit_policies(adopted: Iterable[AdoptedText]) -> list[Policy]:
    """The policies that an audit judges grants by, of all texts that were adopted.

    A text that is no policy of ours, or another one than it was adopted as, is passed over: the
    version before it goes on binding. Voters were told (`adoption_faults`).
    """
    policies: list[Policy] = []
    for text in adopted:
        try:
            parsed = parse_document(text.document)
        except (InvalidPolicy, InvalidJson):
            continue
        if isinstance(parsed, AccessPolicy) and parsed.name == text.name:
            policy = Policy(text.name, text.version, text.index, text.document, parsed.rules)
            policies.append(policy)
    return policies


# The form of a release policy


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _VerdictRequired(_Part):
    rule: Literal["verdict-required"]
    accepted: Annotated[list[Verdict], Field(min_length=1, max_length=3)]


class _EvaluationsRequired(_Part):
    rule: Literal["evaluations-required"]
    count: Annotated[int, Field(ge=1, le=1_000)]


class _AttestedFor(_Part):
    rule: Literal["attested-for"]
    seconds: Annotated[int, Field(ge=1, lt=2**32)]


class _ReleaseForm(_Part):
    v: Literal[1]
    policy: Literal["release"]
    rules: Annotated[
        list[
            Annotated[
                _VerdictRequired | _EvaluationsRequired | _AttestedFor,
                Field(discriminator="rule"),
            ]
        ],
        Field(max_length=3),
    ]


def _release_policy(document: bytes) -> ReleasePolicy:
    try:
        form = _ReleaseForm.model_validate(parse_object(document))
    except ValidationError as error:
        raise InvalidPolicy(describe(error, "The release policy")) from error
    if len({rule.rule for rule in form.rules}) != len(form.rules):
        raise InvalidPolicy("Each rule stands at most once in a release policy.")
    accepted: frozenset[Verdict] | None = None
    evaluations = attested_for = 0
    for rule in form.rules:
        match rule:
            case _VerdictRequired():
                accepted = frozenset(rule.accepted)
            case _EvaluationsRequired():
                evaluations = rule.count
            case _AttestedFor():
                attested_for = rule.seconds
    return ReleasePolicy(document, accepted, evaluations, attested_for)
