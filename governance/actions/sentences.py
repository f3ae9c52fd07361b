"""Actions as sentences for voters.

What a sentence says is what the call does, no more: names are shown beside addresses, never instead
of them; what cannot be read is shown as the bytes it is, and said to be so.
"""

from __future__ import annotations

from dataclasses import dataclass

from governance.actions.calls import AbiValue, Call
from governance.actions.decoding import action_of, function_called
from governance.actions.kinds import (
    Action,
    Admit,
    AdoptPolicy,
    ChangeProfile,
    ChangeRoles,
    ClassDemand,
    ClearFlag,
    Mint,
    Pay,
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
from governance.actions.names import Names, NoNames, account_words, version_words
from governance.addresses import DaoAddresses
from governance.parameters import ZERO_ADDRESS, ProposalClass
from governance.wording import coins, duration, share, tokens, visible
from ledger.events.bodies.base import Role

_SHOWN_BYTES = 64
_PAYMENT = (ZERO_ADDRESS, "0x00000000")


@dataclass(frozen=True, slots=True)
class DescribedAction:
    """A call for voters to read.

    Attributes:
        call: as the proposal has it.
        action: what it was decoded to.
        sentence: what it does, with a full stop.
        is_understood: whether the sentence says all that the call does; if not, voters need to read
            the bytes.
    """

    call: Call
    action: Action
    sentence: str
    is_understood: bool


def describe_call(call: Call, at: DaoAddresses, names: Names | None = None) -> DescribedAction:
    """What a call does, for voters.

    Args:
        call: of anybody's making.
        at: the DAO's contracts.
        names: shown beside addresses.
    """
    known = names or NoNames()
    action = action_of(call, at, known)
    says = _Speaker(known, at).say(action)
    if says is not None:
        # Whether a foreign contract keeps the promise of ERC-20 cannot be seen from here.
        foreign = isinstance(action, PayToken) and action.token != at.token
        return DescribedAction(call, action, says, is_understood=not foreign)
    return DescribedAction(call, action, _raw_sentence(call, at, known), is_understood=False)


class _Speaker:
    def __init__(self, names: Names, at: DaoAddresses) -> None:
        self._names = names
        self._at = at

    def say(self, action: Action) -> str | None:
        return (
            self._about_models(action)
            or self._about_members(action)
            or self._about_money(action)
            or self._about_rules(action)
            or _about_times(action)
        )

    def _who(self, address: str) -> str:
        return account_words(address, self._names, self._at)

    def _name_in(self, profile: str) -> str | None:
        name = self._names.profile(profile)
        return None if name is None else f'"{visible(name, 80)}"'

    def _about_models(self, action: Action) -> str | None:
        match action:
            case Release():
                version = version_words(action.model, action.record_leaf, self._names)
                return (
                    f"Release {_model(action.model)}: {version}, if executed by "
                    f"{action.valid_until}."
                )
            case Withdraw():
                version = version_words(action.model, action.record_leaf, self._names)
                return (
                    f"Withdraw {_model(action.model)}, {version}, for good; the reason has digest "
                    f"{action.reason}."
                )
            case ClearFlag():
                version = version_words(action.model, action.record_leaf, self._names)
                return f"Lift the auditors' flag from {_model(action.model)}: {version}."
            case Reassign():
                return f"Give {_model(action.model)} to {self._who(action.developer)}."
            case _:
                return None

    def _about_members(self, action: Action) -> str | None:
        match action:
            case Admit():
                name = self._name_in(action.profile_digest)
                called = f", called {name} by its profile," if name else ""
                roles = _with_roles(action.roles)
                return f"Admit {self._who(action.member)}{called} as a member {roles}."
            case ChangeRoles():
                return f"Let {self._who(action.member)} be a member {_with_roles(action.roles)}."
            case ChangeProfile():
                name = self._name_in(action.profile_digest)
                called = f", which calls it {name}" if name else ""
                return (
                    f"Change the profile of {self._who(action.member)} to the one with digest "
                    f"{action.profile_digest}{called}."
                )
            case RemoveMember():
                return (
                    f"Remove {self._who(action.member)} and all their roles; their tokens stay "
                    "theirs."
                )
            case _:
                return None

    def _about_money(self, action: Action) -> str | None:
        match action:
            case Pay():
                amount = coins(int(action.amount))
                return f"Pay {amount} from the treasury to {self._who(action.to)}."
            case PayToken(token=self._at.token):
                amount = tokens(int(action.amount))
                return f"Pay {amount} (voting power) from the treasury to {self._who(action.to)}."
            case PayToken():
                return (
                    f"Transfer {action.amount} units to {self._who(action.to)}, if the contract at "
                    f"{self._who(action.token)} is an ERC-20 token."
                )
            case Mint():
                amount = tokens(int(action.amount))
                return f"Make {amount} (voting power) and give them to {self._who(action.to)}."
            case _:
                return None

    def _about_rules(self, action: Action) -> str | None:
        match action:
            case AdoptPolicy():
                enforced = action.parameters if action.parameters != "0x" else "nothing"
                return (
                    f"Adopt a new version of policy {action.policy}: the text with SHA-256 "
                    f"{action.digest} (content {action.content or 'not named'}); contracts enforce "
                    f"{_policy_parameters(action.policy, action.parameters) or enforced}."
                )
            case SetClass():
                return f"Ask for {_demand(action)} in {action.proposal_class} proposals."
            case SetAllClasses():
                parts = [
                    f"{_demand(demand)} in {level.name.lower()}"
                    for level, demand in zip(ProposalClass, action.classes, strict=True)
                ]
                return f"Ask for {'; '.join(parts)} proposals."
            case SetActionClass() if (action.target, action.selector) == _PAYMENT:
                return f"Treat payments as {action.proposal_class}."
            case SetActionClass():
                return (
                    f"Treat calls of {self._who(action.target)} with selector {action.selector} as "
                    f"{action.proposal_class}."
                )
            case SetGuardian(guardian=holder):
                return self._about_guardian(holder)
            case SetLeastQuorum():
                return f"Ask for a quorum of at least {share(action.quorum)} in every proposal."
            case SetProposalThreshold():
                return f"Ask for {tokens(int(action.amount))} to propose."
            case _:
                return None

    def _about_guardian(self, holder: str) -> str:
        if holder == ZERO_ADDRESS:
            return "Let nobody cancel proposals but their proposers, who may even after the vote."
        if holder == self._at.timelock:
            return "Once voting has begun, let nobody cancel proposals but the members, by vote."
        return f"Let {self._who(holder)} cancel proposals."


def _about_times(action: Action) -> str | None:
    match action:
        case SetVotingDelay():
            return f"Let voting begin {_time(action.seconds)} after a proposal."
        case SetVotingPeriod():
            return f"Let voting last {_time(action.seconds)}."
        case SetVoteExtension():
            return f"Keep voting open for {_time(action.seconds)} after a late quorum."
        case SetTimelockDelay():
            return f"Let {_time(action.seconds)} pass between queueing and execution."
        case _:
            return None


def _raw_sentence(call: Call, at: DaoAddresses, names: Names) -> str:
    target = account_words(call.target, names, at)
    sends = f", sending {coins(call.value)}" if call.value else ""
    called = function_called(call, at)
    if called is not None:
        function, values = called
        listed = ", ".join(
            f"{name or kind} = {_abi_words(value)}"
            for (name, kind), value in zip(function.parameters, values, strict=True)
        )
        return f"Call {function.name}({listed}) of {target}{sends}."
    shown = call.calldata[:_SHOWN_BYTES].hex()
    rest = len(call.calldata) - _SHOWN_BYTES
    more = f" and {rest} bytes more" if rest > 0 else ""
    return (
        f"Call {target}{sends} with data that nobody here can read: 0x{shown}{more}. "
        "Do not vote for it unless you know what it does."
    )


def _abi_words(value: AbiValue) -> str:
    if isinstance(value, bytes):
        return f"0x{value[:_SHOWN_BYTES].hex()}" + ("…" if len(value) > _SHOWN_BYTES else "")
    if isinstance(value, tuple | list):
        return f"[{', '.join(_abi_words(each) for each in value[:16])}]"
    return visible(str(value))


def _model(name: str) -> str:
    return f"the model with token {name}" if name.startswith("#") else f"model {name}"


def _with_roles(roles: tuple[Role, ...]) -> str:
    if not roles:
        return "without a role"
    listed = " and ".join(filter(None, [", ".join(roles[:-1]), roles[-1]]))
    return f"with the role{'s' if len(roles) > 1 else ''} {listed}, and no other"


def _demand(demand: SetClass | ClassDemand) -> str:
    return f"a quorum of {share(demand.quorum)} and an approval of {share(demand.approval)}"


def _time(seconds: int) -> str:
    exact = f"{seconds:,} seconds"
    words = duration(seconds)
    return words if words == exact or seconds < 60 else f"{words} ({exact})"


def _policy_parameters(policy: str, parameters: str) -> str | None:
    """What `ModelRegistry` reads in the parameters of policy `release`."""
    raw = bytes.fromhex(parameters[2:])
    if policy != "release" or not raw:
        return None
    if len(raw) != 64:
        return f"nothing that can be met: {parameters} has the wrong form and blocks every release"
    evaluations, attested_for = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])
    return (
        f"that {evaluations} auditors find a record clean and that {duration(attested_for)} pass "
        "between its attestation and its release"
    )
