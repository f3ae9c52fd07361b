"""Contract logs as bodies of events: one function an event that the log has a kind for.

Rules:
- Total: whatever a contract can say becomes a valid body. What does not fit is left out or
  shortened, always in the same way; `ledger.events.bodies.governance` says how that shows.
- A proposal's class is told by a log of its own right after it, in the same transaction; both make
  one event.
- Contracts name a model by a token and a record. The ledger knows the record; model and version
  are taken from there.
- Contract logs without a kind (profiles, attestations, evaluations, flags, approvals, settings) are
  passed over: they can be read on chain.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias, get_args

from governance.contracts import ContractName
from governance.mirror.contract_logs import ContractLog, ContractLogInvalid
from governance.mirror.texts import instant, tidy, title_of
from governance.parameters import ROLES, role_id
from ledger.errors import IntegrityError
from ledger.events.bodies.governance import (
    MAX_CALLS,
    MAX_DATA_BYTES,
    MAX_REASON,
    ProposalClassName,
)
from ledger.events.canonical import MAX_SAFE_INTEGER, JsonObject, JsonValue
from ledger.keccak import keccak
from ledger.views.records import ModelVersion

CALLDATA_BUDGET: Final = 16_384
"""Bytes of call data that one proposal's event holds, so that it fits into a leaf."""

_CLASSES: Final[tuple[ProposalClassName, ...]] = get_args(ProposalClassName)
_CLASSIFIED: Final[tuple[ContractName, str]] = ("ConcordGovernor", "ProposalClassified")
_ROLES: Final = {role_id(role): role for role in ROLES}
_IDENTIFIER: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
_CID: Final = re.compile(r"b[a-z2-7]{20,120}")


class ModelRecordUnknown(IntegrityError):
    """The contracts attested a record that is not in this log."""

    code = "model-record-unknown"


@dataclass(frozen=True, slots=True)
class Told:
    """What a contract log becomes.

    Attributes:
        kind: of the event.
        body: without the chain reference.
    """

    kind: str
    body: JsonObject


class Surroundings(Protocol):
    """What a translation needs beside the log."""

    def proposal_class(self, log: ContractLog) -> int | None:
        """The class of the proposal that this log creates; None if the contract did not say."""

    def keep(self, text: bytes) -> str | None:
        """Keeps a proposal's text; its content id, or None where nothing is kept."""

    def model_version(self, record_leaf: bytes) -> ModelVersion | None:
        """The model version whose record is that leaf."""


Translation: TypeAlias = Callable[[ContractLog, Surroundings], Told]
_TRANSLATIONS: dict[tuple[ContractName, str], Translation] = {}


def translate(log: ContractLog, surroundings: Surroundings) -> Told | None:
    """The event that a contract log becomes; None if no kind tells of it.

    Raises:
        ContractLogInvalid: a value that the contract never writes.
        ModelRecordUnknown: the log does not hold the record.
    """
    translation = _TRANSLATIONS.get((log.contract, log.name))
    return None if translation is None else translation(log, surroundings)


def is_told(contract: ContractName, name: str) -> bool:
    """Whether an event of a contract becomes one of the log, or a part of one."""
    return (contract, name) in _TRANSLATIONS or (contract, name) == _CLASSIFIED


def classes_told(logs: Iterable[ContractLog]) -> Mapping[tuple[bytes, int], int]:
    """Classes by (transaction hash, proposal)."""
    return {
        (log.source.transaction_hash, log.integer("proposalId")): log.integer("class")
        for log in logs
        if (log.contract, log.name) == _CLASSIFIED
    }


def _translates(contract: ContractName, name: str) -> Callable[[Translation], Translation]:
    def register(function: Translation) -> Translation:
        _TRANSLATIONS[contract, name] = function
        return function

    return register


# Members


@_translates("MembershipRegistry", "MemberAdmitted")
def _admitted(log: ContractLog, _: Surroundings) -> Told:
    body: JsonObject = {"member": log.address("member"), "roles": _role_names(log)}
    digest = log.raw("profileDigest")
    if any(digest):
        body["profile"] = {"digest": {"sha256": digest.hex()}}
    return Told("member.admitted", body)


@_translates("MembershipRegistry", "MemberRolesChanged")
def _roles_changed(log: ContractLog, _: Surroundings) -> Told:
    return Told(
        "member.roles_changed", {"member": log.address("member"), "roles": _role_names(log)}
    )


@_translates("MembershipRegistry", "MemberRemoved")
def _removed(log: ContractLog, _: Surroundings) -> Told:
    return Told("member.removed", {"member": log.address("member")})


def _role_names(log: ContractLog) -> list[JsonValue]:
    unknown = [role for role in log.raws("roles") if role not in _ROLES]
    if unknown:
        raise ContractLogInvalid(f"{log.name} names a role 0x{unknown[0].hex()} that nobody has")
    return [_ROLES[role] for role in log.raws("roles")]


# Proposals and votes


@_translates("ConcordGovernor", "ProposalCreated")
def _created(log: ContractLog, surroundings: Surroundings) -> Told:
    description = log.raw("description")
    calls, omitted = _calls(log)
    body: JsonObject = {
        "proposal": str(log.integer("proposalId")),
        "proposer": log.address("proposer"),
        "calls": calls,
        "descriptionHash": _hex(keccak(description)),
        "voteStart": instant(log.integer("voteStart")),
        "voteEnd": instant(log.integer("voteEnd")),
    }
    optional: dict[str, JsonValue] = {
        "title": title_of(description),
        "description": surroundings.keep(description),
        "proposalClass": _class_name(surroundings.proposal_class(log)),
        "callsOmitted": omitted or None,
    }
    return Told("proposal.created", body | _present(optional))


