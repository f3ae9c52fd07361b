"""What a visitor of the dashboard does in the benchmark: pages to open and things to click.

Each click names what it leads to, which stands on no page before it: a click is over once that is
there and nothing more is drawn.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Locator, Page

from benchmarks.dashboard_folder import WIDE
from dashboard.components.graph import OPENED_AT_ONCE

CLICK_MS = 500
CHECK_MS = 2_000
"""What a check of the largest usual bundle may take altogether, after the click was answered."""

_CHECKING_OR_CHECKED = re.compile(r"Checking every event|It holds\.")

WIDE_PATH = f"/models?model=model-{WIDE}&version=1"


@dataclass(frozen=True)
class Stop:
    """One page.

    Attributes:
        path: its address.
        heading: stands on it.
    """

    path: str
    heading: str


@dataclass(frozen=True)
class Click:
    """One click.

    Attributes:
        name: what is clicked, in the report.
        do: clicks.
        leads_to: what is there afterwards.
        limit: milliseconds.
    """

    name: str
    do: Callable[[Page], None]
    leads_to: Callable[[Page], Locator]
    limit: float = CLICK_MS


def stops(proposal: str) -> list[Stop]:
    """Pages whose first paint is measured.

    Args:
        proposal: number of one that is open for votes.
    """
    return [
        Stop("/", "Overview"),
        Stop("/proposals", "Proposals"),
        Stop(f"/proposals?proposal={proposal}", "Keep the time"),
        Stop("/models", "Models"),
        Stop("/models?model=model-10&version=1", "Model model-10"),
        Stop("/models?model=model-900&version=1", "Model model-900"),
        Stop(WIDE_PATH, f"Model model-{WIDE}"),
        Stop("/datasets", "Datasets"),
        Stop("/datasets?dataset=records-10", "Records of records-10"),
        Stop("/audit", "Audit"),
        Stop("/audit?event=500", "Event 500"),
        Stop("/members", "Members"),
        Stop("/connect", "Connect"),
    ]


def tour() -> list[Click]:
    """Clicks through the pages, from the overview on."""
    return [
        _menu("Proposals"),
        _choice("filter: open for votes", "Open for votes", "Voting ends"),
        Click("filter: carried out", _choose("Carried out"), _badge("Carried out")),
        _button("next page of proposals", "Next", "Page 2"),
        Click("a proposal", _link("Keep the time"), _heading("Keep the time")),
        _menu("Models"),
        _button("next page of models", "Next", "Page 2"),
        Click("a model, its graph drawn", _link("Model model-"), lambda page: nodes(page).first),
        Click("what went in", _choose("What went in"), _region("What went into this version")),
        Click("time slider", _slide_back, _words("As it was right after event")),
        _choice("proof and report", "Proof and report", "One file proves"),
        # Thousands of events are replayed: the click is answered by the word that it goes on.
        _button("check the proof", "Check it now", _CHECKING_OR_CHECKED),
        Click("its check is done", lambda _: None, _words("It holds."), CHECK_MS),
        _menu("Datasets"),
        _button("next page of datasets", "Next", "Page 2"),
        Click("a dataset", _link("Records of records-"), _heading("Records of records-")),
        _choice("used for", "Used for", "Training runs:"),
        _choice("if it is withdrawn", "If it is withdrawn", "If this dataset were withdrawn"),
        Click("its versions", _choose("Versions"), _region("Versions of this dataset")),
        _menu("Audit"),
        Click("filter: words typed", _type_kind, lambda page: page.get_by_role("option").first),
        Click("filter: access granted", _choose_kind, _words("Page 1")),
        _choice("compare two sizes", "Compare two sizes", "size"),
        _menu("Members"),
        _choice("voting power", "Voting power", "One token is one vote"),
        _choice("treasury", "Treasury", "own together"),
        _choice("rules", "Rules", "How much agreement"),
        _menu("Connect"),
        _menu("Overview"),
    ]


def drawn(page: Page) -> None:
    """Waits until the page has nothing more to draw."""
    page.wait_for_function(
        "() => { const app = document.querySelector('[data-testid=stApp]');"
        " return app?.dataset.testScriptState === 'notRunning'"
        " && !document.querySelector('[data-stale=true]'); }",
        polling="raf",
    )


def nodes(page: Page) -> Locator:
    """The boxes of a lineage graph."""
    return page.get_by_role("group", name="What went in").locator("button")


def graph_tour() -> list[Click]:
    """Clicks in the graph of the widest model, once it is drawn."""
    return [
        Click(
            "open a group",
            lambda page: nodes(page).filter(has_text="together").first.click(),
            lambda page: page.get_by_role("button", name="Close the groups"),
        ),
        Click(
            "a box",
            # One from the middle: the ends of a column that was opened are out of sight.
            lambda page: nodes(page).filter(has_text="Dataset").nth(OPENED_AT_ONCE // 2).click(),
            lambda page: page.get_by_role("link", name="Open the dataset").first,
        ),
    ]


def _main(page: Page) -> Locator:
    return page.get_by_test_id("stMain")


def _heading(words: str) -> Callable[[Page], Locator]:
    return lambda page: page.get_by_role("heading", level=1).filter(has_text=words).first


def _words(words: str | re.Pattern[str]) -> Callable[[Page], Locator]:
    return lambda page: _main(page).get_by_text(words).first


def _region(name: str) -> Callable[[Page], Locator]:
    return lambda page: _main(page).get_by_role("region", name=name).first


def _badge(word: str) -> Callable[[Page], Locator]:
    return lambda page: _main(page).locator(".c-badge").filter(has_text=word).first


def _link(name: str) -> Callable[[Page], None]:
    return lambda page: _main(page).get_by_role("link", name=name).first.click()


def _choose(name: str) -> Callable[[Page], None]:
    return lambda page: _main(page).get_by_role("radio", name=name, exact=True).first.click()


def _menu(name: str) -> Click:
    def do(page: Page) -> None:
        page.get_by_test_id("stSidebarNav").get_by_role("link", name=name).click()

    return Click(f"menu: {name}", do, _heading(name))


def _choice(name: str, choice: str, words: str) -> Click:
    return Click(name, _choose(choice), _words(words))


def _button(name: str, label: str, words: str | re.Pattern[str]) -> Click:
    def do(page: Page) -> None:
        _main(page).get_by_role("button", name=label).first.click()

    return Click(name, do, _words(words))


def _slide_back(page: Page) -> None:
    # One step back from now, which stands at the right end.
    slider = _main(page).get_by_role("slider").first
    slider.focus()
    slider.press("ArrowLeft")


def _type_kind(page: Page) -> None:
    _main(page).get_by_role("combobox").first.fill("Access granted")


def _choose_kind(page: Page) -> None:
    page.get_by_role("option").first.click()
