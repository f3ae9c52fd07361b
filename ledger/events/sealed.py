"""Sealed fields: what must be erasable stands in a leaf as a salted commitment only.

Any descriptive field may carry `{"$sealed": "<base64>"}` instead of its value, with

    commitment = SHA-256("concord/sealed/v1" ‖ salt[32] ‖ JCS(value))

and a fresh salt each time. Value and salt (the *opening*) live in the vault. Without the salt
nothing can be tried against the commitment, so destroying the opening erases the value while every
proof still verifies.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Annotated, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    model_validator,
)

from ledger.errors import InvalidInput
from ledger.events.canonical import JsonObject, JsonValue, canonical

_TAG = b"concord/sealed/v1"
SALT_BYTES = 32


class InvalidSeal(InvalidInput):
    """A commitment is malformed, or an opening does not fit it."""

    code = "invalid-seal"
    remedy = "Seal the value anew, and send the commitment with its own salt and value."


def _check_commitment(text: str) -> str:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32 or base64.b64encode(raw).decode() != text:
        raise ValueError("a commitment is 32 bytes in base64")
    return text


Commitment = Annotated[
    str,
    AfterValidator(_check_commitment),
    WithJsonSchema({"type": "string", "pattern": "^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$"}),
]
"""32 bytes in base64, in their one canonical spelling."""


class Sealed(BaseModel):
    """A commitment in place of a value."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    commitment: Annotated[Commitment, Field(alias="$sealed")]

    @model_validator(mode="before")
    @classmethod
    def _is_not_in_clear(cls, value: object) -> object:
        if not isinstance(value, dict | Sealed):
            raise ValueError('only its commitment may stand here: {"$sealed": "…"}')  # noqa: TRY004 - pydantic reports ValueError
        return value


def _is_sealed(value: object) -> str:
    # Who writes `$sealed` means a seal: a malformed one is never taken for the value itself.
    sealed = isinstance(value, Sealed) or (isinstance(value, dict) and "$sealed" in value)
    return "<sealed>" if sealed else "<clear>"


_T = TypeVar("_T")
Sealable: TypeAlias = Annotated[
    Annotated[Sealed, Tag("<sealed>")] | Annotated[_T, Tag("<clear>")], Discriminator(_is_sealed)
]
"""A descriptive field that its signer may seal."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens a commitment.

    Attributes:
        commitment: base64, as in the leaf.
        salt: 32 random bytes.
        value: the JSON value that was sealed.
        data_subject: opaque id of whom the value is about; the vault keeps one key for each.
    """

    commitment: str
    salt: bytes
    value: JsonValue
    data_subject: str


def commit(value: JsonValue, salt: bytes) -> str:
    """Base64 commitment to `value` under `salt`.

    Raises:
        InvalidSeal: if the salt is not 32 bytes long.
    """
    if len(salt) != SALT_BYTES:
        raise InvalidSeal(f"A salt has {SALT_BYTES} bytes, not {len(salt)}.")
    return base64.b64encode(hashlib.sha256(_TAG + salt + canonical(value)).digest()).decode()


def seal(value: JsonValue, *, salt: bytes, data_subject: str) -> tuple[JsonObject, Opening]:
    """The field that goes into a body, and the opening that goes into the vault.

    Args:
        value: any JSON value.
        salt: 32 bytes, fresh and random for each call.
        data_subject: opaque id of whom the value is about.
    """
    commitment = commit(value, salt)
    return {"$sealed": commitment}, Opening(commitment, salt, value, data_subject)


def check_opening(opening: Opening) -> None:
    """Checks that an opening fits its commitment.

    Raises:
        InvalidSeal: if it does not.
    """
    right = commit(opening.value, opening.salt)
    if not hmac.compare_digest(right.encode(), opening.commitment.encode()):
        raise InvalidSeal(
            f"The value and salt do not open {opening.commitment}; send the sealed ones."
        )


def commitments_in(value: JsonValue) -> list[str]:
    """All well-formed commitments in a JSON value, in reading order."""
    if isinstance(value, dict):
        if len(value) == 1 and (sealed := _sealed_by(value.get("$sealed"))):
            return [sealed]
        return [c for item in value.values() for c in commitments_in(item)]
    if isinstance(value, list):
        return [c for item in value for c in commitments_in(item)]
    return []


def _sealed_by(value: JsonValue) -> str | None:
    try:
        return _check_commitment(value) if isinstance(value, str) else None
    except ValueError:
        return None
