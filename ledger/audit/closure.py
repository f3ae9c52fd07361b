"""Everything upstream or downstream of a node, over millions of edges, with rustworkx.

An index of (source, target) pairs in the words of PROV: a source came about through its target, so
targets lie upstream. It holds names and integers only, no rows; it is extended as the log grows and
never shrinks. Cycles and repeated edges are harmless.
"""

from __future__ import annotations

from collections.abc import Iterable

import rustworkx

from ledger.audit.errors import UnknownNode


class LineageIndex:
    """An index of lineage, owned by one thread at a time.

    Attributes:
        names: node names by their number.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}
        self._graph = rustworkx.PyDiGraph()

    def __len__(self) -> int:
        return len(self.names)

    def extend(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Adds edges, and the nodes that are new.

        Args:
            pairs: (source, target): the source came about through the target.
        """
        edges = [(self._number(source), self._number(target)) for source, target in pairs]
        self._graph.add_nodes_from([None] * (len(self.names) - self._graph.num_nodes()))
        self._graph.add_edges_from_no_data(edges)

    def _number(self, name: str) -> int:
        number = self._numbers.get(name)
        if number is None:
            number = len(self.names)
            self._numbers[name] = number
            self.names.append(name)
        return number

    def upstream(self, name: str) -> set[int]:
        """Numbers of all nodes that went into one, itself left out.

        Raises:
            UnknownNode: if no edge names it.
        """
        found: set[int] = rustworkx.descendants(self._graph, self._known(name))
        return found

    def downstream(self, name: str) -> set[int]:
        """Numbers of all nodes that one went into, itself left out.

        Raises:
            UnknownNode: if no edge names it.
        """
        found: set[int] = rustworkx.ancestors(self._graph, self._known(name))
        return found

    def _known(self, name: str) -> int:
        number = self._numbers.get(name)
        if number is None:
            raise UnknownNode(f"{name} takes part in no lineage.")
        return number
