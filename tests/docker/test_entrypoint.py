"""The image's entry script, run outside the image as the image runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.support.examples import signing_key
from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]
ENTRYPOINT = ROOT / "docker" / "entrypoint.sh"
NORTH, LAB = (signing_key(name).address for name in ("north", "lab"))


def environment(data: Path, port: int, **more: str) -> dict[str, str]:
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(data),
        "CONCORD_DATA_DIR": str(data),
        "CONCORD_HOME": str(data / "home"),
        "CONCORD_HOST": "127.0.0.1",
        "CONCORD_PORT": str(port),
        **more,
    }


@contextmanager
def running(env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [ENTRYPOINT], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def read(port: int, path: str) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as answer:
        return json.load(answer)


def log_info(port: int, process: subprocess.Popen[bytes]) -> dict[str, object]:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        assert process.poll() is None, process.stdout and process.stdout.read().decode()
        with suppress(OSError):
            info: dict[str, object] = read(port, "/v1/log")
            return info
    raise AssertionError("the service did not answer within 180 s")


@pytest.mark.slow
def test_the_first_start_makes_the_ledger_and_the_second_serves_it(
    tmp_path: Path,
) -> None:
    port = free_port()
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("correct horse battery staple\n")
    data = tmp_path / "data"
    data.mkdir()
    env = environment(
        data,
        port,
        CONCORD_PASSPHRASE_FILE=str(passphrase),
        CONCORD_ORIGIN="ledger.test/concord",
        CONCORD_MEMBERS=f"North * Hospital={NORTH}:steward:600; Lab={LAB}:developer,gateway",
    )

    with running(env) as process:
        first = log_info(port, process)
        holders = read(port, "/v1/token/holders")["items"]
    with running(env) as process:
        second = log_info(port, process)

    assert first["origin"] == "ledger.test/concord"
    assert second == first
    assert {item["account"]: item["balance"] for item in holders} == {
        NORTH: str(600 * 10**18),
        LAB: str(1_000 * 10**18),
    }


def test_without_a_passphrase_file_the_first_start_says_what_is_missing(tmp_path: Path) -> None:
    env = environment(tmp_path, 1)

    result = subprocess.run([ENTRYPOINT], env=env, capture_output=True, text=True, timeout=30)

    assert result.returncode != 0
    assert "passphrase" in result.stderr
    assert not (tmp_path / "log.key").exists()


def test_a_passphrase_that_cannot_be_read_is_named_with_the_user_who_cannot(tmp_path: Path) -> None:
    passphrase = tmp_path / "nothing-there"
    env = environment(tmp_path, 1, CONCORD_PASSPHRASE_FILE=str(passphrase))

    result = subprocess.run([ENTRYPOINT], env=env, capture_output=True, text=True, timeout=30)

    assert result.returncode == 1
    assert f"User {os.getuid()} cannot read {passphrase}" in result.stderr
    assert not (tmp_path / "log.key").exists()


@pytest.mark.slow
def test_founding_makes_the_ledger_once_and_serves_nothing(tmp_path: Path) -> None:
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("correct horse battery staple\n")
    data = tmp_path / "data"
    data.mkdir()
    env = environment(data, 1, CONCORD_PASSPHRASE_FILE=str(passphrase))

    def found() -> bytes:
        subprocess.run([ENTRYPOINT, "found"], env=env, capture_output=True, check=True, timeout=180)
        return (data / "log.key").read_bytes()

    assert found() == found()
