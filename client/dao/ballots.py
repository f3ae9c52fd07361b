"""Ballots: what a voter chooses, signs and keeps.

Rules:
- What is signed is built here, from the voter's own choice and the contracts that the log names.
  Of the server only the nonce and the governor's name are taken; the nonce must be one of this
  proposal's, and with another name the signature is worth nothing anywhere.
- A server that shows other typed data than that, or keeps another receipt, is refused by name.
- A key's signature is checked here. Any other may be a contract wallet's (EIP-1271): the governor
  asks the contract when it counts the ballot, and only its chain can tell afterwards.

Weight and place in a receipt are the server's word until the chain is asked: `concord verify
RECEIPT --rpc URL` asks it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

import orjson

from client.dao.contracts import DaoContracts
from client.dao.reading import decimal, hex_bytes, kept_place, member, read_kept
from client.dao.typed_data import ContractDomain, Message, as_json, digest
from client.errors import InvalidChoice, UnexpectedAnswer, WrongBallot
from client.wallets import contract_signature, with_usual_v
from client.wire import text
from ledger.errors import InvalidInput, Refused
from ledger.events.bodies.governance import MAX_REASON
from ledger.events.canonical import JsonObject
from ledger.events.signing import recover

Support = Literal["against", "for", "abstain", "split"]
SUPPORT: Mapping[str, int] = {"against": 0, "for": 1, "abstain": 2, "split": 255}
"""As `GovernorCountingFractional` numbers them."""

_KEPT = frozenset({"v", "typedData", "signature", "weight", "chain"})
_NONCE_KEY_BITS = 192
_UINT128 = 1 << 128
_WORDS = {"against": "Vote against", "for": "Vote for", "abstain": "Abstain on"}


@dataclass(frozen=True, slots=True)
class Split:
    """Votes split between the choices, in the token's smallest unit.

    Raises:
        InvalidChoice: none is cast, or one is not below 2^128.
    """

    in_favour: int = 0
    against: int = 0
    abstaining: int = 0

    def __post_init__(self) -> None:
        shares = (self.against, self.in_favour, self.abstaining)
        if not any(shares) or not all(0 <= each < _UINT128 for each in shares):
            raise InvalidChoice("A split casts at least one vote; no share is negative.")

    @property
    def packed(self) -> bytes:
        """`abi.encodePacked(uint128 against, uint128 for, uint128 abstain)`."""
        shares = (self.against, self.in_favour, self.abstaining)
        return b"".join(each.to_bytes(16) for each in shares)

    def to_json(self) -> JsonObject:
        """Decimal strings by choice."""
        return {
            "against": str(self.against),
            "for": str(self.in_favour),
            "abstain": str(self.abstaining),
        }


@dataclass(frozen=True, slots=True)
class Choice:
    """How somebody votes.

    Attributes:
        support: what for.
        reason: anything; public for ever.
        split: with `split`, and with nothing else.

    Raises:
        InvalidChoice: it is no choice.
    """

    support: Support
    reason: str = ""
    split: Split | None = None

    def __post_init__(self) -> None:
        if self.support not in SUPPORT:
            raise InvalidChoice(f"One votes {', '.join(SUPPORT)}; not {self.support!r}.")
        if (self.support == "split") != (self.split is not None):
            raise InvalidChoice("A split vote says how it is split, and no other does.")
        if len(self.reason) > MAX_REASON or not _is_unicode(self.reason):
            raise InvalidChoice(f"A reason is text of at most {MAX_REASON} characters.")

    def to_json(self) -> JsonObject:
        """As it is asked for and sent."""
        value: JsonObject = {"support": self.support}
        if self.reason:
            value["reason"] = self.reason
        if self.split is not None:
            value["split"] = self.split.to_json()
        return value


@dataclass(frozen=True, slots=True)
class UnsignedBallot:
    """A ballot that lacks nothing but its signature.

    Attributes:
        proposal: the governor's number.
        voter: EIP-55.
        choice: as it was asked for.
        nonce: one of the proposal's.
        domain: the governor that it will be valid for.
        weight: votes that it casts, by the server's word; None where it says nothing.
    """

    proposal: int
    voter: str
    choice: Choice
    nonce: int
    domain: ContractDomain
    weight: int | None = None

    @property
    def sentence(self) -> str:
        """What signing it says."""
        if self.choice.split is not None:
            return f"Split the vote on proposal {self.proposal} as {self.voter}."
        return f"{_WORDS[self.choice.support]} proposal {self.proposal} as {self.voter}."

    @property
    def typed_data(self) -> JsonObject:
        """What `eth_signTypedData_v4` takes."""
        return as_json(*self._struct, self.domain)

    @property
    def digest(self) -> bytes:
        """The 32 bytes that are signed."""
        return digest(*self._struct, self.domain)

    @property
    def _struct(self) -> tuple[str, Message]:
        message: dict[str, int | str | bytes] = {
            "proposalId": self.proposal,
            "support": SUPPORT[self.choice.support],
            "voter": self.voter,
            "nonce": self.nonce,
        }
        if not self.choice.reason and self.choice.split is None:
            return "Ballot", message
        params = self.choice.split.packed if self.choice.split else b""
        return "ExtendedBallot", {**message, "reason": self.choice.reason, "params": params}

    def refusal(self, signature: str) -> WrongBallot | None:
        """Why the voter's key has not signed this; None if it has."""
        try:
            check_signer(self.digest, signature, self.voter, WrongBallot)
        except WrongBallot as error:
            return error
        return None

    def with_signature(self, signature: str) -> JsonObject:
        """The signed ballot as it is sent.

        Args:
            signature: 0x-hex, of the voter's key; or what its contract takes, which the governor
                finds out.

        Raises:
            InvalidSignature: it is no signature of either.
        """
        by_key = with_usual_v(signature)
        is_keyed = self.refusal(by_key) is None
        return {
            "proposal": str(self.proposal),
            "voter": self.voter,
            "nonce": str(self.nonce),
            "signature": by_key if is_keyed else contract_signature(signature),
            **self.choice.to_json(),
        }


