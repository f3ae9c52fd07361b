"""A kept receipt holds if the chain says exactly what it says, and falls with any part changed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from governance.actions import kinds as k
from governance.votes import Split, Support
from governance.votes.confirmation import (
    CountedVote,
    MadeDelegation,
    NotOnChain,
    NotYetFinal,
    confirm_delegation,
    confirm_vote,
)
from governance.votes.receipts import BallotReceipt, Place
from ledger.chain.connect import embedded
from ledger.chain.provider import EmbeddedProvider
from tests.governance.dao import ALICE, BOB, CAROL, TOKEN, Dao, member
from tests.governance.proposing import proposed, votable
from tests.governance.voting import domains, open_relay, signed_ballot, signed_delegation
from tests.support.chains import anvil_chain

HERE = "203.0.113.7"


@dataclass(frozen=True)
class Kept:
    """What voters keep: a plain vote, a split one, and a delegation."""

    plain: CountedVote
    plain_place: Place
    split: CountedVote
    split_place: Place
    delegation: MadeDelegation
    delegation_place: Place


def counted(dao: Dao, receipt: BallotReceipt, params: bytes = b"") -> CountedVote:
    ballot = receipt.signed.ballot
    return CountedVote(
        dao.at.governor, ballot.proposal_id, ballot.voter, int(ballot.support),
        receipt.weight, ballot.reason, params,
    )  # fmt: skip


@pytest.fixture
def kept(dao: Dao) -> Kept:
    record = proposed(dao, k.Admit(member=member("newcomer").address, roles=()))
    dao.open(votable(record))
    domain = domains(dao).governor
    share = Split(TOKEN, 2 * TOKEN, 3 * TOKEN)
    with open_relay(dao) as relay:
        plain, split = (
            relay.submit_ballot(each, source=HERE).result(timeout=60)
            for each in (
                signed_ballot(ALICE, record, domain, Support.FOR, reason="Why not?"),
                signed_ballot(CAROL, record, domain, Support.SPLIT, split=share),
            )
        )
        signed = signed_delegation(dao, ALICE, BOB, expiry=dao.now() + 3_600)
        made = relay.submit_delegation(signed, source=HERE).result(timeout=60)
    params = b"".join(n.to_bytes(16) for n in (share.against, share.in_favour, share.abstaining))
    return Kept(
        counted(dao, plain),
        plain.place,
        counted(dao, split, params),
        split.place,
        MadeDelegation(dao.at.token, ALICE.address, BOB.address),
        made.place,
    )


def test_the_chain_confirms_votes_and_delegations_as_they_were_made(dao: Dao, kept: Kept) -> None:
    for block, place in (
        (confirm_vote(kept.plain, kept.plain_place, dao.chain), kept.plain_place),
        (confirm_vote(kept.split, kept.split_place, dao.chain), kept.split_place),
        (confirm_delegation(kept.delegation, kept.delegation_place, dao.chain),
         kept.delegation_place),
    ):  # fmt: skip
        assert (block.number, block.block_hash) == (place.block_number, place.block_hash)


def test_a_vote_with_any_part_changed_is_not_what_the_chain_holds(dao: Dao, kept: Kept) -> None:
    changes: list[tuple[dict[str, object], str]] = [
        ({"governor": dao.at.token}, "is none of"),
        ({"proposal": kept.plain.proposal + 1}, "another proposal"),
        ({"voter": BOB.address}, f"no vote by {BOB.address}"),
        ({"support": int(Support.AGAINST)}, "another support"),
        ({"weight": kept.plain.weight + 1}, "another weight"),
        ({"reason": "Why?"}, "another reason than the receipt: 'Why not[?]', not 'Why[?]'"),
        ({"params": bytes(48)}, "is of no vote by"),
    ]
    for change, refusal in changes:
        with pytest.raises(NotOnChain, match=refusal):
            confirm_vote(replace(kept.plain, **change), kept.plain_place, dao.chain)  # type: ignore[arg-type]
    for params in (b"", kept.split.params[::-1]):
        with pytest.raises(NotOnChain, match=r"another split|is of no vote by"):
            confirm_vote(replace(kept.split, params=params), kept.split_place, dao.chain)


def test_a_delegation_with_any_part_changed_is_not_what_the_chain_holds(
    dao: Dao, kept: Kept
) -> None:
    changes = (
        ({"token": dao.at.governor}, "is none of"),
        ({"delegator": CAROL.address}, "does not say"),
        ({"delegatee": CAROL.address}, "does not say"),
    )
    for change, refusal in changes:
        changed = replace(kept.delegation, **change)
        with pytest.raises(NotOnChain, match=refusal):
            confirm_delegation(changed, kept.delegation_place, dao.chain)
    with pytest.raises(NotOnChain):
        confirm_delegation(kept.delegation, kept.plain_place, dao.chain)


def test_another_place_on_the_chain_is_not_where_it_was_counted(dao: Dao, kept: Kept) -> None:
    place = kept.plain_place
    changes: list[tuple[dict[str, object], str]] = [
        ({"chain_id": place.chain_id + 1}, "is of chain"),
        ({"transaction_hash": bytes(32)}, "has no transaction"),
        ({"block_number": place.block_number + 1}, "not in block"),
        ({"block_hash": bytes(32)}, "not in block"),
        ({"log_index": place.log_index + 100}, "is none of"),
    ]
    for change, refusal in changes:
        with pytest.raises(NotOnChain, match=refusal):
            confirm_vote(kept.plain, replace(place, **change), dao.chain)  # type: ignore[arg-type]


def test_a_block_that_could_still_be_replaced_is_waited_for(dao: Dao, kept: Kept) -> None:
    provider = dao.chain.provider
    patient = (
        embedded(provider.node, confirmations=1)
        if isinstance(provider, EmbeddedProvider)
        else anvil_chain(str(provider.endpoint_uri), confirmations=1)  # type: ignore[attr-defined]
    )
    with pytest.raises(NotYetFinal, match="fewer than 1 blocks after it"):
        confirm_delegation(kept.delegation, kept.delegation_place, patient)
    dao.advance(1)
    confirm_delegation(kept.delegation, kept.delegation_place, patient)
