"""The relayer's key: what a thief can do with it, and how the members exchange it."""

from __future__ import annotations

import base64
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import orjson
import pytest
from eth_account import Account

from governance.addresses import DaoAddresses
from ledger.events import Domain, SigningKey, build_event, sign
from ledger.fsck import fsck
from ledger.store.engine import open_database
from service.dao import read_mirror, read_plan, read_relayer
from service.parts import system_clock
from service.relayer_key import exchange_relayer
from service.settings import Settings
from tests.service.assembly import (
    CLINIC,
    HOSPITAL,
    LAB,
    NEWCOMER,
    OPERATOR,
    QUICK,
    Json,
    ServedDao,
    admit,
    await_that,
    keeper_rests,
    kinds,
)
from tests.service.conftest import problem_code
from tests.support.servers import ServerThread

COMMITMENT = base64.b64encode(bytes(32)).decode()


@pytest.fixture
def data(founded_assembly: Path, tmp_path: Path) -> Path:
    """A new ledger with a DAO; nobody serves it."""
    shutil.copytree(founded_assembly, tmp_path / "ledger")
    return tmp_path / "ledger"


def settings_of(data: Path, **more: object) -> Settings:
    anchored_often = {"anchor_leaves": 1, "anchor_seconds": 1}
    return Settings.model_validate({"data_dir": data} | QUICK | anchored_often | more)


@contextmanager
def serving(data: Path) -> Iterator[ServedDao]:
    with (
        ServerThread(settings_of(data)) as server,
        httpx.Client(base_url=server.url, timeout=60) as http,
    ):
        dao = ServedDao(http, server, data)
        keeper_rests(http)
        dao.advance(1)
        yield dao


def forged(dao: ServedDao, key: SigningKey, kind: str, body: Json) -> Json:
    """An event that a thief signs with the mirror's key, as it is sent."""
    log = dao.read("/v1/log")
    event = build_event(
        kind=kind, body=body, actor=key.address, issued_at=system_clock(), nonce=os.urandom(32)
    )
    signed = sign(event, key, Domain(log["chainId"], log["origin"]))
    return {"event": orjson.loads(signed.encode())}


def admission(dao: ServedDao, at: DaoAddresses) -> Json:
    """The body of an event that tells of an admission which never happened."""
    place = {
        "chainId": dao.read("/v1/dao")["chainId"],
        "contract": at.membership,
        "blockNumber": 9,
        "blockHash": "0x" + 64 * "1",
        "transactionHash": "0x" + 64 * "2",
        "logIndex": 0,
        "blockTime": "2026-11-21T12:00:00Z",
    }
    return {"member": NEWCOMER.address, "roles": ["operator"], "chain": place}


def refused_transaction(dao: ServedDao, sender: SigningKey, to: str) -> str:
    """What the chain says to a transaction of theirs."""
    unsigned = {
        "to": to,
        "data": "0x",
        "value": 0,
        "gas": 100_000,
        "chainId": dao.read("/v1/dao")["chainId"],
        "nonce": int(dao.rpc("eth_getTransactionCount", sender.address, "latest"), 16),
        "maxFeePerGas": 0,
        "maxPriorityFeePerGas": 0,
    }
    raw = Account.sign_transaction(unsigned, sender.secret).raw_transaction
    request = {"jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction",
               "params": ["0x" + raw.hex()]}  # fmt: skip
    answer = dao.do("/rpc", request)
    return str(answer.get("error", {}).get("message", ""))


def kinds_about(dao: ServedDao, key: SigningKey) -> list[str]:
    """What the log tells of an account."""
    return kinds(dao.read("/v1/events", subject=key.address)["items"])


def anchored(dao: ServedDao) -> int:
    items = dao.read("/v1/anchors")["items"]
    return max((item["size"] for item in items), default=0)


def test_a_thief_of_the_mirrors_key_tells_the_log_nothing_by_any_request(dao: ServedDao) -> None:
    settings = dao.server.settings
    stolen, at = read_relayer(settings), read_plan(settings).addresses
    size = dao.read("/v1/log")["size"]
    lies = [
        forged(dao, stolen, "member.admitted", admission(dao, at)),
        forged(dao, stolen, "key.authorized", {
            "key": NEWCOMER.address, "kinds": ["access.used"], "until": "2030-01-01T00:00:00Z",
        }),
    ]  # fmt: skip
    for lie in lies:
        assert problem_code(dao.post("/v1/events", lie), 403) == "services-own-account"
    batch = dao.do("/v1/events:batch", {"events": lies})
    assert [each["problem"]["code"] for each in batch["results"]] == ["services-own-account"] * 2
    assert dao.read("/v1/log")["size"] == size
    # The true mirror goes on.
    dao.carry_out(admit(NEWCOMER))
    await_that(lambda: dao.get(f"/v1/members/{NEWCOMER.address}").status_code == 200)


