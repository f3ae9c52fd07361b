"""Files that people take along."""

from __future__ import annotations

import csv
import io

from client import JsonObject
from client.trust import Trust
from dashboard.audit.log import as_csv
from dashboard.models.report import audit_report
from tests.dashboard.test_lineage import AUDIT


def test_events_are_one_row_each_and_survive_awkward_texts() -> None:
    row: JsonObject = {
        "index": 3,
        "recordedAt": 1_790_000_000_000,
        "eventId": "ab",
        "onBehalfOf": None,
        "event": {"kind": "k", "actor": "0x0", "subject": "s", "summary": 'a, "b"\nc'},
    }
    read = list(csv.DictReader(io.StringIO(as_csv([row]))))
    assert read[0]["summary"] == 'a, "b"\nc'
    assert read[0]["index"] == "3"


def test_no_cell_is_a_formula_to_a_spreadsheet() -> None:
    for start in ("=", "+", "-", "@", "\t"):
        row: JsonObject = {"event": {"summary": f"{start}HYPERLINK(1)"}}
        read = list(csv.DictReader(io.StringIO(as_csv([row]))))
        assert read[0]["summary"].startswith("'")


def test_a_report_is_a_pdf_whatever_the_texts_hold() -> None:
    audit: JsonObject = AUDIT | {"verdict": "tainted", "size": 10, "root": "x", "isComplete": False}
    trust = Trust("ledger.test/concord", "key", 1)
    made = audit_report("m", "1", audit, trust, {"0x0": "病院"}, now=1_790_000_000_000)
    assert made.startswith(b"%PDF-")
    assert made.rstrip().endswith(b"%%EOF")
