"""From a request's JSON to what the log takes, and from the log's answer to the answer's bytes."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from http import HTTPStatus

import orjson

from ledger.errors import ConcordError, Refused
from ledger.events import parse_event
from ledger.events.canonical import JsonObject, JsonValue
from ledger.events.sealed import Opening
from ledger.log import Appended, Submission
from service.http.bodies import take
from service.http.errors import InvalidRequest
from service.http.problems import problem_of, status_of
from service.schemas.events import OpeningIn

_WITH_OPENINGS = {"event", "openings"}
MAX_OPENINGS = 1_000


class OwnAccount(Refused):
    """The signer is an account of the service itself, which sends no events by request."""

    code = "services-own-account"
    remedy = (
        "Nothing to send: the service tells what contracts did by itself. Sign anything else with "
        "a key of your own."
    )


@dataclass(frozen=True, slots=True)
class Sources:
    """Whose events a request may bring: everybody's but the service's own.

    What contracts did is told inside the service, from the chain. So a stolen key of the mirror or
    of the relayer lies to nobody by requests.

    Attributes:
        own: accounts of the mirror and of the relayer; empty where there are no contracts.
        operator: of the ledger.
    """

    own: frozenset[str]
    operator: str

    def check(self, submission: Submission) -> Submission:
        """The submission itself.

        Raises:
            OwnAccount: nobody sends that.
        """
        event = submission.event
        # Who chose the operator's key for one of them still speaks as the operator.
        speaks = event.actor == self.operator and getattr(event.body, "chain", None) is None
        if event.actor in self.own and not speaks:
            raise OwnAccount(
                f"{event.actor} is the service's own account, and what it says is taken from no "
                "request: what contracts did the service reads from the chain."
            )
        return submission


def read_submission(value: JsonValue, sources: Sources) -> Submission:
    """One event with its openings.

    Raises:
        OwnAccount: it is not for a request to bring.
        InvalidRequest: it is not `{"event": …, "openings"?: […]}`.
        InvalidInput: the event is not well formed (`ledger.events.parse_event`).
    """
    if not isinstance(value, dict) or not ({"event"} <= value.keys() <= _WITH_OPENINGS):
        raise InvalidRequest('An event is sent as {"event": {…}}, with "openings" at the most.')
    event, openings = value["event"], value.get("openings")
    if not isinstance(event, dict):
        raise InvalidRequest("event must be an object.")
    if openings is None:
        return sources.check(Submission(parse_event(event)))
    return sources.check(Submission(parse_event(event), _read_openings(openings)))


def _read_openings(openings: JsonValue) -> tuple[Opening, ...]:
    if not isinstance(openings, list) or len(openings) > MAX_OPENINGS:
        raise InvalidRequest(f"openings must be a list of at most {MAX_OPENINGS}.")
    return tuple(_read_opening(item) for item in openings)


def _read_opening(item: JsonValue) -> Opening:
    if not isinstance(item, dict):
        raise InvalidRequest("An opening must be an object.")
    opening = take(OpeningIn, item)
    salt = base64.b64decode(opening.salt, validate=True)
    return Opening(opening.commitment, salt, opening.value, opening.data_subject)


def read_batch(value: JsonObject, limit: int, sources: Sources) -> list[Submission | ConcordError]:
    """The events of a batch; what is wrong with one does not keep the others back.

    Raises:
        InvalidRequest: it is not `{"events": […]}` of 1 to `limit` items.
    """
    events = value.get("events")
    if value.keys() != {"events"} or not isinstance(events, list):
        raise InvalidRequest('A batch is sent as {"events": [{"event": {…}}, …]}.')
    if not 1 <= len(events) <= limit:
        raise InvalidRequest(f"A batch holds 1 to {limit} events, not {len(events)}.")
    return [_read_or_error(item, sources) for item in events]


def _read_or_error(item: JsonValue, sources: Sources) -> Submission | ConcordError:
    try:
        return read_submission(item, sources)
    except ConcordError as error:
        return error


def status_of_append(appended: Appended) -> int:
    """201 for a new leaf, 200 for one that was there."""
    return HTTPStatus.OK if appended.duplicate else HTTPStatus.CREATED


def append_bytes(appended: Appended) -> bytes:
    """The answer's JSON; the receipt goes in as it was written."""
    return b"{" + _fields(appended) + b"}"


def batch_bytes(answers: list[Appended | ConcordError]) -> bytes:
    """The answer's JSON for a batch, in order."""
    return b'{"results":[' + b",".join(_result(answer) for answer in answers) + b"]}"


def _result(answer: Appended | ConcordError) -> bytes:
    if isinstance(answer, Appended):
        return b'{"status":%d,%b}' % (status_of_append(answer), _fields(answer))
    return orjson.dumps({"status": status_of(answer), "problem": problem_of(answer)})


def _fields(appended: Appended) -> bytes:
    duplicate = b"true" if appended.duplicate else b"false"
    return b'"index":%d,"eventId":"%b","duplicate":%b,"receipt":%b' % (
        appended.index,
        appended.event_id.hex().encode(),
        duplicate,
        appended.receipt,
    )
