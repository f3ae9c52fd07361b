"""axe-core finds nothing serious on any page, in either theme; the keyboard reaches everything."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dashboard.conftest import PATIENCE_MS, Open, settled
from tests.dashboard.processes import DashboardProcess

pytestmark = pytest.mark.slow

PAGES = (
    "/",
    "/models",
    "/models?model=tumour-classifier&version=1",
    "/datasets?dataset=wdbc-north",
    "/audit",
    "/audit?event=3",
    "/members",
    "/connect",
)


@pytest.fixture(scope="session")
def axe() -> str:
    script = Path(__file__).with_name("install_axe.sh")
    done = subprocess.run(["sh", str(script)], capture_output=True, text=True, check=True)
    return Path(done.stdout.strip()).read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_serious(
    browser: Browser, dashboard: DashboardProcess, axe: str, path: str, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": 1280, "height": 1000},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(dashboard.url + path)
    settled(page)
    page.wait_for_load_state("networkidle")
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    serious = [
        f"{v['id']}: {v['help']}: {[n['html'][:160] for n in v['nodes'][:3]]}"
        for v in found["violations"]
        if v["impact"] in {"serious", "critical"}
    ]
    assert serious == []
    context.close()


def test_the_keyboard_alone_opens_a_dataset(open_page: Open) -> None:
    page = open_page("/datasets")
    tab_to(page, "Breast cancer records, North Hospital")
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
