"""Signed ballots and a relay, for tests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from governance.proposals import ProposalRecord
from governance.reads import Reader
from governance.votes import (
    Ballot,
    ContractDomain,
    Delegation,
    RelayLimits,
    SignedBallot,
    SignedDelegation,
    Split,
    Support,
    VoteRelay,
    VotingDomains,
    ballot_digest,
    delegation_digest,
    first_nonce,
    prepare_delegation,
    read_domains,
)
from ledger.chain.signing import KeySigner
from tests.governance.dao import MALLORY, Dao, Member


def domains(dao: Dao) -> VotingDomains:
    return read_domains(Reader(dao.chain), dao.at)


def sign_digest(signer: KeySigner, digest: bytes) -> bytes:
    """65 bytes r, s, v."""
    signature = signer.key.sign_msg_hash(digest)
    return signature.r.to_bytes(32) + signature.s.to_bytes(32) + bytes([27 + signature.v])


def signed_ballot(
    voter: Member,
    proposal: ProposalRecord,
    domain: ContractDomain,
    support: Support = Support.FOR,
    *,
    number: int = 0,
    reason: str = "",
    split: Split | None = None,
) -> SignedBallot:
    nonce = first_nonce(proposal.proposal_id) + number
    ballot = Ballot(proposal.proposal_id, support, voter.address, nonce, reason, split)
    return SignedBallot(ballot, sign_digest(voter.signer, ballot_digest(ballot, domain)))


def signed_delegation(
    dao: Dao, delegator: Member, delegatee: Member, *, expiry: int, nonce: int | None = None
) -> SignedDelegation:
    prepared = prepare_delegation(
        Reader(dao.chain), dao.at, delegator.address, delegatee.address, expiry=expiry
    )
    delegation = Delegation(
        prepared.delegator,
        prepared.delegatee,
        prepared.nonce if nonce is None else nonce,
        prepared.expiry,
    )
    digest = delegation_digest(delegation, domains(dao).token)
    return SignedDelegation(delegation, sign_digest(delegator.signer, digest))


@contextmanager
def open_relay(dao: Dao, limits: RelayLimits | None = None) -> Iterator[VoteRelay]:
    relay = VoteRelay(
        dao.chain,
        dao.at,
        MALLORY.signer,
        domains=domains(dao),
        monotonic=time.monotonic,
        limits=limits,
    )
    yield relay
    relay.close()
