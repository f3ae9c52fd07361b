"""Disks that are full and databases that take no writes: whoever writes is told by name and when to
try again, whoever reads notices nothing, and afterwards the service goes on by itself.
"""

from __future__ import annotations

import resource
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import httpx
import psycopg
import pytest
from eth_account import Account
from eth_account.messages import encode_defunct

from ledger.events import Event, SigningKey
from ledger.fsck import fsck
from ledger.store.engine import open_database
from tests.service.assembly import CLINIC, HOSPITAL, QUICK, Json, ServedDao, await_that
from tests.service.conftest import problem_code
from tests.support.ledgers import Consortium, ManualClock
from tests.support.postgres import Server, running_server
from tests.support.servers import ServerProcess, ServerThread, create_ledger, system_time
from tests.support.submissions import batch_body, single_body

pytestmark = pytest.mark.slow

JSON = {"content-type": "application/json"}


@pytest.fixture
def consortium() -> Consortium:
    return Consortium(ManualClock(system_time()), seed=5)


@contextmanager
def no_room(server: ServerProcess) -> Iterator[None]:
    """No file of the process can grow, as where its disk's quota is used up."""
    soft, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (soft, hard))


def send(http: httpx.Client, event: Event) -> httpx.Response:
    return http.post("/v1/events", content=single_body(event), headers=JSON)


def begin_session(http: httpx.Client, key: SigningKey) -> httpx.Response:
    """Signs in."""
    prepared = http.post("/v1/session:prepare", json={"account": key.address})
    message = prepared.json()["message"]
    made = Account.sign_message(encode_defunct(text=message), key.secret)
    signed = {"message": message, "signature": "0x" + made.signature.hex()}
    return http.post("/v1/session", json=signed)


def check_unavailable(answer: httpx.Response, *codes: str) -> None:
    """Told by name, and when to try again."""
    assert problem_code(answer, 503) in codes
    assert int(answer.headers["retry-after"]) >= 1


def check_log(http: httpx.Client, expected: list[str]) -> None:
    """The log holds these events after the first three, each once."""
    items = http.get("/v1/events", params={"limit": 1000}).json()["items"]
    assert [item["eventId"] for item in items[3:]] == expected


def check_whole(data: Path, consortium: Consortium) -> None:
    """Everything derived is derived again, and nothing differs."""
    database = open_database(f"sqlite:///{data / 'concord.db'}")
    report = fsck(database, domain=consortium.domain, last_signed_path=data / "checkpoint.last")
    database.dispose()
    assert report.difference is None


def test_a_full_disk_is_told_loses_nothing_and_is_forgotten_once_there_is_room(
    tmp_path: Path, consortium: Consortium
) -> None:
    data, c = tmp_path / "data", consortium
    create_ledger(data, c, [c.dataset("records"), c.grant("grant-1", "records")])
    before, during, after = c.use("grant-1"), c.use("grant-1"), c.use("grant-1")
    batch = [c.use("grant-1") for _ in range(3)]
    small, large = b"a document", bytes(3 * 1024 * 1024)
    with ServerProcess(data) as server, httpx.Client(base_url=server.url, timeout=60) as http:
        assert send(http, before).status_code == 201
        token = begin_session(http, c.labs[0]).json()["token"]
        http.cookies.clear()
        session = {"Authorization": f"Bearer {token}"}
        with no_room(server):
            for _ in range(2):
                check_unavailable(send(http, during), "disk-full", "database-down")
            refused = http.post("/v1/events:batch", content=batch_body(batch), headers=JSON)
            for result in refused.json()["results"]:
                assert result["problem"]["code"] in {"disk-full", "database-down"}
            check_unavailable(begin_session(http, c.labs[1]), "disk-full", "database-down")
            for document in (small, large):
                added = http.post("/v1/content", content=document, headers=session)
                check_unavailable(added, "storage-full", "storage-failed")
                # Where the service keeps it is nobody's business.
                assert str(tmp_path) not in added.text
            assert http.get("/v1/grants/grant-1").status_code == 200
            assert http.get("/v1/receipts/3").status_code == 200
            assert http.get("/checkpoint").status_code == 200
            assert http.get("/healthz").status_code == 200
        for event in (during, after):
            assert send(http, event).status_code == 201
        assert send(http, before).json()["duplicate"] is True
        recorded = http.post("/v1/events:batch", content=batch_body(batch), headers=JSON)
        assert [result["status"] for result in recorded.json()["results"]] == [201] * 3
        for document in (small, large):
            added = http.post("/v1/content", content=document, headers=session)
            assert added.status_code == 201
            found = http.get(f"/v1/content/{added.json()['content']}")
            assert found.content == document
        assert begin_session(http, c.labs[1]).status_code == 201
        check_log(http, [event.id.hex() for event in (before, during, after, *batch)])
        assert http.get("/readyz").status_code == 200
    check_whole(data, c)


