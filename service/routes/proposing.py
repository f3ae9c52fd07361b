"""Proposals before they are sent, and what they would do: put together, tried, and undone."""

from __future__ import annotations

import time

from fastapi import APIRouter, Request
from fastapi.responses import Response

from governance.proposals import simulate
from service.http.answers import Json
from service.http.bodies import read_object, take
from service.http.openapi import problems, request_body
from service.http.routing import StrictRoute
from service.http.sources import source_of
from service.parts import parts_of
from service.proposals.drafting import prepare_proposal, simulation_json
from service.routes.chain import dao_of, on_chain
from service.routes.proposals import ProposalId, names_of, proposal_of
from service.schemas.proposals import PreparedProposal, PrepareProposalRequest, SimulationView

router = APIRouter(route_class=StrictRoute, tags=["dao"])


@router.post(
    "/v1/proposals:prepare",
    summary="Prepare a proposal",
    openapi_extra=request_body(PrepareProposalRequest),
    responses={200: {"model": PreparedProposal}, **problems(403, 404, 409, 429)},
)
async def prepare(request: Request) -> Response:
    """Puts it together, tries each action in the present state, and says what it lacks.

    The proposer sends `transaction` from a wallet. Nothing is remembered here but the evidence.
    """
    parts = parts_of(request)
    dao = dao_of(parts)
    value = await read_object(request, parts.settings.max_proposal_bytes)
    asked = take(PrepareProposalRequest, value)
    dao.trials.take(source_of(request), time.monotonic())
    names = names_of(parts, dao)
    return Json(await on_chain(dao, lambda: prepare_proposal(parts, dao, names, asked)))


@router.get(
    "/v1/proposals/{proposal:name}/simulation",
    summary="What a proposal would do now",
    responses={200: {"model": SimulationView}, **problems(403, 404, 429)},
)
async def simulation(request: Request, proposal: ProposalId) -> Response:
    """Each action tried by itself in the present state, and undone."""
    parts = parts_of(request)
    dao = dao_of(parts)
    dao.trials.take(source_of(request), time.monotonic())

    def ask() -> dict[str, object]:
        record = proposal_of(dao, proposal)
        tried = simulate(dao.chain, dao.addresses, record.calls, names_of(parts, dao))
        return simulation_json(tried, dao.content)

    return Json(await on_chain(dao, ask))
