"""A real service, a real dashboard, a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from ledger.events import SigningKey
from tests.dashboard.processes import DashboardProcess
from tests.dashboard.story import now_consortium
from tests.dashboard.wallet import Wallet
from tests.dashboard.world import Assembly, found_world, serve
from tests.support.ledgers import Consortium
from tests.support.peers import absent
from tests.support.servers import ServerProcess

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
PATIENCE_MS = 90_000

expect.set_options(timeout=PATIENCE_MS)

Open = Callable[..., Page]
"""Opens a path of the dashboard in a browser of its own."""


@pytest.fixture(scope="session")
def consortium() -> Consortium:
    return now_consortium()


@pytest.fixture(scope="session")
def service(
    consortium: Consortium, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    data = tmp_path_factory.mktemp("service")
    found_world(data, consortium)
    with serve(data) as process:
        yield process


@pytest.fixture(scope="session")
def assembly(
    consortium: Consortium, service: ServerProcess, tmp_path_factory: pytest.TempPathFactory
) -> Assembly:
    """The members of the DAO, acting from elsewhere."""
    return Assembly(consortium, service.url, tmp_path_factory.mktemp("client"))


@pytest.fixture(scope="session")
def dashboard(
    service: ServerProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DashboardProcess]:
    with DashboardProcess(service.url, tmp_path_factory.mktemp("trust")) as process:
        yield process


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser; it ends with the module, for while it runs its event loop counts as this thread's,
    and no other test of the process could run one.
    """
    if not Path(CHROMIUM).exists():
        absent("these tests need Debian's chromium (apt-get install chromium)")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1280, "height": 1000}, reduced_motion="reduce")
    made.set_default_timeout(PATIENCE_MS)
    yield made
    made.close()


@pytest.fixture
def wallet_of(
    context: BrowserContext, service: ServerProcess, consortium: Consortium
) -> Callable[..., Wallet]:
    """Gives the browser a wallet with a member's key; on the ledger's chain unless told."""

    def install(key: SigningKey, *, chain_id: int | None = None, **setup: set[str]) -> Wallet:
        on = consortium.domain.chain_id if chain_id is None else chain_id
        wallet = Wallet(key, on, {on}, rpc=f"{service.url}/rpc", **setup)
        wallet.install(context)
        return wallet

    return install


@pytest.fixture
def open_page(context: BrowserContext, dashboard: DashboardProcess) -> Open:
    def opened(path: str = "/", *, heading: str | None = None) -> Page:
        page = context.new_page()
        page.goto(dashboard.url + path)
        settled(page, heading)
        return page

    return opened


def settled(page: Page, heading: str | None = None) -> None:
    """Waits until the page has a heading, the server has nothing more to say, and what it said
    before is gone.
    """
    title = page.get_by_role("heading", level=1)
    (title.filter(has_text=heading) if heading else title).first.wait_for()
    page.wait_for_function(
        "() => { const app = document.querySelector('[data-testid=stApp]');"
        " return app?.dataset.testScriptState === 'notRunning'"
        " && !document.querySelector('[data-stale=true]'); }"
    )
