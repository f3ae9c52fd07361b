"""The compose file, checked by Docker Compose itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

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


def config(compose: list[str], passphrase: Path) -> dict[str, dict[str, dict[str, object]]]:
    result = subprocess.run(
        [*compose, "--file", COMPOSE_FILE, "config", "--format", "json"],
        env={**os.environ, "PASSPHRASE_FILE": str(passphrase)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    document: dict[str, dict[str, dict[str, object]]] = json.loads(result.stdout)
    return document


@pytest.mark.slow
def test_the_compose_file_is_valid_and_gives_the_service_no_more_than_it_needs(
    compose: list[str], tmp_path: Path
) -> None:
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("secret")

    service = config(compose, passphrase)["services"]["concord"]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["ports"] == [
        {
            "mode": "ingress",
            "host_ip": "127.0.0.1",
            "target": 8080,
            "published": "8080",
            "protocol": "tcp",
        }
    ]
    assert "secret" not in json.dumps(service), "the passphrase itself is never in the environment"


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
