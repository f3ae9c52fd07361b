"""Other people's clients on /rpc, over HTTP: ethers and cast (web3.py is in every other file)."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ledger.chain.connect import embedded
from ledger.chain.encoding import data
from ledger.chain.node import EmbeddedNode
from ledger.chain.provider import EmbeddedProvider
from ledger.chain.rpc import RpcEndpoint
from tests.ledger.chain.probe import deploy_probe
from tests.support.chains import (
    CHAIN_ID,
    anvil_chain,
    new_signer,
    require_foundry,
    require_node_package,
)

pytestmark = pytest.mark.anvil
_HERE = Path(__file__).parent


@pytest.fixture
def url(node: EmbeddedNode) -> Iterator[str]:
    """The node behind HTTP, as the service mounts it."""
    endpoint = RpcEndpoint(EmbeddedProvider(node))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            answer = endpoint.dispatch(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_ethers_deploys_sends_listens_and_understands_refusals(url: str) -> None:
    library = require_node_package("ethers") / "lib.esm" / "index.js"
    script, artifact = _HERE / "ethers_client.mjs", _HERE / "contracts" / "Probe.json"
    run = subprocess.run(
        ["node", str(script), url, library.as_uri(), str(artifact)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == {
        "chainId": CHAIN_ID,
        "status": 1,
        "fee": 0,
        "event": "Stamped",
        "stamped": 1,
        "heard": 7,
        "full": 1,
        "custom": {
            "code": "CALL_EXCEPTION",
            "reason": "ProbeRefused(uint256,string)",
            "revert": "ProbeRefused",
        },
        "reason": {"code": "CALL_EXCEPTION", "reason": "why", "revert": "Error"},
        "panic": {
            "code": "CALL_EXCEPTION",
            "reason": "Panic due to DIVIDE_BY_ZERO(18)",
            "revert": "Panic",
        },
        "funds": {"code": "INSUFFICIENT_FUNDS"},
        "nonce": {"code": "NONCE_EXPIRED"},
    }


def test_cast_calls_sends_and_shows_reverts(url: str, node: EmbeddedNode) -> None:
    cast = str(require_foundry("cast"))
    probe = deploy_probe(embedded(node), new_signer())
    address, key = data(probe.address), data(new_signer().key.to_bytes())

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [cast, *arguments, "--rpc-url", url],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert run("chain-id").stdout.strip() == str(CHAIN_ID)
    sent = run("send", "--private-key", key, address, "stamp()", "--json")
    assert json.loads(sent.stdout)["status"] == "0x1", sent.stderr
    assert run("call", address, "serial()(uint256)").stdout.strip() == "1"
    refused = run("call", address, "refuse(uint256,string)", "42", "no")
    assert "execution reverted" in refused.stderr
    assert "0xfb8da27c" in refused.stderr  # ProbeRefused(uint256,string)
    refused = run("send", "--private-key", key, address, "stampExactly(uint256)", "9")
    assert "execution reverted" in refused.stderr
    logs = json.loads(run("logs", "--from-block", "0", "--address", address, "--json").stdout)
    assert len(logs) == 1
    assert int(run("estimate", address, "stamp()").stdout) > 21_000
    assert int(json.loads(run("block", "latest", "--json").stdout)["baseFeePerGas"], 16) == 0


def test_our_own_chain_speaks_to_an_embedded_node_over_http(url: str, node: EmbeddedNode) -> None:
    """As an auditor's machine does with another's server."""
    chain = anvil_chain(url)
    probe = deploy_probe(chain, new_signer())
    assert probe.send("stamp").succeeded
    batch = chain.read_logs(chain.start(0), [probe.address])
    assert [log.address for log in batch.logs] == [probe.address]
    assert batch.cursor.block_hash == node.head().hash
