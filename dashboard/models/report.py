"""A model's audit as a PDF, for files and meetings: verdict, findings, inputs, how to check it.

Times and roots make clear what it was true of.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fpdf import FPDF
from fpdf.enums import Align, VAlign, WrapMode, XPos, YPos
from fpdf.fonts import FontFace, TTFFont

from client import JsonObject
from client.fields import flag, number, numbers, objects, text
from client.trust import Trust
from dashboard.models.lettering import FAMILY, FILES, NUMBERED, typed, written
from dashboard.models.lineage import Node, inputs_of, judged
from dashboard.words.findings import FINDINGS, SEVERITIES, VERDICTS
from dashboard.words.times import exact

_MOST_ROWS = 500
_STATES = {
    "ok": "In order",
    "problem": "PROBLEM",
    "unknown": "UNKNOWN",
    "affected": "AFFECTED",
}
_SHADES = {"clean": (26, 107, 56), "tainted": (166, 27, 27)}
_OTHER_SHADE = (122, 74, 0)
_GREY = (238, 240, 243)
_WHITE = (255, 255, 255)
_NUMBERED = (
    "This paper's font does not have every script. A letter that it lacks stands here as its "
    "number in Unicode, between < and >; the model's page and the proof show the letter itself."
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a report is about, in words.

    Attributes:
        title: of the model; its id where nobody can read one.
        model, version: as the log has them.
        facts: names and values, such as the owner.
    """

    title: str
    model: str
    version: str
    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Wording:
    """How a report calls things.

    Attributes:
        readable: a sentence of the ledger's as people read it.
        title_of: what a node of the lineage is called.
    """

    readable: Callable[[str], str]
    title_of: Callable[[Node], str]


class _Report(FPDF):
    def __init__(self, running_title: str) -> None:
        super().__init__()
        self._running_title = running_title
        self.set_margin(18)
        self.set_auto_page_break(auto=True, margin=20)
        for style, file in FILES.items():
            self.add_font(FAMILY, style, file)
        fonts = [font for font in self.fonts.values() if isinstance(font, TTFFont)]
        self._known = frozenset.intersection(*(frozenset(font.cmap) for font in fonts))
        self.has_numbered = False

    def letters(self, words: str) -> str:
        """The words as the report's font can write them."""
        found = written(words, self._known)
        self.has_numbered = self.has_numbered or NUMBERED in found
        return found

    def footer(self) -> None:
        """Says on each page what it belongs to, and numbers the pages."""
        self.set_y(-15)
        self.set_font(FAMILY, size=8)
        self.cell(0, 5, self.letters(self._running_title), align=Align.L)
        self.set_x(self.l_margin)
        self.cell(0, 5, f"Page {self.page_no()} of {{nb}}", align=Align.R)

    def heading(self, words: str) -> None:
        """A heading, never alone at the foot of a page."""
        if self.will_page_break(30):
            self.add_page()
        self.ln(5)
        self.set_font(FAMILY, style="B", size=13)
        self._lines(words, 7)
        self.ln(1)

    def say(self, words: str, *, strong: bool = False) -> None:
        """A paragraph of anybody's text."""
        self.set_font(FAMILY, style="B" if strong else "", size=10)
        self._lines(words, 5)
        self.ln(1)

    def type_out(self, words: str) -> None:
        """Something to type or to compare, letter by letter."""
        self.set_font("Courier", size=9)
        self.set_fill_color(*_GREY)
        self.multi_cell(0, 5, typed(words), align=Align.L, fill=True, wrapmode=WrapMode.CHAR,
                        padding=2, new_x=XPos.LMARGIN, new_y=YPos.NEXT)  # fmt: skip
        self.ln(1)

    def rows(
        self, columns: Sequence[str], rows: Sequence[Sequence[str]], widths: tuple[int, ...]
    ) -> None:
        """A table; its head stands on each page."""
        self.set_font(FAMILY, size=9)
        self.set_fill_color(*_WHITE)
        head = FontFace(emphasis="BOLD", fill_color=_GREY)
        with self.table(
            align=Align.L, col_widths=widths, headings_style=head, line_height=5, padding=1,
            text_align=Align.L, v_align=VAlign.T, wrapmode=WrapMode.WORD,
            borders_layout="HORIZONTAL_LINES", first_row_as_headings=bool(columns),
        ) as table:  # fmt: skip
            for cells in [columns, *rows] if columns else rows:
                table.row([self.letters(cell) for cell in cells])
        self.ln(1)

    def _lines(self, words: str, height: float) -> None:
        self.multi_cell(0, height, self.letters(words), align=Align.L, new_x=XPos.LMARGIN,
                        new_y=YPos.NEXT)  # fmt: skip


