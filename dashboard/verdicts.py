"""Audits as pages show them: the verdict as a badge, its findings as sentences."""

from __future__ import annotations

import streamlit as st

from client import JsonObject
from dashboard.components.markup import Markup, badge, line, show, tag, text
from dashboard.connection import read
from dashboard.fields import flag, numbers, objects, optional_number
from dashboard.fields import text as text_of
from dashboard.names import readable
from dashboard.navigation import link
from dashboard.words.findings import FINDINGS, SEVERITIES, VERDICTS

_MOODS = {"clean": ("good", "✓"), "tainted": ("bad", "✕"), "incomplete": ("open", "?")}
_SEVERITY_MOODS = {"error": ("bad", "✕"), "gap": ("open", "?"), "warning": ("info", "!")}


def path_of(model: str, version: str) -> str:
    """Where the API answers about a model version."""
    return f"/v1/models/{model}/versions/{version}"


def audit_of(model: str, version: str, at: int | None = None) -> JsonObject:
    """The audit of a model version, as of an event where one is named."""
    return read(f"{path_of(model, version)}/audit", at=at)


def verdict_badge(verdict: str) -> Markup:
    """The verdict as a word with a mark."""
    mood, mark = _MOODS.get(verdict, ("calm", "·"))
    return badge(VERDICTS.get(verdict, (verdict, ""))[0], mood, mark)


def verdict_sentence(audit: JsonObject) -> str:
    """What the verdict means."""
    return VERDICTS.get(text_of(audit, "verdict"), ("", ""))[1]


def show_findings(audit: JsonObject) -> None:
    """Each finding as a sentence, with links to the events behind it."""
    findings = objects(audit, "findings")
    if not findings:
        show(line("Nothing was found that speaks against it.", cls="c-line c-soft"))
    for finding in findings:
        _show_finding(finding)
    if not flag(audit, "isComplete"):
        limit = optional_number(audit, "limit")
        cut = f" It stopped after {limit:,} ancestors." if limit else ""
        show(line(f"The audit could not see everything.{cut}"))


def _show_finding(finding: JsonObject) -> None:
    severity = text_of(finding, "severity")
    mood, mark = _SEVERITY_MOODS.get(severity, ("calm", "·"))
    show(
        line(
            badge(SEVERITIES.get(severity, severity), mood, mark), " ",
            tag("strong", text(FINDINGS.get(text_of(finding, "code"), text_of(finding, "code")))),
        ),
        line(text(readable(text_of(finding, "sentence")))),
    )  # fmt: skip
    with st.container(horizontal=True):
        for index in numbers(finding, "events")[:5]:
            link("audit", f"Proof: event {index}", icon=":material/verified:", event=index)
