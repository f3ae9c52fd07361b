"""What a guided form makes: an action in the API's form, or a word on what is still missing."""

from __future__ import annotations

from dataclasses import dataclass

from client import JsonObject
from client.dao import EvidenceNamed
from dashboard.components.markup import line, show


@dataclass(frozen=True, slots=True)
class Drafted:
    """An action as somebody filled it in.

    Attributes:
        action: in the API's form.
        evidence: that goes with it.
        remark: that goes into the proposal's text.
    """

    action: JsonObject
    evidence: tuple[EvidenceNamed, ...] = ()
    remark: str = ""


def say_missing(what: str) -> None:
    """Says what a form still lacks."""
    show(line(f"Still missing: {what}.", cls="c-line c-small c-soft"))
