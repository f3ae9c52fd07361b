"""RFC 8785 as its text says, slowly: an oracle that shares no code with the writers under test.

Also what Hypothesis needs to make JSON values.
"""

from __future__ import annotations

import struct
from decimal import Decimal

from hypothesis import strategies as st

from ledger.events.canonical import JsonObject, JsonValue

_SHORT = {8: "b", 9: "t", 10: "n", 12: "f", 13: "r", 34: '"', 92: "\\"}

text = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=40)
"""Any text that the ledger takes: control characters, emoji, U+2028, but no U+0000."""

integers = st.integers(-(2**53) + 1, 2**53 - 1)
floats = st.floats(allow_nan=False, allow_infinity=False).filter(
    lambda x: not 2**53 - 1 < abs(x) < 1e21
)
"""Finite, and not one that would come back as an integer beyond 2^53."""


def values(
    numbers: st.SearchStrategy[int | float], keys: st.SearchStrategy[str] = text
) -> st.SearchStrategy[JsonValue]:
    """JSON values with the given numbers and keys."""
    return st.recursive(
        st.none() | st.booleans() | numbers | text,
        lambda inner: st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=5),
        max_leaves=20,
    )


def objects(
    numbers: st.SearchStrategy[int | float], keys: st.SearchStrategy[str] = text
) -> st.SearchStrategy[JsonObject]:
    """JSON objects with the given numbers and keys."""
    return st.dictionaries(keys, values(numbers, keys), max_size=6)


plain_objects = objects(integers, st.text(st.characters(max_codepoint=0x7E, min_codepoint=1)))
"""What `canonical_plain` is for: no floats, ASCII keys."""


def jcs(value: JsonValue) -> bytes:
    """Section 3.2: no white space, literals, strings, numbers, keys sorted by UTF-16 unit."""
    return _write(value).encode()


def double(bits: str) -> float:
    """The IEEE 754 double with these sixteen hex digits."""
    number: float = struct.unpack(">d", bytes.fromhex(bits))[0]
    return number


def _write(value: JsonValue) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, list):
        return f"[{','.join(map(_write, value))}]"
    pairs = sorted(value.items(), key=lambda pair: pair[0].encode("utf-16-be"))
    return "{" + ",".join(f"{_string(key)}:{_write(item)}" for key, item in pairs) + "}"


def _string(value: str) -> str:
    def escape(character: str) -> str:
        code = ord(character)
        if code in _SHORT:
            return "\\" + _SHORT[code]
        return f"\\u{code:04x}" if code < 0x20 else character

    return '"' + "".join(map(escape, value)) + '"'


def _number(value: float) -> str:
    """ECMAScript's Number::toString, steps 2 to 12 (`s`, `k`, `n` are named there)."""
    if value == 0:
        return "0"
    if value < 0:
        return "-" + _number(-value)
    # repr() gives the shortest digits that read back as the same double, as ECMAScript does.
    _, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    s, k = "".join(map(str, digits)), len(digits)
    n = k + exponent
    if k <= n <= 21:
        return s + "0" * (n - k)
    if 0 < n <= 21:
        return f"{s[:n]}.{s[n:]}"
    if -6 < n <= 0:
        return "0." + "0" * -n + s
    e = f"e{'+' if n > 0 else '-'}{abs(n - 1)}"
    return s + e if k == 1 else f"{s[0]}.{s[1:]}{e}"
