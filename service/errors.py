"""What a request can get wrong before it reaches the ledger, one class each."""

from __future__ import annotations

from ledger.errors import InvalidInput, NotFound, Unavailable


class InvalidRequest(InvalidInput):
    """A body lacks a field, holds one that it may not have, or one with a wrong value."""

    code = "invalid-request"


class InvalidParameter(InvalidInput):
    """A parameter of the path, the query or a header has a value that it cannot have."""

    code = "invalid-parameter"


class UnknownParameter(InvalidInput):
    """A query parameter that this call does not have, or one that stands there twice."""

    code = "invalid-query"


class BodyTooLarge(InvalidInput):
    """The request's body is larger than this call reads."""

    code = "body-too-large"


class UnsupportedMediaType(InvalidInput):
    """The request's body is not declared as plain JSON."""

    code = "unsupported-media-type"


class RequestIncomplete(InvalidInput):
    """The client went away before its body was whole."""

    code = "request-incomplete"


class NoSuchPath(NotFound):
    """Nothing is served at that path."""

    code = "no-such-path"


class NoSuchResource(NotFound):
    """Nothing by that id is recorded, as of the size that was asked about."""

    code = "no-such-resource"


class TooManyStreams(Unavailable):
    """As many streams are open as the settings allow."""

    code = "too-many-streams"


class ShuttingDown(Unavailable):
    """The service is being stopped and takes nothing new."""

    code = "shutting-down"
