"""What the nodes of a lineage are called, for whoever shows them: read together, not one by one."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ledger.audit.sources import RowSource
from ledger.views.projections.registry import SEALED_PREFIX
from ledger.views.records import Dataset, Model, Run, split_node


def titles_of(rows: RowSource, nodes: Collection[str]) -> Mapping[str, str]:
    """Titles of datasets and models, and jobs of runs, by node; none that is sealed.

    Args:
        rows: of the views.
        nodes: of any sort.
    """
    names = {node: split_node(node)[:2] for node in nodes}

    def keys(sort: str) -> set[tuple[str, ...]]:
        return {(name,) for found, name in names.values() if found == sort}

    called = {
        **{("dataset", row.dataset): row.title
           for row in rows.rows(Dataset, ("dataset",), keys("dataset"))},
        **{("model", row.model): row.title for row in rows.rows(Model, ("model",), keys("model"))},
        **{("run", row.run): row.job for row in rows.rows(Run, ("run",), keys("run"))},
    }  # fmt: skip
    return {
        node: called[name]
        for node, name in names.items()
        if name in called and not called[name].startswith(SEALED_PREFIX)
    }