@pytest.mark.slow
def test_the_members_exchange_the_relayer_by_vote_and_the_old_key_is_worth_nothing(
    data: Path,
) -> None:
    old = read_relayer(settings_of(data))
    with serving(data) as dao:
        await_that(lambda: anchored(dao) > 0)
    done = exchange_relayer(settings_of(data), os.urandom)
    new = read_relayer(settings_of(data))
    assert (done.old, done.new, done.mirror) == (old.address, new.address, old.address)
    assert read_mirror(settings_of(data)).secret == old.secret
    assert stat.S_IMODE(done.kept.stat().st_mode) == 0o600

    with serving(data) as dao:
        # Ballots and steps go by the new account already.
        dao.carry_out(*orjson.loads(done.actions.read_bytes()))
        await_that(lambda: dao.get(f"/v1/members/{new.address}").status_code == 200)
        assert dao.read(f"/v1/members/{new.address}")["roles"] == ["operator"]
        await_that(lambda: kinds_about(dao, old)[-1] == "member.removed")
        assert dao.read(f"/v1/members/{new.address}")["name"] == "The ledger’s relayer"
        assert dao.read(f"/v1/members/{old.address}")["name"] == "The ledger’s mirror"
        governor = dao.read("/v1/dao")["contracts"]["governor"]
        assert "member" in refused_transaction(dao, old, governor)

    with serving(data) as dao:
        before = dao.read("/v1/log")["size"]
        proposal = dao.open(admit(NEWCOMER))
        for voter in (HOSPITAL, CLINIC, LAB):
            dao.vote(voter, proposal)
        dao.votes(proposal, 3)
        await_that(lambda: anchored(dao) > before)
        events = dao.read("/v1/events", since=str(before))["items"]
        told = [each for each in events if each["event"]["kind"] == "vote.cast"]
        assert len(told) == 3
        erasure = {"erasure": "e", "commitments": [COMMITMENT], "legalBasis": "none"}
        for key in (new, old):
            lie = forged(dao, key, "erasure.performed", erasure)
            assert problem_code(dao.post("/v1/events", lie), 403) == "services-own-account"
        own = forged(dao, OPERATOR, "erasure.performed", erasure)
        assert dao.post("/v1/events", own).status_code == 201
        assert {each["event"]["actor"] for each in told} == {old.address}
        domain = Domain(dao.read("/v1/log")["chainId"], dao.read("/v1/log")["origin"])
    database = open_database(settings_of(data).database)
    report = fsck(database, domain=domain)
    database.dispose()
    assert report.difference is None, str(report.difference)


def test_the_mirrors_account_has_a_name_as_soon_as_the_relayers_is_another(data: Path) -> None:
    old = read_relayer(settings_of(data))
    exchange_relayer(settings_of(data), os.urandom)
    with serving(data) as dao:
        await_that(lambda: dao.get(f"/v1/members/{old.address}").status_code == 200)
        assert dao.read(f"/v1/members/{old.address}")["name"] == "The ledger’s mirror"


def test_a_second_exchange_keeps_the_mirrors_key_and_the_relayers_before(data: Path) -> None:
    first = exchange_relayer(settings_of(data), os.urandom)
    second = exchange_relayer(settings_of(data), os.urandom)
    assert second.mirror == first.old
    assert second.old == first.new
    assert second.kept == data / f"relayer-{first.new}.key"
    kept = bytes.fromhex(second.kept.read_text().strip())
    assert SigningKey(kept).address == first.new
    assert read_mirror(settings_of(data)).address == first.old


def test_an_exchange_that_was_interrupted_leaves_a_ledger_that_is_as_it_was(data: Path) -> None:
    old = read_relayer(settings_of(data))

    class PowerFailure(BaseException):
        pass

    def fail(_: int) -> bytes:
        raise PowerFailure

    with pytest.raises(PowerFailure):
        exchange_relayer(settings_of(data), fail)
    assert read_relayer(settings_of(data)).secret == old.secret
    assert read_mirror(settings_of(data)).secret == old.secret
