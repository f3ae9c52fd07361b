"""The steps of a proposal's life: queued and executed for whoever asks, canceled by those who may;
and its votes counted again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import Response

from governance.proposals import (
    ProposalRecord,
    ProposalRefused,
    ProposalState,
    cancel_transaction,
    cancelers,
    execute,
    queue,
    read_guardian,
)
from ledger.chain.values import TransactionReceipt
from ledger.errors import Conflict
from service.dao_workers import MIRROR
from service.http.answers import Json
from service.http.bodies import read_object, take
from service.http.openapi import problems, request_body
from service.http.routing import StrictRoute
from service.http.sources import source_of
from service.parts import Parts, parts_of
from service.proposals.answers import tally_json
from service.proposals.details import is_settled
from service.proposals.transactions import transaction_json
from service.routes.chain import dao_of, on_chain
from service.routes.proposals import ProposalId, proposal_of
from service.schemas.steps import CancelView, NothingRequest, StepView
from service.schemas.votes import RecountView

if TYPE_CHECKING:
    from service.dao import Dao

router = APIRouter(route_class=StrictRoute, tags=["dao"])

Carry = Callable[["Dao", ProposalRecord], TransactionReceipt]


class ProposalNotDue(Conflict):
    """This step does not come next, or not yet; the message says what the proposal waits for."""

    code = "proposal-not-due"
    remedy = "Wait for what the message names."


class OnlyVoteCancels(Conflict):
    """No account may cancel this proposal any more; the members may, by vote."""

    code = "only-a-vote-cancels"
    remedy = "Vote against it while voting is open, or propose what undoes it."


@router.post(
    "/v1/proposals/{proposal:name}:queue",
    summary="Queue a proposal that succeeded",
    openapi_extra=request_body(NothingRequest),
    responses={200: {"model": StepView}, **problems(403, 404, 409, 429)},
)
async def queue_one(request: Request, proposal: ProposalId) -> Response:
    """Anyone may ask; the service sends it. Answers once it is in a block."""
    return await _step(
        request,
        proposal,
        ProposalState.SUCCEEDED,
        lambda dao, record: queue(dao.chain, dao.signer, record, dao.addresses),
    )


@router.post(
    "/v1/proposals/{proposal:name}:execute",
    summary="Execute a proposal that is queued and due",
    openapi_extra=request_body(NothingRequest),
    responses={200: {"model": StepView}, **problems(403, 404, 409, 429)},
)
async def execute_one(request: Request, proposal: ProposalId) -> Response:
    """Anyone may ask; the service sends it. Answers once it is in a block."""
    return await _step(
        request,
        proposal,
        ProposalState.QUEUED,
        lambda dao, record: execute(dao.chain, dao.signer, record, dao.addresses),
    )


async def _step(request: Request, proposal: str, state: ProposalState, carry: Carry) -> Response:
    parts = parts_of(request)
    dao = dao_of(parts)
    await _nothing(request, parts)
    dao.trials.take(source_of(request), time.monotonic())

    def send() -> TransactionReceipt:
        record = proposal_of(dao, proposal)
        _require_due(dao, record, state)
        try:
            return carry(dao, record)
        except ProposalRefused:
            # The keeper, or somebody else, may have done it in the meantime.
            _require_due(dao, record, state)
            raise

    receipt = await on_chain(dao, send)
    dao.background.wake(MIRROR)
    return Json(
        {
            "transactionHash": "0x" + receipt.transaction_hash.hex(),
            "blockNumber": receipt.block_number,
        }
    )


async def _nothing(request: Request, parts: Parts) -> None:
    take(NothingRequest, await read_object(request, parts.settings.max_event_bytes))


def _require_due(dao: Dao, record: ProposalRecord, state: ProposalState) -> None:
    status = dao.statuses.read_one(record)
    if status.state is not state or not status.is_due:
        raise ProposalNotDue(f"The proposal is {status.state.name.lower()}. {status.waits_for}")


@router.post(
    "/v1/proposals/{proposal:name}:cancel",
    summary="Prepare the cancellation of a proposal",
    openapi_extra=request_body(NothingRequest),
    responses={200: {"model": CancelView}, **problems(404, 409)},
)
async def cancel_one(request: Request, proposal: ProposalId) -> Response:
    """The transaction, for those who may send it (`cancelableBy` of the proposal). `from` is null
    where both its proposer and the guardian may.
    """
    parts = parts_of(request)
    dao = dao_of(parts)
    await _nothing(request, parts)

    def prepare() -> object:
        record = proposal_of(dao, proposal)
        sender = _who_cancels(dao, record)
        return transaction_json(dao.chain, cancel_transaction(record, dao.addresses), sender)

    return Json({"transaction": await on_chain(dao, prepare)})


def _who_cancels(dao: Dao, record: ProposalRecord) -> str | None:
    status = dao.statuses.read_one(record)
    if is_settled(status.state):
        raise ProposalNotDue(f"The proposal is {status.state.name.lower()}. {status.waits_for}")
    guardian = read_guardian(dao.reader, dao.addresses)
    may = cancelers(record, status.state, guardian, dao.addresses)
    accounts = [each for each in may if each != dao.addresses.timelock]
    if not accounts:
        raise OnlyVoteCancels(
            f"The proposal is {status.state.name.lower()}, and no account may cancel it any more: "
            "its proposer could until voting began, and now it takes a vote of the members."
        )
    return accounts[0] if len(accounts) == 1 else None


@router.get(
    "/v1/proposals/{proposal:name}/recount",
    summary="Count a proposal's votes again",
    responses={200: {"model": RecountView}, **problems(404, 429)},
)
async def recount(request: Request, proposal: ProposalId) -> Response:
    """From the chain's raw logs, without the code that made the tally."""
    parts = parts_of(request)
    dao = dao_of(parts)
    dao.trials.take(source_of(request), time.monotonic())
    record = await on_chain(dao, lambda: proposal_of(dao, proposal))
    found = await asyncio.get_running_loop().run_in_executor(
        dao.slow_thread, dao.recounter.recount, record
    )
    return Json(
        {
            "proposal": proposal,
            "tally": tally_json(found.counted),
            "told": tally_json(found.reported),
            "agrees": found.agrees,
            "faults": list(found.faults),
            "ballots": found.votes,
            "blockNumber": found.block_number,
        }
    )
