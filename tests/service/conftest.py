"""A served ledger for each test: HTTP over loopback, a real database in a folder of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import orjson
import pytest
from eth_account import Account
from eth_account.messages import encode_defunct

from ledger.events import Event, SigningKey
from ledger.events.canonical import JsonObject
from ledger.events.sealed import Opening
from service.settings import Settings
from tests.service.assembly import ServedDao, found_assembly, served_dao
from tests.support.ledgers import Consortium, ManualClock
from tests.support.servers import NO_TLS, ServerThread, create_ledger, system_time
from tests.support.submissions import opening_json


@dataclass
class Served:
    """A consortium, its ledger's folder and the server in front of it.

    Attributes:
        consortium: signs; its clock stands where the test began.
        data: the data directory.
        server: the running server.
        http: a client of it.
    """

    consortium: Consortium
    data: Path
    server: ServerThread
    http: httpx.Client

    def post(self, path: str, value: object) -> httpx.Response:
        """Posts JSON."""
        return self.post_bytes(path, orjson.dumps(value))

    def post_bytes(self, path: str, body: bytes) -> httpx.Response:
        """Posts bytes as JSON."""
        return self.http.post(path, content=body, headers={"content-type": "application/json"})

    def send(self, event: Event, *openings: Opening) -> httpx.Response:
        """Appends one event."""
        body: JsonObject = {"event": orjson.loads(event.encode())}
        if openings:
            body["openings"] = [opening_json(o) for o in openings]
        return self.post("/v1/events", body)

    def record(self, *events: Event) -> list[int]:
        """Appends events one after the other, all of which must be recorded; their indices."""
        indices = []
        for event in events:
            response = self.send(event)
            assert response.status_code == 201, response.text
            indices.append(response.json()["index"])
        return indices

    def get(self, path: str, **query: str | int) -> httpx.Response:
        """Any read."""
        return self.http.get(path, params=query)

    def sign_in(self, key: SigningKey) -> dict[str, str]:
        """Signs in; the header that says so."""
        prepared = self.post("/v1/session:prepare", {"account": key.address})
        message = prepared.json()["message"]
        made = Account.sign_message(encode_defunct(text=message), key.secret)
        signed = {"message": message, "signature": "0x" + made.signature.hex()}
        begun = self.post("/v1/session", signed)
        assert begun.status_code == 201, begun.text
        # The cookie that came with it would be a session, too.
        self.http.cookies.clear()
        return {"Authorization": f"Bearer {begun.json()['token']}"}


def problem_code(response: httpx.Response, status: int) -> str:
    """The code of a problem, once all its parts are found to fit each other."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem.keys() == {"type", "title", "status", "detail", "code"}
    assert problem["status"] == status
    assert problem["type"] == f"/problems/{problem['code']}"
    assert problem["detail"]
    return str(problem["code"])


@pytest.fixture(scope="session")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the first leaf and nothing else; copied, never served."""
    data = tmp_path_factory.mktemp("ledger") / "data"
    create_ledger(data, Consortium(ManualClock(system_time())))
    return data


Serve = Callable[..., Served]


@pytest.fixture
def serve(empty_ledger: Path, tmp_path: Path) -> Iterator[Serve]:
    """Starts servers, each on a ledger of its own, with settings of their own."""
    with ExitStack() as stack:

        def start(**settings: object) -> Served:
            data = tmp_path / f"data-{len(list(tmp_path.iterdir()))}"
            shutil.copytree(empty_ledger, data)
            server = ServerThread(Settings.model_validate({"data_dir": data} | settings))
            stack.enter_context(server)
            http = httpx.Client(base_url=server.url, timeout=30, verify=NO_TLS)
            stack.enter_context(http)
            return Served(Consortium(ManualClock(system_time()), seed=2), data, server, http)

        yield start


@pytest.fixture
def served(serve: Serve) -> Served:
    """One server with the settings that are the default."""
    return serve()


@pytest.fixture
def granted(served: Served) -> Served:
    """The same, with dataset `records`, its version 1, and grant `grant-1` for lab 0."""
    c = served.consortium
    served.record(
        c.dataset("records"), c.dataset_version("records", "1"), c.grant("grant-1", "records")
    )
    return served


@pytest.fixture
def trained(granted: Served) -> Served:
    """The same, with a request and a model that came out of a run under the grant."""
    c = granted.consortium
    used: JsonObject = {"dataset": "records", "version": "1", "grant": "grant-1"}
    granted.record(
        c.request("request-1", "records"),
        c.model("tumours"),
        c.run_completed("run-1", [used], [("tumours", "1")], startedAt=c.at()),
        c.model_version("tumours", "1", run="run-1"),
    )
    return granted


@pytest.fixture(scope="session")
def founded_assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with a DAO that has not voted yet; copied, never served."""
    data = tmp_path_factory.mktemp("assembly") / "data"
    found_assembly(data)
    return data


@pytest.fixture
def dao(founded_assembly: Path, tmp_path: Path) -> Iterator[ServedDao]:
    """A server of such a ledger, for one test."""
    with served_dao(founded_assembly, tmp_path) as served:
        yield served


ServeDao = Callable[..., ServedDao]


@pytest.fixture
def serve_dao(founded_assembly: Path, tmp_path: Path) -> Iterator[ServeDao]:
    """Starts servers of such ledgers, with settings of their own."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(
            served_dao(founded_assembly, tmp_path, **settings)
        )
