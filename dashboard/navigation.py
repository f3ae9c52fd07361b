"""The dashboard's pages and the links between them. Every object has an address of its own, such as
`/datasets?dataset=wdbc-north`.

Pages are imported when they are first opened, so the first one is there sooner.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from dashboard.components.markup import label as plain_label
from dashboard.components.states import guarded
from dashboard.signing.sign_in import is_outside, sign_in

_SHOWN = "shown"


@dataclass(frozen=True, slots=True)
class Room:
    """One page.

    Attributes:
        name: of its module, and of its address.
        title: in the menu.
        icon: Material symbol.
    """

    name: str
    title: str
    icon: str


ROOMS = (
    Room("overview", "Overview", ":material/home:"),
    Room("proposals", "Proposals", ":material/how_to_vote:"),
    Room("models", "Models", ":material/deployed_code:"),
    Room("datasets", "Datasets", ":material/database:"),
    Room("audit", "Audit", ":material/fact_check:"),
    Room("members", "Members and treasury", ":material/groups:"),
    Room("connect", "Connect", ":material/key:"),
)


def opened(room: Room) -> Callable[[], None]:
    """Draws a page; or how to sign in, where that comes first."""

    def draw() -> None:
        # The page on which visitors find out which ledger this is comes before they sign in to it.
        if room.name != "connect" and is_outside():
            st.title(room.title)
            sign_in(room.name)
        else:
            importlib.import_module(f"dashboard.pages.{room.name}").page()

    def run() -> None:
        guarded(draw)

    return run


def pages() -> list[StreamlitPage]:
    """All pages, for `st.navigation`."""
    return [_page(room, is_first=at == 0) for at, room in enumerate(ROOMS)]


def _page(room: Room, *, is_first: bool) -> StreamlitPage:
    return st.Page(
        opened(room),
        title=room.title,
        icon=room.icon,
        url_path=room.name,
        default=is_first,
    )


def _known(name: str) -> StreamlitPage:
    at = next(i for i, room in enumerate(ROOMS) if room.name == name)
    return _page(ROOMS[at], is_first=at == 0)


def link(room: str, label: str, *, icon: str | None = None, **address: str | int) -> None:
    """A link to an object's page.

    Args:
        room: the page.
        label: anybody's text.
        icon: Material symbol.
        address: query parameters.
    """
    query = {name: str(value) for name, value in address.items()}
    st.page_link(_known(room), label=plain_label(label), icon=icon, query_params=query)


def go(room: str, **address: str | int) -> NoReturn:
    """Opens an object's page."""
    query = {name: str(value) for name, value in address.items()}
    st.switch_page(_known(room), query_params=query)


def asked(name: str) -> str:
    """A query parameter of this page's address; empty where there is none."""
    return str(st.query_params.get(name, ""))


def keep_address(page: str) -> None:
    """Makes the browser's address name the object that is shown.

    A link sends its parameters to the server and leaves them out of the browser's address, where
    the next click would miss them. They are written once for each object: every writing is a step
    of the browser's history.
    """
    shown = (page, st.query_params.to_dict())
    before = st.session_state.get(_SHOWN)
    st.session_state[_SHOWN] = shown
    if before is not None and before != shown and shown[1]:
        st.query_params.from_dict(shown[1])
