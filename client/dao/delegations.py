"""Delegations by signature: letting somebody else vote with one's tokens, or taking that back.

As with ballots, what is signed is built here; of the server only the nonce and the token's name are
taken.
"""

from __future__ import annotations

from dataclasses import dataclass

from client.dao.ballots import check_domain, check_shown, check_signer
from client.dao.contracts import DaoContracts
from client.dao.reading import decimal, kept_place, member, read_kept
from client.dao.typed_data import ContractDomain, Message, as_json, digest
from client.errors import UnexpectedAnswer, WrongDelegation
from client.wallets import with_usual_v
from client.wire import text
from ledger.events.canonical import JsonObject

_KEPT = frozenset({"v", "delegator", "typedData", "signature", "chain"})


@dataclass(frozen=True, slots=True)
class UnsignedDelegation:
    """A delegation that lacks nothing but its signature.

    Attributes:
        delegator: EIP-55, who is to sign.
        delegatee: EIP-55; the delegator itself to take it back.
        nonce: the token's next one of the delegator.
        expiry: second since 1970 until which it can be relayed.
        domain: the token that it will be valid for.
    """

    delegator: str
    delegatee: str
    nonce: int
    expiry: int
    domain: ContractDomain

    @property
    def sentence(self) -> str:
        """What signing it says."""
        if self.delegatee == self.delegator:
            return f"{self.delegator} votes with its own tokens."
        return f"{self.delegatee} votes with the tokens of {self.delegator}."

    @property
    def typed_data(self) -> JsonObject:
        """What `eth_signTypedData_v4` takes."""
        return as_json("Delegation", self._message, self.domain)

    @property
    def digest(self) -> bytes:
        """The 32 bytes that are signed."""
        return digest("Delegation", self._message, self.domain)

    @property
    def _message(self) -> Message:
        return {"delegatee": self.delegatee, "nonce": self.nonce, "expiry": self.expiry}

    def with_signature(self, signature: str) -> JsonObject:
        """The signed delegation as it is sent.

        The token takes keys' signatures only; a contract wallet delegates by a transaction.

        Raises:
            WrongDelegation: the delegator's key did not sign this.
        """
        signature = with_usual_v(signature)
        check_signer(self.digest, signature, self.delegator, WrongDelegation)
        return {
            "delegator": self.delegator,
            "delegatee": self.delegatee,
            "nonce": str(self.nonce),
            "expiry": str(self.expiry),
            "signature": signature,
        }


def check_delegation(
    answer: JsonObject,
    *,
    delegator: str,
    delegatee: str,
    expiry: int | None,
    contracts: DaoContracts,
) -> UnsignedDelegation:
    """The delegation to sign, built here; the server's must be the same.

    Args:
        answer: of `POST /v1/delegations:prepare`.
        delegator: that is to sign.
        delegatee: that was asked for.
        expiry: that was asked for; None leaves it to the server, which knows the chain's clock.
        contracts: that the log names.

    Raises:
        WrongDelegation: naming what differs.
    """
    delegation, shown = member(answer, "delegation"), member(answer, "typedData")
    for name, wanted in (("delegator", delegator), ("delegatee", delegatee)):
        if delegation.get(name) != wanted:
            raise WrongDelegation(f"The server's {name} is {delegation.get(name)}, not {wanted}.")
    until = decimal(delegation, "expiry")
    if expiry not in {until, None}:
        raise WrongDelegation(f"The server's delegation holds until {until}, not until {expiry}.")
    domain = check_domain(shown, contracts.chain_id, contracts.token, WrongDelegation)
    nonce = decimal(delegation, "nonce")
    unsigned = UnsignedDelegation(delegator, delegatee, nonce, until, domain)
    check_shown(answer, unsigned.typed_data, unsigned.digest, WrongDelegation)
    return unsigned


def parse_delegation_receipt(document: bytes) -> tuple[UnsignedDelegation, JsonObject]:
    """A kept receipt: the delegation, and where the token took it.

    Raises:
        UnexpectedAnswer: it is no delegation's receipt, or of another chain than was signed for.
        WrongDelegation: its delegator did not sign it.
    """
    value = read_kept(document, _KEPT, "delegation's receipt")
    shown = member(value, "typedData")
    message, domain = member(shown, "message"), member(shown, "domain")
    chain_id = domain.get("chainId")
    if not isinstance(chain_id, int):
        raise UnexpectedAnswer("This is no delegation's receipt: it names no chain.")
    unsigned = UnsignedDelegation(
        text(value, "delegator"),
        text(message, "delegatee"),
        decimal(message, "nonce"),
        decimal(message, "expiry"),
        ContractDomain(text(domain, "name"), chain_id, text(domain, "verifyingContract")),
    )
    if shown != unsigned.typed_data:
        raise WrongDelegation("The receipt's typed data is not that of a delegation.")
    check_signer(unsigned.digest, text(value, "signature"), unsigned.delegator, WrongDelegation)
    return unsigned, kept_place(value, chain_id)
