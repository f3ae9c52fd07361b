"""Verdicts for lists: told with the size they hold for, judged for a short time only."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from ledger.audit.errors import UnknownVersion
from service import verdicts
from service.schemas.audits import VerdictsView
from service.schemas.base import Page
from service.schemas.resources import ModelWithLatest
from service.verdicts import (
    BUDGET_SECONDS,
    INCOMPLETE_SECONDS,
    Judged,
    Verdicts,
    VersionKey,
)
from tests.service.conftest import Served, problem_code

NONE: frozenset[str] = frozenset()
VERSIONS: list[VersionKey] = [("a", "1"), ("b", "1"), ("c", "1")]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is."""
    monkeypatch.setattr(verdicts, "PATIENCE_SECONDS", 60.0)


class Judge:
    """Judges and counts; each judgement takes some seconds of its clock."""

    def __init__(self, takes: float = 0.0, *, is_complete: bool = True) -> None:
        self.now = 0.0
        self.asked: list[VersionKey] = []
        self._takes = takes
        self._is_complete = is_complete
        self._verdicts = Verdicts(ThreadPoolExecutor(1), lambda: self.now)

    def of(
        self, versions: Sequence[VersionKey], size: int, policies: frozenset[str] = NONE
    ) -> dict[VersionKey, int]:
        """Size that each one's verdict holds for."""

        def judge(version: VersionKey) -> Judged:
            self.asked.append(version)
            self.now += self._takes
            return Judged("clean", size, self._is_complete, policies)

        found = self._verdicts.of(versions, judge, size=size, policies=policies)
        return {version: judged.size for version, judged in found.items()}


def test_a_verdict_is_judged_once_for_a_size() -> None:
    judge = Judge()
    assert judge.of(VERSIONS, 10) == judge.of(VERSIONS, 10) == dict.fromkeys(VERSIONS, 10)
    assert judge.asked == VERSIONS


def test_a_grown_log_and_other_policies_are_judged_again() -> None:
    judge = Judge()
    judge.of(VERSIONS[:1], 10)
    assert judge.of(VERSIONS[:1], 11) == {VERSIONS[0]: 11}
    judge.of(VERSIONS[:1], 11, frozenset({"terms@1"}))
    assert judge.asked == VERSIONS[:1] * 3


def test_what_missed_something_is_judged_again_after_a_while() -> None:
    judge = Judge(is_complete=False)
    judge.of(VERSIONS[:1], 10)
    judge.now += INCOMPLETE_SECONDS - 1
    judge.of(VERSIONS[:1], 10)
    assert judge.asked == VERSIONS[:1]
    judge.now += 1
    judge.of(VERSIONS[:1], 10)
    assert judge.asked == VERSIONS[:1] * 2


def test_judging_stops_when_its_time_is_up_and_goes_on_with_the_next_question() -> None:
    judge = Judge(takes=BUDGET_SECONDS)
    assert judge.of(VERSIONS, 10) == {VERSIONS[0]: 10}
    assert judge.of(VERSIONS, 10) == {VERSIONS[0]: 10, VERSIONS[1]: 10}
    assert judge.of(VERSIONS, 10) == dict.fromkeys(VERSIONS, 10)


def test_what_there_is_no_time_for_keeps_the_verdict_and_the_size_of_before() -> None:
    judge = Judge(takes=BUDGET_SECONDS)
    judge.of(VERSIONS[:1], 10)
    judge.of(VERSIONS[1:2], 11)
    # The one that nobody judged yet comes first, then the oldest.
    assert judge.of(VERSIONS, 12) == {VERSIONS[0]: 10, VERSIONS[1]: 11, VERSIONS[2]: 12}
    assert judge.of(VERSIONS, 12) == {VERSIONS[0]: 12, VERSIONS[1]: 11, VERSIONS[2]: 12}


def test_nobody_waits_for_a_version_that_takes_long_and_it_is_judged_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    finish = threading.Event()
    asked: list[VersionKey] = []
    kept = Verdicts(ThreadPoolExecutor(1))

    def judge(version: VersionKey) -> Judged:
        asked.append(version)
        if version == VERSIONS[0]:
            finish.wait(60)
        return Judged("clean", 10, True, NONE)

    def known() -> list[VersionKey]:
        return sorted(kept.of(VERSIONS, judge, size=10, policies=NONE))

    monkeypatch.setattr(verdicts, "PATIENCE_SECONDS", 0.01)
    assert known() == known() == []
    finish.set()
    monkeypatch.setattr(verdicts, "PATIENCE_SECONDS", 60.0)
    assert any(known() == VERSIONS for _ in VERSIONS)
    assert sorted(asked) == VERSIONS


