"""What is shown when things go wrong, and when texts attack."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from playwright.sync_api import TimeoutError as NotInTime

from tests.dashboard.conftest import PATIENCE_MS, Open, settled
from tests.dashboard.processes import DashboardProcess
from tests.dashboard.story import HOSTILE_TEXT, HOSTILE_TITLE, now_consortium
from tests.dashboard.wallet import Wallet
from tests.dashboard.world import Assembly, admission, found_world, serve
from tests.support.ledgers import Consortium, member_key
from tests.support.servers import ServerProcess, free_port

pytestmark = pytest.mark.slow

GONE_WITHIN_MS = 15_000
NEWCOMER = member_key("newcomer-elsewhere")


def test_a_server_that_goes_away_is_named_and_the_page_and_a_vote_come_back_with_it(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    consortium, folder = now_consortium(), tmp_path_factory.mktemp("away")
    found_world(folder / "data", consortium)
    service = serve(folder / "data", port=free_port())
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_MS)
    with service, DashboardProcess(service.url, folder / "trust") as dashboard:
        assembly = Assembly(consortium, service.url, folder / "client")
        proposal = assembly.open("Admit the newcomer", admission(NEWCOMER, "steward"))
        voting = about_to_vote(context, consortium, dashboard, service, proposal)
        page = context.new_page()
        page.goto(dashboard.url)
        settled(page, "Overview")
        expect(page.get_by_text("Log verified")).to_be_visible()

        service.kill()
        # The live part notices by itself, and so does whatever is opened next.
        expect(page.get_by_text("Offline")).to_be_visible()
        page.goto(f"{dashboard.url}/datasets")
        expect(page.get_by_text("The server does not answer.", exact=True)).to_be_visible()
        voting.get_by_role("button", name="Sign with Test Wallet").click()
        expect(voting.get_by_text("The server does not answer.", exact=True).first).to_be_visible()

        service.start()
        expect(page.get_by_role("link", name="Breast cancer records, North")).to_be_visible()
        expect(page.get_by_text("Log verified")).to_be_visible()
        # The page still knows which vote it was: it sends what was signed, or has it signed again
        # where the server was gone before the page had heard of the signature.
        counted = voting.get_by_text("Your vote was counted")
        again = voting.get_by_role("button", name="Sign with Test Wallet")
        expect(counted.or_(again).first).to_be_visible()
        if not counted.is_visible():
            with suppress(NotInTime):  # gone meanwhile: it was sent after all
                again.click(timeout=GONE_WITHIN_MS)
        expect(counted).to_be_visible()
        assert assembly.voted(proposal, consortium.labs[0]) == ["for"]
    context.close()


def about_to_vote(
    context: BrowserContext, consortium: Consortium, dashboard: DashboardProcess,
    service: ServerProcess, proposal: str,
) -> Page:  # fmt: skip
    chain = consortium.domain.chain_id
    Wallet(consortium.labs[0], chain, {chain}, rpc=f"{service.url}/rpc").install(context)
    page = context.new_page()
    page.goto(f"{dashboard.url}/proposals?proposal={proposal}")
    settled(page, "Admit the newcomer")
    page.get_by_role("button", name="Vote for").click()
    page.get_by_role("button", name="Connect Test Wallet").click()
    page.get_by_role("button", name="Sign with Test Wallet").wait_for()
    return page


@pytest.fixture(scope="module")
def attacked(assembly: Assembly, consortium: Consortium) -> str:
    """A proposal whose title, text and reasons attack whoever shows them."""
    action = admission(member_key("attacker"), "steward")
    proposal = assembly.open(HOSTILE_TITLE, action, body=HOSTILE_TEXT)
    assembly.vote(consortium.labs[1], proposal, "for", HOSTILE_TEXT)
    assembly.await_votes(proposal, 1)
    return proposal


@pytest.fixture(scope="module")
def hostile_event(service: ServerProcess) -> int:
    """Where the hostile dataset was registered."""
    found = httpx.get(f"{service.url}/v1/datasets/hostile").json()
    index: int = found["index"]
    return index


@pytest.mark.parametrize(
    "path",
    [
        "/overview",
        "/datasets",
        "/datasets?dataset=hostile",
        "/audit?event={event}",
        "/models",
        "/proposals",
        "/proposals?proposal={proposal}",
    ],
)
def test_hostile_text_is_shown_as_text_and_does_nothing(
    open_page: Open, attacked: str, hostile_event: int, path: str
) -> None:
    page = open_page(path.format(proposal=attacked, event=hostile_event))
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


def test_hostile_text_is_shown_as_text_in_what_is_about_to_be_signed(
    open_page: Open, attacked: str, wallet_of: Callable[..., Wallet], consortium: Consortium
) -> None:
    wallet_of(consortium.labs[0])
    page = open_page(f"/proposals?proposal={attacked}")
    page.get_by_label("Why (optional; public for ever)").fill(HOSTILE_TITLE)
    page.get_by_role("button", name="Vote against").click()
    page.get_by_role("button", name="Connect Test Wallet").click()
    words = page.locator(".words")
    expect(words.get_by_text(f"Reason, public for ever: {HOSTILE_TITLE}")).to_be_visible()
    assert words.locator("img, b, a").count() == 0
    assert page.evaluate("window.hacked") is None


def test_an_object_that_is_not_there_is_said_not_to_be_there(open_page: Open) -> None:
    page = open_page("/", heading="Overview")
    page.goto(page.url + "datasets?dataset=nothing-here")
    expect(page.get_by_text("Nothing is recorded under this name.")).to_be_visible()
