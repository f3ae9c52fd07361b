"""Contract code as Python functions: what makes py-evm's interpreter fast enough for votes.

A basic block (a run of instructions that is only ever entered at its start) that has run a few
times becomes one Python function: its stack is local variables, its gas and the depth of its stack
are checked once, at its start. Instructions that reach beyond stack and memory stay py-evm's own.

What comes out is py-evm's to the bit: state, gas, logs, output, and which frames fail. Where a
block does not have the gas or the stack that it takes, py-evm runs it instruction by instruction
and fails where it fails.
"""
