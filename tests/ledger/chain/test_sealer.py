"""Group sealing: together, in the right order, and nobody suffers for another's fault."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from ledger.chain import sealer
from ledger.chain.check import check_chain
from ledger.chain.connect import embedded
from ledger.chain.encoding import data
from ledger.chain.errors import (
    ChainStoreFailed,
    ExecutionReverted,
    NonceTooHigh,
    NonceTooLow,
    SealerBusy,
    TransactionKnown,
)
from ledger.chain.node import EmbeddedNode
from ledger.chain.signing import TransactionDraft
from tests.ledger.chain.probe import deploy_probe
from tests.support.chains import CHAIN_ID, embedded_node, new_signer


def transfer(account: LocalAccount, nonce: int, *, tag: int = 0) -> bytes:
    """A signed transaction that does nothing; the tag tells apart two with one nonce."""
    fields = {"chainId": CHAIN_ID, "nonce": nonce, "to": account.address, "value": 0}
    fees = {"gas": 21_000 + tag, "maxFeePerGas": 0, "maxPriorityFeePerGas": 0}
    return bytes(account.sign_transaction({**fields, **fees}).raw_transaction)


def check(node: EmbeddedNode) -> None:
    assert list(check_chain(node))[-1] == node.head().block_number


@pytest.fixture
def held(node: EmbeddedNode, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Blocks are held back until the event is set, so that a queue builds up."""
    release = threading.Event()
    build = node._sealer._build

    def wait_and_build(submissions: object) -> None:
        assert release.wait(30)
        build(submissions)

    monkeypatch.setattr(node._sealer, "_build", wait_and_build)
    return release


def wait_until_waiting(node: EmbeddedNode, count: int) -> None:
    with node._sealer._changed:
        assert node._sealer._changed.wait_for(
            lambda: len(node._sealer._waiting) == count, timeout=30
        )


def test_a_single_transaction_is_sealed_at_once(node: EmbeddedNode) -> None:
    account = Account.create()
    (outcome,) = node.send_raw([transfer(account, 0)])
    assert isinstance(outcome, bytes)
    assert node.head().block_number == 1


def test_what_arrives_during_a_block_shares_the_next_one(
    node: EmbeddedNode, held: threading.Event
) -> None:
    accounts = [Account.create() for _ in range(20)]
    with ThreadPoolExecutor(20) as pool:
        sent = [pool.submit(node.send_raw, [transfer(account, 0)]) for account in accounts]
        wait_until_waiting(node, 20)
        held.set()
        outcomes = [each.result()[0] for each in sent]
    assert all(isinstance(each, bytes) for each in outcomes)
    # The first thread's block was chosen before the others came; the rest is one block.
    assert node.head().block_number <= 2
    check(node)


def test_nonces_that_arrive_backwards_are_put_in_order(
    node: EmbeddedNode, held: threading.Event
) -> None:
    account = Account.create()
    with ThreadPoolExecutor(8) as pool:
        sent = [
            pool.submit(node.send_raw, [transfer(account, nonce)]) for nonce in reversed(range(8))
        ]
        wait_until_waiting(node, 8)
        held.set()
        assert all(isinstance(each.result()[0], bytes) for each in sent)
    assert node.nonce_of(bytes.fromhex(account.address[2:])) == 8
    check(node)


def test_a_nonce_ahead_of_its_turn_waits_for_the_missing_one(node: EmbeddedNode) -> None:
    account = Account.create()
    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(node.send_raw, [transfer(account, 1)])
        wait_until_waiting(node, 1)
        assert node.pending_nonce_of(bytes.fromhex(account.address[2:])) == 0
        (first,) = node.send_raw([transfer(account, 0)])
        (second,) = ahead.result()
    assert isinstance(first, bytes)
    assert isinstance(second, bytes)


def test_a_nonce_whose_turn_never_comes_is_refused(
    node: EmbeddedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealer, "NONCE_GAP_SECONDS", 0.05)
    account = Account.create()
    (outcome,) = node.send_raw([transfer(account, 3)])
    assert isinstance(outcome, NonceTooHigh)
    assert "next is 0" in str(outcome)
    assert node.head().block_number == 0
    assert not node._sealer._waiting


def test_waiting_transactions_count_in_the_pending_nonce(
    node: EmbeddedNode, held: threading.Event
) -> None:
    account = Account.create()
    address = bytes.fromhex(account.address[2:])
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(node.send_raw, [transfer(account, nonce) for nonce in range(3)])
        wait_until_waiting(node, 3)
        assert (node.nonce_of(address), node.pending_nonce_of(address)) == (0, 3)
        held.set()
        sent.result()
    assert (node.nonce_of(address), node.pending_nonce_of(address)) == (3, 3)


def test_two_transactions_with_one_nonce_leave_one_refused(node: EmbeddedNode) -> None:
    account = Account.create()
    first, second = node.send_raw([transfer(account, 0, tag=1), transfer(account, 0, tag=2)])
    assert isinstance(first, bytes)
    assert isinstance(second, NonceTooLow)
    check(node)


def test_the_same_transaction_twice_is_known_while_it_waits_and_used_up_after(
    node: EmbeddedNode,
) -> None:
    raw = transfer(Account.create(), 0)
    first, second = node.send_raw([raw, raw])
    assert isinstance(first, bytes)
    assert isinstance(second, TransactionKnown)
    (again,) = node.send_raw([raw])
    assert isinstance(again, NonceTooLow)


