"""What all bodies share: the base model, the registry of kinds, and the descriptors that several
kinds use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)
from pydantic.alias_generators import to_camel

from ledger.errors import InvalidInput
from ledger.events.canonical import MAX_SAFE_INTEGER, JsonObject
from ledger.events.identifiers import (
    Address,
    Bytes32,
    CurieTerm,
    Instant,
    Sha256Hex,
)


class InvalidBody(InvalidInput):
    """A body lacks a field, holds one that its kind does not have, or one with a value that it may
    not have.
    """

    code = "invalid-body"
    remedy = "Change the field that the message names; docs/events.md lists every kind's fields."


class UnknownKind(InvalidInput):
    """No such kind of event."""

    code = "unknown-kind"
    remedy = "Use one of the kinds that docs/events.md lists."


class Value(BaseModel):
    """Part of a body: camelCase in JSON, no unknown fields, no coercion."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, alias_generator=to_camel, populate_by_name=False
    )


class Body(Value):
    """Body of one event.

    Attributes:
        KIND: dotted, past tense.
        SUBJECT: name of the field that the event's `subject` repeats.
        HOLDS_FLOATS: whether any field may hold floats or keys that are not ASCII, so that only the
            general JCS writer is right.
    """

    KIND: ClassVar[str]
    SUBJECT: ClassVar[str]
    HOLDS_FLOATS: ClassVar[bool] = False

    def summary(self) -> str:
        """One English sentence of what is signed, from fields that can never be sealed."""
        raise TypeError(f"{type(self).__name__} has no sentence")

    @property
    def subject(self) -> str:
        """The id that the event is about."""
        value = getattr(self, self.SUBJECT)
        assert isinstance(value, str)  # noqa: S101 - each kind's subject is an id field
        return value


_B = TypeVar("_B", bound=type[Body])
_KINDS: dict[str, type[Body]] = {}
BODIES: Mapping[str, type[Body]] = MappingProxyType(_KINDS)
"""Every kind with its body's model."""


def event_kind(kind: str, *, subject: str) -> Callable[[_B], _B]:
    """Registers a body's model under its kind."""

    def register(model: _B) -> _B:
        if kind in _KINDS:
            raise TypeError(f"{kind} is registered twice")
        if subject not in model.__pydantic_fields__:
            raise TypeError(f"{kind} has no field {subject}")
        model.KIND = kind
        model.SUBJECT = subject
        _KINDS[kind] = model
        return model

    return register


def parse_body(kind: str, body: JsonObject) -> Body:
    """The typed body of an event.

    Raises:
        UnknownKind: if there is no such kind.
        InvalidBody: naming each field that is wrong and why.
    """
    model = _KINDS.get(kind)
    if model is None:
        raise UnknownKind(
            f"There is no kind {kind!r}{_likely(kind)}; docs/events.md lists them all."
        )
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise InvalidBody(describe(error, f"The body of {kind}")) from error


def _likely(kind: str) -> str:
    close = get_close_matches(kind, _KINDS, n=1)
    return f", but {close[0]!r}" if close else ""


def describe(error: ValidationError, what: str) -> str:
    """One line that names each wrong field and why, without repeating what was sent."""
    items = error.errors(include_url=False, include_input=False)
    parts = []
    for item in items[:8]:
        # Tags in angle brackets say which arm of a union was taken: no concern of the reader's.
        path = ".".join(str(p)[:80] for p in item["loc"] if not str(p).startswith("<"))
        words = _WORDS.get(item["type"], item["msg"]).format(**item.get("ctx", {}))
        parts.append(f"{path}: {words}" if path else words)
    more = f"; and {len(items) - 8} more" if len(items) > 8 else ""
    return f"{what} is not valid: {'; '.join(parts)}{more}."


_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not a field here; leave it out",
    "string_pattern_mismatch": "must match {pattern}",
    "value_error": "{error}",
    "model_type": "must be an object",
    "dict_type": "must be an object",
    "list_type": "must be a list",
    "string_type": "must be a string",
    "int_type": "must be an integer",
    "bool_type": "must be true or false",
}
"""Pydantic's error types in the words of JSON rather than of Python."""


def _check_line(text: str) -> str:
    # A line break or a right-to-left mark in a summary would let a signer be shown another one.
    if not text.isprintable():
        raise ValueError("must be one line of printable characters")
    return text


Line = Annotated[str, AfterValidator(_check_line)]
"""Text that may stand in a summary."""

Title = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
Count = Annotated[int, Field(ge=0, le=MAX_SAFE_INTEGER)]
License = Annotated[Line, StringConstraints(min_length=1, max_length=512)]
"""SPDX identifier or URL."""

Version = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$")]
"""Scoped to its dataset or model."""

Role = Literal["steward", "developer", "gateway", "auditor", "operator"]
Action = Literal["read", "train", "evaluate", "derive", "distribute"]

DuoPermission = Literal["NRES", "GRU", "HMB", "DS", "POA"]
DuoTerm = Literal[
    "NRES", "GRU", "HMB", "DS", "POA",
    "RS", "NMDS", "GSO", "NPUNCU", "PUB", "COL", "IRB", "GS", "MOR", "TS", "US", "PS", "IS", "RTN",
    "CC", "NPOA", "NPU", "NCU",
]  # fmt: skip
"""GA4GH Data Use Ontology, by shorthand."""


class Disease(Value):
    """A disease, with the broader terms that its signer vouches for.

    The ledger holds no ontology: who signs names the ancestors that matter, and an auditor can
    check them against MONDO.
    """

    term: CurieTerm
    broader: Annotated[list[CurieTerm], Field(max_length=32)] = []


class Purpose(Value):
    """What data is to be used for (or may be): DUO terms, and a disease where DS is among them."""

    duo: Annotated[list[DuoTerm], Field(min_length=1, max_length=23)]
    disease: Disease | None = None

    def sentence(self) -> str:
        """Such as `HMB, NPU (disease MONDO:0007254)`."""
        disease = f" (disease {self.disease.term})" if self.disease else ""
        return ", ".join(self.duo) + disease


class Digest(Value):
    """in-toto DigestSet, SHA-256 only."""

    sha256: Sha256Hex


AnnotationName = Annotated[str, StringConstraints(pattern=r"^[!-#%-~][!-~]{0,127}$")]
"""Visible ASCII; never `$sealed`, for annotations cannot be sealed."""


class ResourceDescriptor(Value):
    """in-toto ResourceDescriptor v1, without inline content.

    `size` is in bytes.
    """

    digest: Digest
    name: Annotated[str, StringConstraints(max_length=512)] | None = None
    uri: Annotated[str, StringConstraints(max_length=2048)] | None = None
    media_type: Annotated[str, StringConstraints(max_length=128)] | None = None
    size: Count | None = None
    annotations: (
        Annotated[
            dict[
                AnnotationName,
                Annotated[str, StringConstraints(max_length=1024)],
            ],
            Field(max_length=32),
        ]
        | None
    ) = None


class ChainReference(Value):
    """Where on chain an event happened; with it the log's story needs no chain to be told.

    `blockTime` is what the contracts saw as the time; `issuedAt` is when the mirror told of it.
    """

    chain_id: Count
    contract: Address
    block_number: Count
    block_hash: Bytes32
    transaction_hash: Bytes32
    log_index: Count
    block_time: Instant | None = None


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def listing(items: list[str], *, most: int = 5) -> str:
    """`a, b and 3 more`: sentences stay short however long a list is."""
    if len(items) <= most:
        return ", ".join(items)
    return f"{', '.join(items[:most])} and {len(items) - most} more"
