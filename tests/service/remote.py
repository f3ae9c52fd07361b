"""A DAO on a chain that others run: anvil, over a line that can be cut."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
from eth_account import Account
from web3 import Web3

from governance.contracts import artifact
from governance.plan import DeploymentPlan
from ledger.events import SigningKey
from ledger.events.canonical import JsonObject
from service.dao import read_plan
from service.durable import write_durably
from service.founding import DaoTerms, Identity, found_ledger
from service.settings import Settings
from tests.support.chains import start_anvil
from tests.support.examples import signing_key
from tests.support.line import Line

OPERATOR, HOSPITAL, LAB, RELAYER = (
    signing_key(name) for name in ("operator", "hospital", "lab", "relayer")
)
MEMBERS: list[JsonObject] = [
    {"member": HOSPITAL.address, "roles": ["steward"], "name": "Hospital"},
    {"member": LAB.address, "roles": ["developer"], "tokens": 5 * 10**18},
]
COINS = 10**24
QUICK: dict[str, object] = {
    "mirror_seconds": 0.05,
    "anchor_check_seconds": 0.05,
    "keeper_seconds": 3_600,
    "chain_confirmations": 0,
}


@dataclass(frozen=True)
class RemoteChain:
    """anvil, and the line that services reach it by.

    Attributes:
        line: cut it, and the chain is away.
        web3: straight to the node, whatever becomes of the line.
    """

    line: Line
    web3: Web3

    def request(self, method: str, *arguments: object) -> Any:
        """A JSON-RPC request straight to the node."""
        response = self.web3.provider.make_request(method, list(arguments))  # type: ignore[arg-type]
        assert "error" not in response, response
        return response["result"]

    def reach_through(self, url: str) -> None:
        """Services now reach the node through what listens there."""
        self.line.cut()
        self.line.target = url
        self.line.mend()

    def fund(self, *keys: SigningKey) -> None:
        """Gives accounts coins."""
        for key in keys:
            self.request("anvil_setBalance", key.address, hex(COINS))

    def transfer(self, plan: DeploymentPlan, amount: int) -> Mapping[str, Any]:
        """The lab sends tokens to the hospital; the receipt."""
        token = self.web3.eth.contract(plan.addresses.token, abi=artifact("ConcordToken").abi)
        data = token.encode_abi("transfer", args=[HOSPITAL.address, amount])
        gas = hex(300_000)
        return self.send(
            LAB, {"to": plan.addresses.token, "data": data, "value": "0x0", "gas": gas}
        )

    def send(self, sender: SigningKey, transaction: Mapping[str, Any]) -> Mapping[str, Any]:
        """Signs a prepared transaction and sends it, as a wallet does; the receipt."""
        price = self.web3.eth.gas_price
        unsigned = {
            "to": transaction["to"],
            "data": transaction["data"],
            "value": int(transaction["value"], 16),
            "gas": int(transaction["gas"] or hex(3_000_000), 16),
            "chainId": self.web3.eth.chain_id,
            "nonce": self.web3.eth.get_transaction_count(sender.address),
            "maxFeePerGas": 2 * price,
            "maxPriorityFeePerGas": price,
        }
        signed = Account.sign_transaction(unsigned, sender.secret)
        sent = self.web3.eth.send_raw_transaction(signed.raw_transaction)
        receipt: Mapping[str, Any] = self.web3.eth.wait_for_transaction_receipt(sent)
        assert receipt["status"] == 1
        return receipt


@contextmanager
def remote_chain(*arguments: str, **options: Any) -> Iterator[RemoteChain]:
    """A chain on which the members and the relayer have coins.

    Args:
        arguments: of anvil.
        options: as `start_anvil`.
    """
    with ExitStack() as stack:
        url = stack.enter_context(start_anvil(*arguments, **options))
        line = stack.enter_context(Line(url))
        chain = RemoteChain(line, Web3(Web3.HTTPProvider(url)))
        chain.fund(RELAYER, LAB, HOSPITAL)
        yield chain


def settings_of(data: Path, chain: RemoteChain, **more: object) -> Settings:
    """Settings of a ledger whose DAO is on that chain."""
    return Settings.model_validate(
        {"data_dir": data, "chain_url": chain.line.url} | QUICK | dict(more)
    )


def keep_relayer(data: Path, key: SigningKey = RELAYER) -> None:
    """Puts the relayer's key where `concord init` finds it."""
    data.mkdir(parents=True, exist_ok=True)
    write_durably(data / "relayer.key", key.secret.hex() + "\n")


def found(settings: Settings, **more: Any) -> Identity:
    """Founds the ledger and its DAO."""
    keep_relayer(settings.data_dir)
    return found_ledger(
        settings, operator=OPERATOR, members=MEMBERS, origin="dao.test", dao=DaoTerms(), **more
    )


def plan_of(settings: Settings) -> DeploymentPlan:
    """How its DAO was deployed."""
    return read_plan(settings)


def kinds(http: httpx.Client) -> list[str]:
    """The kinds of events that the log holds."""
    items = http.get("/v1/events", params={"limit": 1000}).raise_for_status().json()["items"]
    return [item["event"]["kind"] for item in items]


def post(http: httpx.Client, path: str, value: object) -> httpx.Response:
    """Posts JSON."""
    body = orjson.dumps(value)
    return http.post(path, content=body, headers={"content-type": "application/json"})


def waiting(http: httpx.Client) -> dict[str, str]:
    """The workers that wait, and the code of what for; the service is ready."""
    answer = http.get("/readyz")
    assert answer.status_code == 200, answer.text
    return {each["worker"]: each["code"] for each in answer.json()["waiting"]}


def working(http: httpx.Client) -> dict[str, bool]:
    """Whether each worker works, as /metrics tells."""
    found: dict[str, bool] = {}
    for line in http.get("/metrics").text.splitlines():
        if line.startswith("concord_worker_working{"):
            name = line.split('"')[1]
            found[name] = line.endswith(" 1.0")
    return found
