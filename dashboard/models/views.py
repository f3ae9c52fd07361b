"""What can be seen of one model version: what went in, other versions, its proof."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from client import JsonObject
from client.fields import inner, number, objects
from client.fields import text as text_of
from client.proofs import BundleProof, prove_bundle
from dashboard.components.copying import copyable, verbatim
from dashboard.components.explain import meaning
from dashboard.components.markup import Markup, badge, code, facts, joined, line, show, table, text
from dashboard.components.paging import part, turn_pages
from dashboard.components.states import empty, guarded
from dashboard.components.working import is_started, outcome, start
from dashboard.models.ancestry import MARKS, SORTS
from dashboard.models.lineage import Node, inputs_of, judged
from dashboard.models.node_titles import learn_node_titles, node_title
from dashboard.models.report import Subject, Wording, audit_report
from dashboard.models.verdicts import audit_of, path_of, verdict_badge
from dashboard.reading.connection import ledger, read, read_event, trust
from dashboard.reading.names import learn_titles_in, name_of, readable
from dashboard.reading.titles import model_title
from dashboard.words.findings import signed_in_words
from dashboard.words.times import now_ms


def ingredients(audit: JsonObject) -> None:
    """Datasets and models that went in, each with the permission that covered it."""
    faults = judged(audit)
    rows = inputs_of(audit)
    if not rows:
        empty("Nothing is recorded that went into this version.")
        return
    key = f"ingredients-{text_of(audit, 'model')}-{text_of(audit, 'version')}"
    shown = [(Node.parse(node), node, covered) for node, covered in part([*rows.items()], key)]
    learn_node_titles(parts for parts, _, _ in shown)
    cells = [
        (
            text(SORTS[parts.sort][:-1]),
            _name(parts),
            text(covered or "–"),
            badge(*MARKS[faults.state(node)]),
        )
        for parts, node, covered in shown
    ]
    columns = ("What", "Name", "Used by right of", "State")
    show(table(columns, cells, "What went into this version"))
    turn_pages(key)


def _name(node: Node) -> Markup:
    return joined(text(node_title(node)), " ", code(node.title))


def compare(audit: JsonObject, names: Sequence[str]) -> None:
    """Two versions beside each other, and what differs between what went in."""
    model, version = text_of(audit, "model"), text_of(audit, "version")
    others = [name for name in names if name != version]
    if not others:
        empty("There is no other version to compare with.")
        return
    other = st.selectbox("Compare with version", others, key=f"other-{model}")
    sides = [(name, audit_of(model, name)) for name in (other, version)]
    inputs = [set(inputs_of(audit)) for _, audit in sides]
    for column, (name, answer), here, there in zip(
        st.columns(2), sides, inputs, reversed(inputs), strict=True
    ):
        with column, st.container(border=True):
            found = read(path_of(model, name))
            show(
                line("Version ", text(name), cls="c-lead"),
                line(verdict_badge(text_of(answer, "verdict"))),
                facts(
                    [
                        ("How made", text(text_of(found, "relation"))),
                        ("Training run", text(text_of(found, "run") or "–")),
                        ("File", code(text_of(found, "digest")[:16] + "…")),
                        ("Went in", text(f"{len(here)}")),
                        ("Only here", _only(here - there)),
                    ]
                ),
            )


def _only(nodes: set[str]) -> Markup:
    return text("; ".join(Node.parse(n).title for n in sorted(nodes)[:20]) or "nothing")


def proof(audit: JsonObject, at: int) -> None:
    """The bundle: checked here, downloadable, with the command that checks it anywhere."""
    model, version = text_of(audit, "model"), text_of(audit, "version")
    st.markdown("**One file proves this answer.** It holds every event that the answer rests on.")
    path = f"{path_of(model, version)}/audit"

    reader = ledger()

    def document() -> bytes:
        return reader.fetch_document(path, bundle="true", at=at)

    name = f"{model}-{version}-as-of-{at}"
    _check(document, f"check-{name}")
    with st.container(horizontal=True):
        st.download_button(
            "Download the proof", document, f"{name}.json", "application/json",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            "Download a report (PDF)",
            lambda: _report(model, version, audit),
            f"{name}.pdf", "application/pdf", icon=":material/picture_as_pdf:", on_click="ignore",
        )  # fmt: skip
    show(line("Anyone can check the file with no server, and without trusting this page:"))
    verbatim(
        f"concord verify {name}.json --verifier-key '{trust().verifier_key}'", "verify-command"
    )
    found_version = read(path_of(model, version))
    copyable(
        [
            ("Fingerprint of the model's file", text_of(found_version, "digest")),
            ("Leaf", text_of(found_version, "leafHash")),
            ("File", text_of(inner(found_version, "artifact"), "uri") or model),
        ],
        key="ids-of-version",
    )
    meaning("bundle", "digest", "verifier key")


@st.fragment
def _check(document: Callable[[], bytes], key: str) -> None:
    """Checks the bundle here, on demand; the rest of the page stays as it is."""
    is_wanted = st.button("Check it now, on this page", icon=":material/verified:", type="primary")

    def draw() -> None:
        if is_wanted:
            log = trust()
            start(key, lambda: prove_bundle(document(), log))
        if is_started(key):
            outcome(key, "Checking every event and replaying them…", _holds)

    guarded(draw, "check")


def _holds(found: BundleProof) -> None:
    st.success(
        f"**It holds.** {found.events:,} events are in the log, and replaying them gives the "
        f"verdict “{found.verdict}” again. {signed_in_words(found.unconfirmed)}.",
        icon=":material/verified:",
    )


def _report(model: str, version: str, audit: JsonObject) -> bytes:
    item, found = read(f"/v1/models/{model}"), read(path_of(model, version))
    facts = [
        ("Model", model),
        ("Owner", name_of(text_of(item, "owner"))),
        ("Licence", text_of(item, "license")),
        ("Task", text_of(item, "task") or "not said"),
        ("How made", text_of(found, "relation")),
        ("Training run", text_of(found, "run") or "none recorded"),
        ("File, SHA-256", text_of(found, "digest")),
    ]
    subject = Subject(model_title(model), model, version, facts)
    as_of = number(read_event(number(audit, "size") - 1), "recordedAt")
    learn_titles_in(text_of(finding, "sentence") for finding in objects(audit, "findings"))
    learn_node_titles(map(Node.parse, inputs_of(audit)))
    wording = Wording(readable, node_title)
    return audit_report(subject, audit, trust(), wording, as_of=as_of, now=now_ms())
