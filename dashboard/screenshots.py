"""`python -m dashboard.screenshots FOLDER`: every page of a running dashboard, in both themes.

Needs the package playwright and a Chromium. The dashboard is looked at as a visitor sees it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, sync_playwright

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
_PATIENCE_MS = 60_000
_TALLEST = 2_400
_IS_DRAWN = "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState !== 'running'"


def pages_of(model: str, version: str, dataset: str, event: int) -> dict[str, str]:
    """The pages by a picture's name, with an object of each kind."""
    return {
        "overview": "/",
        "models": "/models",
        "model": f"/models?model={model}&version={version}",
        "datasets": "/datasets",
        "dataset": f"/datasets?dataset={dataset}",
        "audit": "/audit",
        "event": f"/audit?event={event}",
        "anchors": "/audit?view=anchors",
        "proposals": "/proposals",
        "propose": "/proposals?new=release",
        "members": "/members",
        "voting-power": "/members?view=power",
        "treasury": "/members?view=treasury",
        "rules": "/members?view=rules",
        "connect": "/connect",
    }


def take(
    dashboard: str, folder: Path, pages: dict[str, str], *, chromium: str, width: int, scale: float
) -> list[Path]:
    """Takes the pictures.

    Args:
        dashboard: its address.
        folder: where `<page>-<theme>.png` go.
        pages: paths by name.
        chromium: the browser's program.
        width: of the window, in pixels.
        scale: pixels of the picture for one of the page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for theme in THEMES:
            context = browser.new_context(
                viewport={"width": width, "height": 900},
                color_scheme=theme,
                device_scale_factor=scale,
                reduced_motion="reduce",
            )
            context.set_default_timeout(_PATIENCE_MS)
            page = context.new_page()
            for name, path in pages.items():
                page.set_viewport_size({"width": width, "height": 900})
                page.goto(dashboard + path)
                _wait(page)
                file = folder / f"{name}-{theme}.png"
                page.screenshot(path=file)
                made.append(file)
            context.close()
        browser.close()
    return made


def _wait(page: Page) -> None:
    page.get_by_role("heading", level=1).first.wait_for()
    page.wait_for_load_state("networkidle")
    page.wait_for_function(_IS_DRAWN)
    main = "document.querySelector('[data-testid=stMain]').scrollHeight"
    size = page.viewport_size
    if size is not None:
        height = max(size["height"], min(_TALLEST, int(page.evaluate(main))))
        page.set_viewport_size({"width": size["width"], "height": height})
    page.wait_for_load_state("networkidle")


def main(arguments: Sequence[str] | None = None) -> None:
    """Takes the pictures that the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m dashboard.screenshots", description="Pictures of every page."
    )
    parser.add_argument("folder", type=Path, help="where they go")
    parser.add_argument("--dashboard", default="http://127.0.0.1:8501", help="its address")
    parser.add_argument("--chromium", default="/usr/bin/chromium", help="the browser's program")
    parser.add_argument("--model", default="tumour-classifier")
    parser.add_argument("--version", default="1")
    parser.add_argument("--dataset", default="wdbc-north")
    parser.add_argument("--event", type=int, default=5)
    parser.add_argument("--width", type=int, default=1280, help="of the window, in pixels")
    parser.add_argument("--scale", type=float, default=1.0, help="picture pixels a page pixel")
    given = parser.parse_args(arguments)
    pages = pages_of(given.model, given.version, given.dataset, given.event)
    made = take(
        given.dashboard.rstrip("/"), given.folder, pages,
        chromium=given.chromium, width=given.width, scale=given.scale,
    )  # fmt: skip
    for file in made:
        print(file)


if __name__ == "__main__":
    main()
