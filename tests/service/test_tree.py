"""An independent log client against the service, at the sizes where tiles begin and end."""

from __future__ import annotations

import base64
from pathlib import Path

import httpx
import pytest

from ledger.log import Log, Submission
from ledger.store.engine import open_database
from service.settings import Settings
from tests.service.conftest import Served
from tests.support.ledgers import Consortium, ManualClock
from tests.support.servers import ServerThread, create_ledger, system_time
from tests.support.submissions import batch_body
from tests.support.tlog import LogClient, tile_path


@pytest.fixture
def client(served: Served) -> LogClient:
    key = served.get("/v1/log").json()["verifierKey"]
    return LogClient(served.server.url, key)


def grow(served: Served, size: int) -> None:
    """Appends uses until the log has that size."""
    c = served.consortium
    missing = size - served.get("/v1/log").json()["size"]
    for begin in range(0, missing, 1000):
        events = [c.use("grant-1") for _ in range(min(1000, missing - begin))]
        results = served.post_bytes("/v1/events:batch", batch_body(events)).json()["results"]
        assert {r["status"] for r in results} == {201}


def test_a_log_of_one_leaf_is_a_whole_log(served: Served, client: LogClient) -> None:
    entries = client.verify_everything()
    assert len(entries) == 1
    assert client.get("/tile/1/000.p/1")[0] == 404
    assert client.get("/tile/0/000")[0] == 404


def test_around_the_first_full_tile_every_tile_is_what_the_entries_hash_to(
    granted: Served, client: LogClient
) -> None:
    for size in (254, 255, 256, 257):
        grow(granted, size)
        assert len(client.verify_everything()) == size
    assert client.checkpoint().size == 257


def test_partial_tiles_of_every_published_width_stay_readable(
    granted: Served, client: LogClient
) -> None:
    grow(granted, 260)
    whole = client.fetch("/tile/0/000")
    assert len(whole) == 8192
    for width in (1, 100, 255):
        assert client.fetch(tile_path(0, 0, width)) == whole[: 32 * width]
    status, _ = client.get(tile_path(0, 1, 5))
    assert status == 404


def test_tiles_and_checkpoint_carry_the_headers_of_the_format(
    granted: Served, client: LogClient
) -> None:
    grow(granted, 257)
    headers = client.headers_seen
    client.checkpoint()
    assert headers["/checkpoint"]["content-type"] == "text/plain; charset=utf-8"
    assert headers["/checkpoint"]["cache-control"] == "public, max-age=2"
    for path in ("/tile/0/000", "/tile/entries/000"):
        client.fetch(path)
        assert headers[path]["content-type"] == "application/octet-stream"
        assert headers[path]["cache-control"] == "public, max-age=31536000, immutable"
    for path in ("/tile/0/001.p/1", "/tile/entries/001.p/1"):
        client.fetch(path)
        assert "immutable" not in headers[path]["cache-control"]
    client.get("/tile/0/002")
    assert headers["/tile/0/002"]["cache-control"] == "no-store"


def test_nothing_of_the_log_is_ever_compressed(granted: Served) -> None:
    grow(granted, 257)
    asks = {"Accept-Encoding": "gzip, br, deflate, zstd"}
    for path in ("/checkpoint", "/tile/0/000", "/tile/entries/000"):
        assert "content-encoding" not in granted.http.get(path, headers=asks).headers


def test_what_is_served_is_what_was_signed(granted: Served, client: LogClient) -> None:
    checkpoint = client.checkpoint()
    log = granted.get("/v1/log").json()
    assert (checkpoint.origin, checkpoint.size) == (log["origin"], log["size"])
    assert base64.b64encode(checkpoint.root).decode() == log["root"]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Consortium]:
    """A ledger of 65,535 leaves."""
    consortium = Consortium(ManualClock(system_time()))
    data = tmp_path_factory.mktemp("large") / "data"
    first = [consortium.dataset("records"), consortium.grant("grant-1", "records")]
    create_ledger(data, consortium, first)
    append(data, consortium, 65_535 - 3)
    return data, consortium


def append(data: Path, consortium: Consortium, count: int) -> None:
    database = open_database(f"sqlite:///{data / 'concord.db'}")
    opened = Log.open(
        database,
        signing_key=consortium.log_key,
        domain=consortium.domain,
        clock=system_time,
        last_signed_path=data / "checkpoint.last",
    )
    with opened as log:
        for begin in range(0, count, 5_000):
            some = range(min(5_000, count - begin))
            log.append([Submission(consortium.use("grant-1")) for _ in some])
    database.dispose()


@pytest.mark.slow
def test_around_the_first_full_tile_of_tiles_and_at_seventy_thousand(
    large: tuple[Path, Consortium],
) -> None:
    data, consortium = large
    size = 65_535
    verify_over_http(data, size)
    for larger in (65_536, 65_537, 70_000):
        append(data, consortium, larger - size)
        size = larger
        verify_over_http(data, size)


def verify_over_http(data: Path, size: int) -> None:
    with ServerThread(Settings(data_dir=data)) as server:
        key = httpx.get(f"{server.url}/v1/log").json()["verifierKey"]
        client = LogClient(server.url, key)
        assert len(client.verify_everything()) == size
        widths = {level: (size >> 8 * level) % 256 for level in range(3)}
        for level, width in widths.items():
            if width:
                path = tile_path(level, size >> 8 * (level + 1), width)
                assert len(client.fetch(path)) == 32 * width
        client.close()
