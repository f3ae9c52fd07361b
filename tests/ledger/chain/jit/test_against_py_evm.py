"""Code of all kinds runs here and in py-evm as it is: what comes out is the same to the bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import pytest
from eth.chains.base import Chain
from eth.db.atomic import AtomicDB
from eth.typing import HeaderParams
from eth.vm import opcode_values as op
from eth.vm.code_stream import CodeStream
from eth.vm.forks.prague import PragueVM
from eth.vm.forks.prague.state import PragueState
from eth.vm.message import Message
from eth_typing import Address
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ledger.chain.bounds import Stopwatch
from ledger.chain.jit import computation as compiled
from ledger.chain.jit import program
from ledger.chain.jit.blocks import jump_destinations
from ledger.chain.jit.computation import CompiledComputation
from ledger.chain.jit.source import KNOWN_OPCODES

HERE, THERE, CALLER = (Address(bytes([n]) * 20) for n in (0xAA, 0xBB, 0xCC))
RETURNS_WORD = bytes.fromhex("5f5260205ff3")  # PUSH0 MSTORE, PUSH1 32 PUSH0 RETURN
MAX = 2**256 - 1


class CompiledState(PragueState):
    """py-evm's state with compiled frames."""

    computation_class = CompiledComputation

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self.stopwatch = Stopwatch()


class CompiledVM(PragueVM):
    _state_class = CompiledState


@dataclass(frozen=True)
class Outcome:
    """All that a call leaves behind; errors by their kind."""

    error: type[Exception] | None
    output: bytes
    gas_remaining: int
    refund: int
    logs: tuple[object, ...]
    state_root: bytes


@cache
def genesis(vm_class: type[PragueVM]) -> Chain:
    """A chain of one block, which nobody adds to."""
    rules = Chain.configure("Test", vm_configuration=((0, vm_class),), chain_id=7)
    header: dict[str, HeaderParams] = {"gas_limit": 10**9, "timestamp": 1}
    return rules.from_genesis(AtomicDB(), header, {})


def run(
    vm_class: type[PragueVM], code: bytes, calls: Sequence[bytes], *, gas: int, is_static: bool
) -> list[Outcome]:
    """Call a contract of this code once with each input, one after the other."""
    state = genesis(vm_class).get_vm().state
    for address in (HERE, THERE):
        state.set_code(address, code)
        state.set_balance(address, 5)
    outcomes = []
    for data in calls:
        state.lock_changes()
        message = Message(gas, HERE, CALLER, 0, data, code, is_static=is_static)
        context = state.get_transaction_context_class()(gas_price=0, origin=CALLER)
        done = state.computation_class.apply_message(state, message, context)
        state.lock_changes()
        outcomes.append(
            Outcome(
                type(done.error) if done.is_error else None,
                done.output,
                done.get_gas_remaining(),
                done.get_gas_refund(),
                done.get_log_entries(),
                state.make_state_root(),
            )
        )
        state.clear_transient_storage()
    return outcomes


