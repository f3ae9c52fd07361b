"""Model versions by the leaf that records them, as contracts and proposals name them."""

from __future__ import annotations

from ledger.store.reads import Snapshot
from ledger.views.records import ModelVersion


def version_of(views: Snapshot, model: str, record_leaf: str) -> ModelVersion | None:
    """The version of a model whose record has this leaf hash (0x-hex); None if that record is of
    another model, or none at all.
    """
    for row in views.where(ModelVersion, "leaf_hash", record_leaf.removeprefix("0x")):
        if row.model == model:
            return row
    return None
