"""What the nodes of a lineage are called: titles where the log has some, ids where not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from client import JsonObject
from client.fields import objects, text
from dashboard.models.lineage import Node
from dashboard.reading.titles import dataset_title, learn_titles, model_title, run_title

MOST_ASKED = 100
"""Nodes whose titles are asked for, where no answer told them."""


def told_titles(lineage: JsonObject) -> dict[str, str]:
    """Titles that the API's lineage tells, by node, as they are."""
    told = {text(node, "node"): text(node, "title") for node in objects(lineage, "nodes")}
    return {node: title for node, title in told.items() if title}


def learn_node_titles(nodes: Iterable[Node]) -> None:
    """Asks at once for the titles that `node_title` will tell."""
    learn_titles(f"{node.sort}:{node.name}" for node in nodes)


def node_title(node: Node, told: str = "") -> str:
    """Such as `Breast cancer records, version 1`; a permission has no title but its id.

    Args:
        node: of any sort.
        told: its title, where an answer has told it already.
    """
    if node.sort == "model":
        return model_title(node.name, node.version, told)
    if node.sort == "dataset":
        title = dataset_title(node.name, told)
        return f"{title}, version {node.version}" if node.version else title
    return run_title(node.name, told) if node.sort == "run" else node.title


def shown_titles(nodes: Mapping[str, int], told: Mapping[str, str]) -> dict[str, str]:
    """What to call nodes: by the titles that were told, and the nearest ones by those that are
    asked for; the others keep their ids.

    Args:
        nodes: lineage node to how far it is away.
        told: titles by node.
    """
    nearest = sorted((node for node in nodes if node not in told), key=lambda node: nodes[node])
    asked = nearest[:MOST_ASKED]
    learn_node_titles(map(Node.parse, asked))
    titled = [*(node for node in nodes if node in told), *asked]
    return {node: node_title(Node.parse(node), told.get(node, "")) for node in titled}
