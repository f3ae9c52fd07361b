"""Calls and estimates: what they answer when contracts misbehave, and that they stay bounded."""

from __future__ import annotations

import hashlib
import threading

import pytest
from eth_hash.auto import keccak
from web3 import Web3

from ledger.chain import bounds
from ledger.chain.check import check_chain
from ledger.chain.connect import embedded
from ledger.chain.encoding import data
from ledger.chain.errors import ExecutionReverted, ExecutionTooLong
from ledger.chain.evm import TRANSACTION_GAS_LIMIT
from ledger.chain.failures import revert_reason
from ledger.chain.node import EmbeddedNode
from ledger.chain.provider import EmbeddedProvider
from ledger.chain.signing import TransactionDraft
from tests.ledger.chain.probe import PROBE_CODE, Probe, deploy_probe, probe_call
from tests.support.chains import new_signer


@pytest.fixture
def probe(node: EmbeddedNode) -> Probe:
    return deploy_probe(embedded(node), new_signer())


def ask(node: EmbeddedNode, method: str, *arguments: object) -> dict[str, object]:
    return dict(EmbeddedProvider(node).make_request(method, list(arguments)))


def call_object(probe: Probe, function: str, *arguments: object, **more: str) -> dict[str, str]:
    encoded = data(probe_call(function, *arguments))
    return {"to": data(probe.address), "data": encoded, **more}


def test_a_revert_carries_code_three_message_and_data(node: EmbeddedNode, probe: Probe) -> None:
    response = ask(node, "eth_call", call_object(probe, "refuse", 42, "no"), "latest")
    selector = keccak(b"ProbeRefused(uint256,string)")[:4].hex()
    error = response["error"]
    assert error["code"] == 3
    assert error["message"] == "execution reverted"
    assert error["data"].startswith(f"0x{selector}")
    response = ask(node, "eth_estimateGas", call_object(probe, "complain", "a reason"))
    assert response["error"]["message"] == "execution reverted: a reason"
    response = ask(node, "eth_call", call_object(probe, "revertSilently"), "latest")
    assert response["error"] == {"code": 3, "message": "execution reverted", "data": "0x"}


def test_reasons_that_do_not_decode_are_left_out() -> None:
    error = keccak(b"Error(string)")[:4]
    assert revert_reason(b"") is None
    assert revert_reason(error) is None
    assert revert_reason(error + bytes(31)) is None
    broken = error + (32).to_bytes(32, "big") + (2).to_bytes(32, "big") + b"\xff\xfe" + bytes(30)
    assert revert_reason(broken) is None
    assert revert_reason(keccak(b"Panic(uint256)")[:4] + (17).to_bytes(32, "big")) == (
        "panic code 0x11"
    )


def test_an_endless_loop_runs_out_of_gas(node: EmbeddedNode, probe: Probe) -> None:
    call = call_object(probe, "loopForever", gas=hex(500_000))
    response = ask(node, "eth_call", call, "latest")
    assert "out of gas" in response["error"]["message"]


