"""Files that people take along."""

from __future__ import annotations

import csv
import io
import re

from client import JsonObject, JsonValue
from client.trust import Trust
from dashboard.audit.exports import Reader, as_csv
from dashboard.models.lettering import FILES, typed
from dashboard.models.report import Subject, Wording, audit_report
from tests.dashboard.pdf import text_of
from tests.dashboard.test_lineage import AUDIT

READER = Reader(name_of=lambda address: f"name of {address}", readable=str.upper)


def exported(row: JsonObject) -> dict[str, str]:
    """One event as a spreadsheet reads it."""
    (read,) = csv.DictReader(io.StringIO(as_csv([row], READER)))
    return read


def test_events_are_one_row_each_and_survive_awkward_texts() -> None:
    row: JsonObject = {
        "index": 3,
        "recordedAt": 1_790_000_000_000,
        "eventId": "ab",
        "onBehalfOf": None,
        "event": {"kind": "vote.cast", "actor": "0x0", "subject": "s", "summary": 'a, "b"\nc'},
    }
    read = exported(row)
    assert read["summary"] == 'a, "b"\nc'
    assert read["in one sentence"] == 'A, "B"\nC'
    assert (read["event"], read["recorded (UTC)"]) == ("3", "2026-09-21T14:13:20Z")
    assert (read["what"], read["kind"]) == ("Vote cast", "vote.cast")
    assert (read["who"], read["actor"], read["on behalf of"]) == ("name of 0x0", "0x0", "")


def test_no_cell_is_a_formula_to_a_spreadsheet() -> None:
    for start in ("=", "+", "-", "@", "\t"):
        read = exported({"event": {"summary": f"{start}HYPERLINK(1)"}})
        assert read["summary"].startswith("'")
        assert read["in one sentence"].startswith("'")


WORDING = Wording(readable=str.upper, title_of=lambda node: f"Title of “{node.name}”")
FOUND: JsonObject = AUDIT | {
    "verdict": "tainted", "size": 10, "root": "c" * 44, "isComplete": False,
}  # fmt: skip


def report(audit: JsonObject, **facts: str) -> tuple[int, str]:
    """How many pages a report has, and its text, lines joined by spaces."""
    subject = Subject("Model “M”", "m", "1", list(facts.items()))
    trust = Trust("ledger.test/concord", "ledger.test/concord+key", 1)
    as_of, now = 1_780_000_000_000, 1_790_000_000_000
    made = audit_report(subject, audit, trust, WORDING, as_of=as_of, now=now)
    assert made.startswith(b"%PDF-")
    assert made.rstrip().endswith(b"%%EOF")
    return len(re.findall(rb"/Type /Page\n", made)), text_of(made)


def test_a_report_says_the_verdict_in_words_and_of_what_when() -> None:
    pages, text = report(FOUND, Owner="Müller Clinic")
    assert pages == 1
    assert "Audit of “Model “M””, version 1" in text
    assert "Tainted. Something behind this version was not allowed" in text
    assert "Müller Clinic" in text
    assert "28 May 2026, 20:26:40 UTC, right after event 9 of the log ledger.test/concord" in text
    assert "21 Sep 2026, 14:13:20 UTC" in text
    assert "Page 1 of 1" in text


def test_a_report_reads_as_the_pages_do() -> None:
    finding: JsonObject = {"code": "grant-expired", "severity": "error", "sentence": "it ended",
                           "events": [4, 6]}  # fmt: skip
    _, text = report(FOUND | {"findings": [finding]})
    assert "Problem: Data was used after the permission had ended." in text
    assert "IT ENDED Events: 4, 6." in text
    assert "Title of “a”" in text
    assert "a, version 1" in text
    assert "permission g (does not hold)" in text


def test_nothing_in_a_report_is_cut_off_however_long() -> None:
    name = "n" * 128
    ancestors: list[JsonValue] = [
        {"node": f"dataset:{name}{at}@1", "sort": "dataset", "depth": 2, "index": 1}
        for at in range(60)
    ]
    pages, text = report(FOUND | {"ancestors": ancestors, "root": "r" * 500}, Digest="d" * 200)
    together = text.replace(" ", "")
    assert together.count(name) >= 60
    assert "r" * 500 in together
    assert "d" * 200 in together
    assert f"Page {pages} of {pages}" in text
    assert text.count("Used by right of") > 1


def test_a_report_writes_the_scripts_of_europe_as_they_are() -> None:
    owner = "Łódź, İstanbul, Việt Nam, Ελληνικό Νοσοκομείο, Больница № 1, Ծննդատուն, კლინიკა"
    _, text = report(FOUND, Owner=owner)
    assert owner in text
    assert "Letters told by number" not in text


def test_a_report_tells_by_number_what_its_font_has_not() -> None:
    _, text = report(
        FOUND, Owner="病院 (a) \\ 😀 b", Place="שלום", Hidden="exe\N{RIGHT-TO-LEFT OVERRIDE}gnp"
    )
    assert "<U+75C5 U+9662> (a) \\ <U+1F600> b" in text
    assert "<U+05E9 U+05DC U+05D5 U+05DD>" in text
    assert "exe<U+202E>gnp" in text
    assert "Letters told by number" in text


def test_what_is_typed_off_a_report_is_on_every_keyboard() -> None:
    assert typed("verify “m”…\tŁ") == 'verify "m"...<U+0009 U+0141>'


def test_the_fonts_of_a_report_come_with_their_licence() -> None:
    licence = (FILES[""].parent / "LICENSE.txt").read_text()
    assert "Bitstream Vera Fonts Copyright" in licence
    assert "Arev Fonts Copyright" in licence
    assert sum(file.stat().st_size for file in FILES.values()) < 500_000
