from __future__ import annotations

import sqlite3
import threading

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.service.conftest import Served, problem_code
from tests.support.submissions import batch_body


def figures(served: Served) -> dict[str, float]:
    """Every sample of `/metrics`, by name and labels as Prometheus writes them."""
    response = served.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(response.text):
        for sample in family.samples:
            labels = ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def test_a_service_at_work_is_alive_and_ready(served: Served) -> None:
    assert served.get("/healthz").json() == {"status": "alive"}
    assert served.get("/readyz").json()["status"] == "ready"


def test_a_service_whose_database_is_gone_is_alive_and_not_ready(served: Served) -> None:
    with sqlite3.connect(served.data / "concord.db") as connection:
        connection.execute("ALTER TABLE head RENAME TO elsewhere")
    assert served.get("/healthz").status_code == 200
    assert served.get("/readyz").status_code in {500, 503}


def test_a_service_whose_threads_all_wait_for_something_answers_probes(served: Served) -> None:
    parts = served.server._server.config.app.state.parts  # type: ignore[union-attr]
    answers = threading.Event()
    for _ in range(2 * parts.settings.reader_threads):
        parts.readers.submit(answers.wait)
    try:
        assert served.get("/readyz").json()["status"] == "ready"
    finally:
        answers.set()


def test_the_figures_count_what_was_recorded_refused_and_answered(granted: Served) -> None:
    c = granted.consortium
    before = figures(granted)
    known = c.use("grant-1")
    granted.record(known)
    granted.send(known)
    refused = c.grant("grant-2", "absent")
    assert problem_code(granted.send(refused), 404) == "unknown-id"
    granted.post_bytes("/v1/events:batch", batch_body([c.use("grant-1"), refused]))
    after = figures(granted)

    def grown(name: str) -> float:
        return after[name] - before.get(name, 0)

    assert grown("concord_events_appended_total{}") == 2
    assert grown("concord_events_duplicate_total{}") == 1
    assert grown("concord_events_refused_total{code=unknown-id}") == 2
    assert grown("concord_batch_events_sum{}") == 5
    assert after["concord_log_size{}"] == granted.get("/v1/log").json()["size"]
    assert after["concord_queue_events{}"] == 0
    assert grown("concord_commit_seconds_count{}") >= 4
    appends = "concord_request_seconds_count{method=POST,route=/v1/events,status=201}"
    assert grown(appends) == 1


def test_the_figures_name_templates_never_paths(granted: Served) -> None:
    for path in ("/v1/events/1", "/v1/events/2", "/v1/nothing", "/v1/never"):
        granted.get(path)
    granted.http.request("PROPFIND", "/v1/log")
    routes = {name for name in figures(granted) if name.startswith("concord_request_seconds_c")}
    assert any("route=/v1/events/{index}" in name for name in routes)
    assert not any("nothing" in name or "PROPFIND" in name for name in routes)
    assert any("method=other" in name for name in routes)


@pytest.mark.slow
def test_a_locked_database_is_told_with_the_time_to_try_again_and_nothing_is_lost(
    granted: Served,
) -> None:
    event = granted.consortium.use("grant-1")
    other = sqlite3.connect(granted.data / "concord.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    locked = granted.send(event)
    assert problem_code(locked, 503) == "database-locked"
    assert int(locked.headers["retry-after"]) >= 1
    # Whoever only reads does not notice.
    assert granted.get("/v1/grants/grant-1").status_code == 200
    other.execute("ROLLBACK")
    other.close()
    assert granted.send(event).status_code == 201
    assert granted.get("/readyz").status_code == 200
