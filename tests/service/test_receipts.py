"""Receipts with anchors over HTTP, and every way of spoiling what somebody verifies."""

from __future__ import annotations

import base64
from collections.abc import Callable

import httpx
import orjson
import pytest

from governance.actions import canonical_address
from ledger.anchor import AnchorRegistry
from ledger.chain.connect import connect
from ledger.merkle import VerifierKey, parse_receipt
from ledger.merkle.receipts import verify_receipt
from service.dao import read_plan
from tests.service.assembly import AUDITOR, NEWCOMER, Json, ServedDao, admit, await_that
from tests.service.conftest import Served, problem_code

VERIFY = "/v1/proofs/verify"


def anchored(dao: ServedDao) -> Json:
    """A receipt with its anchor: of the first leaf."""
    await_that(lambda: dao.read("/v1/receipts/0")["anchor"] is not None)
    return dao.read("/v1/receipts/0")


def anchor_now(dao: ServedDao) -> None:
    """Anchors the present size."""
    answer = dao.http.post("/v1/anchors", json={}, headers=dao.bearer(AUDITOR))
    assert answer.status_code == 200, answer.text


def test_a_receipt_gains_its_anchor_and_the_chain_holds_that_root(dao: ServedDao) -> None:
    anchored(dao)
    before = dao.read("/v1/log")["size"]
    dao.propose(admit(NEWCOMER))
    await_that(lambda: dao.read("/v1/log")["size"] > before)
    path = f"/v1/receipts/{before}"
    plain = dao.read(path)
    assert plain["anchor"] is None
    verdict = dao.do(VERIFY, plain)
    assert (verdict["valid"], verdict["anchor"]) == (True, None)

    anchor_now(dao)
    await_that(lambda: dao.read(path)["anchor"] is not None)
    receipt = dao.read(path)
    anchor, log = receipt["anchor"], dao.read("/v1/log")
    assert anchor["size"] > before
    key = VerifierKey.parse(log["verifierKey"])
    verified = verify_receipt(parse_receipt(orjson.dumps(receipt)), [key])
    assert verified.index == before
    assert verified.anchor is not None
    verdict = dao.do(VERIFY, receipt)
    assert (verdict["valid"], verdict["index"]) == (True, before)
    assert verdict["anchor"] == "confirmed"
    # Said by the chain itself, at its own interface.
    plan = read_plan(dao.server.settings)
    chain = connect(
        f"{dao.server.url}/rpc", chain_id=plan.chain_id, is_permitted=lambda _: True,
        confirmations=0,
    )  # fmt: skip
    latest = AnchorRegistry(chain, canonical_address(plan.addresses.anchors)).latest()
    chain.close()
    assert (latest.size, latest.root) == (anchor["size"], base64.b64decode(anchor["root"]))
    told = dao.rpc("eth_getTransactionReceipt", anchor["transactionHash"])
    assert told["blockHash"] == anchor["blockHash"]
    assert told["to"].lower() == anchor["contract"].lower()
    # The one from before proves the same leaf still, and the oldest keeps its first anchor.
    assert dao.do(VERIFY, plain)["valid"] is True
    assert dao.read("/v1/receipts/0")["anchor"]["size"] <= before


def test_an_anchor_that_the_service_has_not_read_on_its_chain_is_told_as_unconfirmed(
    dao: ServedDao,
) -> None:
    receipt = anchored(dao)
    assert dao.do(VERIFY, receipt)["anchor"] == "confirmed"
    claims = {
        "chainId": 1,
        "contract": "0x" + "11" * 20,
        "blockNumber": receipt["anchor"]["blockNumber"] + 1,
        "blockHash": "0x" + "22" * 32,
        "transactionHash": "0x" + "22" * 32,
    }
    for name, claim in claims.items():
        verdict = dao.do(VERIFY, with_anchor(**{name: claim})(receipt))
        assert (verdict["valid"], verdict["anchor"]) == (True, "unconfirmed"), name


