"""Verifying what somebody was given, and opening what was sealed."""

from __future__ import annotations

import base64

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response

from ledger.errors import ConcordError, Unavailable
from ledger.events import decode_leaf
from ledger.events.canonical import JsonObject, parse_object
from ledger.events.signing import WrongSigner, recover
from ledger.events.typed_data import sealed_read_digest
from ledger.events.wallets import WalletChain
from ledger.merkle import Anchor
from ledger.merkle.encoding import encode_base64
from ledger.store.chains import anchors_of_size
from ledger.store.reads import snapshot
from ledger.vault import Opened, Redacted
from ledger.verify import verify_bundle, verify_receipt
from service.http.answers import Json
from service.http.bodies import read_body, read_object, take
from service.http.errors import InvalidRequest, NoSuchResource
from service.http.openapi import problems, request_body
from service.http.routing import StrictRoute
from service.parts import Parts, parts_of
from service.routes.tree import in_thread
from service.schemas.proofs import ProofDocument, SealedReadAnswer, SealedReadRequest, Verdict
from service.sealed_values import StaleQuestion, ValueErased, check_reader

router = APIRouter(route_class=StrictRoute, tags=["log"])

FRESH_MS = 5 * 60 * 1000
"""How far a signed question's time may be from the service's clock, in milliseconds."""


@router.post(
    "/v1/proofs/verify",
    summary="Verify a receipt or a bundle",
    openapi_extra=request_body(ProofDocument),
    responses={200: {"model": Verdict}},
)
async def verify(request: Request) -> Response:
    """Anyone can do the same offline, trusting nobody: `concord verify`.

    That an anchor's root extends the document's tree is verified. Whether a chain holds it is told
    in `anchor`, as far as this service has read that chain; `concord verify --rpc` asks the chain.
    """
    parts = parts_of(request)
    document = await read_body(request, parts.settings.max_batch_bytes)
    return Json(await in_thread(parts, lambda: _verdict(parts, document)))


def _verdict(parts: Parts, document: bytes) -> JsonObject:
    fields = parse_object(document).keys()
    if "leaf" in fields:
        kind, check = "receipt", _check_receipt
    elif "answer" in fields:
        kind, check = "bundle", _check_bundle
    else:
        raise InvalidRequest("Send a receipt or a bundle, as the service answered it.")
    verdict: JsonObject = dict.fromkeys(_VERDICT_FIELDS)
    verdict["kind"] = kind
    try:
        return verdict | check(parts, document) | {"valid": True}
    except Unavailable:
        # Nothing was found out: the chain that would have to be asked does not answer.
        raise
    except ConcordError as error:
        return verdict | {"valid": False, "problem": error.code, "detail": str(error)}


_VERDICT_FIELDS = (
    "kind", "valid", "problem", "detail", "index", "eventId", "model", "version", "verdict",
    "size", "root", "anchor",
)  # fmt: skip


def _check_receipt(parts: Parts, document: bytes) -> JsonObject:
    chain_id = parts.domain.chain_id
    verified = verify_receipt(
        document, [parts.verifier_key], chain_id=chain_id, wallets=_wallets(parts)
    )
    return {
        "index": verified.recorded.index,
        "eventId": verified.recorded.event.id.hex(),
        "size": verified.checkpoint.size,
        "root": encode_base64(verified.checkpoint.root),
        "anchor": _standing(parts, verified.anchor),
    }


def _wallets(parts: Parts) -> WalletChain | None:
    return None if parts.dao is None else parts.dao.wallets


def _check_bundle(parts: Parts, document: bytes) -> JsonObject:
    verified = verify_bundle(document, [parts.verifier_key], wallets=_wallets(parts))
    return {
        "model": verified.answer.model,
        "version": verified.answer.version,
        "verdict": verified.answer.verdict,
        "size": verified.checkpoint.size,
        "root": encode_base64(verified.checkpoint.root),
        "anchor": _standing(parts, verified.anchor),
    }


def _standing(parts: Parts, anchor: Anchor | None) -> str | None:
    """What this service knows of an anchor whose root extends the document's tree."""
    if anchor is None:
        return None
    said = (
        anchor.chain_id, anchor.contract.lower(), anchor.size, anchor.root, anchor.block_number,
        anchor.block_hash, anchor.transaction_hash,
    )  # fmt: skip
    read = [
        (row.chain_id, row.contract.lower(), row.size, row.root, row.block_number, row.block_hash,
         row.transaction_hash)
        for row in anchors_of_size(parts.log.database, anchor.size)
    ]  # fmt: skip
    return "confirmed" if said in read else "unconfirmed"


@router.post(
    "/v1/sealed:read",
    summary="The value behind a commitment, for those who may see it",
    openapi_extra=request_body(SealedReadRequest),
    responses={200: {"model": SealedReadAnswer}, **problems(403, 404)},
)
async def read_sealed(request: Request) -> Response:
    """The question is signed as EIP-712 `SealedRead`, in the same domain as events."""
    parts = parts_of(request)
    value = await read_object(request, parts.settings.max_event_bytes)
    asked = take(SealedReadRequest, value)
    return Json(await in_thread(parts, lambda: _open(parts, asked)))


def _open(parts: Parts, asked: SealedReadRequest) -> dict[str, object]:
    _check_question(parts, asked)
    sealing = parts.log.vault.read(asked.commitment)
    if isinstance(sealing, Redacted):
        raise ValueErased(f"Erasure {sealing.erasure} destroyed it in event {sealing.index}.")
    if not isinstance(sealing, Opened):
        raise NoSuchResource("No opening is kept here under this commitment.")
    event = decode_leaf(parts.log.leaf(sealing.index), sealing.index).event
    with snapshot(parts.log.database) as views:
        check_reader(asked.reader, event, views)
    return {
        "commitment": asked.commitment,
        "value": orjson.Fragment(orjson.dumps(sealing.value)),
        "salt": base64.b64encode(sealing.salt).decode(),
        "index": sealing.index,
    }


def _check_question(parts: Parts, asked: SealedReadRequest) -> None:
    digest = sealed_read_digest(
        reader=asked.reader,
        commitment=base64.b64decode(asked.commitment),
        issued_at=asked.issued_at,
        domain=parts.domain,
    )
    signer = recover(digest, asked.signature)
    if signer != asked.reader:
        raise WrongSigner(f"The question is signed by {signer}, not by its reader {asked.reader}.")
    if abs(parts.clock() - asked.issued_at) > FRESH_MS:
        raise StaleQuestion(
            f"issuedAt is more than {FRESH_MS // 60_000} minutes from now; sign the question again."
        )
