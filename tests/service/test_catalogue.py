from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from ledger.errors import (
    ConcordError,
    Conflict,
    IntegrityError,
    InvalidInput,
    NotFound,
    Refused,
    Unavailable,
)
from service.http.catalogue import entries, error_classes, load_all
from tests.service.conftest import Serve, Served, problem_code

PAGE = Path(__file__).parents[2] / "docs" / "problems.md"
FAMILIES = {ConcordError, InvalidInput, Refused, Conflict, NotFound, Unavailable, IntegrityError}
load_all()
# Only what is ours: other tests define classes of their own.
CLASSES = [error for error in error_classes() if not error.__module__.startswith("tests")]
# Whose message names the place that is wrong, and that is all there is to mend.
SPEAKS_FOR_ITSELF = ("invalid-", "malformed-", "rpc-")


def name(error: type[ConcordError]) -> str:
    return f"{error.__module__}.{error.__qualname__}"


def test_the_page_lists_every_error_with_its_status_and_remedy(tmp_path: Path) -> None:
    """If not: `python -m service.http.catalogue`. In a process of its own: no test adds any."""
    written = tmp_path / "problems.md"
    command = [sys.executable, "-m", "service.http.catalogue", "--output", str(written)]
    subprocess.run(command, check=True, cwd=PAGE.parents[1])
    assert written.read_text("utf-8") == PAGE.read_text("utf-8")
    for error in CLASSES:
        assert f"| `{error.code}` |" in PAGE.read_text("utf-8")


@pytest.mark.parametrize("error", CLASSES, ids=name)
def test_an_error_says_in_sentences_what_it_is_and_what_to_do(error: type[ConcordError]) -> None:
    told = entries()[error.code]
    for sentence in (told.meaning, told.remedy):
        assert sentence
        assert sentence.endswith(".")
        assert "|" not in sentence


@pytest.mark.parametrize("error", CLASSES, ids=name)
def test_an_error_that_callers_can_mend_has_a_remedy_of_its_own(error: type[ConcordError]) -> None:
    if error in FAMILIES or issubclass(error, IntegrityError):
        return
    if error.code.startswith(SPEAKS_FOR_ITSELF) or error.__name__ == "RpcFault":
        return
    assert "remedy" in vars(error), f"{name(error)} tells nobody what to do next"


def test_a_code_means_one_thing() -> None:
    by_code: dict[str, list[str]] = defaultdict(list)
    for error in CLASSES:
        by_code[error.code].append(name(error))
    for code, names in by_code.items():
        told_by_others = [one for one in names if not one.startswith("client.")]
        assert len(told_by_others) <= 1, f"{code}: {told_by_others}"


def test_the_type_of_a_problem_is_a_page_that_says_what_to_do(served: Served) -> None:
    refused = served.get("/v1/nothing")
    assert problem_code(refused, 404) == "no-such-path"
    page = served.get(refused.json()["type"])
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/plain; charset=utf-8"
    assert page.text.startswith("no-such-path (404)\n")
    assert "/openapi.json" in page.text


def test_a_page_of_a_problem_that_there_is_not_is_one(served: Served) -> None:
    assert problem_code(served.get("/problems/no-such-thing"), 404) == "no-such-resource"
    assert problem_code(served.get("/problems/No<b>"), 400) == "invalid-parameter"


def test_pages_of_problems_are_read_without_a_session(serve: Serve) -> None:
    served = serve(reads="members")
    refused = served.get("/v1/members")
    assert problem_code(refused, 401) == "sign-in-required"
    assert served.get(refused.json()["type"]).status_code == 200
