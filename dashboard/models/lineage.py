"""Lineage nodes and audits as the pages need them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from client import JsonObject
from client.fields import flag, number, objects, optional_number, text, texts


@dataclass(frozen=True, slots=True)
class Node:
    """A node's parts: `dataset:wdbc@1` is a dataset, `wdbc`, `1`."""

    sort: str
    name: str
    version: str

    @classmethod
    def parse(cls, node: str) -> Node:
        """From the API's spelling; an agent's address is its name."""
        sort, _, rest = node.partition(":")
        name, _, version = rest.partition("@")
        return cls(sort, name, version)

    @property
    def title(self) -> str:
        """Such as `wdbc, version 1`."""
        return f"{self.name}, version {self.version}" if self.version else self.name


@dataclass(frozen=True, slots=True)
class Judged:
    """What an audit makes of each node.

    Attributes:
        problems: nodes that stand at the end of an error's path.
        affected: nodes between them and the audited version, itself included.
        unknown: nodes where something is not known.
        permissions: dataset node to the grants that were named for it.
    """

    problems: frozenset[str]
    affected: frozenset[str]
    unknown: frozenset[str]
    permissions: dict[str, list[JsonObject]]

    def state(self, node: str) -> str:
        """`problem`, `affected`, `unknown` or `ok`."""
        if node in self.problems:
            return "problem"
        if node in self.affected:
            return "affected"
        return "unknown" if node in self.unknown else "ok"


def judged(audit: JsonObject) -> Judged:
    """Which nodes an audit finds fault with."""
    ends: dict[str, set[str]] = {"error": set(), "gap": set()}
    between: set[str] = set()
    for finding in objects(audit, "findings"):
        path = texts(finding, "path")
        if path and text(finding, "severity") in ends:
            ends[text(finding, "severity")].add(path[-1])
            if text(finding, "severity") == "error":
                between |= set(path[:-1])
    permissions: dict[str, list[JsonObject]] = {}
    for coverage in objects(audit, "coverages"):
        node = text(coverage, "dataset")
        permissions.setdefault(node, []).append(coverage)
        if not flag(coverage, "holds"):
            ends["error"].add(node)
    return Judged(frozenset(ends["error"]), frozenset(between), frozenset(ends["gap"]), permissions)


def events_behind(audit: JsonObject) -> list[int]:
    """Indices of the events that an audit's answer turns on, ascending."""
    found: set[int] = set()
    for group in ("findings", "coverages"):
        for item in objects(audit, group):
            events = item.get("events")
            found |= (
                {e for e in events if isinstance(e, int)} if isinstance(events, list) else set()
            )
    for ancestor in objects(audit, "ancestors"):
        index = optional_number(ancestor, "index")
        if index is not None:
            found.add(index)
    return sorted(found)


def inputs_of(audit: JsonObject) -> dict[str, str]:
    """Nodes of datasets and other models that went in, with what covered them."""
    cover = judged(audit)
    rows: dict[str, str] = {}
    for ancestor in objects(audit, "ancestors"):
        node, sort = text(ancestor, "node"), text(ancestor, "sort")
        if sort == "run" or number(ancestor, "depth") == 0:
            continue
        rows[node] = ", ".join(dict.fromkeys(basis(c) for c in cover.permissions.get(node, [])))
    return rows


def basis(coverage: JsonObject) -> str:
    """By what right data was used."""
    words = {
        "grant": f"permission {text(coverage, 'grant')}",
        "stewardship": "its own steward",
    }.get(text(coverage, "basis"), "no permission")
    return words if flag(coverage, "holds") else f"{words} (does not hold)"


def newest(versions: Iterable[JsonObject]) -> list[JsonObject]:
    """Versions, the one published last first."""
    return sorted(versions, key=lambda v: number(v, "index"), reverse=True)
