"""Whether the typed data that a server prepared says what the person chose, and nothing else.

The whole of it is put together anew from the choice; only the nonce and the contract's name for
itself are taken over, for neither changes what a signature does: a ballot counts for one proposal
only, and a wrong name makes it worthless.

Source of the types: OpenZeppelin `Governor` and `Votes`, EIP-712.
"""

from __future__ import annotations

from dataclasses import dataclass

from client import ConcordError, JsonObject, JsonValue
from dashboard.dao import Contracts
from dashboard.fields import inner, text

SUPPORT: dict[str, int] = {"against": 0, "for": 1, "abstain": 2, "split": 255}
"""`GovernorCountingFractional`."""

_DOMAIN = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
)
_BALLOT = (
    ("proposalId", "uint256"),
    ("support", "uint8"),
    ("voter", "address"),
    ("nonce", "uint256"),
)
_EXTENDED = (*_BALLOT, ("reason", "string"), ("params", "bytes"))
_DELEGATION = (("delegatee", "address"), ("nonce", "uint256"), ("expiry", "uint256"))


class NotWhatWasChosen(ConcordError):
    """The server prepared something else for signing than was chosen."""

    code = "not-what-was-chosen"


@dataclass(frozen=True, slots=True)
class Choice:
    """A vote as somebody chose it.

    Attributes:
        proposal: decimal.
        support: `for`, `against`, `abstain` or `split`.
        reason: public for ever; may be empty.
        split: votes for, against, abstaining, in the smallest unit; for `split` only.
    """

    proposal: str
    support: str
    reason: str = ""
    split: tuple[int, int, int] | None = None


def check_ballot(typed: JsonObject, choice: Choice, voter: str, at: Contracts) -> None:
    """Compares a prepared ballot with the choice.

    Raises:
        NotWhatWasChosen: they differ.
    """
    nonce = text(inner(typed, "message"), "nonce")
    message: JsonObject = {
        "proposalId": choice.proposal,
        "support": SUPPORT[choice.support],
        "voter": voter,
        "nonce": nonce,
    }
    if choice.reason or choice.split is not None:
        message |= {"reason": choice.reason, "params": _params(choice)}
        expected = _typed(typed, "ExtendedBallot", _EXTENDED, message, (at.chain_id, at.governor))
    else:
        expected = _typed(typed, "Ballot", _BALLOT, message, (at.chain_id, at.governor))
    is_nonce = nonce.isascii() and nonce.isdecimal()
    if not is_nonce or int(nonce) >> 64 != int(choice.proposal) % 2**192:
        raise NotWhatWasChosen(_refusal("the ballot's number is not one of this proposal"))
    if typed != expected:
        raise NotWhatWasChosen(_refusal("it is another ballot than the one that was chosen"))


def check_delegation(typed: JsonObject, delegatee: str, at: Contracts) -> None:
    """Compares a prepared delegation with the choice.

    Raises:
        NotWhatWasChosen: they differ.
    """
    told = inner(typed, "message")
    message: JsonObject = {
        "delegatee": delegatee,
        "nonce": text(told, "nonce"),
        "expiry": text(told, "expiry"),
    }
    if typed != _typed(typed, "Delegation", _DELEGATION, message, (at.chain_id, at.token)):
        raise NotWhatWasChosen(_refusal("it is another delegation than the one that was chosen"))


def _refusal(why: str) -> str:
    return f"What the server prepared for signing was refused here: {why}. Nothing was signed."


def _params(choice: Choice) -> str:
    """Three packed uint128: against, for, abstaining."""
    if choice.split is None:
        return "0x"
    in_favour, against, abstaining = choice.split
    return "0x" + b"".join(n.to_bytes(16) for n in (against, in_favour, abstaining)).hex()


def _typed(
    told: JsonObject,
    name: str,
    fields: tuple[tuple[str, str], ...],
    message: JsonObject,
    place: tuple[int, str],
) -> JsonObject:
    chain_id, contract = place
    return {
        "types": {"EIP712Domain": _listed(_DOMAIN), name: _listed(fields)},
        "primaryType": name,
        "domain": {
            "name": text(inner(told, "domain"), "name"),
            "version": "1",
            "chainId": chain_id,
            "verifyingContract": contract,
        },
        "message": message,
    }


def _listed(fields: tuple[tuple[str, str], ...]) -> list[JsonValue]:
    return [{"name": name, "type": kind} for name, kind in fields]
