"""From a call to the readable action that it is, or to a raw call.

A call is decoded only if encoding the action again gives the very same call; whatever else it may
look like, it stays `RawCall`. Nothing is taken from names: a model's name counts only if it hashes
to the token in the call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import cast

from pydantic import ValidationError

from governance.actions.calls import (
    AbiValue,
    Call,
    Function,
    arguments_of,
    checksum_address,
    contract_at,
    functions_of,
)
from governance.actions.encoding import TRANSFER, call_of
from governance.actions.kinds import (
    Action,
    Admit,
    AdoptPolicy,
    ChangeProfile,
    ChangeRoles,
    ClassDemand,
    ClassName,
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
from governance.actions.names import Names, NoNames, model_token
from governance.addresses import DaoAddresses
from governance.parameters import ROLES, ProposalClass, role_id
from ledger.events.bodies.base import Role
from ledger.events.identifiers import LATEST, format_instant

_ROLES: Mapping[bytes, Role] = MappingProxyType({role_id(role): role for role in ROLES})


class _Undecodable(Exception):
    """A value that no readable action holds."""


def action_of(call: Call, at: DaoAddresses, names: Names | None = None) -> Action:
    """The action that a call is.

    Args:
        call: from a proposal, of anybody's making.
        at: the DAO's contracts.
        names: looked up for models.
    """
    try:
        action = _decode(call, at, names or NoNames())
        if action is not None and call_of(action, at) == call:
            return action
    except (_Undecodable, ValidationError):
        pass
    return raw_call(call)


def raw_call(call: Call) -> RawCall:
    """A call as it is. Nothing is checked: what is on chain may be longer than we would propose."""
    return RawCall.model_construct(
        action="call",
        target=call.target,
        value=str(call.value),
        calldata="0x" + call.calldata.hex(),
    )


def function_called(call: Call, at: DaoAddresses) -> tuple[Function, tuple[AbiValue, ...]] | None:
    """The function of one of the DAO's contracts that a call calls, and with what."""
    contract = contract_at(call.target, at)
    function = functions_of(contract).get(call.selector) if contract else None
    values = arguments_of(function, call.calldata) if function else None
    return None if function is None or values is None else (function, values)


def _decode(call: Call, at: DaoAddresses, names: Names) -> Action | None:
    if not call.calldata:
        return Pay(to=call.target, amount=str(call.value))
    called = function_called(call, at)
    if called is None:
        return _token_payment(call)
    function, values = called
    decoder = _DECODERS.get((function.contract, function.name))
    if decoder is not None:
        return decoder(_Values(values, names))
    return _token_payment(call)


def _token_payment(call: Call) -> Action | None:
    """A call that pays, if the target is an ERC-20 token; nobody can tell from the call alone."""
    if call.selector != TRANSFER or len(call.calldata) != 68 or any(call.calldata[4:16]):
        return None
    return PayToken(
        token=call.target,
        to=checksum_address(call.calldata[16:36]),
        amount=str(int.from_bytes(call.calldata[36:])),
    )


class _Values:
    """Arguments of a call, each as an action writes it."""

    def __init__(self, values: tuple[AbiValue, ...], names: Names) -> None:
        self._values = values
        self._names = names

    def number(self, position: int) -> int:
        value = self._values[position]
        assert isinstance(value, int)  # noqa: S101 - the ABI type says so
        return value

    def text(self, position: int) -> str:
        value = self._values[position]
        assert isinstance(value, str)  # noqa: S101
        return value

    def hex(self, position: int) -> str:
        value = self._values[position]
        assert isinstance(value, bytes)  # noqa: S101
        return "0x" + value.hex()

    def model(self, position: int) -> str:
        token = self.number(position)
        name = self._names.model(token)
        return name if name is not None and model_token(name) == token else f"#{token}"

    def second(self, position: int) -> str:
        seconds = self.number(position)
        if seconds * 1000 > LATEST:
            raise _Undecodable
        return format_instant(seconds * 1000)

    def roles(self, position: int) -> tuple[Role, ...]:
        ids = cast("tuple[bytes, ...]", self._values[position])
        if not all(each in _ROLES for each in ids):
            raise _Undecodable
        return tuple(_ROLES[each] for each in ids)

    def proposal_class(self, position: int) -> ClassName:
        number = self.number(position)
        if number not in set(ProposalClass):
            raise _Undecodable
        return cast("ClassName", ProposalClass(number).name.lower())

    def policy(self, position: int) -> str:
        key = bytes.fromhex(self.hex(position)[2:]).rstrip(b"\0")
        if not key.isascii():
            raise _Undecodable
        return key.decode("ascii")

    def demand(self, position: int) -> tuple[int, int]:
        return cast("tuple[int, int]", self._values[position])

    def demands(self, position: int) -> tuple[ClassDemand, ...]:
        pairs = cast("tuple[tuple[int, int], ...]", self._values[position])
        return tuple(ClassDemand(quorum=quorum, approval=approval) for quorum, approval in pairs)