@dataclass(frozen=True, slots=True)
class BallotReceipt:
    """What a voter keeps: the signed ballot, and where it was counted by the server's word.

    Attributes:
        document: the JSON; keep it.
        weight: votes that it cast, in the token's smallest unit.
        place: chain id, block, transaction and position of the governor's log of it.
    """

    document: bytes
    weight: int
    place: JsonObject

    @classmethod
    def of(cls, answer: JsonObject, unsigned: UnsignedBallot, signature: str) -> Self:
        """Reads a receipt, which must be of the ballot that was sent.

        Raises:
            WrongBallot: it is of another one.
        """
        if answer.get("typedData") != unsigned.typed_data or answer.get("signature") != signature:
            raise WrongBallot("The server's receipt is of another ballot than was sent. Keep it.")
        place = member(answer, "chain")
        if place.get("chainId") != unsigned.domain.chain_id:
            raise WrongBallot(f"The server counted the ballot on chain {place.get('chainId')}.")
        return cls(
            orjson.dumps(answer, option=orjson.OPT_INDENT_2), decimal(answer, "weight"), place
        )


def check_ballot(
    answer: JsonObject, *, proposal: int, voter: str, choice: Choice, contracts: DaoContracts
) -> UnsignedBallot:
    """The ballot to sign, built here; the server's must be the same.

    Args:
        answer: of `POST /v1/votes:prepare`.
        proposal: that was asked about.
        voter: that is to sign.
        choice: that was made.
        contracts: that the log names.

    Raises:
        WrongBallot: naming what differs.
    """
    ballot, shown = member(answer, "ballot"), member(answer, "typedData")
    if ballot.get("proposal") != str(proposal):
        raise WrongBallot(f"The server's ballot is for proposal {ballot.get('proposal')}.")
    if ballot.get("voter") != voter:
        raise WrongBallot(f"The server's ballot is for the voter {ballot.get('voter')}.")
    if ballot.get("support") != choice.support:
        raise WrongBallot(f"The server's ballot is {ballot.get('support')}.")
    nonce = decimal(ballot, "nonce")
    if nonce >> 64 != proposal % (1 << _NONCE_KEY_BITS):
        raise WrongBallot("The nonce of the server's ballot is another proposal's.")
    domain = check_domain(shown, contracts.chain_id, contracts.governor, WrongBallot)
    weight = decimal(answer, "weight") if answer.get("weight") is not None else None
    unsigned = UnsignedBallot(proposal, voter, choice, nonce, domain, weight)
    check_shown(answer, unsigned.typed_data, unsigned.digest, WrongBallot)
    return unsigned


