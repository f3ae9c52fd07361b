"""What later pages are drawn with is in the browser before they are opened."""

from __future__ import annotations

import pytest

from dashboard.components.ahead import WIDGETS, files
from tests.dashboard.conftest import Open

_FETCHED = """names => {
  const found = performance.getEntriesByType("resource").map((entry) => entry.name);
  return names.every((name) => found.some((address) => address.endsWith(`/static/js/${name}`)));
}"""


def test_streamlit_has_one_file_for_each_widget() -> None:
    assert [name.partition(".")[0] for name in files()] == [*WIDGETS]


@pytest.mark.slow
def test_a_page_that_stands_still_fetches_what_others_are_drawn_with(open_page: Open) -> None:
    page = open_page("/", heading="Overview")
    page.wait_for_function(_FETCHED, arg=[*files()])
    assert not page.locator(".st-key-scripts").is_visible()
