"""What proposals, models, datasets and training runs are called, in place of their ids.

A title is anybody's text. Where there is none, where it is sealed, or where what it belongs to is
unknown, the id stands in for it.
"""

from __future__ import annotations

import streamlit as st

from client.errors import ServerProblem
from client.fields import inner, objects, text
from dashboard.reading.connection import SETTLED_SECONDS, every, kept_for, read

_LONGEST = 90
"""Characters of a title that stand within a sentence."""

_DIGITS_SHOWN = 8


def proposal_title(proposal: str) -> str:
    """A proposal's title in quotes; the beginning of its number where it has none."""
    title = _proposal(kept_for(), proposal)
    return f"“{_short(title)}”" if title else f"{proposal[:_DIGITS_SHOWN]}…"


def model_title(model: str, version: str = "", told: str = "") -> str:
    """`Tumour classifier, version 1`; the id in place of a title that nobody can read.

    Args:
        model: its id.
        version: of it.
        told: its title, where an answer has told it already.
    """
    title = _short(told or _titled(kept_for(), "models", "model", model) or model)
    return f"{title}, version {version}" if version else title


def dataset_title(dataset: str, told: str = "") -> str:
    """Likewise, of a dataset."""
    return _short(told or _titled(kept_for(), "datasets", "dataset", dataset) or dataset)


def run_title(run: str, told: str = "") -> str:
    """A training run's job and its id: many runs are of one job."""
    job = _short(told or _titled(kept_for(), "runs", "run", run, "job"))
    return f"{job} ({run})" if job and job != run else run


def version_of(model: str, record: str) -> str:
    """The version whose record is a leaf of the log; empty where there is none.

    Args:
        model: its id.
        record: hash of the leaf, 64 hex digits, with or without 0x.
    """
    try:
        return _version(kept_for(), model, record.removeprefix("0x"))
    except (LookupError, ServerProblem):
        return ""


# What is not found is not kept: the version may be published any moment.
@st.cache_resource(ttl=SETTLED_SECONDS, max_entries=5_000, show_spinner=False)
def _version(reader: str, model: str, leaf: str) -> str:
    del reader  # part of what it is kept under
    for item in every(f"/v1/models/{model}/versions"):
        if text(item, "leafHash") == leaf:
            return text(item, "version")
    raise LookupError(leaf)


@st.cache_resource(ttl=SETTLED_SECONDS, max_entries=5_000, show_spinner=False)
def _proposal(reader: str, proposal: str) -> str:
    del reader  # part of what it is kept under
    # The event is found by its subject; the proposal itself would ask the chain.
    found = read("/v1/events", kind="proposal.created", subject=proposal, limit=1)
    return next(
        (text(inner(inner(item, "event"), "body"), "title") for item in objects(found, "items")), ""
    )


@st.cache_resource(ttl=SETTLED_SECONDS, max_entries=5_000, show_spinner=False)
def _titled(reader: str, room: str, name: str, identifier: str, title: str = "title") -> str:
    del reader
    try:
        item = read(f"/v1/{room}/{identifier}")
    except ServerProblem:
        return ""
    return text(item, title) if text(item, name) == identifier else ""


def _short(title: str) -> str:
    line = " ".join(title.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
