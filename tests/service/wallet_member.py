"""A served DAO with a member that is a contract (EIP-1271), on a chain of its own or on anvil."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import rlp
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data

from ledger.chain.connect import connect
from ledger.chain.wallets import ChainWallets
from ledger.events import SigningKey
from ledger.events.identifiers import to_checksum_address
from ledger.keccak import keccak
from ledger.merkle import VerifierKey
from service.founding import DaoTerms, found_ledger
from service.settings import Settings
from tests.service.assembly import (
    FOUNDERS,
    HOSPITAL,
    OPERATOR,
    QUICK,
    Json,
    ServedDao,
    await_that,
    keeper_rests,
)
from tests.service.remote import RemoteChain, keep_relayer, remote_chain, settings_of
from tests.support.chains import everyone
from tests.support.ledgers import member_key
from tests.support.servers import ServerThread
from tests.support.wallets import OWNER, call_data, creation_code

STRANGER = member_key("no owner of the wallet")
WALLET = to_checksum_address(keccak(rlp.encode([bytes.fromhex(HOSPITAL.address[2:]), 0]))[12:])
"""What the hospital's first transaction creates."""


@dataclass(frozen=True)
class World:
    """A DAO with a member that is a contract.

    Attributes:
        dao: the server and its client.
        remote: the chain that others run; None where it is the service's own.
    """

    dao: ServedDao
    remote: RemoteChain | None

    def transact(self, to: str | None, data: bytes) -> None:
        """The hospital sends a transaction; its block is not after now when this returns."""
        dao = self.dao
        transaction: Json = {
            "data": "0x" + data.hex(),
            "value": 0,
            "gas": 2_000_000,
            "chainId": int(dao.rpc("eth_chainId"), 16),
            "nonce": int(dao.rpc("eth_getTransactionCount", HOSPITAL.address, "latest"), 16),
            "gasPrice": 2 * int(dao.rpc("eth_gasPrice"), 16),
        }
        if to is not None:
            transaction["to"] = to
        raw = Account.sign_transaction(transaction, HOSPITAL.secret).raw_transaction
        sent = dao.rpc("eth_sendRawTransaction", "0x" + raw.hex())
        await_that(lambda: dao.rpc("eth_getTransactionReceipt", sent) is not None)
        assert dao.rpc("eth_getTransactionReceipt", sent)["status"] == "0x1"
        sealed = int(dao.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
        await_that(lambda: sealed <= time.time())

    def tell(self, function: str, *arguments: Any) -> None:
        """The wallet is told something."""
        self.transact(WALLET, call_data(function, *arguments))

    def event(self, kind: str, body: Json, *, signer: SigningKey = OWNER) -> Json:
        """What the service prepared, signed as a wallet's owner does."""
        asked = {"kind": kind, "actor": WALLET, "body": body}
        prepared = self.dao.do("/v1/events:prepare", asked)
        message = encode_typed_data(full_message=prepared["typedData"])
        signature = Account.sign_message(message, signer.secret).signature
        return {"event": prepared["event"] | {"signature": "0x" + signature.hex()}}

    def say(self, kind: str, body: Json) -> int:
        """The wallet appends an event; its index."""
        return int(self.dao.do("/v1/events", self.event(kind, body), 201)["index"])

    def sign_in(self, *, signer: SigningKey = OWNER, message: str | None = None) -> httpx.Response:
        text = message or self.message()
        made = Account.sign_message(encode_defunct(text=text), signer.secret)
        signed = {"message": text, "signature": "0x" + made.signature.hex()}
        return self.dao.post("/v1/session", signed)

    def message(self) -> str:
        return str(self.dao.do("/v1/session:prepare", {"account": WALLET})["message"])

    @property
    def key(self) -> VerifierKey:
        return VerifierKey.parse(self.dao.read("/v1/log")["verifierKey"])

    def chain_wallets(self) -> ChainWallets:
        """The chain, as anyone reaches it."""
        url = f"{self.dao.server.url}/rpc"
        return ChainWallets(connect(url, chain_id=None, is_permitted=everyone))


def found_with_wallet(settings: Settings) -> None:
    """Founds a ledger and its DAO; the contract that is a founder is not there yet."""
    wallet: Json = {"member": WALLET, "roles": ["steward"]}
    found_ledger(
        settings,
        operator=OPERATOR,
        members=[*FOUNDERS, wallet],
        origin="assembly.test",
        dao=DaoTerms(),
    )


@contextmanager
def served_wallet(folder: Path, founded: Path | None, **settings: object) -> Iterator[World]:
    """Serves a ledger whose member the wallet is, and deploys the wallet.

    Args:
        folder: where to keep the ledger.
        founded: such a ledger on a chain of its own, to be copied; None for one on anvil.
        settings: of the service.
    """
    data = folder / "data"
    with ExitStack() as stack:
        remote = None
        if founded is not None:
            shutil.copytree(founded, data)
            chosen = {"data_dir": data, **QUICK, "chain_development": False, **settings}
            configured = Settings.model_validate(chosen)
        else:
            remote = stack.enter_context(remote_chain())
            configured = settings_of(data, remote)
            keep_relayer(data)
            found_with_wallet(configured)
        server = stack.enter_context(ServerThread(configured))
        http = stack.enter_context(httpx.Client(base_url=server.url, timeout=60))
        keeper_rests(http)
        found = World(ServedDao(http, server, data), remote)
        if configured.reads == "members":
            http.headers.update(found.dao.bearer(HOSPITAL))
        await_that(lambda: found.dao.get(f"/v1/members/{WALLET}").status_code == 200)
        found.transact(None, creation_code())
        yield found
