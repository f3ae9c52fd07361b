"""The compose file, checked by Docker Compose itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
COMPOSE_FILE = ROOT / "docker" / "compose.yaml"


@pytest.fixture(scope="session")
def compose() -> list[str]:
    """The command that runs Docker Compose: the engine's plugin, or the pinned build."""
    docker = shutil.which("docker")
    if (
        docker
        and subprocess.run([docker, "compose", "version"], capture_output=True).returncode == 0
    ):
        return [docker, "compose"]
    installer = ROOT / "tests" / "support" / "install_compose.sh"
    built = subprocess.run([installer], capture_output=True, text=True, check=False)
    if built.returncode != 0:
        if "CI" in os.environ:
            pytest.fail(built.stderr)
        pytest.skip(f"no Docker Compose: {built.stderr.strip()}")
    return [built.stdout.strip()]


def config(compose: list[str], passphrase: Path) -> Any:
    result = subprocess.run(
        [*compose, "--file", COMPOSE_FILE, "config", "--format", "json"],
        env={**os.environ, "PASSPHRASE_FILE": str(passphrase)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.slow
def test_the_compose_file_is_valid_and_gives_the_service_only_what_it_needs(
    compose: list[str], tmp_path: Path
) -> None:
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("correct horse")

    service = config(compose, passphrase)["services"]["concord"]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert [port["host_ip"] for port in service["ports"]] == ["127.0.0.1"]
    assert "correct horse" not in json.dumps(service), (
        "the passphrase itself is never in the environment"
    )


def test_everything_that_the_image_copies_is_in_the_build_context() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    dockerfile = (ROOT / "docker" / "Dockerfile").read_text()
    for line in dockerfile.splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists(), line
                assert any(f"!{source}".startswith(kept) for kept in ignored if kept[0] == "!"), (
                    line
                )
