"""Datasets: a list to search, and one dataset with its terms, access, requests and use."""

from __future__ import annotations

import streamlit as st

from client import JsonObject
from client.fields import flag, inner, number, objects, optional_number, texts, wording
from client.fields import text as text_of
from dashboard.components.copying import copyable
from dashboard.components.explain import meaning
from dashboard.components.markup import (
    Markup,
    badge,
    card,
    cards,
    code,
    facts,
    label,
    line,
    show,
    table,
    text,
    when,
)
from dashboard.components.paging import listing, search_box, turn_pages
from dashboard.components.states import empty, guarded
from dashboard.datasets.access import access_view
from dashboard.datasets.reach import reach_view, use_view
from dashboard.datasets.requests import open_requests, requests_view
from dashboard.navigation import anchor, asked, link
from dashboard.reading.connection import read
from dashboard.reading.names import named
from dashboard.words.terms import duo_sentences, offer_in_words, purpose_in_words
from dashboard.words.times import instant_ms

_VIEWS = {
    "access": "Who has access",
    "requests": "Requests",
    "use": "Used for",
    "withdraw": "If it is withdrawn",
    "versions": "Versions",
}


def page() -> None:
    """Draws the list, or the dataset that the address names."""
    dataset = asked("dataset")
    if dataset:
        _dataset(dataset)
    else:
        _list()


def _list() -> None:
    st.title("Datasets")
    search = search_box("Search datasets", "search-datasets", "Title, name or description")
    found = listing("/v1/datasets", "datasets", search=search)
    if not found.rows:
        if search:
            empty("No dataset fits these words.", "Try fewer or other words.")
        else:
            empty("No dataset is registered yet.", "Stewards register datasets with their tools.")
    show(cards(map(_row, found.rows)))
    turn_pages("datasets")


def _row(item: JsonObject) -> Markup:
    dataset, gone = text_of(item, "dataset"), _is_withdrawn(item)
    state = badge("Withdrawn", "bad", "✕") if gone else badge("Available", "good", "✓")
    return card(
        anchor("datasets", wording(item, "title"), icon=":material/database:", dataset=dataset),
        line(
            state, " Steward: ", named(text_of(item, "steward")), ". For ",
            text(purpose_in_words(inner(item, "usage"))), ". ", code(dataset),
        ),
    )  # fmt: skip


def _is_withdrawn(item: JsonObject) -> bool:
    return optional_number(item, "withdrawnIndex") is not None


def _dataset(dataset: str) -> None:
    link("datasets", "All datasets", icon=":material/arrow_back:")
    item = read(f"/v1/datasets/{dataset}")
    st.title(label(wording(item, "title")), anchor=False)
    if wording(item, "description"):
        show(line(text(wording(item, "description"))))
    left, right = st.columns([2, 3], gap="large")
    with left:
        _facts(item)
    with right:
        _terms(item)
    waiting = len(open_requests(dataset))
    titles = _VIEWS | ({"requests": f"Requests ({waiting} open)"} if waiting else {})
    wanted = asked("view") if asked("view") in _VIEWS else "access"
    view = st.segmented_control(
        "View", list(_VIEWS), format_func=titles.__getitem__, default=wanted,
        key=f"view-{dataset}", label_visibility="collapsed", required=True,
    )  # fmt: skip
    guarded(lambda: _draw(str(view), item), "view")


def _draw(view: str, item: JsonObject) -> None:
    if view == "access":
        access_view(item)
    elif view == "requests":
        requests_view(item)
    elif view == "use":
        use_view(text_of(item, "dataset"))
    elif view == "withdraw":
        reach_view(item)
    else:
        _versions(text_of(item, "dataset"))


def _facts(item: JsonObject) -> None:
    rows = [
        ("Steward", named(text_of(item, "steward"))),
        ("Licence", text(text_of(item, "license"))),
        ("About people", text("yes, personal data" if flag(item, "personalData") else "no")),
        ("Name", code(text_of(item, "dataset"))),
    ]
    if _is_withdrawn(item):
        rows.insert(0, ("Withdrawn", when(instant_ms(text_of(item, "withdrawnAt")))))
    show(facts(rows))
    link("audit", "Its registration and proof", event=number(item, "index"))
    copyable([("Name", text_of(item, "dataset")), ("Steward", text_of(item, "steward"))], "ids")
    meaning("steward", "grant")


def _terms(item: JsonObject) -> None:
    usage = inner(item, "usage")
    st.markdown("**What it may be used for**")
    for term, sentence in duo_sentences(usage):
        show(line(text(sentence), " ", badge(term, "calm", "§")))
    diseases = ", ".join(text_of(d, "term") for d in objects(usage, "diseases"))
    if diseases:
        show(line("Diseases: ", text(diseases), "."))
    for sentence in offer_in_words(usage):
        show(line(text(sentence)))
    meaning("duo")


def _versions(dataset: str) -> None:
    versions = objects(read(f"/v1/datasets/{dataset}/versions", limit=1_000), "items")
    if not versions:
        empty("No version is published yet.")
        return
    rows = [
        (
            # A phone shows the first cell without its column's name.
            text(f"Version {text_of(v, 'version')}"),
            text(f"{records:,}" if (records := optional_number(v, "recordCount")) else "–"),
            text(f"{len(objects(v, 'distribution'))}"),
            code(", ".join(d[:16] + "…" for d in texts(v, "digests")[:3])),
            text(text_of(v, "revisionOf") or "–"),
        )
        for v in versions
    ]
    columns = ("Version", "Records", "Files", "Fingerprints", "Replaces")
    show(table(columns, rows, "Versions of this dataset"))
    copyable(
        [
            (f"Version {text_of(v, 'version')}", digest)
            for v in versions[:10]
            for digest in texts(v, "digests")[:5]
        ],
        "digests",
    )
    for v in versions[:10]:
        link("audit", f"Proof of version {text_of(v, 'version')}", event=number(v, "index"))
    meaning("digest")
