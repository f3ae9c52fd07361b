"""What went into a model, and what a revocation would reach; as of now or any earlier point.

Each answer is read from one snapshot of the database, and names the size of the log that it is
given at.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from ledger.audit import ManifestRows, audit_json
from ledger.audit.impact import impact, impact_json
from ledger.audit.lineage import lineage, lineage_json
from ledger.store.evidence import SqlRows
from ledger.views.records import model_node
from service import auditing
from service.http.answers import Json
from service.http.errors import InvalidParameter
from service.http.openapi import problems
from service.http.pages import Point, moment_of
from service.http.routing import StrictRoute
from service.latest import verdicts_of
from service.parts import Parts, parts_of
from service.routes.resources import AnyVersion, Id, IdFilter
from service.routes.tree import in_thread
from service.schemas.audits import AuditView, BundleView, ImpactView, LineageView, VerdictsView
from service.titles import titles_of
from service.verdicts import VersionKey

router = APIRouter(route_class=StrictRoute, tags=["audit"])

MAX_DEPTH = 10_000
MAX_VERDICTS = 100
_KEY = r"([a-z0-9][a-z0-9._-]{0,127})@([A-Za-z0-9][A-Za-z0-9._+-]{0,63})"
_VERSION = re.compile(_KEY)


@router.get(
    "/v1/models/{model}/versions/{version}/audit",
    summary="Audit a model version",
    responses={200: {"model": AuditView | BundleView}, **problems(403, 404)},
)
async def audit_version(
    request: Request,
    model: Id,
    version: AnyVersion,
    *,
    at: Point = None,
    bundle: Annotated[
        bool, Query(description="Answer with everything that it takes to verify it offline.")
    ] = False,
) -> Response:
    """Every ancestor with the grant that covered it, and everything that is wrong."""
    parts = parts_of(request)
    return Json(await in_thread(parts, lambda: _audit(parts, model, version, at, bundle=bundle)))


def _audit(parts: Parts, model: str, version: str, at: str | None, *, bundle: bool) -> object:
    size = moment_of(at, parts.log).size
    if bundle:
        return auditing.bundle_version(parts, model, version, size)
    return audit_json(auditing.audit_version(parts, model, version, size))


@router.get(
    "/v1/verdicts",
    summary="The verdicts of many model versions",
    responses={200: {"model": VerdictsView}, **problems(404)},
)
async def verdicts(
    request: Request,
    *,
    of: Annotated[
        str,
        Query(
            max_length=20_000,
            description="Such as `tumours@1,tumours@2`; 100 at most.",
            json_schema_extra={"pattern": rf"^{_KEY}(,{_KEY}){{0,{MAX_VERDICTS - 1}}}$"},
        ),
    ],
) -> Response:
    """For lists. A verdict holds for a log of `verdictSize` events; what there was no time for has
    that of an earlier size, or null. Ask again, or ask for the audit.
    """
    parts = parts_of(request)
    wanted = list(dict.fromkeys(_version_key(each) for each in of.split(",")))
    if len(wanted) > MAX_VERDICTS:
        raise InvalidParameter(f"of: {MAX_VERDICTS} versions at most, not {len(wanted)}.")
    found = await in_thread(parts, lambda: verdicts_of(parts, wanted))
    items = [
        {
            "model": key[0],
            "version": key[1],
            "verdict": found[key].verdict if key in found else None,
            "verdictSize": found[key].size if key in found else None,
        }
        for key in wanted
    ]
    return Json({"items": items})


def _version_key(text: str) -> VersionKey:
    found = _VERSION.fullmatch(text)
    if found is None:
        raise InvalidParameter("of: names of models and versions, such as tumours@1,tumours@2.")
    return found[1], found[2]


@router.get(
    "/v1/models/{model}/versions/{version}/lineage",
    summary="What a model version came from, or what came of it",
    responses={200: {"model": LineageView}, **problems(404)},
)
async def version_lineage(
    request: Request,
    model: Id,
    version: AnyVersion,
    *,
    direction: Literal["ancestors", "descendants"] = "ancestors",
    depth: Annotated[int | None, Query(ge=0, le=MAX_DEPTH)] = None,
    at: Point = None,
) -> Response:
    """Nodes and PROV relations, nearest first.

    Inputs manifests that are held here are read. `unread` names runs whose manifest is not, or is
    not well formed: the answer is not complete then.
    """
    parts = parts_of(request)

    def read() -> object:
        size = moment_of(at, parts.log).size
        with parts.log.database.read() as connection:
            rows = SqlRows(connection)
            found = lineage(
                rows,
                model_node(model, version),
                direction=direction,
                size=size,
                depth=depth,
                manifests=auditing.manifests_at(parts, connection),
            )
            titles = titles_of(rows, [each.node for each in found.nodes])
        return lineage_json(found, titles)

    return Json(await in_thread(parts, read))


@router.get(
    "/v1/datasets/{dataset}/impact",
    summary="What a withdrawal or a revocation would reach",
    responses={200: {"model": ImpactView}, **problems(404)},
)
async def dataset_impact(
    request: Request, dataset: Id, *, grant: IdFilter = None, at: Point = None
) -> Response:
    """Runs, model versions and releases downstream of a dataset, or of one grant on it.

    `unread` names runs that list inputs in a manifest which is not held here or not well formed:
    they may have read the data too, and the answer is not complete.
    """
    parts = parts_of(request)

    def read() -> object:
        size = moment_of(at, parts.log).size
        with parts.log.database.read() as connection:
            manifests = auditing.manifests_at(parts, connection)
            rows = ManifestRows(SqlRows(connection), manifests, size=size)
            return impact_json(impact(rows, dataset=dataset, size=size, grant=grant))

    return Json(await in_thread(parts, read))
