"""The closure index against a plain walk."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.audit import LineageIndex
from ledger.audit.errors import UnknownNode

pairs = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")), min_size=1, max_size=24
)


def reached(edges: list[tuple[str, str]], start: str) -> set[str]:
    """Everything upstream of a node, itself only where a circle leads back to it."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        at = waiting.pop()
        for source, target in edges:
            if source == at and target not in found:
                found.add(target)
                waiting.append(target)
    return found


@given(pairs, st.integers(0, 24))
def test_it_finds_what_a_plain_walk_finds_however_it_was_filled(
    edges: list[tuple[str, str]], cut: int
) -> None:
    index = LineageIndex()
    index.extend(edges[:cut])
    index.extend(edges[cut:])
    assert len(index) == len({node for edge in edges for node in edge})
    backwards = [(target, source) for source, target in edges]
    for name in index.names:
        assert {index.names[n] for n in index.upstream(name)} == reached(edges, name) - {name}
        down = {index.names[n] for n in index.downstream(name)}
        assert down == reached(backwards, name) - {name}


def test_a_node_without_edges_is_unknown() -> None:
    with pytest.raises(UnknownNode):
        LineageIndex().upstream("model:m@1")
