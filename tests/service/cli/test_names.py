"""Members are called by their names where people read, and by their addresses where scripts do."""

from __future__ import annotations

import pytest

from service.cli.names import named, named_whole, readable, with_names
from tests.service.cli.conftest import World
from tests.support.commands import Commands

NORTH = "0x52908400098527886E0F7030069857D2E4169EE7"
NAMES = {NORTH: "North Hospital"}


@pytest.mark.parametrize(
    ("command", "name", "field"),
    [
        (("grants",), "Lab", "assignee"),
        (("dataset", "list"), "Hospital", "steward"),
        (("model", "list"), "Lab", "owner"),
    ],
)
def test_lists_call_members_by_name_and_json_by_address(
    history: World, user: Commands, command: tuple[str, ...], name: str, field: str
) -> None:
    address = history.address(name.lower())
    assert f"{name} ({address[:8]}…)" in user(*command).check().out
    assert user(*command, "--json").check().json[0][field] == address


def test_whom_nobody_names_keeps_the_address() -> None:
    stranger = NORTH.lower()
    assert named(stranger, NAMES) == stranger
    assert named_whole(stranger, NAMES) == stranger
    assert with_names([{"who": None, "n": 1}], NAMES, "who") == [{"who": "–", "n": 1}]


def test_a_name_stands_beside_the_address_that_it_is_for() -> None:
    assert named(NORTH, NAMES) == "North Hospital (0x529084…)"
    assert named_whole(NORTH, NAMES) == f"North Hospital ({NORTH})"
    assert readable(f"Given to {NORTH}.", NAMES) == "Given to North Hospital (0x529084…)."
