"""What is shown when things go wrong, and when texts attack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect
from playwright.sync_api import TimeoutError as BrowserTimeout

from tests.dashboard.conftest import Open, settled
from tests.dashboard.processes import DashboardProcess
from tests.dashboard.story import HOSTILE_TEXT, HOSTILE_TITLE
from tests.dashboard.wallet import Wallet
from tests.dashboard.world import Assembly, admission
from tests.support.ledgers import Consortium, member_key
from tests.support.line import Line
from tests.support.servers import ServerProcess

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def line(service: ServerProcess) -> Iterator[Line]:
    """The only way from the dashboard to the server."""
    with Line(service.url) as line:
        yield line


@pytest.fixture(scope="module")
def far_dashboard(
    line: Line, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DashboardProcess]:
    with DashboardProcess(line.url, tmp_path_factory.mktemp("far")) as process:
        yield process


@pytest.fixture
def mended(line: Line) -> Iterator[Line]:
    """The same, whole before and after the test."""
    yield line
    line.cut_before = b""
    line.cut()
    line.mend()


@dataclass
class Voting:
    """A member about to press the button that signs its vote."""

    page: Page
    wallet: Wallet
    proposal: str

    def sign(self) -> None:
        self.page.get_by_role("button", name="Sign with Test Wallet").click()

    def sign_if_asked(self) -> None:
        """Where the page may be drawn anew, without the button, at any moment."""
        with suppress(BrowserTimeout):
            self.page.get_by_role("button", name="Sign with Test Wallet").click(timeout=10_000)


@pytest.fixture
def voting(
    context: BrowserContext, far_dashboard: DashboardProcess, assembly: Assembly,
    wallet_of: Callable[..., Wallet], request: pytest.FixtureRequest,
) -> Voting:  # fmt: skip
    # No proposal can be made twice.
    newcomer = member_key(request.node.name)
    proposal = assembly.open("Admit the newcomer", admission(newcomer, "steward"))
    wallet = wallet_of(assembly.consortium.labs[0])
    page = context.new_page()
    page.goto(f"{far_dashboard.url}/proposals?proposal={proposal}")
    settled(page, "Admit the newcomer")
    page.get_by_role("button", name="Vote for").click()
    page.get_by_role("button", name="Connect Test Wallet").click()
    page.get_by_role("button", name="Sign with Test Wallet").wait_for()
    return Voting(page, wallet, proposal)


def away(page: Page) -> Locator:
    return page.get_by_text("The server does not answer.", exact=True).first


def test_a_server_that_goes_away_is_named_and_the_page_comes_back_with_it(
    context: BrowserContext, far_dashboard: DashboardProcess, mended: Line
) -> None:
    page = context.new_page()
    page.goto(far_dashboard.url)
    settled(page, "Overview")
    expect(page.get_by_text("Log verified")).to_be_visible()
    mended.cut()
    # The live part notices by itself, and so does whatever is opened next.
    expect(page.get_by_text("Offline")).to_be_visible()
    page.goto(f"{far_dashboard.url}/datasets")
    expect(away(page)).to_be_visible()
    mended.mend()
    expect(page.get_by_role("link", name="Breast cancer records, North")).to_be_visible()
    expect(page.get_by_text("Log verified")).to_be_visible()


def test_a_vote_that_was_signed_and_did_not_reach_the_server_is_sent_once_it_answers(
    voting: Voting, mended: Line, assembly: Assembly, consortium: Consortium
) -> None:
    mended.cut_before = b"POST /v1/votes "
    voting.sign()
    expect(away(voting.page)).to_be_visible()
    expect(voting.page.get_by_text("Your vote was counted")).to_have_count(0)
    assert assembly.votes(voting.proposal) == []
    mended.cut_before = b""
    mended.mend()
    # The page still knows what was signed: nobody is asked again.
    expect(voting.page.get_by_text("Your vote was counted")).to_be_visible()
    assert len(voting.wallet.signed()) == 1
    assert assembly.voted(voting.proposal, consortium.labs[0]) == ["for"]


def test_a_vote_that_was_signed_while_the_page_could_not_be_drawn_is_counted_once(
    voting: Voting, mended: Line, far_dashboard: DashboardProcess, assembly: Assembly,
    consortium: Consortium,
) -> None:  # fmt: skip
    mended.cut()
    # Once nothing is kept of what was read before, the page may end before it hears of the
    # signature; then it is signed again.
    other = voting.page.context.new_page()
    other.goto(f"{far_dashboard.url}/proposals?proposal={voting.proposal}")
    expect(away(other)).to_be_visible()
    voting.sign_if_asked()
    expect(away(voting.page)).to_be_visible()
    mended.mend()
    counted = voting.page.get_by_text("Your vote was counted")
    again = voting.page.get_by_role("button", name="Sign with Test Wallet")
    expect(again.or_(counted).first).to_be_visible()
    voting.sign_if_asked()
    expect(counted).to_be_visible()
    assert 1 <= len(voting.wallet.signed()) <= 2
    assert assembly.voted(voting.proposal, consortium.labs[0]) == ["for"]


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
    for active in ("img[src=x]", "a[href^='javascript']", "a[href*='evil']", ".katex"):
        assert main.locator(active).count() == 0, active
    # Two are the dashboard's own: what follows links, and what fetches widgets.
    assert main.locator("script").count() == main.locator(".st-key-scripts script").count() == 2
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
