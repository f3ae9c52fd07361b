"""The dashboard's pages and the links between them. Every object has an address of its own, such as
`/datasets?dataset=wdbc-north`.

Pages are imported when they are first opened, so the first one is there sooner.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from dashboard.components import markup
from dashboard.components.markup import Markup
from dashboard.components.states import guarded
from dashboard.signing.sign_in import is_outside, sign_in


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


def anchor(room: str, label: str, *, icon: str = "", **address: str | int) -> Markup:
    """A link to an object's page.

    Args:
        room: the page.
        label: anybody's text.
        icon: Material symbol.
        address: query parameters.
    """
    query = urlencode(address)
    path = "./" if room == ROOMS[0].name else room
    return markup.anchor(f"{path}?{query}" if query else path, label, icon)


def link(room: str, label: str, *, icon: str = "", **address: str | int) -> None:
    """Shows a link to an object's page, as `anchor`."""
    st.html(anchor(room, label, icon=icon, **address), width="content")


def asked(name: str) -> str:
    """A query parameter of this page's address; empty where there is none."""
    return str(st.query_params.get(name, ""))
