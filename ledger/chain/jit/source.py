"""The Python text of a basic block.

The text consists of the templates below, of numbers, and of names made of numbers; nothing else of
the code gets into it. It is a function of the computation, its stack (a list of integers) and its
gas meter, which answers with the position where execution goes on.

The gas of an instruction is what py-evm's table says. The meaning of each template is that of the
opcode of its name (Ethereum yellow paper, appendix H.2; EIP-145 for shifts); in a template `{0}` is
the uppermost item of the stack.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from eth.abc import OpcodeAPI
from eth.constants import STACK_DEPTH_LIMIT, UINT_256_MAX
from eth.vm import opcode_values as op

from ledger.chain.jit.blocks import Block, Instruction

_SIGN: Final = 1 << 255

_EXPRESSIONS: Final[Mapping[int, tuple[int, str]]] = {
    op.ADD: (2, f"({{0}} + {{1}}) & {UINT_256_MAX}"),
    op.MUL: (2, f"({{0}} * {{1}}) & {UINT_256_MAX}"),
    op.SUB: (2, f"({{0}} - {{1}}) & {UINT_256_MAX}"),
    op.DIV: (2, "{0} // {1} if {1} else 0"),
    op.MOD: (2, "{0} % {1} if {1} else 0"),
    op.ADDMOD: (3, "({0} + {1}) % {2} if {2} else 0"),
    op.MULMOD: (3, "({0} * {1}) % {2} if {2} else 0"),
    op.LT: (2, "1 if {0} < {1} else 0"),
    op.GT: (2, "1 if {0} > {1} else 0"),
    op.SLT: (2, f"1 if {{0}} ^ {_SIGN} < {{1}} ^ {_SIGN} else 0"),
    op.SGT: (2, f"1 if {{0}} ^ {_SIGN} > {{1}} ^ {_SIGN} else 0"),
    op.EQ: (2, "1 if {0} == {1} else 0"),
    op.ISZERO: (1, "0 if {0} else 1"),
    op.AND: (2, "{0} & {1}"),
    op.OR: (2, "{0} | {1}"),
    op.XOR: (2, "{0} ^ {1}"),
    op.NOT: (1, f"{{0}} ^ {UINT_256_MAX}"),
    op.BYTE: (2, "{1} >> 8 * (31 - {0}) & 255 if {0} < 32 else 0"),
    op.SHL: (2, f"({{1}} << {{0}}) & {UINT_256_MAX} if {{0}} < 256 else 0"),
    op.SHR: (2, "{1} >> {0} if {0} < 256 else 0"),
    op.ADDRESS: (0, "int.from_bytes(c.msg.storage_address, 'big')"),
    op.CALLER: (0, "int.from_bytes(c.msg.sender, 'big')"),
    op.CALLVALUE: (0, "c.msg.value"),
    op.CALLDATALOAD: (
        1,
        "int.from_bytes(c.msg.data_as_bytes[{0}:{0} + 32].ljust(32, b'\\0'), 'big')",
    ),
    op.CALLDATASIZE: (0, "len(c.msg.data)"),
    op.RETURNDATASIZE: (0, "len(c.return_data)"),
}
"""How many items an instruction takes from the stack, and what it puts there."""

KNOWN_OPCODES: Final = frozenset(
    [
        *_EXPRESSIONS,
        *range(op.PUSH0, op.PUSH32 + 1),
        *range(op.DUP1, op.DUP16 + 1),
        *range(op.SWAP1, op.SWAP16 + 1),
        *(op.POP, op.PC, op.MLOAD, op.MSTORE, op.SHA3, op.JUMP, op.JUMPI, op.JUMPDEST),
    ]
)
"""Everything else is py-evm's own."""


def block_source(
    block: Block, opcodes: Mapping[int, OpcodeAPI], destinations: frozenset[int]
) -> str:
    """The text of `run(c, s, meter)`: computation, stack and gas meter.

    Names that it takes from its surroundings: `step(c)`, which runs the block instruction by
    instruction; `last`, py-evm's function of the block's last opcode; `destinations`;
    `refuse(c, target)`, which raises for a jump elsewhere; `grow(c, start)`, which makes room for a
    word in memory and answers the memory; `keccak(c, start, size)`.
    """
    return _Writer(block, destinations).text(
        sum(opcodes[each.opcode].gas_cost for each in block.instructions)  # type: ignore[attr-defined]
    )


