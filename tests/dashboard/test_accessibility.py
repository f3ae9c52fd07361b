"""axe-core finds nothing serious on any page, in either theme; the keyboard reaches everything."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from dashboard.navigation import ROOMS
from tests.dashboard.conftest import Open, settled
from tests.dashboard.processes import DashboardProcess

pytestmark = pytest.mark.slow

OBJECTS = (
    "/models?model=tumour-classifier&version=1",
    "/datasets?dataset=wdbc-north",
    "/datasets?dataset=wdbc-north&view=requests",
    "/audit?event=3",
    "/audit?view=verify",
    "/audit?view=sizes",
)
PAGES = (*(f"/{room.name}" for room in ROOMS), *OBJECTS)


@pytest.fixture(scope="session")
def axe() -> str:
    script = Path(__file__).with_name("install_axe.sh")
    done = subprocess.run(["sh", str(script)], capture_output=True, text=True, check=True)
    return Path(done.stdout.strip()).read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_serious(
    looks: Callable[..., BrowserContext],
    dashboard: DashboardProcess,
    axe: str,
    path: str,
    scheme: str,
) -> None:
    page = looks(scheme).new_page()
    page.goto(dashboard.url + path)
    settled(page)
    page.wait_for_load_state("networkidle")
    assert serious_findings(page, axe) == []
    page.close()


def serious_findings(page: Page, axe: str) -> list[str]:
    """What axe-core calls serious or critical, with where it is."""
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{v['id']}: {v['help']}: {[n['html'][:160] for n in v['nodes'][:3]]}"
        for v in found["violations"]
        if v["impact"] in {"serious", "critical"}
    ]


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
