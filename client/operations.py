"""What a client can ask of a ledger, as operations without I/O (see `client.wire`).

Each receipt is verified before it is returned: signature, inclusion, that its leaf is the event
that was sent, and that its checkpoint belongs to the one history this client believes in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import orjson

from client.answers import (
    Recorded,
    Signed,
    log_of,
    open_note,
    read_base64,
    recorded_event,
)
from client.drafts import Draft
from client.errors import (
    BatchTooLarge,
    ForkedLog,
    NoSigningKey,
    RolledBackLog,
    ServerProblem,
    UnexpectedAnswer,
    WrongLog,
    WrongReceipt,
)
from client.sealed import SealedQuestion, open_sealed
from client.trust import Trust, sizes_to_tie, tie
from client.trust_store import TrustStore
from client.unrecorded import TOO_OLD, draft_of
from client.wire import (
    Operation,
    check,
    get,
    integer,
    post,
    problem_of,
    read_object,
)
from ledger.errors import ConcordError, IntegrityError, InvalidInput
from ledger.events import (
    Domain,
    Event,
    RecordedEvent,
    SigningKey,
    build_event,
    decode_leaf,
    sign,
)
from ledger.events.canonical import JsonObject, JsonValue
from ledger.events.sealed import seal
from ledger.merkle import Checkpoint, VerifiedReceipt, parse_receipt, verify_receipt

MAX_BATCH = 1000
"""Events in one batch, as the API allows."""


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
        unlock: gives the key that signs in, where there is no other; see `client.signin`.
        expected_key: verifier key that the log must have, where the user knows it.
        random: gives n random bytes.
        clock: milliseconds since the epoch.
        trust: the log that answers, once connected; what is believed of it now is in the store.
        believed: the newest checkpoint that this session has tied.
        token: of the session at the server, once signed in; see `client.signin`.
    """

    server: str
    store: TrustStore
    key: SigningKey | None
    expected_key: str | None
    random: Callable[[int], bytes]
    clock: Callable[[], int] = system_clock
    unlock: Callable[[], SigningKey] | None = None
    trust: Trust | None = field(default=None)
    believed: Checkpoint | None = field(default=None)
    token: str | None = field(default=None, repr=False)

    def connect(self) -> Operation[Trust]:
        """Learns which log answers, and believes it or not.

        Raises:
            WrongLog: if it is not the one that is trusted.
            DamagedTrust: if what was believed before cannot be read.
        """
        if self.trust is not None:
            return self.trust
        found = log_of(read_object((yield get("/v1/log"))))
        if self.expected_key is not None and found.verifier_key != self.expected_key:
            raise WrongLog(
                f"{self.server} is the log with key {found.verifier_key}, not {self.expected_key}."
            )
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
            WrongLog: if another log signed it.
        """
        trust = yield from self.connect()
        # As of before the question: while it is under way, another process may see a larger one.
        known = (self.store.read(trust.origin) or trust).checkpoint
        response = yield get("/checkpoint")
        check(response)
        note, seen = open_note(response.body, trust)
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
        key = self.require_key()
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
        """Sends up to 1,000 signed events; each is answered on its own, in order.

        Raises:
            BatchTooLarge: if there are more.
            ServerProblem: if the ledger refuses the batch as a whole.
            WrongReceipt, ForkedLog, RolledBackLog, IntegrityError: if the server lies.
        """
        if len(signed) > MAX_BATCH:
            raise BatchTooLarge(
                f"{len(signed)} events are too many at once; send {MAX_BATCH} at a time."
            )
        if not signed:
            return []
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

    def record_kept(self, kept: Sequence[Signed]) -> Operation[list[Recorded]]:
        """Records what a run could not, in order; what was signed too long ago is signed anew.

        Raises:
            ServerProblem: the first that the ledger refuses; those before it are recorded.
            WrongReceipt, ForkedLog, RolledBackLog, IntegrityError: if the server lies.
        """
        answers = yield from self.send_batch(kept)
        recorded = []
        for signed, answer in zip(kept, answers, strict=True):
            settled = answer
            if isinstance(answer, ServerProblem) and answer.problem == TOO_OLD:
                settled = yield from self.record(draft_of(signed))
            if isinstance(settled, ConcordError):
                raise settled
            recorded.append(settled)
        return recorded

    def leaf(self, index: int) -> Operation[RecordedEvent]:
        """The event at a place in the log, proven to stand there.

        Raises:
            WrongReceipt: nothing proves it, or it is no event.
        """
        document = yield from self.receipt(index)
        try:
            return decode_leaf(parse_receipt(document).leaf, index)
        except InvalidInput as error:
            raise WrongReceipt(f"Leaf {index} is no event: {error}") from error

    def receipt(self, index: int) -> Operation[bytes]:
        """A fresh receipt of any leaf, verified.

        Raises:
            WrongReceipt: if it is no proof, or one of another leaf.
        """
        trust = yield from self.connect()
        response = yield get(f"/v1/receipts/{index}")
        check(response)
        verified = yield from self._verify(trust, response.body)
        if verified.index != index:
            raise WrongReceipt(f"The receipt is for leaf {verified.index}, not for leaf {index}.")
        return response.body

    def read_sealed(self, commitment: str) -> Operation[JsonValue]:
        """The value behind a commitment, for those who may see it.

        Raises:
            InvalidSeal: if the commitment is none, or what the server shows does not open it.
        """
        key = self.require_key()
        domain = yield from self.domain()
        question = SealedQuestion(commitment, key.address, self.clock(), domain)
        return (yield from open_sealed(question, key.sign_digest(question.digest)))

    def fetch(self, path: str, **query: str | int | None) -> Operation[JsonObject]:
        """Any read of the API, as JSON."""
        yield from self._require_expected_log()
        return read_object((yield get(path, **query)))

    def fetch_document(self, path: str, **query: str | int | None) -> Operation[bytes]:
        """Any read of the API, as it came."""
        yield from self._require_expected_log()
        response = yield get(path, **query)
        check(response)
        return response.body

    def ask(self, path: str, question: JsonObject) -> Operation[JsonObject]:
        """Any question that is posted, answered as JSON."""
        yield from self._require_expected_log()
        return read_object((yield post(path, question)))

    def _require_expected_log(self) -> Operation[None]:
        """Whoever names the log's key is told nothing by another log, in reads too."""
        if self.expected_key is not None:
            yield from self.connect()

    def require_key(self) -> SigningKey:
        """The key that signs.

        Raises:
            NoSigningKey: the client was made without one.
        """
        if self.key is None:
            raise NoSigningKey("This client has no key; make it with the key that is to sign.")
        return self.key

    def _recorded(self, trust: Trust, value: JsonObject, event: Event) -> Operation[Recorded]:
        document = orjson.dumps(value.get("receipt"))
        verified = yield from self._verify(trust, document)
        recorded = recorded_event(verified, event, trust)
        if integer(value, "index") != verified.index:
            raise WrongReceipt(
                f"The server says index {value['index']}, its receipt is for {verified.index}."
            )
        return Recorded(
            index=verified.index,
            event_id=event.id.hex(),
            recorded_at=recorded.recorded_at,
            receipt=document,
            duplicate=value.get("duplicate") is True,
        )

    def _verify(self, trust: Trust, document: bytes) -> Operation[VerifiedReceipt]:
        try:
            receipt = parse_receipt(document)
            verified = verify_receipt(receipt, trust.keys)
        except (InvalidInput, IntegrityError) as error:
            raise WrongReceipt(f"The server's receipt proves nothing: {error}") from error
        yield from self._believe(trust, receipt.proof.checkpoint, verified.checkpoint)
        return verified

    def _believe(self, trust: Trust, note: str, seen: Checkpoint) -> Operation[None]:
        if seen == self.believed:
            return
        while True:
            believed = self.store.read(trust.origin) or trust
            known = believed.checkpoint
            try:
                yield from self.tie(known, seen)
            except ForkedLog as error:
                path = self.store.keep_evidence(believed, note)
                raise ForkedLog(f"{error} Both signed checkpoints are kept in {path}.") from error
            if known is not None and seen.size <= known.size:
                self.believed = known
                return
            # Another process may have believed another checkpoint while this one was being tied.
            if self.store.advance(believed, note):
                self.believed = seen
                return

    def tie(self, known: Checkpoint | None, seen: Checkpoint) -> Operation[None]:
        """Has the server prove that two checkpoints belong to one history.

        Raises:
            ForkedLog: they do not.
            RolledBackLog: it cannot prove it any more.
        """
        sizes = sizes_to_tie(known, seen)
        if sizes is None or known is None:
            return
        first, second = sizes
        response = yield get("/v1/log/consistency", first=first, second=second)
        try:
            value = read_object(response)
        except ServerProblem as error:
            if response.status in {400, 404, 422}:
                raise RolledBackLog(
                    f"{self.server} signed size {second} of {seen.origin} and cannot prove any "
                    f"more that it extends size {first}: {error.detail}"
                ) from error
            raise
        proof = value.get("proof")
        if not isinstance(proof, list):
            raise UnexpectedAnswer("The server's consistency proof is not a list.")
        tie(known, seen, [read_base64(str(item)) for item in proof])
