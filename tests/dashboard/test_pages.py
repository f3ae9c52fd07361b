"""The pages' logic, driven without a browser (Streamlit's AppTest), against a real service."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import addresses
from dashboard.reading import connection, names
from dashboard.signing.identity import Me
from service import verdicts
from service.settings import Settings
from tests.dashboard.story import JUSTIFICATION, OPENING, now_consortium, story
from tests.support.ledgers import Consortium
from tests.support.servers import ServerThread, create_ledger

PATIENCE = 30


@pytest.fixture(scope="module")
def members() -> Consortium:
    return now_consortium()


@pytest.fixture(scope="module")
def server(members: Consortium, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerThread]:
    data = tmp_path_factory.mktemp("ledger")
    create_ledger(data, members, story(members))
    with ServerThread(Settings(data_dir=data)) as running:
        yield running


@pytest.fixture(autouse=True)
def shown(server: ServerThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(addresses.SERVER, server.url)
    monkeypatch.setenv(addresses.STATE, str(tmp_path / "trust"))
    # However busy the machine is, lists tell their verdicts in the first answer.
    monkeypatch.setattr(verdicts, "PATIENCE_SECONDS", 60.0)
    connection.forget()


def opened(page: str, me: Me | None = None, **address: str) -> AppTest:
    script = f"from dashboard.pages import {page}\n{page}.page()\n"
    test = AppTest.from_string(script, default_timeout=PATIENCE)
    for name, value in address.items():
        test.query_params[name] = value
    if me is not None:
        test.session_state["me"] = me
    test.run()
    assert not test.exception, test.exception
    return test


def said(test: AppTest) -> str:
    return " ".join(str(getattr(element, "value", "")) for element in test.main) + " ".join(
        str(element.proto.body) for element in test.get("html")
    )


@pytest.mark.parametrize(
    "page", ["overview", "proposals", "models", "datasets", "audit", "members", "connect"]
)
def test_every_page_is_drawn(page: str) -> None:
    test = opened(page)
    assert test.title or test.markdown


def test_the_overview_shows_a_member_what_waits_for_it_and_nothing_else(
    members: Consortium,
) -> None:
    steward = said(opened("overview", Me(members.stewards[0].address, "test")))
    assert "Lab 1 asks for access to “Breast cancer records, North Hospital”" in steward
    other = said(opened("overview", Me(members.stewards[2].address, "test")))
    assert "asks for access" not in other


def test_the_overview_names_models_that_were_tainted_and_access_that_ends() -> None:
    everyone = said(opened("overview"))
    assert "“Model tumour-classifier”, version 1, was made with" in everyone
    assert "with “Breast cancer records, South Hospital”, whose permission" in everyone
    assert "The access of Lab 1 to “Breast cancer records, North Hospital” ends." in everyone


def test_what_is_wrong_with_a_version_names_the_dataset_as_the_graph_does() -> None:
    found = re.sub(r"<[^>]+>", "", said(opened("models", model="tumour-classifier", version="1")))
    title = "“Breast cancer records, South Hospital” (wdbc-south)"
    assert re.search(rf"used dataset {re.escape(title)}, version 1, (from|at) \d", found), found


def test_a_dataset_without_a_title_and_a_word_that_is_no_id_stay_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(names, "dataset_title", {"d-1": "From here to there"}.get)
    assert names.readable("Withdraw dataset d-1.") == "Withdraw dataset “From here to there” (d-1)."
    for sentence in ("Withdraw dataset d-2.", "Dataset versions are kept."):
        monkeypatch.setattr(names, "dataset_title", lambda dataset: dataset)
        assert names.readable(sentence) == sentence


def test_a_search_shows_what_fits_and_says_when_nothing_does() -> None:
    test = opened("datasets")
    test.text_input(key="search-datasets").input("SOUTH hospital").run()
    assert "wdbc-south" in said(test)
    assert "wdbc-north" not in said(test)
    test.text_input(key="search-datasets").input("zebra").run()
    assert "No dataset fits these words." in said(test)


def test_a_model_that_a_search_finds_is_shown_with_its_verdict() -> None:
    test = opened("models")
    test.text_input(key="search-models").input("TUMOUR").run()
    assert "tumour-classifier" in said(test)
    assert "latest version" in said(test)
    test.text_input(key="search-models").input("zebra").run()
    assert "No model fits these words." in said(test)


def test_a_search_is_cut_to_what_the_ledger_searches_for() -> None:
    test = opened("datasets")
    test.text_input(key="search-datasets").input(" ".join("abcdefghij")).run()
    assert "Searched for the beginning only: at most 8 words, 100 characters." in said(test)


def test_a_version_that_is_not_there_is_not_silently_another_one() -> None:
    test = opened("models", model="tumour-classifier", version="77")
    assert "No version 77 is recorded." in test.info[0].value
    assert not opened("models", model="tumour-classifier", version="1").info


def test_a_member_is_shown_with_the_datasets_and_models_that_are_its_own(
    members: Consortium,
) -> None:
    steward = said(opened("members", member=members.stewards[0].address))
    assert "Datasets it answers for" in steward
    assert "Breast cancer records, North Hospital" in steward
    assert "South Hospital" not in steward
    assert "Models it owns" not in steward
    assert re.search(r"Admitted as <bdi>a member</bdi>|Admitted as a member", steward)
    assert "Model tumour-classifier" in said(opened("members", member=members.labs[0].address))


def test_the_versions_of_a_dataset_are_called_so_where_no_column_says_it() -> None:
    assert ">Version 1<" in said(opened("datasets", dataset="wdbc-north", view="versions"))


def test_it_is_said_what_a_withdrawal_does_to_models() -> None:
    told = said(opened("datasets", dataset="wdbc-north", view="withdraw"))
    assert "No new use of it would be allowed from then on." in told
    assert "the audit of each model below says with a note" in told


def test_withdrawing_what_nobody_has_used_reaches_nothing() -> None:
    told = said(opened("datasets", dataset="hostile", view="withdraw"))
    assert "0 training runs, 0 model versions" in told


def test_looking_back_before_the_revocation_shows_the_model_clean() -> None:
    test = opened("models", model="tumour-classifier", version="1")
    assert "Tainted" in said(test)
    slider = test.select_slider(key="as-of-tumour-classifier-1")
    first = slider.options[0].partition("event ")[2].partition(":")[0]
    slider.set_value(int(first)).run()
    assert "Clean" in said(test)
    assert "Tainted" not in said(test)


def test_what_is_sealed_is_shown_to_the_account_alone_that_opened_it(members: Consortium) -> None:
    address = {"dataset": "wdbc-north", "view": "requests"}
    steward = Me(members.stewards[0].address, "test")
    outside = opened("datasets", steward, **address)
    assert [button.label for button in outside.button].count("Read it") == 1
    assert "can read it" in said(outside)
    steward.opened[OPENING.commitment] = JUSTIFICATION
    shown = opened("datasets", steward, **address)
    assert "A thesis of &lt;b&gt;ours&lt;/b&gt; needs them." in said(shown)
    assert "Read it" not in [button.label for button in shown.button]
    other = opened("datasets", Me(members.stewards[1].address, "test"), **address)
    assert "A thesis" not in said(other)


def test_a_permission_can_be_changed_by_nobody_once_it_is_taken_back() -> None:
    test = opened("datasets", dataset="wdbc-south")
    assert "Taken back" in said(test)
    assert not [b for b in test.button if b.label == "Suspend"]


def test_what_happened_to_a_permission_is_told_with_its_proofs() -> None:
    test = opened("datasets", dataset="wdbc-south")
    assert "Proof: event" not in said(test)
    test.session_state["open-changes-grant-south"] = True
    told = said(test.run())
    assert "Given" in told
    assert "Taken back with effect on the past: every model made with it counts as" in told
    assert len(set(re.findall(r"Proof: event \d+", told))) == 2


def test_a_grant_without_a_member_is_not_offered_for_signing() -> None:
    test = opened("datasets", dataset="wdbc-north")
    assert not test.date_input
    test.session_state["open-grant-wdbc-north"] = True
    test.run()
    submit = next(b for b in test.button if b.label == "Review and sign")
    submit.click().run()
    assert any("Choose who" in w.value for w in test.warning)
    assert "You are about to sign" not in said(test)


def listed(test: AppTest) -> set[str]:
    """Events that the page leads to."""
    return set(re.findall(r"audit\?event=\d+", said(test)))


def test_the_log_is_filtered_by_the_server() -> None:
    test = opened("audit")
    test.selectbox(key="log-kind").set_value("access.revoked").run()
    assert len(listed(test)) == 1


def test_the_log_is_filtered_by_day() -> None:
    test = opened("audit")
    today = datetime.now(UTC).date()
    days = test.date_input(key="log-days")
    days.set_value((today - timedelta(days=1), today)).run()
    assert len(listed(test)) > 1
    test.date_input(key="log-days").set_value((today - timedelta(days=9), today - timedelta(8)))
    assert "No event fits." in said(test.run())


def test_an_unknown_object_is_said_to_be_unknown() -> None:
    script = (
        "from dashboard.components.states import guarded\n"
        "from dashboard.pages import models\n"
        "guarded(models.page)\n"
    )
    test = AppTest.from_string(script, default_timeout=PATIENCE)
    test.query_params["model"] = "no-such-model"
    test.run()
    assert [title.value for title in test.title] == ["Nothing is recorded under this name."]
    assert "No model no-such-model is recorded." in said(test)
