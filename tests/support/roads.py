"""After a test: every road to every answer must lead to the same one."""

from __future__ import annotations

from collections.abc import Mapping

from ledger.audit import MemoryRows, ModelAudit, audit, build_bundle, gather
from ledger.events import decode_leaf
from ledger.merkle import FetchedTiles, TileEdge, leaf_hash
from ledger.verify import confirm_with_log, verify_bundle
from ledger.views.projections import project
from ledger.views.records import ModelVersion
from ledger.views.state import MemoryState
from tests.support.histories import History


def check_roads(history: History, manifests: Mapping[str, bytes] | None = None) -> None:
    """Audits each published version over all rows, gathered rows, a bundle and the whole log."""
    for row in history.state.all(ModelVersion):
        check_version(history, row.model, row.version, history.size, manifests or {})


def check_version(
    history: History, model: str, version: str, size: int, manifests: Mapping[str, bytes]
) -> ModelAudit:
    """The answer, the same on every road."""
    answer = history.audit(model, version, size=size, manifests=manifests)
    found = gather(
        MemoryRows(history.state), model=model, version=version, manifests=manifests, limit=10_000
    )
    assert found.within is None
    gathered = audit(
        found.state,
        model=model,
        version=version,
        tree=history.tree(size),
        manifests=manifests,
    )
    assert gathered == answer
    keys = [history.consortium.log_key.verifier]
    verified = verify_bundle(bundle_of(history, found.state, answer, manifests), keys)
    assert verified.answer == answer
    confirm_with_log(verified, history.leaves, history.checkpoint(), keys)
    return answer


def bundle_of(
    history: History, state: MemoryState, answer: ModelAudit, manifests: Mapping[str, bytes]
) -> bytes:
    """The bundle of an answer, proven at the present size."""
    _, tiles = TileEdge().append([leaf_hash(leaf) for leaf in history.leaves])
    return build_bundle(
        state,
        answer,
        leaves=lambda indices: {index: history.leaves[index] for index in indices},
        tiles=FetchedTiles({(tile.level, tile.n): tile.hashes for tile in tiles}),
        checkpoint=history.checkpoint(),
        manifests=manifests,
    )


def replayed(history: History, size: int) -> MemoryState:
    """The rows of the first leaves alone."""
    state = MemoryState()
    for index, leaf in enumerate(history.leaves[:size]):
        recorded = decode_leaf(leaf, index)
        project(
            recorded.event,
            index=index,
            recorded_at=recorded.recorded_at,
            leaf_hash=leaf_hash(leaf),
            state=state,
        )
    return state
