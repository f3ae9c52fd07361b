"""Members that are contracts (EIP-1271): they sign in and write; their chain is asked, be it the
service's own or one that others run.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import rlp
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data

from client.proofs import prove_bundle
from client.trust import Trust
from ledger.audit.errors import ForeignChain, UnconfirmedSignature
from ledger.chain.connect import connect
from ledger.chain.wallets import ChainWallets
from ledger.events import SigningKey
from ledger.events.identifiers import format_instant, keccak, to_checksum_address
from ledger.merkle import VerifierKey, decode_entry_bundle
from ledger.verify import confirm_with_log, replay_log, verify_bundle, verify_receipt
from service.founding import DaoTerms, found_ledger
from service.settings import Settings
from tests.service.assembly import (
    FOUNDERS,
    HOSPITAL,
    LAB,
    OPERATOR,
    QUICK,
    Json,
    ServedDao,
    await_that,
)
from tests.service.conftest import problem_code
from tests.service.remote import RemoteChain, keep_relayer, remote_chain, settings_of
from tests.support.chains import everyone
from tests.support.commands import Commands
from tests.support.ledgers import DAY, digest_of, member_key
from tests.support.servers import ServerThread, system_time
from tests.support.wallets import DISHONEST, OWNER, Mood, call_data, creation_code, dataset_of

ANVIL = pytest.param("anvil", marks=[pytest.mark.anvil, pytest.mark.slow])
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


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Such a ledger on a chain of its own; copied, never served."""
    data = tmp_path_factory.mktemp("founded") / "data"
    found_with_wallet(Settings.model_validate({"data_dir": data}))
    return data


@pytest.fixture(params=["embedded", ANVIL])
def world(request: pytest.FixtureRequest, founded: Path, tmp_path: Path) -> Iterator[World]:
    data = tmp_path / "data"
    with ExitStack() as stack:
        remote = None
        if request.param == "embedded":
            shutil.copytree(founded, data)
            settings = Settings.model_validate(
                {"data_dir": data} | QUICK | {"chain_development": False}
            )
        else:
            remote = stack.enter_context(remote_chain())
            settings = settings_of(data, remote)
            keep_relayer(data)
            found_with_wallet(settings)
        server = stack.enter_context(ServerThread(settings))
        http = stack.enter_context(httpx.Client(base_url=server.url, timeout=60))
        found = World(ServedDao(http, server, data), remote)
        await_that(lambda: found.dao.get(f"/v1/members/{WALLET}").status_code == 200)
        found.transact(None, creation_code())
        yield found


def test_a_wallets_event_is_prepared_signed_and_recorded(world: World) -> None:
    said = world.event("dataset.registered", dataset_of(WALLET, "records"))
    first = world.dao.do("/v1/events", said, 201)
    world.tell("handOver", STRANGER.address)
    again = world.dao.do("/v1/events", said, 200)
    assert (again["duplicate"], again["receipt"]) == (True, first["receipt"])
    assert world.dao.do("/v1/proofs/verify", first["receipt"])["valid"] is True
    assert world.dao.read("/v1/datasets/records")["steward"] == WALLET


def test_what_the_wallet_does_not_take_is_refused_by_name(world: World) -> None:
    body = dataset_of(WALLET, "records")
    forged = world.event("dataset.registered", body, signer=STRANGER)
    assert problem_code(world.dao.post("/v1/events", forged), 403) == "wallet-refuses"
    said = world.event("dataset.registered", body)
    altered = {"event": said["event"] | {"nonce": "0x" + "22" * 32}}
    assert problem_code(world.dao.post("/v1/events", altered), 403) == "wallet-refuses"
    stolen = world.event("dataset.registered", body | {"steward": HOSPITAL.address})
    stolen["event"]["actor"] = HOSPITAL.address
    assert problem_code(world.dao.post("/v1/events", stolen), 403) == "wrong-signer"
    long = {"event": said["event"] | {"signature": "0x" + "00" * 4_097}}
    assert problem_code(world.dao.post("/v1/events", long), 400) == "invalid-event"


def test_a_batch_takes_events_of_keys_and_of_wallets_each_by_itself(world: World) -> None:
    events = [
        world.event("dataset.registered", dataset_of(WALLET, "a")),
        world.dao.said(HOSPITAL, "dataset.registered", dataset_of(HOSPITAL.address, "b")),
        world.event("dataset.registered", dataset_of(WALLET, "c"), signer=STRANGER),
    ]
    results = world.dao.do("/v1/events:batch", {"events": events})["results"]
    assert [result["status"] for result in results] == [201, 201, 403]


