from __future__ import annotations

from pathlib import Path

import pytest

from ledger.events.bodies import BODIES
from service.event_page import SIGNERS, page, signer_of

PAGE = Path(__file__).parents[2] / "docs" / "events.md"


def test_the_page_lists_every_kind_with_its_fields() -> None:
    """If not: `python -m service.event_page`."""
    assert page() == PAGE.read_text("utf-8")


@pytest.mark.parametrize("kind", BODIES)
def test_a_kind_names_each_field_of_its_body_and_who_signs(kind: str) -> None:
    _, _, rest = page().partition(f"\n## {kind}\n")
    section = rest.partition("\n## ")[0]
    for name in BODIES[kind].model_json_schema(by_alias=True)["properties"]:
        assert f"`{name}` " in section or f"`{name}?` " in section
    assert f"Signed by {signer_of(kind)};" in section


def test_nobody_signs_a_kind_that_there_is_not() -> None:
    families = {kind.partition(".")[0] for kind in BODIES}
    assert set(SIGNERS) <= families | set(BODIES)
