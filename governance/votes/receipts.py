"""What a voter keeps: the signed ballot and where on the chain it was counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from governance.actions import canonical_address
from governance.addresses import DaoAddresses
from governance.mirror.contract_logs import LogReader
from governance.votes.ballots import SignedBallot, SignedDelegation
from governance.votes.typed_data import (
    ContractDomain,
    ballot_typed_data,
    delegation_typed_data,
)
from ledger.chain.errors import ChainAnswerInvalid
from ledger.chain.values import TransactionReceipt
from ledger.events.canonical import JsonObject

_VOTES = ("VoteCast", "VoteCastWithParams")


@dataclass(frozen=True, slots=True)
class Place:
    """Where on a chain something was written.

    Attributes:
        chain_id: EIP-155.
        block_number: height.
        block_hash: 32 bytes.
        transaction_hash: 32 bytes.
        log_index: of the contract's log in the block.
    """

    chain_id: int
    block_number: int
    block_hash: bytes
    transaction_hash: bytes
    log_index: int

    def to_json(self) -> JsonObject:
        """As the log's chain references have it."""
        return {
            "chainId": self.chain_id,
            "blockNumber": self.block_number,
            "blockHash": "0x" + self.block_hash.hex(),
            "transactionHash": "0x" + self.transaction_hash.hex(),
            "logIndex": self.log_index,
        }


@dataclass(frozen=True, slots=True)
class BallotReceipt:
    """A ballot that was counted. Whoever has the chain can check every part of it.

    Attributes:
        signed: the ballot and its signature.
        domain: what it was signed for.
        weight: votes that it cast, in the token's smallest unit.
        place: of the contract's log of it.
    """

    signed: SignedBallot
    domain: ContractDomain
    weight: int
    place: Place

    def to_json(self) -> JsonObject:
        """For the voter to keep: what was signed, the signature, and where it was counted."""
        return {
            "v": 1,
            "typedData": ballot_typed_data(self.signed.ballot, self.domain),
            "signature": "0x" + self.signed.signature.hex(),
            "weight": str(self.weight),
            "chain": self.place.to_json(),
        }


@dataclass(frozen=True, slots=True)
class DelegationReceipt:
    """A delegation that holds.

    Attributes:
        signed: the delegation and its signature.
        domain: what it was signed for.
        place: of the token's log of it.
    """

    signed: SignedDelegation
    domain: ContractDomain
    place: Place

    @classmethod
    def of(
        cls, signed: SignedDelegation, receipt: TransactionReceipt, domain: ContractDomain
    ) -> Self:
        """From the relaying transaction's receipt; the first log is the change of delegate.

        Raises:
            ChainAnswerInvalid: it holds no log of the token.
        """
        token = canonical_address(domain.contract)
        index = next((log.log_index for log in receipt.logs if log.address == token), None)
        if index is None:
            raise ChainAnswerInvalid("the token did not tell of the delegation that it accepted")
        return cls(signed, domain, _place(receipt, domain.chain_id, index))

    def to_json(self) -> JsonObject:
        """For the delegator to keep."""
        return {
            "v": 1,
            "delegator": self.signed.delegation.delegator,
            "typedData": delegation_typed_data(self.signed.delegation, self.domain),
            "signature": "0x" + self.signed.signature.hex(),
            "chain": self.place.to_json(),
        }


def read_receipt(
    signed: SignedBallot, receipt: TransactionReceipt, domain: ContractDomain, at: DaoAddresses
) -> BallotReceipt:
    """The receipt of a ballot from that of the relaying transaction.

    Raises:
        ChainAnswerInvalid: the governor did not count this ballot in it.
    """
    reader, governor = LogReader(at), canonical_address(at.governor)
    for log in receipt.logs:
        if log.address != governor:
            continue
        event = reader.decode(log)
        if event.name in _VOTES and (
            event.address("voter"),
            event.integer("proposalId"),
            event.integer("support"),
        ) == (signed.ballot.voter, signed.ballot.proposal_id, signed.ballot.support):
            place = _place(receipt, domain.chain_id, log.log_index)
            return BallotReceipt(signed, domain, event.integer("weight"), place)
    raise ChainAnswerInvalid("the governor did not tell of the ballot that it accepted")


def _place(receipt: TransactionReceipt, chain_id: int, log_index: int) -> Place:
    return Place(
        chain_id,
        receipt.block_number,
        receipt.block_hash,
        receipt.transaction_hash,
        log_index,
    )
