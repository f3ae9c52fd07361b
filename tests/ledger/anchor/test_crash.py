"""kill -9 between an anchor's transaction and its receipt, again and again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ledger.chain.connect import connect
from ledger.store.chains import list_anchors
from tests.support.anchoring import Registry, deploy_registry
from tests.support.chains import BACKENDS, Backend, everyone, open_backend
from tests.support.logs import LogUnderTest

ROOT = Path(__file__).resolve().parents[2]
ANCHORS_BEFORE_THE_KILL = (1, 3, 6)


@pytest.mark.slow
@pytest.mark.parametrize("name", BACKENDS)
def test_killed_at_any_time_the_anchorer_keeps_every_anchor_and_sends_none_twice(
    name: str, sqlite_ledger: LogUnderTest, tmp_path: Path
) -> None:
    sqlite_ledger.create().close()
    with open_backend(name, tmp_path) as backend:
        deployed = deploy_registry(backend)
        url = _url_of(backend, tmp_path)
        for seed, anchors in enumerate(ANCHORS_BEFORE_THE_KILL, 2):
            _run_until_killed(sqlite_ledger, deployed, url, seed, anchors)
        log = sqlite_ledger.open()
        chain = connect(
            url, chain_id=deployed.chain.chain_id, is_permitted=everyone, confirmations=0
        )
        reopened = Registry(chain, deployed.address, deployed.operator, 0)
        reopened.anchorer(log).anchor_now()
        kept = [
            (each.number, each.size, each.root) for each in reversed(list_anchors(log.database))
        ]
        logs = chain.logs(0, chain.head().number, [deployed.address])
        on_chain = [reopened.contract.read(entry) for entry in logs]
        assert kept == [(each.number, each.size, each.root) for each in on_chain]
        assert [number for number, _, _ in kept] == list(range(1, len(kept) + 1))
        assert kept[-1][1:] == (log.size, log.root)
        assert len(kept) >= sum(ANCHORS_BEFORE_THE_KILL)
        chain.close()


def _url_of(backend: Backend, folder: Path) -> str:
    if backend.name == "anvil":
        return str(backend.chain.provider.endpoint_uri)  # type: ignore[attr-defined]
    # One process has the chain open at a time.
    _ = backend.chain.chain_id
    copy = folder / "copy"
    copy.mkdir()
    (copy / "data.mdb").write_bytes((folder / "chain" / "data.mdb").read_bytes())
    return f"embedded:{copy}"


def _run_until_killed(
    ledger: LogUnderTest, deployed: Registry, url: str, seed: int, anchors: int
) -> None:
    arguments = [
        *(url, str(deployed.chain.chain_id), deployed.address.hex()),
        deployed.operator.key.to_bytes().hex(),
        ledger.database.writer.url.render_as_string(hide_password=False),
        *(str(ledger.last_signed), str(seed)),
    ]
    command = [sys.executable, "-m", "tests.support.anchoring_process", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [line for line, _ in zip(process.stdout, range(anchors), strict=False)]
        process.kill()
    assert len(lines) == anchors
