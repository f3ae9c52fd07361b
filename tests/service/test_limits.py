"""Every limit that a caller can run into is told with its figure and its unit."""

from __future__ import annotations

import socket
from contextlib import ExitStack, closing
from urllib.parse import urlsplit

import orjson
import pytest
from pydantic import ValidationError

from ledger.store.engine import READERS
from service.settings import Settings
from tests.service.conftest import Serve, Served, ServeDao

JSON = {"content-type": "application/json"}
# What a caller of a limit hears, by the setting; the others say nothing to callers, as said below.
TOLD = {
    "max_event_bytes": "2048 bytes",
    "max_batch_bytes": "4096 bytes",
    "max_batch_events": "1 to 2 events",
    "max_evaluations": "1 evaluations",
    "max_content_bytes": "1024 bytes",
    "max_streams": "0 streams",
    "max_connections": "1 connections",
    "max_rpc_bytes": "1024 bytes",
    "max_rpc_requests": "2 requests",
    "max_proposal_bytes": "1024 bytes",
}
# Queues are filled where nothing empties them: test_log.py of the ledger, test_votes.py of the DAO;
# a head is measured by the connection: test_slow_clients.py.
TOLD_ELSEWHERE = {"max_queued_events", "max_waiting_ballots", "max_head_bytes"}
# An audit that leaves manifests out is incomplete.
SILENT = {"max_manifest_bytes"}


def test_no_limit_is_forgotten_here() -> None:
    limits = {name for name in Settings.model_fields if name.startswith("max_")}
    assert limits == set(TOLD) | TOLD_ELSEWHERE | SILENT


def test_no_thread_that_reads_waits_for_a_connection() -> None:
    with pytest.raises(ValidationError):
        Settings(reader_threads=READERS)


def figures(name: str) -> dict[str, int]:
    """The setting with the figure that its message is to tell."""
    return {name: max(int(word) for word in TOLD[name].split() if word.isdigit())}


def event_of(size: int) -> bytes:
    return orjson.dumps({"event": {"pad": "x" * size}})


BODIES = {
    "max_event_bytes": ("/v1/events", event_of(4_096)),
    "max_batch_bytes": ("/v1/events:batch", event_of(8_192)),
    "max_batch_events": ("/v1/events:batch", orjson.dumps({"events": [{"event": {}}] * 3})),
    "max_evaluations": (
        "/access/v1/evaluations",
        orjson.dumps(
            {
                "subject": {"type": "member", "id": "0x" + 40 * "1"},
                "action": {"name": "read"},
                "evaluations": [{"resource": {"type": "dataset", "id": "records"}}] * 2,
            }
        ),
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_beyond_its_limit_is_told_the_limit(serve: Serve, name: str) -> None:
    path, body = BODIES[name]
    refused = serve(**figures(name)).http.post(path, content=body, headers=JSON)
    assert refused.status_code in {400, 413}
    assert TOLD[name] in refused.json()["detail"]


def test_a_document_beyond_the_limit_is_told_it(serve: Serve) -> None:
    served = serve(**figures("max_content_bytes"))
    session = served.sign_in(served.consortium.labs[0])
    refused = served.http.post("/v1/content", content=b"x" * 2_000, headers=session)
    assert refused.status_code == 413
    assert TOLD["max_content_bytes"] in refused.json()["detail"]


def test_a_stream_beyond_the_limit_is_told_it(serve: Serve) -> None:
    refused = serve(**figures("max_streams")).get("/v1/events:stream")
    assert refused.status_code == 503
    assert TOLD["max_streams"] in refused.json()["detail"]


def test_a_connection_beyond_the_limit_is_told_it(serve: Serve) -> None:
    served = serve(**figures("max_connections"))
    with ExitStack() as stack:
        opened = [stack.enter_context(closing(connected(served))) for _ in range(2)]
        opened[-1].sendall(b"GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n")
        answer = b"".join(iter(lambda: opened[-1].recv(65_536), b""))
    assert TOLD["max_connections"].encode() in answer


def connected(served: Served) -> socket.socket:
    parts = urlsplit(served.server.url)
    assert parts.hostname is not None
    assert parts.port is not None
    return socket.create_connection((parts.hostname, parts.port), timeout=20)


@pytest.mark.parametrize("name", ["max_rpc_bytes", "max_rpc_requests", "max_proposal_bytes"])
def test_what_the_dao_is_asked_beyond_a_limit_is_told_it(serve_dao: ServeDao, name: str) -> None:
    dao = serve_dao(**figures(name))
    if name == "max_rpc_requests":
        asked = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}
        body = orjson.dumps([asked] * 3)
    else:
        body = orjson.dumps({"pad": "x" * 2_000})
    path = "/v1/proposals:prepare" if name == "max_proposal_bytes" else "/rpc"
    refused = dao.http.post(path, content=body, headers=JSON)
    assert TOLD[name] in refused.text