def assert_same(
    code: bytes,
    calls: Sequence[bytes] = (b"",) * 2,
    *,
    gas: int = 100_000,
    is_static: bool = False,
) -> list[Outcome]:
    expected = run(PragueVM, code, calls, gas=gas, is_static=is_static)
    assert run(CompiledVM, code, calls, gas=gas, is_static=is_static) == expected
    return expected


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block is compiled after its first run, so that the second call already meets functions."""
    monkeypatch.setattr(program, "RUNS_BEFORE", 1)
    compiled.program_of.cache_clear()


def push(value: int) -> bytes:
    size = (value.bit_length() + 7) // 8
    return bytes([op.PUSH0 + size]) + value.to_bytes(size, "big")


# One instruction at a time

WORDS = st.one_of(
    st.sampled_from([0, 1, 2, 31, 32, 33, 255, 256, 2**255 - 1, 2**255, 2**255 + 1, MAX - 1, MAX]),
    st.integers(0, MAX),
    st.integers(0, 300),
)
ARITHMETIC = sorted(
    code for code in KNOWN_OPCODES if code < op.SHA3 or code in {op.CALLDATALOAD, op.RETURNDATASIZE}
)


@given(a=WORDS, b=WORDS, c=WORDS)
@settings(max_examples=40, deadline=None)
def test_arithmetic_is_py_evms(a: int, b: int, c: int) -> None:
    """Each opcode on the same three words, all results in one output."""
    code = b""
    for number, opcode in enumerate(ARITHMETIC):
        code += push(c) + push(b) + push(a) + bytes([opcode]) + push(32 * number) + b"\x52"
        code += b"\x50\x50" if opcode in {op.ISZERO, op.NOT, op.CALLDATALOAD} else b""
    code += push(32 * len(ARITHMETIC)) + bytes.fromhex("5ff3")
    outcomes = assert_same(code, [bytes(range(1, 70))] * 2, gas=10**6)
    assert outcomes[-1].error is None


@pytest.mark.filterwarnings("ignore:SELFDESTRUCT")
@pytest.mark.parametrize("opcode", range(256), ids=lambda opcode: f"{opcode:02x}")
def test_every_opcode_is_py_evms_on_any_stack(opcode: int) -> None:
    """With words enough, with none at all, and with a full stack; also where nothing may change."""
    words = b"".join(push(n) for n in (64, 3, 32, 1, 0, 40, 2, 5, 0))
    full = words + bytes([op.PUSH1, 1]) * 1_015
    for before, is_static in ((words, False), (words, True), (b"", False), (full, False)):
        code = before + bytes([opcode]) + RETURNS_WORD
        assert_same(code, gas=150_000, is_static=is_static)


# Whatever there is


OTHERS = [
    *(op.SLOAD, op.SSTORE, op.TLOAD, op.TSTORE, op.GAS, op.MSIZE, op.LOG1, op.MCOPY, op.EXP),
    *(op.SAR, op.SIGNEXTEND, op.SDIV, op.SMOD, op.CODECOPY, op.RETURNDATACOPY, op.REVERT),
    *(op.RETURN, op.STOP, op.MSTORE8, op.CREATE, op.CREATE2, op.SELFDESTRUCT, 0xFE),
]


def _instructions() -> st.SearchStrategy[bytes]:
    small = st.integers(0, 70).map(push)
    jumps = st.tuples(st.integers(0, 90), st.sampled_from([op.JUMP, op.JUMPI])).map(
        lambda pair: push(pair[0]) + bytes([pair[1]])
    )
    calls = st.tuples(
        st.sampled_from([op.CALL, op.DELEGATECALL, op.STATICCALL, op.CALLCODE]),
        st.sampled_from([HERE, THERE, *(bytes(19) + bytes([n]) for n in (1, 2, 4, 5))]),
        st.integers(0, 3),
        st.sampled_from([100, 5_000, 2**40]),
    ).map(
        lambda each: (
            b"\x60\x20\x5f\x60\x24\x5f"
            + (push(each[2]) if each[0] in {op.CALL, op.CALLCODE} else b"")
            + bytes([op.PUSH20])
            + each[1]
            + push(each[3])
            + bytes([each[0]])
        )
    )
    known = st.sampled_from(sorted(KNOWN_OPCODES)).map(lambda opcode: bytes([opcode]))
    others = st.sampled_from(OTHERS).map(lambda opcode: bytes([opcode]))
    destination = st.just(bytes([op.JUMPDEST]))
    return st.one_of(small, small, small, destination, known, known, jumps, others, calls)


@pytest.mark.filterwarnings("ignore:SELFDESTRUCT")
@given(
    parts=st.lists(_instructions(), max_size=40),
    data=st.binary(max_size=40),
    # With more gas, contracts call themselves deeper than Hypothesis lets Python go.
    gas=st.one_of(st.integers(0, 2_000), st.integers(0, 30_000)),
    is_static=st.booleans(),
)
@example(parts=[b"\x5b\x5f\x56"], data=b"", gas=5_000, is_static=False)  # an endless loop
@example(parts=[b"\x5b\x80\x5f\x56"], data=b"", gas=30_000, is_static=False)  # a full stack
@example(parts=[b"\x60\x03\x56\x60\x5b"], data=b"", gas=100, is_static=False)  # into data
@settings(max_examples=120, deadline=None)
def test_any_code_with_any_gas_ends_as_in_py_evm(
    parts: list[bytes], data: bytes, gas: int, is_static: bool
) -> None:
    calls = [data, data]
    assert_same(b"".join(parts), calls, gas=gas, is_static=is_static)


@pytest.mark.filterwarnings("ignore:SELFDESTRUCT")
@given(code=st.binary(max_size=60), gas=st.integers(0, 50_000))
@settings(max_examples=100, deadline=None)
def test_noise_ends_as_in_py_evm(code: bytes, gas: int) -> None:
    assert_same(code, gas=gas)


def test_every_amount_of_gas_ends_a_loop_where_py_evm_ends_it() -> None:
    # Counts in memory and in storage, hashes, and asks what gas is left.
    loop = bytes.fromhex("5b5f5160010180 5f52 60205f20 80 55 5a 50 5f56".replace(" ", ""))
    outcomes = {assert_same(loop, [b"", b""], gas=gas)[0].error for gas in range(0, 60_000, 1_337)}
    assert len(outcomes) == 1  # out of gas, wherever that is


def test_a_call_into_itself_ends_with_the_gas_that_it_ends_with_in_py_evm() -> None:
    # Calls itself with all its gas, then stores how deep it got: 1 more than the callee returned.
    code = bytes.fromhex("60205f5f5f5f305af1505f5160010180 5f52 60205ff3".replace(" ", ""))
    (*_, outcome) = assert_same(code, gas=400_000)
    assert int.from_bytes(outcome.output, "big") > 20


# Dividing code


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_jump_destinations_are_those_of_py_evm(code: bytes) -> None:
    stream = CodeStream(code)
    expected = {
        at for at, byte in enumerate(code) if byte == op.JUMPDEST and stream.is_valid_opcode(at)
    }
    assert jump_destinations(code) == expected