@pytest.mark.parametrize("world", [ANVIL], indirect=True)
def test_a_chain_that_is_away_is_told_with_a_time_to_come_again(world: World) -> None:
    assert world.remote is not None
    said = world.event("dataset.registered", dataset_of(WALLET, "records"))
    message = world.message()
    world.remote.line.cut()
    away = world.dao.post("/v1/events", said)
    assert problem_code(away, 503) == "chain-unavailable"
    assert int(away.headers["retry-after"]) >= 1
    assert problem_code(world.sign_in(message=message), 503) == "chain-unavailable"
    world.dao.say(HOSPITAL, "dataset.registered", dataset_of(HOSPITAL.address, "b"))
    world.remote.line.mend()
    await_that(lambda: world.dao.post("/v1/events", said).status_code == 201)


# Signing in


def test_a_wallet_signs_in_by_its_owners_signature_once(world: World) -> None:
    message = world.message()
    begun = world.sign_in(message=message)
    assert begun.status_code == 201, begun.text
    assert begun.json()["account"] == begun.json()["member"] == WALLET
    assert problem_code(world.sign_in(message=message), 403) == "sign-in-refused"


def test_nobody_else_signs_in_for_a_wallet(world: World) -> None:
    assert problem_code(world.sign_in(signer=STRANGER), 403) == "wrong-signer"
    message = world.message()
    world.tell("handOver", STRANGER.address)
    assert problem_code(world.sign_in(message=message), 403) == "wrong-signer"
    assert world.sign_in(signer=STRANGER, message=message).status_code == 201


@pytest.mark.parametrize("world", ["embedded"], indirect=True)
def test_a_wallet_that_does_not_answer_the_magic_value_signs_nobody_in(world: World) -> None:
    for mood in DISHONEST:
        world.tell("behave", mood)
        assert problem_code(world.sign_in(), 403) == "wrong-signer"
    world.tell("behave", Mood.HONEST)
    assert world.sign_in().status_code == 201


# Verifying


def trained(world: World) -> list[int]:
    """A model that rests on the wallet's data, and a grant of it; the wallet's events."""
    dao, now = world.dao, system_time()
    mine = [
        world.say("dataset.registered", dataset_of(WALLET, "records")),
        world.say(
            "dataset.version_published",
            {
                "dataset": "records",
                "version": "1",
                "distribution": [{"digest": {"sha256": digest_of("r")}, "name": "r.csv"}],
            },
        ),
        world.say(
            "access.granted",
            {
                "grant": "g",
                "dataset": "records",
                "assignee": LAB.address,
                "actions": ["read", "train"],
                "purpose": {"duo": ["HMB"]},
                "notBefore": format_instant(now - DAY),
                "expiresAt": format_instant(now + DAY),
                "delegable": False,
            },
        ),
    ]
    dao.say(
        LAB,
        "model.registered",
        {"model": "m", "title": "M", "owner": LAB.address, "license": "MIT"},
    )
    made = {"digest": {"sha256": digest_of("m")}}
    dao.say(
        LAB,
        "run.completed",
        {
            "run": "run",
            "job": "fit",
            "inputs": [{"dataset": "records", "version": "1", "grant": "g"}],
            "outputs": [{"model": "m", "version": "1", **made}],
            "startedAt": format_instant(now - 60_000),
            "endedAt": format_instant(now),
        },
    )
    dao.say(
        LAB,
        "model.version_published",
        {"model": "m", "version": "1", "artifact": made, "relation": "trained", "run": "run"},
    )
    return mine


