"""The committed bundle is what its sources and pinned libraries give, and hashes rightly."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from eth_account.messages import encode_typed_data
from eth_utils import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from client import SigningKey, drafts
from client.trust import Trust
from client.wallets import prepare

SIGNER = Path(__file__).resolve().parents[2] / "dashboard" / "components" / "signer"


@pytest.mark.slow
def test_building_again_gives_the_committed_bundle(tmp_path: Path) -> None:
    if shutil.which("npm") is None:
        pytest.fail("this test needs npm")
    subprocess.run(["sh", str(SIGNER / "build.sh"), str(tmp_path)], check=True, timeout=240)
    for name in ("signer.js", "LICENSES.txt"):
        assert (tmp_path / name).read_bytes() == (SIGNER / name).read_bytes(), name


def test_the_bundle_asks_no_network_for_anything() -> None:
    bundle = (SIGNER / "signer.js").read_text(encoding="utf-8")
    for reach in (
        "fetch(",
        "XMLHttpRequest",
        "WebSocket",
        "import(",
        "sendBeacon",
        "window.ethereum",
    ):
        assert reach not in bundle, reach


@pytest.fixture(scope="module")
def digest_script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("npm") is None:
        pytest.fail("this test needs npm")
    folder = tmp_path_factory.mktemp("typed-data")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(SIGNER / name, folder)
    shutil.copytree(SIGNER / "src", folder / "src")
    subprocess.run(["npm", "ci", "--silent"], cwd=folder, check=True, timeout=240)
    script = folder / "digests.js"
    script.write_text(
        'import { digestOf, bytesToHex } from "./src/typed_data.js";\n'
        'import { readFileSync } from "node:fs";\n'
        "const asked = JSON.parse(readFileSync(0));\n"
        "console.log(JSON.stringify(asked.map((t) => bytesToHex(digestOf(t)))));\n"
    )
    return script


@pytest.mark.slow
@settings(max_examples=5)
@given(names=st.lists(st.text("abcdefgh-", min_size=1, max_size=20), min_size=1, max_size=20))
def test_the_browser_signs_the_same_digest_as_eth_account(
    digest_script: Path, names: list[str]
) -> None:
    trust = Trust("ledger.test/concord", "key", 31_337_000_001)
    asked = [
        prepare(
            drafts.suspend_grant("g" + name, effective_at=1_790_000_000_000 + n),
            actor=SigningKey(bytes([n + 1]) * 32).address,
            trust=trust,
            issued_at=1_790_000_000_000 + n,
            random=lambda count: bytes(range(count)),
        ).typed_data
        for n, name in enumerate(names)
    ]
    done = subprocess.run(
        ["node", str(digest_script)], input=json.dumps(asked), text=True,
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    expected = [_digest(typed) for typed in asked]
    assert json.loads(done.stdout) == expected


def _digest(typed: dict[str, object]) -> str:
    message = encode_typed_data(full_message=typed)
    digest: str = keccak(b"\x19" + message.version + message.header + message.body).hex()
    return digest
