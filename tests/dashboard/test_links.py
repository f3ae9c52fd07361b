"""Links between pages: followed without loading anything anew, and good addresses all the same."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from dashboard.__main__ import command
from tests.dashboard.conftest import Open, settled
from tests.dashboard.processes import DashboardProcess

pytestmark = pytest.mark.slow

NORTH = "Breast cancer records, North Hospital"


def is_the_same_document(page: Page) -> bool:
    return bool(page.evaluate("window.mark === 'kept'"))


def test_a_link_is_followed_within_the_page_and_the_way_back_leads_back(open_page: Open) -> None:
    page = open_page("/datasets", heading="Datasets")
    page.evaluate("window.mark = 'kept'")
    page.get_by_role("link", name=NORTH).click()
    settled(page, "North Hospital")
    assert page.url.endswith("/datasets?dataset=wdbc-north")
    page.get_by_role("link", name="Its registration and proof").click()
    settled(page, "Event")
    assert "/audit?event=" in page.url
    page.go_back()
    settled(page, "North Hospital")
    page.go_back()
    settled(page, "Datasets")
    assert page.url.endswith("/datasets")
    assert is_the_same_document(page)


def test_a_link_opens_in_another_tab_as_links_do(open_page: Open, context: BrowserContext) -> None:
    page = open_page("/datasets", heading="Datasets")
    with context.expect_page() as opened:
        page.get_by_role("link", name=NORTH).click(modifiers=["Control"])
    settled(opened.value, "North Hospital")
    settled(page, "Datasets")


def test_a_link_is_followed_that_was_drawn_again_while_it_was_pressed(open_page: Open) -> None:
    page = open_page("/datasets", heading="Datasets")
    link = page.get_by_role("link", name=NORTH)
    link.hover()
    page.mouse.down()
    link.evaluate("link => { const part = link.closest('.stHtml'); part.innerHTML += ''; }")
    page.mouse.up()
    settled(page, "North Hospital")
    assert page.url.endswith("/datasets?dataset=wdbc-north")


def test_a_link_is_followed_once_the_dashboard_is_back(open_page: Open) -> None:
    page = open_page("/datasets", heading="Datasets")
    app = page.get_by_test_id("stApp")
    app.evaluate("app => { app.dataset.testConnectionState = 'PINGING_SERVER'; }")
    page.get_by_role("link", name=NORTH).click()
    assert page.url.endswith("/datasets")
    app.evaluate("app => { app.dataset.testConnectionState = 'CONNECTED'; }")
    settled(page, "North Hospital")


def test_runs_of_one_visitor_never_overlap() -> None:
    assert "--runner.fastReruns=false" in command(address="127.0.0.1", port=8501)


def test_the_next_page_is_shown_from_its_top(open_page: Open) -> None:
    page = open_page("/", heading="Overview")
    page.set_viewport_size({"width": 1280, "height": 400})
    way = page.get_by_role("link", name="Check that something is in the log")
    way.scroll_into_view_if_needed()
    way.click()
    settled(page, "Audit")
    expect(page.get_by_role("heading", level=1)).to_be_in_viewport()


def test_a_link_leads_there_where_no_script_of_ours_runs(
    open_page: Open, dashboard: DashboardProcess
) -> None:
    page = open_page("/datasets", heading="Datasets")
    address = page.get_by_role("link", name=NORTH).evaluate("link => link.href")
    assert address == f"{dashboard.url}/datasets?dataset=wdbc-north"
    page.goto(address)
    settled(page, "North Hospital")
