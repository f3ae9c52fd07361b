"""What goes to a ledger and what comes back, and whether that is what it claims to be.

Every function that reads names the lie, and none believes more than is proven.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

import orjson

from client.errors import UnexpectedAnswer, WrongLog, WrongReceipt
from client.trust import Trust
from client.wire import integer, text
from ledger.errors import IntegrityError, InvalidInput, Refused
from ledger.events import Domain, Event, RecordedEvent, decode_leaf, verify_signature
from ledger.events.canonical import MAX_SAFE_INTEGER, JsonObject
from ledger.events.sealed import InvalidSeal, Opening, commitments_in
from ledger.merkle import Checkpoint, VerifiedReceipt, open_checkpoint


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event that is in the log, with the proof of it.

    Attributes:
        index: of its leaf.
        event_id: hex.
        recorded_at: milliseconds since the epoch, by the ledger's clock.
        receipt: the JSON document; keep it.
        duplicate: whether the event was in the log before.
    """

    index: int
    event_id: str
    recorded_at: int
    receipt: bytes
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed event with the openings of its sealed fields, ready to be sent (again and again,
    with one effect).
    """

    event: Event
    openings: tuple[Opening, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The request's body."""
        value: dict[str, object] = {"event": orjson.Fragment(self.event.encode())}
        if self.openings:
            value["openings"] = [
                {
                    "commitment": o.commitment,
                    "salt": base64.b64encode(o.salt).decode(),
                    "value": o.value,
                    "dataSubject": o.data_subject,
                }
                for o in self.openings
            ]
        return value


def log_of(value: JsonObject) -> Trust:
    """What a log says of itself, checked for form.

    Raises:
        UnexpectedAnswer, WrongLog: it cannot be so.
    """
    found = Trust(text(value, "origin"), text(value, "verifierKey"), integer(value, "chainId"))
    try:
        name = found.keys[0].name
    except InvalidInput as error:
        raise UnexpectedAnswer(f"The server's verifier key is none: {error}") from error
    if name != found.origin:
        raise WrongLog(f"The server is {found.origin} and shows the key of {name}.")
    if not 0 < found.chain_id <= MAX_SAFE_INTEGER:
        raise UnexpectedAnswer(f"The server's chain id {found.chain_id} is none.")
    return found


def open_note(body: bytes, trust: Trust) -> tuple[str, Checkpoint]:
    """A signed checkpoint, as text and opened.

    Raises:
        WrongLog: another log signed it, or nobody did.
        UnexpectedAnswer: it is no checkpoint.
    """
    try:
        return body.decode(), open_checkpoint(body, trust.keys)
    except IntegrityError as error:
        raise WrongLog(f"Another log than {trust.origin} signed the checkpoint: {error}") from error
    except (InvalidInput, UnicodeDecodeError) as error:
        raise UnexpectedAnswer(f"The server's checkpoint is none: {error}") from error


def recorded_event(verified: VerifiedReceipt, event: Event, trust: Trust) -> RecordedEvent:
    """The event in a receipt's leaf, which is the one that was sent and signed by its actor.

    Raises:
        WrongReceipt: it is not.
    """
    try:
        recorded = decode_leaf(verified.leaf, verified.index)
        if recorded.event.id != event.id:
            raise WrongReceipt(
                f"The receipt of leaf {verified.index} is for another event than was sent."
            )
        # The same event may have been signed and sent twice, by a signer that draws its nonces.
        if recorded.event.signature != event.signature:
            verify_signature(recorded.event, Domain(trust.chain_id, trust.origin))
    except (InvalidInput, Refused) as error:
        raise WrongReceipt(
            f"Leaf {verified.index} does not hold the event as it was sent: {error}"
        ) from error
    return recorded


def commitment_bytes(commitment: str) -> bytes:
    """The 32 bytes of a commitment that the user named.

    Raises:
        InvalidSeal: it is none.
    """
    if commitments_in({"$sealed": commitment}) != [commitment]:
        raise InvalidSeal("A commitment is 32 bytes in base64, as it stands in the leaf.")
    return base64.b64decode(commitment)


def read_base64(value: str) -> bytes:
    """Bytes that the server sent in base64.

    Raises:
        UnexpectedAnswer: they are not.
    """
    try:
        return base64.b64decode(value, validate=True)
    except ValueError as error:
        raise UnexpectedAnswer("The server's answer holds base64 that is none.") from error
