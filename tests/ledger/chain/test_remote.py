"""Somebody else's node: down, wrong, lying, slow to include, reorganising."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from web3 import HTTPProvider

from ledger.chain.chain import Chain, ChainMoved, Cursor
from ledger.chain.connect import connect, embedded
from ledger.chain.encoding import Json, data
from ledger.chain.errors import (
    ChainAnswerInvalid,
    ChainMissing,
    ChainRefused,
    ChainReorganised,
    ChainUnavailable,
    ChainUrlInvalid,
    ExecutionReverted,
    FeeTooHigh,
    TransactionDisplaced,
    TransactionFailed,
    TransactionPending,
    WrongChain,
)
from ledger.chain.node import EmbeddedNode
from ledger.chain.policy import SendingPolicy
from ledger.chain.provider import EmbeddedProvider
from ledger.chain.requester import Requester, RetryPolicy
from ledger.chain.signing import TransactionDraft
from ledger.chain.values import ChainLog, TransactionReceipt
from tests.ledger.chain.adversary import Adversary, remote
from tests.ledger.chain.probe import Probe, deploy_probe
from tests.support.chains import (
    CHAIN_ID,
    Backend,
    anvil_chain,
    everyone,
    new_signer,
    start_anvil,
)
from tests.support.rpc_proxy import RpcProxy
from tests.support.waiting import await_that

QUICK = SendingPolicy(
    first_poll_seconds=0.001,
    longest_poll_seconds=0.01,
    replace_after_seconds=0.2,
    give_up_after_seconds=20,
)


@pytest.fixture
def adversary(node: EmbeddedNode) -> Adversary:
    """Before a node with a Probe that has written a few logs."""
    probe = deploy_probe(embedded(node), new_signer())
    for number in range(4):
        probe.send("note", bytes(32), number, 2)
    return Adversary(EmbeddedProvider(node))


@pytest.fixture
def anvil() -> Iterator[Backend]:
    """anvil alone."""
    with start_anvil() as url:
        bare = Backend("anvil", anvil_chain(url), new_signer())
        yield Backend("anvil", bare.chain, bare.new_account())


@pytest.fixture
def lazy_anvil() -> Iterator[tuple[Backend, Probe]]:
    """anvil that seals only when it is told to, with a Probe."""
    with start_anvil() as url:
        chain = anvil_chain(url, sending=QUICK)
        backend = Backend("anvil", chain, new_signer())
        backend = Backend("anvil", chain, backend.new_account())
        probe = deploy_probe(chain, backend.operator)
        backend.request("evm_setAutomine", False)
        yield backend, probe


# Down, or not what it should be


def test_an_outage_is_waited_out_with_growing_pauses(adversary: Adversary) -> None:
    pauses: list[float] = []
    chain = remote(adversary, attempts=6, pauses=pauses)
    adversary.outages = 5
    assert chain.head().number == 5
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2]


def test_a_chain_that_stays_down_is_named(adversary: Adversary) -> None:
    chain = remote(adversary)
    adversary.outages = 3
    with pytest.raises(ChainUnavailable, match="cannot be reached"):
        chain.head()
    assert chain.head().number == 5


def test_a_node_that_takes_too_long_to_fail_is_not_asked_again(adversary: Adversary) -> None:
    retry = RetryPolicy(attempts=5, patience_seconds=0, rest_seconds=0)
    requester = Requester(adversary, chain_id=None, retry=retry, sleep=lambda _: None)
    adversary.outages = 5
    with pytest.raises(ChainUnavailable, match="cannot be reached"):
        requester.ask("eth_blockNumber")
    assert len(adversary.asked) == 1


def test_a_url_where_nobody_listens_is_named_at_once() -> None:
    with pytest.raises(ChainUnavailable):
        connect("http://127.0.0.1:9", chain_id=None, is_permitted=everyone, sleep=lambda _: None)


def test_a_configured_chain_that_is_away_is_opened_and_each_use_says_so() -> None:
    chain = connect(
        "http://127.0.0.1:9", chain_id=CHAIN_ID, is_permitted=everyone, sleep=lambda _: None
    )
    assert chain.chain_id == CHAIN_ID
    with pytest.raises(ChainUnavailable):
        chain.head()


def test_a_node_that_is_down_is_left_alone_for_a_moment(adversary: Adversary) -> None:
    retry = RetryPolicy(attempts=2, rest_seconds=0.2)
    requester = Requester(adversary, chain_id=None, retry=retry, sleep=lambda _: None)
    adversary.outages = 2
    with pytest.raises(ChainUnavailable, match="cannot be reached"):
        requester.ask("eth_blockNumber")
    asked = len(adversary.asked)
    with pytest.raises(ChainUnavailable, match="a moment ago"):
        requester.ask("eth_blockNumber")
    assert len(adversary.asked) == asked
    await_that(lambda: answers(requester))


def test_a_node_that_is_down_is_tried_once_at_a_time_until_it_answers(
    adversary: Adversary,
) -> None:
    retry = RetryPolicy(attempts=3, rest_seconds=0)
    requester = Requester(adversary, chain_id=None, retry=retry, sleep=lambda _: None)
    for outages, asked in ((3, 3), (1, 1), (2, 1)):
        adversary.outages = outages
        before = len(adversary.asked)
        with pytest.raises(ChainUnavailable, match="cannot be reached"):
            requester.ask("eth_blockNumber")
        assert len(adversary.asked) == before + asked
    adversary.outages = 0
    adversary.refuse("eth_blockNumber", -32000, "not today")
    with pytest.raises(ChainRefused):
        requester.ask("eth_blockNumber")
    # A refusal is an answer: the next outage is waited out again.
    del adversary.rewrites["eth_blockNumber"]
    adversary.outages = 2
    assert requester.ask("eth_blockNumber") == "0x5"


def test_while_one_tries_a_node_that_hangs_all_others_are_told_at_once(
    adversary: Adversary,
) -> None:
    retry = RetryPolicy(attempts=1, rest_seconds=0)
    requester = Requester(adversary, chain_id=None, retry=retry, sleep=lambda _: None)
    adversary.outages = 1
    with pytest.raises(ChainUnavailable, match="cannot be reached"):
        requester.ask("eth_blockNumber")
    hangs, is_back = threading.Event(), threading.Event()

    def hang(response: Json) -> Json:
        hangs.set()
        assert is_back.wait(60)
        return response

    adversary.rewrites["eth_chainId"] = hang
    with ThreadPoolExecutor(1) as pool:
        tried = pool.submit(requester.ask, "eth_blockNumber")
        assert hangs.wait(60)
        for ask in (lambda: requester.ask("eth_blockNumber"), requester.check_chain):
            with pytest.raises(ChainUnavailable, match="a moment ago"):
                ask()
        is_back.set()
        assert tried.result(60) == "0x5"
    assert requester.ask("eth_blockNumber") == "0x5"


def answers(requester: Requester) -> bool:
    try:
        return requester.ask("eth_blockNumber") == "0x5"
    except ChainUnavailable:
        return False


@pytest.mark.parametrize("url", ["", "ws://node", "embedded", "file:///chain", "/some/where"])
def test_a_url_of_neither_kind_is_named(url: str) -> None:
    with pytest.raises(ChainUrlInvalid):
        connect(url, chain_id=None, is_permitted=everyone)


def test_an_embedded_chain_is_opened_by_its_url(tmp_path: Path) -> None:
    url = f"embedded:{tmp_path / 'chain'}"
    with pytest.raises(ChainMissing):
        connect(url, chain_id=None, is_permitted=everyone)
    EmbeddedNode.create(tmp_path / "chain", chain_id=CHAIN_ID, timestamp=1)
    with pytest.raises(WrongChain):
        connect(url, chain_id=CHAIN_ID + 1, is_permitted=everyone)
    chain = connect(url, chain_id=CHAIN_ID, is_permitted=everyone)
    assert (chain.chain_id, chain.confirmations) == (CHAIN_ID, 0)
    chain.close()


def test_another_chain_is_refused_before_anything_is_believed(adversary: Adversary) -> None:
    chain = remote(adversary, chain_id=CHAIN_ID + 1)
    with pytest.raises(WrongChain, match=str(CHAIN_ID)):
        chain.head()
    assert set(adversary.asked) == {"eth_chainId"}


def test_a_node_that_comes_back_as_another_chain_is_refused(adversary: Adversary) -> None:
    chain = remote(adversary, chain_id=CHAIN_ID)
    chain.head()
    adversary.answer("eth_chainId", "0x1")
    assert chain.head().number == 5
    adversary.outages = 1
    with pytest.raises(WrongChain):
        chain.head()


def test_refusals_keep_their_code(adversary: Adversary) -> None:
    adversary.refuse("eth_blockNumber", -32005, "slow down")
    with pytest.raises(ChainRefused, match="slow down") as caught:
        remote(adversary).confirmed_number()
    assert caught.value.rpc_code == -32005


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_revert_is_recognised_wherever_the_node_puts_its_data(
    adversary: Adversary, wrapped: bool
) -> None:
    output = "0x08c379a0" + "20".zfill(64) + "2".zfill(64) + "6e6f".ljust(64, "0")
    adversary.refuse("eth_call", -32603, "VM Exception", {"data": output} if wrapped else output)
    with pytest.raises(ExecutionReverted, match="execution reverted: no"):
        remote(adversary).call(bytes(20), b"")


# Lying


def first(change: str, value: object) -> object:
    return lambda logs: logs[0].update({change: value})


@pytest.mark.parametrize(
    "change",
    [
        lambda logs: logs.reverse(),
        lambda logs: logs.append(logs[-1]),
        first("address", "0x" + "99" * 20),
        first("blockNumber", "0x1"),
        first("blockNumber", "0x99"),
        first("blockHash", data(b"\x99" * 32)),
        first("blockHash", "0x99"),
        first("removed", True),
        first("topics", None),
        first("data", "0x1"),
        lambda logs: logs[0].pop("logIndex"),
    ],
)
def test_logs_that_do_not_fit_the_question_or_each_other_are_refused(
    adversary: Adversary, change: object
) -> None:
    chain = remote(adversary)
    logs = chain.logs(2, 5, [])
    adversary.alter("eth_getLogs", change)
    with pytest.raises(ChainAnswerInvalid):
        chain.logs(2, 5, [logs[0].address])


@pytest.mark.parametrize(
    ("method", "answer", "ask"),
    [
        ("eth_getLogs", {}, lambda chain: chain.logs(0, 1, [])),
        ("eth_getLogs", [7], lambda chain: chain.logs(0, 1, [])),
        ("eth_getBlockByNumber", [], lambda chain: chain.head()),
        ("eth_getBlockByNumber", {"number": "0x1"}, lambda chain: chain.head()),
        ("eth_blockNumber", "many", lambda chain: chain.confirmed_number()),
        ("eth_blockNumber", None, lambda chain: chain.confirmed_number()),
        ("eth_call", 5, lambda chain: chain.call(bytes(20), b"")),
        ("eth_chainId", [], lambda chain: chain.chain_id),
        ("eth_getTransactionReceipt", {"status": "0x1"}, lambda chain: chain.receipt(bytes(32))),
    ],
)
def test_an_answer_of_the_wrong_form_is_refused(
    adversary: Adversary, method: str, answer: object, ask: object
) -> None:
    adversary.answer(method, answer)
    with pytest.raises(ChainAnswerInvalid):
        ask(remote(adversary))


def test_another_block_or_receipt_than_the_one_asked_for_is_refused(
    adversary: Adversary,
) -> None:
    chain = remote(adversary)
    log = chain.logs(2, 2, [])[0]
    adversary.alter("eth_getBlockByNumber", lambda block: block.update(number="0x3"))
    with pytest.raises(ChainAnswerInvalid):
        chain.block(2)
    adversary.alter(
        "eth_getTransactionReceipt",
        lambda receipt: receipt.update(transactionHash=data(b"\x99" * 32)),
    )
    with pytest.raises(ChainAnswerInvalid):
        chain.receipt(log.transaction_hash)


def test_what_is_no_json_is_no_answer(adversary: Adversary) -> None:
    def html(response: object) -> object:
        if adversary.asked.count("eth_blockNumber") % 4:
            raise ValueError("Expecting value: line 1 column 1")
        return response

    adversary.rewrites["eth_blockNumber"] = html
    with pytest.raises(ChainUnavailable, match=r"answers no JSON .*check the chain's URL"):
        remote(adversary).confirmed_number()
    assert remote(adversary).confirmed_number() == 5


@pytest.mark.anvil
@pytest.mark.parametrize("batch", [b"[1, 2]", b'[{"id": 1}, {"id": "x"}]', b"[]", b"{}", b"7"])
def test_a_batch_that_is_answered_with_something_else_is_refused(
    anvil: Backend, batch: bytes
) -> None:
    with RpcProxy(str(anvil.chain.provider.endpoint_uri)) as proxy:
        proxy.garble = lambda methods, body: batch if len(methods) > 1 else body
        chain = anvil_chain(proxy.url)
        drafts = [TransactionDraft(anvil.operator.address)] * 2
        with pytest.raises(ChainAnswerInvalid):
            chain.send_many(drafts, anvil.operator)


# Reorganisations


def test_logs_of_unconfirmed_blocks_are_not_taken(adversary: Adversary) -> None:
    chain = remote(adversary, confirmations=2)
    start = chain.start(0)
    batch = chain.read_logs(start, [])
    assert (batch.cursor.number, batch.is_complete) == (3, True)
    assert {log.block_number for log in batch.logs} == {2, 3}
    chain = remote(adversary, confirmations=50)
    assert chain.confirmed_number() == -1
    assert chain.read_logs(start, []).cursor == start


def test_a_node_that_limits_its_answers_is_asked_for_less(adversary: Adversary) -> None:
    chain = remote(adversary)
    everything = chain.read_logs(chain.start(0), []).logs
    passed: list[int] = []

    def limit(response: dict[str, object]) -> dict[str, object]:
        if len(response["result"]) > 4:
            return {"error": {"code": -32000, "message": "block range is too wide"}}
        passed.append(len(response["result"]))
        return response

    adversary.rewrites["eth_getLogs"] = limit
    cursor, taken = chain.start(0), []
    while True:
        batch = chain.read_logs(cursor, [])
        taken += batch.logs
        cursor = batch.cursor
        if batch.is_complete:
            break
    assert tuple(taken) == everything
    assert len(passed) > 1
    adversary.refuse("eth_getLogs", -32000, "never")
    with pytest.raises(ChainRefused, match="never"):
        chain.read_logs(chain.start(0), [])


def test_a_chain_that_does_not_hold_still_is_named(adversary: Adversary) -> None:
    chain = remote(adversary)
    start, turn = chain.start(0), iter(range(1_000))

    def shake(block: dict[str, object]) -> None:
        if block["number"] == "0x5":
            block["hash"] = data(next(turn).to_bytes(32, "big"))

    adversary.alter("eth_getBlockByNumber", shake)
    with pytest.raises(ChainMoved):
        chain.read_logs(start, [])


def test_a_chain_that_is_shorter_than_it_said_is_read_again(adversary: Adversary) -> None:
    chain = remote(adversary)
    start, head = chain.start(0), chain.head()
    said = iter([head.number + 1, head.number])
    adversary.rewrites["eth_blockNumber"] = lambda _: {"result": hex(next(said))}
    assert chain.read_logs(start, []).cursor == Cursor(head.number, head.block_hash)
    adversary.answer("eth_blockNumber", hex(head.number + 1))
    with pytest.raises(ChainMoved):
        chain.read_logs(start, [])


def test_a_log_whose_block_is_gone_or_another_is_no_log_to_go_by(adversary: Adversary) -> None:
    chain = remote(adversary)
    log = chain.read_logs(chain.start(0), []).logs[-1]
    assert chain.block_of(log).block_hash == log.block_hash
    adversary.alter("eth_getBlockByNumber", lambda block: block.update(hash=data(bytes(32))))
    with pytest.raises(ChainMoved):
        chain.block_of(log)
    adversary.answer("eth_getBlockByNumber", None)
    with pytest.raises(ChainMoved):
        chain.block_of(log)


def test_a_node_that_answers_one_block_at_a_time_is_read_all_the_same(node: EmbeddedNode) -> None:
    probe = deploy_probe(embedded(node), new_signer())
    for number in range(70):
        probe.send("note", bytes(32), number, 1)
    adversary = Adversary(EmbeddedProvider(node))
    chain = remote(adversary)
    everything = chain.read_logs(chain.start(0), []).logs
    honest = adversary.make_request

    def one_block(method: str, params: object) -> object:
        if method == "eth_getLogs":
            (wanted,) = cast("list[dict[str, str]]", params)
            if wanted["fromBlock"] != wanted["toBlock"]:
                return {"error": {"code": -32000, "message": "one block at a time"}}
        return honest(method, params)

    adversary.make_request = one_block  # type: ignore[method-assign]
    cursor, taken, is_complete = chain.start(0), list[ChainLog](), False
    while not is_complete:
        batch = chain.read_logs(cursor, [])
        taken += batch.logs
        cursor, is_complete = batch.cursor, batch.is_complete
    assert tuple(taken) == everything
    assert len(everything) == 70


@pytest.mark.anvil
def test_a_reorganisation_within_the_confirmations_is_not_noticed_by_the_reader() -> None:
    with start_anvil() as url:
        chain = anvil_chain(url, confirmations=3)
        backend = Backend("anvil", chain, new_signer())
        backend = Backend("anvil", chain, backend.new_account())
        probe = deploy_probe(chain, backend.operator)
        for number in range(6):
            probe.send("note", bytes(32), number, 1)
        cursor = chain.read_logs(chain.start(0), [probe.address]).cursor
        backend.reorganise(2)
        for _ in range(4):
            backend.request("evm_mine")
        batch = chain.read_logs(cursor, [probe.address])
        assert batch.cursor.number == chain.head().number - 3
        # What the reorganised blocks held is gone, and was never taken.
        assert all(log.block_number > cursor.number for log in batch.logs)


@pytest.mark.anvil
def test_a_reorganisation_deeper_than_the_confirmations_stops_the_reader(anvil: Backend) -> None:
    probe = deploy_probe(anvil.chain, anvil.operator)
    receipts = [probe.send("note", bytes(32), number, 1) for number in range(4)]
    cursor = anvil.chain.read_logs(anvil.chain.start(0), []).cursor
    anvil.reorganise(3)
    with pytest.raises(ChainReorganised, match="deeper than its confirmations"):
        anvil.chain.read_logs(cursor, [])
    with pytest.raises(ChainReorganised):
        anvil.chain.is_confirmed(receipts[-1])
    assert anvil.chain.receipt(receipts[-1].transaction_hash) is None
    assert anvil.chain.is_confirmed(receipts[0])


# Sending


@pytest.mark.anvil
def test_fees_follow_the_chain_up_to_the_ceiling(anvil: Backend) -> None:
    probe = deploy_probe(anvil.chain, anvil.operator)
    anvil.request("anvil_setNextBlockBaseFeePerGas", hex(10 * 10**9))
    anvil.request("evm_mine")
    receipt = probe.send("stamp")
    sent = anvil.request("eth_getTransactionByHash", data(receipt.transaction_hash))
    assert int(str(sent["maxFeePerGas"]), 16) > 10 * 10**9
    anvil.request("anvil_setNextBlockBaseFeePerGas", hex(501 * 10**9))
    anvil.request("evm_mine")
    anvil.request("anvil_setNextBlockBaseFeePerGas", hex(501 * 10**9))
    anvil.request("evm_mine")
    with pytest.raises(FeeTooHigh, match="ceiling"):
        probe.send("stamp")


@pytest.mark.anvil
def test_a_chain_without_fees_is_offered_none() -> None:
    with start_anvil("--base-fee", "0", "--gas-price", "0") as url:
        chain, signer = anvil_chain(url), new_signer()
        # The account has no coin; anvil suggests a tip all the same.
        assert chain.send(TransactionDraft(signer.address), signer).succeeded


@pytest.mark.anvil
def test_an_account_without_coins_is_refused_and_its_nonce_is_free(anvil: Backend) -> None:
    poor = new_signer()
    draft = TransactionDraft(poor.address, gas=21_000)
    with pytest.raises(ChainRefused, match=r"(?i)insufficient funds"):
        anvil.chain.send(draft, poor)
    anvil.request("anvil_setBalance", data(poor.address), hex(10**20))
    assert anvil.chain.send(draft, poor).succeeded


@pytest.mark.anvil
def test_a_transaction_sent_unseen_that_fails_is_named(anvil: Backend) -> None:
    probe = deploy_probe(anvil.chain, anvil.operator)
    with pytest.raises(TransactionFailed) as caught:
        anvil.chain.send(probe.draft("refuse", 1, "no", gas=200_000), anvil.operator)
    receipt = anvil.chain.receipt(caught.value.transaction_hash)
    assert receipt is not None
    assert not receipt.succeeded
    assert probe.send("stamp").succeeded


@pytest.mark.anvil
def test_nonces_that_another_process_used_are_recovered_from(anvil: Backend) -> None:
    probe = deploy_probe(anvil.chain, anvil.operator)
    other = anvil_chain(str(anvil.chain.provider.endpoint_uri))
    for _ in range(3):
        other.send(probe.draft("stamp"), anvil.operator)
    receipts = anvil.chain.send_many([probe.draft("stamp")] * 3, anvil.operator)
    assert all(isinstance(each, TransactionReceipt) for each in receipts)
    assert probe.number("serial") == 6


@pytest.mark.anvil
def test_a_nonce_that_another_process_has_in_the_pool_is_not_taken_from_it(
    lazy_anvil: tuple[Backend, Probe],
) -> None:
    backend, probe = lazy_anvil
    stale = anvil_chain(str(backend.chain.provider.endpoint_uri), sending=QUICK)
    with ThreadPoolExecutor(2) as pool:
        backend.request("evm_setAutomine", True)
        # It will take the next nonce for its own.
        assert stale.send(probe.draft("stamp"), backend.operator).succeeded
        backend.request("evm_setAutomine", False)
        # Not the same bytes as the other's: those would be one transaction, known already.
        mine = replace(probe.draft("stamp"), gas=222_222)
        first = pool.submit(backend.chain.send_many, [mine] * 2, backend.operator)
        await_that(lambda: len(pooled(backend)) == 2)
        second = pool.submit(stale.send_many, [probe.draft("stamp")] * 3, backend.operator)
        await_that(lambda: len(pooled(backend)) == 5)
        backend.request("evm_mine")
        outcomes = [*first.result(20), *second.result(20)]
    assert all(isinstance(each, TransactionReceipt) for each in outcomes)
    assert probe.number("serial") == 6


@pytest.mark.anvil
def test_a_transaction_whose_nonce_another_one_took_is_named_and_the_next_goes_through(
    lazy_anvil: tuple[Backend, Probe],
) -> None:
    backend, probe = lazy_anvil
    patient = replace(QUICK, replace_after_seconds=20, displaced_after_seconds=0.05)
    chain = anvil_chain(str(backend.chain.provider.endpoint_uri), sending=patient)
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(chain.send, probe.draft("stamp"), backend.operator)
        await_that(lambda: len(pooled(backend)) == 1)
        (nonce,) = pooled(backend)
        backend.request("anvil_dropAllTransactions")
        other = TransactionDraft(new_signer().address).with_nonce(
            chain_id=CHAIN_ID, nonce=nonce, gas=21_000, max_fee=10**10, priority_fee=10**9
        )
        backend.request("eth_sendRawTransaction", data(backend.operator.sign(other)))
        backend.request("evm_mine")
        with pytest.raises(TransactionDisplaced, match=f"nonce {nonce}"):
            sent.result(20)
    backend.request("evm_setAutomine", True)
    assert chain.send(probe.draft("stamp"), backend.operator).succeeded
    assert probe.number("serial") == 1


@pytest.mark.anvil
def test_a_pool_that_lost_what_was_sent_does_not_leave_a_gap_behind(
    lazy_anvil: tuple[Backend, Probe],
) -> None:
    backend, probe = lazy_anvil
    impatient = replace(QUICK, replace_after_seconds=20, give_up_after_seconds=0.1)
    chain = anvil_chain(str(backend.chain.provider.endpoint_uri), sending=impatient)
    with pytest.raises(TransactionPending):
        chain.send(probe.draft("stamp"), backend.operator)
    backend.request("anvil_dropAllTransactions")
    backend.request("evm_setAutomine", True)
    assert chain.send(probe.draft("stamp"), backend.operator).succeeded


@pytest.mark.anvil
def test_looking_for_a_block_takes_one_question_until_it_is_there(
    lazy_anvil: tuple[Backend, Probe],
) -> None:
    backend, probe = lazy_anvil
    adversary = Adversary(HTTPProvider(str(backend.chain.provider.endpoint_uri)))
    chain = remote(adversary, policy=replace(QUICK, replace_after_seconds=20))
    drafts = [replace(probe.draft("stamp"), gas=200_000)] * 20
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(chain.send_many, drafts, backend.operator)
        await_that(lambda: adversary.asked.count("eth_getTransactionCount") > 20)
        assert adversary.asked.count("eth_getTransactionReceipt") == 0
        backend.request("evm_mine")
        assert all(isinstance(each, TransactionReceipt) for each in sent.result(20))
    assert adversary.asked.count("eth_getTransactionReceipt") == len(drafts)


@pytest.mark.anvil
def test_who_is_being_stopped_waits_for_a_block_a_moment_longer_and_no_more(
    lazy_anvil: tuple[Backend, Probe],
) -> None:
    backend, probe = lazy_anvil
    url = str(backend.chain.provider.endpoint_uri)
    patient = replace(QUICK, give_up_after_seconds=3_600)
    steady = anvil_chain(url, sending=replace(patient, last_wait_seconds=60))
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(steady.send, probe.draft("stamp"), backend.operator)
        await_that(lambda: len(pooled(backend)) == 1)
        steady.stop_waiting()
        backend.request("evm_mine")
        assert sent.result(20).succeeded
        hasty = anvil_chain(url, sending=replace(patient, last_wait_seconds=0.01))
        lost = pool.submit(hasty.send, probe.draft("stamp"), backend.operator)
        await_that(lambda: len(pooled(backend)) == 1)
        hasty.stop_waiting()
        with pytest.raises(TransactionPending):
            lost.result(20)


@pytest.mark.anvil
def test_what_is_not_included_is_offered_again_with_higher_fees(
    lazy_anvil: tuple[Backend, Probe],
) -> None:
    backend, probe = lazy_anvil
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(probe.send, "stamp")
        first_hash = wait_for_pending(backend, different_from=None)
        replaced = wait_for_pending(backend, different_from=first_hash)
        assert replaced != first_hash
        backend.request("evm_mine")
        receipt = sent.result(timeout=20)
    assert receipt.succeeded
    assert probe.number("serial") == 1


@pytest.mark.anvil
def test_what_stays_out_of_every_block_is_named_with_its_hash(
    lazy_anvil: tuple[Backend, Probe],
) -> None:
    backend, probe = lazy_anvil
    policy = SendingPolicy(first_poll_seconds=0.01, give_up_after_seconds=0.1)
    impatient = anvil_chain(str(backend.chain.provider.endpoint_uri), sending=policy)
    with pytest.raises(TransactionPending) as caught:
        impatient.send(probe.draft("stamp"), probe.operator)
    assert impatient.receipt(caught.value.transaction_hash) is None
    backend.request("evm_mine")
    receipt = impatient.receipt(caught.value.transaction_hash)
    assert receipt is not None
    assert receipt.succeeded


@pytest.mark.anvil
def test_an_outage_while_waiting_loses_nothing(lazy_anvil: tuple[Backend, Probe]) -> None:
    backend, probe = lazy_anvil
    adversary = Adversary(HTTPProvider(str(backend.chain.provider.endpoint_uri)))
    policy = SendingPolicy(first_poll_seconds=0.01, longest_poll_seconds=0.01)
    chain = remote(adversary, policy=policy)

    def used_after_outage(response: object) -> object:
        if "eth_sendRawTransaction" not in adversary.asked:
            return response
        # The first look hits the outage; meanwhile the block is sealed.
        del adversary.rewrites["eth_getTransactionCount"]
        adversary.outages = 7
        backend.request("evm_mine")
        raise ConnectionResetError("gone")

    adversary.rewrites["eth_getTransactionCount"] = used_after_outage
    assert chain.send(probe.draft("stamp"), probe.operator).succeeded
    assert adversary.asked.count("eth_sendRawTransaction") == 1


@pytest.mark.anvil
def test_a_broadcast_whose_answer_was_lost_is_not_sent_as_a_second_transaction(
    anvil: Backend,
) -> None:
    probe = deploy_probe(anvil.chain, anvil.operator)
    adversary = Adversary(HTTPProvider(str(anvil.chain.provider.endpoint_uri)))
    chain = remote(adversary)

    def lose(_: object) -> object:
        del adversary.rewrites["eth_sendRawTransaction"]
        raise ConnectionResetError("the answer is lost")

    adversary.rewrites["eth_sendRawTransaction"] = lose
    assert chain.send(probe.draft("stamp"), anvil.operator).succeeded
    assert adversary.asked.count("eth_sendRawTransaction") == 2
    assert probe.number("serial") == 1
    assert chain.send(probe.draft("stamp"), anvil.operator).succeeded


@pytest.mark.anvil
def test_a_refusal_in_the_middle_leaves_no_hole_in_front_of_the_others(anvil: Backend) -> None:
    probe = deploy_probe(anvil.chain, anvil.operator)
    adversary = Adversary(HTTPProvider(str(anvil.chain.provider.endpoint_uri)))
    chain, sent = remote(adversary), iter(range(1_000))
    make_request = adversary.provider.make_request

    def refuse_third(method: str, params: object) -> object:
        if method == "eth_sendRawTransaction" and next(sent) == 2:
            return {"error": {"code": -32000, "message": "not this one"}}
        return make_request(method, params)

    adversary.provider.make_request = refuse_third
    outcomes = chain.send_many([probe.draft("stamp")] * 5, anvil.operator)
    assert [isinstance(each, TransactionReceipt) for each in outcomes] == [
        number != 2 for number in range(5)
    ]
    assert isinstance(outcomes[2], ChainRefused)
    assert probe.number("serial") == 4
    assert chain.send(probe.draft("stamp"), anvil.operator).succeeded


@pytest.mark.anvil
def test_a_node_that_answers_another_hash_is_not_believed(anvil: Backend) -> None:
    adversary = Adversary(HTTPProvider(str(anvil.chain.provider.endpoint_uri)))
    adversary.answer("eth_sendRawTransaction", data(bytes(32)))
    with pytest.raises(ChainAnswerInvalid, match="another hash"):
        remote(adversary).send(TransactionDraft(anvil.operator.address), anvil.operator)


@pytest.mark.anvil
def test_many_accounts_send_at_once(anvil: Backend) -> None:
    accounts = [anvil.new_account() for _ in range(4)]
    probe = deploy_probe(anvil.chain, anvil.operator)
    barrier = threading.Barrier(8)

    def send(number: int) -> TransactionReceipt:
        barrier.wait()
        return anvil.chain.send(probe.draft("stamp"), accounts[number % 4])

    with ThreadPoolExecutor(8) as pool:
        assert all(receipt.succeeded for receipt in pool.map(send, range(8)))
    assert probe.number("serial") == 8


def wait_for_pending(backend: Backend, *, different_from: object) -> object:
    """The hash of the one transaction in anvil's pool, once it is another than that."""
    await_that(lambda: set(pooled(backend).values()) - {different_from})
    (found,) = pooled(backend).values()
    return found


def pooled(backend: Backend) -> dict[int, str]:
    """By nonce, the hashes of the transactions of one account that are in anvil's pool."""
    pool = backend.request("txpool_content")
    return {
        int(nonce): transaction["hash"]
        for part in ("pending", "queued")
        for by_nonce in pool[part].values()
        for nonce, transaction in by_nonce.items()
    }


@pytest.mark.anvil
def test_a_remote_chain_has_twelve_confirmations_by_default(anvil: Backend) -> None:
    url = str(anvil.chain.provider.endpoint_uri)
    chain: Chain = connect(url, chain_id=None, is_permitted=everyone)
    assert chain.confirmations == 12
