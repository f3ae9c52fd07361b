"""What speaks for and against a proposal, before anyone votes: audits, policies, documents."""

from __future__ import annotations

from functools import partial

import streamlit as st

from client import ConcordError, JsonObject
from client.fields import flag, number, objects
from client.fields import text as text_of
from client.files import content_id
from dashboard.components.explain import meaning
from dashboard.components.markup import Markup, badge, code, line, show, tag, text
from dashboard.models.verdicts import verdict_badge
from dashboard.navigation import link
from dashboard.reading.connection import ledger
from dashboard.reading.names import readable
from dashboard.words.findings import FINDINGS, VERDICTS

_ENDINGS = {"audit-bundle": ".json", "policy": ".json"}
_KINDS = {
    "audit-bundle": "the proof of an audit",
    "policy": "the text of a policy",
    "model-card": "a model card",
    "document": "a document",
}


class WrongDocument(ConcordError):
    """A document is not the one that its content id names."""

    code = "wrong-document"


def evidence(item: JsonObject) -> None:
    """Audits of what would be released, what policies still ask for, and the documents named."""
    audits, breaches = objects(item, "audits"), objects(item, "policyBreaches")
    documents = objects(item, "evidence")
    if not audits and not breaches and not documents:
        return
    is_open = text_of(item, "state") in {"pending", "active"}
    st.subheader("Before you vote" if is_open else "What it rests on")
    with st.container(border=True, key="evidence"):
        for audit in audits:
            show_audit(audit)
        show_breaches(breaches)
        for document in documents:
            _document(document, told_above=_is_told(document, audits))
        meaning("verdict", "bundle")


def show_audit(audit: JsonObject) -> None:
    """The log's audit of a model version, now."""
    model, version = text_of(audit, "model"), text_of(audit, "version")
    verdict = text_of(audit, "verdict")
    if not version:
        show(
            line(
                badge("Unknown record", "bad", "✕"), " ",
                text(f"The log holds no version of {model} with the record that is named."),
            )
        )  # fmt: skip
        return
    show(
        line(verdict_badge(verdict), " ", tag("strong", text(f"{model}, version {version}"))),
        line(text(VERDICTS.get(verdict, ("", ""))[1])),
        *(_finding(each) for each in objects(audit, "findings")),
    )
    link("models", "See where it came from", icon=":material/account_tree:",
         model=model, version=version)  # fmt: skip


def show_breaches(breaches: list[JsonObject]) -> None:
    """What a release still lacks under the policies in force."""
    for breach in breaches:
        policy, version = text_of(breach, "policy"), number(breach, "version")
        asked_by = f" Asked for by policy {policy}, version {version}." if policy else ""
        show(
            line(
                badge("Still lacks", "bad", "✕"), " ",
                text(f"{readable(text_of(breach, 'reason'))}.{asked_by}".replace("..", ".")),
            )
        )  # fmt: skip


def _finding(finding: JsonObject) -> Markup:
    meaning_of = FINDINGS.get(text_of(finding, "code"), "")
    return line(
        tag("strong", text(meaning_of)), " ", text(readable(text_of(finding, "sentence")))
    )  # fmt: skip


def _is_told(document: JsonObject, audits: list[JsonObject]) -> bool:
    """Whether the log's own audit says the same of the same version."""
    return any(
        all(text_of(document, name) == text_of(audit, name) for name in ("model", "version"))
        and objects(document, "findings") == objects(audit, "findings")
        for audit in audits
    )


def _document(document: JsonObject, *, told_above: bool) -> None:
    kind, verdict = text_of(document, "kind"), text_of(document, "verdict")
    problem = text_of(document, "problem")
    held = [] if flag(document, "isHeld") else [badge("Not kept here", "open", "?"), " "]
    judged = [verdict_badge(verdict), " "] if verdict else []
    model, version = text_of(document, "model"), text_of(document, "version")
    about = f" of {model}, version {version}" if model and version else ""
    content = text_of(document, "content")
    show(
        line(
            *held, *judged, text(f"Named as evidence: {_KINDS.get(kind, kind)}{about}."),
        ),
        *(_finding(each) for each in objects(document, "findings") if not told_above),
        *([line(badge("Take care", "open", "!"), " ", text(problem))] if problem else []),
        line(f"{number(document, 'size'):,} bytes, kept under ", code(content),
             cls="c-line c-small c-soft"),
    )  # fmt: skip
    if flag(document, "isHeld"):
        st.download_button(
            "Download it", partial(_fetched, content), f"{content}{_ENDINGS.get(kind, '')}",
            "application/octet-stream", key=f"document-{content}", icon=":material/download:",
            on_click="ignore",
        )  # fmt: skip


def _fetched(content: str) -> bytes:
    """The document that bears the name.

    Raises:
        WrongDocument: the server sent another.
    """
    document = ledger().fetch_document(f"/v1/content/{content}")
    if content_id(document) != content:
        raise WrongDocument("The server sent another document than the one that is named.")
    return document
