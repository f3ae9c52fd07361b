"""The operators' page names every setting, with its default and its unit."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
UNITS = {"_bytes": "bytes", "_per_second": "per second", "_seconds": "seconds"}


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_operators_page_names_the_setting_with_its_unit(name: str) -> None:
    row = next(
        line for line in PAGE.splitlines() if line.startswith(f"| `CONCORD_{name.upper()}` |")
    )
    _, _, _, unit, meaning, _ = (cell.strip() for cell in row.split("|"))
    expected = next((word for suffix, word in UNITS.items() if name.endswith(suffix)), "")
    assert unit == expected
    assert meaning
