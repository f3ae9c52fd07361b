from __future__ import annotations

import httpx
import pytest

from tests.dashboard.conftest import Open
from tests.dashboard.processes import DashboardProcess
from tests.support.waiting import await_that

pytestmark = pytest.mark.slow

GRAPH = "/component/streamlit_flow.streamlit_flow/index.html"


def test_parts_of_other_pages_are_served_once_a_first_page_was_opened(
    open_page: Open, dashboard: DashboardProcess
) -> None:
    open_page("/connect", heading="Connect").close()
    await_that(lambda: httpx.get(dashboard.url + GRAPH).status_code == 200)
