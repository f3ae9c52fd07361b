"""The one way in which text that others wrote gets onto a page.

Rules:
- A `Markup` is HTML that was made here. Every other string is text, and is escaped.
- Text is shown as it is, never as HTML or Markdown. Characters that reorder or hide other text
  (right-to-left overrides, zero-width marks, control characters) are made visible.
- Labels of widgets are Markdown to Streamlit; `label` takes every meaning out of a text for them.
- What is shown goes through Streamlit's own sanitiser (DOMPurify) on top.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Sequence

import streamlit as st

from dashboard.words.times import day, exact, now_ms, relative


class Markup(str):
    """HTML that is safe to show, because nothing in it was anybody else's."""

    __slots__ = ()


LINK_CLASS = "c-go"
"""Of links to the dashboard's own pages: `dashboard.components.links` looks for it."""

_LONGEST_LABEL = 200
_ICON = re.compile(r":material/([a-z0-9_]+):")
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_LINKING = re.compile(r"(?<=[:@])(?=\S)|(?<=www)(?=\.)", re.IGNORECASE)
_WORD_JOINER = "\N{WORD JOINER}"

STYLE = Markup("""<style>
.c-badge {display:inline-block;padding:.1em .6em;border-radius:1em;font-weight:600;
  font-size:.875rem;color:#fff;white-space:nowrap}
.c-good {background:#1a6b38} .c-bad {background:#a61b1b} .c-open {background:#7a4a00}
.c-calm {background:#4a5563} .c-info {background:#1f5fa8}
.c-soft {opacity:.8} .c-small {font-size:.875rem}
.c-id {font-family:var(--st-code-font,ui-monospace,monospace);font-size:.875em;
  overflow-wrap:anywhere}
.c-line {margin:0 0 .35rem 0;line-height:1.5;overflow-wrap:anywhere}
.c-lead {font-size:1.1rem;line-height:1.5;margin:0 0 .5rem 0;overflow-wrap:anywhere}
.c-text {white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.5;margin:0 0 .5rem 0}
.c-quote {border-left:3px solid rgba(128,128,128,.6);padding-left:.75rem;margin-left:.25rem}
.c-count {display:inline-block;white-space:nowrap;margin:0 .9rem .3rem 0}
.c-amount {white-space:nowrap}
.c-scroll {overflow-x:auto;max-width:100%}
.c-table {border-collapse:collapse;width:100%}
.c-table th {text-align:left;font-weight:600;padding:.35rem .75rem .35rem 0;
  border-bottom:2px solid rgba(128,128,128,.5)}
.c-table td {padding:.35rem .75rem .35rem 0;vertical-align:top;
  border-bottom:1px solid rgba(128,128,128,.3)}
.c-facts {padding:0!important;display:grid;gap:.3rem 1rem;margin:0!important;
  grid-template-columns:minmax(7rem,max-content) 1fr}
.c-facts dt {opacity:.8} .c-facts dd {margin:0!important;overflow-wrap:anywhere}
time[title],span[title] {text-decoration:underline dotted rgba(128,128,128,.8);
  text-underline-offset:.2em}
.stMainBlockContainer {padding-top:4.5rem}
.stApp button[kind^=primary]:not(:disabled) {background:#1f5fa8;color:#fff}
.stApp button[kind^=primary]:not(:disabled):hover {background:#174a85}
a.c-go {display:inline-flex;gap:.5rem;align-items:center;padding:.2rem .5rem;border-radius:.5rem;
  color:inherit!important;font-size:.875rem;line-height:1.5;overflow-wrap:anywhere;max-width:100%;
  text-decoration:underline!important;text-underline-offset:.2em;
  text-decoration-color:rgba(128,128,128,.8)!important}
a.c-go:hover {background:rgba(128,128,128,.15)}
a.c-go:focus-visible {outline:3px solid var(--st-primary-color,#1f5fa8);outline-offset:2px}
.c-icon {font-family:"Material Symbols Rounded";font-size:1rem;line-height:1;flex:none;width:1em;
  overflow:hidden;white-space:nowrap;text-decoration:none;display:inline-block}
.c-card {border:1px solid rgba(128,128,128,.4);border-radius:.5rem;padding:.75rem 1rem .6rem}
.c-cards a.c-go, .c-card > a.c-go, .c-line > a.c-go:first-child {margin-left:-.5rem}
.c-card > a.c-go {font-size:1rem;font-weight:600}
.c-table a.c-go {margin-left:0;padding-left:0;white-space:nowrap} .c-table time {white-space:nowrap}
.c-cards {display:flex;flex-direction:column;gap:1rem}
.c-cards .c-line:last-child, .c-card .c-line:last-child {margin-bottom:0}
@media (max-width:480px) {.c-facts {grid-template-columns:1fr;gap:.1rem}
  .c-facts dd {margin-bottom:.6rem!important}
  .c-table thead {position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
  .c-table, .c-table tbody, .c-table tr, .c-table td {display:block;width:100%}
  .c-table tr {padding:.4rem 0;border-bottom:1px solid rgba(128,128,128,.4)}
  .c-table tbody tr:first-child {border-top:1px solid rgba(128,128,128,.4)}
  .c-table td {border:none;padding:.1rem 0} .c-table time {white-space:normal}
  .c-table td::before {content:attr(data-column) ": ";opacity:.8}
  .c-table td:first-child {font-weight:600} .c-table td:first-child::before {content:none}}
</style>""")


