"""Sentences for people: names in place of addresses, times and fingerprints as one reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import streamlit as st

from client import JsonObject
from client.errors import ServerProblem
from client.fields import inner, texts
from client.fields import text as text_of
from dashboard.components.markup import Markup, tag, text
from dashboard.reading.connection import every, kept_for, read
from dashboard.reading.dao import dao, has_dao
from dashboard.reading.titles import dataset_title, learn_titles, proposal_title, version_of
from dashboard.words.amounts import tokens
from dashboard.words.times import exact, instant_ms

CONTRACTS = {
    "timelock": "The treasury",
    "governor": "The governor contract",
    "token": "The voting token",
    "members": "The membership registry",
    "policies": "The policy registry",
    "models": "The model registry",
    "anchors": "The anchor registry",
}
"""What stands at the DAO's addresses."""

MIRROR = "The ledger’s mirror"
"""Who tells the log what contracts did, where it is no member."""

_WITH_ARTICLE = frozenset({MIRROR, "The ledger’s relayer", *CONTRACTS.values()})

MOST_MEMBERS = 1_000
"""Members that are read at once; of more, those whose name is needed are asked for."""

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}(?![0-9a-fA-F])")
_NAMED_ADDRESS = re.compile(r"\((0x[0-9a-fA-F]{4})[0-9a-fA-F]{32}([0-9a-fA-F]{4})\)")
_HASH = re.compile(r"\b(0x[0-9a-f]{10})[0-9a-f]{54}\b")
_UNITS = re.compile(r"\b(\d{1,78}) token units\b")
_WEIGHT = re.compile(r"\bwith weight (\d{1,78})\b")
_RECORD = re.compile(
    r"\b([Mm]odel ([a-z0-9][a-z0-9._-]{0,127}))([:,]| was [a-z ]+:)(?: the version with)?"
    r" record (0x[0-9a-f]{64})\b"
)
_TITLED = re.compile(
    r"\b(?P<proposal>\d{32,78})\b"
    r"|(?P<word>\b[Dd]ataset) (?P<dataset>[a-z0-9](?:[a-z0-9._-]{0,126}[a-z0-9_-])?)"
    r"(?: (?P<version>[A-Za-z0-9][A-Za-z0-9._+-]{0,63})(?= (?:from|at) \d))?"
)
"""A proposal's number; a dataset's id, with its version where a use is told."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_DIGEST = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")


# Not copied for every name: nobody changes what is in it.
@st.cache_resource(ttl=30, show_spinner=False)
def _members_of(reader: str) -> dict[str, JsonObject]:
    del reader  # part of what it is kept under
    return {text_of(item, "member"): item for item in every("/v1/members", MOST_MEMBERS)}


@st.cache_resource(ttl=30, max_entries=5_000, show_spinner=False)
def _member_of(reader: str, address: str) -> JsonObject | None:
    del reader
    try:
        return read(f"/v1/members/{address}")
    except ServerProblem:
        return None  # no member, or no address: it is shown as it is


def members() -> Mapping[str, JsonObject]:
    """Members as the API gives them, by address: the first `MOST_MEMBERS`, to choose from."""
    return _members_of(kept_for())


def _member(address: str) -> JsonObject | None:
    known = members()
    if address in known or len(known) < MOST_MEMBERS:
        return known.get(address)
    return _member_of(kept_for(), address)


def short(address: str) -> str:
    """`0x12ab…9f00`."""
    return f"{address[:6]}…{address[-4:]}" if _ADDRESS.fullmatch(address) else address


@st.cache_data(ttl=600, show_spinner=False)
def _contracts_of(reader: str) -> dict[str, str]:
    del reader  # part of what it is kept under
    if not has_dao():
        return {}
    first = inner(read("/v1/events/0"), "event")
    known = {text_of(inner(first, "body"), "mirror"): MIRROR}
    for name, at in inner(dao(), "contracts").items():
        known[str(at)] = CONTRACTS.get(name, name)
    return known


def name_of(address: str) -> str:
    """A member's name, or what one of the DAO's contracts is; else the shortened address."""
    member = _member(address)
    own = text_of(member, "name") if member else ""
    return own or _contracts_of(kept_for()).get(address, "") or short(address)


def named(address: str) -> Markup:
    """A member's name, the address on hover."""
    return tag("span", text(name_of(address)), title=address)


def named_within(address: str) -> Markup:
    """Likewise, in the middle of a sentence: `the treasury`."""
    return tag("span", text(_within(name_of(address))), title=address)


def _within(name: str) -> str:
    return name[0].lower() + name[1:] if name in _WITH_ARTICLE else name


def roles_of(address: str) -> list[str]:
    """What a member may do now."""
    member = _member(address)
    return texts(member, "roles") if member else []


def readable(sentence: str) -> str:
    """A sentence of the ledger's with names for addresses, titles for numbers of proposals and
    beside ids of datasets, versions for records, plain times, amounts in tokens, and fingerprints
    cut short.

    An address in brackets stands behind a name already: it stays, shortened.
    """
    versioned = _RECORD.sub(_version_found, sentence)
    shortened = _NAMED_ADDRESS.sub(r"(\1…\2)", versioned)
    named_in_it = _ADDRESS.sub(_name_found, shortened)
    weighed = _WEIGHT.sub(lambda found: f"with {tokens(int(found[1]))}", named_in_it)
    counted = _UNITS.sub(lambda found: tokens(int(found[1])), weighed)
    timed = _INSTANT.sub(_moment, _HASH.sub(r"\1…", _DIGEST.sub(r"\1…", counted)))
    # Last: what stands in a title is nobody's to reword.
    return _TITLED.sub(_title_found, timed).replace("….", "…")


def learn_titles_in(sentences: Iterable[str]) -> None:
    """Asks at once for the titles that `readable` will put into sentences of the ledger's."""
    found = (match["dataset"] for each in sentences for match in _TITLED.finditer(each))
    learn_titles(f"dataset:{dataset}" for dataset in found if dataset)


def _name_found(found: re.Match[str]) -> str:
    name = name_of(found[0])
    return _within(name) if found.start() else name


def _version_found(found: re.Match[str]) -> str:
    about, model, between, record = found.groups()
    version = version_of(model, record)
    return f"{about}{between} version {version} (record {record})" if version else found[0]


def _title_found(found: re.Match[str]) -> str:
    if found["proposal"]:
        return proposal_title(found["proposal"])
    dataset, version = found["dataset"], found["version"]
    title = dataset_title(dataset)
    if title == dataset:
        return found[0]
    counted = f", version {version}," if version else ""
    return f"{found['word']} “{title}” ({dataset}){counted}"


def _moment(found: re.Match[str]) -> str:
    at = instant_ms(found[0])
    return found[0] if at is None else exact(at)


def forget_members() -> None:
    """Drops what was kept: somebody joined or left."""
    _members_of.clear()
    _member_of.clear()
