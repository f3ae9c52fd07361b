"""Many reads of one state in one request.

An `eth_call` without a recipient runs init code. The init code made here makes each wanted call in
turn, collects what they answer, and hands it over by reverting with it: unlike returned code, what
a revert carries has no limit and is not taken for a contract. All answers are of the same block and
the same time, which a series of single calls cannot promise, and the cost of starting an execution
is paid once.

For each call (EVM, Shanghai), with `m` on the stack where the next answer goes:

    CODECOPY its call data to 0 · STATICCALL · MSTORE success at m · MSTORE size at m+32 ·
    RETURNDATACOPY to m+64 · m += 64 + size

Nothing is written and nothing deployed; a call that would write fails. A rehearsal uses CALL with a
bound on its gas instead of STATICCALL: each call then meets what those before it wrote, and all of
it is undone when the init code reverts.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

from eth_typing import Address

from ledger.chain.chain import Chain
from ledger.chain.encoding import Json, data, quantity
from ledger.chain.errors import ChainAnswerInvalid, ExecutionReverted
from ledger.chain.failures import reverted
from ledger.chain.requester import Requester, RetryPolicy
from ledger.chain.rpc import Provider
from ledger.chain.values import read_data, read_quantity

MAX_INIT_CODE_BYTES = 49_152  # EIP-3860
MAX_CALLS = 256
"""In one execution: what the embedded node computes within its bounds of gas and time."""

MAX_REHEARSED_GAS = 24_000_000
"""In one execution: below the gas of a block, which is what nodes let a call use."""

_ANSWERS_AT = 0x8000
MAX_CALL_DATA_BYTES = _ANSWERS_AT
_BEGIN = bytes.fromhex("61") + _ANSWERS_AT.to_bytes(2)
_COPY = bytes.fromhex("5f39")  # PUSH0 CODECOPY, after size and offset
_NO_OUTPUT = bytes.fromhex("5f5f61")  # PUSH0 PUSH0 PUSH2: size of the input follows
_FROM_ZERO = bytes.fromhex("5f73")  # PUSH0 PUSH20: where the input is; the address follows
_STATIC_CALL = bytes.fromhex("5afa")  # GAS STATICCALL
_FROM_ZERO_WITHOUT_VALUE = bytes.fromhex("5f5f73")  # PUSH0 PUSH0 PUSH20: for CALL
_KEEP = bytes.fromhex(
    # m ok
    "8152"  # DUP2 MSTORE                                  m
    "3d81602001"  # RETURNDATASIZE DUP2 PUSH1 32 ADD
    "52"  # MSTORE                                         m
    "3d5f82604001"  # RETURNDATASIZE PUSH0 DUP3 PUSH1 64 ADD
    "3e"  # RETURNDATACOPY                                 m
    "3d01604001"  # RETURNDATASIZE ADD PUSH1 64 ADD        m'
)
_END = (
    bytes.fromhex("61")
    + _ANSWERS_AT.to_bytes(2)
    + bytes.fromhex("80910390fd")  # DUP1 SWAP2 SUB SWAP1 REVERT: from _ANSWERS_AT to m
)


@dataclass(frozen=True, slots=True)
class Read:
    """A call that reads.

    Attributes:
        to: the contract.
        call_data: selector and arguments.
    """

    to: Address
    call_data: bytes


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A call that writes, to be rehearsed.

    Attributes:
        to: the contract.
        call_data: selector and arguments, at most MAX_CALL_DATA_BYTES.
        gas: that it may use.
    """

    to: Address
    call_data: bytes
    gas: int


