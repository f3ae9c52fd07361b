"""kill -9 at the worst moments of a service whose DAO is on a chain that others run, and a chain
that answers nonsense: exactly, not by chance, because a proxy in front of the node decides when.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from service.settings import Settings
from tests.service.remote import (
    QUICK,
    RELAYER,
    RemoteChain,
    found,
    kinds,
    plan_of,
    remote_chain,
    settings_of,
    waiting,
    working,
)
from tests.support.anchoring import Registry
from tests.support.chains import anvil_chain
from tests.support.rpc_proxy import RpcProxy
from tests.support.servers import ServerProcess
from tests.support.waiting import await_that

pytestmark = [pytest.mark.anvil, pytest.mark.slow]

CONTRACTS = 7
FOUNDED_TRANSFERS = 2
"""Tokens that founding gives out: so many transfers are in the log from the start."""

TELLING = 24_301
"""An amount that no other log of the contracts holds."""


@dataclass(frozen=True)
class Watched:
    """A founded ledger whose service reaches its chain through a proxy."""

    chain: RemoteChain
    proxy: RpcProxy
    settings: Settings

    def process(self, **more: object) -> ServerProcess:
        """The service, not yet started."""
        chain_url = self.settings.chain_url
        return ServerProcess(
            self.settings.data_dir, **(QUICK | {"chain_url": chain_url} | dict(more))
        )

    def registry(self) -> Registry:
        """The DAO's, straight at the node."""
        chain, plan = anvil_chain(self.chain.web3.provider.endpoint_uri), plan_of(self.settings)  # type: ignore[attr-defined]
        address = bytes.fromhex(plan.addresses.anchors[2:])
        return Registry(chain, address, None, plan.from_block)  # type: ignore[arg-type]

    def relayed(self) -> int:
        """Transactions of the relayer's in blocks, after its contracts."""
        count = self.chain.web3.eth.get_transaction_count(RELAYER.address)  # type: ignore[arg-type]
        return count - plan_of(self.settings).first_nonce - CONTRACTS


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with remote_chain() as chain, RpcProxy(chain.line.target) as proxy:
        chain.reach_through(proxy.url)
        settings = settings_of(tmp_path / "ledger", chain)
        found(settings)
        yield Watched(chain, proxy, settings)


def kill_when(
    server: ServerProcess, proxy: RpcProxy, is_it: Callable[[list[str], bytes], bool]
) -> None:
    """Kills the service between the node's answer and its arrival, once it is such an answer."""

    def garble(methods: list[str], body: bytes) -> bytes:
        if not is_it(methods, body):
            return body
        proxy.garble = lambda _, unchanged: unchanged
        server.kill()
        raise ConnectionResetError

    proxy.garble = garble


def client(server: ServerProcess) -> httpx.Client:
    return httpx.Client(base_url=server.url, timeout=60)


def is_over(server: ServerProcess) -> bool:
    assert server._process is not None
    return server._process.poll() is not None


def test_killed_between_a_block_and_its_events_they_are_told_once_by_the_next_process(
    watched: Watched,
) -> None:
    with watched.process() as server:
        with client(server) as http:
            await_that(lambda: waiting(http) == {})
        told = b"%064x" % TELLING
        kill_when(
            server,
            watched.proxy,
            lambda methods, body: methods == ["eth_getLogs"] and told in body,
        )
        watched.chain.transfer(plan_of(watched.settings), TELLING)
        await_that(lambda: is_over(server))
    with watched.process() as again, client(again) as http:
        await_that(lambda: kinds(http).count("token.transferred") == FOUNDED_TRANSFERS + 1)
        watched.chain.transfer(plan_of(watched.settings), 2)
        await_that(lambda: kinds(http).count("token.transferred") == FOUNDED_TRANSFERS + 2)


@pytest.mark.parametrize("is_sealed", [True, False], ids=["in a block", "in the pool"])
def test_killed_between_an_anchors_transaction_and_its_receipt_the_next_process_finds_the_anchor(
    watched: Watched, is_sealed: bool
) -> None:
    chain = watched.chain
    chain.request("evm_setAutomine", is_sealed)
    with watched.process() as server:
        kill_when(server, watched.proxy, lambda methods, _: methods == ["eth_sendRawTransaction"])
        await_that(lambda: is_over(server))
    if is_sealed:
        assert watched.relayed() == 1
    with watched.process() as again, client(again) as http:
        if not is_sealed:
            await_that(lambda: waiting(http).get("anchorer") == "anchor-under-way")
            chain.request("evm_mine")
            chain.request("evm_setAutomine", True)
        await_that(lambda: bool(http.get("/v1/anchors").json()["items"]))
        await_that(lambda: waiting(http) == {})
        assert working(http)["anchorer"]
        (kept,) = http.get("/v1/anchors").json()["items"]
    registry = watched.registry().contract
    assert (registry.latest().size, registry.latest().number) == (kept["size"], 1)
    assert watched.relayed() == 1


GARBLED: list[Callable[[bytes], bytes]] = [
    lambda body: body[: len(body) // 2],
    lambda _: b"<html><body>502 Bad Gateway</body></html>",
    lambda _: b"",
    lambda _: b"\xff\xfe",
]


def test_while_the_node_answers_no_json_the_work_waits_and_then_goes_on(watched: Watched) -> None:
    with watched.process(anchor_leaves=1) as server, client(server) as http:
        await_that(lambda: waiting(http) == {})
        for number, garble in enumerate(GARBLED, 1):
            watched.proxy.garble = lambda _, body, garble=garble: garble(body)
            watched.chain.transfer(plan_of(watched.settings), 1)
            for worker in ("mirror", "anchorer"):
                await_that(lambda worker=worker: waiting(http).get(worker) == "chain-unavailable")
            asked = http.get("/v1/dao")
            assert (asked.status_code, asked.json()["code"]) == (503, "chain-unavailable")
            assert http.get("/v1/log").status_code == 200
            watched.proxy.garble = lambda _, body: body
            expected = FOUNDED_TRANSFERS + number
            await_that(lambda expected=expected: kinds(http).count("token.transferred") == expected)
            await_that(lambda: waiting(http) == {})


def test_a_node_that_answers_with_wrong_types_stops_the_mirror_by_name_and_a_restart_goes_on(
    watched: Watched,
) -> None:
    with watched.process() as server, client(server) as http:
        await_that(lambda: waiting(http) == {})
        watched.proxy.rewrite["eth_getLogs"] = lambda _: {"logs": "none"}
        watched.chain.transfer(plan_of(watched.settings), 1)
        await_that(lambda: http.get("/readyz").status_code == 503)
        assert "chain-answer-invalid" in http.get("/readyz").json()["detail"]
        assert http.get("/v1/log").status_code == 200
    del watched.proxy.rewrite["eth_getLogs"]
    with watched.process() as server, client(server) as http:
        await_that(lambda: kinds(http).count("token.transferred") == FOUNDED_TRANSFERS + 1)