def _release(v: _Values) -> Action:
    return Release(model=v.model(0), record_leaf=v.hex(1), valid_until=v.second(2))


def _withdraw(v: _Values) -> Action:
    return Withdraw(model=v.model(0), record_leaf=v.hex(1), reason=v.hex(2))


def _admit(v: _Values) -> Action:
    return Admit(member=v.text(0), roles=v.roles(1), profile_digest=v.hex(2))


def _adopt(v: _Values) -> Action:
    return AdoptPolicy(policy=v.policy(0), digest=v.hex(1), content=v.text(2), parameters=v.hex(3))


def _set_class(v: _Values) -> Action:
    quorum, approval = v.demand(1)
    return SetClass(proposal_class=v.proposal_class(0), quorum=quorum, approval=approval)


def _set_action_class(v: _Values) -> Action:
    return SetActionClass(target=v.text(0), selector=v.hex(1), proposal_class=v.proposal_class(2))


_DECODERS: Mapping[tuple[str, str], Callable[[_Values], Action]] = MappingProxyType(
    {
        ("ModelRegistry", "release"): _release,
        ("ModelRegistry", "withdraw"): _withdraw,
        ("ModelRegistry", "clearFlag"): lambda v: ClearFlag(model=v.model(0), record_leaf=v.hex(1)),
        ("ModelRegistry", "reassign"): lambda v: Reassign(model=v.model(0), developer=v.text(1)),
        ("MembershipRegistry", "admit"): _admit,
        ("MembershipRegistry", "changeRoles"): lambda v: ChangeRoles(
            member=v.text(0), roles=v.roles(1)
        ),
        ("MembershipRegistry", "changeProfile"): lambda v: ChangeProfile(
            member=v.text(0), profile_digest=v.hex(1)
        ),
        ("MembershipRegistry", "remove"): lambda v: RemoveMember(member=v.text(0)),
        ("PolicyRegistry", "adopt"): _adopt,
        ("ConcordToken", "mint"): lambda v: Mint(to=v.text(0), amount=str(v.number(1))),
        ("ConcordGovernor", "setClassParameters"): _set_class,
        ("ConcordGovernor", "setAllClassParameters"): lambda v: SetAllClasses(classes=v.demands(0)),
        ("ConcordGovernor", "setActionClass"): _set_action_class,
        ("ConcordGovernor", "updateQuorumNumerator"): lambda v: SetLeastQuorum(quorum=v.number(0)),
        ("ConcordGovernor", "setProposalThreshold"): lambda v: SetProposalThreshold(
            amount=str(v.number(0))
        ),
        ("ConcordGovernor", "setProposalGuardian"): lambda v: SetGuardian(guardian=v.text(0)),
        ("ConcordGovernor", "setVotingDelay"): lambda v: SetVotingDelay(seconds=v.number(0)),
        ("ConcordGovernor", "setVotingPeriod"): lambda v: SetVotingPeriod(seconds=v.number(0)),
        ("ConcordGovernor", "setLateQuorumVoteExtension"): lambda v: SetVoteExtension(
            seconds=v.number(0)
        ),
        ("TimelockController", "updateDelay"): lambda v: SetTimelockDelay(seconds=v.number(0)),
    }
)
