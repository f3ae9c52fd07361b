"""The committed bundle is what its sources and pinned libraries give, and hashes rightly."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import _hash_eip191_message, encode_defunct, encode_typed_data
from eth_utils import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from client import SigningKey, drafts
from client.trust import Trust
from client.wallets import prepare
from tests.support.peers import absent

SIGNER = Path(__file__).resolve().parents[2] / "dashboard" / "components" / "signer"


@pytest.mark.slow
def test_building_again_gives_the_committed_bundle(tmp_path: Path) -> None:
    if shutil.which("npm") is None:
        absent("this test needs Node and npm")
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
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle's sources with their libraries, for Node."""
    if shutil.which("npm") is None:
        absent("this test needs Node and npm")
    folder = tmp_path_factory.mktemp("signer")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(SIGNER / name, folder)
    shutil.copytree(SIGNER / "src", folder / "src")
    subprocess.run(["npm", "ci", "--silent"], cwd=folder, check=True, timeout=240)
    return folder


@pytest.fixture(scope="module")
def digest_script(sources: Path) -> Path:
    script = sources / "digests.js"
    script.write_text(
        'import { digestOf, bytesToHex } from "./src/typed_data.js";\n'
        'import { readFileSync } from "node:fs";\n'
        "const asked = JSON.parse(readFileSync(0));\n"
        "console.log(JSON.stringify(asked.map((t) => bytesToHex(digestOf(t)))));\n"
    )
    return script


@pytest.fixture(scope="module")
def transaction_script(sources: Path) -> Path:
    script = sources / "transactions-of.js"
    script.write_text(
        'import { signWith } from "./src/transactions.js";\n'
        'import { hexToBytes } from "./src/typed_data.js";\n'
        'import { readFileSync } from "node:fs";\n'
        "const asked = JSON.parse(readFileSync(0));\n"
        "const signed = asked.map((each) => signWith(hexToBytes(each.key), each.transaction));\n"
        "console.log(JSON.stringify(signed));\n"
    )
    return script


def as_answered(script: Path, asked: object) -> object:
    """What a script of the bundle's sources says to a question in JSON."""
    done = subprocess.run(
        ["node", str(script)], input=json.dumps(asked), text=True,
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    return json.loads(done.stdout)


QUANTITIES = st.integers(0, 2**64 - 1)
DATA = st.binary(max_size=2_000) | st.sampled_from(
    [b"", b"\x00", b"\x7f", b"\x80", bytes(55), bytes(56)]
)


@pytest.mark.slow
@settings(max_examples=5)
@given(
    cases=st.lists(
        st.fixed_dictionaries(
            {
                "nonce": QUANTITIES,
                "maxPriorityFeePerGas": st.just(0) | QUANTITIES,
                "gas": QUANTITIES,
                "value": st.just(0) | QUANTITIES,
                "data": DATA,
                "to": st.binary(min_size=20, max_size=20),
                "key": st.integers(1, 2**255),
            }
        ),
        min_size=1,
        max_size=40,
    )
)
def test_the_browser_signs_the_same_transactions_as_eth_account(
    transaction_script: Path, cases: list[dict[str, Any]]
) -> None:
    asked, expected = [], []
    for case in cases:
        key = case.pop("key").to_bytes(32)
        fields = case | {"chainId": 31_337_000_001, "maxFeePerGas": case["maxPriorityFeePerGas"]}
        signed = Account.sign_transaction({"type": 2, **fields}, key)
        expected.append(
            {
                "address": Account.from_key(key).address,
                "raw": "0x" + bytes(signed.raw_transaction).hex(),
                "hash": "0x" + bytes(signed.hash).hex(),
            }
        )
        asked.append({"key": key.hex(), "transaction": {n: quantity(v) for n, v in fields.items()}})
    assert as_answered(transaction_script, asked) == expected


def quantity(value: int | bytes) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else hex(value)


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
    assert as_answered(digest_script, asked) == [_digest(typed) for typed in asked]


def _digest(typed: dict[str, object]) -> str:
    message = encode_typed_data(full_message=typed)
    digest: str = keccak(b"\x19" + message.version + message.header + message.body).hex()
    return digest


@pytest.mark.slow
@settings(max_examples=5)
@given(messages=st.lists(st.text(max_size=300), min_size=1, max_size=20))
def test_the_browser_signs_the_same_messages_as_eth_account(
    sources: Path, messages: list[str]
) -> None:
    script = sources / "messages.js"
    script.write_text(
        'import { messageDigestOf, bytesToHex } from "./src/typed_data.js";\n'
        'import { readFileSync } from "node:fs";\n'
        "const asked = JSON.parse(readFileSync(0));\n"
        "console.log(JSON.stringify(asked.map((text) => bytesToHex(messageDigestOf(text)))));\n"
    )
    expected = [_hash_eip191_message(encode_defunct(text=text)).hex() for text in messages]
    assert as_answered(script, messages) == expected
