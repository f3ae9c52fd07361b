"""Where two answers differ first, so that a refusal can name it."""

from __future__ import annotations

from ledger.events.canonical import JsonValue


def first_difference(
    said: JsonValue, found: JsonValue, where: str = ""
) -> tuple[str, JsonValue, JsonValue] | None:
    """The first place where two JSON values differ, with both; None where they are equal."""
    if isinstance(said, dict) and isinstance(found, dict) and said.keys() == found.keys():
        for name in sorted(said):
            difference = first_difference(said[name], found[name], f"{where}.{name}".lstrip("."))
            if difference is not None:
                return difference
        return None
    if isinstance(said, list) and isinstance(found, list) and len(said) == len(found):
        for position, (left, right) in enumerate(zip(said, found, strict=True)):
            difference = first_difference(left, right, f"{where}[{position}]")
            if difference is not None:
                return difference
        return None
    # True equals 1 to Python, and not to a reader.
    if said == found and type(said) is type(found):
        return None
    return where, said, found


def shortened(value: JsonValue) -> str:
    """A value as a message quotes it."""
    if isinstance(value, list):
        return f"{len(value)} of them"
    if isinstance(value, dict):
        return f"fields {', '.join(sorted(value))}"
    return repr(value)[:200]