def _class_name(level: int | None) -> str | None:
    if level is None:
        return None
    if level >= len(_CLASSES):
        raise ContractLogInvalid(f"a proposal is of class {level}; there are {len(_CLASSES)}")
    return _CLASSES[level]


def _calls(log: ContractLog) -> tuple[list[JsonValue], int]:
    """The calls that an event holds, and how many more there are."""
    every = list(
        zip(log.addresses("targets"), log.integers("values"), log.raws("calldatas"), strict=False)
    )
    budget = CALLDATA_BUDGET
    shown: list[JsonValue] = []
    for target, value, calldata in every[:MAX_CALLS]:
        call: JsonObject = {"target": target, "value": str(value)}
        if len(calldata) <= min(budget, MAX_DATA_BYTES):
            call["calldata"] = _hex(calldata)
            budget -= len(calldata)
        shown.append(call)
    return shown, len(every) - len(shown)


@_translates("ConcordGovernor", "VoteCast")
def _voted(log: ContractLog, _: Surroundings) -> Told:
    return Told("vote.cast", _ballot(log))


@_translates("ConcordGovernor", "VoteCastWithParams")
def _voted_with_params(log: ContractLog, _: Surroundings) -> Told:
    return Told("vote.cast", _ballot(log) | _present({"params": _data(log.raw("params"))}))


def _ballot(log: ContractLog) -> JsonObject:
    raw = log.raw("reason")
    reason = tidy(raw, MAX_REASON)
    optional: dict[str, JsonValue] = {
        "reason": reason.text or None,
        "reasonDigest": None if reason.is_whole else _hex(keccak(raw)),
    }
    body: JsonObject = {
        "proposal": str(log.integer("proposalId")),
        "voter": log.address("voter"),
        "support": log.integer("support"),
        "weight": str(log.integer("weight")),
    }
    return body | _present(optional)


@_translates("ConcordGovernor", "ProposalQueued")
def _queued(log: ContractLog, _: Surroundings) -> Told:
    eta = instant(log.integer("etaSeconds"))
    return Told("proposal.queued", {"proposal": str(log.integer("proposalId")), "eta": eta})


@_translates("ConcordGovernor", "ProposalExecuted")
def _executed(log: ContractLog, _: Surroundings) -> Told:
    return Told("proposal.executed", {"proposal": str(log.integer("proposalId"))})


@_translates("ConcordGovernor", "ProposalCanceled")
def _canceled(log: ContractLog, _: Surroundings) -> Told:
    return Told("proposal.canceled", {"proposal": str(log.integer("proposalId"))})


# Policies, models, tokens


@_translates("PolicyRegistry", "PolicyAdopted")
def _adopted(log: ContractLog, _: Surroundings) -> Told:
    body: JsonObject = {
        "policy": _policy_name(log.raw("key")),
        "version": log.integer("version"),
        "digest": _hex(log.raw("digest")),
    }
    content = log.raw("content").decode("ascii", errors="replace")
    optional: dict[str, JsonValue] = {
        "content": content if _CID.fullmatch(content) else None,
        "parameters": _data(log.raw("parameters")),
    }
    return Told("policy.adopted", body | _present(optional))


def _policy_name(key: bytes) -> str:
    """The key's text where it is an id, as it should be; else its hex, which always is one."""
    text = key.rstrip(b"\0").decode("ascii", errors="replace")
    return text if _IDENTIFIER.fullmatch(text) else _hex(key)


@_translates("ModelRegistry", "ModelReleased")
def _released(log: ContractLog, surroundings: Surroundings) -> Told:
    body = _record(log, surroundings) | {"validUntil": instant(log.integer("validUntil"))}
    return Told(
        "model.released",
        body | {"policyVersion": min(log.integer("policyVersion"), MAX_SAFE_INTEGER)},
    )


@_translates("ModelRegistry", "ModelWithdrawn")
def _withdrawn(log: ContractLog, surroundings: Surroundings) -> Told:
    reason = log.raw("reason")
    optional: dict[str, JsonValue] = {"reasonDigest": _hex(reason) if any(reason) else None}
    return Told("model.withdrawn", _record(log, surroundings) | _present(optional))


def _record(log: ContractLog, surroundings: Surroundings) -> JsonObject:
    leaf = log.raw("recordLeaf")
    version = surroundings.model_version(leaf)
    if version is None or int.from_bytes(keccak(version.model.encode())) != log.integer("model"):
        raise ModelRecordUnknown(
            f"{log.name} in block {log.source.block_number} is about the record {_hex(leaf)}, "
            "which this log does not hold for that model: the log was rolled back, or another was "
            "anchored in its place; restore the newest copy"
        )
    return {"model": version.model, "version": version.version, "recordLeaf": _hex(leaf)}


@_translates("ConcordToken", "Transfer")
def _transferred(log: ContractLog, _: Surroundings) -> Told:
    body: JsonObject = {
        "from": log.address("from"),
        "to": log.address("to"),
        "amount": str(log.integer("value")),
    }
    return Told("token.transferred", body)


@_translates("ConcordToken", "DelegateChanged")
def _delegated(log: ContractLog, _: Surroundings) -> Told:
    names = ("delegator", "fromDelegate", "toDelegate")
    return Told("delegation.changed", {name: log.address(name) for name in names})


def _hex(raw: bytes) -> str:
    return f"0x{raw.hex()}"


def _data(raw: bytes) -> str | None:
    return _hex(raw) if 0 < len(raw) <= MAX_DATA_BYTES else None


def _present(fields: Mapping[str, JsonValue]) -> JsonObject:
    return {name: value for name, value in fields.items() if value is not None}
