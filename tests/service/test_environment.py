"""Settings that cannot be, or are not read at all, are named before anything is served."""

from __future__ import annotations

import runpy

import pytest

from service.environment import InvalidSettings, read_settings


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("CONCORD_READ", "CONCORD_READS"),
        ("CONCORD_PROT", "CONCORD_PORT"),
        ("CONCORD_DATABASE_URI", "CONCORD_DATABASE_URL"),
        ("CONCORD_CORS_ORIGIN", "CONCORD_CORS_ORIGINS"),
    ],
)
def test_a_variable_that_is_nearly_a_setting_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, meant: str
) -> None:
    monkeypatch.setenv(variable, "members")
    with pytest.raises(InvalidSettings, match=f"{variable} is no setting; {meant} is one"):
        read_settings()


@pytest.mark.parametrize("variable", ["CONCORD_HOME", "CONCORD_SERVER", "CONCORD_KEY", "READ"])
def test_other_variables_are_nobodys_concern(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "members")
    assert read_settings().reads == "public"


def test_a_value_that_cannot_be_is_refused_by_the_variables_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CONCORD_READS", "nobody")
    with pytest.raises(InvalidSettings, match=r"CONCORD_READS is not valid: .*'members'"):
        read_settings()


def test_a_process_that_is_served_from_the_environment_alone_is_checked_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CONCORD_READ", "members")
    with pytest.raises(SystemExit, match=r"CONCORD_READ is no setting.*\[invalid-settings\]"):
        runpy.run_module("service", run_name="__main__")
