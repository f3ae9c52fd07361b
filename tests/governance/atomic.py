"""Several calls in one transaction, by a contract that exists for just that long.

What flash loans are made of: init code (EVM, Shanghai) that makes each call in turn, reverts with
what the first failing one reverted with, and deploys nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.governance.dao import Call, canonical


def init_code(calls: Sequence[Call]) -> bytes:
    """Code whose data, the calls' call data, follows after it."""
    length = sum(len(_step(call, 0, 0)) for call in calls) + len(_END)
    code, data = b"", b""
    for call in calls:
        code += _step(call, length + len(data), len(code))
        data += call.data
    return code + _END + data


_END = bytes.fromhex("5f5ff3")  # return no code


def _step(call: Call, data_at: int, here: int) -> bytes:
    size = len(call.data).to_bytes(2)
    copied = b"\x61" + size + b"\x61" + data_at.to_bytes(2) + bytes.fromhex("5f39")  # CODECOPY
    called = (
        bytes.fromhex("5f5f61")  # no output; input size follows
        + size
        + bytes.fromhex("5f5f73")  # input at 0, no value; address follows
        + canonical(call.target)
        + bytes.fromhex("5af1")  # GAS CALL
    )
    failed = bytes.fromhex("3d5f5f3e3d5ffd")  # revert with what it reverted with
    after = here + len(copied) + len(called) + 4 + len(failed)
    return copied + called + b"\x61" + after.to_bytes(2) + b"\x57" + failed + b"\x5b"
