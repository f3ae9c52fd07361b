"""What proposals, models, datasets and training runs are called, in place of their ids.

A title is anybody's text. Where there is none, where it is sealed, or where what it belongs to is
unknown, the id stands in for it. Whoever names many things asks for their titles first, all at
once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import streamlit as st

from client.errors import ServerProblem
from client.fields import inner, objects, text
from dashboard.reading.connection import SETTLED_SECONDS, every, kept_for, read, read_now

_LONGEST = 90
"""Characters of a title that stand within a sentence."""

_DIGITS_SHOWN = 8
_ASKED_AT_ONCE = 50
"""Names of 128 characters at most: the address of the question stays below 8 KiB."""

_MOST_KEPT = 20_000
_TITLED = re.compile(r"(dataset|model|run):[a-z0-9][a-z0-9._-]{0,127}")
"""What has a title, as the API spells it."""


def learn_titles(names: Iterable[str]) -> None:
    """Asks for the titles that are not known yet, all at once.

    Args:
        names: such as `dataset:wdbc-north`, `model:tumours` or `run:run-1`; others have no title.
    """
    known = _known(kept_for())
    if len(known) > _MOST_KEPT:
        known.clear()
    asked = dict.fromkeys(name for name in names if name not in known)
    wanted = [name for name in asked if _TITLED.fullmatch(name)]
    for begin in range(0, len(wanted), _ASKED_AT_ONCE):
        known |= _told(wanted[begin : begin + _ASKED_AT_ONCE])


def _told(names: list[str]) -> dict[str, str]:
    try:
        items = objects(read_now("/v1/titles", of=",".join(names)), "items")
    except ServerProblem:
        return {}
    return {text(item, "node"): text(item, "title") for item in items}


@st.cache_resource(ttl=SETTLED_SECONDS, max_entries=100, show_spinner=False)
def _known(reader: str) -> dict[str, str]:
    """Titles that were told to a reader, by name; empty where there is none to tell."""
    del reader  # what it is kept under
    return {}


def _title(name: str) -> str:
    learn_titles([name])
    return _known(kept_for()).get(name, "")


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
    title = _short(told or _title(f"model:{model}") or model)
    return f"{title}, version {version}" if version else title


def dataset_title(dataset: str, told: str = "") -> str:
    """Likewise, of a dataset."""
    return _short(told or _title(f"dataset:{dataset}") or dataset)


def run_title(run: str, told: str = "") -> str:
    """A training run's job and its id: many runs are of one job."""
    job = _short(told or _title(f"run:{run}"))
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


def _short(title: str) -> str:
    line = " ".join(title.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