def visible(value: str) -> str:
    """The text with characters that hide or reorder others written out, such as `⟨U+202E⟩`."""
    return "".join(
        f"⟨U+{ord(c):04X}⟩" if unicodedata.category(c) in _HIDDEN and c != "\n" else c
        for c in value
    )


def text(value: str) -> Markup:
    """Anybody's text, as text."""
    return Markup(f"<bdi>{html.escape(visible(value))}</bdi>")


def label(value: str, most: int = _LONGEST_LABEL) -> str:
    """Anybody's text for a widget's label, its Markdown taken out of force."""
    short = _in_one_line(value, most)
    # Bare addresses become links whatever is escaped, unless something stands between.
    return _PUNCTUATION.sub(r"\\\1", _LINKING.sub(_WORD_JOINER, short))


def _in_one_line(value: str, most: int) -> str:
    line = " ".join(visible(value).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def tag(name: str, *children: Markup, cls: str = "", title: str = "") -> Markup:
    """An element; its title may be anybody's text."""
    attributes = f' class="{html.escape(cls)}"' if cls else ""
    if title:
        attributes += f' title="{html.escape(visible(title))}"'
    return Markup(f"<{name}{attributes}>{''.join(children)}</{name}>")


def joined(*parts: Markup | str) -> Markup:
    """Parts one after the other; whatever is not markup is escaped."""
    return Markup("".join(p if isinstance(p, Markup) else html.escape(p) for p in parts))


def line(*parts: Markup | str, cls: str = "c-line") -> Markup:
    """A paragraph."""
    return tag("p", joined(*parts), cls=cls)


def badge(word: str, mood: str, mark: str) -> Markup:
    """A state as a word, with a mark: never by colour alone.

    Args:
        word: what it says.
        mood: `good`, `bad`, `open`, `calm` or `info`.
        mark: a sign before it.
    """
    return tag("span", Markup(html.escape(f"{mark} {word}")), cls=f"c-badge c-{mood}")


def code(value: str) -> Markup:
    """An id, address or hash."""
    return tag("span", text(value), cls="c-id")


def when(at: int | None, now: int | None = None) -> Markup:
    """A time in milliseconds since the epoch: relative, the exact one on hover.

    Args:
        at: the time.
        now: by the clock that `at` was taken from; by this machine's where absent.
    """
    if at is None:
        return Markup("<span>–</span>")
    present = now_ms() if now is None else now
    return Markup(f'<time title="{exact(at)}">{relative(at, present)}</time>')


def dated(at: int | None) -> Markup:
    """A day that was agreed on, such as the end of a permission: `20 May 2027 (in 5 months)`."""
    if at is None:
        return when(at)
    words = f"{day(at)} ({relative(at, now_ms())})"
    return Markup(f'<time title="{exact(at)}">{words}</time>')


def anchor(address: str, value: str, icon: str = "") -> Markup:
    """A link to one of the dashboard's own pages.

    Args:
        address: of the page, ours; what it holds of anybody's text is percent-encoded.
        value: what it says; may be anybody's text.
        icon: Material symbol, such as `:material/home:`.
    """
    found = _ICON.fullmatch(icon)
    sign = f'<span class="c-icon" aria-hidden="true">{found[1]}</span>' if found else ""
    said = f"<bdi>{html.escape(_in_one_line(value, _LONGEST_LABEL))}</bdi>"
    href = html.escape(address, quote=True)
    return Markup(f'<a class="{LINK_CLASS}" href="{href}">{sign}{said}</a>')


def card(*parts: Markup) -> Markup:
    """What belongs to one thing, in a frame."""
    return tag("div", *parts, cls="c-card")


def cards(items: Iterable[Markup]) -> Markup:
    """Things one below the other. A list is one element of the page: dozens take the browser
    a third of a second.
    """
    return tag("div", *items, cls="c-cards")


def facts(rows: Sequence[tuple[str, Markup]]) -> Markup:
    """Names and values, one a line."""
    cells = "".join(f"<dt>{html.escape(name)}</dt><dd>{value}</dd>" for name, value in rows)
    return Markup(f'<dl class="c-facts">{cells}</dl>')


def table(columns: Sequence[str], rows: Sequence[Sequence[Markup]], caption: str) -> Markup:
    """A table that scrolls by itself where it is too wide; on a phone, one cell below the other.

    Its parts say what they are to a screen reader, which the layout of a phone would hide from it.

    Args:
        columns: names.
        rows: cells.
        caption: what a screen reader calls it.
    """
    titles = [html.escape(name) for name in columns]
    head = "".join(f'<th role="columnheader" scope="col">{name}</th>' for name in titles)
    body = "".join(
        '<tr role="row">'
        + "".join(
            f'<td role="cell" data-column="{name}">{cell}</td>'
            for name, cell in zip(titles, row, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    name = html.escape(caption, quote=True)
    return Markup(
        f'<div class="c-scroll" tabindex="0" role="region" aria-label="{name}">'
        f'<table class="c-table" role="table"><thead role="rowgroup"><tr role="row">{head}</tr>'
        f'</thead><tbody role="rowgroup">{body}</tbody></table></div>'
    )


def show(*parts: Markup) -> None:
    """Puts markup onto the page; nothing where there is none."""
    body = "".join(parts)
    if body:
        st.html(body)