def test_a_full_disk_under_the_chain_is_told_and_voting_goes_on_afterwards(
    founded_assembly: Path, tmp_path: Path
) -> None:
    data = tmp_path / "assembly"
    shutil.copytree(founded_assembly, data)
    with (
        ServerProcess(data, **QUICK) as server,
        httpx.Client(base_url=server.url, timeout=60) as http,
    ):
        # What it does needs its address only.
        dao = ServedDao(http, cast("ServerThread", server), data)
        dao.advance(1)
        proposal = dao.open()
        first, second = (dao.signed(voter, proposal) for voter in (HOSPITAL, CLINIC))
        dao.do("/v1/votes", first, 201)
        dao.votes(proposal, 1)
        with no_room(server):
            check_unavailable(dao.post("/v1/votes", second), "chain-store-failed")
            request: Json = {"jsonrpc": "2.0", "id": 1, "method": "evm_mine", "params": []}
            assert "error" in dao.do("/rpc", request)
            assert dao.detail(proposal)["state"] == "active"
        assert dao.post("/v1/votes", second).status_code == 201
        assert len(dao.votes(proposal, 2)) == 2
        recount = dao.read(f"/v1/proposals/{proposal}/recount")
        assert (recount["agrees"], recount["ballots"]) == (True, 2)
        await_that(lambda: dao.read("/readyz")["waiting"] == [])


def test_while_another_process_holds_the_database_votes_count_and_are_told_afterwards(
    dao: ServedDao,
) -> None:
    headers = dao.bearer(HOSPITAL)
    proposal = dao.open()
    ballot = dao.signed(HOSPITAL, proposal)
    dataset: Json = {
        "dataset": "records", "title": "Records", "license": "CC-BY-4.0", "usage": {"duo": ["HMB"]},
        "personalData": True, "steward": HOSPITAL.address,
    }  # fmt: skip
    event = dao.said(HOSPITAL, "dataset.registered", dataset)
    # What was there before is told, so that only the ballot is missing.
    await_that(lambda: len(dao.read("/v1/events", kind="proposal.created")["items"]) == 1)
    other = sqlite3.connect(dao.data / "concord.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        calls: list[Callable[[], httpx.Response]] = [
            lambda: dao.post("/v1/events", event),
            lambda: begin_session(dao.http, CLINIC),
            lambda: dao.http.post("/v1/content", content=b"a document", headers=headers),
        ]
        with ThreadPoolExecutor(len(calls)) as callers:
            for answer in callers.map(lambda call: call(), calls):
                check_unavailable(answer, "database-locked")
        # The chain is not the database.
        dao.do("/v1/votes", ballot, 201)
        assert dao.detail(proposal)["tally"]["for"] != "0"
        await_that(
            lambda: (
                {"mirror": "database-locked"}.items()
                <= {each["worker"]: each["code"] for each in dao.read("/readyz")["waiting"]}.items()
            )
        )
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert len(dao.votes(proposal, 1)) == 1
    assert dao.do("/v1/events", event, 201)["duplicate"] is False
    assert dao.http.post("/v1/content", content=b"a document", headers=headers).status_code == 201
    await_that(lambda: dao.read("/readyz")["waiting"] == [])


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with running_server() as server:
        yield server


def administer(server: Server, *statements: str) -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@pytest.mark.postgres
def test_a_database_that_becomes_a_standby_is_told_and_followed_when_it_is_writable_again(
    tmp_path: Path, consortium: Consortium, postgres: Server
) -> None:
    c, url = consortium, postgres.new_database()
    name = url.rpartition("/")[2]
    sqlalchemy_url = url.replace("postgresql://", "postgresql+psycopg://")
    first = [c.dataset("records"), c.grant("grant-1", "records")]
    create_ledger(tmp_path / "data", c, first, database_url=sqlalchemy_url)
    cut = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "  # noqa: S608 - our own name
        f"WHERE datname = '{name}'"
    )
    before, during = c.use("grant-1"), c.use("grant-1")
    with (
        ServerProcess(tmp_path / "data", database_url=sqlalchemy_url) as server,
        httpx.Client(base_url=server.url, timeout=60) as http,
    ):
        assert send(http, before).status_code == 201
        readonly = f"ALTER DATABASE {name} SET default_transaction_read_only = "
        administer(postgres, readonly + "on", cut)
        # The connections that were cut may be noticed one by one.
        await_that(lambda: send(http, during).json()["code"] == "database-read-only")
        check_unavailable(send(http, during), "database-read-only")
        await_that(lambda: http.get("/v1/grants/grant-1").status_code == 200)
        administer(postgres, readonly + "off", cut)
        await_that(lambda: send(http, during).status_code in {200, 201})
        check_log(http, [event.id.hex() for event in (before, during)])

        # A server that is away is the same, only that reads wait for it, too.
        later = c.use("grant-1")
        postgres.control("-m", "immediate", "stop")
        check_unavailable(send(http, later), "database-down")
        check_unavailable(http.get("/v1/grants/grant-1"), "database-down")
        assert http.get("/healthz").status_code == 200
        postgres.start()
        await_that(lambda: send(http, later).status_code in {200, 201})
        check_log(http, [event.id.hex() for event in (before, during, later)])
        assert http.get("/readyz").status_code == 200
