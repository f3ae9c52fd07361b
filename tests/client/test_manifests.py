"""Inputs that an event has no room for: named by digest, kept here, uploaded where possible."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.files import content_id
from client.manifests import split_inputs
from client.runs import ManifestWarning
from ledger.audit.manifests import read_manifest
from ledger.events.bodies.models import MAX_INPUTS
from ledger.events.canonical import JsonObject, JsonValue, canonical
from ledger.events.envelope import MAX_LEAF_BYTES
from ledger.views.records import dataset_node
from tests.client.conftest import Connect
from tests.support.adversary import LogServer, answer, busy
from tests.support.examples import LAB

MANY = 1_500


class ContentServer(LogServer):
    """A log server that keeps content, too."""

    def __init__(self) -> None:
        super().__init__()
        self.contents: list[bytes] = []

    def _route(self, request: httpx.Request) -> httpx.Response:
        if (request.method, request.url.path) != ("POST", "/v1/content"):
            return super()._route(request)
        self.contents.append(request.content)
        return httpx.Response(201, json={"content": content_id(request.content)})


def track(ledger: Any, folder: Path, count: int = MANY) -> Any:
    with ledger.run("many", keep_in=folder) as run:
        for n in range(count):
            run.used(f"d{n}", "1", grant="g", digest=f"{n:064x}")
    return run


def completed(server: LogServer) -> dict[str, Any]:
    body: dict[str, Any] = orjson.loads(server.events()[-1].body_bytes)
    return body


def test_what_has_no_room_in_the_event_stands_in_a_manifest_beside_the_run(
    connect: Connect, server: LogServer, tmp_path: Path
) -> None:
    with pytest.warns(ManifestWarning):
        run = track(connect(key=LAB), tmp_path)
    body = completed(server)
    listed, named = body["inputs"], body["inputsManifest"]
    document = (tmp_path / f"{run.id}.inputs.jsonl").read_bytes()
    assert named == {
        "name": f"{run.id}.inputs.jsonl",
        "uri": f"ipfs://{content_id(document)}",
        "digest": {"sha256": hashlib.sha256(document).hexdigest()},
        "mediaType": "application/jsonl",
        "size": len(document),
    }
    lines = document.splitlines(keepends=True)
    assert all(line == canonical(orjson.loads(line)) + b"\n" for line in lines)
    every = listed + [orjson.loads(line) for line in lines]
    assert [item["dataset"] for item in every] == [f"d{n}" for n in range(MANY)]
    assert [item["digest"]["sha256"] for item in every] == [f"{n:064x}" for n in range(MANY)]
    assert 300 < len(listed) < MAX_INPUTS


def test_the_audit_reads_every_line_of_it(connect: Connect, tmp_path: Path) -> None:
    with pytest.warns(ManifestWarning):
        manifest = track(connect(key=LAB), tmp_path).manifest.manifest
    found = read_manifest(manifest.document, index=7, limit=MANY)
    assert (found.bad_lines, found.cut) == ((), False)
    first = MANY - manifest.count
    nodes = [dataset_node(f"d{n}", "1") for n in range(first, MANY)]
    assert [item.node for item in found.inputs] == nodes
    assert {item.grant for item in found.inputs} == {"g"}


def test_a_server_that_keeps_content_gets_it_before_the_event_names_it(
    connect: Connect, tmp_path: Path
) -> None:
    server = ContentServer()
    with warnings.catch_warnings(action="error"):
        run = track(connect(key=LAB, transport=server.transport()), tmp_path)
    assert run.manifest.problem is None
    assert server.contents == [run.manifest.file.read_bytes()]
    paths = [request.url.path for request in server.requests if request.method == "POST"]
    assert paths == ["/v1/events", "/v1/content", "/v1/events"]
    server.check_log()


@pytest.mark.parametrize(
    "fault", [busy(status=503), busy(status=413), answer({"content": "bafkreiother"})]
)
def test_a_server_that_does_not_keep_it_is_told_with_what_to_do(
    connect: Connect, tmp_path: Path, fault: Any
) -> None:
    server = ContentServer()

    def route(request: httpx.Request, honest: Any) -> httpx.Response:
        return fault(request, honest) if request.url.path == "/v1/content" else honest()

    server.always = route
    with pytest.warns(ManifestWarning, match="does not keep the manifest") as told:
        run = track(connect(key=LAB, transport=server.transport()), tmp_path)
    assert str(run.manifest.file) in str(told[0].message)
    assert run.manifest.manifest.sha256 in str(told[0].message)
    assert completed(server)["inputsManifest"]["digest"]["sha256"] == run.manifest.manifest.sha256


def test_a_folder_that_takes_nothing_does_not_keep_the_run_from_being_recorded(
    connect: Connect, server: LogServer, tmp_path: Path
) -> None:
    with pytest.warns(ManifestWarning) as told:
        run = track(connect(key=LAB), tmp_path / "nowhere")
    assert run.manifest.file is None
    assert "nowhere" in str(told[0].message)
    assert server.events()[-1].kind == "run.completed"


def test_a_failed_run_names_its_manifest_too(
    connect: Connect, server: LogServer, tmp_path: Path
) -> None:
    ledger = connect(key=LAB)

    def train() -> None:
        with ledger.run("many", keep_in=tmp_path) as run:
            for n in range(MANY):
                run.used(f"d{n}", "1")
            raise ValueError("diverged")

    with pytest.warns(ManifestWarning), pytest.raises(ValueError, match="diverged"):
        train()
    assert server.events()[-1].kind == "run.failed"
    assert "inputsManifest" in completed(server)


def test_without_a_folder_named_it_is_kept_where_the_script_runs(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.warns(ManifestWarning):
        run = track(connect(key=LAB), Path())
    assert (tmp_path / f"{run.id}.inputs.jsonl").exists()


def test_few_inputs_need_no_manifest_and_are_uploaded_nowhere(
    connect: Connect, tmp_path: Path
) -> None:
    server = ContentServer()
    run = track(connect(key=LAB, transport=server.transport()), tmp_path, count=200)
    assert run.manifest is None
    assert server.contents == []
    assert "inputsManifest" not in completed(server)


def test_as_many_inputs_as_a_body_may_list_are_listed_where_they_are_short() -> None:
    inputs: list[JsonValue] = [{"dataset": "d", "version": "1"}] * (MAX_INPUTS + 1)
    listed, manifest = split_inputs(inputs, body={}, name="m")
    assert len(listed) == MAX_INPUTS
    assert manifest is not None
    assert manifest.count == 1


@settings(max_examples=30)
@given(st.integers(0, 2_000), st.integers(1, 128), st.integers(0, 70_000))
def test_what_is_listed_and_the_rest_of_the_body_fit_a_leaf(
    count: int, length: int, rest: int
) -> None:
    inputs: list[JsonValue] = [
        {"dataset": f"{n:0>{length}}"[-128:], "version": "1"} for n in range(count)
    ]
    body: JsonObject = {"parameters": "x" * rest}
    listed, manifest = split_inputs(inputs, body=body, name="m")
    document = manifest.document if manifest else b""
    assert listed + [orjson.loads(line) for line in document.splitlines()] == inputs
    assert (manifest.count if manifest else 0) == count - len(listed)
    size = len(canonical({**body, "inputs": listed}))
    assert not listed or size < MAX_LEAF_BYTES - 4_096
