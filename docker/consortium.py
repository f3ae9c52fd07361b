# ruff: noqa: INP001 (a script of the image)
"""Makes what a permissioned network of Besu nodes and the service on top of it start from.

Answers for: one secp256k1 key a node, the genesis block of a QBFT network without fees, the lists
of static and of permitted nodes, and the database's password.

Rules:
- A key, a password and a genesis block are made once and never again. What follows from them and
  from the nodes' addresses is written anew by each run, so a node can move.
- Keys and passwords are files of mode 0600 in one folder for each that reads them; nothing prints
  them. What the nodes share is public.
- A genesis block of other validators than those whose keys are there is refused, not replaced:
  it is another chain.

`extraData` is RLP([vanity, [validators], [votes], round, [seals]]) as Besu's page "Configure QBFT
consensus" has it: 32 zero bytes, ascending addresses, and neither votes nor seals in round 0.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import rlp
from eth_keys.datatypes import PrivateKey

P2P_PORT = 30_303
BLOCK_SECONDS = 2
GAS_LIMIT = 60_000_000
"""Of a block. The contracts are deployed one in a transaction, each well below this."""

BFT_MIX_HASH = "0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365"
"""Marks a block of Istanbul's family; Besu wants it in the genesis block."""

NO_ADDRESS = "0x" + 40 * "0"
NO_HASH = "0x" + 64 * "0"
VANITY = bytes(32)
MIN_VALIDATORS = 4
"""Fewer do not outlast the failure of one."""


class NetworkDiffers(ValueError):
    """The genesis block that is there is of other validators, or of another chain id."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the network.

    Attributes:
        name: of the folder that holds its key.
        host: IP address that the other nodes reach it at.
        key: its secp256k1 key; the address of it is what a validator signs as.
    """

    name: str
    host: str
    key: PrivateKey

    @property
    def address(self) -> bytes:
        """20 bytes."""
        address: bytes = self.key.public_key.to_canonical_address()
        return address

    @property
    def enode(self) -> str:
        """URL that other nodes find and know it by."""
        return f"enode://{self.key.public_key.to_hex()[2:]}@{self.host}:{P2P_PORT}"


def extra_data(validators: Sequence[bytes]) -> str:
    """`extraData` of a QBFT genesis block, 0x-hex; `validators` are addresses of 20 bytes."""
    encoded: bytes = rlp.encode([VANITY, sorted(validators), [], b"", []])
    return "0x" + encoded.hex()


def genesis(validators: Sequence[bytes], *, chain_id: int, timestamp: int) -> dict[str, object]:
    """The genesis block of a network without fees: nobody has coins, and nobody needs any.

    Args:
        validators: addresses, 20 bytes each.
        chain_id: EIP-155.
        timestamp: seconds since the epoch.
    """
    return {
        "config": {
            "chainId": chain_id,
            "berlinBlock": 0,
            "londonBlock": 0,
            # The contracts are compiled for Cancun.
            "shanghaiTime": 0,
            "cancunTime": 0,
            "zeroBaseFee": True,
            "qbft": {
                "blockperiodseconds": BLOCK_SECONDS,
                "epochlength": 30_000,
                "requesttimeoutseconds": 2 * BLOCK_SECONDS,
            },
        },
        "nonce": "0x0",
        "timestamp": hex(timestamp),
        "extraData": extra_data(validators),
        "gasLimit": hex(GAS_LIMIT),
        "baseFeePerGas": "0x0",
        "difficulty": "0x1",
        "mixHash": BFT_MIX_HASH,
        "coinbase": NO_ADDRESS,
        "parentHash": NO_HASH,
        "alloc": {},
    }


def _write(path: Path, text: str, mode: int) -> None:
    """Under its name only once it is complete, on disk, and of this mode."""
    partial = path.with_name(path.name + ".new")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)


def _secret(path: Path, make: Callable[[], str]) -> str:
    """The secret that is there; else a new one."""
    if not path.exists():
        _write(path, make() + "\n", 0o600)
    path.chmod(0o600)
    return path.read_text(encoding="utf-8").strip()


