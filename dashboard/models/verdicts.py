"""Audits as pages show them: the verdict as a badge, its findings as sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import streamlit as st

from client import JsonObject
from client.fields import flag, number, numbers, objects, optional_number
from client.fields import text as text_of
from dashboard.components.markup import Markup, badge, cards, joined, line, show, tag, text
from dashboard.navigation import anchor
from dashboard.reading.connection import read, read_as_of
from dashboard.reading.names import learn_titles_in, readable
from dashboard.words.findings import FINDINGS, SEVERITIES, VERDICTS

JUDGING_SECONDS = 3
"""Until it is asked again about verdicts that there was no time for."""

FINDINGS_SHOWN = 10
"""At once: an audit of thousands of ancestors may find a thing in each."""

_MOODS = {"clean": ("good", "✓"), "tainted": ("bad", "✕"), "incomplete": ("open", "?")}
_SEVERITY_MOODS = {"error": ("bad", "✕"), "gap": ("open", "?"), "warning": ("info", "!")}


def path_of(model: str, version: str) -> str:
    """Where the API answers about a model version."""
    return f"/v1/models/{model}/versions/{version}"


def audit_of(model: str, version: str, at: int | None = None) -> JsonObject:
    """The audit of a model version, as of an event where one is named."""
    path = f"{path_of(model, version)}/audit"
    return read(path) if at is None else read_as_of(path, at)


def verdicts_of(versions: Iterable[tuple[str, str]]) -> dict[tuple[str, str], JsonObject]:
    """The verdicts of model versions, asked for at once, for `judged_badge`."""
    wanted = ",".join(f"{model}@{version}" for model, version in versions)
    found = objects(read("/v1/verdicts", of=wanted), "items") if wanted else []
    return {(text_of(item, "model"), text_of(item, "version")): item for item in found}


def is_judged(item: JsonObject) -> bool:
    """Whether there is a verdict: the service judges many versions bit by bit."""
    return bool(text_of(item, "verdict"))


def judged_badge(item: JsonObject, size: int = 0) -> Markup:
    """A verdict in a list, and as of when it holds where that is not now.

    Args:
        item: has `verdict` and `verdictSize`.
        size: of the log now.
    """
    if not is_judged(item):
        return badge("Not judged yet", "calm", "…")
    at = number(item, "verdictSize")
    verdict = verdict_badge(text_of(item, "verdict"))
    return joined(verdict, f" as of event {at - 1}") if at < size else verdict


def verdict_badge(verdict: str) -> Markup:
    """The verdict as a word with a mark."""
    mood, mark = _MOODS.get(verdict, ("calm", "·"))
    return badge(VERDICTS.get(verdict, (verdict, ""))[0], mood, mark)


def until_judged(draw: Callable[[], None], is_waiting: Callable[[], bool]) -> None:
    """Draws something with verdicts in it; again and again while some of them are not judged yet.

    Args:
        draw: draws it, from what `read` gives.
        is_waiting: whether some are not judged yet, from the same.
    """

    def again() -> None:
        draw()
        if not is_waiting():
            st.rerun()

    if is_waiting():
        st.fragment(again, run_every=JUDGING_SECONDS)()
    else:
        draw()


def verdict_sentence(audit: JsonObject) -> str:
    """What the verdict means."""
    return VERDICTS.get(text_of(audit, "verdict"), ("", ""))[1]


def show_findings(audit: JsonObject) -> None:
    """Each finding as a sentence, with links to the events behind it."""
    findings = sorted(objects(audit, "findings"), key=_urgency)
    if not findings:
        show(line("Nothing was found that speaks against it.", cls="c-line c-soft"))
    last = -(-len(findings) // FINDINGS_SHOWN)
    if last > 1:
        show(line(f"{len(findings):,} things were found, the worst first."))
    key = f"findings-{text_of(audit, 'model')}-{text_of(audit, 'version')}"
    page = st.pagination(last, key=key) if last > 1 else 1
    shown = findings[(page - 1) * FINDINGS_SHOWN : page * FINDINGS_SHOWN]
    learn_titles_in(text_of(finding, "sentence") for finding in shown)
    show(cards(map(_finding, shown)))
    if not flag(audit, "isComplete"):
        limit = optional_number(audit, "limit")
        cut = f" It stopped after {limit:,} ancestors." if limit else ""
        show(line(f"The audit could not see everything.{cut}"))


def _urgency(finding: JsonObject) -> int:
    severity = text_of(finding, "severity")
    return list(_SEVERITY_MOODS).index(severity) if severity in _SEVERITY_MOODS else -1


def _finding(finding: JsonObject) -> Markup:
    severity = text_of(finding, "severity")
    mood, mark = _SEVERITY_MOODS.get(severity, ("calm", "·"))
    proofs = [
        anchor("audit", f"Proof: event {index}", icon=":material/verified:", event=index)
        for index in numbers(finding, "events")[:5]
    ]
    return tag(
        "div",
        line(
            badge(SEVERITIES.get(severity, severity), mood, mark), " ",
            tag("strong", text(FINDINGS.get(text_of(finding, "code"), text_of(finding, "code")))),
        ),
        line(text(readable(text_of(finding, "sentence")))),
        line(*proofs),
    )  # fmt: skip
