"""JSON-RPC 2.0 at the byte level, and every method's answer to good and bad parameters."""

from __future__ import annotations

import json
from typing import Any

import pytest
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st
from web3 import Web3

from ledger.chain.connect import embedded
from ledger.chain.encoding import data
from ledger.chain.methods import DEVELOPMENT_METHODS, METHODS
from ledger.chain.node import EmbeddedNode
from ledger.chain.provider import EmbeddedProvider
from ledger.chain.rpc import RpcEndpoint, RpcLimits
from tests.ledger.chain.probe import PROBE_ABI, PROBE_CODE, deploy_probe
from tests.support.chains import CHAIN_ID, Backend, new_signer


@pytest.fixture
def endpoint(node: EmbeddedNode) -> RpcEndpoint:
    return RpcEndpoint(EmbeddedProvider(node))


def post(endpoint: RpcEndpoint, body: object) -> Any:
    answer = endpoint.dispatch(body if isinstance(body, bytes) else json.dumps(body).encode())
    return json.loads(answer) if answer else None


def request(method: str, *arguments: object, number: object = 1) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": list(arguments)}


def transfers(count: int) -> list[str]:
    account = Account.create()
    fields = {"chainId": CHAIN_ID, "to": account.address, "value": 0, "gas": 21_000}
    fees = {"maxFeePerGas": 0, "maxPriorityFeePerGas": 0}
    return [
        data(account.sign_transaction({**fields, **fees, "nonce": nonce}).raw_transaction)
        for nonce in range(count)
    ]


def test_a_request_is_answered_under_its_id(endpoint: RpcEndpoint) -> None:
    for number in (1, 0, -5, 2.5, "a string", None):
        assert post(endpoint, request("eth_chainId", number=number)) == {
            "jsonrpc": "2.0",
            "id": number,
            "result": hex(CHAIN_ID),
        }


def test_a_batch_is_answered_in_order_with_errors_in_their_places(endpoint: RpcEndpoint) -> None:
    body = [
        request("eth_chainId", number=1),
        request("no_such_method", number=2),
        {"jsonrpc": "2.0", "method": "eth_chainId"},
        7,
        request("net_version", number=3),
    ]
    answers = post(endpoint, body)
    assert [each["id"] for each in answers] == [1, 2, None, 3]
    assert [each.get("error", {}).get("code") for each in answers] == [None, -32601, -32600, None]
    assert answers[3]["result"] == str(CHAIN_ID)


def test_notifications_are_carried_out_and_not_answered(
    endpoint: RpcEndpoint, node: EmbeddedNode
) -> None:
    (raw,) = transfers(1)
    notification = {"jsonrpc": "2.0", "method": "eth_sendRawTransaction", "params": [raw]}
    assert endpoint.dispatch(json.dumps(notification).encode()) == b""
    assert node.head().block_number == 1
    assert endpoint.dispatch(json.dumps([notification, notification]).encode()) == b""


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"', -32700),
        (b"\xff", -32700),
        (b"NaN", -32700),
        (b"[" * 2_000 + b"]" * 2_000, -32700),
        (b"[]", -32600),
        (b"7", -32600),
        (b'"eth_chainId"', -32600),
        (b"null", -32600),
        (b'{"id": 1, "method": "eth_chainId"}', -32600),
        (b'{"jsonrpc": "1.0", "id": 1, "method": "eth_chainId"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": 5}', -32600),
        (b'{"jsonrpc": "2.0", "id": {}, "method": "eth_chainId"}', -32600),
        (b'{"jsonrpc": "2.0", "id": true, "method": "eth_chainId"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": {"to": "0x"}}', -32602),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "personal_sign", "params": []}', -32601),
    ],
)
def test_what_is_no_request_is_refused_with_the_specifications_code(
    endpoint: RpcEndpoint, body: bytes, code: int
) -> None:
    answer = post(endpoint, body)
    assert answer["error"]["code"] == code
    assert answer["jsonrpc"] == "2.0"


def test_limits_are_named_with_their_units(node: EmbeddedNode) -> None:
    limits = RpcLimits(max_body_bytes=200, max_batch_requests=3)
    endpoint = RpcEndpoint(EmbeddedProvider(node), limits=limits)
    answer = post(endpoint, request("web3_sha3", "0x" + "00" * 200))
    assert answer["error"]["code"] == -32005
    assert "the limit is 200 bytes" in answer["error"]["message"]
    answer = post(endpoint, [7, 7, 7, 7])
    assert answer["error"]["code"] == -32005
    assert "the limit is 3 requests" in answer["error"]["message"]


def test_transactions_of_one_batch_share_a_block(endpoint: RpcEndpoint, node: EmbeddedNode) -> None:
    body = [
        request("eth_sendRawTransaction", raw, number=place)
        for place, raw in enumerate(transfers(20))
    ]
    body.insert(7, request("eth_sendRawTransaction", "0x1234", number="bad"))
    body.insert(9, request("eth_sendRawTransaction", number="none"))
    answers = post(endpoint, body)
    assert [each["id"] for each in answers] == [each["id"] for each in body]
    assert [each["id"] for each in answers if "error" in each] == ["bad", "none"]
    assert node.head().block_number == 1


