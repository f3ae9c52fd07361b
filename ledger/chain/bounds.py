"""Bounds on the time of an execution, which gas alone does not give.

Gas was priced for native code. In pure Python a pairing check or a few million rounds of BLAKE2
take minutes for the gas of one transaction, and while one transaction runs no other is sealed. So
an execution also has a budget of processor seconds, and the precompiled contracts whose one call
could exceed it alone take only as much input as they handle in about three seconds.

Who exceeds the budget is refused without a trace: nobody re-executes this chain's blocks, so the
machine's speed never decides what a block means, only what gets into one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import lru_cache, partial

from eth._utils.address import force_bytes_to_address
from eth.abc import ComputationAPI, MessageAPI, OpcodeAPI, StateAPI, TransactionContextAPI
from eth.constants import GAS_JUMPDEST
from eth.exceptions import VMError
from eth.vm import mnemonics, opcode_values
from eth.vm.code_stream import CodeStream
from eth.vm.forks.prague.computation import PRAGUE_PRECOMPILES, PragueComputation
from eth.vm.forks.prague.opcodes import PRAGUE_OPCODES
from eth.vm.opcode import as_opcode

from ledger.chain.errors import ExecutionTooLong

EXECUTION_SECONDS = 5.0
_ANALYSED_CODES = 32
_CHECK_EVERY = 256  # jumps and calls
_MAX_INPUT_BYTES = {
    b"\x08": 8 * 192,  # BN254 pairing check (EIP-197)
    b"\x0c": 32 * 160,  # BLS12-381 G1 multi-scalar multiplication (EIP-2537)
    b"\x0e": 12 * 288,  # the same in G2
    b"\x0f": 4 * 384,  # BLS12-381 pairing check
}
_BLAKE2F = b"\x09"  # EIP-152
_MAX_BLAKE2F_ROUNDS = 100_000

Precompile = Callable[[ComputationAPI], ComputationAPI]


class Stopwatch:
    """The processor time that an execution may still take on this thread.

    Asking for the time costs more than most instructions, so the budget runs from the first time
    that it is asked for: a few hundred blocks of code or calls after the start.
    """

    def __init__(self) -> None:
        self._deadline: float | None = math.inf
        self._steps = 0

    def start(self) -> None:
        """Give the whole budget anew."""
        self._deadline = None

    def check(self) -> None:
        """Refuse to go on if the budget is used up.

        Raises:
            ExecutionTooLong: nothing that was executed counts.
        """
        now = time.thread_time()
        if self._deadline is None:
            self._deadline = now + EXECUTION_SECONDS
        if now > self._deadline:
            raise ExecutionTooLong(
                f"execution timeout: more than {EXECUTION_SECONDS:g} seconds of computing; do less"
            )

    def stepped(self) -> None:
        """Count a jump, which every loop must make, or a call, and check now and then."""
        self._steps += 1
        if self._steps % _CHECK_EVERY == 0:
            self.check()


def _jumpdest(computation: ComputationAPI) -> None:
    stopwatch: Stopwatch = computation.state.stopwatch  # type: ignore[attr-defined]
    stopwatch.stepped()


def _limited(precompile: Precompile, limit: int, computation: ComputationAPI) -> ComputationAPI:
    size = len(computation.msg.data)
    if size > limit:
        raise VMError(f"input of {size} bytes, on this chain the limit is {limit} bytes")
    return precompile(computation)


def _limited_blake2f(precompile: Precompile, computation: ComputationAPI) -> ComputationAPI:
    rounds = int.from_bytes(bytes(computation.msg.data[:4]), "big")
    if rounds > _MAX_BLAKE2F_ROUNDS:
        raise VMError(f"{rounds} rounds, on this chain the limit is {_MAX_BLAKE2F_ROUNDS} rounds")
    return precompile(computation)


def _bounded_precompiles() -> dict[bytes, Precompile]:
    bounded: dict[bytes, Precompile] = dict(PRAGUE_PRECOMPILES)
    for number, limit in _MAX_INPUT_BYTES.items():
        address = force_bytes_to_address(number)
        bounded[address] = partial(_limited, bounded[address], limit)
    blake2f = force_bytes_to_address(_BLAKE2F)
    bounded[blake2f] = partial(_limited_blake2f, bounded[blake2f])
    return bounded


BOUNDED_OPCODES: dict[int, OpcodeAPI] = {
    **PRAGUE_OPCODES,
    opcode_values.JUMPDEST: as_opcode(_jumpdest, mnemonics.JUMPDEST, GAS_JUMPDEST),
}


@lru_cache(maxsize=_ANALYSED_CODES)
def known_positions(code: bytes) -> tuple[set[int], set[int]]:
    """Where this code has opcodes, and where the data of a PUSH: as far as it was looked at."""
    del code
    return set(), set()


class BoundedComputation(PragueComputation):
    """Prague's EVM with a stopwatch, looked at before every precompiled contract, and every few
    jumps and calls.

    Which positions of a code are opcodes depends on the code alone. py-evm finds out again in every
    call frame, by looking 32 bytes back from each target of a jump; here frames of one code share
    what was found.
    """

    opcodes = BOUNDED_OPCODES
    _precompiles = _bounded_precompiles()

    def __init__(
        self,
        state: StateAPI,
        message: MessageAPI,
        transaction_context: TransactionContextAPI,
    ) -> None:
        super().__init__(state, message, transaction_context)
        if not message.is_create and isinstance(self.code, CodeStream):
            self.code.valid_positions, self.code.invalid_positions = known_positions(message.code)

    @classmethod
    def apply_computation(
        cls,
        state: StateAPI,
        message: MessageAPI,
        transaction_context: TransactionContextAPI,
        parent_computation: ComputationAPI | None = None,
    ) -> ComputationAPI:
        """Run one call frame.

        Raises:
            ExecutionTooLong: through all frames; the caller undoes everything.
        """
        stopwatch: Stopwatch = state.stopwatch  # type: ignore[attr-defined]
        if message.code_address in cls._precompiles:
            stopwatch.check()
        else:
            stopwatch.stepped()
        return super().apply_computation(state, message, transaction_context, parent_computation)
