"""`python -m dashboard.screenshots FOLDER`: every page of a running dashboard, in both themes.

README's pictures are the demo's overview and proposal-active (`--height 880`) and its model-1
(`--height 1440 --scale 0.8`). Needs the package playwright and a Chromium. The dashboard is looked
at as a visitor sees it; which objects there are to look at is asked of its server.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, sync_playwright

from client import JsonObject, Ledger
from client.errors import ServerProblem
from client.fields import number, objects, text
from dashboard.addresses import SERVER, USUAL_SERVER

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
_PATIENCE_MS = 60_000
_USUAL_HEIGHT, _TALLEST = 900, 2_400
_IS_DRAWN = """() => {
  const isDrawn = document.querySelector("[data-testid=stApp]")?.dataset.testScriptState
    === "notRunning" && !document.querySelector("[data-stale=true], [data-testid=stSkeleton]");
  if (!isDrawn) window.drawnSince = undefined;
  else window.drawnSince ??= performance.now();
  return isDrawn && performance.now() - window.drawnSince > 700;
}"""
"""Whether nothing has been drawn for a while: what is drawn by scripts may ask the server again."""


def pages_of(server: str) -> dict[str, str]:
    """The pages by a picture's name, with an object of each kind that the server has.

    Args:
        server: address of the API.

    Raises:
        ConcordError: nobody answers.
    """
    with Ledger(server) as ledger:
        pages = {
            "overview": "/",
            "models": "/models",
            "datasets": "/datasets",
            "audit": "/audit",
            "audit-verify": "/audit?view=verify",
            "audit-sizes": "/audit?view=sizes",
            "audit-anchors": "/audit?view=anchors",
            "event": f"/audit?event={number(ledger.fetch('/v1/log'), 'size') // 2}",
            "members": "/members",
            "connect": "/connect",
        }
        return pages | _objects(ledger) | _dao(ledger)


def _objects(ledger: Ledger) -> dict[str, str]:
    pages = {}
    for item in objects(ledger.fetch("/v1/models", limit=1), "items"):
        model = text(item, "model")
        versions = objects(ledger.fetch(f"/v1/models/{model}/versions", limit=100), "items")
        for place, version in enumerate(versions[:2], start=1):
            pages[f"model-{place}"] = f"/models?model={model}&version={text(version, 'version')}"
    for item in objects(ledger.fetch("/v1/datasets", limit=1), "items"):
        dataset = text(item, "dataset")
        pages["dataset"] = f"/datasets?dataset={dataset}"
        for view in ("requests", "use", "withdraw", "versions"):
            pages[f"dataset-{view}"] = f"/datasets?dataset={dataset}&view={view}"
    for item in objects(ledger.fetch("/v1/members", limit=2), "items")[-1:]:
        pages["member"] = f"/members?member={text(item, 'member')}"
    return pages


def _dao(ledger: Ledger) -> dict[str, str]:
    try:
        proposals = objects(ledger.fetch("/v1/proposals", limit=25), "items")
    except ServerProblem:
        return {"proposals": "/proposals"}  # a ledger without contracts; its page says so
    pages = {
        "proposals": "/proposals",
        "propose": "/proposals?new=release",
        "propose-policy": "/proposals?new=adopt-policy",
        "voting-power": "/members?view=power",
        "treasury": "/members?view=treasury",
        "rules": "/members?view=rules",
    }
    return pages | {_picture(item): _page(item) for item in reversed(proposals)}


def _picture(proposal: JsonObject) -> str:
    """One picture for each state that a proposal is in."""
    return f"proposal-{text(proposal, 'state')}"


def _page(proposal: JsonObject) -> str:
    return f"/proposals?proposal={text(proposal, 'proposal')}"


def take(
    dashboard: str, folder: Path, pages: dict[str, str], *, chromium: str, width: int,
    height: int | None, scale: float,
) -> list[Path]:  # fmt: skip
    """Takes the pictures.

    Args:
        dashboard: its address.
        folder: where `<page>-<theme>.png` go.
        pages: paths by name.
        chromium: the browser's program.
        width: of the window, in pixels.
        height: likewise; as high as the page where None.
        scale: pixels of the picture for one of the page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for theme in THEMES:
            context = browser.new_context(
                viewport={"width": width, "height": height or _USUAL_HEIGHT},
                color_scheme=theme,
                device_scale_factor=scale,
                reduced_motion="reduce",
            )
            context.set_default_timeout(_PATIENCE_MS)
            page = context.new_page()
            for name, path in pages.items():
                page.set_viewport_size({"width": width, "height": height or _USUAL_HEIGHT})
                page.goto(dashboard + path)
                _wait(page)
                if height is None:
                    _grow(page, width)
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


def _grow(page: Page, width: int) -> None:
    """Makes the window as high as the page, which scrolls inside of it."""
    main = page.get_by_test_id("stMain")
    height = int(main.evaluate("main => main.scrollHeight"))
    page.set_viewport_size({"width": width, "height": max(_USUAL_HEIGHT, min(_TALLEST, height))})
    _wait(page)


def main(arguments: Sequence[str] | None = None) -> None:
    """Takes the pictures that the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m dashboard.screenshots", description="Pictures of every page."
    )
    parser.add_argument("folder", type=Path, help="where they go")
    parser.add_argument("--dashboard", default="http://127.0.0.1:8501", help="its address")
    parser.add_argument("--chromium", default="/usr/bin/chromium", help="the browser's program")
    parser.add_argument(
        "--server", default=os.environ.get(SERVER) or USUAL_SERVER, help="the API behind it"
    )
    parser.add_argument("--only", nargs="*", metavar="PAGE", help="these pictures, not all")
    parser.add_argument("--width", type=int, default=1280, help="of the window, in pixels")
    parser.add_argument("--height", type=int, help="likewise; as high as the page unless told")
    parser.add_argument("--scale", type=float, default=1.0, help="picture pixels a page pixel")
    given = parser.parse_args(arguments)
    pages = pages_of(given.server)
    if given.only:
        pages = {name: path for name, path in pages.items() if name in given.only}
    made = take(
        given.dashboard.rstrip("/"), given.folder, pages,
        chromium=given.chromium, width=given.width, height=given.height, scale=given.scale,
    )  # fmt: skip
    for file in made:
        print(file)


if __name__ == "__main__":
    main()
