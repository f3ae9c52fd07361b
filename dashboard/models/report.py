"""A model's audit as a PDF, for files and meetings: verdict, findings, inputs, how to check it.

Times and roots make clear what it was true of.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from client import JsonObject
from client.trust import Trust
from dashboard.models.lineage import Node, inputs_of, judged
from dashboard.reading.fields import flag, number, numbers, objects, text
from dashboard.words.findings import FINDINGS, SEVERITIES, VERDICTS
from dashboard.words.times import exact, now_ms

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_MOST_ROWS = 500


class _Report(FPDF):
    def footer(self) -> None:
        """Numbers the pages."""
        self.set_y(-15)
        self.set_font("Helvetica", size=8)
        self.cell(0, 10, f"Page {self.page_no()} of {{nb}}", align="C")

    def heading(self, words: str) -> None:
        """A heading."""
        self.ln(3)
        self.set_font("Helvetica", style="B", size=13)
        self._lines(words, 7)

    def say(self, words: str, *, strong: bool = False) -> None:
        """A paragraph of anybody's text."""
        self.set_font("Helvetica", style="B" if strong else "", size=10)
        self._lines(words, 5)

    def _lines(self, words: str, height: float) -> None:
        self.multi_cell(0, height, _latin(words), new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def audit_report(
    model: str,
    version: str,
    audit: JsonObject,
    trust: Trust,
    names: Mapping[str, str],
    *,
    now: int | None = None,
) -> bytes:
    """The PDF.

    Args:
        model: id.
        version: of the model.
        audit: as the API gives it.
        trust: the log that it was read from.
        names: members' names by address.
        now: when it is made, milliseconds since the epoch.
    """
    report = _Report()
    report.set_title(f"Audit of {model}, version {version}")
    report.set_creator("Concord")
    report.set_lang("en")
    report.add_page()
    report.set_font("Helvetica", style="B", size=18)
    report.multi_cell(0, 10, _latin(f"Audit of {model}, version {version}"),
                      new_x=XPos.LMARGIN, new_y=YPos.NEXT)  # fmt: skip
    word, sentence = VERDICTS.get(text(audit, "verdict"), (text(audit, "verdict"), ""))
    report.say(f"{word}. {sentence}", strong=True)
    if not flag(audit, "isComplete"):
        report.say("The audit could not see everything.")
    made = exact(now if now is not None else now_ms())
    report.say(f"As of event {number(audit, 'size') - 1} of log {trust.origin}. Made {made}.")
    _findings(report, audit, names)
    _inputs(report, audit)
    _how_to_check(report, model, version, audit, trust)
    return bytes(report.output())


def _findings(report: _Report, audit: JsonObject, names: Mapping[str, str]) -> None:
    report.heading("What was found")
    findings = objects(audit, "findings")
    if not findings:
        report.say("Nothing speaks against it.")
    for finding in findings[:_MOST_ROWS]:
        severity = SEVERITIES.get(text(finding, "severity"), text(finding, "severity"))
        code = text(finding, "code")
        report.say(f"{severity}: {FINDINGS.get(code, code)} [{code}]", strong=True)
        sentence = _ADDRESS.sub(lambda a: names.get(a[0]) or a[0], text(finding, "sentence"))
        events = ", ".join(str(index) for index in numbers(finding, "events"))
        report.say(f"{sentence} Events: {events or 'none'}.")


def _inputs(report: _Report, audit: JsonObject) -> None:
    report.heading("What went into it")
    faults, rows = judged(audit), inputs_of(audit)
    if not rows:
        report.say("Nothing is recorded.")
    for node, covered in list(rows.items())[:_MOST_ROWS]:
        parts = Node.parse(node)
        state = {
            "ok": "in order",
            "problem": "PROBLEM",
            "unknown": "UNKNOWN",
            "affected": "AFFECTED",
        }[faults.state(node)]
        by_right = f" Used by right of: {covered}." if covered else ""
        report.say(f"{parts.sort} {parts.title}: {state}.{by_right}")
    if len(rows) > _MOST_ROWS:
        report.say(f"And {len(rows) - _MOST_ROWS} more; the proof file has them all.")


def _how_to_check(
    report: _Report, model: str, version: str, audit: JsonObject, trust: Trust
) -> None:
    report.heading("How to check this")
    report.say(
        "This page proves nothing by itself. Download the proof file (the bundle) from the model's "
        "page and check it with no server:"
    )
    report.say(
        f"concord verify {model}-{version}.json --verifier-key '{trust.verifier_key}'", strong=True
    )
    report.say(f"Log: {trust.origin}. Root: {text(audit, 'root')}. Size: {number(audit, 'size')}.")


def _latin(words: str) -> str:
    # The standard fonts of PDF know Latin-1 only; what they cannot write is spelled out.
    return "".join(
        c if c == "\n" or (c.isprintable() and ord(c) < 256) else f"<U+{ord(c):04X}>" for c in words
    )
