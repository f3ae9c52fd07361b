"""The blocks of one contract's code, each made Python once it has proven to be worth it.

Making a function of a block takes as long as a few dozen runs of it in py-evm, so a block first
runs there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from eth.abc import ComputationAPI, GasMeterAPI, OpcodeAPI
from eth.constants import GAS_MEMORY, GAS_MEMORY_QUADRATIC_DENOMINATOR, GAS_SHA3WORD
from eth.vm.logic.flow import jump
from eth.vm.logic.invalid import InvalidOpcode
from eth.vm.memory import Memory

from ledger.chain.jit.blocks import Block, block_at, jump_destinations
from ledger.chain.jit.source import KNOWN_OPCODES, block_source
from ledger.keccak import keccak

RUNS_BEFORE = 8
"""How often a block runs in py-evm before it is made a function."""

MAX_FUNCTIONS = 4_096
"""Of one code; further blocks stay with py-evm."""

Run = Callable[[ComputationAPI, list[int], GasMeterAPI], int]
"""Runs a block and answers where execution goes on. Halt and VMError end the frame."""


class Program(dict[int, Run]):
    """Blocks by the position of their first instruction; they are made when they are asked for.

    Threads may share it: at worst a block is made twice.
    """

    def __init__(self, code: bytes, opcodes: Mapping[int, OpcodeAPI]) -> None:
        super().__init__()
        self._code = code
        self._opcodes = opcodes
        self._destinations = jump_destinations(code)
        self._functions = 0

    def __missing__(self, position: int) -> Run:
        block = block_at(self._code, position, KNOWN_OPCODES)
        run = _Untried(self, block, self._step_by_step(block))
        self[position] = run
        return run

    def compile(self, block: Block) -> None:
        """Make a function of a block from now on, while there is room."""
        if self._functions == MAX_FUNCTIONS:
            return
        self._functions += 1
        source = block_source(block, self._opcodes, self._destinations)
        surroundings: dict[str, object] = {
            "step": self._step_by_step(block),
            "last": None if block.last is None else self._opcode(block.last),
            "destinations": self._destinations,
            "refuse": _refuse,
            "grow": _grow,
            "keccak": _keccak,
        }
        # The text is of fixed templates and numbers (`ledger.chain.jit.source`).
        exec(compile(source, f"<block {block.start}>", "exec"), surroundings)  # noqa: S102
        run: Run = surroundings["run"]  # type: ignore[assignment]
        self[block.start] = run

    def _step_by_step(self, block: Block) -> Callable[[ComputationAPI], int]:
        opcodes = [self._opcode(each.opcode) for each in block.instructions]
        if block.last is not None:
            opcodes.append(self._opcode(block.last))
        return partial(_step, block.start, opcodes)

    def _opcode(self, opcode: int) -> OpcodeAPI:
        return self._opcodes.get(opcode) or InvalidOpcode(opcode)


class _Untried:
    """A block that py-evm runs until it has run often enough."""

    __slots__ = ("_block", "_program", "_runs", "_step")

    def __init__(
        self, program: Program, block: Block, step: Callable[[ComputationAPI], int]
    ) -> None:
        self._program = program
        self._block = block
        self._step = step
        self._runs = 0

    def __call__(self, computation: ComputationAPI, stack: list[int], meter: GasMeterAPI) -> int:
        del stack, meter
        self._runs += 1
        if self._runs == RUNS_BEFORE:
            self._program.compile(self._block)
        return self._step(computation)


def _step(start: int, opcodes: list[OpcodeAPI], computation: ComputationAPI) -> int:
    stream = computation.code
    stream.program_counter = start
    for opcode in opcodes:
        stream.program_counter += 1
        opcode(computation)
    return int(stream.program_counter)


def _refuse(computation: ComputationAPI, target: int) -> int:
    """Fail as py-evm's own jump does."""
    computation.stack_push_int(target)
    jump(computation)
    return target


def _grow(computation: ComputationAPI, start: int, size: int = 32) -> bytearray:
    """Make room in memory, and take what py-evm's `extend_memory` takes for it; or fail as that."""
    memory: Memory = computation._memory  # type: ignore[assignment]  # noqa: SLF001
    meter = computation.get_gas_meter()
    price = _memory_price(start + size) - _memory_price(len(memory))
    if price > meter.gas_remaining:
        computation.extend_memory(start, size)
    meter.gas_remaining -= price
    memory.extend(start, size)
    return memory._bytes  # noqa: SLF001


def _keccak(computation: ComputationAPI, start: int, size: int) -> int:
    memory: bytearray = computation._memory._bytes  # type: ignore[attr-defined]  # noqa: SLF001
    if size and start + size > len(memory):
        memory = _grow(computation, start, size)
    meter = computation.get_gas_meter()
    price = GAS_SHA3WORD * ((size + 31) // 32)
    if price > meter.gas_remaining:
        computation.consume_gas(price, reason="SHA3: word gas cost")
    meter.gas_remaining -= price
    return int.from_bytes(keccak(memory[start : start + size]), "big")


def _memory_price(size: int) -> int:
    """Gas for so many bytes of memory (yellow paper, appendix H.1, C_mem)."""
    words = (size + 31) // 32
    return GAS_MEMORY * words + words * words // GAS_MEMORY_QUADRATIC_DENOMINATOR
