"""What a client can ask of a ledger, as operations without I/O (see `client.wire`).

Each receipt is verified before it is returned: signature, inclusion, that its leaf is the event
that was sent, and that its checkpoint belongs to the one history this client believes in.
"""

from __future__ import annotations

import base64
import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import orjson

from client.drafts import Draft
from client.errors import (
    ForkedLog,
    RolledBackLog,
    ServerProblem,
    UnexpectedAnswer,
    WrongLog,
    WrongReceipt,
)
from client.trust import Trust, TrustStore, sizes_to_tie, tie
from client.wire import (
    Operation,
    Response,
    check,
    get,
    integer,
    post,
    problem_of,
    read_object,
    text,
)
from ledger.errors import ConcordError
from ledger.events import Domain, Event, SigningKey, build_event, decode_leaf, sign
from ledger.events.canonical import JsonObject, JsonValue
from ledger.events.sealed import Opening, seal
from ledger.events.typed_data import sealed_read_digest
from ledger.merkle import Checkpoint, VerifierKey, open_checkpoint, parse_receipt, verify_receipt

MAX_BATCH = 1000
"""Events in one batch, as the API allows."""


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


def system_clock() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class Session:
    """What operations need to know.

    Attributes:
        server: address of the API, without a trailing slash.
        store: what is believed of which log.
        key: signs; None for those who only read.
        expected_key: verifier key that the log must have, where the user knows it.
        random: gives n random bytes.
        clock: milliseconds since the epoch.
        trust: the log that answers, once connected.
        believed: the newest checkpoint believed.
    """

    server: str
    store: TrustStore
    key: SigningKey | None
    expected_key: str | None
    random: Callable[[int], bytes]
    clock: Callable[[], int] = system_clock
    trust: Trust | None = field(default=None)
    believed: Checkpoint | None = field(default=None)

    def connect(self) -> Operation[Trust]:
        """Learns which log answers, and believes it or not.

        Raises:
            WrongLog: if it is not the one that is trusted.
        """
        if self.trust is not None:
            return self.trust
        value = read_object((yield get("/v1/log")))
        found = Trust(text(value, "origin"), text(value, "verifierKey"), integer(value, "chainId"))
        if self.expected_key is not None and found.verifier_key != self.expected_key:
            raise WrongLog(
                f"{self.server} is the log with key {found.verifier_key}, not {self.expected_key}."
            )
        if VerifierKey.parse(found.verifier_key).name != found.origin:
            raise WrongLog(f"{self.server} shows a key that is not its origin's.")
        self.trust = self.store.remember(self.server, found)
        return self.trust

    def domain(self) -> Operation[Domain]:
        """Where signatures for this log are valid."""
        trust = yield from self.connect()
        return Domain(trust.chain_id, trust.origin)

    def checkpoint(self) -> Operation[Checkpoint]:
        """The newest checkpoint, tied to the one believed before.

        Raises:
            RolledBackLog: if it is smaller than one this server signed before.
            ForkedLog: if it belongs to another history.
        """
        trust = yield from self.connect()
        response = yield get("/checkpoint")
        check(response)
        note = response.body.decode("utf-8", errors="strict")
        seen = open_checkpoint(note, trust.keys)
        known = self._believed(trust)
        if known is not None and seen.size < known.size:
            raise RolledBackLog(
                f"{self.server} shows size {seen.size} of {seen.origin}; it signed {known.size} "
                "before. Events that it acknowledged are missing."
            )
        yield from self._believe(trust, note, seen)
        return seen

    def sign(self, draft: Draft) -> Operation[Signed]:
        """Fills in, seals and signs a draft.

        Raises:
            InvalidInput: if its body does not fit its kind.
        """
        key = self._require_key()
        domain = yield from self.domain()
        body: JsonObject = dict(draft.body)
        openings = []
        for name, value in draft.sealed.items():
            body[name], opening = seal(value, salt=self.random(32), data_subject=draft.data_subject)
            openings.append(opening)
        event = build_event(
            kind=draft.kind,
            body=body,
            actor=key.address,
            issued_at=self.clock(),
            nonce=self.random(32),
        )
        return Signed(sign(event, key, domain), tuple(openings))

    def send(self, signed: Signed) -> Operation[Recorded]:
        """Sends a signed event and verifies its receipt.

        Raises:
            ServerProblem: if the ledger refuses it.
            WrongReceipt, ForkedLog, RolledBackLog, IntegrityError: if the server lies.
        """
        trust = yield from self.connect()
        response = yield post("/v1/events", signed.as_json())
        return (yield from self._recorded(trust, read_object(response), signed.event))

    def record(self, draft: Draft) -> Operation[Recorded]:
        """Signs and sends."""
        signed = yield from self.sign(draft)
        return (yield from self.send(signed))

    def send_batch(self, signed: Sequence[Signed]) -> Operation[list[Recorded | ConcordError]]:
        """Sends up to 1,000 signed events; each is answered on its own, in order."""
        trust = yield from self.connect()
        response = yield post("/v1/events:batch", {"events": [s.as_json() for s in signed]})
        results = read_object(response).get("results")
        if not isinstance(results, list) or len(results) != len(signed):
            raise UnexpectedAnswer("The server did not answer each event of the batch.")
        answers: list[Recorded | ConcordError] = []
        for item, sent in zip(results, signed, strict=True):
            if not isinstance(item, dict):
                raise UnexpectedAnswer("A result of the batch is not an object.")
            if "problem" in item:
                answers.append(problem_of(integer(item, "status"), item["problem"]))
            else:
                answers.append((yield from self._recorded(trust, item, sent.event)))
        return answers

    def receipt(self, index: int) -> Operation[bytes]:
        """A fresh receipt of any leaf, verified."""
        trust = yield from self.connect()
        response = yield get(f"/v1/receipts/{index}")
        check(response)
        yield from self._verify(trust, response.body)
        return response.body

    def read_sealed(self, commitment: str) -> Operation[JsonValue]:
        """The value behind a commitment, for those who may see it."""
        key = self._require_key()
        domain = yield from self.domain()
        issued_at = self.clock()
        digest = sealed_read_digest(
            reader=key.address,
            commitment=base64.b64decode(commitment),
            issued_at=issued_at,
            domain=domain,
        )
        question = {
            "commitment": commitment,
            "reader": key.address,
            "issuedAt": issued_at,
            "signature": key.sign_digest(digest),
        }
        return read_object((yield post("/v1/sealed:read", question))).get("value")

    def fetch(self, path: str, **query: str | int | None) -> Operation[JsonObject]:
        """Any read of the API, as JSON."""
        return read_object((yield get(path, **query)))

    def fetch_document(self, path: str, **query: str | int | None) -> Operation[bytes]:
        """Any read of the API, as it came."""
        response = yield get(path, **query)
        check(response)
        return response.body

    def ask(self, path: str, question: JsonObject) -> Operation[JsonObject]:
        """Any question that is posted, answered as JSON."""
        return read_object((yield post(path, question)))

    def _require_key(self) -> SigningKey:
        if self.key is None:
            raise UnexpectedAnswer("This client has no key; give it one to sign with.")
        return self.key

    def _recorded(self, trust: Trust, value: JsonObject, event: Event) -> Operation[Recorded]:
        receipt = orjson.dumps(value.get("receipt"))
        leaf_index, leaf = yield from self._verify(trust, receipt)
        recorded = decode_leaf(leaf, leaf_index)
        if recorded.event.id != event.id:
            raise WrongReceipt(
                f"The receipt of leaf {leaf_index} is for another event than was sent."
            )
        return Recorded(
            index=leaf_index,
            event_id=event.id.hex(),
            recorded_at=recorded.recorded_at,
            receipt=receipt,
            duplicate=value.get("duplicate") is True,
        )

    def _verify(self, trust: Trust, document: bytes) -> Operation[tuple[int, bytes]]:
        receipt = parse_receipt(document)
        verified = verify_receipt(receipt, trust.keys)
        yield from self._believe(trust, receipt.proof.checkpoint, verified.checkpoint)
        return verified.index, verified.leaf

    def _believe(self, trust: Trust, note: str, seen: Checkpoint) -> Operation[None]:
        known = self._believed(trust)
        try:
            sizes = sizes_to_tie(known, seen)
            if sizes is not None and known is not None:
                proof = yield from self._consistency(known, seen, *sizes)
                tie(known, seen, proof)
        except ForkedLog as error:
            current = dataclasses.replace(trust, note=self._note(trust))
            path = self.store.keep_evidence(current, note)
            raise ForkedLog(f"{error} Both signed checkpoints are kept in {path}.") from error
        if known is None or seen.size > known.size:
            self.store.advance(trust, note)
            self.believed = seen

    def _consistency(
        self, known: Checkpoint, seen: Checkpoint, first: int, second: int
    ) -> Operation[list[bytes]]:
        response: Response = yield get("/v1/log/consistency", first=first, second=second)
        try:
            value = read_object(response)
        except ServerProblem as error:
            if response.status in {400, 404, 422}:
                raise RolledBackLog(
                    f"{self.server} signed size {max(known.size, seen.size)} of {seen.origin} and "
                    f"cannot prove it any more: {error.detail}"
                ) from error
            raise
        proof = value.get("proof")
        if not isinstance(proof, list):
            raise UnexpectedAnswer("The server's consistency proof is not a list.")
        return [base64.b64decode(str(item), validate=True) for item in proof]

    def _note(self, trust: Trust) -> str | None:
        stored = self.store.load(self.server)
        return stored.note if stored is not None else trust.note

    def _believed(self, trust: Trust) -> Checkpoint | None:
        # Another process may have advanced the store since; an older belief only asks for a longer
        # proof.
        if self.believed is None:
            note = self._note(trust)
            self.believed = open_checkpoint(note, trust.keys) if note is not None else None
        return self.believed
