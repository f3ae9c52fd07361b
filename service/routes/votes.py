"""Votes by signature: prepared, relayed, listed. Delegations likewise.

Whoever signs needs no coins and no account at the chain; who carries a ballot here decides nothing.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from governance.votes import (
    Ballot,
    Delegation,
    SignedBallotForm,
    SignedDelegationForm,
    Split,
    Support,
    ballot_digest,
    ballot_typed_data,
    delegation_digest,
    delegation_typed_data,
    parse_signed_ballot,
    parse_signed_delegation,
    prepare_delegation,
)
from governance.votes.standing import Standing, read_standing, refusal
from ledger.events.bodies.governance import MAX_REASON
from ledger.events.canonical import JsonObject, parse_object
from ledger.events.identifiers import format_instant
from ledger.store.reads import snapshot
from ledger.views import records
from service.dao_workers import MIRROR
from service.http.answers import Json
from service.http.bodies import read_body, read_object, take
from service.http.errors import InvalidParameter
from service.http.openapi import problems, request_body
from service.http.pages import DEFAULT_PAGE, After, Limit, decode_cursor, encode_cursor
from service.http.routing import LeanRoute, StrictRoute
from service.http.sources import source_of
from service.parts import Parts, parts_of
from service.proposals.details import event_place
from service.routes.chain import dao_of, on_chain
from service.routes.proposals import ProposalId, proposal_of
from service.routes.resources import address_of
from service.schemas.base import Page
from service.schemas.votes import (
    BallotReceiptView,
    DelegationReceiptView,
    PrepareBallotRequest,
    PreparedBallot,
    PreparedDelegation,
    PrepareDelegationRequest,
    SupportName,
    VoteView,
)

if TYPE_CHECKING:
    from service.dao import Dao

lean = APIRouter(route_class=LeanRoute, tags=["dao"])
router = APIRouter(route_class=StrictRoute, tags=["dao"])

DELEGATION_SECONDS = 3_600
"""How long a delegation can be relayed where its delegator does not say."""

Amount = Annotated[
    str | None,
    Query(pattern=r"^(0|[1-9][0-9]{0,38})$", description="Votes, in the token's smallest unit."),
]


# Voting


@lean.post(
    "/v1/votes",
    summary="Vote with a signed ballot",
    status_code=201,
    openapi_extra=request_body(SignedBallotForm),
    responses={201: {"model": BallotReceiptView}, **problems(403, 404, 409, 429)},
)
async def vote(request: Request) -> Response:
    """Answers once the ballot is counted in a block, with the receipt."""
    parts = parts_of(request)
    dao = dao_of(parts)
    body = await read_body(request, parts.settings.max_event_bytes)
    signed = parse_signed_ballot(parse_object(body))
    source = source_of(request)
    future = await on_chain(dao, lambda: dao.relay.submit_ballot(signed, source=source))
    receipt = await asyncio.wrap_future(future)
    dao.background.wake(MIRROR)
    return Json(receipt.to_json(), 201)


@router.get(
    "/v1/proposals/{proposal:name}/ballot",
    summary="Prepare a ballot for signing",
    responses={200: {"model": PreparedBallot}, **problems(403, 404, 409)},
)
async def ballot(
    request: Request,
    proposal: ProposalId,
    *,
    voter: Annotated[str, Query(pattern=r"^0x[0-9a-fA-F]{40}$", description="In EIP-55.")],
    support: SupportName,
    reason: Annotated[str, Query(max_length=MAX_REASON)] = "",
    split_against: Annotated[Amount, Query(alias="splitAgainst")] = None,
    split_for: Annotated[Amount, Query(alias="splitFor")] = None,
    split_abstain: Annotated[Amount, Query(alias="splitAbstain")] = None,
) -> Response:
    """As `POST /v1/votes:prepare`; a reason that is long goes there."""
    form: JsonObject = {
        "proposal": proposal,
        "voter": address_of(voter),
        "support": support,
        "reason": reason,
    }
    shares = {"against": split_against, "for": split_for, "abstain": split_abstain}
    if any(share is not None for share in shares.values()):
        form["split"] = {name: share or "0" for name, share in shares.items()}
    return await _prepared(parts_of(request), take(PrepareBallotRequest, form))


@router.post(
    "/v1/votes:prepare",
    summary="Prepare a ballot for signing",
    openapi_extra=request_body(PrepareBallotRequest),
    responses={200: {"model": PreparedBallot}, **problems(403, 404, 409)},
)
async def prepare_vote(request: Request) -> Response:
    """Says what to sign, or why that ballot would not count.

    Sign `typedData` with `eth_signTypedData_v4` (or `digest` as it is), put the signature into
    `ballot`, and post that to `/v1/votes`. Nothing is remembered here.
    """
    parts = parts_of(request)
    dao_of(parts)
    value = await read_object(request, parts.settings.max_event_bytes)
    asked = take(PrepareBallotRequest, value)
    return await _prepared(parts, asked)


async def _prepared(parts: Parts, choice: PrepareBallotRequest) -> Response:
    dao, proposal = dao_of(parts), int(choice.proposal)

    def prepare() -> tuple[Standing, Ballot]:
        standing = read_standing(dao.reader, dao.addresses, proposal, choice.voter)
        made = choice.to_ballot(proposal, standing.nonce)
        reason = refusal(standing, made)
        if reason is not None:
            raise reason
        return standing, made

    standing, made = await on_chain(dao, prepare)
    domain = dao.relay.domains.governor
    return Json(
        {
            "ballot": _ballot_json(made),
            "typedData": ballot_typed_data(made, domain),
            "digest": "0x" + ballot_digest(made, domain).hex(),
            "weight": str(standing.power),
            "used": str(standing.used),
            "hasVoted": standing.used > 0,
            "state": standing.state.name.lower(),
        }
    )


def _ballot_json(made: Ballot) -> JsonObject:
    return {
        "proposal": str(made.proposal_id),
        "voter": made.voter,
        "support": made.support.name.lower(),
        "reason": made.reason,
        "split": None if made.split is None else _split_json(made.split),
        "nonce": str(made.nonce),
    }


def _split_json(split: Split) -> JsonObject:
    return {
        "against": str(split.against),
        "for": str(split.in_favour),
        "abstain": str(split.abstaining),
    }


# Votes that were cast


@router.get(
    "/v1/proposals/{proposal:name}/votes",
    summary="Votes on a proposal, the first one first",
    responses={200: {"model": Page[VoteView]}, **problems(404)},
)
async def votes(
    request: Request, proposal: ProposalId, *, limit: Limit = DEFAULT_PAGE, after: After = None
) -> Response:
    """As the log tells them, which is moments after they were counted."""
    parts = parts_of(request)
    dao = dao_of(parts)
    answer = await on_chain(dao, lambda: _votes(parts, dao, proposal, after, limit))
    return Json(answer)


def _votes(
    parts: Parts, dao: Dao, proposal: str, after: str | None, limit: int
) -> dict[str, object]:
    proposal_of(dao, proposal)
    cursor = decode_cursor(after)
    if cursor is not None and (len(cursor) != 1 or not isinstance(cursor[0], int)):
        raise InvalidParameter("after: take `next` of the page before, as it is.")
    key = None if cursor is None else (*cursor, proposal)
    with snapshot(parts.log.database) as views:
        page = views.page(records.Ballot, {"proposal": proposal}, after=key, limit=limit)
        indices = [row.index for row in page.rows]
        events = views.where_in(records.ChainEvent, "index", indices) if indices else []
    places = {event.index: event_place(event) for event in events}
    return {
        "items": [_vote_json(row, places[row.index]) for row in page.rows],
        "next": encode_cursor(None if page.next is None else page.next[:1]),
        "size": page.size,
    }


def _vote_json(row: records.Ballot, place: dict[str, object]) -> dict[str, object]:
    split = {"against": row.votes_against, "for": row.votes_for, "abstain": row.votes_abstain}
    return {
        "voter": row.voter,
        "support": Support(row.support).name.lower(),
        "weight": row.weight,
        "split": split if row.support == Support.SPLIT else None,
        "reason": row.reason,
        "reasonDigest": row.reason_digest,
        "castAt": format_instant(row.at),
        "chain": place,
    }


# Delegations


@router.post(
    "/v1/delegations:prepare",
    summary="Prepare a delegation for signing",
    openapi_extra=request_body(PrepareDelegationRequest),
    responses={200: {"model": PreparedDelegation}, **problems(404)},
)
async def prepare_a_delegation(request: Request) -> Response:
    """Says what to sign. The tokens stay where they are; their votes are the delegatee's."""
    parts = parts_of(request)
    dao = dao_of(parts)
    value = await read_object(request, parts.settings.max_event_bytes)
    asked = take(PrepareDelegationRequest, value)

    def prepare() -> Delegation:
        expiry = (
            dao.chain.head().timestamp + DELEGATION_SECONDS
            if asked.expiry is None
            else int(asked.expiry)
        )
        return prepare_delegation(
            dao.reader, dao.addresses, asked.delegator, asked.delegatee, expiry=expiry
        )

    made = await on_chain(dao, prepare)
    domain = dao.relay.domains.token
    return Json(
        {
            "delegation": {
                "delegator": made.delegator,
                "delegatee": made.delegatee,
                "nonce": str(made.nonce),
                "expiry": str(made.expiry),
            },
            "typedData": delegation_typed_data(made, domain),
            "digest": "0x" + delegation_digest(made, domain).hex(),
        }
    )


@router.post(
    "/v1/delegations",
    summary="Delegate with a signed delegation",
    status_code=201,
    openapi_extra=request_body(SignedDelegationForm),
    responses={201: {"model": DelegationReceiptView}, **problems(403, 404, 409, 429)},
)
async def delegate(request: Request) -> Response:
    """Answers once the delegation holds, with the receipt."""
    parts = parts_of(request)
    dao = dao_of(parts)
    body = await read_body(request, parts.settings.max_event_bytes)
    signed = parse_signed_delegation(parse_object(body))
    source = source_of(request)
    future = await on_chain(dao, lambda: dao.relay.submit_delegation(signed, source=source))
    receipt = await asyncio.wrap_future(future)
    dao.background.wake(MIRROR)
    return Json(receipt.to_json(), 201)
