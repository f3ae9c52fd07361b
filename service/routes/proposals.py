"""Proposals, read: what stands to the vote and how it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from governance.proposals import (
    ProposalRecord,
    ProposalState,
    cancelers,
    detail_of,
    read_guardian,
)
from ledger.store.reads import Snapshot, snapshot
from ledger.views.records import ChainEvent, ProposalChange
from service.http.answers import Json
from service.http.openapi import problems
from service.http.pages import DEFAULT_PAGE, After, Limit
from service.http.routing import StrictRoute
from service.parts import Parts, parts_of
from service.proposals import details
from service.proposals.answers import read_creations, summary_json
from service.proposals.judging import judge, release_time
from service.proposals.listing import ProposalFilter, read_page
from service.proposals.names import LedgerNames
from service.routes.chain import dao_of, on_chain
from service.routes.resources import AddressFilter, address_of
from service.schemas.base import Page
from service.schemas.proposals import ProposalSummary, ProposalView, StateName

if TYPE_CHECKING:
    from service.dao import Dao

router = APIRouter(route_class=StrictRoute, tags=["dao"])

ProposalId = Annotated[
    str, Path(pattern=r"^(0|[1-9][0-9]{0,77})$", description="The governor's number, in decimal.")
]


def proposal_of(dao: Dao, proposal: str) -> ProposalRecord:
    """A proposal by the number in a path, as of now.

    Raises:
        UnknownProposal: there is none.
        ChainUnavailable: the chain's node is down.
    """
    dao.proposals.refresh()
    return dao.proposals.get(int(proposal))


def names_of(parts: Parts, dao: Dao) -> LedgerNames:
    """Names for one request."""
    return LedgerNames(parts.log.database, dao.models, parts.profiles)


@router.get(
    "/v1/proposals",
    summary="Proposals, the newest first",
    responses={200: {"model": Page[ProposalSummary]}, **problems(404)},
)
async def proposals(
    request: Request,
    *,
    state: Annotated[StateName | None, Query()] = None,
    proposer: AddressFilter = None,
    limit: Limit = DEFAULT_PAGE,
    after: After = None,
) -> Response:
    """With a filter, a page may hold fewer than `limit` and still have a next one."""
    parts = parts_of(request)
    dao = dao_of(parts)
    wanted = ProposalFilter(
        None if state is None else ProposalState[state.upper()],
        None if proposer is None else address_of(proposer),
    )
    answer = await on_chain(dao, lambda: _page(parts, dao, wanted, after, limit))
    return Json(answer)


def _page(
    parts: Parts, dao: Dao, wanted: ProposalFilter, after: str | None, limit: int
) -> dict[str, object]:
    dao.proposals.refresh()
    page = read_page(dao.proposals, dao.statuses, wanted, after=after, limit=limit)
    names = names_of(parts, dao)
    with snapshot(parts.log.database) as views:
        created = read_creations(views, dao.chain, [record for record, _ in page.items])
        size = views.size
    items = [
        summary_json(record, status, created[record.proposal_id], dao.addresses, names)
        for record, status in page.items
    ]
    return {"items": items, "next": page.next, "size": size}


@router.get(
    "/v1/proposals/{proposal:name}",
    summary="A proposal, whole",
    responses={200: {"model": ProposalView}, **problems(404)},
)
async def one_proposal(request: Request, proposal: ProposalId) -> Response:
    """Its text and actions, what it rests on, what the log says of that now, what has happened.

    Title, body, reasons and names are anybody's text, handed on as they are.
    """
    parts = parts_of(request)
    dao = dao_of(parts)
    return Json(await on_chain(dao, lambda: _detail(parts, dao, proposal)))


def _detail(parts: Parts, dao: Dao, proposal: str) -> dict[str, object]:
    record = proposal_of(dao, proposal)
    status = dao.statuses.read_one(record)
    at, names = dao.addresses, names_of(parts, dao)
    detail = detail_of(record, status, at, names)
    with snapshot(parts.log.database) as views:
        created = read_creations(views, dao.chain, [record])[record.proposal_id]
        changes = _changes(views, proposal)
    actions = [each.action for each in detail.actions]
    judged = judge(parts, dao, actions, release_at=release_time(dao, status))
    shown = details.shown_actions(detail.actions)
    named = detail.description.evidence
    return (
        summary_json(record, status, created, at, names)
        | details.description_json(record.description, detail.description.body)
        | {
            "descriptionHash": "0x" + record.description_hash.hex(),
            "cancelableBy": _cancelers(dao, record, status.state),
            "actions": [details.action_json(each, at, dao.content) for each in shown],
            "actionsOmitted": len(detail.actions) - len(shown),
            "evidence": [
                details.evidence_json(each, dao.evidence.check(each, parts.verifier_key))
                for each in named
            ],
            "audits": judged.audits,
            "policyBreaches": judged.breaches,
            "timeline": details.timeline_json(record, status, created, changes),
        }
    )


def _cancelers(dao: Dao, record: ProposalRecord, state: ProposalState) -> list[str]:
    if details.is_settled(state):
        return []
    return [*cancelers(record, state, read_guardian(dao.reader, dao.addresses), dao.addresses)]


def _changes(views: Snapshot, proposal: str) -> list[tuple[ProposalChange, ChainEvent | None]]:
    changes = views.where(ProposalChange, "proposal", proposal)
    indices = [change.index for change in changes]
    events = views.where_in(ChainEvent, "index", indices) if indices else []
    places = {event.index: event for event in events}
    return [(change, places.get(change.index)) for change in changes]