def audit_report(
    subject: Subject, audit: JsonObject, trust: Trust, wording: Wording, *, as_of: int, now: int
) -> bytes:
    """The PDF.

    Args:
        subject: what it is about.
        audit: as the API gives it.
        trust: the log that it was read from.
        wording: how people and data are called.
        as_of: when the last event was recorded that the audit looked at, milliseconds since the
            epoch.
        now: when it is made, likewise.
    """
    title = f"Audit of “{subject.title}”, version {subject.version}"
    size = number(audit, "size")
    report = _Report(f"{subject.model} {subject.version}, as of event {size - 1} of {trust.origin}")
    report.set_title(title)
    report.set_creator("Concord")
    report.set_lang("en")
    report.add_page()
    report.set_font(FAMILY, style="B", size=18)
    report.multi_cell(0, 9, report.letters(title), align=Align.L, new_x=XPos.LMARGIN,
                      new_y=YPos.NEXT)  # fmt: skip
    report.ln(2)
    _verdict(report, audit)
    times = [
        ("As of", f"{exact(as_of)}, right after event {size - 1} of the log {trust.origin}"),
        ("Report made", exact(now)),
    ]
    report.rows((), [*subject.facts, *times], (28, 100))
    _findings(report, audit, wording)
    _inputs(report, audit, wording)
    _how_to_check(report, subject, audit, trust)
    if report.has_numbered:
        report.heading("Letters told by number")
        report.say(_NUMBERED)
    return bytes(report.output())


def _verdict(report: _Report, audit: JsonObject) -> None:
    verdict = text(audit, "verdict")
    word, sentence = VERDICTS.get(verdict, (verdict, ""))
    report.set_font(FAMILY, style="B", size=12)
    report.set_fill_color(*_SHADES.get(verdict, _OTHER_SHADE))
    report.set_text_color(*_WHITE)
    report.multi_cell(0, 6, report.letters(f"{word}. {sentence}"), align=Align.L, fill=True,
                      padding=3, new_x=XPos.LMARGIN, new_y=YPos.NEXT)  # fmt: skip
    report.set_text_color(0, 0, 0)
    report.ln(3)
    if not flag(audit, "isComplete"):
        report.say("The audit could not see everything.", strong=True)


def _findings(report: _Report, audit: JsonObject, wording: Wording) -> None:
    report.heading("What was found")
    findings = objects(audit, "findings")
    if not findings:
        report.say("Nothing speaks against it.")
    for finding in findings[:_MOST_ROWS]:
        severity = SEVERITIES.get(text(finding, "severity"), text(finding, "severity"))
        code = text(finding, "code")
        report.say(f"{severity}: {FINDINGS.get(code, code)} [{code}]", strong=True)
        events = ", ".join(str(index) for index in numbers(finding, "events"))
        report.say(f"{wording.readable(text(finding, 'sentence'))} Events: {events or 'none'}.")
    if len(findings) > _MOST_ROWS:
        report.say(f"And {len(findings) - _MOST_ROWS:,} more; the proof file has them all.")


def _inputs(report: _Report, audit: JsonObject, wording: Wording) -> None:
    report.heading("What went into it")
    rows = inputs_of(audit)
    if not rows:
        report.say("Nothing is recorded.")
        return
    faults = judged(audit)
    cells = [
        _input(Node.parse(node), covered, _STATES[faults.state(node)], wording)
        for node, covered in list(rows.items())[:_MOST_ROWS]
    ]
    report.rows(("What", "Title and name", "Used by right of", "State"), cells, (14, 52, 40, 16))
    if len(rows) > _MOST_ROWS:
        report.say(f"And {len(rows) - _MOST_ROWS:,} more; the proof file has them all.")


def _input(node: Node, covered: str, state: str, wording: Wording) -> tuple[str, str, str, str]:
    return node.sort.capitalize(), f"{wording.title_of(node)}\n{node.title}", covered or "-", state


def _how_to_check(report: _Report, subject: Subject, audit: JsonObject, trust: Trust) -> None:
    report.heading("How to check this")
    size = number(audit, "size")
    report.say(
        "This paper proves nothing by itself. Download the proof from the model's page, under "
        '"Proof and report", and check it on any computer, with no server:'
    )
    file = f"{subject.model}-{subject.version}-as-of-{size - 1}.json"
    report.type_out(f"concord verify {file} --verifier-key '{trust.verifier_key}'")
    report.say(f"The log had {size:,} events then, with this fingerprint (root):")
    report.type_out(text(audit, "root"))
