"""Boxes in columns with arrows between them, in the page itself: it is there with the page, where a
frame of its own would load and start programs first.

The frame scrolls, with fingers, keys, wheel or by dragging; boxes are buttons. What they say goes
to the component as data and is set as text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent
_DIAGRAM = st.components.v2.component(
    "concord_diagram",
    html='<div id="diagram"></div>',
    css=(_HERE / "diagram.css").read_text(encoding="utf-8"),
    js=(_HERE / "diagram.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True, slots=True)
class Box:
    """One box.

    Attributes:
        id: tells it from others.
        column: from the left.
        row: from the middle.
        sort, state: names of classes of `diagram.css`; ours, never anybody's text.
        first, second: its lines; may be anybody's text.
        hint: what is said of it on hover; likewise.
    """

    id: str
    column: int
    row: float
    sort: str
    state: str
    first: str
    second: str
    hint: str


def diagram(
    boxes: Sequence[Box],
    arrows: Sequence[tuple[str, str]],
    *,
    key: str,
    subject: str,
    label: str,
    chosen: str | None,
    height: int,
    on_click: Callable[[str], None],
) -> None:
    """Draws boxes and arrows. What was scrolled to stays while boxes come and go.

    Args:
        boxes: at least one.
        arrows: (from, to), ids of boxes.
        key: of the widget.
        subject: what is shown; another one is looked at from its beginning.
        label: what a screen reader calls it.
        chosen: the box that is marked.
        height: of the frame, in pixels.
        on_click: is told the id of the box that was clicked, before the page is drawn again.
    """

    def clicked() -> None:
        found = st.session_state[key].get("clicked")
        if isinstance(found, str):
            on_click(found)

    _DIAGRAM(
        key=key,
        data={
            "subject": subject,
            "label": label,
            "height": height,
            "nodes": [asdict(box) for box in boxes],
            "edges": [list(arrow) for arrow in arrows],
            "chosen": chosen,
        },
        on_clicked_change=clicked,
    )
