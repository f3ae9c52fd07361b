"""Serving a DAO on a chain that others run, when that chain is away, is another, or changes its
mind: the ledger goes on, and the service says what it waits for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx
import pytest

from ledger.chain.errors import WrongChain
from service.settings import Settings
from tests.service.remote import (
    RemoteChain,
    found,
    kinds,
    plan_of,
    post,
    remote_chain,
    settings_of,
    waiting,
    working,
)
from tests.support.chains import CHAIN_ID
from tests.support.servers import ServerThread
from tests.support.waiting import await_that

pytestmark = [pytest.mark.anvil, pytest.mark.slow]

OUTAGE_SECONDS = 6.0
"""Long enough for every worker and caller to meet the outage more than once."""

TOGETHER = 40
"""Callers at the same time: more than there are threads for the chain."""


@dataclass(frozen=True)
class Founded:
    chain: RemoteChain
    settings: Settings


@pytest.fixture
def founded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Founded]:
    with remote_chain() as chain:
        settings = settings_of(tmp_path_factory.mktemp("remote") / "ledger", chain)
        found(settings)
        yield Founded(chain, settings)


def client_of(server: ServerThread) -> httpx.Client:
    return httpx.Client(base_url=server.url, timeout=60, limits=httpx.Limits(max_connections=64))


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_while_the_chain_is_away_at_the_start_the_ledger_is_served_and_says_so(
    founded: Founded,
) -> None:
    chain, settings = founded.chain, founded.settings
    chain.line.cut()
    with ServerThread(settings) as server, client_of(server) as http:
        await_that(lambda: waiting(http).keys() >= {"mirror", "keeper", "anchorer"})
        assert set(waiting(http).values()) == {"chain-unavailable"}
        assert not any(working(http)[name] for name in ("mirror", "keeper", "anchorer"))
        assert kinds(http).count("member.admitted") == 3
        answer = http.get("/v1/dao")
        assert problem(answer) == (503, "chain-unavailable")
        # A client's handful of attempts waits out a node's restart.
        assert int(answer.headers["retry-after"]) == 4
        asked = post(http, "/rpc", {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber"})
        assert "cannot be reached" in asked.json()["error"]["message"]
        chain.transfer(plan_of(settings), 1)

        chain.line.mend()
        await_that(lambda: waiting(http) == {})
        assert all(working(http).values())
        assert http.get("/v1/dao").json()["chainId"] == CHAIN_ID
        await_that(lambda: kinds(http).count("token.transferred") == 3)


@dataclass
class Load:
    """Callers who ask the DAO and the ledger, again and again."""

    url: str
    is_over: threading.Event = field(default_factory=threading.Event)
    slowest: float = 0.0
    answers: dict[tuple[str, int], int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, path: str) -> None:
        with httpx.Client(base_url=self.url, timeout=60) as http:
            while not self.is_over.is_set():
                started = time.monotonic()
                status = http.get(path).status_code
                self.note(path, status, time.monotonic() - started)

    def note(self, path: str, status: int, seconds: float) -> None:
        with self.lock:
            self.slowest = max(self.slowest, seconds)
            self.answers[path, status] = self.answers.get((path, status), 0) + 1


def test_an_outage_under_load_costs_the_ledger_nothing_and_ends_by_itself(
    founded: Founded,
) -> None:
    chain, settings = founded.chain, founded.settings
    with (
        ServerThread(settings) as server,
        client_of(server) as http,
        ThreadPoolExecutor(TOGETHER) as callers,
    ):
        await_that(lambda: waiting(http) == {})
        load = Load(server.url)
        paths = ["/v1/dao"] * (TOGETHER - 4) + ["/v1/log"] * 4
        running = [callers.submit(load.run, path) for path in paths]
        await_that(lambda: load.answers.get(("/v1/dao", 200), 0) > TOGETHER)
        chain.line.cut()
        cut_at = time.monotonic()
        await_that(lambda: "mirror" in waiting(http))
        await_that(lambda: time.monotonic() - cut_at > OUTAGE_SECONDS)
        refused = load.answers[("/v1/dao", 503)]
        chain.transfer(plan_of(settings), 1)
        chain.line.mend()
        await_that(lambda: waiting(http) == {})
        served = load.answers[("/v1/dao", 200)]
        await_that(lambda: load.answers[("/v1/dao", 200)] > served + TOGETHER)
        load.is_over.set()
        for each in running:
            each.result()
        await_that(lambda: kinds(http).count("token.transferred") == 3)
    # Each caller was refused several times rather than held for the length of the outage.
    assert refused > TOGETHER
    assert load.answers.keys() == {("/v1/dao", 200), ("/v1/dao", 503), ("/v1/log", 200)}


def test_another_chain_at_the_configured_address_is_refused_at_the_start(founded: Founded) -> None:
    with remote_chain(chain_id=CHAIN_ID + 1) as other:
        founded.chain.line.cut()
        founded.chain.line.target = other.line.target
        founded.chain.line.mend()
        with (
            pytest.raises((WrongChain, RuntimeError), match="did not start"),
            ServerThread(founded.settings),
        ):
            pytest.fail("it serves")


def test_a_node_that_comes_back_as_another_chain_stops_the_workers_by_name(
    founded: Founded,
) -> None:
    chain = founded.chain
    with (
        remote_chain(chain_id=CHAIN_ID + 1) as other,
        ServerThread(founded.settings) as server,
        client_of(server) as http,
    ):
        await_that(lambda: waiting(http) == {})
        chain.line.cut()
        await_that(lambda: "mirror" in waiting(http))
        chain.line.target = other.line.target
        chain.line.mend()
        # All that have stopped are named, not the first of them alone.
        for worker in ("mirror", "anchorer"):
            await_that(lambda name=worker: f"The {name} has stopped" in http.get("/readyz").text)
        assert not working(http)["mirror"]
        detail = http.get("/readyz").json()["detail"]
        assert "wrong-chain" in detail
        assert "The mirror has stopped" in detail
        # Whoever began to ask while the line was cut may find the node away once more.
        await_that(lambda: problem(http.get("/v1/dao")) == (503, "wrong-chain"))
        assert http.get("/v1/log").status_code == 200


def test_a_reorganisation_of_mirrored_blocks_stops_the_mirror_and_the_service_is_unready(
    founded: Founded,
) -> None:
    chain, settings = founded.chain, founded.settings
    with ServerThread(settings) as server, client_of(server) as http:
        await_that(lambda: waiting(http) == {})
        # An anchor that went with the lost blocks would be waited for, and the stop for that.
        await_that(lambda: http.get("/v1/anchors").json()["items"] != [])
        snapshot = chain.request("evm_snapshot")
        chain.transfer(plan_of(settings), 1)
        await_that(lambda: kinds(http).count("token.transferred") == 3)
        assert chain.request("evm_revert", snapshot) is True
        chain.transfer(plan_of(settings), 2)
        await_that(lambda: "The mirror has stopped" in http.get("/readyz").text)
        refused = http.get("/readyz")
        assert refused.status_code == 503
        detail = refused.json()["detail"]
        assert "mirrored-block-gone" in detail or "chain-reorganised" in detail
        before = kinds(http)
    # What is in the log stays, and no other process goes on as if nothing had happened.
    with ServerThread(settings) as server, client_of(server) as http:
        await_that(lambda: http.get("/readyz").status_code == 503)
        assert "mirrored-block-gone" in http.get("/readyz").json()["detail"]
        assert kinds(http) == before
