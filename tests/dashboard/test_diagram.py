"""The picture of boxes and arrows, in a browser of its own: the component without the dashboard."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.components import diagram
from dashboard.components.diagram import Box

pytestmark = pytest.mark.slow

HERE = Path(diagram.__file__).parent
SCRIPT = (HERE / "diagram.js").read_text(encoding="utf-8")
PAGE = f"""<!doctype html><style>{(HERE / "diagram.css").read_text(encoding="utf-8")}</style>
<main><div id="diagram"></div></main><script type="module">
{SCRIPT.replace("export default function", "function main")}
window.told = [];
window.update = (data) => main({{
  data, parentElement: document.querySelector("main"),
  setTriggerValue: (name, value) => window.told.push([name, value]),
}});
</script>"""


class Shown:
    """The component as its page would use it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def update(
        self,
        boxes: Sequence[Box],
        arrows: Sequence[tuple[str, str]] = (),
        *,
        chosen: str | None = None,
        subject: str = "one",
    ) -> None:
        """Says what is to be drawn."""
        data = {
            "subject": subject, "label": "Boxes", "height": 300, "chosen": chosen,
            "nodes": [asdict(box) for box in boxes], "edges": [list(arrow) for arrow in arrows],
        }  # fmt: skip
        self.page.evaluate("data => window.update(data)", data)

    def scrolled(self) -> Any:
        """How far the frame is scrolled."""
        return self.page.evaluate(
            "() => { const {scrollLeft, scrollTop} = document.querySelector('.frame');"
            " return [Math.round(scrollLeft), Math.round(scrollTop)]; }"
        )


@pytest.fixture
def shown(browser: Browser) -> Iterator[Shown]:
    context = browser.new_context(viewport={"width": 900, "height": 600})
    page = context.new_page()
    page.set_content(PAGE)
    page.wait_for_function("() => window.update")
    yield Shown(page)
    context.close()


def box(name: str, column: int = 0, row: float = 0) -> Box:
    return Box(name, column, row, "dataset", "ok", "Dataset ✓", name, f"id of {name}")


def test_a_click_is_told_and_marks_the_box_at_once(shown: Shown) -> None:
    shown.update([box("a"), box("b", 1)], [("a", "b")])
    chosen = shown.page.get_by_role("button", name="Dataset ✓ b")
    chosen.click()
    assert shown.page.evaluate("window.told") == [["clicked", "b"]]
    expect(chosen).to_have_attribute("aria-pressed", "true")
    expect(chosen).to_have_attribute("title", "id of b")
    expect(shown.page.get_by_role("button", name="Dataset ✓ a")).to_have_attribute(
        "aria-pressed", "false"
    )


def test_every_arrow_leads_from_the_right_of_one_box_to_the_left_of_the_next(shown: Shown) -> None:
    shown.update([box("a"), box("b", 1, -0.5), box("c", 1, 0.5)], [("a", "b"), ("a", "c")])
    ends = shown.page.evaluate(
        """() => [...document.querySelectorAll("path.edge")].map((path) => {
          const [from, to] = [path.getPointAtLength(0), path.getPointAtLength(1e9)];
          return [from.x, from.y, to.x, to.y];
        })"""
    )
    sides = shown.page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll(".node")].map((node) => [
          node.dataset.node, [node.offsetLeft, node.offsetLeft + node.offsetWidth,
                              node.offsetTop + node.offsetHeight / 2]]))"""
    )
    assert ends == [[sides["a"][1], sides["a"][2], sides[to][0], sides[to][2]] for to in ("b", "c")]


def test_names_are_text_whatever_they_say(shown: Shown) -> None:
    hostile = "<img src=x onerror='window.told.push(1)'>**bold**"
    shown.update([box(hostile)])
    expect(shown.page.get_by_text(hostile)).to_be_visible()
    assert shown.page.locator("img").count() == 0


def test_what_is_looked_at_stays_while_boxes_come_and_go(shown: Shown) -> None:
    column = [box(f"n{at}", 0, at - 20) for at in range(41)]
    shown.update(column)
    shown.page.get_by_role("button", name="Dataset ✓ n9", exact=True).scroll_into_view_if_needed()
    middle = shown.page.get_by_role("button", name="Dataset ✓ n9", exact=True)
    before = middle.bounding_box()
    middle.focus()
    shown.update([box("above", 0, -30), *column])
    assert middle.bounding_box() == pytest.approx(before, abs=1)
    expect(middle).to_be_focused()


def test_another_subject_is_looked_at_from_its_beginning(shown: Shown) -> None:
    column = [box(f"n{at}", 0, at - 20) for at in range(41)]
    shown.update(column)
    begun = shown.scrolled()
    shown.page.get_by_role("button", name="Dataset ✓ n40", exact=True).scroll_into_view_if_needed()
    assert shown.scrolled() != begun
    shown.update(column, subject="another")
    assert shown.scrolled() == begun


def test_all_of_it_is_seen_at_once_when_asked_for(shown: Shown) -> None:
    shown.update([box(f"n{at}", at % 3, at / 3) for at in range(60)])
    shown.page.get_by_role("button", name="See all").click()
    outside = shown.page.evaluate(
        """() => { const frame = document.querySelector(".frame").getBoundingClientRect();
          return [...document.querySelectorAll(".node")].map((n) => n.getBoundingClientRect())
            .filter((n) => n.top < frame.top || n.bottom > frame.bottom || n.left < frame.left
              || n.right > frame.right).length; }"""
    )
    assert outside == 0


def test_the_keyboard_reaches_a_box_that_is_out_of_sight(shown: Shown) -> None:
    shown.update([box(f"n{at}", 0, at) for at in range(40)])
    last = shown.page.get_by_role("button", name="Dataset ✓ n39", exact=True)
    last.focus()
    expect(last).to_be_in_viewport()
    shown.page.keyboard.press("Enter")
    assert json.loads(shown.page.evaluate("JSON.stringify(window.told)")) == [["clicked", "n39"]]
