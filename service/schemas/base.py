"""What all requests and answers share."""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from ledger.events.canonical import MAX_SAFE_INTEGER
from ledger.events.sealed import Commitment

Index = Annotated[int, Field(ge=0, le=MAX_SAFE_INTEGER)]
"""Position of a leaf in the log, from 0."""

Size = Annotated[int, Field(ge=0, le=MAX_SAFE_INTEGER)]
"""Number of leaves."""

Millis = Annotated[int, Field(ge=0, le=MAX_SAFE_INTEGER)]
"""Milliseconds since the Unix epoch, UTC."""

Base64 = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]*={0,2}$")]
Hex32 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""32 bytes in lower-case hex."""


class Request(BaseModel):
    """A request's body: camelCase, no unknown fields, no coercion."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, alias_generator=to_camel, populate_by_name=False
    )


class Answer(BaseModel):
    """An answer's body; every field is always there."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True
    )


class SealedValue(Answer):
    """A commitment in place of a value; `erased` once nothing opens it any more."""

    sealed: Annotated[Commitment, Field(alias="$sealed")]
    erased: Literal[True] = True


SealableText = str | SealedValue
"""A descriptive text, or the commitment that its signer put there instead."""

T = TypeVar("T")


class Page(Answer, Generic[T]):
    """Part of a list.

    Attributes:
        items: in the order that the call names.
        next: what `after` takes to go on; null at the end.
        size: tree size that the page was answered at.
    """

    items: list[T]
    next: str | None
    size: Size


class Problem(BaseModel):
    """RFC 9457 problem details. Branch on `code`; `detail` is for people."""

    type: Annotated[str, StringConstraints(pattern=r"^/problems/[a-z0-9-]+$")]
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    code: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$")]
