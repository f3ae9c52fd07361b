"""What an action would change: the state it writes, as it is now and as it would be after.

For each kind of action the values that it writes, and how to read them. Pure: the reads are asked
for, and their answers handed in, by `governance.proposals.simulation`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from eth_abi.abi import decode

from governance.actions import Action, canonical_address, checksum_address
from governance.actions.calls import AbiValue, call_data
from governance.actions.encoding import class_number, token_of
from governance.actions.kinds import (
    Admit,
    AdoptPolicy,
    ChangeProfile,
    ChangeRoles,
    ClassDemand,
    ClearFlag,
    Mint,
    PayToken,
    Reassign,
    Release,
    RemoveMember,
    SetActionClass,
    SetAllClasses,
    SetClass,
    SetGuardian,
    SetLeastQuorum,
    SetProposalThreshold,
    SetTimelockDelay,
    SetVoteExtension,
    SetVotingDelay,
    SetVotingPeriod,
    Withdraw,
)
from governance.actions.names import Names, NoNames, version_words
from governance.addresses import DaoAddresses
from governance.contracts import ContractName
from governance.parameters import ROLES, ZERO_ADDRESS, ProposalClass, role_id
from governance.reads import Read
from governance.wording import duration, share, tokens
from ledger.keccak import keccak

UNREADABLE = "unknown"
_QUORUM_NUMERATOR = keccak(b"quorumNumerator()")[:4]  # overloaded, so not found by its name
_STATUS = ("never attested", "attested", "released", "withdrawn")


@dataclass(frozen=True, slots=True)
class Change:
    """One value that an action would write.

    Attributes:
        what: whose value, such as "roles of 0x…".
        before: as it is now.
        after: as it would be.
    """

    what: str
    before: str
    after: str


Answers: TypeAlias = Sequence[bytes | None]
"""What the reads answered, in order; None where one reverted."""


@dataclass(frozen=True, slots=True)
class Effect:
    """How to tell what an action would change.

    Attributes:
        reads: of the present state.
        changes: made of their answers.
    """

    reads: tuple[Read, ...]
    changes: Callable[[Answers], tuple[Change, ...]]


_NOTHING_KNOWN = Effect((), lambda _: ())


def effect_of(action: Action, at: DaoAddresses, names: Names | None = None) -> Effect:
    """What an action would change. For payments of coins and raw calls nothing is known here.

    Args:
        action: of a proposal.
        at: the DAO's contracts.
        names: shown beside records.
    """
    return (
        _on_models(action, at, names or NoNames())
        or _on_members(action, at)
        or _on_tokens(action, at)
        or _on_rules(action, at)
        or _on_settings(action, at)
        or _NOTHING_KNOWN
    )


def _on_models(action: Action, at: DaoAddresses, names: Names) -> Effect | None:
    match action:
        case Release() | Withdraw():
            after = "released" if isinstance(action, Release) else "withdrawn"
            leaf = action.record_leaf
            read = _read(at, "ModelRegistry", "recordOf", bytes.fromhex(leaf[2:]))
            what = f"model {action.model}: {version_words(action.model, leaf, names)}"
            return _single(read, what, _status, after)
        case ClearFlag():
            leaf = action.record_leaf
            read = _read(at, "ModelRegistry", "recordOf", bytes.fromhex(leaf[2:]))
            what = f"flag on model {action.model}: {version_words(action.model, leaf, names)}"
            return _single(read, what, _flag, "none")
        case Reassign():
            read = _read(at, "ModelRegistry", "ownerOf", token_of(action.model))
            return _single(read, f"holder of model {action.model}", _address, action.developer)
        case _:
            return None


def _on_members(action: Action, at: DaoAddresses) -> Effect | None:
    match action:
        case Admit() | ChangeRoles() | RemoveMember():
            member = action.member
            is_member = _read(at, "MembershipRegistry", "isMember", member)
            roles = _read(at, "MembershipRegistry", "rolesOf", member)
            after = "no member" if isinstance(action, RemoveMember) else _role_words(action.roles)
            return Effect(
                (is_member, roles),
                lambda answers: (Change(f"membership of {member}", _membership(*answers), after),),
            )
        case ChangeProfile():
            read = _read(at, "MembershipRegistry", "profileDigestOf", action.member)
            what = f"profile of {action.member}"
            return _single(read, what, lambda raw: "0x" + raw.hex(), action.profile_digest)
        case _:
            return None


def _on_tokens(action: Action, at: DaoAddresses) -> Effect | None:
    match action:
        case Mint():
            return _amounts(
                int(action.amount),
                ("supply of the voting token", _read(at, "ConcordToken", "totalSupply"), 1),
                (f"tokens of {action.to}", _balance(at.token, action.to), 1),
            )
        case PayToken(token=at.token) if action.to != at.timelock:
            return _amounts(
                int(action.amount),
                ("tokens of the treasury", _balance(at.token, at.timelock), -1),
                (f"tokens of {action.to}", _balance(at.token, action.to), 1),
            )
        case _:
            return None


def _on_rules(action: Action, at: DaoAddresses) -> Effect | None:
    match action:
        case AdoptPolicy():
            key = action.policy.encode().ljust(32, b"\0")
            version = _read(at, "PolicyRegistry", "versionOf", key)
            parameters = _read(at, "PolicyRegistry", "parametersOf", key)
            return Effect((version, parameters), lambda answers: _adoption(action, answers))
        case SetClass():
            return _classes(at, (action.proposal_class,), (action,))
        case SetAllClasses():
            names = tuple(level.name.lower() for level in ProposalClass)
            return _classes(at, names, action.classes)
        case SetActionClass():
            selector = bytes.fromhex(action.selector[2:])
            read = _read(at, "ConcordGovernor", "actionClass", action.target, selector)
            what = f"class of calls to {action.target} with {action.selector}"
            return _single(read, what, _class_name, action.proposal_class)
        case _:
            return None


def _on_settings(action: Action, at: DaoAddresses) -> Effect | None:
    governor: ContractName = "ConcordGovernor"
    match action:
        case SetVotingDelay():
            return _time(at, governor, "votingDelay", "voting delay", action.seconds)
        case SetVotingPeriod():
            return _time(at, governor, "votingPeriod", "voting period", action.seconds)
        case SetVoteExtension():
            name = "lateQuorumVoteExtension"
            return _time(at, governor, name, "extension after a late quorum", action.seconds)
        case SetTimelockDelay():
            return _time(at, "TimelockController", "getMinDelay", "timelock delay", action.seconds)
        case SetProposalThreshold():
            read = _read(at, governor, "proposalThreshold")
            after = tokens(int(action.amount))
            return _single(read, "votes that it takes to propose", _tokens, after)
        case SetLeastQuorum():
            read = Read(canonical_address(at.governor), _QUORUM_NUMERATOR)
            return _single(read, "least quorum", _share, share(action.quorum))
        case SetGuardian():
            read = _read(at, governor, "proposalGuardian")
            after = _guardian_words(action.guardian, at)
            return _single(read, "guardian", lambda raw: _guardian_words(_address(raw), at), after)
        case _:
            return None


# Reads


def _read(at: DaoAddresses, contract: ContractName, function: str, *arguments: AbiValue) -> Read:
    return Read(canonical_address(at.of(contract)), call_data(contract, function, *arguments))


def _balance(token: str, holder: str) -> Read:
    return Read(canonical_address(token), call_data("ConcordToken", "balanceOf", holder))


# Changes


def _single(read: Read, what: str, words: Callable[[bytes], str], after: str) -> Effect:
    return Effect((read,), lambda answers: (Change(what, _words(answers[0], words), after),))


def _words(answer: bytes | None, words: Callable[[bytes], str]) -> str:
    return UNREADABLE if answer is None else words(answer)


def _amounts(amount: int, *balances: tuple[str, Read, int]) -> Effect:
    """Balances that `amount` is added to (1) or taken from (-1)."""

    def changes(answers: Answers) -> tuple[Change, ...]:
        return tuple(
            Change(what, tokens(_number(answer)), _balance_words(_number(answer) + sign * amount))
            for (what, _, sign), answer in zip(balances, answers, strict=True)
            if answer is not None
        )

    return Effect(tuple(read for _, read, _ in balances), changes)


def _time(at: DaoAddresses, contract: ContractName, getter: str, what: str, seconds: int) -> Effect:
    read = _read(at, contract, getter)
    return _single(read, what, lambda raw: duration(_number(raw)), duration(seconds))


def _classes(
    at: DaoAddresses, names: Sequence[str], demands: Sequence[SetClass | ClassDemand]
) -> Effect:
    reads = tuple(
        _read(at, "ConcordGovernor", "classParameters", class_number(name)) for name in names
    )
    return Effect(
        reads,
        lambda answers: tuple(
            Change(
                f"what {name} proposals take",
                _words(answer, _demand),
                _demand_words(demand.quorum, demand.approval),
            )
            for name, demand, answer in zip(names, demands, answers, strict=True)
        ),
    )


def _adoption(action: AdoptPolicy, answers: Answers) -> tuple[Change, ...]:
    version, parameters = answers
    what = f"policy {action.policy}"
    before, after = UNREADABLE, f"next version, {action.digest}"
    if version is not None:
        number = _number(version)
        before = f"version {number}" if number else "none"
        after = f"version {number + 1}, {action.digest}"
    changes = (Change(what, before, after),)
    if parameters is None:
        return changes
    (enforced,) = decode(["bytes"], parameters)
    shown = "0x" + enforced.hex()
    if shown == action.parameters:
        return changes
    return (*changes, Change(f"what contracts enforce of {what}", shown, action.parameters))


# Words


def _number(raw: bytes) -> int:
    return int.from_bytes(raw[:32])


def _tokens(raw: bytes) -> str:
    return tokens(_number(raw))


def _balance_words(amount: int) -> str:
    return tokens(amount) if amount >= 0 else "less than nothing"


def _share(raw: bytes) -> str:
    return share(_number(raw))


def _address(raw: bytes) -> str:
    return checksum_address(raw[12:32])


def _guardian_words(address: str, at: DaoAddresses) -> str:
    return {ZERO_ADDRESS: "nobody", at.timelock: "the members, by vote"}.get(address, address)


def _status(raw: bytes) -> str:
    return _STATUS[int.from_bytes(raw[64:96])]


def _flag(raw: bytes) -> str:
    return "raised" if int.from_bytes(raw[96:128]) else "none"


def _class_name(raw: bytes) -> str:
    return ProposalClass(_number(raw)).name.lower()


def _demand(raw: bytes) -> str:
    return _demand_words(_number(raw), int.from_bytes(raw[32:64]))


def _demand_words(quorum: int, approval: int) -> str:
    return f"quorum {share(quorum)}, approval {share(approval)}"


def _membership(is_member: bytes | None, roles: bytes | None) -> str:
    if is_member is None or roles is None:
        return UNREADABLE
    if not _number(is_member):
        return "no member"
    (held,) = decode(["bytes32[]"], roles)
    return _role_words([role for role in ROLES if role_id(role) in held])


def _role_words(roles: Sequence[str]) -> str:
    return "member: " + (", ".join(role for role in ROLES if role in roles) or "no role")
