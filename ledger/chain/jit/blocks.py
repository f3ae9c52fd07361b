"""Dividing contract code into basic blocks.

A block begins where execution can get to by a jump, after a jump that was not taken, or after an
instruction that is left to py-evm. It ends with a jump, with one such instruction, or before the
next JUMPDEST. So all of its instructions run, or the frame fails.

What observes how much gas is left (GAS, SSTORE, calls and creations) ends a block, so that the gas
of a whole block can be taken at its start without anyone seeing the difference.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from eth.vm import opcode_values as op

MAX_INSTRUCTIONS = 256
"""Of one block; a longer run is divided."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction of a block; `operand` is what a PUSH pushes and else 0."""

    position: int
    opcode: int
    operand: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """A basic block.

    Attributes:
        start: position of its first instruction.
        instructions: those that become Python, in order; may be none.
        last: the opcode after them that py-evm runs, if one ends the block.
        end: position after the block.
    """

    start: int
    instructions: tuple[Instruction, ...]
    last: int | None
    end: int


def jump_destinations(code: bytes) -> frozenset[int]:
    """The positions of all JUMPDESTs that are not data of a PUSH."""
    found: list[int] = []
    position = 0
    while position < len(code):
        opcode = code[position]
        if opcode == op.JUMPDEST:
            found.append(position)
        position += 1 + _operand_size(opcode)
    return frozenset(found)


def block_at(code: bytes, start: int, known: Container[int]) -> Block:
    """The block that begins at a position; behind the code there is nothing but STOP.

    Args:
        code: of a contract.
        start: of an instruction.
        known: opcodes that become Python; JUMP, JUMPI and JUMPDEST are among them.
    """
    instructions: list[Instruction] = []
    position = start
    while len(instructions) < MAX_INSTRUCTIONS:
        opcode = code[position] if position < len(code) else op.STOP
        if opcode not in known:
            return Block(start, tuple(instructions), opcode, position + 1)
        if opcode == op.JUMPDEST and instructions:
            break
        size = _operand_size(opcode)
        operand = code[position + 1 : position + 1 + size].ljust(size, b"\0")
        instructions.append(Instruction(position, opcode, int.from_bytes(operand, "big")))
        position += 1 + size
        if opcode in {op.JUMP, op.JUMPI}:
            break
    return Block(start, tuple(instructions), None, position)


def _operand_size(opcode: int) -> int:
    return opcode - op.PUSH0 if op.PUSH1 <= opcode <= op.PUSH32 else 0
