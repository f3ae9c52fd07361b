"""The log as files: CSV for people and their spreadsheets, JSON for programs.

CSV says what the page says, and beside it what the log holds: names with the addresses behind them,
sentences as people read them with those that were signed.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from client import JsonObject
from client.fields import inner, number, text
from dashboard.words.kinds import kind_in_words
from dashboard.words.times import as_instant

COLUMNS = (
    "event", "recorded (UTC)", "what", "who", "on behalf of", "in one sentence",
    "kind", "actor", "onBehalfOf", "subject", "summary", "recordedAt", "eventId",
)  # fmt: skip
"""First what is for reading; then the log's own fields, under the names that the API gives them."""


@dataclass(frozen=True, slots=True)
class Reader:
    """How addresses and sentences are read.

    Attributes:
        name_of: what an address is called.
        readable: a sentence of the ledger's as people read it.
    """

    name_of: Callable[[str], str]
    readable: Callable[[str], str]


def as_csv(rows: Sequence[JsonObject], reader: Reader) -> str:
    """Events as CSV (RFC 4180). A cell that a spreadsheet would take for a formula is quoted."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_harmless(cell) for cell in _cells(row, reader)])
    return out.getvalue()


def as_json(rows: Sequence[JsonObject]) -> str:
    """Events as the API gives them."""
    return json.dumps(rows, ensure_ascii=False, indent=1)


def _cells(row: JsonObject, reader: Reader) -> tuple[str | int, ...]:
    event, recorded_at = inner(row, "event"), number(row, "recordedAt")
    kind, actor, summary = text(event, "kind"), text(event, "actor"), text(event, "summary")
    principal = text(row, "onBehalfOf")
    return (
        number(row, "index"),
        as_instant(recorded_at),
        kind_in_words(kind),
        reader.name_of(actor),
        reader.name_of(principal) if principal else "",
        reader.readable(summary),
        kind,
        actor,
        principal,
        text(event, "subject"),
        summary,
        recorded_at,
        text(row, "eventId"),
    )


def _harmless(cell: str | int) -> str | int:
    if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")):
        return "'" + cell
    return cell
