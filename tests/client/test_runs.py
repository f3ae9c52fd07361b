"""A run's block leaves its start and its end in the log, whatever happens inside."""

from __future__ import annotations

import asyncio
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from client import AsyncLedger, Draft
from client.errors import NotAwaited
from client.files import sha256_of
from client.unrecorded import draft_of, read_unrecorded
from ledger.errors import InvalidInput
from ledger.events import Event
from ledger.events.sealed import Sealed
from tests.client.conftest import Connect
from tests.support.adversary import LogServer, busy, lose_answer
from tests.support.examples import EXAMPLES, LAB

Body = dict[str, Any]


@pytest.fixture
def ledger(connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Of a lab, sync and async; a run is a plain context of either."""
    monkeypatch.chdir(tmp_path)
    return connect(key=LAB)


def too_old(request: httpx.Request, honest: object) -> httpx.Response:
    """The ledger takes none of a batch's events any more."""
    problem = {"type": "/problems/time-out-of-window", "title": "T", "status": 422, "detail": "D"}
    count = len(orjson.loads(request.content)["events"])
    return httpx.Response(200, json={"results": [{"status": 422, "problem": problem}] * count})


def kinds(server: LogServer) -> list[str]:
    return [event.kind for event in server.events()]


def body(event: Event) -> Body:
    found: Body = orjson.loads(event.body_bytes)
    return found


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    data, model = tmp_path / "data.csv", tmp_path / "model.bin"
    data.write_bytes(b"a,b\n1,2\n")
    model.write_bytes(b"weights")
    return data, model


def test_a_run_records_what_it_read_made_and_measured(
    ledger: Any, server: LogServer, files: tuple[Path, Path]
) -> None:
    data, model = files
    with ledger.run("Train CNN!", parameters={"lr": 0.01}, source=Path(__file__)) as run:
        assert kinds(server) == ["run.started"]
        run.used("d", "1", grant="g", file=data)
        run.used("e", "2", digest="aa" * 32)
        run.started_from("base", "7", file=model)
        run.measured(accuracy=0.93, epochs=3, loss=math.nan, worst=math.inf)
        run.produced("m", "1", file=model, base=(("base", "7"),), relation="finetuned")
    assert kinds(server) == ["run.started", "run.completed", "model.version_published"]
    _, completed, published = (body(event) for event in server.events())
    assert completed["run"] == run.id
    assert run.id.startswith("train-cnn-")
    assert completed["inputs"] == [
        {"dataset": "d", "version": "1", "grant": "g", "digest": {"sha256": sha256_of(data)}},
        {"dataset": "e", "version": "2", "digest": {"sha256": "aa" * 32}},
        {"model": "base", "version": "7", "digest": {"sha256": sha256_of(model)}},
    ]
    assert completed["outputs"] == [
        {"model": "m", "version": "1", "digest": {"sha256": sha256_of(model)}}
    ]
    assert completed["metrics"] == {"accuracy": 0.93, "epochs": 3, "loss": None, "worst": None}
    assert completed["parameters"] == {"lr": 0.01}
    assert completed["source"]["digest"] == {"sha256": sha256_of(Path(__file__))}
    assert set(completed["environment"]) == {"python"}
    assert (published["run"], published["relation"]) == (run.id, "finetuned")
    assert [recorded.index for recorded in run.receipts] == [0, 1, 2]


def test_a_version_that_is_not_to_be_published_is_named_only(
    ledger: Any, server: LogServer, files: tuple[Path, Path]
) -> None:
    with ledger.run("j", run="my-run") as run:
        run.produced("m", "1", file=files[1], publish=False)
    assert kinds(server) == ["run.started", "run.completed"]
    assert run.id == "my-run"


def test_a_run_that_raises_is_recorded_as_failed_with_the_reason_sealed(
    ledger: Any, server: LogServer, files: tuple[Path, Path]
) -> None:
    def train() -> None:
        with ledger.run("j") as run:
            run.used("d", "1", file=files[0])
            run.produced("m", "1", file=files[1])
            raise ValueError("patient Jane Doe has no diagnosis")

    with pytest.raises(ValueError, match="Jane Doe"):
        train()
    assert kinds(server) == ["run.started", "run.failed"]
    failed = server.events()[1]
    assert body(failed)["inputs"][0]["dataset"] == "d"
    assert b"Jane Doe" not in b"".join(server.history.leaves)
    assert isinstance(failed.body.reason, Sealed)  # type: ignore[attr-defined]
    opening = server.history.openings[failed.body.reason.commitment]  # type: ignore[attr-defined]
    assert opening.value == "ValueError: patient Jane Doe has no diagnosis"


@pytest.mark.parametrize("failure", [KeyboardInterrupt, SystemExit, MemoryError])
def test_whatever_ends_the_block_is_a_failure(
    ledger: Any, server: LogServer, failure: type[BaseException]
) -> None:
    with pytest.raises(failure), ledger.run("j"):
        raise failure
    assert kinds(server) == ["run.started", "run.failed"]


def test_a_failure_that_cannot_be_recorded_does_not_hide_what_failed(
    ledger: Any, server: LogServer
) -> None:
    def train() -> None:
        with ledger.run("j"):
            server.always = busy()
            raise ValueError("diverged")

    with pytest.raises(ValueError, match="diverged") as caught:
        train()
    lost, kept = caught.value.__notes__
    assert "could not be recorded" in lost
    assert "ledger.record_kept(" in kept


def test_a_run_does_not_begin_without_its_record(ledger: Any, server: LogServer) -> None:
    server.always = busy()
    entered = False
    with pytest.raises(Exception, match="Too many events"), ledger.run("j"):
        entered = True
    assert not entered


def test_a_lost_answer_does_not_record_a_run_twice(ledger: Any, server: LogServer) -> None:
    ledger.connect()
    server.faults.extend([lose_answer])
    with ledger.run("j"):
        server.faults.extend([lose_answer, lose_answer])
    assert kinds(server) == ["run.started", "run.completed"]


def leave_unrecorded(ledger: Any, server: LogServer, files: tuple[Path, Path]) -> Path:
    """A run whose end nobody takes; the file that keeps it."""
    data, model = files

    def train() -> None:
        with ledger.run("j", run="r") as run:
            run.used("d", "1", file=data)
            run.produced("m", "1", file=model)
            server.always = busy()

    with pytest.raises(Exception, match="Too many events") as caught:
        train()
    server.always = None
    assert kinds(server) == ["run.started"]
    file = Path.cwd() / "r.unrecorded.json"
    assert str(file) in caught.value.__notes__[0]
    return file


def test_what_nobody_took_at_a_runs_end_is_kept_and_recorded_once(
    ledger: Any, server: LogServer, files: tuple[Path, Path]
) -> None:
    file = leave_unrecorded(ledger, server, files)
    assert file.stat().st_mode & 0o077 == 0
    ends = ["run.completed", "model.version_published"]
    assert [each.duplicate for each in ledger.record_kept(file)] == [False, False]
    assert [each.duplicate for each in ledger.record_kept(file)] == [True, True]
    assert kinds(server) == ["run.started", *ends]
    assert body(server.events()[1])["inputs"][0]["digest"] == {"sha256": sha256_of(files[0])}


def test_what_was_kept_for_more_than_a_day_is_signed_anew(
    ledger: Any, server: LogServer, files: tuple[Path, Path]
) -> None:
    kept = leave_unrecorded(ledger, server, files)
    server.faults.append(too_old)
    recorded = ledger.record_kept(kept)
    assert [each.duplicate for each in recorded] == [False, False]
    assert kinds(server) == ["run.started", "run.completed", "model.version_published"]


def test_a_failure_that_was_kept_is_recorded_with_its_reason_sealed(
    ledger: Any, server: LogServer
) -> None:
    def train() -> None:
        with ledger.run("j", run="r"):
            server.always = busy()
            raise ValueError("diverged")

    with pytest.raises(ValueError, match="diverged"):
        train()
    server.always = None
    ledger.record_kept(Path("r.unrecorded.json"))
    assert kinds(server) == ["run.started", "run.failed"]
    assert "diverged" not in server.events()[1].encode().decode()


@pytest.mark.parametrize(
    "document",
    [
        b"{}",
        b'{"events": [1]}',
        b'{"events": [{"event": 1}]}',
        b'{"events": [{"event": {}, "openings": 1}]}',
        b'{"events": [{"event": {}}]}',
        b"no JSON",
    ],
)
def test_what_no_run_kept_is_refused(document: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_unrecorded(document)


def test_a_sealed_value_is_sealed_again_where_an_event_is_signed_anew(ledger: Any) -> None:
    plain = {name: value for name, value in EXAMPLES["run.failed"].items() if name != "reason"}
    draft = Draft("run.failed", plain, {"reason": "diverged"}, "r")
    assert draft_of(ledger.sign(draft)) == draft


def test_a_folder_that_takes_nothing_hides_no_failure(
    ledger: Any, server: LogServer, tmp_path: Path
) -> None:
    def train() -> None:
        with ledger.run("j", keep_in=tmp_path / "absent"):
            server.always = busy()

    with pytest.raises(Exception, match="Too many events") as caught:
        train()
    assert "could not be kept either" in caught.value.__notes__[0]


@pytest.mark.parametrize("job", ["!!!", "ÄÖ", "x" * 200, "a/b c", "-.-"])
def test_an_id_is_made_of_any_job(ledger: Any, server: LogServer, job: str) -> None:
    with ledger.run(job) as run:
        pass
    assert body(server.events()[0])["run"] == run.id


SCRIPT = """
import os, signal, sys
from pathlib import Path
from client import Ledger, SigningKey
ledger = Ledger(sys.argv[1], key=SigningKey(bytes.fromhex(sys.argv[2])), state=Path(sys.argv[3]))
with ledger.run("killed"):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
def test_a_run_that_is_killed_leaves_its_start(
    server: LogServer, tmp_path: Path, over_http: Callable[[LogServer], str]
) -> None:
    arguments = [over_http(server), LAB.secret.hex(), str(tmp_path / "trust")]
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], check=False, timeout=60, cwd=Path.cwd()
    )
    assert ended.returncode == -9
    assert kinds(server) == ["run.started"]


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
def test_an_async_run_whose_inputs_were_never_awaited_is_not_complete(
    server: LogServer, files: tuple[Path, Path], tmp_path: Path
) -> None:
    async def forgetful() -> None:
        async with (
            AsyncLedger(
                "https://ledger.example.org",
                key=LAB,
                state=tmp_path / "trust",
                http=httpx.AsyncClient(transport=server.transport()),
            ) as ledger,
            ledger.run("train") as run,
        ):
            run.used("d", "1", grant="g", file=files[0])  # type: ignore[unused-coroutine]
            await run.produced("m", "1", file=files[1])

    with pytest.raises(NotAwaited, match=r"1 calls of run .* not awaited"):
        asyncio.run(forgetful())
    assert kinds(server) == ["run.started", "run.failed"]