class Reader:
    """Reads of one chain. Safe to use from any thread.

    Args:
        chain: embedded or remote.
    """

    def __init__(self, chain: Chain) -> None:
        self._requester = Requester(
            # Either kind answers batches; web3's base class does not say so.
            cast("Provider", chain.provider),
            chain_id=chain.chain_id,
            retry=RetryPolicy(),
            sleep=time.sleep,
        )

    def read(
        self, reads: Sequence[Read], *, block: int | None = None
    ) -> list[bytes | ExecutionReverted]:
        """What each call answers, or what it reverted with.

        Up to MAX_CALLS are answered from one state; more are asked for in groups, and one with more
        than MAX_CALL_DATA_BYTES alone.

        Args:
            reads: any number.
            block: after this one; the present if None.

        Raises:
            ChainUnavailable, ChainAnswerInvalid: see `ledger.chain.requester`.
        """
        answers: list[bytes | ExecutionReverted] = []
        at = "latest" if block is None else quantity(block)
        for group in _groups(reads):
            if len(group[0].call_data) > MAX_CALL_DATA_BYTES:
                answers.append(self._ask_alone(group[0], at))
            else:
                answers += self._run(group, at)
        return answers

    def rehearse(self, calls: Sequence[Rehearsed]) -> list[ExecutionReverted | None]:
        """Why each call would fail in the present state, after those before it; None if it would
        not.

        Anyone makes the calls, not a certain sender. Calls in one group meet what the others wrote;
        a group ends where its gas would exceed MAX_REHEARSED_GAS.
        """
        outcomes: list[ExecutionReverted | None] = []
        if any(len(each.call_data) > MAX_CALL_DATA_BYTES for each in calls):
            raise ValueError(f"a rehearsed call has at most {MAX_CALL_DATA_BYTES} bytes")
        for group in _groups(calls):
            answers = self._run(group, "latest")
            outcomes += [each if isinstance(each, ExecutionReverted) else None for each in answers]
        return outcomes

    def _ask_alone(self, read: Read, at: str) -> bytes | ExecutionReverted:
        message: dict[str, Json] = {"to": data(read.to), "data": data(read.call_data)}
        try:
            return read_data(self._requester.ask("eth_call", message, at))
        except ExecutionReverted as error:
            return error

    def _run(self, group: Sequence[Read | Rehearsed], at: str) -> list[bytes | ExecutionReverted]:
        try:
            self._requester.ask("eth_call", {"data": data(init_code(group))}, at)
        except ExecutionReverted as error:
            return _split(error.output, len(group))
        raise ChainAnswerInvalid("the node did not run what it was given to run")

    def read_one(self, read: Read, *, block: int | None = None) -> bytes:
        """What one call answers.

        Raises:
            ExecutionReverted: with the contract's error in `output`.
        """
        (answer,) = self.read([read], block=block)
        if isinstance(answer, ExecutionReverted):
            raise answer
        return answer

    def balance(self, account: Address) -> int:
        """What an account has of the chain's own coin, in wei."""
        return read_quantity(self._requester.ask("eth_getBalance", data(account), "latest"))

    def attempt(self, *, sender: Address, to: Address, call_data: bytes, value: int) -> bytes:
        """Execute one call in the present state, as if `sender` made it, and undo it.

        Raises:
            ExecutionReverted, ChainRefused: it would fail.
        """
        message: dict[str, Json] = {
            "from": data(sender),
            "to": data(to),
            "data": data(call_data),
            "value": quantity(value),
        }
        return read_data(self._requester.ask("eth_call", message, "latest"))


def init_code(reads: Sequence[Read | Rehearsed]) -> bytes:
    """The code that makes these calls; their call data follows after it."""
    data_at = len(_BEGIN) + sum(len(_step(each, 0)) for each in reads) + len(_END)
    code = _BEGIN
    for each in reads:
        code += _step(each, data_at)
        data_at += len(each.call_data)
    return code + _END + b"".join(each.call_data for each in reads)


def _step(read: Read | Rehearsed, data_at: int) -> bytes:
    size = len(read.call_data).to_bytes(2)
    copied = b"\x61" + size + b"\x61" + data_at.to_bytes(2) + _COPY
    asked = copied + _NO_OUTPUT + size
    if isinstance(read, Read):
        return asked + _FROM_ZERO + read.to + _STATIC_CALL + _KEEP
    gas = b"\x63" + read.gas.to_bytes(4) + b"\xf1"  # PUSH4 CALL
    return asked + _FROM_ZERO_WITHOUT_VALUE + read.to + gas + _KEEP


_Asked = TypeVar("_Asked", Read, Rehearsed)


def _groups(reads: Sequence[_Asked]) -> Iterator[list[_Asked]]:
    group: list[_Asked] = []
    size = len(_BEGIN) + len(_END)
    gas = 0
    for read in reads:
        if len(read.call_data) > MAX_CALL_DATA_BYTES:
            if group:
                yield group
            yield [read]
            group, size, gas = [], len(_BEGIN) + len(_END), 0
            continue
        length = len(_step(read, 0)) + len(read.call_data)
        size += length
        gas += read.gas if isinstance(read, Rehearsed) else 0
        if group and (
            len(group) == MAX_CALLS or size > MAX_INIT_CODE_BYTES or gas > MAX_REHEARSED_GAS
        ):
            yield group
            group, size = [], len(_BEGIN) + len(_END) + length
            gas = read.gas if isinstance(read, Rehearsed) else 0
        group.append(read)
    if group:
        yield group


def _split(output: bytes, count: int) -> list[bytes | ExecutionReverted]:
    answers: list[bytes | ExecutionReverted] = []
    position = 0
    for _ in range(count):
        succeeded = int.from_bytes(output[position : position + 32])
        size = int.from_bytes(output[position + 32 : position + 64])
        answer = output[position + 64 : position + 64 + size]
        if succeeded > 1 or len(answer) != size or len(output) < position + 64:
            raise ChainAnswerInvalid("the node cut short what several reads answered")
        answers.append(answer if succeeded else reverted(answer))
        position += 64 + size
    if position != len(output):
        raise ChainAnswerInvalid("the node answered more than several reads can")
    return answers