def test_what_takes_too_long_is_refused_and_leaves_no_trace(
    node: EmbeddedNode, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loop with all the gas there is: as a call, an estimate, a draft and a transaction."""
    monkeypatch.setattr(bounds, "EXECUTION_SECONDS", 0.1)
    head = node.head()
    for method in ("eth_call", "eth_estimateGas"):
        response = ask(node, method, call_object(probe, "loopForever"))
        assert "execution timeout" in response["error"]["message"]
    draft = probe.draft("loopForever")
    (outcome,) = node.send_drafts([draft], probe.operator)
    assert isinstance(outcome, ExecutionTooLong)
    nonce = node.nonce_of(probe.operator.address)
    gas = TRANSACTION_GAS_LIMIT
    raw = probe.operator.sign(draft.with_nonce(chain_id=node.chain_id, nonce=nonce, gas=gas))
    (outcome,) = node.send_raw([raw])
    assert isinstance(outcome, ExecutionTooLong)
    assert node.head() == head
    assert probe.send("stamp").succeeded
    list(check_chain(node))


def test_others_in_the_block_do_not_suffer_from_what_takes_too_long(
    node: EmbeddedNode, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "EXECUTION_SECONDS", 0.1)
    drafts = [probe.draft("fill", 0, 2, 9), probe.draft("loopForever"), probe.draft("stamp")]
    outcomes = node.send_drafts(drafts, probe.operator)
    assert [isinstance(each, bytes) for each in outcomes] == [True, False, True]
    assert (probe.number("slots", 1), probe.number("serial")) == (9, 1)
    list(check_chain(node))


BN254_G1 = (1).to_bytes(32, "big") + (2).to_bytes(32, "big")


@pytest.mark.parametrize(
    ("contract", "input_", "message"),
    [
        (0x08, bytes(192 * 9), "limit is 1536 bytes"),
        (0x0C, bytes(160 * 33), "limit is 5120 bytes"),
        (0x0E, bytes(288 * 13), "limit is 3456 bytes"),
        (0x0F, bytes(384 * 5), "limit is 1536 bytes"),
        (0x09, (100_001).to_bytes(4, "big") + bytes(209), "limit is 100000 rounds"),
    ],
)
def test_a_precompiled_contract_is_not_given_minutes_of_work(
    node: EmbeddedNode, contract: int, input_: bytes, message: str
) -> None:
    call = {"to": data(contract.to_bytes(20, "big")), "data": data(input_)}
    assert message in ask(node, "eth_call", call)["error"]["message"]


@pytest.mark.parametrize(
    ("contract", "input_", "output"),
    [
        (0x02, b"abc", hashlib.sha256(b"abc").digest()),
        (0x06, BN254_G1 + bytes(64), BN254_G1),
        (0x08, b"", (1).to_bytes(32, "big")),
        (0x08, bytes(192 * 8), (1).to_bytes(32, "big")),
        (0x0F, bytes(384 * 4), (1).to_bytes(32, "big")),
        # EIP-152's test vector 5: BLAKE2b of "abc".
        (
            0x09,
            (12).to_bytes(4, "big")
            + bytes.fromhex(
                "48c9bdf267e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5"
                "d182e6ad7f520e511f6c3e2b8c68059b6bbd41fbabd9831f79217e1319cde05b"
            )
            + b"abc".ljust(128, b"\0")
            + (3).to_bytes(8, "little")
            + bytes(8)
            + b"\1",
            hashlib.blake2b(b"abc").digest(),
        ),
    ],
)
def test_precompiled_contracts_answer_within_their_bounds(
    node: EmbeddedNode, contract: int, input_: bytes, output: bytes
) -> None:
    call = {"to": data(contract.to_bytes(20, "big")), "data": data(input_)}
    assert ask(node, "eth_call", call)["result"] == data(output)


def test_jumps_into_data_are_refused_however_often_other_frames_have_run_the_code(
    node: EmbeddedNode,
) -> None:
    # They jump to where they are told. What follows PUSH2 are two bytes of data and one JUMPDEST,
    # what follows PUSH0 are three JUMPDESTs.
    returns_42 = bytes.fromhex("602a5f5260205ff3")
    jumps = bytes.fromhex("5f3556")  # PUSH0 CALLDATALOAD JUMP
    data_then_opcode = deploy(node, jumps + bytes.fromhex("615b5b5b") + returns_42)
    opcodes = deploy(node, jumps + bytes.fromhex("5f5b5b5b") + returns_42)
    for _ in range(2):
        for target, is_opcode in ((4, False), (6, True), (5, False), (7, False), (99, False)):
            answer = jump(node, data_then_opcode, target)
            assert ("result" in answer) == is_opcode, (target, answer)
        for target in (4, 5, 6):
            assert jump(node, opcodes, target)["result"] == data((42).to_bytes(32))


def deploy(node: EmbeddedNode, code: bytes) -> bytes:
    """The address of a new contract with that code."""
    size = bytes([len(code)])
    returns_it = b"\x60" + size + bytes.fromhex("600a5f3960") + size + bytes.fromhex("5ff3")
    created = embedded(node).send(TransactionDraft(None, returns_it + code), new_signer())
    assert created.contract_address is not None
    return created.contract_address


def jump(node: EmbeddedNode, to: bytes, target: int) -> dict[str, object]:
    call = {"to": data(to), "data": data(target.to_bytes(32))}
    return ask(node, "eth_call", call, "latest")


def test_deep_recursion_ends_in_the_evm_and_not_in_the_interpreter(
    node: EmbeddedNode, probe: Probe
) -> None:
    """Also on a thread, whose stack is smaller."""
    answers: list[dict[str, object]] = []

    def recurse() -> None:
        answers.append(ask(node, "eth_call", call_object(probe, "recurse", 5_000), "latest"))

    recurse()
    thread = threading.Thread(target=recurse)
    thread.start()
    thread.join()
    assert all("error" in each for each in answers)
    assert len(answers) == 2
    assert ask(node, "eth_call", call_object(probe, "recurse", 100), "latest")["result"] == data(
        (100).to_bytes(32, "big")
    )


def test_a_call_changes_nothing(node: EmbeddedNode, probe: Probe) -> None:
    head = node.head()
    assert "result" in ask(node, "eth_call", call_object(probe, "fill", 0, 5, 9), "latest")
    assert "result" in ask(node, "eth_estimateGas", call_object(probe, "fill", 0, 5, 9))
    assert probe.number("slots", 0) == 0
    assert node.head() == head


def test_a_creation_can_be_called_and_estimated(node: EmbeddedNode, probe: Probe) -> None:
    creation = {"data": data(PROBE_CODE)}
    assert ask(node, "eth_call", creation, "latest")["result"] == data(
        probe.chain.code(probe.address)
    )
    estimate = int(str(ask(node, "eth_estimateGas", creation)["result"]), 16)
    assert 500_000 < estimate < 2_000_000


def test_a_call_may_come_from_anyone_and_without_coins(node: EmbeddedNode, probe: Probe) -> None:
    sender = "0x" + "ab" * 20
    output = ask(node, "eth_call", call_object(probe, "environment", **{"from": sender}), "latest")
    assert str(output["result"]).endswith("ab" * 20)


def test_value_that_the_caller_does_not_have_is_refused(node: EmbeddedNode, probe: Probe) -> None:
    call = call_object(probe, "stamp", value="0x1")
    for method in ("eth_call", "eth_estimateGas"):
        assert "insufficient funds" in ask(node, method, call)["error"]["message"]


def test_an_estimate_for_a_contract_that_looks_at_its_gas_is_searched(
    node: EmbeddedNode, probe: Probe
) -> None:
    wanted = 900_000
    call = call_object(probe, "wantGas", wanted)
    estimate = int(str(ask(node, "eth_estimateGas", call)["result"]), 16)
    assert wanted < estimate < wanted * 1.1
    draft = probe.draft("wantGas", wanted, gas=estimate)
    assert probe.chain.send(draft, probe.operator).succeeded


def test_a_plain_transfer_costs_what_everyone_knows(node: EmbeddedNode) -> None:
    assert ask(node, "eth_estimateGas", {"to": "0x" + "ab" * 20})["result"] == hex(21_000)


def test_an_estimate_that_no_gas_suffices_for_says_so(node: EmbeddedNode, probe: Probe) -> None:
    call = call_object(probe, "wantGas", TRANSACTION_GAS_LIMIT)
    response = ask(node, "eth_estimateGas", call)
    assert response["error"]["message"] == "execution reverted: more gas, please"


def test_too_little_gas_for_the_data_is_refused(node: EmbeddedNode, probe: Probe) -> None:
    response = ask(node, "eth_call", call_object(probe, "stamp", gas=hex(21_000)), "latest")
    assert "intrinsic gas too low" in response["error"]["message"]


def test_a_contract_sees_the_hashes_of_past_blocks(node: EmbeddedNode, probe: Probe) -> None:
    for _ in range(3):
        probe.send("stamp")
    head = node.head()
    for number in range(head.block_number + 1):
        (found,) = probe.call("ancestor", number, types=["bytes32"])
        assert found == node.header_by_number(number).hash
    (unknown,) = probe.call("ancestor", head.block_number + 5, types=["bytes32"])
    assert unknown == bytes(32)


def test_gas_is_metered_and_never_charged(node: EmbeddedNode, probe: Probe) -> None:
    types = ["uint256"] * 5 + ["address"]
    base_fee, price = probe.call("environment", types=types)[3:5]
    assert (base_fee, price) == (0, 0)
    receipt = Web3(EmbeddedProvider(node)).eth.get_transaction_receipt(
        probe.send("stamp").transaction_hash
    )
    assert receipt["gasUsed"] > 21_000
    assert receipt["effectiveGasPrice"] == 0


def test_a_failing_signed_transaction_is_included_and_uses_its_nonce(
    node: EmbeddedNode, probe: Probe
) -> None:
    """As on any chain; only drafts, which are the operator's own, are left out."""
    draft = probe.draft("refuse", 1, "no")
    nonce = node.nonce_of(probe.operator.address)
    raw = probe.operator.sign(draft.with_nonce(chain_id=node.chain_id, nonce=nonce, gas=100_000))
    (outcome,) = node.send_raw([raw])
    assert isinstance(outcome, bytes)
    receipt = probe.chain.receipt(outcome)
    assert receipt is not None
    assert (receipt.succeeded, receipt.logs) == (False, ())
    assert node.nonce_of(probe.operator.address) == nonce + 1
    with pytest.raises(ExecutionReverted):
        probe.chain.send(draft, probe.operator)
