"""From a readable action to the call that does it."""

from __future__ import annotations

from eth_abi.abi import encode

from governance.actions.calls import AbiValue, Call, call_data, checksum_address
from governance.actions.kinds import (
    Action,
    Admit,
    AdoptPolicy,
    ChangeProfile,
    ChangeRoles,
    ClearFlag,
    Mint,
    Pay,
    PayToken,
    RawCall,
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
from governance.actions.names import model_token
from governance.addresses import DaoAddresses
from governance.contracts import ContractName
from governance.parameters import ProposalClass, role_id
from ledger.events.bodies.base import Role
from ledger.events.identifiers import parse_instant

TRANSFER = bytes.fromhex("a9059cbb")  # transfer(address,uint256), ERC-20


def call_of(action: Action, at: DaoAddresses) -> Call:
    """The call that does it.

    Args:
        action: from `parse_action`.
        at: the DAO's contracts.
    """
    match action:
        case Pay():
            return Call(checksum_address(action.to), int(action.amount), b"")
        case PayToken():
            arguments = encode(["address", "uint256"], [action.to, int(action.amount)])
            return Call(checksum_address(action.token), 0, TRANSFER + arguments)
        case RawCall():
            calldata = bytes.fromhex(action.calldata[2:])
            return Call(checksum_address(action.target), int(action.value), calldata)
        case _:
            contract, function, values = _of_contract(action)
            return Call(at.of(contract), 0, call_data(contract, function, *values))


def _of_contract(action: Action) -> tuple[ContractName, str, tuple[AbiValue, ...]]:
    return _of_model(action) or _of_member(action) or _of_rule(action) or _of_time(action)


_Encoded = tuple[ContractName, str, tuple[AbiValue, ...]]


def _of_model(action: Action) -> _Encoded | None:
    contract: ContractName = "ModelRegistry"
    match action:
        case Release():
            until = parse_instant(action.valid_until) // 1000
            return contract, "release", (token_of(action.model), _raw(action.record_leaf), until)
        case Withdraw():
            values = (token_of(action.model), _raw(action.record_leaf), _raw(action.reason))
            return contract, "withdraw", values
        case ClearFlag():
            return contract, "clearFlag", (token_of(action.model), _raw(action.record_leaf))
        case Reassign():
            return contract, "reassign", (token_of(action.model), action.developer)
        case _:
            return None


def _of_member(action: Action) -> _Encoded | None:
    contract: ContractName = "MembershipRegistry"
    match action:
        case Admit():
            values = (action.member, _role_ids(action.roles), _raw(action.profile_digest))
            return contract, "admit", values
        case ChangeRoles():
            return contract, "changeRoles", (action.member, _role_ids(action.roles))
        case ChangeProfile():
            return contract, "changeProfile", (action.member, _raw(action.profile_digest))
        case RemoveMember():
            return contract, "remove", (action.member,)
        case _:
            return None


def _of_rule(action: Action) -> _Encoded | None:
    contract: ContractName = "ConcordGovernor"
    match action:
        case AdoptPolicy():
            key = action.policy.encode().ljust(32, b"\0")
            values = (key, _raw(action.digest), action.content, _raw(action.parameters))
            return "PolicyRegistry", "adopt", values
        case Mint():
            return "ConcordToken", "mint", (action.to, int(action.amount))
        case SetClass():
            demand = (action.quorum, action.approval)
            return contract, "setClassParameters", (class_number(action.proposal_class), demand)
        case SetAllClasses():
            demands = tuple((each.quorum, each.approval) for each in action.classes)
            return contract, "setAllClassParameters", (demands,)
        case SetActionClass():
            number = class_number(action.proposal_class)
            return contract, "setActionClass", (action.target, _raw(action.selector), number)
        case SetLeastQuorum():
            return contract, "updateQuorumNumerator", (action.quorum,)
        case SetProposalThreshold():
            return contract, "setProposalThreshold", (int(action.amount),)
        case SetGuardian():
            return contract, "setProposalGuardian", (action.guardian,)
        case _:
            return None


def _of_time(action: Action) -> _Encoded:
    match action:
        case SetVotingDelay():
            return "ConcordGovernor", "setVotingDelay", (action.seconds,)
        case SetVotingPeriod():
            return "ConcordGovernor", "setVotingPeriod", (action.seconds,)
        case SetVoteExtension():
            return "ConcordGovernor", "setLateQuorumVoteExtension", (action.seconds,)
        case SetTimelockDelay():
            return "TimelockController", "updateDelay", (action.seconds,)
        case _:
            raise TypeError(f"{action.action} is no action of a contract")


def token_of(model: str) -> int:
    """The token of a model's name as actions write it."""
    return int(model[1:]) if model.startswith("#") else model_token(model)


def class_number(name: str) -> int:
    """A class as contracts number it."""
    return ProposalClass[name.upper()]


def _raw(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def _role_ids(roles: tuple[Role, ...]) -> tuple[bytes, ...]:
    return tuple(role_id(role) for role in roles)
