"""The compose file, checked by Docker Compose itself."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.peers import absent

ROOT = Path(__file__).parents[2]
COMPOSE_FILE = ROOT / "docker" / "compose.yaml"
CONSORTIUM_FILE = ROOT / "docker" / "compose.consortium.yaml"
PASSPHRASE = "correct horse"
VALIDATORS = [f"validator{number}" for number in range(1, 5)]
PARTS = {
    "postgres": ("CONCORD_DATABASE_URL", "postgresql://db.example/concord", {"postgres"}),
    "kubo": ("CONCORD_CONTENT_URL", "ipfs+http://kubo.example:5001", {"kubo"}),
    "besu": ("CONCORD_CHAIN_URL", "https://chain.example", {"rpc", *VALIDATORS}),
}
"""Profiles: the setting that names such a part elsewhere, an example of it, and its services."""


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
        absent(f"no Docker Compose: {built.stderr.strip()}")
    return [built.stdout.strip()]


@pytest.fixture
def passphrase(tmp_path: Path) -> Path:
    """The file that unlocks the keys."""
    file = tmp_path / "passphrase"
    file.write_text(PASSPHRASE)
    return file


def config(
    compose: list[str],
    passphrase: Path,
    *over: Path,
    profiles: Sequence[str] = (),
    **settings: str,
) -> Any:
    options = [part for path in (COMPOSE_FILE, *over) for part in ("--file", str(path))]
    options += [part for profile in profiles for part in ("--profile", profile)]
    result = subprocess.run(
        [*compose, *options, "config", "--format", "json"],
        env={**os.environ, "PASSPHRASE_FILE": str(passphrase), **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.slow
def test_the_compose_file_is_valid_and_gives_the_service_only_what_it_needs(
    compose: list[str], passphrase: Path
) -> None:
    service = config(compose, passphrase)["services"]["concord"]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert [port["host_ip"] for port in service["ports"]] == ["127.0.0.1"]
    assert PASSPHRASE not in json.dumps(service), "it is never in the environment itself"


@pytest.fixture
def consortium(compose: list[str], passphrase: Path) -> Any:
    return config(compose, passphrase, CONSORTIUM_FILE, profiles=list(PARTS))


@pytest.mark.slow
def test_the_consortium_publishes_the_service_alone(consortium: Any) -> None:
    published = {
        name: [port["target"] for port in service["ports"]]
        for name, service in consortium["services"].items()
        if service.get("ports")
    }
    assert published == {"concord": [8080]}
    networks = consortium["networks"]
    assert networks["chain"]["internal"] is True
    assert networks["backend"]["internal"] is True
    assert set(consortium["services"]["concord"]["networks"]) == {"backend", "front"}
    for name in VALIDATORS:
        assert set(consortium["services"][name]["networks"]) == {"chain"}
        assert consortium["services"][name]["environment"]["BESU_RPC_HTTP_HOST"] == "127.0.0.1"


@pytest.mark.slow
def test_each_node_of_the_consortium_holds_its_own_key_and_stands_where_the_others_look(
    consortium: Any,
) -> None:
    services = consortium["services"]
    named = dict(
        argument.split("=", 1)[1].split("=")
        for argument in services["network"]["command"]
        if argument.startswith(("--validator=", "--node="))
    )
    assert set(named) == {*VALIDATORS, "rpc"}
    for name, host in named.items():
        node = services[name]
        assert node["networks"]["chain"]["ipv4_address"] == host
        assert node["environment"]["BESU_P2P_HOST"] == host
        assert node["environment"]["BESU_MIN_GAS_PRICE"] == "0"
        mounts = {mount["source"]: mount.get("read_only", False) for mount in node["volumes"]}
        assert mounts == {"network": True, name: False}


@pytest.mark.slow
def test_the_consortiums_service_starts_once_its_contracts_stand(consortium: Any) -> None:
    services = consortium["services"]
    waits = services["concord"]["depends_on"]
    assert waits["founding"]["condition"] == "service_completed_successfully"
    for part in ("postgres", "kubo", "rpc"):
        assert waits[part]["condition"] == "service_healthy"
        assert services[part]["healthcheck"]["test"]
        assert services["founding"]["depends_on"][part]["condition"] == "service_healthy"
    for service in (services["concord"], services["founding"]):
        settings = service["environment"]
        assert settings["CONCORD_DATABASE_URL"].startswith("postgresql://concord@postgres/")
        assert settings["CONCORD_CHAIN_URL"] == "http://rpc:8545"
        assert settings["CONCORD_CONTENT_URL"] == "ipfs+http://kubo:5001"
        assert service["read_only"] is True
        assert {mount["target"] for mount in service["volumes"]} == {"/data", "/run/database"}


@pytest.mark.slow
@pytest.mark.parametrize("elsewhere", PARTS)
def test_a_part_that_runs_elsewhere_is_named_and_not_started(
    compose: list[str], passphrase: Path, elsewhere: str
) -> None:
    setting, address, parts = PARTS[elsewhere]
    here = [profile for profile in PARTS if profile != elsewhere]

    services = config(compose, passphrase, CONSORTIUM_FILE, profiles=here, **{setting: address})[
        "services"
    ]

    assert not parts & set(services)
    assert {part for profile in here for part in PARTS[profile][2]} < set(services)
    for service in (services["concord"], services["founding"]):
        assert service["environment"][setting] == address
        assert "front" in service["networks"], "what is elsewhere has to be reached"


@pytest.mark.slow
def test_a_consortium_that_has_everything_elsewhere_runs_the_service_alone(
    compose: list[str], passphrase: Path
) -> None:
    settings = {setting: address for setting, address, _ in PARTS.values()}
    services = config(compose, passphrase, CONSORTIUM_FILE, **settings)["services"]
    assert set(services) == {"concord", "founding"}


@pytest.mark.slow
def test_everything_that_the_consortium_keeps_is_in_a_named_volume_and_its_images_are_pinned(
    consortium: Any,
) -> None:
    assert {"data", "postgres", "kubo", "rpc", "network", *VALIDATORS} <= set(consortium["volumes"])
    for service in consortium["services"].values():
        assert service["image"].partition(":")[2] not in {"", "latest"}
        for mount in service["volumes"]:
            assert mount["type"] == "volume"


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


def test_the_image_has_installed_whatever_its_settings_may_ask_for() -> None:
    """A database, a content store: each is an extra, and the image is built from this lock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = {
        line.partition("==")[0]
        for line in (ROOT / "locks" / "app.lock").read_text().splitlines()
        if "==" in line
    }
    for extra, requirements in project["optional-dependencies"].items():
        for requirement in requirements:
            name = re.match(r"[A-Za-z0-9-]+", requirement)
            assert name is not None
            assert name[0] in locked, f"{requirement} of the extra {extra}"
