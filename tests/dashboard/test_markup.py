"""Text that others wrote is text, wherever it stands."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import navigation
from dashboard.components.markup import (
    Markup,
    anchor,
    facts,
    joined,
    label,
    line,
    table,
    tag,
    text,
    visible,
)

ATTACKS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "<b>",
    "&lt;script&gt;",
    "'; --",
)


@pytest.mark.parametrize("attack", ATTACKS)
def test_text_never_becomes_an_element(attack: str) -> None:
    for made in (text(attack), joined(attack), line(attack), line(text(attack))):
        inner = re.sub(r"</?(bdi|p)( class=\"c-line\")?>", "", made)
        assert "<" not in inner
        assert html.unescape(inner) == attack


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_title_never_leaves_its_attribute(attack: str) -> None:
    made = tag("span", text("x"), title=attack)
    assert re.fullmatch(r'<span title="[^"<>]*"><bdi>x</bdi></span>', made)


def test_text_that_looks_like_markup_is_not_taken_for_it() -> None:
    assert joined("<p>x</p>") == "&lt;p&gt;x&lt;/p&gt;"
    assert joined(Markup("<p>x</p>")) == "<p>x</p>"


def test_cells_and_names_of_tables_are_escaped() -> None:
    made = table(("<i>",), [(text("<u>"),)], '"caption"') + facts([("<dt>", text("<dd>"))])
    for hostile in ("<i>", "<u>", '"caption"', "<dt><dt>", "<bdi><dd>"):
        assert hostile not in made


@pytest.mark.parametrize(
    "hidden", ["\u202e", "\u2066", "\u200b", "\u200f", "\x00", "\x1b", "\ue000", "\ufeff"]
)
def test_characters_that_hide_or_turn_text_are_written_out(hidden: str) -> None:
    assert visible(f"a{hidden}b") == f"a⟨U+{ord(hidden):04X}⟩b"


@given(st.text())
def test_labels_hold_no_active_markdown(value: str) -> None:
    made = label(value)
    bare = made.replace("\\\\", "")
    for sign in "*_`[]()<>#$~!|:{}":
        assert not re.search(rf"(?<!\\){re.escape(sign)}", bare), sign
    assert "\n" not in made
    assert len(label(value, most=10).replace("\\", "").replace("\u2060", "")) <= 10 + 9 * 8


def test_addresses_in_labels_do_not_become_links() -> None:
    for address in ("https://evil.example", "www.evil.example", "a@evil.example"):
        plain = label(address).replace("\\", "")
        assert "://" not in plain
        assert "www." not in plain
        assert "@e" not in plain


def test_a_link_says_what_others_wrote_and_leads_where_we_say() -> None:
    hostile = '"><script>alert(1)</script>[a](javascript:x)'
    made = anchor("models?model=%22", hostile, ":material/home:")
    assert made.startswith('<a class="c-go" href="models?model=%22">')
    assert "<script" not in made
    assert "[a](javascript:x)" in made


def test_an_address_is_percent_encoded_whatever_names_the_object() -> None:
    made = navigation.anchor("datasets", "It", dataset='a"&b=c <d>')
    assert 'href="datasets?dataset=a%22%26b%3Dc+%3Cd%3E"' in made


def test_the_first_page_is_at_the_root() -> None:
    assert 'href="./"' in navigation.anchor("overview", "Home")