def test_a_bundle_that_rests_on_a_wallets_events_is_confirmed_by_the_chain_alone(
    world: World,
) -> None:
    mine = trained(world)
    path = "/v1/models/m/versions/1/audit"
    assert world.dao.read(path)["verdict"] == "clean"
    document = world.dao.get(path, bundle="true").content
    offline = verify_bundle(document, [world.key])
    assert offline.answer.verdict == "incomplete"
    (gap,) = offline.answer.findings
    assert (gap.code, gap.severity, list(gap.events)) == ("signature-unconfirmed", "gap", mine)
    proven = prove_bundle(
        document, Trust(world.key.name, str(world.key), world.chain_wallets().chain_id)
    )
    assert (proven.verdict, list(proven.unconfirmed)) == ("incomplete", mine)
    chain = world.chain_wallets()
    confirmed = verify_bundle(document, [world.key], wallets=chain)
    assert (confirmed.answer.verdict, confirmed.answer.findings) == ("clean", ())
    verdict = world.dao.do("/v1/proofs/verify", orjson.loads(document))
    assert (verdict["valid"], verdict["verdict"]) == (True, "clean")
    world.tell("handOver", STRANGER.address)
    later = verify_bundle(document, [world.key], wallets=chain)
    (warning,) = later.answer.findings
    assert (warning.code, warning.severity) == ("signature-withdrawn", "warning")
    assert (later.answer.verdict, list(warning.events)) == ("clean", mine)


def test_a_whole_log_names_what_the_chain_alone_confirms(world: World) -> None:
    mine = trained(world)
    document = world.dao.get("/v1/models/m/versions/1/audit", bundle="true").content
    note = world.dao.get("/checkpoint").text
    size = world.dao.read("/v1/log")["size"]
    entries = world.dao.get(f"/tile/entries/000.p/{size}").content
    leaves = decode_entry_bundle(entries, size)
    assert list(replay_log(leaves, note, [world.key]).unconfirmed) == mine
    chain = world.chain_wallets()
    assert replay_log(leaves, note, [world.key], wallets=chain).unconfirmed == ()
    for wallets in (None, chain):
        verified = verify_bundle(document, [world.key], wallets=wallets)
        confirm_with_log(verified, leaves, note, [world.key])


def test_a_receipt_of_a_wallets_event_needs_the_chain_and_the_right_one(world: World) -> None:
    index = world.say("dataset.registered", dataset_of(WALLET, "records"))
    receipt = world.dao.get(f"/v1/receipts/{index}").content
    chain_id = world.dao.read("/v1/dao")["chainId"]
    chain = world.chain_wallets()
    with pytest.raises(UnconfirmedSignature):
        verify_receipt(receipt, [world.key], chain_id=chain_id)
    assert verify_receipt(receipt, [world.key], chain_id=chain_id, wallets=chain).signature_checked
    assert not verify_receipt(receipt, [world.key]).signature_checked
    with pytest.raises(ForeignChain):
        verify_receipt(receipt, [world.key], chain_id=chain_id + 1, wallets=chain)


@pytest.fixture
def user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Commands:
    """Somebody at the command line."""
    return Commands(tmp_path / "home", tmp_path, monkeypatch, capfd)


@pytest.mark.parametrize("world", ["embedded"], indirect=True)
def test_fsck_names_the_events_of_wallets_and_asks_the_chain_that_is_given(
    world: World, user: Commands
) -> None:
    index = world.say("dataset.registered", dataset_of(WALLET, "records"))
    told = user("fsck", "--data", world.dao.data, "--json").check()
    assert (told.json["clean"], told.json["unconfirmed"]) == (True, [index])
    assert f"events {index}" in user("fsck", "--data", world.dao.data).check().out
    rpc = f"{world.dao.server.url}/rpc"
    asked = user("fsck", "--data", world.dao.data, "--rpc", rpc, "--json").check()
    assert (asked.json["clean"], asked.json["unconfirmed"]) == (True, [])


@pytest.mark.parametrize("world", ["embedded"], indirect=True)
def test_verify_names_the_events_of_wallets_and_asks_the_chain_that_is_given(
    world: World, user: Commands, tmp_path: Path
) -> None:
    mine = trained(world)
    url, key = world.dao.server.url, str(world.key)
    rpc = ("--rpc", f"{url}/rpc")
    whole = ("verify", "--log", url, "--verifier-key", key)
    assert user(*whole, "--json").check().json["unconfirmed"] == mine
    assert f"events {mine[0]}, " in user(*whole).check().out
    assert user(*whole, *rpc, "--json").check().json["unconfirmed"] == []
    bundle = tmp_path / "bundle.json"
    bundle.write_bytes(world.dao.get("/v1/models/m/versions/1/audit", bundle="true").content)
    one = ("verify", bundle, "--verifier-key", key)
    assert "signature-unconfirmed" in user(*one).check(11).out
