"""eth_getLogs against a brute-force reading of all receipts, and its limits."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.chain import methods
from ledger.chain.check import check_chain
from ledger.chain.connect import embedded
from ledger.chain.encoding import data
from ledger.chain.node import EmbeddedNode
from ledger.chain.provider import EmbeddedProvider
from tests.ledger.chain.probe import Probe, deploy_probe
from tests.support.chains import embedded_node, new_signer

STAMPED = data(keccak(b"Stamped(address,uint256,uint256)"))
NOTED = data(keccak(b"Noted(bytes32,uint256)"))
TOPICS = [bytes([number]) * 32 for number in range(3)]


class History:
    """A chain with logs of several contracts and topics, and all of them read from receipts."""

    def __init__(self, directory: Path) -> None:
        self.node = embedded_node(directory)
        self.provider = EmbeddedProvider(self.node)
        chain, operator, dice = embedded(self.node), new_signer(), random.Random(7)
        self.probes: list[Probe] = [deploy_probe(chain, operator) for _ in range(3)]
        for _ in range(12):
            chosen = [dice.choice(self.probes) for _ in range(dice.randint(1, 4))]
            drafts = [
                each.draft("stamp")
                if dice.random() < 0.4
                else each.draft("note", dice.choice(TOPICS), 0, dice.randint(0, 3))
                for each in chosen
            ]
            chain.send_many(drafts, operator)
        self.node.mine()
        self.head = self.node.head().block_number
        self.everything = [
            log
            for number in range(self.head + 1)
            for receipt in self.ask("eth_getBlockReceipts", hex(number))
            for log in receipt["logs"]
        ]

    def ask(self, method: str, *arguments: object) -> list[dict[str, object]]:
        response = self.provider.make_request(method, list(arguments))
        assert "error" not in response, response
        return list(response["result"])


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    made = History(tmp_path_factory.mktemp("history") / "chain")
    assert len(made.everything) > 30
    list(check_chain(made.node))
    yield made
    made.node.close()


ONE_TOPIC = st.sampled_from([STAMPED, NOTED, *map(data, TOPICS), data(b"\xff" * 32)])
TOPIC_FILTER = st.none() | ONE_TOPIC | st.lists(ONE_TOPIC, max_size=3)


def fits(log: dict[str, object], addresses: list[str], topics: list[object]) -> bool:
    """The filter's definition in execution-apis, as plainly as it can be written."""
    if addresses and log["address"] not in addresses:
        return False
    if len(log["topics"]) < len(topics):
        return False
    for wanted, found in zip(topics, log["topics"], strict=False):
        alternatives = [wanted] if isinstance(wanted, str) else wanted
        if alternatives and found not in alternatives:
            return False
    return True


@settings(max_examples=150, deadline=None)
@given(
    first=st.integers(0, 16),
    length=st.integers(0, 16),
    chosen=st.lists(st.integers(0, 3), max_size=3),
    topics=st.lists(TOPIC_FILTER, max_size=4),
)
def test_a_filter_finds_what_brute_force_finds(
    history: History, first: int, length: int, chosen: list[int], topics: list[object]
) -> None:
    known = [data(probe.address) for probe in history.probes] + ["0x" + "99" * 20]
    addresses = [known[number] for number in chosen]
    found = history.ask(
        "eth_getLogs",
        {
            "fromBlock": hex(first),
            "toBlock": hex(first + length),
            "address": addresses,
            "topics": topics,
        },
    )
    assert found == [
        log
        for log in history.everything
        if first <= int(str(log["blockNumber"]), 16) <= first + length
        and fits(log, addresses, topics)
    ]


def test_by_default_only_the_last_block_is_searched(history: History) -> None:
    assert history.ask("eth_getLogs", {}) == []
    number = history.everything[-1]["blockNumber"]
    assert history.ask("eth_getLogs", {"fromBlock": number}) == [
        log for log in history.everything if log["blockNumber"] == number
    ]


def test_a_block_can_be_named_by_its_hash(history: History) -> None:
    wanted = history.everything[5]["blockHash"]
    assert history.ask("eth_getLogs", {"blockHash": wanted}) == [
        log for log in history.everything if log["blockHash"] == wanted
    ]


def test_an_address_alone_is_a_list_of_one(history: History) -> None:
    wanted = data(history.probes[1].address)
    found = history.ask("eth_getLogs", {"fromBlock": "earliest", "address": wanted})
    assert found == [log for log in history.everything if log["address"] == wanted]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"fromBlock": "0x5", "toBlock": "0x4"}, "invalid block range"),
        ({"blockHash": data(bytes(32))}, "block not found"),
        ({"blockHash": data(bytes(32)), "fromBlock": "0x0"}, "either blockHash or"),
        ({"topics": [None] * 5}, "limit is 4 entries"),
        ({"topics": ["0x12"]}, "want 32 bytes"),
        ({"address": "0x12"}, "want 20 bytes"),
        ({"address": ["0x" + "00" * 20] * 1_001}, "limit is 1000 entries"),
        ({"fromBlock": "newest"}, "hex quantity"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(
    history: History, wanted: dict[str, object], message: str
) -> None:
    response = history.provider.make_request("eth_getLogs", [wanted])
    assert message in response["error"]["message"]


def test_more_logs_than_an_answer_holds_are_refused_with_a_range_that_fits(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(methods, "MAX_LOGS", 20)
    response = history.provider.make_request("eth_getLogs", [{"fromBlock": "0x0"}])
    assert response["error"]["code"] == -32005
    assert "more than 20 results" in response["error"]["message"]
    last = int(response["error"]["message"].split(" to ")[1].split()[0])
    fitting = history.ask("eth_getLogs", {"fromBlock": "0x0", "toBlock": hex(last)})
    assert 0 < len(fitting) <= 20


def test_a_reader_takes_more_logs_than_one_answer_holds(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(methods, "MAX_LOGS", 20)
    chain = embedded(history.node)
    cursor, taken = chain.start(0), 0
    while True:
        batch = chain.read_logs(cursor, [])
        taken, cursor = taken + len(batch.logs), batch.cursor
        if batch.is_complete:
            break
    assert taken == len(history.everything)


@pytest.mark.slow
def test_a_thousand_logs_a_second_are_read(tmp_path: Path) -> None:
    node: EmbeddedNode = embedded_node(tmp_path / "chain")
    chain = embedded(node)
    probe = deploy_probe(chain, new_signer())
    other = deploy_probe(chain, probe.operator)
    for number in range(20):
        probe.send("note", bytes(32), 100 * number, 100)
        other.send("note", bytes(32), 0, 100)
    cursor = chain.start(0)
    # Of the processor's time: what else the machine does is not the chain's.
    started = time.process_time()
    batch = chain.read_logs(cursor, [probe.address])
    seconds = time.process_time() - started
    assert len(batch.logs) == 2_000
    assert len(batch.logs) / seconds > 1_000
    node.close()
