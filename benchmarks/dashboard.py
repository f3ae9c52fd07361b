"""How fast the dashboard feels: first paint of every page and clicks, in a real browser, on a large
log, each beside its limit.

    python -m benchmarks.dashboard [--events 100000] [--rounds 10] [--folder DIR]

Builds the log once (`--folder` keeps it for the next run), then serves it, opens the dashboard in
Chromium and drives it. First paint: from asking for the address until the page's heading stands and
nothing more is drawn, in a browser that has kept nothing. A click: until the same holds for what it
leads to.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page, sync_playwright

from ledger.errors import ConcordError
from ledger.log import Limits, Log, Submission
from ledger.store.engine import open_database
from ledger.store.migrate import migrate
from tests.dashboard.processes import DashboardProcess
from tests.support.ledgers import Consortium
from tests.support.servers import ServerProcess

CHUNK = 5_000
FIRST_PAINT_MS = 2_000
CLICK_MS = 500
CHROMIUM = "/usr/bin/chromium"


def build(folder: Path, count: int) -> None:
    """Makes a data directory with a long history; one that stands is only brought up to date."""
    address = f"sqlite:///{folder / 'concord.db'}"
    if (folder / "concord.db").exists():
        standing = open_database(address)
        migrate(standing)
        standing.dispose()
        return
    folder.mkdir(parents=True, exist_ok=True)
    consortium = Consortium()
    key = folder / "log.key"
    key.touch(mode=0o600)
    key.write_text(consortium.log_key.expose() + "\n")
    database = open_database(address)
    migrate(database)
    history = consortium.history(count)
    with Log.create(
        database,
        next(history),
        signing_key=consortium.log_key,
        domain=consortium.domain,
        clock=consortium.clock,
        limits=Limits(queue=2 * CHUNK),
        last_signed_path=folder / "checkpoint.last",
    ) as log:
        while events := list(itertools.islice(history, CHUNK)):
            for answer in log.append([Submission(event) for event in events]):
                if isinstance(answer, ConcordError):
                    raise answer
            print(f"\r{log.size:>10,} events", end="", flush=True)
        print()
    database.dispose()


def drawn(page: Page, heading: str) -> None:
    """Waits until the page with this heading is drawn to its end."""
    page.get_by_role("heading", level=1).filter(has_text=heading).first.wait_for()
    page.wait_for_function(
        "() => { const app = document.querySelector('[data-testid=stApp]');"
        " return app?.dataset.testScriptState === 'notRunning'"
        " && !document.querySelector('[data-stale=true]'); }",
        polling="raf",
    )


def first_paints(browser: Browser, url: str, path: str, heading: str, rounds: int) -> list[float]:
    """Milliseconds of each first paint."""
    times = []
    for _ in range(rounds):
        context = browser.new_context()
        page = context.new_page()
        started = time.perf_counter()
        page.goto(url + path)
        drawn(page, heading)
        times.append(1_000 * (time.perf_counter() - started))
        context.close()
    return times


@contextmanager
def opened(browser: Browser, url: str) -> Iterator[Page]:
    """A page with the overview drawn."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(url)
    drawn(page, "Overview")
    yield page
    context.close()


def clicks(page: Page, steps: list[tuple[str, Callable[[], None], str]]) -> dict[str, float]:
    """Milliseconds of each click of a tour."""
    times = {}
    for name, click, heading in steps:
        started = time.perf_counter()
        click()
        drawn(page, heading)
        times[name] = 1_000 * (time.perf_counter() - started)
    return times


def tour(page: Page) -> list[tuple[str, Callable[[], None], str]]:
    """Clicks through the pages, each with the heading that it leads to."""
    menu = page.get_by_test_id("stSidebarNav")
    main = page.get_by_test_id("stMain")

    def link(name: str) -> Callable[[], None]:
        return main.get_by_role("link", name=name).first.click

    def choose(name: str) -> Callable[[], None]:
        return main.get_by_role("radio", name=name).first.click

    def room(name: str) -> Callable[[], None]:
        return lambda: menu.get_by_role("link", name=name).click()

    return [
        ("list of models", room("Models"), "Models"),
        ("a model", link("Model model-10"), "Model model-10"),
        ("what went in", choose("What went in"), "Model model-10"),
        ("list of datasets", room("Datasets"), "Datasets"),
        ("next page of a list", lambda: main.get_by_role("button", name="Next").click(), "Dataset"),
        ("a dataset", link("Records of records-"), "Records of records-"),
        ("its versions", choose("Versions"), "Records of records-"),
        ("if it is withdrawn", choose("If it is withdrawn"), "Records of records-"),
        ("the log", room("Audit"), "Audit"),
        ("members", room("Members"), "Members"),
        ("connect", room("Connect"), "Connect"),
        ("overview", room("Overview"), "Overview"),
    ]


def report(name: str, times: list[float], limit: float) -> None:
    """One line of the result."""
    ordered = sorted(times)
    slow = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
    verdict = "ok" if slow <= limit else "MISSED"
    print(
        f"{name:>34}: median {median(ordered):>6,.0f} ms, 95 % {slow:>6,.0f} ms, slowest "
        f"{ordered[-1]:>6,.0f} ms  ≤ {limit:>5,.0f}  {verdict}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch) / "ledger"
        build(folder, given.events)
        with (
            ServerProcess(folder) as service,
            DashboardProcess(service.url, Path(scratch) / "trust") as dashboard,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            measure(browser, dashboard.url, given.rounds)
            browser.close()


def measure(browser: Browser, url: str, rounds: int) -> None:
    """Drives the dashboard and prints what it took."""
    pages = [
        ("/", "Overview"),
        ("/models", "Models"),
        ("/models?model=model-10&version=1", "Model model-10"),
        ("/datasets", "Datasets"),
        ("/datasets?dataset=records-10", "Records of records-10"),
        ("/audit", "Audit"),
        ("/audit?event=500", "Event 500"),
        ("/members", "Members"),
        ("/connect", "Connect"),
    ]
    first_paints(browser, url, "/", "Overview", 1)  # what a server does once
    print("First paint, in a browser that has kept nothing")
    for path, heading in pages:
        report(path, first_paints(browser, url, path, heading, rounds), FIRST_PAINT_MS)
    print("Clicks")
    times: dict[str, list[float]] = {}
    for _ in range(rounds):
        with opened(browser, url) as page:
            for name, taken in clicks(page, tour(page)).items():
                times.setdefault(name, []).append(taken)
    for name, taken_each in times.items():
        report(name, taken_each, CLICK_MS)
    report("all clicks", [t for each in times.values() for t in each], CLICK_MS)


if __name__ == "__main__":
    main()
