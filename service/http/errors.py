"""What a request can get wrong before it reaches the ledger, one class each."""

from __future__ import annotations

from ledger.errors import ConcordError, InvalidInput, NotFound, Unavailable


class InvalidHttp(InvalidInput):
    """What was sent is not HTTP/1.1."""

    code = "invalid-http"
    remedy = "Send HTTP/1.1; behind a proxy, look at what it sends."


class UrlTooLong(InvalidInput):
    """The URL alone is about as long as a request's line and headers together may be."""

    code = "url-too-long"
    remedy = "Ask for less at once; where the URL carries a list, send it in parts."


class HeadersTooLarge(InvalidInput):
    """A request's line and headers are larger than the service takes."""

    code = "headers-too-large"
    remedy = "Send fewer or shorter headers; `CONCORD_MAX_HEAD_BYTES` is the operator's."


class MethodNotAllowed(InvalidInput):
    """The path is served, and takes another method."""

    code = "method-not-allowed"
    remedy = "Use a method that the header Allow lists."


class InvalidRequest(InvalidInput):
    """A body lacks a field, holds one that it may not have, or one with a wrong value."""

    code = "invalid-request"
    remedy = "Mend the field that the message names; `/openapi.json` describes the body."


class InvalidParameter(InvalidInput):
    """A parameter of the path, the query or a header has a value that it cannot have."""

    code = "invalid-parameter"
    remedy = "Mend the parameter that the message names; `/openapi.json` describes it."


class UnknownParameter(InvalidInput):
    """A query parameter that this call does not have, or one that stands there twice."""

    code = "invalid-query"
    remedy = "Leave the parameter out, or give it once."


class BodyTooLarge(InvalidInput):
    """The request's body is larger than this call reads."""

    code = "body-too-large"
    remedy = "Send less at a time; the message names the limit in bytes."


class UnsupportedMediaType(InvalidInput):
    """The request's body is not declared as plain JSON."""

    code = "unsupported-media-type"
    remedy = "Send `Content-Type: application/json` in UTF-8, without Content-Encoding."


class RequestIncomplete(InvalidInput):
    """The client went away before its body was whole."""

    code = "request-incomplete"
    remedy = "Send the request again, whole."


class NoSuchPath(NotFound):
    """Nothing is served at that path."""

    code = "no-such-path"
    remedy = "Look the path up in `/openapi.json`; paths have no slash at their end."


class NoSuchResource(NotFound):
    """Nothing by that id is recorded, as of the size that was asked about."""

    code = "no-such-resource"
    remedy = (
        "Check the id for its spelling, and the `at` that was asked for; the list of its kind "
        "says what there is."
    )


class TooManyStreams(Unavailable):
    """As many streams are open as the settings allow."""

    code = "too-many-streams"
    remedy = "Follow the log again in some seconds, or read pages of `GET /v1/events`."


class ShuttingDown(Unavailable):
    """The service is being stopped and takes nothing new."""

    code = "shutting-down"
    remedy = "Send it again in some seconds, or to another server."


class TooManyConnections(Unavailable):
    """As many connections are open as the settings allow."""

    code = "too-many-connections"
    remedy = "Send it again in some seconds, over fewer connections."


class InternalFailure(ConcordError):
    """The service failed in a way that nobody foresaw."""

    code = "internal"
    remedy = (
        "Tell the operator the `X-Request-ID` of the answer; sending a signed event again is safe."
    )
