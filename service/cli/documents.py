"""Which document somebody hands in to be verified, told by its fields."""

from __future__ import annotations

from enum import StrEnum

import orjson

from ledger.errors import InvalidInput


class UnknownDocument(InvalidInput):
    """None of the documents that are verified."""

    code = "unknown-document"
    remedy = "Hand in a receipt, a bundle or a ballot's receipt, as the service answered it."


class Document(StrEnum):
    """What is verified, told by its fields."""

    RECEIPT = "leaf"
    BUNDLE = "answer"
    DELEGATION = "delegator"
    BALLOT = "typedData"


def kind_of(document: bytes) -> Document:
    """What a document is; nothing about it is verified.

    Raises:
        UnknownDocument: none that is verified.
    """
    try:
        value = orjson.loads(document)
    except orjson.JSONDecodeError as error:
        raise UnknownDocument(
            "This is no document that Concord writes: it is not JSON. Name a receipt, a bundle, or "
            "the receipt of a ballot or a delegation."
        ) from error
    for kind in Document:
        if isinstance(value, dict) and kind.value in value:
            return kind
    raise UnknownDocument(
        "This is neither a receipt nor a bundle, nor the receipt of a ballot or a delegation."
    )
