"""Chains to test with: the embedded node in a directory, and anvil in a process of its own.

Plain functions and context managers; a room's conftest makes fixtures of them. `open_backend`
gives either chain behind the same few operations, so that one test runs on both.

anvil is looked for in CONCORD_ANVIL, on PATH and where install_anvil.sh puts it. Without it the
tests that need it are skipped, except in CI, where they fail.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest
from eth_keys.datatypes import PrivateKey
from eth_typing import Address

from ledger.chain.chain import Chain
from ledger.chain.connect import connect, embedded
from ledger.chain.encoding import Json, data
from ledger.chain.node import EmbeddedNode
from ledger.chain.policy import SendingPolicy
from ledger.chain.requester import RetryPolicy
from ledger.chain.signing import KeySigner
from tests.support.peers import absent

CHAIN_ID = 31_337_000_001
BACKENDS = ["embedded", pytest.param("anvil", marks=pytest.mark.anvil)]
"""Parameters of a fixture that runs a test on both chains."""

_NODE_MODULES = "anvil-1.7.1/node_modules"
_FOUNDRY = "@foundry-rs/{0}-linux-amd64/bin/{0}"
_LISTENING = re.compile(r"Listening on (\S+)")
_RICH = 10**24  # wei


@dataclass(frozen=True, slots=True)
class Backend:
    """A chain under test.

    Attributes:
        name: "embedded" or "anvil".
        operator: an account that may send transactions and can pay for them.
    """

    name: str
    chain: Chain
    operator: KeySigner

    def new_account(self) -> KeySigner:
        """A fresh account that may send transactions and can pay for them."""
        signer = new_signer()
        if self.name == "anvil":
            self.request("anvil_setBalance", data(signer.address), hex(_RICH))
        return signer

    def move_time(self, seconds: int) -> None:
        """Let that many seconds pass on the chain, and seal a block so that everyone sees it."""
        self.request("evm_increaseTime", seconds)
        self.request("evm_mine")

    def reorganise(self, blocks: int) -> None:
        """Have anvil replace its last blocks by as many empty ones.

        Only on a chain of the test's own. After some 500 blocks, counting those that
        `evm_revert` took back, anvil moves states to disk. One that it goes back to from there
        has lost the code of all contracts: transactions to them succeed and do nothing.
        """
        self.request("anvil_reorg", blocks, [])

    def request(self, method: str, *arguments: Json) -> Json:
        """A JSON-RPC request as it is, for what `Chain` has no function for."""
        response = self.chain.provider.make_request(method, list(arguments))
        assert "error" not in response, response
        return response["result"]


def new_signer() -> KeySigner:
    """A fresh account; on anvil it has no coins."""
    return KeySigner(PrivateKey(secrets.token_bytes(32)))


def everyone(_: Address) -> bool:
    """Permits every sender."""
    return True


def embedded_node(
    directory: Path,
    *,
    chain_id: int = CHAIN_ID,
    is_permitted: Callable[[Address], bool] = everyone,
    clock: Callable[[], float] = time.time,
    development: bool = True,
) -> EmbeddedNode:
    """Open the embedded node in a directory; its chain is created if there is none."""
    if not (directory / "data.mdb").exists():
        EmbeddedNode.create(directory, chain_id=chain_id, timestamp=int(clock()))
    return EmbeddedNode.open(
        directory, is_permitted=is_permitted, clock=clock, development=development
    )


def embedded_chain(directory: Path, *, chain_id: int = CHAIN_ID) -> Chain:
    """A chain on the embedded node in a directory, in development mode, open to everyone."""
    return embedded(embedded_node(directory, chain_id=chain_id))


def node_modules() -> Path:
    """Where install_anvil.sh puts its packages, whether or not it ran."""
    cache = os.environ.get("CONCORD_TEST_CACHE", Path.home() / ".cache" / "concord-tests")
    return Path(cache) / _NODE_MODULES


def require_anvil() -> Path:
    """The anvil binary; without it the test is skipped, in CI it fails."""
    return require_foundry("anvil")


def require_foundry(program: str) -> Path:
    """A Foundry program: CONCORD_ANVIL and the like, PATH, or the cache; else as above."""
    cached = node_modules() / _FOUNDRY.format(program)
    candidates = [os.environ.get(f"CONCORD_{program.upper()}"), shutil.which(program), cached]
    found = next((Path(each) for each in candidates if each and Path(each).exists()), None)
    return found or _missing(program)


def require_node_package(name: str) -> Path:
    """The directory of an npm package that install_anvil.sh installed; else as above."""
    found = node_modules() / name
    return found if found.exists() and shutil.which("node") else _missing(name)


def _missing(what: str) -> NoReturn:
    absent(f"no {what}: run tests/support/install_anvil.sh")


@contextmanager
def start_anvil(*arguments: str, chain_id: int = CHAIN_ID) -> Iterator[str]:
    """Run anvil on a free port, with more arguments if any; yields its URL."""
    command = [
        *(str(require_anvil()), "--port", "0", "--chain-id", str(chain_id)),
        *("--hardfork", "prague", *arguments),
    ]
    # Left to itself, a killed anvil leaves the states of all its blocks behind: gigabytes a run.
    with (
        tempfile.TemporaryFile() as output,
        tempfile.TemporaryDirectory(prefix="concord-anvil-", ignore_cleanup_errors=True) as states,
    ):
        command += ["--cache-path", states, "--max-persisted-states", "16"]
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield f"http://{_wait_for_address(process, output.fileno())}"
        finally:
            process.kill()
            process.wait()


@contextmanager
def open_backend(name: str, directory: Path) -> Iterator[Backend]:
    """A fresh chain of either kind with a rich operator; the directory is the embedded one's."""
    if name == "embedded":
        chain = embedded_chain(directory / "chain")
        yield Backend(name, chain, new_signer())
        chain.close()
        return
    with start_anvil() as url:
        yield _funded(name, anvil_chain(url))


def anvil_chain(url: str, *, confirmations: int = 0, sending: SendingPolicy | None = None) -> Chain:
    """A chain on a node under test: few and quick attempts."""
    return connect(
        url,
        chain_id=CHAIN_ID,
        is_permitted=everyone,
        confirmations=confirmations,
        retry=RetryPolicy(attempts=3, first_pause_seconds=0.05, rest_seconds=0),
        sending=sending,
    )


def _funded(name: str, chain: Chain) -> Backend:
    operator = Backend(name, chain, new_signer()).new_account()
    return Backend(name, chain, operator)


def _wait_for_address(process: subprocess.Popen[bytes], output: int) -> str:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        found = _LISTENING.search(os.pread(output, 1 << 16, 0).decode(errors="replace"))
        if found:
            return found[1]
        time.sleep(0.005)
    pytest.fail(f"anvil did not start: {os.pread(output, 1 << 16, 0).decode(errors='replace')}")
