"""What people and scripts see: tables and sentences, or JSON where `--json` is given.

Untrusted text (titles, reasons) is printed through `plain`, which takes the terminal's control
characters and rich's markup out of it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ledger.events.canonical import JsonObject, JsonValue

UNBROKEN = 10_000
"""Columns of a table that nobody's terminal shows."""

WIDEST_ID = 44
"""Columns whose cells have no spaces and are no longer than this are never broken."""

NAMED_EVENTS = 20
"""Events that are named one by one to people; `--json` has all of them."""


def _console(*, stderr: bool) -> Console:
    # Only a terminal has a width; what goes to a file or a pipe is not broken anywhere.
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else UNBROKEN
    return Console(stderr=stderr, highlight=False, soft_wrap=True, width=width)


console = _console(stderr=False)
errors = _console(stderr=True)


def plain(value: JsonValue) -> str:
    """Text that can do nothing but be read."""
    if value is None:
        return "–"
    if isinstance(value, dict) and "$sealed" in value:
        return "[erased]" if value.get("erased") else "[sealed]"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(plain(v) for v in value)
    if isinstance(value, dict):
        return orjson.dumps(value).decode()
    text = str(value)
    return "".join(c if c.isprintable() else "�" for c in text)


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    sys.stdout.buffer.write(
        orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    )
    sys.stdout.buffer.flush()


def note(sentence: str) -> None:
    """What a person should know although the command did what it was asked; never in the way of
    JSON.
    """
    errors.print("[yellow]Note:[/] ", end="")
    errors.print(plain(sentence), markup=False)


def print_fields(fields: Iterable[tuple[str, JsonValue]]) -> None:
    """Names and values below each other; values are never cut, so that they can be copied."""
    rows = [(name, plain(value)) for name, value in fields]
    width = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        console.print(f"[dim]{escape(name.ljust(width))}[/]  {escape(value)}")


def print_rows(
    columns: Sequence[tuple[str, str]], rows: Iterable[JsonObject], *, empty: str
) -> None:
    """A table.

    Args:
        columns: heading and field name of each column.
        rows: the objects.
        empty: the sentence where there are none.
    """
    cells = [[plain(row.get(field)) for _, field in columns] for row in rows]
    if not cells:
        console.print(f"[dim]{escape(empty)}[/]")
        return
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for position, (heading, _) in enumerate(columns):
        column = [row[position] for row in cells]
        is_id = all(len(cell) <= WIDEST_ID and " " not in cell for cell in column)
        table.add_column(heading, overflow="fold", no_wrap=is_id)
    for row in cells:
        table.add_row(*(escape(cell) for cell in row))
    console.print(table, soft_wrap=False)


def print_unconfirmed(events: Sequence[int]) -> None:
    """Names events that no key has signed and whose chain was not asked; nothing where none are."""
    if not events:
        return
    names = ", ".join(str(index) for index in events[:NAMED_EVENTS])
    more = f" and {len(events) - NAMED_EVENTS} more" if len(events) > NAMED_EVENTS else ""
    console.print(
        f"[yellow]Not confirmed[/]: the signatures of events {names}{more}. No key made them; "
        "whether contract wallets did, their chain tells: --rpc URL."
    )
