"""From rows of views to resources: names in camelCase, times in RFC 3339, JSON as JSON.

A sealed text becomes `{"$sealed": …}`, with `"erased": true` where its opening was destroyed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Container

import orjson
from pydantic.alias_generators import to_camel

from ledger.events.identifiers import format_instant
from ledger.views.projections.registry import SEALED_PREFIX
from ledger.views.records import RECORDS, Record

_JSON = frozenset({"usage", "purpose", "constraints", "distribution", "artifact"})
_INSTANTS = frozenset(
    {
        "until",
        "not_before",
        "expires_at",
        "effective_at",
        "started_at",
        "ended_at",
        "withdrawn_at",
        "valid_until",
    }
)
_SEALABLE = frozenset({"title", "description", "justification", "label"})


def _names_of(record: type[Record]) -> tuple[tuple[str, str], ...]:
    assert dataclasses.is_dataclass(record)  # noqa: S101 - every record is
    return tuple((field.name, to_camel(field.name)) for field in dataclasses.fields(record))


_NAMES = {record.TABLE: _names_of(record) for record in RECORDS}


def sealed_in(row: Record) -> list[str]:
    """Commitments that a row shows."""
    texts = (getattr(row, name) for name, _ in _NAMES[row.TABLE] if name in _SEALABLE)
    return [t[len(SEALED_PREFIX) :] for t in texts if t is not None and t.startswith(SEALED_PREFIX)]


def resource(row: Record, erased: Container[str] = ()) -> dict[str, object]:
    """A row as its resource, ready to be encoded.

    Args:
        row: of any view.
        erased: commitments whose openings were destroyed.
    """
    return {camel: _value(name, getattr(row, name), erased) for name, camel in _NAMES[row.TABLE]}


def _value(name: str, value: object, erased: Container[str]) -> object:
    if name in _INSTANTS and isinstance(value, int):
        return format_instant(value)
    if isinstance(value, str):
        if name in _JSON:
            return orjson.Fragment(value)
        if name in _SEALABLE and value.startswith(SEALED_PREFIX):
            commitment = value[len(SEALED_PREFIX) :]
            return {"$sealed": commitment} | ({"erased": True} if commitment in erased else {})
    return value
