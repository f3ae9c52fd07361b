"""What members do at the contracts by themselves, without a vote: prepared for their wallets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from eth_abi.abi import encode
from eth_abi.exceptions import EncodingError
from fastapi import APIRouter, Request
from fastapi.responses import Response

from governance.actions import canonical_address
from governance.actions.calls import AbiValue, Function, functions_of
from governance.actions.names import model_token
from governance.contracts import ContractName
from ledger.anchor import AnchorRegistry
from ledger.chain.signing import TransactionDraft
from ledger.errors import Conflict
from ledger.events.identifiers import check_address
from ledger.store.reads import snapshot
from ledger.views.records import ModelVersion
from service.http.answers import Json
from service.http.bodies import read_object, take
from service.http.errors import InvalidRequest
from service.http.openapi import problems, request_body
from service.http.routing import StrictRoute
from service.parts import Parts, parts_of
from service.proposals.transactions import transaction_json
from service.routes.chain import dao_of, on_chain
from service.routes.resources import AnyVersion, Id, missing
from service.schemas.dao import TransactionView
from service.schemas.steps import AttestationView, PrepareTransactionRequest

router = APIRouter(route_class=StrictRoute, tags=["dao"])

_CONTRACTS: Mapping[str, ContractName] = MappingProxyType(
    {"models": "ModelRegistry", "token": "ConcordToken"}
)
_FUNCTIONS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "models": ("register", "attest", "evaluate", "flag"),
        "token": ("transfer", "delegate"),
    }
)
Given = str | list[str]


class NotAnchoredYet(Conflict):
    """No root that holds the record stands in the DAO's registry; the anchorer will see to it."""

    code = "not-anchored-yet"
    remedy = (
        "Wait for the next anchor, or have an operator or auditor ask for one with `concord "
        "anchor now`."
    )


@router.post(
    "/v1/transactions:prepare",
    summary="Prepare a member's own transaction",
    openapi_extra=request_body(PrepareTransactionRequest),
    responses={200: {"model": TransactionView}, **problems(404)},
)
async def prepare(request: Request) -> Response:
    """`models`: register, attest, evaluate, flag; `token`: transfer, delegate."""
    parts = parts_of(request)
    dao = dao_of(parts)
    value = await read_object(request, parts.settings.max_proposal_bytes)
    asked = take(PrepareTransactionRequest, value)
    function = _function(asked.contract, asked.function)
    arguments = _encoded(function, asked.arguments)
    target = dao.addresses.of(function.contract)
    draft = TransactionDraft(canonical_address(target), arguments)
    return Json(await on_chain(dao, lambda: transaction_json(dao.chain, draft, asked.sender)))


def _function(contract: str, name: str) -> Function:
    known = _FUNCTIONS[contract]
    if name not in known:
        raise InvalidRequest(f"function: members call {', '.join(known)} of {contract} here.")
    found = functions_of(_CONTRACTS[contract]).values()
    return next(each for each in found if each.name == name)


def _encoded(function: Function, arguments: Sequence[Given]) -> bytes:
    listed = ", ".join(f"{kind} {name}" for name, kind in function.parameters)
    if len(arguments) != len(function.parameters):
        raise InvalidRequest(f"arguments: {function.name} takes {listed}.")
    selector = next(
        selector for selector, each in functions_of(function.contract).items() if each == function
    )
    try:
        values = [
            _value(kind, value) for kind, value in zip(function.types, arguments, strict=True)
        ]
        return selector + encode(function.types, values)
    except (ValueError, EncodingError) as error:
        raise InvalidRequest(f"arguments: {function.name} takes {listed}: {error}") from error


def _value(kind: str, value: Given) -> AbiValue:
    if kind.endswith("[]"):
        if isinstance(value, str):
            raise ValueError(f"{kind} is a list")
        return [_value(kind[:-2], each) for each in value]
    if not isinstance(value, str):
        raise ValueError(f"{kind} is no list")  # noqa: TRY004 - of what somebody sent
    if kind == "address":
        return check_address(value)
    if kind.startswith("uint"):
        if not (value.isascii() and value.isdigit()) or len(value) > 78:
            raise ValueError(f"{kind} is a number in decimal")
        return int(value)
    if kind.startswith("bytes"):
        if not value.startswith("0x"):
            raise ValueError(f"{kind} is 0x-hex")
        return bytes.fromhex(value[2:])
    return value


@router.get(
    "/v1/models/{model}/versions/{version}/attestation",
    summary="What attests a model version's record on the chain",
    responses={200: {"model": AttestationView}, **problems(404, 409)},
)
async def attestation(request: Request, model: Id, version: AnyVersion) -> Response:
    """The record with its proof in the tree whose root was anchored last, which a release needs."""
    parts = parts_of(request)
    dao = dao_of(parts)
    registry = AnchorRegistry(dao.chain, canonical_address(dao.addresses.anchors))
    return Json(
        await on_chain(dao, lambda: _attestation(parts, registry.latest().size, model, version))
    )


def _attestation(parts: Parts, size: int, model: str, version: str) -> dict[str, object]:
    with snapshot(parts.log.database) as views:
        row = views.get(ModelVersion, model, version)
    if row is None:
        raise missing(ModelVersion, model, version)
    if row.index >= size:
        raise NotAnchoredYet(
            f"Version {version} of {model} is event {row.index}; anchored are the first {size}. "
            "The next anchor holds it."
        )
    token, entry = str(model_token(model)), "0x" + parts.log.leaf(row.index).hex()
    proof = ["0x" + each.hex() for each in parts.log.inclusion(row.index, size)]
    return {
        "model": model,
        "version": version,
        "token": token,
        "recordLeaf": "0x" + row.leaf_hash,
        "index": row.index,
        "size": size,
        "arguments": [token, entry, str(size), str(row.index), proof],
    }