class _Writer:
    """Follows the stack through a block by the names and numbers of its items.

    `a1` is the item that is uppermost when the block begins, `a2` the one below it, and so on;
    `t1`, `t2` … are results. What the block never touches is not in `_items`.
    """

    def __init__(self, block: Block, destinations: frozenset[int]) -> None:
        self._destinations = destinations
        self._block = block
        self._body: list[str] = []
        self._items: list[str] = []
        self._below = 0  # how many items of those before the block it has come across
        self._growth = 0
        self._results = 0
        self._read: set[str] = set()
        self._uses_memory = False
        self._ended = False
        for instruction in block.instructions:
            self._write(instruction)
            self._growth = max(self._growth, len(self._items) - self._below)
        if not self._ended:
            self._write_end()

    def text(self, gas: int) -> str:
        """The whole function."""
        deepest = STACK_DEPTH_LIMIT - self._growth
        lines = [
            f"gas = meter.gas_remaining - {gas}",
            f"if gas < 0 or not {self._below} <= len(s) <= {deepest}: return step(c)",
            "meter.gas_remaining = gas",
            *(f"a{n} = s[-{n}]" for n in range(1, self._below + 1) if f"a{n}" in self._read),
        ]
        if self._uses_memory:
            lines.append("m = c._memory._bytes")
        return "\n ".join(["def run(c, s, meter):", *lines, *self._body])

    def _write(self, instruction: Instruction) -> None:
        opcode = instruction.opcode
        if op.PUSH0 <= opcode <= op.PUSH32:
            self._items.append(str(instruction.operand))
        elif opcode == op.PC:
            self._items.append(str(instruction.position))
        elif op.DUP1 <= opcode <= op.DUP16:
            depth = opcode - op.DUP1 + 1
            self._reach(depth)
            self._items.append(self._items[-depth])
        elif op.SWAP1 <= opcode <= op.SWAP16:
            depth = opcode - op.SWAP1 + 2
            self._reach(depth)
            items = self._items
            items[-1], items[-depth] = items[-depth], items[-1]
        elif opcode == op.POP:
            self._reach(1)
            self._items.pop()
        elif opcode in _EXPRESSIONS:
            taken, expression = _EXPRESSIONS[opcode]
            self._push(expression.format(*self._take(taken)))
        elif opcode in {op.MLOAD, op.MSTORE, op.SHA3}:
            self._write_memory(opcode)
        elif opcode in {op.JUMP, op.JUMPI}:
            self._write_jump(opcode)

    def _write_memory(self, opcode: int) -> None:
        self._uses_memory = True
        if opcode == op.SHA3:
            start, size = self._take(2)
            self._push(f"keccak(c, {start}, {size})")
            self._body.append("m = c._memory._bytes")
            return
        start, *value = self._take(2 if opcode == op.MSTORE else 1)
        self._body.append(f"if {start} + 32 > len(m): m = grow(c, {start})")
        word = f"m[{start}:{start} + 32]"
        if opcode == op.MLOAD:
            self._push(f"int.from_bytes({word}, 'big')")
        else:
            self._body.append(f"{word} = ({value[0]}).to_bytes(32, 'big')")

    def _write_jump(self, opcode: int) -> None:
        target, *condition = self._take(2 if opcode == op.JUMPI else 1)
        self._write_stack()
        if not target.isdecimal():
            goes = f"return {target} if {target} in destinations else refuse(c, {target})"
        elif int(target) in self._destinations:
            goes = f"return {target}"
        else:
            goes = f"return refuse(c, {target})"
        if condition:
            self._body += [f"if {condition[0]}: {goes}", f"return {self._block.end}"]
        else:
            self._body.append(goes)
        self._ended = True

    def _write_end(self) -> None:
        self._write_stack()
        if self._block.last is not None:
            # As py-evm's loop leaves the counter: after the opcode that runs.
            self._body += [f"c.code.program_counter = {self._block.end}", "last(c)"]
        self._body.append(f"return {self._block.end}")

    def _write_stack(self) -> None:
        """Replace of the stack what is not as it was."""
        items, below = self._items, self._below
        while items and below and items[0] == f"a{below}":
            items, below = items[1:], below - 1
        self._read.update(items)
        if below:
            self._body.append(f"s[-{below}:] = [{', '.join(items)}]")
        elif items:
            self._body.append(f"s += [{', '.join(items)}]")

    def _reach(self, depth: int) -> None:
        while len(self._items) < depth:
            self._below += 1
            self._items.insert(0, f"a{self._below}")

    def _take(self, count: int) -> list[str]:
        self._reach(count)
        taken = [self._items.pop() for _ in range(count)]
        self._read.update(taken)
        return taken

    def _push(self, expression: str) -> None:
        self._results += 1
        name = f"t{self._results}"
        self._body.append(f"{name} = {expression}")
        self._items.append(name)