def test_more_than_a_block_holds_is_sealed_in_several(node: EmbeddedNode) -> None:
    account = Account.create()
    count = sealer.MAX_BLOCK_TRANSACTIONS + 10
    outcomes = node.send_raw([transfer(account, nonce) for nonce in range(count)])
    assert all(isinstance(each, bytes) for each in outcomes)
    assert node.head().block_number == 2
    check(node)


def test_a_full_queue_refuses_and_keeps_nothing(
    node: EmbeddedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealer, "MAX_WAITING", 3)
    account = Account.create()
    with pytest.raises(SealerBusy):
        node.send_raw([transfer(account, nonce) for nonce in range(4)])
    assert not node._sealer._waiting
    assert all(isinstance(each, bytes) for each in node.send_raw([transfer(account, 0)]))


def test_what_breaks_a_block_fails_alone(
    node: EmbeddedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the EVM's own, met with one transaction, must not take others along."""
    poison, innocents = Account.create(), [Account.create() for _ in range(6)]
    poisoned = transfer(poison, 0)
    build, release = node._sealer._build, threading.Event()

    def break_on_poison(submissions: object) -> None:
        assert release.wait(30)
        if any(data(each.sender) == poison.address.lower() for each in submissions):
            raise ZeroDivisionError("a fault in the machine")
        build(submissions)

    monkeypatch.setattr(node._sealer, "_build", break_on_poison)
    with ThreadPoolExecutor(7) as pool:
        bad = pool.submit(node.send_raw, [poisoned])
        good = [pool.submit(node.send_raw, [transfer(each, 0)]) for each in innocents]
        wait_until_waiting(node, 7)
        release.set()
        assert all(isinstance(each.result()[0], bytes) for each in good)
        with pytest.raises(ZeroDivisionError):
            bad.result()
    assert not node._sealer._waiting
    check(node)


def test_drafts_and_signed_transactions_of_one_account_mix(node: EmbeddedNode) -> None:
    probe = deploy_probe(embedded(node), new_signer())
    account = Account.from_key(probe.operator.key.to_bytes())
    drafts = [probe.draft("stamp"), probe.draft("refuse", 1, "no"), probe.draft("stamp")]
    first, refused, third = node.send_drafts(drafts, probe.operator)
    assert isinstance(first, bytes)
    assert isinstance(refused, ExecutionReverted)
    assert isinstance(third, bytes)
    (raw,) = node.send_raw([transfer(account, 3)])
    assert isinstance(raw, bytes)
    assert node.nonce_of(probe.operator.address) == 4
    check(node)


def test_a_refused_draft_leaves_the_state_root_as_it_was(node: EmbeddedNode) -> None:
    probe = deploy_probe(embedded(node), new_signer())
    twin = new_signer()
    before = node.head()
    (refused,) = node.send_drafts([probe.draft("refuse", 1, "no")], twin)
    assert isinstance(refused, ExecutionReverted)
    assert node.head() == before
    # In a block with others, too: their effects stay, the refused one's do not.
    outcomes = node.send_drafts(
        [
            probe.draft("fill", 0, 3, 9),
            probe.draft("stampExactly", 99),
            probe.draft("fill", 3, 3, 9),
        ],
        probe.operator,
    )
    assert [isinstance(each, bytes) for each in outcomes] == [True, False, True]
    assert [probe.number("slots", slot) for slot in range(7)] == [9] * 6 + [0]
    assert probe.number("serial") == 0
    check(node)


def test_a_draft_of_many_logs_after_a_refused_one_keeps_log_indexes_dense(
    node: EmbeddedNode,
) -> None:
    probe = deploy_probe(embedded(node), new_signer())
    drafts = [
        probe.draft("note", bytes(32), 0, 3),
        probe.draft("refuse", 1, "no"),
        probe.draft("note", bytes(32), 3, 2),
    ]
    probe.chain.send_many(drafts, probe.operator)
    logs = probe.chain.logs(0, probe.chain.head().number, [])
    assert [log.log_index for log in logs] == [0, 1, 2, 3, 4]
    assert [log.transaction_index for log in logs] == [0, 0, 0, 1, 1]


@pytest.mark.parametrize("is_written", [False, True])
def test_after_a_failed_commit_the_chain_goes_on_from_what_is_on_disk(
    node: EmbeddedNode, monkeypatch: pytest.MonkeyPatch, is_written: bool
) -> None:
    """Both forms: the failure lost the block, or it came after the block was on disk."""
    account = Account.create()
    write = node.store._write

    def fail(changes: object) -> None:
        if is_written:
            write(changes)
        raise ChainStoreFailed("the chain could not be written: I/O error")

    with monkeypatch.context() as patched:
        patched.setattr(node.store, "_write", fail)
        with pytest.raises(ChainStoreFailed):
            node.send_raw([transfer(account, 0)])
    (outcome,) = node.send_raw([transfer(account, 0)])
    assert isinstance(outcome, NonceTooLow if is_written else bytes)
    (following,) = node.send_raw([transfer(account, 1)])
    assert isinstance(following, bytes)
    check(node)


def test_closing_waits_for_the_block_being_sealed(tmp_path: Path) -> None:
    node = embedded_node(tmp_path / "closing")
    probe = deploy_probe(embedded(node), new_signer())
    building, build = threading.Event(), node._sealer._build

    def announce_and_build(submissions: object) -> None:
        building.set()
        build(submissions)

    node._sealer._build = announce_and_build
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(
            node.send_drafts, [TransactionDraft(probe.address, b"")] * 100, probe.operator
        )
        assert building.wait(30)
        node.close()
        assert all(isinstance(each, bytes) for each in sent.result())
    node = embedded_node(tmp_path / "closing")
    assert node.nonce_of(probe.operator.address) == 101
    node.close()
