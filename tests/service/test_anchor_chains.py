"""One log anchored on two chains at once, which `CONCORD_ANCHOR_CHAINS` names: each gets every
root that is due, and neither waits for the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
import pytest

from ledger.chain.signing import KeySigner
from service.founding import DaoTerms, found_ledger
from service.settings import Settings
from tests.service.assembly import ServedDao
from tests.service.remote import (
    HOSPITAL,
    MEMBERS,
    OPERATOR,
    QUICK,
    RELAYER,
    RemoteChain,
    keep_relayer,
    remote_chain,
    waiting,
)
from tests.support.anchoring import Registry, deploy_registry
from tests.support.chains import CHAIN_ID, Backend, anvil_chain
from tests.support.servers import ServerProcess
from tests.support.waiting import await_that

pytestmark = [pytest.mark.anvil, pytest.mark.slow]

ORIGIN = "two-chains.test"
FURTHER = f"anchorer-{CHAIN_ID}"


@dataclass(frozen=True)
class Anchored:
    """A served ledger with two registries.

    Attributes:
        dao: its client.
        own: the DAO's chain; None where it is embedded.
        further: the other chain.
        registry: on that.
    """

    dao: ServedDao
    own: RemoteChain | None
    further: RemoteChain
    registry: Registry

    def grow(self, name: str) -> int:
        """Appends an event; its index."""
        body = {
            "dataset": name,
            "steward": HOSPITAL.address,
            "title": name,
            "license": "CC-BY-4.0",
            "usage": {"duo": ["HMB"]},
            "personalData": False,
        }
        return self.dao.say(HOSPITAL, "dataset.registered", body)

    def sizes(self) -> dict[int, int]:
        """By chain, the largest size that the service knows to be anchored there."""
        items = self.dao.read("/v1/anchors/latest")["items"]
        return {each["chainId"]: each["anchor"]["size"] for each in items if each["anchor"]}

    def both_hold(self, index: int) -> bool:
        """Whether a leaf is under a root on either chain."""
        sizes = self.sizes().values()
        return len(sizes) == 2 and all(size > index for size in sizes)


@pytest.fixture(scope="module", params=["embedded", "remote"])
def anchored(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Anchored]:
    with ExitStack() as stack:
        further = stack.enter_context(remote_chain())
        registry = registry_on(further)
        own, where = None, dict(QUICK)
        if request.param == "remote":
            own = stack.enter_context(remote_chain(chain_id=CHAIN_ID + 1))
            where["chain_url"] = own.line.url
        data = tmp_path_factory.mktemp("anchored") / "ledger"
        keep_relayer(data)
        found_ledger(
            Settings.model_validate({"data_dir": data} | where),
            operator=OPERATOR,
            members=MEMBERS,
            origin=ORIGIN,
            dao=DaoTerms(),
        )
        chains = orjson.dumps([described(registry, further)]).decode()
        server = ServerProcess(data, **where, anchor_leaves=1, anchor_chains=chains)
        stack.enter_context(server)
        http = stack.enter_context(httpx.Client(base_url=server.url, timeout=60))
        dao = ServedDao(http, server, data)  # type: ignore[arg-type]
        yield Anchored(dao, own, further, registry)


def registry_on(further: RemoteChain) -> Registry:
    """A registry for that log, where the relayer is operator."""
    chain, relayer = anvil_chain(further.line.target), KeySigner.from_bytes(RELAYER.secret)
    return deploy_registry(Backend("anvil", chain, relayer), origin=ORIGIN)


def described(registry: Registry, further: RemoteChain) -> Mapping[str, Any]:
    """As an operator names it."""
    return {
        "url": further.line.url,
        "chain_id": CHAIN_ID,
        "registry": "0x" + registry.address.hex(),
        "from_block": registry.from_block,
        "confirmations": 0,
    }


def test_every_root_is_on_both_chains_and_the_api_lists_both(anchored: Anchored) -> None:
    index = anchored.grow("d-1")
    await_that(lambda: anchored.both_hold(index))
    listed = anchored.dao.read("/v1/anchors")["items"]
    registries = anchored.dao.read("/v1/anchors/latest")["items"]
    assert {each["chainId"] for each in listed} == {each["chainId"] for each in registries}
    assert [each["worker"]["state"] for each in registries] == ["working", "working"]
    on_chain = anchored.registry.contract.latest()
    told = max(
        (each for each in listed if each["chainId"] == CHAIN_ID), key=lambda each: each["size"]
    )
    assert (told["size"], told["registry"].lower()) == (
        on_chain.size,
        "0x" + anchored.registry.address.hex(),
    )
    anchor = anchored.dao.read(f"/v1/receipts/{index}")["anchor"]
    assert anchor["size"] > index
    assert {"chainId": anchor["chainId"], "size": anchor["size"]} in [
        {"chainId": each["chainId"], "size": each["size"]} for each in listed
    ]


def test_while_one_chain_is_away_the_other_is_anchored_on_and_then_both_are(
    anchored: Anchored,
) -> None:
    first = anchored.grow("d-before-the-outages")
    await_that(lambda: anchored.both_hold(first))
    own = next(each for each in anchored.sizes() if each != CHAIN_ID)
    outages = [(anchored.further, CHAIN_ID, own)]
    if anchored.own is not None:
        outages.append((anchored.own, own, CHAIN_ID))
    for chain, away, there in outages:
        behind = anchored.sizes()[away]
        chain.line.cut()
        index = anchored.grow(f"d-while-{away}-is-away")
        await_that(lambda there=there, index=index: anchored.sizes()[there] > index)
        assert anchored.sizes()[away] <= max(behind, index)
        name = FURTHER if away == CHAIN_ID else "anchorer"
        await_that(lambda name=name: waiting(anchored.dao.http).get(name) == "chain-unavailable")
        chain.line.mend()
        await_that(lambda index=index: anchored.both_hold(index))
        await_that(lambda: waiting(anchored.dao.http) == {})