def _node(folder: Path, name: str, host: str, randomness: Callable[[int], bytes]) -> Node:
    def make() -> str:
        key: str = PrivateKey(randomness(32)).to_hex()
        return key

    (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    secret = _secret(folder / name / "key", make)
    return Node(name, host, PrivateKey(bytes.fromhex(secret.removeprefix("0x"))))


def _genesis(
    path: Path,
    validators: Sequence[Node],
    chain_id: int | None,
    *,
    clock: Callable[[], float],
    randomness: Callable[[int], bytes],
) -> None:
    addresses = [node.address for node in validators]
    if not path.exists():
        # EIP-2294 bounds chain ids; a random one is on no list of known chains.
        made = genesis(
            addresses,
            chain_id=chain_id or 2**31 + int.from_bytes(randomness(4), "big") % 2**31,
            timestamp=int(clock()),
        )
        _write(path, json.dumps(made, indent=2) + "\n", 0o644)
        return
    stands = json.loads(path.read_text(encoding="utf-8"))
    if stands["extraData"] != extra_data(addresses):
        raise NetworkDiffers(
            f"{path} is of other validators than those named here. Validators are added and "
            "removed by a vote of those that there are (qbft_proposeValidatorVote)."
        )
    if chain_id not in (None, stands["config"]["chainId"]):
        raise NetworkDiffers(
            f"{path} is of chain {stands['config']['chainId']}, not {chain_id}; a chain keeps its "
            "id."
        )


def make_network(
    folder: Path,
    *,
    validators: Mapping[str, str],
    others: Mapping[str, str],
    chain_id: int | None,
    clock: Callable[[], float] = time.time,
    randomness: Callable[[int], bytes] = secrets.token_bytes,
) -> list[Node]:
    """Make what is missing of a network.

    Args:
        folder: gets `network/` with the public files, and `NAME/key` for each node.
        validators: host by name.
        others: likewise, of nodes that follow the chain and make no blocks.
        chain_id: of a new network; random where it is None.
        clock: seconds since the epoch, of a new genesis block.
        randomness: gives n random bytes.

    Raises:
        ValueError: too few validators.
        NetworkDiffers: there is another network.
    """
    if len(validators) < MIN_VALIDATORS:
        raise ValueError(f"QBFT needs {MIN_VALIDATORS} validators to outlast the failure of one")
    public = folder / "network"
    public.mkdir(mode=0o755, parents=True, exist_ok=True)
    making = [_node(folder, name, host, randomness) for name, host in validators.items()]
    nodes = making + [_node(folder, name, host, randomness) for name, host in others.items()]
    _genesis(public / "genesis.json", making, chain_id, clock=clock, randomness=randomness)
    enodes = [node.enode for node in nodes]
    _write(public / "static-nodes.json", json.dumps(enodes, indent=2) + "\n", 0o644)
    # JSON's lists of plain strings are TOML's.
    _write(public / "permissions.toml", f"nodes-allowlist={json.dumps(enodes)}\n", 0o644)
    return nodes


def make_database_secrets(folder: Path) -> None:
    """`postgres/password` for the database, `concord/pgpass` for those who connect to it."""
    for name in ("postgres", "concord"):
        (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    password = _secret(folder / "postgres" / "password", lambda: secrets.token_hex(32))
    _write(folder / "concord" / "pgpass", f"*:*:*:*:{password}\n", 0o600)


def _give(folder: Path, owner: int) -> None:
    for path in (folder, *folder.iterdir()):
        # What a running node keeps beside its key is its own already.
        if path == folder or path.name in ("key", "pgpass"):
            os.chown(path, owner, owner)


def _named_host(text: str) -> tuple[str, str]:
    name, _, host = text.partition("=")
    if not name.isalnum():
        raise argparse.ArgumentTypeError(f"{text!r}: want NAME=ADDRESS")
    return name, str(ipaddress.IPv4Address(host))


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Make the keys and the genesis of a network.")
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--validator", type=_named_host, action="append", required=True, metavar="NAME=ADDRESS"
    )
    parser.add_argument(
        "--node", type=_named_host, action="append", default=[], metavar="NAME=ADDRESS"
    )
    parser.add_argument("--chain-id", type=int)
    parser.add_argument("--node-owner", type=int, help="user id that the nodes run as")
    parser.add_argument("--service-owner", type=int, help="user id that the service runs as")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    asked = _arguments(arguments)
    try:
        nodes = make_network(
            asked.folder,
            validators=dict(asked.validator),
            others=dict(asked.node),
            chain_id=asked.chain_id,
        )
    except ValueError as error:
        print(f"consortium: {error}", file=sys.stderr)
        return 1
    make_database_secrets(asked.folder)
    if asked.node_owner is not None:
        for node in nodes:
            _give(asked.folder / node.name, asked.node_owner)
    if asked.service_owner is not None:
        _give(asked.folder / "concord", asked.service_owner)
    for node in nodes:
        print(f"{node.name}: 0x{node.address.hex()} at {node.host}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
