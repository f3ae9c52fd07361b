"""What the nodes of a lineage are called: titles where the log has some, ids where not."""

from __future__ import annotations

from collections.abc import Mapping

from dashboard.models.lineage import Node
from dashboard.reading.titles import dataset_title, model_title, run_title

MOST_TITLED = 40
"""Nodes whose titles are asked for at once; each may be a question to the server."""


def node_title(node: Node) -> str:
    """Such as `Breast cancer records, version 1`; a permission has no title but its id."""
    if node.sort == "model":
        return model_title(node.name, node.version)
    if node.sort == "dataset":
        title = dataset_title(node.name)
        return f"{title}, version {node.version}" if node.version else title
    return run_title(node.name) if node.sort == "run" else node.title


def nearest_titles(nodes: Mapping[str, int]) -> dict[str, str]:
    """Titles of the nodes that are nearest to where one looks from; the others keep their ids.

    Args:
        nodes: lineage node to how far it is away.
    """
    nearest = sorted(nodes, key=lambda node: nodes[node])[:MOST_TITLED]
    return {node: node_title(Node.parse(node)) for node in nearest}
