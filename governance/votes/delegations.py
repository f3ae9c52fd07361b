"""Preparing a delegation for its delegator to sign."""

from __future__ import annotations

from governance.actions import canonical_address
from governance.actions.calls import call_data
from governance.addresses import DaoAddresses
from governance.reads import Read, Reader
from governance.votes.ballots import Delegation


def prepare_delegation(
    reader: Reader, at: DaoAddresses, delegator: str, delegatee: str, *, expiry: int
) -> Delegation:
    """The delegation to sign, with the token's next nonce.

    Args:
        reader: of the DAO's chain.
        at: its contracts.
        delegator: EIP-55.
        delegatee: EIP-55; `delegator` itself to take a delegation back.
        expiry: second until which it can be relayed.
    """
    call = call_data("ConcordToken", "nonces", delegator)
    nonce = int.from_bytes(reader.read_one(Read(canonical_address(at.token), call)))
    return Delegation(delegator, delegatee, nonce, expiry)
