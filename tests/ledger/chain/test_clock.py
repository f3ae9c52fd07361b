"""Chain time: what contracts see is what is sealed, and it never leaves the clock."""

from __future__ import annotations

from pathlib import Path

import pytest
from eth_abi.abi import decode

from ledger.chain.connect import embedded
from ledger.chain.errors import RpcMethodNotFound
from ledger.chain.node import EmbeddedNode, TimeTravelRefused
from ledger.chain.provider import EmbeddedProvider
from tests.ledger.chain.probe import Probe, deploy_probe, probe_call
from tests.support.chains import Backend, embedded_node, everyone, new_signer

START = 1_800_000_000


class ManualClock:
    """Seconds since 1970, moved by hand."""

    def __init__(self) -> None:
        self.now = float(START)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def probe(tmp_path: Path, clock: ManualClock) -> Probe:
    node = embedded_node(tmp_path / "timed", clock=clock, development=False)
    return deploy_probe(embedded(node), new_signer())


def stamped(probe: Probe) -> tuple[int, int]:
    """The time a contract saw, and the one in the sealed header."""
    receipt = probe.send("stamp")
    seen = int.from_bytes(receipt.logs[0].data, "big")
    return seen, probe.chain.block(receipt.block_number).timestamp


def time_of_a_call(probe: Probe, block: int | None = None) -> int:
    output = probe.chain.call(probe.address, probe_call("environment"), block=block)
    return int(decode(["uint256"] * 5 + ["address"], output)[0])


def test_a_block_after_a_long_pause_bears_the_present_time_and_contracts_see_it(
    probe: Probe, clock: ManualClock
) -> None:
    clock.now += 30 * 86_400
    assert stamped(probe) == (clock.now, clock.now)


def test_many_blocks_in_one_second_share_it_instead_of_running_ahead(
    probe: Probe, clock: ManualClock
) -> None:
    assert {stamped(probe) for _ in range(20)} == {(START, START)}
    assert probe.chain.head().number == 21
    clock.now += 1
    assert stamped(probe) == (START + 1, START + 1)


def test_a_fraction_of_a_second_is_not_rounded_up(probe: Probe, clock: ManualClock) -> None:
    clock.now += 0.999
    assert stamped(probe) == (START, START)


def test_a_clock_that_jumps_back_stops_chain_time_and_does_not_turn_it(
    probe: Probe, clock: ManualClock
) -> None:
    clock.now += 100
    stamped(probe)
    clock.now -= 90
    assert stamped(probe) == (START + 100, START + 100)
    assert time_of_a_call(probe) == START + 100
    clock.now += 91
    assert stamped(probe) == (START + 101, START + 101)


def test_a_call_sees_the_present_and_a_call_on_a_block_sees_its_time(
    probe: Probe, clock: ManualClock
) -> None:
    stamped(probe)
    number = probe.chain.head().number
    clock.now += 3_600
    assert time_of_a_call(probe) == START + 3_600
    assert time_of_a_call(probe, number) == START
    assert probe.chain.head().number == number


def test_the_pending_block_number_is_what_a_call_sees(probe: Probe) -> None:
    types = ["uint256"] * 5 + ["address"]
    head = probe.chain.head().number
    assert probe.call("environment", types=types)[1] == head + 1


def test_outside_development_mode_time_cannot_be_moved(probe: Probe) -> None:
    provider = probe.chain.provider
    assert isinstance(provider, EmbeddedProvider)
    with pytest.raises(TimeTravelRefused):
        provider.node.increase_time(1)
    with pytest.raises(TimeTravelRefused):
        provider.node.mine()
    for method in ("evm_increaseTime", "evm_mine"):
        response = provider.make_request(method, ["0x1"])
        assert response["error"]["code"] == RpcMethodNotFound.rpc_code


def test_in_development_mode_time_moves_ahead_only(node: EmbeddedNode) -> None:
    assert node.increase_time(60) == 60
    assert node.increase_time(40) == 100
    with pytest.raises(TimeTravelRefused):
        node.increase_time(-1)
    assert node.increase_time(0) == 100


def test_moved_time_goes_on_after_a_restart_also_out_of_development_mode(
    tmp_path: Path, clock: ManualClock
) -> None:
    node = embedded_node(tmp_path / "moved", clock=clock)
    node.increase_time(1_000)
    node.mine()
    assert node.head().timestamp == START + 1_000
    node.close()
    clock.now += 5
    node = EmbeddedNode.open(tmp_path / "moved", is_permitted=everyone, clock=clock)
    assert node.now() == START + 1_005
    node.close()


def test_chain_time_does_not_turn_when_the_clock_jumps_back_across_a_restart(
    tmp_path: Path, clock: ManualClock
) -> None:
    node = embedded_node(tmp_path / "stopped", clock=clock, development=False)
    probe = deploy_probe(embedded(node), new_signer())
    clock.now += 100
    assert stamped(probe) == (START + 100, START + 100)
    node.close()
    clock.now -= 90
    node = EmbeddedNode.open(tmp_path / "stopped", is_permitted=everyone, clock=clock)
    again = Probe(embedded(node), probe.address, probe.operator)
    assert stamped(again) == (START + 100, START + 100)
    clock.now += 91
    assert stamped(again) == (START + 101, START + 101)
    node.close()


def test_mining_seals_an_empty_block_at_the_present_time(backend: Backend) -> None:
    before = backend.chain.head()
    backend.move_time(500)
    after = backend.chain.head()
    assert after.number == before.number + 1
    assert after.timestamp >= before.timestamp + 500
