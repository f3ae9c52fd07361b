"""The DAO itself: its contracts, its token and its rules as they are now."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from governance.addresses import DaoAddresses
from governance.current import CurrentRules, read_rules
from governance.mirror.texts import instant
from ledger.chain.provider import EmbeddedProvider
from service.http.answers import Json
from service.http.openapi import problems
from service.http.routing import StrictRoute
from service.parts import parts_of
from service.routes.chain import dao_of, on_chain
from service.schemas.dao import DaoView

router = APIRouter(route_class=StrictRoute, tags=["dao"])

TOKEN_DECIMALS = 18


@router.get(
    "/v1/dao",
    summary="The DAO and its rules",
    responses={200: {"model": DaoView}, **problems(404)},
)
async def the_dao(request: Request) -> Response:
    """Asked of the contracts, all at one time; the votes may have changed any of it."""
    parts = parts_of(request)
    dao = dao_of(parts)
    rules = await on_chain(dao, lambda: read_rules(dao.reader, dao.addresses))
    base = parts.settings.public_url or str(request.base_url).rstrip("/")
    answer = {
        "chainId": dao.plan.chain_id,
        "rpc": f"{base}/rpc",
        "isEmbedded": isinstance(dao.chain.provider, EmbeddedProvider),
        "contracts": contracts_json(dao.addresses),
    }
    return Json(answer | rules_json(rules))


def contracts_json(at: DaoAddresses) -> dict[str, object]:
    """Addresses by what stands there."""
    return {
        "token": at.token,
        "governor": at.governor,
        "timelock": at.timelock,
        "members": at.membership,
        "policies": at.policies,
        "models": at.models,
        "anchors": at.anchors,
    }


def rules_json(rules: CurrentRules) -> dict[str, object]:
    """Rules as the API answers them."""
    return {
        "token": {
            "name": rules.token_name,
            "symbol": rules.token_symbol,
            "decimals": TOKEN_DECIMALS,
            "supply": str(rules.supply),
        },
        "now": instant(rules.now),
        "votingDelaySeconds": rules.voting_delay,
        "votingPeriodSeconds": rules.voting_period,
        "voteExtensionSeconds": rules.vote_extension,
        "timelockDelaySeconds": rules.timelock_delay,
        "proposalThreshold": str(rules.proposal_threshold),
        "leastQuorum": rules.least_quorum,
        "guardian": rules.guardian,
        "classes": [
            {"class": level.name.lower(), "quorum": demand.quorum, "approval": demand.approval}
            for level, demand in rules.classes.items()
        ],
    }
