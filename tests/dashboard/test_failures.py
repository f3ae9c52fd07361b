"""What is shown when things go wrong, when texts attack, and when there is little room."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from dashboard.navigation import ROOMS
from tests.dashboard.conftest import PATIENCE_MS, Open, settled
from tests.dashboard.processes import DashboardProcess
from tests.dashboard.story import now_consortium, story
from tests.support.servers import ServerProcess, create_ledger, free_port

pytestmark = pytest.mark.slow

PAGES = (
    *(f"/{room.name}" for room in ROOMS),
    "/models?model=tumour-classifier&version=1",
    "/datasets?dataset=hostile",
    "/audit?event=3",
)


def test_a_server_that_goes_away_is_named_and_the_page_comes_back_with_it(
    browser: Browser, tmp_path: Path
) -> None:
    consortium = now_consortium()
    create_ledger(tmp_path / "data", consortium, story(consortium))
    service = ServerProcess(tmp_path / "data", port=free_port())
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_MS)
    with service, DashboardProcess(service.url, tmp_path / "trust") as dashboard:
        page = context.new_page()
        page.goto(dashboard.url)
        settled(page, "Overview")
        expect(page.get_by_text("Log verified")).to_be_visible()
        service.kill()
        # The live part notices by itself, and so does whatever is opened next.
        expect(page.get_by_text("Offline")).to_be_visible()
        page.goto(f"{dashboard.url}/datasets")
        expect(page.get_by_text("The server does not answer.", exact=True)).to_be_visible()
        service.start()
        expect(page.get_by_role("link", name="Breast cancer records, North")).to_be_visible()
        expect(page.get_by_text("Log verified")).to_be_visible()
    context.close()


@pytest.mark.parametrize(
    "path", ["/datasets", "/datasets?dataset=hostile", "/audit?event=17", "/models"]
)
def test_hostile_text_is_shown_as_text_and_does_nothing(open_page: Open, path: str) -> None:
    page = open_page(path)
    harmless(page)


def harmless(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.hacked") is None
    main = page.get_by_test_id("stMain")
    for active in ("img[src=x]", "a[href^='javascript']", "a[href*='evil']", "script", ".katex"):
        assert main.locator(active).count() == 0, active
    assert page.evaluate("getComputedStyle(document.body).display") != "none"


def test_hostile_text_can_still_be_read_in_full(open_page: Open) -> None:
    page = open_page("/datasets?dataset=hostile")
    expect(page.get_by_text("<script>window.hacked=3</script>")).to_be_visible()
    # What would turn the text around is written out.
    expect(page.get_by_text("⟨U+202E⟩gnp.exe")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_contain_text("<img src=x onerror=")


def test_an_object_that_is_not_there_is_said_not_to_be_there(open_page: Open) -> None:
    page = open_page("/", heading="Overview")
    page.goto(page.url + "datasets?dataset=nothing-here")
    expect(page.get_by_text("Nothing is recorded under this name.")).to_be_visible()


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_cut_off_at_390_pixels(
    looks: Callable[..., BrowserContext], dashboard: DashboardProcess, path: str
) -> None:
    page = looks(width=390).new_page()
    page.goto(dashboard.url + path)
    settled(page)
    page.wait_for_load_state("networkidle")
    wide = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth - innerWidth")
    assert wide <= 0
    page.close()