def flipped(text: str) -> str:
    """Base64 with one bit of what it stands for flipped."""
    content = bytearray(base64.b64decode(text))
    content[len(content) // 2] ^= 1
    return base64.b64encode(content).decode()


def line(number: int, becomes: Callable[[str], str]) -> Callable[[Json], Json]:
    """Changes one line of the proof."""

    def change(receipt: Json) -> Json:
        lines = receipt["proof"].split("\n")
        lines[number] = becomes(lines[number])
        return receipt | {"proof": "\n".join(lines)}

    return change


def with_anchor(**fields: object) -> Callable[[Json], Json]:
    """Changes fields of the anchor."""
    return lambda receipt: receipt | {"anchor": receipt["anchor"] | fields}


CORRUPTIONS: dict[str, Callable[[Json], Json]] = {
    "another leaf": lambda r: r | {"leaf": flipped(r["leaf"])},
    "an empty leaf": lambda r: r | {"leaf": ""},
    "a leaf that is no base64": lambda r: r | {"leaf": "*"},
    "another index": lambda r: r | {"index": r["index"] + 1},
    "an index below zero": lambda r: r | {"index": -1},
    "an index that is no integer": lambda r: r | {"index": 0.0},
    "an index beyond 2^53": lambda r: r | {"index": 2**63},
    "another version": lambda r: r | {"v": 2},
    "a field too many": lambda r: r | {"more": 1},
    "a field too few": lambda r: {k: v for k, v in r.items() if k != "anchor"},
    "a proof that is empty": lambda r: r | {"proof": ""},
    "a proof of another format": line(0, lambda _: "c2sp.org/tlog-proof@v9"),
    "another index in the proof": line(1, lambda text: text.replace("0", "1")),
    "a signature with a flipped bit": line(
        -2, lambda text: text.rpartition(" ")[0] + " " + flipped(text.rpartition(" ")[2])
    ),
    "no signature": lambda r: r | {"proof": r["proof"].rpartition("\n\u2014")[0] + "\n"},
    "an anchor's other root": lambda r: with_anchor(root=flipped(r["anchor"]["root"]))(r),
    "an anchor of a smaller tree": with_anchor(size=0),
    "an anchor of a larger tree": lambda r: with_anchor(size=r["anchor"]["size"] + 1)(r),
    "an anchor with a proof too many": with_anchor(consistency=["A" * 43 + "="]),
    "an anchor without a field": lambda r: r | {"anchor": {"size": 1}},
    "an anchor that is no object": lambda r: r | {"anchor": []},
}  # fmt: skip


def test_no_spoilt_receipt_is_valid(dao: ServedDao) -> None:
    receipt = anchored(dao)
    assert dao.do(VERIFY, receipt)["valid"] is True
    for name, corrupt in CORRUPTIONS.items():
        spoilt = corrupt(receipt)
        assert orjson.dumps(spoilt) != orjson.dumps(receipt), name
        answer = dao.post(VERIFY, spoilt)
        if answer.status_code == 400:
            assert problem_code(answer, 400) == "invalid-json", name
            continue
        assert answer.status_code == 200, name
        verdict = answer.json()
        assert (verdict["kind"], verdict["valid"]) == ("receipt", False), name
        assert verdict["problem"], name
        assert verdict["detail"], name
        assert verdict["index"] is None, name


@pytest.mark.slow
def test_no_byte_of_a_receipt_can_be_another(granted: Served) -> None:
    document = granted.get("/v1/receipts/1").content
    assert granted.post_bytes(VERIFY, document).json()["valid"] is True
    for position in range(0, len(document), 3):
        spoilt = bytearray(document)
        spoilt[position] ^= 1
        answer = granted.post_bytes(VERIFY, bytes(spoilt))
        assert answer.status_code in {200, 400}, position
        assert answer.json().get("valid") is not True, position


BUNDLE_CORRUPTIONS: dict[str, Callable[[Json], Json]] = {
    "another verdict": lambda b: b | {"answer": b["answer"] | {"verdict": "tainted"}},
    "a finding less": lambda b: b | {"answer": b["answer"] | {"coverages": []}},
    "an event less": lambda b: b | {"events": b["events"][:-1]},
    "an event twice": lambda b: b | {"events": [*b["events"], b["events"][-1]]},
    "another size": lambda b: b | {"answer": b["answer"] | {"size": b["answer"]["size"] - 1}},
    "another root": lambda b: b | {"answer": b["answer"] | {"root": flipped(b["answer"]["root"])}},
    "a field too many": lambda b: b | {"more": 1},
    "another version": lambda b: b | {"v": 2},
    "no answer": lambda b: b | {"answer": None},
}


def test_no_spoilt_bundle_is_valid(trained: Served) -> None:
    bundle = trained.get("/v1/models/tumours/versions/1/audit", bundle="true").json()
    assert trained.post(VERIFY, bundle).json()["valid"] is True
    for name, corrupt in BUNDLE_CORRUPTIONS.items():
        spoilt = corrupt(bundle)
        assert spoilt != bundle, name
        verdict = trained.post(VERIFY, spoilt).json()
        assert (verdict["kind"], verdict["valid"]) == ("bundle", False), name
        assert verdict["problem"], name
        assert verdict["verdict"] is None, name


def test_a_receipt_of_another_log_is_not_valid(granted: Served, dao: ServedDao) -> None:
    foreign = granted.get("/v1/receipts/1").json()
    verdict = dao.do(VERIFY, foreign)
    assert (verdict["valid"], verdict["problem"]) == (False, "no-known-signature")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid-json"),
        (b"{", "invalid-json"),
        (b"[]", "invalid-json"),
        (b"{}", "invalid-request"),
        (b'{"leaf": NaN}', "invalid-json"),
        (b'{"leaf": "", "leaf": ""}', "invalid-json"),
        (b'{"leaf": "\\ud800"}', "invalid-json"),
        (b'{"leaf": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "invalid-json"),
        (b'{"leaf": ' + b"9" * 10_000 + b"}", "invalid-json"),
    ],
)
def test_what_is_no_document_is_refused(served: Served, body: bytes, code: str) -> None:
    answer: httpx.Response = served.post_bytes(VERIFY, body)
    assert problem_code(answer, 400) == code
