"""Bars made of plain elements: they work in both themes, in any width, and without a script.

A bar never stands alone: who uses it puts the same in words beside it, and a screen reader is told
those words in place of the picture.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.components.markup import Markup, visible

_COLOURS = {
    "good": "#1a6b38",
    "bad": "#a61b1b",
    "calm": "#4a5563",
    "open": "#7a4a00",
    "info": "#1f5fa8",
}
_TRACK = (
    "position:relative;display:flex;height:1.1rem;min-width:6rem;border-radius:.3rem;overflow:hidden;"
    "background:rgba(128,128,128,.25);margin:.15rem 0 .25rem 0"
)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a bar.

    Attributes:
        percent: of the bar's width.
        mood: of `dashboard.components.markup.badge`.
    """

    percent: float
    mood: str


def bar(parts: Sequence[Part], words: str, *, mark_at: float | None = None) -> Markup:
    """A bar of parts, from the left.

    Args:
        parts: in order; what they leave of the width stays empty.
        words: what the bar shows, for those who do not see it; may be anybody's text.
        mark_at: where a line stands across it, in percent: what is needed.
    """
    shown = [part for part in parts if part.percent > 0]
    # A white line between the parts and a pattern on those against: not told apart by colour alone.
    drawn = "".join(
        f'<span style="width:{part.percent:.2f}%;min-width:3px;background:{_COLOURS[part.mood]};'
        f"{_PATTERN if part.mood == 'bad' else ''}"
        f'{"border-right:2px solid #fff" if place < len(shown) else ""}"></span>'
        for place, part in enumerate(shown, start=1)
    )
    if mark_at is not None:
        drawn += (
            f'<span style="position:absolute;left:calc({min(mark_at, 100):.2f}% - 2px);top:0;'
            'bottom:0;width:4px;background:#fff;border:1px solid #1b2430"></span>'
        )
    said = html.escape(visible(words), quote=True)
    return Markup(f'<div role="img" aria-label="{said}" style="{_TRACK}">{drawn}</div>')


_PATTERN = (
    "background-image:repeating-linear-gradient(45deg,transparent 0 5px,rgba(255,255,255,.35) 5px "
    "8px);"
)
