"""Did the chain count it? A kept receipt of a ballot or a delegation, asked of the chain itself.

A receipt's weight and place are the word of the service that gave it. They hold if the transaction
stands in the block that the receipt names, and the contract's log at that place says exactly what
was signed: for a ballot who voted on what, how, why and with what weight; for a delegation who lets
whom vote. Then nobody need be believed but the chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from governance.actions import canonical_address
from governance.votes.receipts import Place
from ledger.chain.chain import Chain
from ledger.chain.values import BlockRef, ChainLog
from ledger.errors import IntegrityError, Unavailable
from ledger.keccak import keccak

VOTE_CAST: Final = "VoteCast(address,uint256,uint8,uint256,string)"
VOTE_CAST_WITH_PARAMS: Final = "VoteCastWithParams(address,uint256,uint8,uint256,string,bytes)"
DELEGATE_CHANGED: Final = "DelegateChanged(address,address,address)"
"""Of OpenZeppelin's `IGovernor` and `IVotes`."""

# Strings are read as bytes: the EVM does not know UTF-8.
_VOTE: Final = ("uint256", "uint8", "uint256", "bytes")
_VOTE_WITH_PARAMS: Final = (*_VOTE, "bytes")


class NotOnChain(IntegrityError):
    """The chain does not hold what a receipt says."""

    code = "not-on-chain"


class NotYetFinal(Unavailable):
    """The chain holds it, in a block that could still be replaced."""

    code = "not-yet-final"
    remedy = "Ask again when more blocks have followed."


@dataclass(frozen=True, slots=True)
class CountedVote:
    """A vote as a receipt tells it.

    Attributes:
        governor: EIP-55.
        proposal: the governor's number.
        voter: EIP-55.
        support: as `GovernorCountingFractional` numbers it.
        weight: votes that it cast, in the token's smallest unit.
        reason: as it was signed.
        params: three packed numbers where it is split, else empty.
    """

    governor: str
    proposal: int
    voter: str
    support: int
    weight: int
    reason: str
    params: bytes


@dataclass(frozen=True, slots=True)
class MadeDelegation:
    """A delegation as a receipt tells it; addresses in EIP-55."""

    token: str
    delegator: str
    delegatee: str


def confirm_vote(vote: CountedVote, place: Place, chain: Chain) -> BlockRef:
    """Asks a chain whether its governor counted a vote; the block that holds it.

    Raises:
        NotOnChain: naming what differs.
        NotYetFinal: the block is too young.
        ChainUnavailable: the chain does not answer.
    """
    log, block = _log_at(place, vote.governor, chain)
    with_params = bool(vote.params)
    topics = (_topic(VOTE_CAST_WITH_PARAMS if with_params else VOTE_CAST), _word(vote.voter))
    if log.topics != topics:
        raise NotOnChain(f"The governor's log there is of no vote by {vote.voter}.")
    types = _VOTE_WITH_PARAMS if with_params else _VOTE
    try:
        values = decode(types, log.data)
    except DecodingError as error:
        raise NotOnChain(f"{vote.governor} writes logs that no governor writes.") from error
    wanted = (vote.proposal, vote.support, vote.weight, vote.reason.encode(), vote.params)
    names = ("proposal", "support", "weight", "reason", "split")
    for name, told, said in zip(names, values, wanted, strict=False):
        if told != said:
            raise NotOnChain(
                f"The chain has another {name} than the receipt: {_shown(told)}, not "
                f"{_shown(said)}."
            )
    return block


def confirm_delegation(made: MadeDelegation, place: Place, chain: Chain) -> BlockRef:
    """Asks a chain whether its token took a delegation; the block that holds it.

    Raises:
        NotOnChain, NotYetFinal, ChainUnavailable: as `confirm_vote`.
    """
    log, block = _log_at(place, made.token, chain)
    if (
        len(log.topics) != 4
        or log.topics[:2] != (_topic(DELEGATE_CHANGED), _word(made.delegator))
        or log.topics[3] != _word(made.delegatee)
    ):
        raise NotOnChain(
            f"The token's log there does not say that {made.delegator} lets {made.delegatee} vote."
        )
    return block


def _log_at(place: Place, contract: str, chain: Chain) -> tuple[ChainLog, BlockRef]:
    """The log at a place of a chain, if that contract wrote it."""
    shown = "0x" + place.transaction_hash.hex()
    if place.chain_id != chain.chain_id:
        raise NotOnChain(f"The receipt is of chain {place.chain_id}, asked was {chain.chain_id}.")
    receipt = chain.receipt(place.transaction_hash)
    if receipt is None:
        raise NotOnChain(f"Chain {place.chain_id} has no transaction {shown}.")
    if (receipt.block_number, receipt.block_hash) != (place.block_number, place.block_hash):
        raise NotOnChain(
            f"Transaction {shown} stands in block {receipt.block_number} "
            f"(0x{receipt.block_hash.hex()}), not in block {place.block_number} "
            f"(0x{place.block_hash.hex()})."
        )
    log = next((each for each in receipt.logs if each.log_index == place.log_index), None)
    if log is None or log.address != canonical_address(contract):
        raise NotOnChain(f"Log {place.log_index} of that block is none of {contract}.")
    if not chain.is_confirmed(receipt):
        raise NotYetFinal(
            f"Block {place.block_number} has fewer than {chain.confirmations} blocks after it."
        )
    return log, chain.block(place.block_number)


def _topic(signature: str) -> bytes:
    return keccak(signature.encode())


def _word(address: str) -> bytes:
    return bytes(canonical_address(address)).rjust(32, b"\0")


def _shown(value: object) -> str:
    return repr(value.decode(errors="replace")) if isinstance(value, bytes) else str(value)
