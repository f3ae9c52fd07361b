from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.contract_gas import report

TABLE = Path(__file__).parents[3] / "docs" / "contract-gas.md"


@pytest.mark.slow
def test_the_documented_sizes_and_gas_are_those_of_the_committed_contracts() -> None:
    """If not: `python -m benchmarks.contract_gas`, and look at what grew."""
    assert report() == TABLE.read_text("utf-8")
