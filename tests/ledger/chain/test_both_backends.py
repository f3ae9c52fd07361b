"""What governance relies on, on the embedded node and on anvil alike."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from eth_account import Account
from eth_hash.auto import keccak
from web3 import Web3
from web3.exceptions import ContractCustomError, ContractLogicError, ContractPanicError

from ledger.chain.chain import Cursor
from ledger.chain.encoding import data
from ledger.chain.errors import (
    BlockUnknown,
    ChainReorganised,
    ExecutionReverted,
    TransactionFailed,
)
from ledger.chain.signing import TransactionDraft
from ledger.chain.values import TransactionReceipt
from tests.ledger.chain.probe import PROBE_ABI, PROBE_CODE, Probe, probe_call, probe_error
from tests.support.chains import CHAIN_ID, Backend

STAMPED = keccak(b"Stamped(address,uint256,uint256)")


def test_a_contract_is_deployed_and_keeps_what_is_written(probe: Probe) -> None:
    assert probe.chain.code(probe.address)
    receipt = probe.send("stamp")
    assert receipt.succeeded
    assert receipt.to == probe.address
    assert receipt.sender == probe.operator.address
    assert probe.number("serial") == 1
    (log,) = receipt.logs
    assert (log.address, log.topics[0]) == (probe.address, STAMPED)
    assert log.transaction_hash == receipt.transaction_hash


def test_the_chain_id_is_the_configured_one_for_users_and_for_contracts(
    backend: Backend, probe: Probe
) -> None:
    assert backend.chain.chain_id == CHAIN_ID
    types = ["uint256"] * 5 + ["address"]
    assert probe.call("environment", types=types)[2] == CHAIN_ID


def test_a_contract_sees_the_very_timestamp_that_is_sealed(backend: Backend, probe: Probe) -> None:
    for pause in (0, 1, 86_400):
        backend.move_time(pause)
        receipt = probe.send("stamp")
        sealed = backend.chain.block(receipt.block_number).timestamp
        assert probe.number("lastTime") == sealed
        assert int.from_bytes(receipt.logs[0].data, "big") == sealed


def test_a_call_sees_time_pass(backend: Backend, probe: Probe) -> None:
    types = ["uint256"] * 5 + ["address"]
    before = probe.call("environment", types=types)[0]
    backend.move_time(7 * 86_400)
    assert 0 <= probe.call("environment", types=types)[0] - before - 7 * 86_400 <= 5


def test_what_would_revert_is_refused_with_the_contracts_error(probe: Probe) -> None:
    before = probe.chain.head().number
    with pytest.raises(ExecutionReverted) as caught:
        probe.send("stampExactly", 7)
    assert probe_error(caught.value.output) == (7, "out of turn")
    assert probe.chain.head().number == before


def test_a_refused_transaction_uses_no_nonce(probe: Probe) -> None:
    with pytest.raises(ExecutionReverted):
        probe.send("stampExactly", 7)
    assert probe.send("stamp").succeeded
    assert probe.number("serial") == 1


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        ("complain", ["a reason"], "execution reverted: a reason"),
        ("divide", [1, 0], "panic"),
        ("revertSilently", [], "execution reverted"),
        ("refuse", [42, "no"], "execution reverted"),
    ],
)
def test_a_call_that_reverts_says_why(
    probe: Probe, function: str, arguments: list[object], message: str
) -> None:
    with pytest.raises(ExecutionReverted) as caught:
        probe.chain.call(probe.address, probe_call(function, *arguments))
    assert message in str(caught.value).lower()
    if function == "refuse":
        assert probe_error(caught.value.output) == (42, "no")


def test_web3_decodes_each_kind_of_revert(probe: Probe) -> None:
    contract = probe.chain.web3.eth.contract(Web3.to_checksum_address(probe.address), abi=PROBE_ABI)
    with pytest.raises(ContractCustomError) as custom:
        contract.functions.refuse(42, "no").call()
    assert probe_error(bytes.fromhex(str(custom.value.data)[2:])) == (42, "no")
    with pytest.raises(ContractLogicError, match="a reason"):
        contract.functions.complain("a reason").call()
    with pytest.raises(ContractPanicError):
        contract.functions.divide(1, 0).call()
    with pytest.raises(ContractLogicError):
        contract.functions.revertSilently().call()
    with pytest.raises(ContractCustomError):
        contract.functions.refuse(1, "estimate").estimate_gas()


def test_many_threads_send_for_one_account_and_every_nonce_is_used_once(
    backend: Backend, probe: Probe
) -> None:
    barrier = threading.Barrier(16)

    def stamp(_: int) -> TransactionReceipt:
        barrier.wait()
        return probe.send("stamp")

    with ThreadPoolExecutor(16) as pool:
        receipts = list(pool.map(stamp, range(16)))
    assert all(receipt.succeeded for receipt in receipts)
    assert len({receipt.transaction_hash for receipt in receipts}) == 16
    assert probe.number("serial") == 16
    nonce = backend.request("eth_getTransactionCount", data(probe.operator.address), "latest")
    assert nonce == hex(17)


def test_of_many_sent_together_only_the_one_that_reverts_is_refused(probe: Probe) -> None:
    drafts = [probe.draft("note", bytes(32), number, 1) for number in range(8)]
    drafts[3] = probe.draft("refuse", 3, "not this one")
    outcomes = probe.chain.send_many(drafts, probe.operator)
    assert [isinstance(each, TransactionReceipt) for each in outcomes] == [
        number != 3 for number in range(8)
    ]
    assert isinstance(outcomes[3], ExecutionReverted)
    assert probe_error(outcomes[3].output) == (3, "not this one")
    numbers = [
        int.from_bytes(log.data, "big")
        for each in outcomes
        if isinstance(each, TransactionReceipt)
        for log in each.logs
    ]
    assert numbers == [0, 1, 2, 4, 5, 6, 7]
    assert probe.send("stamp").succeeded


def test_sending_nothing_sends_nothing(backend: Backend) -> None:
    assert backend.chain.send_many([], backend.operator) == []


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_each_type_of_transaction_is_accepted_and_read_back(backend: Backend, kind: int) -> None:
    account = Account.from_key(backend.new_account().key.to_bytes())
    web3 = backend.chain.web3
    fees = (
        {"maxFeePerGas": 3 * 10**9, "maxPriorityFeePerGas": 10**9}
        if kind == 2
        else {"gasPrice": 3 * 10**9}
    )
    key = data((5).to_bytes(32, "big"))
    access = {"accessList": [{"address": account.address, "storageKeys": [key]}]} if kind else {}
    signed = account.sign_transaction(
        {
            "chainId": CHAIN_ID,
            "nonce": 0,
            "to": None,
            "data": data(PROBE_CODE),
            "value": 0,
            "gas": 3_000_000,
            **({"type": kind} if kind else {}),
            **fees,
            **access,
        }
    )
    sent = web3.eth.send_raw_transaction(signed.raw_transaction)
    assert sent == signed.hash
    receipt = web3.eth.wait_for_transaction_receipt(sent)
    assert (receipt["status"], receipt["type"]) == (1, kind)
    found = web3.eth.get_transaction(sent)
    assert (found["from"], found["nonce"], found["type"]) == (account.address, 0, kind)
    assert (found["v"], int(found["r"].hex(), 16)) == (signed.v, signed.r)
    if kind:
        assert [entry["address"] for entry in found["accessList"]] == [account.address]
    block = web3.eth.get_block(receipt["blockNumber"], full_transactions=True)
    assert block["transactions"][0] == found


def test_a_used_nonce_is_refused(backend: Backend) -> None:
    account = Account.from_key(backend.new_account().key.to_bytes())
    fields = {"chainId": CHAIN_ID, "nonce": 0, "to": account.address, "gas": 21_000}
    fees = {"maxFeePerGas": 3 * 10**9, "maxPriorityFeePerGas": 10**9}
    provider = backend.chain.provider
    for value, message in ((0, None), (1, "nonce too low")):
        signed = account.sign_transaction({**fields, **fees, "value": value})
        response = provider.make_request("eth_sendRawTransaction", [data(signed.raw_transaction)])
        if message is None:
            assert "error" not in response
            backend.chain.web3.eth.wait_for_transaction_receipt(signed.hash)
        else:
            assert message in response["error"]["message"]


def test_a_failing_transaction_sent_with_its_own_gas_is_reported(backend: Backend) -> None:
    probe_receipt = backend.chain.send(TransactionDraft(None, PROBE_CODE), backend.operator)
    draft = TransactionDraft(
        probe_receipt.contract_address, probe_call("stampExactly", 7), gas=200_000
    )
    with pytest.raises((TransactionFailed, ExecutionReverted)):
        backend.chain.send(draft, backend.operator)
    assert backend.chain.send(TransactionDraft(None, PROBE_CODE), backend.operator).succeeded


def test_logs_are_read_once_each_in_order_however_small_the_steps(
    backend: Backend, probe: Probe
) -> None:
    other = Probe(
        probe.chain,
        probe.chain.send(TransactionDraft(None, PROBE_CODE), probe.operator).contract_address,
        probe.operator,
    )
    cursor = start = backend.chain.start(0)
    for number in range(6):
        probe.send("note", bytes(32), 10 * number, 3)
        other.send("stamp")
    taken = []
    while True:
        batch = backend.chain.read_logs(cursor, [probe.address], max_blocks=2)
        taken += batch.logs
        cursor = batch.cursor
        if batch.is_complete:
            break
    numbers = [int.from_bytes(log.data, "big") for log in taken]
    assert numbers == [10 * tens + ones for tens in range(6) for ones in range(3)]
    everything = backend.chain.read_logs(start, [])
    assert everything.cursor == cursor
    assert len(everything.logs) == 6 * 4
    assert backend.chain.read_logs(cursor, []).logs == ()


def test_a_cursor_on_a_block_that_never_was_is_a_reorganisation(backend: Backend) -> None:
    with pytest.raises(ChainReorganised):
        backend.chain.read_logs(Cursor(0, bytes(32)), [])
    with pytest.raises(BlockUnknown):
        backend.chain.start(1_000)


def test_a_receipt_is_found_by_hash_and_confirmed_at_once(backend: Backend, probe: Probe) -> None:
    receipt = probe.send("stamp")
    assert backend.chain.receipt(receipt.transaction_hash) == receipt
    assert backend.chain.is_confirmed(receipt)
    assert backend.chain.receipt(bytes(32)) is None


def test_blocks_link_to_their_parents(backend: Backend, probe: Probe) -> None:
    probe.send("stamp")
    head = backend.chain.head()
    assert backend.chain.block(head.number) == head
    assert backend.chain.block(head.number - 1).block_hash == head.parent_hash


def test_an_estimate_suffices_and_is_not_far_above_what_is_used(
    backend: Backend, probe: Probe
) -> None:
    for function, arguments in (
        ("stamp", []),
        ("note", [bytes(32), 0, 20]),
        ("fill", [0, 10, 1]),
        ("wantGas", [300_000]),
    ):
        call = {
            "from": data(probe.operator.address),
            "to": data(probe.address),
            "data": data(probe_call(function, *arguments)),
        }
        estimate = int(str(backend.request("eth_estimateGas", call)), 16)
        receipt = probe.chain.send(probe.draft(function, *arguments, gas=estimate), probe.operator)
        assert receipt.succeeded
        if function != "wantGas":
            assert estimate <= receipt.gas_used * 1.25 + 5_000


def test_history_is_kept(backend: Backend, probe: Probe) -> None:
    blocks = [probe.send("fill", 0, 1, value).block_number for value in (5, 6, 7)]
    position = keccak(bytes(32) + (2).to_bytes(32, "big"))
    for block, value in zip(blocks, (5, 6, 7), strict=True):
        assert (
            int.from_bytes(
                probe.chain.call(probe.address, probe_call("slots", 0), block=block), "big"
            )
            == value
        )
        stored = backend.request(
            "eth_getStorageAt", data(probe.address), data(position), hex(block)
        )
        assert int(str(stored), 16) == value