def test_what_cannot_be_judged_is_told_and_holds_nobody_up() -> None:
    kept = Verdicts(ThreadPoolExecutor(1))

    def refuse(version: VersionKey) -> Judged:
        raise UnknownVersion(f"There is no {version}.")

    for _ in range(2):
        with pytest.raises(UnknownVersion):
            kept.of(VERSIONS, refuse, size=10, policies=NONE)


def test_what_fails_when_nobody_waits_any_more_is_told_to_the_process_s_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fail = threading.Event()
    judges = ThreadPoolExecutor(1)
    kept = Verdicts(judges)

    def refuse(version: VersionKey) -> Judged:
        fail.wait(60)
        raise UnknownVersion(f"There is no {version}.")

    monkeypatch.setattr(verdicts, "PATIENCE_SECONDS", 0.01)
    assert kept.of([("kidneys", "7")], refuse, size=10, policies=NONE) == {}
    fail.set()
    judges.shutdown(wait=True)
    assert "version 7 of model kidneys could not be judged" in caplog.text
    assert "There is no ('kidneys', '7')." in caplog.text


def test_a_list_with_the_latest_versions_says_what_their_audits_say(trained: Served) -> None:
    c = trained.consortium
    trained.record(c.model("without"), c.model_version("tumours", "2"))
    page = Page[ModelWithLatest].model_validate_json(
        trained.get("/v1/models", include="latest").content
    )
    tumours, without = page.items
    assert (tumours.versions, without.versions, without.latest) == (2, 0, None)
    assert tumours.latest is not None
    audit = trained.get("/v1/models/tumours/versions/2/audit").json()
    assert (tumours.latest.version, tumours.latest.verdict) == ("2", audit["verdict"])
    assert tumours.latest.verdict_size == page.size == audit["size"]


def test_a_list_shows_a_revocation_at_once(trained: Served) -> None:
    def verdict() -> str:
        answer = trained.get("/v1/models", include="latest").json()
        return str(answer["items"][0]["latest"]["verdict"])

    assert verdict() == "clean"
    trained.record(trained.consortium.revocation("grant-1", effect="retroactive"))
    assert verdict() == "tainted"


def test_pages_of_a_list_with_the_latest_versions_go_on(trained: Served) -> None:
    trained.record(trained.consortium.model("zebra"))
    first = trained.get("/v1/models", include="latest", limit=1).json()
    second = trained.get("/v1/models", include="latest", limit=1, after=first["next"]).json()
    assert [page["items"][0]["model"] for page in (first, second)] == ["tumours", "zebra"]
    assert second["next"] is None


def test_verdicts_of_many_versions_come_in_the_order_asked_for(trained: Served) -> None:
    trained.record(trained.consortium.model_version("tumours", "2"))
    response = trained.get("/v1/verdicts", of="tumours@2,tumours@1,tumours@2")
    answer = VerdictsView.model_validate_json(response.content)
    size = trained.get("/v1/log").json()["size"]
    assert [(i.version, i.verdict, i.verdict_size) for i in answer.items] == [
        ("2", "incomplete", size),
        ("1", "clean", size),
    ]


def test_verdicts_of_what_is_not_published_or_too_many_are_refused(trained: Served) -> None:
    assert problem_code(trained.get("/v1/verdicts", of="tumours@9"), 404) == "unknown-version"
    many = ",".join(f"m{n}@1" for n in range(101))
    for wrong in (many, "tumours", "tumours@1,", "Tumours@1"):
        assert problem_code(trained.get("/v1/verdicts", of=wrong), 400) == "invalid-parameter"


def test_events_come_newest_first_when_asked_to(trained: Served) -> None:
    size = trained.get("/v1/log").json()["size"]
    first = trained.get("/v1/events", order="newest", limit=3).json()
    assert [item["index"] for item in first["items"]] == [size - 1, size - 2, size - 3]
    second = trained.get("/v1/events", order="newest", limit=3, after=first["next"]).json()
    assert [item["index"] for item in second["items"]] == [size - 4, size - 5, size - 6]
