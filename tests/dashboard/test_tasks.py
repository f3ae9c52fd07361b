"""What a person who has never seen the dashboard gets done, from the start page, in a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.dashboard.conftest import Open, settled
from tests.dashboard.story import JUSTIFICATION
from tests.dashboard.wallet import Wallet
from tests.dashboard.world import Assembly, admission
from tests.support.ledgers import Consortium
from tests.support.servers import ServerProcess

pytestmark = pytest.mark.slow


def go_to(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name).click()
    settled(page, name)


def test_a_visitor_finds_out_where_a_model_came_from_and_why_it_is_tainted(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("link", name="See where a model came from").click()
    settled(page, "Models")
    page.get_by_role("link", name="Model tumour-classifier").click()
    settled(page, "Model tumour-classifier")
    expect(page.get_by_text("Clean").first).to_be_visible()
    choose(page, "Version", "1")
    expect(page.get_by_text("Tainted").first).to_be_visible()
    expect(page.get_by_text("The permission was revoked after the data was used.")).to_be_visible()
    graph = graph_of(page)
    south = graph.get_by_text("Breast cancer records, South")
    expect(south).to_be_visible()
    expect(graph.get_by_text("Dataset ✕ problem")).to_be_visible()
    page.get_by_text("The same as a list").click()
    listed = page.get_by_role("region", name="Everything in the picture")
    expect(listed.get_by_role("row").filter(has_text="wdbc-south")).to_contain_text("Problem")
    south.click()
    page.get_by_role("link", name="Open the dataset").click()
    settled(page, "South Hospital")
    assert "dataset=wdbc-south" in page.url


def graph_of(page: Page) -> Locator:
    """The picture of what went in."""
    return page.get_by_role("group", name="What went in")


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()


def test_a_visitor_sees_what_a_withdrawal_would_reach_before_it_is_done(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("link", name="Give or take back access to data").click()
    settled(page, "Datasets")
    page.get_by_role("link", name="Breast cancer records, North Hospital").click()
    settled(page, "North Hospital")
    page.get_by_role("radio", name="If it is withdrawn").click()
    expect(page.get_by_text("2 training runs, 2 model versions")).to_be_visible()
    for version in ("1", "2"):
        link = page.get_by_role("link", name=f"Model tumour-classifier, version {version}")
        expect(link).to_be_visible()


def test_a_steward_gives_access_until_a_day_and_takes_it_back(
    open_page: Open,
    wallet_of: Callable[..., Wallet],
    consortium: Consortium,
    service: ServerProcess,
) -> None:
    wallet = wallet_of(consortium.stewards[2])
    page = open_page()
    go_to(page, "Datasets")
    page.get_by_role("link", name="Breast cancer records, West Hospital").click()
    settled(page, "West Hospital")
    until = (datetime.now(UTC) + timedelta(days=40)).date()
    give_access(page, "Lab 1", until.isoformat())
    # Nobody is connected yet: who signs is asked first, then what.
    page.get_by_role("button", name="Connect Test Wallet").click()
    dataset = "“Breast cancer records, West Hospital” (wdbc-west)"
    expect(page.get_by_text(f"Lab 1 may read, train dataset {dataset}")).to_be_visible()
    page.get_by_role("button", name="Sign with Test Wallet").click()
    expect(page.get_by_text("Recorded as event")).to_be_visible()
    shown = wallet.signed()[-1]["message"]
    assert isinstance(shown, dict)
    assert "may read, train dataset wdbc-west" in str(shown["summary"])
    given = [g for g in grants(service, "wdbc-west") if g["assignee"] == consortium.labs[1].address]
    assert [g["expiresAt"] for g in given] == [f"{until.isoformat()}T23:59:59Z"]

    name = str(given[0]["grant"])
    row = page.locator(f".st-key-access-{name}")
    row.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("What this would reach")).to_be_visible()
    page.get_by_role("radio", name="From now on").check(force=True)
    page.get_by_role("textbox", name="Why").fill("The project is over.")
    page.get_by_role("button", name="Review and sign").last.click()
    page.get_by_role("button", name="Sign with Test Wallet").click()
    expect(row.get_by_text("Taken back")).to_be_visible()
    found = httpx.get(f"{service.url}/v1/grants/{name}").json()
    assert found["status"] == "revoked"
    assert found["changes"][-1]["effect"] == "prospective"
    assert "The project is over." not in httpx.get(f"{service.url}/v1/events").text


def give_access(page: Page, to: str, until: str) -> None:
    page.get_by_text("Give access").click()
    page.get_by_role("combobox", name="Who").click()
    page.get_by_role("option", name=to, exact=True).click()
    for part, digits in zip(("year", "month", "day"), until.split("-"), strict=True):
        page.get_by_role("spinbutton", name=f"{part}, Until the end of").press_sequentially(digits)
    page.get_by_role("button", name="Review and sign").first.click()


def grants(service: ServerProcess, dataset: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = httpx.get(
        f"{service.url}/v1/grants", params={"dataset": dataset}
    ).json()["items"]
    return found


def test_a_steward_answers_a_request_with_one_click_and_one_signature(
    open_page: Open,
    wallet_of: Callable[..., Wallet],
    consortium: Consortium,
    service: ServerProcess,
) -> None:
    wallet_of(consortium.stewards[0])
    page = open_page()
    page.get_by_role("link", name="Answer the request").click()
    settled(page, "North Hospital")
    row = page.locator(".st-key-request-request-new")
    expect(row.get_by_text("Waits for an answer")).to_be_visible()
    # Why it is asked for is sealed: the steward signs to read it, and then decides.
    row.get_by_role("button", name="Read it").click()
    page.get_by_role("button", name="Connect Test Wallet").click()
    page.get_by_role("button", name="Sign with Test Wallet").click()
    expect(row.get_by_text(JUSTIFICATION)).to_be_visible()
    row.get_by_role("button", name="Grant as asked").click()
    page.get_by_role("button", name="Sign with Test Wallet").click()
    expect(page.get_by_text("Recorded as event")).to_be_visible()
    assert httpx.get(f"{service.url}/v1/requests/request-new").json()["status"] == "granted"


def test_a_visitor_checks_with_one_click_that_an_event_is_in_the_log(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("link", name=re.compile(r", event \d+$")).first.click()
    settled(page, "Event")
    expect(page.get_by_text("The log has signed that fingerprint.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the receipt").click()
    assert json.loads(download.value.path().read_text())["v"] == 1


def test_a_visitor_has_the_proof_of_an_audit_checked_and_takes_it_along(open_page: Open) -> None:
    page = open_page("/models?model=tumour-classifier&version=2")
    page.get_by_role("radio", name="Proof and report").click()
    expect(page.get_by_text("concord verify tumour-classifier-2-as-of-")).to_be_visible()
    page.get_by_role("button", name="Check it now, on this page").click()
    expect(page.get_by_text("It holds.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the proof").click()
    bundle = download.value.path()
    with page.expect_download() as report:
        page.get_by_role("button", name="Download a report (PDF)").click()
    assert report.value.path().read_bytes().startswith(b"%PDF")
    page = open_page("/audit?view=verify")
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        {"name": "bundle.json", "mimeType": "application/json", "buffer": bundle.read_bytes()}
    )
    expect(page.get_by_text("It holds.")).to_be_visible()
    expect(page.get_by_text("tumour-classifier, version 2")).to_be_visible()


def test_what_was_proven_for_an_earlier_log_is_tied_to_the_log_as_it_is_now(
    open_page: Open, assembly: Assembly, consortium: Consortium
) -> None:
    page = open_page("/audit?event=3", heading="Event 3")
    # The receipt is kept; the log goes on.
    assembly.propose("Admit somebody", admission(consortium.gateway, "gateway"))
    page.reload()
    settled(page, "Event 3")
    expect(page.get_by_text("steps lead from this event to the fingerprint of all")).to_be_visible()
    expect(page.get_by_text(re.compile(r"are the first of the \d+ events"))).to_be_visible()


def test_two_sizes_of_the_log_are_shown_to_be_one_history(open_page: Open) -> None:
    page = open_page("/audit?view=sizes")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text("are the same in both")).to_be_visible()
