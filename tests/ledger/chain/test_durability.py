"""kill -9 under load: the head is a whole block, and what was acknowledged is in it."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ledger.chain.check import check_chain
from ledger.chain.connect import embedded
from ledger.chain.errors import ChainExists, ChainMissing, ChainStoreCorrupt
from ledger.chain.node import EmbeddedNode
from ledger.chain.records import read_transaction
from tests.ledger.chain.probe import deploy_probe
from tests.support.chains import CHAIN_ID, embedded_node, everyone, new_signer

_LOAD = Path(__file__).parent / "load.py"


@pytest.mark.slow
@pytest.mark.parametrize("round_", range(6))
def test_after_kill_nine_every_acknowledged_transaction_is_there_once(
    tmp_path: Path, round_: int
) -> None:
    directory = tmp_path / "chain"
    embedded_node(directory).close()
    acknowledged: list[bytes] = []
    # Killed twice, so that the second run starts from what the first left behind.
    for lines in (25 + 37 * round_, 40):
        load = subprocess.Popen(
            [sys.executable, str(_LOAD), str(directory)], stdout=subprocess.PIPE, text=True
        )
        assert load.stdout is not None
        acknowledged += [bytes.fromhex(line) for line in itertools.islice(load.stdout, lines)]
        load.kill()
        rest = load.stdout.read().split("\n")
        # The last line may be cut short by the kill.
        acknowledged += [bytes.fromhex(line) for line in rest if len(line) == 64]
        load.wait()
        node = embedded_node(directory)
        assert list(check_chain(node))[-1] == node.head().block_number
        assert len(set(acknowledged)) == len(acknowledged)
        for each in acknowledged:
            assert read_transaction(node.store, each) is not None
        probe = deploy_probe(embedded(node), new_signer())
        assert probe.send("stamp").succeeded
        node.close()


@pytest.mark.slow
def test_a_chain_of_ten_thousand_blocks_opens_in_less_than_two_seconds(tmp_path: Path) -> None:
    directory = tmp_path / "chain"
    node = embedded_node(directory)
    for _ in range(10_000):
        node.mine()
    node.close()
    # Of the processor's time: what else the machine does is not the chain's.
    started = time.process_time()
    node = EmbeddedNode.open(directory, is_permitted=everyone, clock=time.time)
    assert embedded(node).head().number == 10_000
    assert time.process_time() - started < 2
    node.close()


def test_a_chain_goes_on_after_a_restart(tmp_path: Path) -> None:
    directory = tmp_path / "chain"
    probe = deploy_probe(embedded(embedded_node(directory)), new_signer())
    receipt = probe.send("stamp")
    probe.chain.close()
    chain = embedded(embedded_node(directory))
    assert chain.chain_id == CHAIN_ID
    assert chain.receipt(receipt.transaction_hash) == receipt
    assert chain.send(probe.draft("stampExactly", 2), probe.operator).succeeded
    chain.close()


def test_two_chains_made_in_the_same_second_share_no_block_hash(tmp_path: Path) -> None:
    nodes = [
        embedded_node(tmp_path / str(number), chain_id=CHAIN_ID + number, clock=lambda: 1.8e9)
        for number in range(2)
    ]
    assert nodes[0].head().hash != nodes[1].head().hash
    assert [node.chain_id for node in nodes] == [CHAIN_ID, CHAIN_ID + 1]
    for node in nodes:
        node.close()


def test_a_chain_is_made_once(tmp_path: Path) -> None:
    with pytest.raises(ChainMissing):
        EmbeddedNode.open(tmp_path / "chain", is_permitted=everyone, clock=time.time)
    assert not (tmp_path / "chain").exists()
    EmbeddedNode.create(tmp_path / "chain", chain_id=CHAIN_ID, timestamp=1)
    with pytest.raises(ChainExists):
        EmbeddedNode.create(tmp_path / "chain", chain_id=CHAIN_ID, timestamp=1)


@pytest.mark.parametrize("chain_id", [0, 1337, 2**31 - 1, 2**52])
def test_a_chain_id_that_wallets_cannot_take_or_others_use_is_refused(
    tmp_path: Path, chain_id: int
) -> None:
    with pytest.raises(ValueError, match="chain id"):
        EmbeddedNode.create(tmp_path / "chain", chain_id=chain_id, timestamp=1)


@pytest.mark.parametrize("seed", range(40))
def test_a_block_that_is_altered_on_disk_is_named(tmp_path: Path, seed: int) -> None:
    """A bit of any record of the chain is flipped: reading everything finds it."""
    directory = tmp_path / "chain"
    node = embedded_node(directory)
    probe = deploy_probe(embedded(node), new_signer())
    for number in range(3):
        probe.send("note", bytes(32), number, 2)
    pairs = [
        (key, value)
        for key, value in node.store.scan(b"\0", b"\xff" * 32)
        # Not py-evm's own bookkeeping that nothing here reads: scores, gaps, a second index.
        if value
        and b"chain_gaps" not in key
        and not key.startswith((b"block-hash-to-score", b"transaction-hash-to"))
    ]
    key, value = pairs[seed * len(pairs) // 40]
    node.store[key] = bytes([value[0] ^ 1]) + value[1:]
    node.close()
    with pytest.raises((ChainStoreCorrupt, ChainMissing)):
        _read_everything(directory, key)


def _read_everything(directory: Path, key: bytes) -> None:
    node = EmbeddedNode.open(directory, is_permitted=everyone, clock=time.time)
    try:
        list(check_chain(node))
        # Old states are not walked by the check; whoever reads one finds out.
        _ = node.store[key]
    finally:
        node.close()
