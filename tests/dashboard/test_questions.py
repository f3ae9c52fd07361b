"""How much the pages ask of the server: as little for a long list as for a short one, and nothing
again for a click that changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from client import JsonObject, Ledger, drafts
from dashboard import addresses
from dashboard.models.verdicts import FINDINGS_SHOWN
from dashboard.reading import connection, names
from dashboard.words.findings import FINDINGS
from ledger.events import Event
from service import verdicts
from service.settings import Settings
from tests.dashboard.story import now_consortium, story
from tests.support.ledgers import Consortium, digest_of
from tests.support.servers import ServerThread, create_ledger

PATIENCE = 60
Query = str | int | None


def events(c: Consortium) -> Iterator[Event]:
    """The story, more models, and one that was trained on much without permission."""
    yield from story(c)
    used: list[JsonObject] = []
    for number in range(FINDINGS_SHOWN + 2):
        dataset = f"taken-{number}"
        yield c.dataset(dataset)
        yield c.dataset_version(dataset, "1")
        yield c.model(f"copy-{number}")
        digest: JsonObject = {"sha256": digest_of(f"{dataset}@1")}
        used.append({"dataset": dataset, "version": "1", "digest": digest})
    yield c.model("careless")
    yield c.run_completed("run-careless", [*used], [("careless", "1")])
    yield c.model_version("careless", "1", run="run-careless")


@pytest.fixture
def consortium() -> Consortium:
    return now_consortium()


@pytest.fixture
def server(consortium: Consortium, tmp_path: Path) -> Iterator[ServerThread]:
    create_ledger(tmp_path / "ledger", consortium, events(consortium))
    with ServerThread(Settings(data_dir=tmp_path / "ledger")) as running:
        yield running


@pytest.fixture
def asked(
    server: ServerThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[str, dict[str, Query]]]:
    """What the pages ask the server, which answers as ever."""
    monkeypatch.setenv(addresses.SERVER, server.url)
    monkeypatch.setenv(addresses.STATE, str(tmp_path / "trust"))
    # However busy the machine is, lists tell their verdicts in the first answer.
    monkeypatch.setattr(verdicts, "PATIENCE_SECONDS", 60.0)
    connection.forget()
    names.forget_members()
    found: list[tuple[str, dict[str, Query]]] = []
    fetch = Ledger.fetch

    def noted(self: Ledger, path: str, **query: Query) -> JsonObject:
        found.append((path, query))
        return fetch(self, path, **query)

    monkeypatch.setattr(Ledger, "fetch", noted)
    return found


def opened(page: str, **address: str) -> AppTest:
    script = f"from dashboard.pages import {page}\n{page}.page()\n"
    test = AppTest.from_string(script, default_timeout=PATIENCE)
    for name, value in address.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception, test.exception
    return test


def said(test: AppTest) -> str:
    return " ".join(str(element.proto.body) for element in test.get("html"))


def test_a_list_of_models_asks_one_question_for_all_its_rows(
    asked: list[tuple[str, dict[str, Query]]],
) -> None:
    page = opened("models")
    assert "copy-11" in said(page)
    assert [path for path, _ in asked if path.startswith("/v1/models")] == ["/v1/models"]


def test_what_a_dataset_was_used_for_asks_for_all_verdicts_at_once(
    asked: list[tuple[str, dict[str, Query]]],
) -> None:
    page = opened("datasets", dataset="wdbc-north")
    page.segmented_control(key="view-wdbc-north").set_value("use").run()
    assert "Tainted" in said(page)
    assert "Clean" in said(page)
    assert not [path for path, _ in asked if path.endswith("/audit")]
    assert [path for path, _ in asked].count("/v1/verdicts") == 1


def test_a_model_is_looked_at_as_of_an_event_until_somebody_looks_again(
    asked: list[tuple[str, dict[str, Query]]],
    consortium: Consortium,
    server: ServerThread,
    tmp_path: Path,
) -> None:
    page = opened("models", model="tumour-classifier", version="2")
    assert "Clean" in said(page)
    with Ledger(server.url, key=consortium.stewards[0], state=tmp_path / "steward") as steward:
        steward.record(
            drafts.revoke_grant("grant-north", effective_at=consortium.clock.now, retroactive=True)
        )
    page.run()
    assert "Clean" in said(page)
    assert "As of now: the log was read" in said(page)
    audits = [query for path, query in asked if path.endswith("/versions/2/audit")]
    assert [query["at"] for query in audits] == [audits[0]["at"]]
    page.button(key="look-again").click().run()
    assert "Tainted" in said(page)


def test_what_is_named_on_a_page_is_asked_for_at_once(
    asked: list[tuple[str, dict[str, Query]]],
) -> None:
    page = opened("models", model="careless", version="1")
    assert said(page).count("Records of taken-") == FINDINGS_SHOWN
    page.segmented_control(key="view-careless").set_value("ingredients").run()
    assert "Records of taken-11" in said(page)
    page = opened("datasets", dataset="wdbc-north")
    page.segmented_control(key="view-wdbc-north").set_value("use").run()
    questions = [str(query["of"]).split(",") for path, query in asked if path == "/v1/titles"]
    assert len(questions) == 3
    # Nothing is asked twice: the last two are those whose findings are on the second page.
    assert [len(names) for names in questions[:2]] == [FINDINGS_SHOWN, 2]
    assert not [path for path, _ in asked if path.startswith("/v1/datasets/taken-")]


def test_whether_there_is_a_dao_is_asked_once(asked: list[tuple[str, dict[str, Query]]]) -> None:
    for _ in range(2):
        opened("models", model="careless", version="1")
        connection.forget()
    assert [path for path, _ in asked].count("/v1/dao") == 1


def test_events_that_stand_near_each_other_are_read_in_one_answer(
    asked: list[tuple[str, dict[str, Query]]],
) -> None:
    wanted = [3, 4, 9, 3 + connection.PAGE]
    found = connection.read_events(reversed(wanted))
    assert [path for path, _ in asked] == ["/v1/events", f"/v1/events/{wanted[-1]}"]
    assert found == {index: connection.read_event(index) for index in wanted}


def test_many_findings_come_in_pages(asked: list[tuple[str, dict[str, Query]]]) -> None:
    page = opened("models", model="careless", version="1")
    assert f"{FINDINGS_SHOWN + 2} things were found, the worst first." in said(page)
    assert said(page).count(FINDINGS["grant-missing"]) == FINDINGS_SHOWN
    assert asked


def test_a_member_beyond_those_that_are_read_at_once_has_its_name(
    asked: list[tuple[str, dict[str, Query]]],
    consortium: Consortium,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(names, "MOST_MEMBERS", 1)
    addresses_of = [key.address for key in (*consortium.stewards, *consortium.labs)]
    assert {names.name_of(address) for address in addresses_of} == {
        *(f"Hospital {n}" for n in range(3)),
        *(f"Lab {n}" for n in range(2)),
    }
    stranger = consortium.outsider.address
    assert names.name_of(stranger) == names.short(stranger)
    assert ("/v1/members", {"limit": 1, "after": None}) in asked
