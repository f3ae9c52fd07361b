"""What a contract refused, in words.

Contracts refuse with custom errors; their names and arguments are in the artifacts. An error that
is in none of them is shown as the bytes it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TypeAlias

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import collapse_if_tuple

from governance.contracts import CONTRACT_NAMES, artifact
from governance.parameters import ProposalClass
from governance.wording import moment, tokens, visible
from ledger.chain.errors import ExecutionReverted
from ledger.chain.failures import revert_reason
from ledger.errors import ConcordError
from ledger.events.identifiers import to_checksum_address
from ledger.keccak import keccak

Argument: TypeAlias = "str | int | bool | bytes | tuple[Argument, ...]"

STATE_NAMES = (
    "pending",
    "active",
    "canceled",
    "defeated",
    "succeeded",
    "queued",
    "expired",
    "executed",
)
"""`IGovernor.ProposalState`."""

_WORDS: Mapping[str, str] = {
    "GovernorAlreadyCastVote": "{voter} has no votes left here: all were cast, or there were none"
    " at the snapshot",
    "GovernorExceedRemainingWeight": "{voter} has {remainingWeight} left here, not {usedVotes}",
    "GovernorInsufficientProposerVotes": "{proposer} has {votes} and needs {threshold} to propose",
    "GovernorInvalidSignature": "this signature is not {voter}'s for this ballot and its next"
    " nonce",
    "GovernorInvalidVoteType": "a ballot is for, against, abstaining or split",
    "GovernorInvalidVoteParams": "only a split ballot has parameters, three numbers of 16 bytes",
    "GovernorNonexistentProposal": "there is no proposal {proposalId}",
    "GovernorOnlyExecutor": "only a vote can do this, not {account}",
    "GovernorRestrictedProposer": "the description does not end in #proposer= and the address of"
    " {proposer}",
    "GovernorUnableToCancel": "{account} may not cancel this proposal",
    "GovernorUnexpectedProposalState": "the proposal is {current}",
    "GovernorInvalidVotingPeriod": "a voting period cannot be 0",
    "ProposalClassesInvalidParameters": "a quorum is at most 10,000 basis points and an approval"
    " between 5,000 and 10,000, not {quorum} and {approval}",
    "ProposalClassesOutOfOrder": "class {class} would take less than the class below it",
    "ProposalClassesProtectedTarget": "calls to {target} are constitutional, whatever the vote",
    "ERC20ExceededCap": "the supply would be {increasedSupply}, and {cap} is the most",
    "ERC20InsufficientBalance": "{sender} holds {balance}, and {needed} are needed",
    "VotesExpiredSignature": "the signature was valid until {expiry}",
    "InvalidAccountNonce": "the next nonce of {account} is {currentNonce}",
    "MembershipRegistryAlreadyMember": "{account} is a member already",
    "MembershipRegistryNotMember": "{account} is no member",
    "MembershipRegistryInvalidMember": "{account} cannot be a member",
    "MembershipRegistryUnknownRole": "there is no role {role}",
    "ModelRegistryNotAttested": "no record {recordLeaf} of this model was proven to be in the"
    " anchored log",
    "ModelRegistryFlagged": "an auditor flagged record {recordLeaf}",
    "ModelRegistryNotFlagged": "record {recordLeaf} is not flagged",
    "ModelRegistryReleaseExpired": "the release was valid until {validUntil}",
    "ModelRegistryTooFewEvaluations": "{evaluations} auditors found the record clean, and the"
    " release policy asks for {required}",
    "ModelRegistryReleaseTooEarly": "the release policy allows it from {notBefore} on",
    "ModelRegistryMalformedPolicy": "version {version} of the release policy cannot be read by"
    " the contract",
    "OwnableUnauthorizedAccount": "only the owner can do this, not {account}",
    "AccessControlUnauthorizedAccount": "{account} does not hold the role that this takes",
    "PolicyRegistryInvalidKey": "a policy needs a name",
    "PolicyRegistryInvalidDigest": "a policy needs a digest",
    "TimelockUnexpectedOperationState": "the timelock does not have this ready: it is too early,"
    " or done",
    "FailedCall": "the call failed and gave no reason",
}
_TOKENS = frozenset(
    (
        "remainingWeight",
        "usedVotes",
        "votes",
        "threshold",
        "increasedSupply",
        "cap",
        "balance",
        "needed",
    )
)
_MOMENTS = frozenset({"expiry", "validUntil", "notBefore"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a contract refused.

    Attributes:
        error: the custom error's name, `Error`, `Panic`, or empty if it is none that is known.
        arguments: by name, as decoded.
        sentence: in words, without a full stop.
    """

    error: str
    arguments: Mapping[str, Argument]
    sentence: str


def explain(output: bytes) -> Refusal:
    """What a contract reverted with.

    Args:
        output: as in `ExecutionReverted.output`.
    """
    known = _errors().get(output[:4])
    if known is None:
        return _unknown(output)
    name, fields = known
    try:
        values = decode([kind for _, kind in fields], output[4:])
    except DecodingError:
        return _unknown(output)
    arguments: dict[str, Argument] = dict(zip((field for field, _ in fields), values, strict=True))
    shown = {field: _shown(field, kind, arguments[field]) for field, kind in fields}
    template = _WORDS.get(name)
    if template is None:
        listed = ", ".join(f"{field} {value}" for field, value in shown.items())
        sentence = f"the contract refused: {name}" + (f" ({listed})" if listed else "")
    else:
        sentence = template.format_map(shown)
    return Refusal(name, MappingProxyType(arguments), sentence)


def explain_error(error: ConcordError) -> Refusal:
    """Why a call or a transaction failed, whatever the reason."""
    if isinstance(error, ExecutionReverted):
        return explain(error.output)
    return Refusal("", {}, visible(str(error), 400))


def _unknown(output: bytes) -> Refusal:
    reason = revert_reason(output)
    if reason is not None:
        name = "Panic" if reason.startswith("panic code") else "Error"
        return Refusal(name, {}, f'the contract refused: "{visible(reason)}"')
    if not output:
        return Refusal("", {}, "the contract refused and gave no reason")
    return Refusal("", {}, f"the contract refused with 0x{output[:64].hex()}")


def _shown(field: str, kind: str, value: Argument) -> str:
    if kind == "address":
        return to_checksum_address(bytes.fromhex(str(value).removeprefix("0x")))
    if field == "class" and isinstance(value, int) and value in set(ProposalClass):
        return ProposalClass(value).name.lower()
    if field == "current" and isinstance(value, int) and value < len(STATE_NAMES):
        return STATE_NAMES[value]
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, int) and field in _TOKENS:
        return tokens(value)
    if isinstance(value, int) and field in _MOMENTS:
        return moment(value)
    return visible(str(value))


@cache
def _errors() -> Mapping[bytes, tuple[str, tuple[tuple[str, str], ...]]]:
    """Every custom error by its selector: name, and (name, type) of its arguments."""
    found: dict[bytes, tuple[str, tuple[tuple[str, str], ...]]] = {}
    for contract in CONTRACT_NAMES:
        for entry in artifact(contract).abi:
            if entry["type"] == "error":
                fields = tuple(
                    (argument.get("name", ""), collapse_if_tuple(argument))
                    for argument in entry.get("inputs", ())
                )
                signature = f"{entry['name']}({','.join(kind for _, kind in fields)})"
                found[keccak(signature.encode())[:4]] = (entry["name"], fields)
    return MappingProxyType(found)
