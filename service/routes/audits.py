"""What went into a model, and what a revocation would reach; as of now or any earlier point.

Each answer is read from one snapshot of the database, and names the size of the log that it is
given at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlmodel import SQLModel

from ledger.audit import Tree, audit, audit_json
from ledger.audit.bundle import build_bundle
from ledger.audit.impact import impact, impact_json
from ledger.audit.lineage import lineage, lineage_json
from ledger.audit.model_audit import MAX_ANCESTORS
from ledger.audit.sources import gather
from ledger.store.evidence import SqlRows
from ledger.store.statements import rows_by_key
from ledger.store.tables.log import LeafRow
from ledger.store.tiles import ConnectionTiles
from ledger.views.records import model_node
from service.answers import Json
from service.auditing import manifests_at, policies_at
from service.openapi import problems
from service.pages import Point, moment_of
from service.parts import Parts, parts_of
from service.routes.resources import AnyVersion, Id, IdFilter
from service.routes.tree import in_thread
from service.routing import StrictRoute
from service.schemas.audits import AuditView, BundleView, ImpactView, LineageView

router = APIRouter(route_class=StrictRoute, tags=["audit"])

MAX_DEPTH = 10_000
_LEAVES = SQLModel.metadata.tables[str(LeafRow.__tablename__)]


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
    log = parts.log
    size = moment_of(at, log).size
    tree = Tree(size, log.root_at(size))
    # Taken before the snapshot, which then holds all of its tree.
    checkpoint = log.checkpoint()
    with log.database.read() as connection:
        manifests, policies = manifests_at(parts, connection), policies_at(parts, connection)
        found = gather(
            SqlRows(connection),
            model=model,
            version=version,
            manifests=manifests,
            limit=MAX_ANCESTORS,
        )
        answer = audit(
            found.state,
            model=model,
            version=version,
            tree=tree,
            manifests=manifests,
            policies=policies,
            within=found.within,
        )
        if not bundle:
            return audit_json(answer)

        def leaves(indices: Sequence[int]) -> Mapping[int, bytes]:
            keys = [(index,) for index in indices]
            rows = rows_by_key(connection, _LEAVES, ("index",), keys, wanted=("index", "leaf"))
            return {int(row[0]): bytes(row[1]) for row in rows}  # type: ignore[arg-type]

        return build_bundle(
            found.state,
            answer,
            leaves=leaves,
            tiles=ConnectionTiles(connection),
            checkpoint=checkpoint,
            manifests=manifests,
            policies=policies,
        )


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
    """Nodes and PROV relations, nearest first."""
    parts = parts_of(request)

    def read() -> object:
        size = moment_of(at, parts.log).size
        with parts.log.database.read() as connection:
            start = model_node(model, version)
            rows = SqlRows(connection)
            found = lineage(rows, start, direction=direction, size=size, depth=depth)
        return lineage_json(found)

    return Json(await in_thread(parts, read))


@router.get(
    "/v1/datasets/{dataset}/impact",
    summary="What a withdrawal or a revocation would reach",
    responses={200: {"model": ImpactView}, **problems(404)},
)
async def dataset_impact(
    request: Request, dataset: Id, *, grant: IdFilter = None, at: Point = None
) -> Response:
    """Runs, model versions and releases downstream of a dataset, or of one grant on it."""
    parts = parts_of(request)

    def read() -> object:
        size = moment_of(at, parts.log).size
        with parts.log.database.read() as connection:
            rows = SqlRows(connection)
            return impact_json(impact(rows, dataset=dataset, size=size, grant=grant))

    return Json(await in_thread(parts, read))
