"""Every page, of a ledger with a DAO, is for everyone: axe-core finds nothing serious in either
theme, nothing is cut off on a narrow screen, and the keyboard reaches everything.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from dashboard.navigation import ROOMS
from tests.dashboard.conftest import PATIENCE_MS, Open, settled
from tests.dashboard.processes import DashboardProcess
from tests.dashboard.story import HOSTILE_TEXT, HOSTILE_TITLE
from tests.dashboard.world import Assembly, admission
from tests.support.ledgers import Consortium
from tests.support.peers import absent

pytestmark = pytest.mark.slow

WIDE: ViewportSize = {"width": 1280, "height": 1000}
NARROW: ViewportSize = {"width": 390, "height": 844}
PAGES = (
    *(f"/{room.name}" for room in ROOMS),
    "/proposals?proposal={open}",
    "/proposals?proposal={over}",
    "/proposals?new=admit",
    "/proposals?new=adopt-policy",
    "/models?model=tumour-classifier&version=1",
    "/datasets?dataset=wdbc-north",
    "/datasets?dataset=wdbc-north&view=requests",
    "/datasets?dataset=hostile",
    "/audit?event=3",
    "/audit?view=verify",
    "/audit?view=sizes",
    "/audit?view=anchors",
    "/members?view=power",
    "/members?view=treasury",
    "/members?view=rules",
    "/members?member={member}",
)


@pytest.fixture(scope="session")
def axe() -> str:
    script = Path(__file__).with_name("install_axe.sh")
    done = subprocess.run(["sh", str(script)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        absent(f"axe-core is not here, and npm does not bring it: {done.stderr.strip()}")
    return Path(done.stdout.strip()).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def objects(assembly: Assembly, consortium: Consortium) -> dict[str, str]:
    """What the pages' addresses name: a proposal that is over, one that is open, a member."""
    hospitals = consortium.stewards
    over = assembly.open("Admit the outsider", admission(consortium.outsider, "gateway"))
    assembly.pass_with(over, hospitals)
    assembly.carry_out(over)
    opened = assembly.open(HOSTILE_TITLE[:190], admission(consortium.gateway), body=HOSTILE_TEXT)
    assembly.vote(consortium.labs[0], opened, "for", HOSTILE_TEXT)
    assembly.await_votes(opened, 1)
    return {"open": opened, "over": over, "member": hospitals[0].address}


@pytest.fixture(scope="module", params=PAGES)
def page(
    request: pytest.FixtureRequest,
    browser: Browser,
    dashboard: DashboardProcess,
    objects: dict[str, str],
) -> Iterator[Page]:
    """Each page, opened once for everything that is looked at."""
    context = browser.new_context(viewport=WIDE, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    opened = context.new_page()
    opened.goto(dashboard.url + request.param.format_map(objects))
    settled(opened)
    opened.wait_for_load_state("networkidle")
    yield opened
    context.close()


@pytest.fixture
def resized(page: Page) -> Iterator[Callable[[ViewportSize], None]]:
    """Another size of the window, for one test."""
    yield page.set_viewport_size
    page.set_viewport_size(WIDE)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(page: Page, axe: str, scheme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    darkness = "rgb(16, 22, 30)" if scheme == "dark" else "rgb(255, 255, 255)"
    expect(page.get_by_test_id("stApp")).to_have_css("background-color", darkness)
    settled(page)
    # What the other theme changes are colours.
    rules = ["color-contrast"] if scheme == "dark" else None
    assert serious_findings(page, axe, rules) == []


def test_nothing_is_cut_off_at_390_pixels(
    page: Page, resized: Callable[[ViewportSize], None]
) -> None:
    resized(NARROW)
    page.wait_for_function("innerWidth === 390")
    settled(page)
    main = page.get_by_test_id("stMain")
    wide = main.evaluate("main => main.scrollWidth - innerWidth")
    assert wide <= 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert main.evaluate(_BEYOND_REACH) == []


_BEYOND_REACH = """main =>
  [...main.querySelectorAll("a, button, input:not([type=range]), textarea")]
  .filter((each) => each.checkVisibility() && !each.closest(".c-scroll, [data-testid=stDataFrame]"))
  .filter((each) => {
    const box = each.getBoundingClientRect();
    const middle = (box.left + box.right) / 2;
    return middle < 0 || middle > innerWidth;
  })
  .map((each) => each.outerHTML.slice(0, 160))"""
"""What can be operated and is outside of the window, left or right, with nothing to scroll. (What a
slider's hidden input covers says nothing of its thumb.)
"""


def serious_findings(page: Page, axe: str, rules: list[str] | None) -> list[str]:
    """What axe-core calls serious or critical, with where it is; by all rules or by these."""
    page.evaluate("axe => { window.axe || (0, eval)(axe); }", axe)
    options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
    found = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{v['id']}: {v['help']}: {[n['html'][:160] for n in v['nodes'][:3]]}"
        for v in found["violations"]
        if v["impact"] in {"serious", "critical"}
    ]


def test_at_390_pixels_the_menu_opens_and_leads_on(open_page: Open) -> None:
    page = open_page("/models")
    page.set_viewport_size(NARROW)
    page.reload()
    settled(page, "Models")
    page.get_by_role("button", name="Expand sidebar").click()
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Datasets").click()
    settled(page, "Datasets")


def test_the_keyboard_alone_opens_a_dataset(open_page: Open) -> None:
    page = open_page("/datasets")
    name = "Breast cancer records, North Hospital"
    expect(page.get_by_role("link", name=name)).to_be_visible()
    tab_to(page, name)
    page.keyboard.press("Enter")
    settled(page, "North Hospital")
    expect(page.get_by_role("heading", level=1)).to_contain_text("North Hospital")


def tab_to(page: Page, name: str, most: int = 60) -> None:
    for _ in range(most):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "document.activeElement?.matches('a') ? document.activeElement.innerText : ''"
        )
        if name in focused:
            return
    raise AssertionError(f"{name} is not reached with {most} tabs")