def check_domain(
    shown: JsonObject, chain_id: int, contract: str, wrong: type[Exception]
) -> ContractDomain:
    """The domain of typed data, which must be that contract on that chain.

    Raises:
        wrong: it is another one.
    """
    domain = member(shown, "domain")
    if domain.get("chainId") != chain_id:
        raise wrong(f"The server's typed data is for chain {domain.get('chainId')}.")
    if domain.get("verifyingContract") != contract:
        raise wrong(
            f"The server's typed data is for the contract {domain.get('verifyingContract')}, the "
            f"log's first leaf names {contract}."
        )
    return ContractDomain(text(domain, "name"), chain_id, contract)


def check_shown(
    answer: JsonObject, typed_data: JsonObject, message: bytes, wrong: type[Exception]
) -> None:
    """Whether the server shows the same to sign as was built here.

    Raises:
        wrong: it does not.
    """
    if answer.get("typedData") != typed_data or hex_bytes(answer, "digest") != message:
        raise wrong("The server shows something else to sign than what was asked for.")


def check_signer(message: bytes, signature: str, signer: str, wrong: type[Exception]) -> None:
    """Whether a signature is the signer's.

    Raises:
        wrong: it is not.
    """
    try:
        found = recover(message, signature)
    except (InvalidInput, Refused) as error:
        raise wrong(f"This is no signature: {error}") from error
    if found != signer:
        raise wrong(f"{found} signed, not {signer}; or something else was signed.")


def parse_ballot_receipt(document: bytes) -> tuple[UnsignedBallot, str, JsonObject]:
    """A kept receipt that its voter's key has signed: the ballot, its signature, and where it was
    counted.

    Raises:
        UnexpectedAnswer: as `read_ballot_receipt`.
        WrongBallot: its voter's key did not sign it; a contract wallet may have.
    """
    value, unsigned, signature = _kept_ballot(document)
    refusal = unsigned.refusal(signature)
    if refusal is not None:
        raise refusal
    return unsigned, signature, kept_place(value, unsigned.domain.chain_id)


def read_ballot_receipt(document: bytes) -> tuple[UnsignedBallot, str, JsonObject]:
    """The same whoever signed it: that is left to look at.

    Raises:
        UnexpectedAnswer: it is no ballot's receipt, or says that another chain counted the ballot.
        WrongBallot: its typed data is not that of a ballot.
    """
    value, unsigned, signature = _kept_ballot(document)
    return unsigned, signature, kept_place(value, unsigned.domain.chain_id)


def _kept_ballot(document: bytes) -> tuple[JsonObject, UnsignedBallot, str]:
    value = read_kept(document, _KEPT, "ballot's receipt")
    shown, signature = member(value, "typedData"), text(value, "signature")
    message, domain = member(shown, "message"), member(shown, "domain")
    support = next((name for name, n in SUPPORT.items() if n == message.get("support")), None)
    if support is None:
        raise UnexpectedAnswer("This is no ballot's receipt: it says no choice.")
    chain_id = domain.get("chainId")
    if not isinstance(chain_id, int):
        raise UnexpectedAnswer("This is no ballot's receipt: it names no chain.")
    extended = shown.get("primaryType") == "ExtendedBallot"
    params = hex_bytes(message, "params") if extended else b""
    unsigned = UnsignedBallot(
        proposal=decimal(message, "proposalId"),
        voter=text(message, "voter"),
        choice=_choice(support, text(message, "reason") if extended else "", params),
        nonce=decimal(message, "nonce"),
        domain=ContractDomain(text(domain, "name"), chain_id, text(domain, "verifyingContract")),
        weight=decimal(value, "weight"),
    )
    if shown != unsigned.typed_data:
        raise WrongBallot("The receipt's typed data is not that of a ballot.")
    return value, unsigned, signature


def _choice(support: str, reason: str, params: bytes) -> Choice:
    try:
        return _read_choice(support, reason, params)
    except InvalidChoice as error:
        raise UnexpectedAnswer(f"This is no ballot's receipt: {error}") from error


def _read_choice(support: str, reason: str, params: bytes) -> Choice:
    if support != "split":
        return Choice(support, reason)  # type: ignore[arg-type]
    if len(params) != 48:
        raise UnexpectedAnswer("A split ballot's parameters are three numbers of 16 bytes.")
    against, in_favour, abstaining = (
        int.from_bytes(params[at : at + 16]) for at in range(0, 48, 16)
    )
    return Choice("split", reason, Split(in_favour, against, abstaining))


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
