"""Pages of rows that the dashboard already holds."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def _script() -> None:
    import streamlit as st

    from dashboard.components.paging import part, turn_pages

    count = st.session_state.get("count", 60)
    rows = part(range(count), "rows")
    st.text(f"{rows[0]} to {rows[-1]}")
    turn_pages("rows")


def shown(page: AppTest) -> str:
    assert not page.exception
    return str(page.text[0].value)


def press(page: AppTest, name: str) -> str:
    page.button(key=f"{name}-rows").click().run()
    return shown(page)


def test_a_long_list_is_shown_page_by_page() -> None:
    page = AppTest.from_function(_script).run()
    assert shown(page) == "0 to 24"
    assert press(page, "following") == "25 to 49"
    assert press(page, "following") == "50 to 59"
    assert page.button(key="following-rows").disabled
    assert press(page, "previous") == "25 to 49"


def test_a_list_that_became_shorter_ends_where_it_ends() -> None:
    page = AppTest.from_function(_script).run()
    press(page, "following")
    press(page, "following")
    page.session_state["count"] = 40
    page.run()
    assert shown(page) == "25 to 39"


def test_a_short_list_has_no_pages_to_turn() -> None:
    page = AppTest.from_function(_script)
    page.session_state["count"] = 25
    assert shown(page.run()) == "0 to 24"
    assert not page.button