def test_moving_time_is_not_open_to_callers_unless_it_is_opened(node: EmbeddedNode) -> None:
    closed = RpcEndpoint(EmbeddedProvider(node))
    assert post(closed, request("evm_increaseTime", 60))["error"]["code"] == -32601
    opened = RpcEndpoint(
        EmbeddedProvider(node), methods=frozenset(METHODS) | frozenset(DEVELOPMENT_METHODS)
    )
    assert post(opened, request("evm_increaseTime", 60))["result"] == 60
    assert post(opened, request("evm_mine"))["result"] == "0x0"
    assert node.head().block_number == 1


def test_a_node_that_cannot_be_reached_is_an_answer_too() -> None:
    class Gone:
        def make_request(self, method: str, params: object) -> Any:
            raise ConnectionRefusedError("secret-host:8545")

        def make_batch_request(self, requests: object) -> Any:
            raise ConnectionRefusedError("secret-host:8545")

    endpoint = RpcEndpoint(Gone())
    for answer in (
        post(endpoint, request("eth_chainId")),
        *post(endpoint, [request("eth_chainId"), request("eth_chainId")]),
    ):
        assert "cannot be reached" in answer["error"]["message"]
        assert "secret" not in json.dumps(answer)


def test_a_fault_of_the_nodes_own_is_an_answer_without_its_details() -> None:
    class Broken:
        def make_request(self, method: str, params: object) -> Any:
            raise ZeroDivisionError("secret")

        def make_batch_request(self, requests: object) -> Any:
            return {"error": {"code": -1, "message": "no batches here"}}

    endpoint = RpcEndpoint(Broken())
    answer = post(endpoint, request("eth_chainId"))
    assert answer["error"]["code"] == -32603
    assert "secret" not in json.dumps(answer)
    for answer in post(endpoint, [request("eth_chainId"), request("eth_chainId")]):
        assert "batches" in answer["error"]["message"]


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10)
    | st.sampled_from(["0x", "0x0", "latest", "0x" + "00" * 20, "0x" + "00" * 32, "0xzz"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["to", "data", "from", "gas", "address", "topics", "blockHash"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(method=st.sampled_from(sorted(METHODS)), arguments=st.lists(JSON_VALUES, max_size=4))
def test_whatever_the_parameters_the_answer_is_a_result_or_a_named_error(
    shared_endpoint: RpcEndpoint, method: str, arguments: list[object]
) -> None:
    answer = post(shared_endpoint, request(method, *arguments))
    assert answer["jsonrpc"] == "2.0"
    assert ("result" in answer) != ("error" in answer)
    if "error" in answer:
        assert answer["error"]["code"] != -32603, answer


@settings(max_examples=100, deadline=None)
@given(body=st.binary(max_size=100) | JSON_VALUES.map(lambda value: json.dumps(value).encode()))
def test_whatever_the_body_the_answer_is_json_rpc(
    shared_endpoint: RpcEndpoint, body: bytes
) -> None:
    answer = post(shared_endpoint, body)
    for each in answer if isinstance(answer, list) else [answer]:
        assert each["jsonrpc"] == "2.0"
        assert "error" in each


@pytest.fixture(scope="module")
def shared_endpoint(tmp_path_factory: pytest.TempPathFactory) -> RpcEndpoint:
    from tests.support.chains import embedded_node

    node = embedded_node(tmp_path_factory.mktemp("rpc") / "chain")
    deploy_probe(embedded(node), new_signer())
    return RpcEndpoint(EmbeddedProvider(node))


def test_the_methods_that_wallets_need_are_there() -> None:
    assert {
        *("eth_chainId", "net_version", "web3_clientVersion", "eth_blockNumber", "eth_syncing"),
        *("eth_getBlockByNumber", "eth_getBlockByHash", "eth_getTransactionByHash"),
        *("eth_getTransactionReceipt", "eth_getTransactionCount", "eth_getBalance"),
        *("eth_getCode", "eth_getStorageAt", "eth_call", "eth_estimateGas", "eth_gasPrice"),
        *("eth_maxPriorityFeePerGas", "eth_feeHistory", "eth_getLogs"),
        "eth_sendRawTransaction",
    } <= set(METHODS)


def test_answers_have_the_fields_that_anvils_have(backend: Backend) -> None:
    """On anvil this shows that the expectations are right, on the embedded node that it fits."""
    receipt = deploy_probe(backend.chain, backend.operator).send("stamp")
    block = backend.request("eth_getBlockByNumber", hex(receipt.block_number), True)
    expected = {
        *("number", "hash", "parentHash", "sha3Uncles", "miner", "stateRoot", "receiptsRoot"),
        *("transactionsRoot", "logsBloom", "difficulty", "gasLimit", "gasUsed", "timestamp"),
        *("extraData", "mixHash", "nonce", "baseFeePerGas", "withdrawalsRoot", "blobGasUsed"),
        *("excessBlobGas", "parentBeaconBlockRoot", "requestsHash", "size", "transactions"),
        *("withdrawals", "uncles"),
    }
    assert expected <= set(block)
    (transaction,) = block["transactions"]
    expected = {
        *("blockHash", "blockNumber", "transactionIndex", "hash", "type", "chainId", "nonce"),
        *("from", "to", "value", "gas", "input", "r", "s", "v", "yParity", "accessList"),
        *("gasPrice", "maxFeePerGas", "maxPriorityFeePerGas"),
    }
    assert expected <= set(transaction)
    found = backend.request("eth_getTransactionReceipt", transaction["hash"])
    expected = {
        *("transactionHash", "transactionIndex", "blockHash", "blockNumber", "from", "to"),
        *("cumulativeGasUsed", "gasUsed", "effectiveGasPrice", "contractAddress", "logs"),
        *("logsBloom", "type", "status"),
    }
    assert expected <= set(found)
    (log,) = found["logs"]
    assert {
        *("address", "topics", "data", "blockHash", "blockNumber", "transactionHash"),
        *("transactionIndex", "logIndex", "removed"),
    } <= set(log)
    (same,) = backend.request("eth_getLogs", {"blockHash": block["hash"]})
    assert {key: same[key] for key in log} == log


def test_block_hashes_are_what_their_headers_hash_to(web3: Web3, node: EmbeddedNode) -> None:
    """So a client that checks headers, as light clients do, accepts them."""
    probe = deploy_probe(embedded(node), new_signer())
    probe.send("stamp")
    for number in range(3):
        block = web3.eth.get_block(number)
        assert block["hash"] == node.header_by_number(number).hash
        if number:
            assert block["parentHash"] == node.header_by_number(number - 1).hash


@pytest.mark.parametrize(
    ("tag", "number"), [("earliest", 0), ("latest", 2), ("pending", 2), ("safe", 2), ("0x1", 1)]
)
def test_block_tags(web3: Web3, node: EmbeddedNode, tag: str, number: int) -> None:
    node.mine()
    node.mine()
    assert web3.eth.get_block(tag)["number"] == number


def test_a_block_can_be_given_by_hash_or_object(web3: Web3, node: EmbeddedNode) -> None:
    probe = deploy_probe(embedded(node), new_signer())
    provider = EmbeddedProvider(node)
    by_hash = data(node.header_by_number(1).hash)
    for at in ({"blockNumber": "0x1"}, {"blockHash": by_hash}, by_hash, "0x1"):
        response = provider.make_request("eth_getCode", [data(probe.address), at])
        assert response["result"] == data(probe.chain.code(probe.address))
    response = provider.make_request("eth_getCode", [data(probe.address), "0x0"])
    assert response["result"] == "0x"


def test_blocks_and_transactions_that_are_not_there_are_null(endpoint: RpcEndpoint) -> None:
    nothing = data(bytes(32))
    for method, arguments in (
        ("eth_getBlockByNumber", ["0x99", False]),
        ("eth_getBlockByHash", [nothing, True]),
        ("eth_getTransactionByHash", [nothing]),
        ("eth_getTransactionReceipt", [nothing]),
        ("eth_getBlockReceipts", ["0x99"]),
        ("eth_getBlockTransactionCountByNumber", ["0x99"]),
    ):
        answer = post(endpoint, request(method, *arguments))
        assert answer == {"jsonrpc": "2.0", "id": 1, "result": None}
    answer = post(endpoint, request("eth_getBalance", "0x" + "00" * 20, "0x99"))
    assert answer["error"] == {"code": -32001, "message": "block not found: 153"}


def test_fee_history_is_all_zeros_and_as_long_as_asked(web3: Web3, node: EmbeddedNode) -> None:
    for _ in range(4):
        node.mine()
    history = web3.eth.fee_history(3, "latest", [10.0, 90.0])
    assert history["oldestBlock"] == 2
    assert history["baseFeePerGas"] == [0] * 4
    assert history["reward"] == [[0, 0]] * 3
    assert len(web3.eth.fee_history(1_000, "latest")["gasUsedRatio"]) == 5
    assert web3.eth.gas_price == web3.eth.max_priority_fee == 0


def test_web3_sends_a_transaction_with_fees_it_finds_itself(web3: Web3) -> None:
    account = Account.create()
    contract = web3.eth.contract(abi=PROBE_ABI, bytecode=PROBE_CODE)
    transaction = contract.constructor().build_transaction(
        {"from": account.address, "nonce": web3.eth.get_transaction_count(account.address)}
    )
    assert transaction["maxFeePerGas"] == 0
    signed = account.sign_transaction(transaction)
    receipt = web3.eth.wait_for_transaction_receipt(
        web3.eth.send_raw_transaction(signed.raw_transaction)
    )
    assert receipt["status"] == 1


def test_web3_batches_requests(web3: Web3, node: EmbeddedNode) -> None:
    node.mine()
    with web3.batch_requests() as batch:
        batch.add(web3.eth.get_block(0))
        batch.add(web3.eth.get_block(1))
        first, second = batch.execute()
    assert second["parentHash"] == first["hash"]
