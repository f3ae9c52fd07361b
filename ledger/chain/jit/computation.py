"""A call frame that runs in compiled blocks.

py-evm's own code sets the frame up and takes it down. In between its loop over opcodes meets a
single one, outside the range of a byte, which runs the frame to its end.

Creations run in py-evm: init code runs once. A program is found by the bytes of its code: contracts
of equal code share one, and it is never out of date. How many are kept is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from eth.abc import MessageAPI, OpcodeAPI, StateAPI, TransactionContextAPI
from eth.validation import validate_stack_bytes
from eth.vm.code_stream import CodeStream
from eth.vm.opcode import as_opcode
from eth.vm.stack import Stack

from ledger.chain.bounds import BOUNDED_OPCODES, BoundedComputation, Stopwatch, known_positions
from ledger.chain.jit.program import Program

MAX_PROGRAMS = 16
_BLOCKS_BETWEEN_LOOKS = 256  # at the time, which costs as much as a block
_RUN_FRAME = 0x100


class CompiledComputation(BoundedComputation):
    """Prague's EVM with a stopwatch, in compiled blocks."""

    def __init__(
        self,
        state: StateAPI,
        message: MessageAPI,
        transaction_context: TransactionContextAPI,
    ) -> None:
        super().__init__(state, message, transaction_context)
        if message.is_create:
            return
        self.code = code = _WholeFrame(message.code)
        code.valid_positions, code.invalid_positions = known_positions(message.code)
        self._stack = stack = _IntegerStack()
        self.stack: list[int] = stack.values  # type: ignore[assignment]  # no bytes among them


class _WholeFrame(CodeStream):
    """Code that is one opcode long to whoever walks along it."""

    def __iter__(self) -> Iterator[int]:
        yield _RUN_FRAME


class _IntegerStack(Stack):
    """A stack that holds integers only; py-evm's holds bytes as they come."""

    def push_bytes(self, value: bytes) -> None:
        validate_stack_bytes(value)
        self.push_int(int.from_bytes(value, "big"))


def _run_frame(computation: CompiledComputation) -> None:
    """Run until Halt or a VMError comes out, as it does from every frame."""
    blocks = program_of(computation.msg.code)
    stack = computation.stack
    meter = computation.get_gas_meter()
    stopwatch: Stopwatch = computation.state.stopwatch  # type: ignore[attr-defined]
    position = 0
    while True:
        for _ in range(_BLOCKS_BETWEEN_LOOKS):
            position = blocks[position](computation, stack, meter)
        stopwatch.check()


@lru_cache(maxsize=MAX_PROGRAMS)
def program_of(code: bytes) -> Program:
    """The one of this code, new or as far as it is compiled."""
    return Program(code, BOUNDED_OPCODES)


_OPCODES: dict[int, OpcodeAPI] = {**BOUNDED_OPCODES, _RUN_FRAME: as_opcode(_run_frame, "FRAME", 0)}
CompiledComputation.opcodes = _OPCODES
