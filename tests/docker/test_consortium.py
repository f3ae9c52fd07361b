"""The network that the consortium's job makes, read with other libraries than wrote it."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import rlp
from coincurve import PublicKey
from eth_account import Account
from rlp.sedes import Binary, CountableList
from rlp.sedes import List as RlpList

SCRIPT = Path(__file__).parents[2] / "docker" / "consortium.py"
HOSTS = {f"validator{number}": f"10.0.0.{number}" for number in range(1, 5)}
EXTRA_DATA = RlpList(
    [
        Binary.fixed_length(32),
        CountableList(Binary.fixed_length(20)),
        CountableList(Binary()),
        Binary(),
        CountableList(Binary()),
    ]
)


def make(
    folder: Path, hosts: dict[str, str] = HOSTS, *more: str
) -> subprocess.CompletedProcess[str]:
    named: Sequence[str] = [f"--validator={name}={host}" for name, host in hosts.items()]
    return subprocess.run(
        [sys.executable, SCRIPT, folder, *named, "--node=rpc=10.0.0.9", *more],
        capture_output=True,
        text=True,
        timeout=60,
    )


def secrets_of(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and path.parent.name != "network"
    }


def address_of(folder: Path, name: str) -> bytes:
    address: str = Account.from_key((folder / name / "key").read_text().strip()).address
    return bytes.fromhex(address[2:])


def test_the_genesis_names_the_addresses_of_the_validators_keys_and_no_others(
    tmp_path: Path,
) -> None:
    assert make(tmp_path).returncode == 0
    genesis = json.loads((tmp_path / "network" / "genesis.json").read_text())

    vanity, validators, votes, round_number, seals = rlp.decode(
        bytes.fromhex(genesis["extraData"][2:]), EXTRA_DATA
    )

    assert list(validators) == sorted(address_of(tmp_path, name) for name in HOSTS)
    assert (vanity, votes, round_number, seals) == (bytes(32), (), b"", ())
    # The example of Besu's page "Configure QBFT consensus", four validators likewise.
    assert genesis["extraData"].startswith("0xf87aa0" + 64 * "0" + "f85494")
    assert genesis["extraData"].endswith("c080c0")


def test_the_genesis_is_of_a_chain_without_fees_and_without_coins(tmp_path: Path) -> None:
    assert make(tmp_path, HOSTS, "--chain-id=4242").returncode == 0
    genesis = json.loads((tmp_path / "network" / "genesis.json").read_text())
    assert genesis["config"]["chainId"] == 4242
    assert genesis["config"]["zeroBaseFee"] is True
    assert int(genesis["baseFeePerGas"], 16) == 0
    assert genesis["alloc"] == {}


def test_the_lists_of_nodes_have_the_public_key_and_host_of_each(tmp_path: Path) -> None:
    assert make(tmp_path).returncode == 0
    expected = []
    for name, host in {**HOSTS, "rpc": "10.0.0.9"}.items():
        secret = bytes.fromhex((tmp_path / name / "key").read_text().strip()[2:])
        public = PublicKey.from_secret(secret).format(compressed=False)[1:]
        expected.append(f"enode://{public.hex()}@{host}:30303")
    network = tmp_path / "network"

    assert json.loads((network / "static-nodes.json").read_text()) == expected
    permitted = tomllib.loads((network / "permissions.toml").read_text())
    assert permitted == {"nodes-allowlist": expected}


def test_secrets_are_readable_by_their_owner_alone_and_are_not_printed(tmp_path: Path) -> None:
    result = make(tmp_path)
    secrets = secrets_of(tmp_path)
    assert set(secrets) == {
        "concord/pgpass",
        "postgres/password",
        "rpc/key",
        *(f"{name}/key" for name in HOSTS),
    }
    public = "".join(path.read_text() for path in (tmp_path / "network").iterdir())
    for name, secret in secrets.items():
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
        kept = secret.strip().removeprefix("0x").removeprefix("*:*:*:*:")
        assert len(kept) == 64
        assert kept not in result.stdout + result.stderr + public


def test_a_second_run_changes_nothing_but_the_addresses_of_nodes_that_moved(
    tmp_path: Path,
) -> None:
    assert make(tmp_path).returncode == 0
    secrets = secrets_of(tmp_path)
    genesis = (tmp_path / "network" / "genesis.json").read_bytes()

    assert make(tmp_path, {**HOSTS, "validator2": "10.9.9.9"}).returncode == 0

    assert secrets_of(tmp_path) == secrets
    assert (tmp_path / "network" / "genesis.json").read_bytes() == genesis
    assert "@10.9.9.9:30303" in (tmp_path / "network" / "static-nodes.json").read_text()


def test_other_validators_than_those_of_the_genesis_are_refused(tmp_path: Path) -> None:
    assert make(tmp_path).returncode == 0
    (tmp_path / "validator3" / "key").unlink()
    genesis = (tmp_path / "network" / "genesis.json").read_bytes()

    result = make(tmp_path)

    assert result.returncode == 1
    assert "other validators" in result.stderr
    assert (tmp_path / "network" / "genesis.json").read_bytes() == genesis


def test_another_chain_id_than_that_of_the_genesis_is_refused(tmp_path: Path) -> None:
    assert make(tmp_path, HOSTS, "--chain-id=4242").returncode == 0
    result = make(tmp_path, HOSTS, "--chain-id=4243")
    assert result.returncode == 1
    assert "4242" in result.stderr


def test_fewer_validators_than_outlast_one_failure_are_refused(tmp_path: Path) -> None:
    result = make(tmp_path, {"one": "10.0.0.1", "two": "10.0.0.2", "three": "10.0.0.3"})
    assert result.returncode == 1
    assert not (tmp_path / "network").exists()
