"""Reading the API's answers field by field, without trusting their form."""

from __future__ import annotations

from ledger.events.canonical import JsonObject, JsonValue


def text(value: JsonObject, name: str) -> str:
    """A text; empty where it is absent or something else."""
    item = value.get(name)
    return item if isinstance(item, str) else ""


def number(value: JsonObject, name: str) -> int:
    """A whole number; 0 where it is absent or something else."""
    item = value.get(name)
    return item if isinstance(item, int) and not isinstance(item, bool) else 0


def optional_number(value: JsonObject, name: str) -> int | None:
    """A whole number, or None."""
    item = value.get(name)
    return item if isinstance(item, int) and not isinstance(item, bool) else None


def flag(value: JsonObject, name: str) -> bool:
    """Whether it is true."""
    return value.get(name) is True


def inner(value: JsonObject, name: str) -> JsonObject:
    """An object; empty where it is absent or something else."""
    item = value.get(name)
    return item if isinstance(item, dict) else {}


def objects(value: JsonObject, name: str) -> list[JsonObject]:
    """The objects of a list."""
    return [item for item in _list(value, name) if isinstance(item, dict)]


def texts(value: JsonObject, name: str) -> list[str]:
    """The texts of a list."""
    return [item for item in _list(value, name) if isinstance(item, str)]


def numbers(value: JsonObject, name: str) -> list[int]:
    """The whole numbers of a list."""
    return [
        item for item in _list(value, name) if isinstance(item, int) and not isinstance(item, bool)
    ]


def wording(value: JsonObject, name: str) -> str:
    """A text that its author may have sealed: the text, or that it is sealed or erased."""
    item = value.get(name)
    if isinstance(item, dict) and "$sealed" in item:
        return "(erased)" if item.get("erased") is True else "(sealed: only those entitled read it)"
    return item if isinstance(item, str) else ""


def _list(value: JsonObject, name: str) -> list[JsonValue]:
    item = value.get(name)
    return item if isinstance(item, list) else []
