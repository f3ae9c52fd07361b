"""Models: a list to search, and one model with its verdict, lineage, versions and proof."""

from __future__ import annotations

import streamlit as st

from client import JsonObject
from client.fields import inner, number, objects, wording
from client.fields import text as text_of
from dashboard.components.explain import meaning
from dashboard.components.markup import (
    Markup,
    card,
    cards,
    code,
    joined,
    label,
    line,
    show,
    tag,
    text,
    when,
)
from dashboard.components.paging import Listing, listing, search_box, turn_pages
from dashboard.components.states import empty, guarded
from dashboard.models.ancestry import lineage_view
from dashboard.models.lineage import events_behind, newest
from dashboard.models.releases import show_release
from dashboard.models.verdicts import (
    audit_of,
    is_judged,
    judged_badge,
    show_findings,
    until_judged,
    verdict_badge,
    verdict_sentence,
)
from dashboard.models.views import compare, ingredients, proof
from dashboard.navigation import anchor, asked, link
from dashboard.reading.connection import look_again, looked_at, read, read_event, read_events
from dashboard.reading.names import named
from dashboard.words.kinds import kind_in_words
from dashboard.words.times import day

_MOMENTS = 12
"""Events that can be gone back to: the last ones that the audit turns on."""

_VIEWS = {
    "lineage": "Where it came from",
    "ingredients": "What went in",
    "compare": "Versions side by side",
    "proof": "Proof and report",
}


def page() -> None:
    """Draws the list, or the model that the address names."""
    model = asked("model")
    if model:
        _model(model)
    else:
        _list()


def _list() -> None:
    st.title("Models")
    search = search_box("Search models", "search-models", "Title, name or task")
    until_judged(lambda: _draw_list(search), lambda: _is_waiting(_listed(search)))


def _listed(search: str) -> Listing:
    return listing("/v1/models", "models", search=search, include="latest")


def _is_waiting(found: Listing) -> bool:
    newest = [inner(item, "latest") for item in found.rows]
    return not all(is_judged(latest) for latest in newest if latest)


def _draw_list(search: str) -> None:
    found = _listed(search)
    if not found.rows:
        if search:
            empty("No model fits these words.", "Try fewer or other words.")
        else:
            empty("No model is registered yet.", "Developers register models with their tools.")
    show(cards(_row(item, found.size) for item in found.rows))
    turn_pages("models")


def _row(item: JsonObject, size: int) -> Markup:
    model, latest = text_of(item, "model"), inner(item, "latest")
    title = anchor("models", wording(item, "title"), icon=":material/deployed_code:", model=model)
    by = joined("By ", named(text_of(item, "owner")), ". ", code(model))
    if not latest:
        return card(title, line("No version yet. ", by))
    return card(
        title,
        line(
            judged_badge(latest, size), " latest version ", text(text_of(latest, "version")),
            f", {number(item, 'versions'):,} in all. ", by,
        ),
    )  # fmt: skip


def _model(model: str) -> None:
    link("models", "All models", icon=":material/arrow_back:")
    item = read(f"/v1/models/{model}")
    versions = newest(objects(read(f"/v1/models/{model}/versions", limit=1_000), "items"))
    st.title(label(wording(item, "title")), anchor=False)
    show(
        line(
            code(model), " by ", named(text_of(item, "owner")),
            f", licence {text_of(item, 'license')}, task: {text_of(item, 'task') or 'not said'}.",
        ),
    )  # fmt: skip
    if not versions:
        empty("No version of this model is published yet.")
        return
    names = [text_of(v, "version") for v in versions]
    if asked("version") not in {"", *names}:
        st.info(f"**No version {label(asked('version'))} is recorded.** Another one is shown.",
                icon=":material/search_off:")  # fmt: skip
    version = st.selectbox(
        "Version", names, index=names.index(asked("version")) if asked("version") in names else 0,
        key=f"version-of-{model}",
    )  # fmt: skip
    if asked("version") != version:
        st.query_params["version"] = version
    chosen = versions[names.index(version)]
    present, since = looked_at(f"{model}@{version}")
    chosen_at = _as_of(model, version, number(chosen, "index"), present)
    at = present if chosen_at is None else chosen_at
    audit = audit_of(model, version, at)
    _verdict(audit, chosen, at, None if chosen_at is not None else since)
    leaf, published = text_of(chosen, "leafHash"), number(chosen, "index")
    guarded(lambda: show_release(model, version, leaf, published), "release")
    view = st.segmented_control(
        "View", list(_VIEWS), format_func=_VIEWS.__getitem__, default="lineage",
        key=f"view-{model}", label_visibility="collapsed", required=True,
    )  # fmt: skip
    guarded(lambda: _draw(str(view), audit, names, at), "view")


def _draw(view: str, audit: JsonObject, names: list[str], at: int) -> None:
    if view == "lineage":
        lineage_view(audit, at)
    elif view == "ingredients":
        ingredients(audit)
    elif view == "compare":
        compare(audit, names)
    else:
        proof(audit, at)


def _as_of(model: str, version: str, published: int, present: int) -> int | None:
    """The moment that is looked at; None for now."""
    behind = events_behind(audit_of(model, version, present))
    moments = [index for index in behind if index >= published]
    labels = {index: _moment(item) for index, item in read_events(moments[-_MOMENTS:]).items()}
    options = [*labels, None]
    if len(options) < 2:
        return None
    return st.select_slider(
        "As of", options, value=None, key=f"as-of-{model}-{version}",
        format_func=lambda index: "now" if index is None else labels[index],
        help="What the audit would have said right after that event.",
    )  # fmt: skip


def _moment(item: JsonObject) -> str:
    kind = kind_in_words(text_of(inner(item, "event"), "kind")).lower()
    return f"{day(number(item, 'recordedAt'))}, event {number(item, 'index')}: {kind}"


def _verdict(audit: JsonObject, version: JsonObject, at: int, since: int | None) -> None:
    """The verdict and what was found.

    Args:
        audit: of the version.
        version: that was audited.
        at: event right after which the audit holds.
        since: when that event was the last one, milliseconds since the epoch; None where an earlier
            moment was chosen.
    """
    now = [] if since is None else ["As of now: the log was read ", when(since), ". "]
    with st.container(border=True, key="verdict"):
        show(
            line(
                verdict_badge(text_of(audit, "verdict")), " ",
                tag("strong", text(verdict_sentence(audit))),
            ),
            line(
                *(now or [f"As it was right after event {at}. "]),
                "Published with event ", code(str(number(version, "index"))), ", ",
                when(number(read_event(number(version, "index")), "recordedAt")), ".",
                cls="c-line c-soft",
            ),
        )  # fmt: skip
        if since is not None:
            st.button("Look again", key="look-again", on_click=look_again, type="tertiary",
                      icon=":material/refresh:")  # fmt: skip
        show_findings(audit)
        meaning("verdict", "grant", "retroactive", "prospective")
