"""Members that are contracts (EIP-1271): they sign in and write; their chain is asked, be it the
service's own or one that others run.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from client import Draft, Ledger
from client.errors import ServerProblem
from client.proofs import prove_bundle, prove_event
from client.signin import UnsignedSignIn
from client.trust import Trust
from client.wallets import prepare
from ledger.audit.errors import ForeignChain, UnconfirmedSignature
from ledger.events import SigningKey, digest
from ledger.events.identifiers import format_instant
from ledger.events.signing import WrongSigner
from ledger.merkle import decode_entry_bundle
from ledger.verify import confirm_with_log, replay_log, verify_bundle, verify_receipt
from service.settings import Settings
from tests.service.assembly import (
    HOSPITAL,
    LAB,
    OPERATOR,
    await_that,
)
from tests.service.conftest import problem_code
from tests.service.wallet_member import STRANGER, WALLET, World, found_with_wallet, served_wallet
from tests.support.commands import Commands
from tests.support.ledgers import DAY, digest_of
from tests.support.servers import system_time
from tests.support.wallets import DISHONEST, OWNER, Mood, dataset_of

ANVIL = pytest.param("anvil", marks=[pytest.mark.anvil, pytest.mark.slow])


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Such a ledger on a chain of its own; copied, never served."""
    data = tmp_path_factory.mktemp("founded") / "data"
    found_with_wallet(Settings.model_validate({"data_dir": data}))
    return data


@pytest.fixture(params=["embedded", ANVIL])
def world(request: pytest.FixtureRequest, founded: Path, tmp_path: Path) -> Iterator[World]:
    own_chain = founded if request.param == "embedded" else None
    with served_wallet(tmp_path, own_chain) as served:
        yield served


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


@pytest.mark.parametrize("world", ["embedded"], indirect=True)
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


def by(key: SigningKey, unsigned: UnsignedSignIn) -> str:
    """A sign-in as the wallet's owner signs it; the wallet ignores what follows 65 bytes."""
    return key.sign_digest(unsigned.digest) + "00"


@pytest.mark.parametrize("world", ["embedded"], indirect=True)
def test_a_wallet_signs_in_and_writes_through_the_client(world: World, tmp_path: Path) -> None:
    with Ledger(world.dao.server.url, state=tmp_path) as ledger:
        unsigned = ledger.prepare_sign_in(WALLET)
        with pytest.raises(WrongSigner, match="no contract wallet that takes this signature"):
            ledger.sign_in(unsigned, by(STRANGER, unsigned))
        unsigned = ledger.prepare_sign_in(WALLET)
        ledger.sign_in(unsigned, by(OWNER, unsigned))
        assert ledger.fetch("/v1/session")["member"] == WALLET
        draft = Draft("dataset.registered", dataset_of(WALLET, "records"))
        event = prepare(
            draft,
            actor=WALLET,
            trust=ledger.connect(),
            issued_at=system_time(),
            random=secrets.token_bytes,
        )
        signed = digest(event.event, event.domain)
        with pytest.raises(ServerProblem, match="wallet-refuses"):
            ledger.send(event.signed(STRANGER.sign_digest(signed)))
        recorded = ledger.send(event.signed(OWNER.sign_digest(signed)))
        assert prove_event(recorded.receipt, ledger.connect()).unconfirmed


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
    assert prove_event(receipt, Trust(world.key.name, str(world.key), chain_id)).unconfirmed
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
    # Nothing is anchored yet: what the chain can tell is confirmed, and what is missing is named.
    asked = user(*one, *rpc).check(11)
    assert "m 1 is clean" in asked.out
    assert "Not anchored" in asked.out
    assert "signature-unconfirmed" not in asked.out
    answer = user(*one, *rpc, "--json").check(11).json
    assert (answer["answer"]["verdict"], answer["anchorMissing"]) == ("clean", True)


@pytest.mark.parametrize("world", ["embedded"], indirect=True)
def test_verify_says_of_a_wallets_receipt_what_only_its_chain_can_tell(
    world: World, user: Commands, tmp_path: Path
) -> None:
    index = world.say("dataset.registered", dataset_of(WALLET, "records"))
    receipt = tmp_path / "receipt.json"
    receipt.write_bytes(world.dao.get(f"/v1/receipts/{index}").content)
    url = world.dao.server.url
    user("log", "show", "--server", url).check()
    told = user("verify", receipt).check(11)
    assert f"Proven: event {index} stands in the log" in told.out
    assert f"Not confirmed: the signatures of events {index}." in told.out
    assert f"If {WALLET} is no contract wallet, the event is forged." in told.out
    parts = ("proven", "signatureChecked", "unconfirmed")
    answer = user("verify", receipt, "--json").check(11).json
    assert [answer[part] for part in parts] == [False, False, [index]]
    answer = user("verify", receipt, "--rpc", f"{url}/rpc", "--json").check(11).json
    assert [answer[part] for part in parts] == [True, True, []]
    assert answer["anchorMissing"] is True


@pytest.mark.parametrize("world", [ANVIL], indirect=True)
def test_verify_asks_a_chain_that_others_run_for_anchor_and_signature(
    world: World, user: Commands, tmp_path: Path
) -> None:
    assert world.remote is not None
    index = world.say("dataset.registered", dataset_of(WALLET, "records"))
    headers = world.dao.bearer(OPERATOR)
    assert world.dao.http.post("/v1/anchors", json={}, headers=headers).status_code == 200
    await_that(lambda: world.dao.read(f"/v1/receipts/{index}")["anchor"] is not None)
    receipt = tmp_path / "receipt.json"
    receipt.write_bytes(world.dao.get(f"/v1/receipts/{index}").content)
    user("log", "show", "--server", world.dao.server.url).check()
    # From here on the service is not asked.
    asked = ("verify", receipt, "--rpc", world.remote.line.url)
    answer = user(*asked, "--json").check().json
    assert (answer["proven"], answer["signatureChecked"]) == (True, True)
    (anchor,) = answer["anchors"]
    assert anchor["size"] > index
    told = world.remote.web3.eth.get_transaction(anchor["transactionHash"])
    assert told["blockHash"].to_0x_hex() == anchor["blockHash"]
    forged = orjson.loads(receipt.read_bytes())
    forged["anchor"]["blockHash"] = "0x" + "22" * 32
    receipt.write_bytes(orjson.dumps(forged))
    user(*asked).check(6)
    world.remote.line.cut()
    user(*asked).check(5)
