"""A log server in memory that can be told to misbehave, behind `httpx.MockTransport`.

It is honest until told otherwise: a real tree, real signatures, real checks of what it is sent.
Two ways to make it lie:

- change its state: `fork`, `roll_back`, `become`; what it answers then is consistent with that
  state and properly signed;
- queue a *fault* for the requests to come: a function that gets the request and the honest answer
  (not yet computed) and answers instead.

After a test, `check_log` proves that what the clients made it record is right.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from client import RetryPolicy
from ledger.errors import ConcordError
from ledger.events import Domain, Event, decode_leaf, encode_leaf, parse_event, verify_signature
from ledger.events.canonical import parse_object
from ledger.events.identifiers import Milliseconds
from ledger.events.sealed import Opening, check_opening, commitments_in
from ledger.merkle import (
    Checkpoint,
    MerkleTree,
    SigningKey,
    build_receipt,
    leaf_hash,
    sign_checkpoint,
)

SERVER = "http://ledger.test"
AT_ONCE = RetryPolicy(attempts=4, first_delay=0.0, longest_delay=0.0)
"""Retries without waiting."""

Honest = Callable[[], httpx.Response]
Fault = Callable[[httpx.Request, Honest], httpx.Response]


def log_key(origin: str, number: int = 0) -> SigningKey:
    """The same key for the same origin and number."""
    return SigningKey(origin, hashlib.sha256(f"adversary {origin} {number}".encode()).digest())


@dataclass
class History:
    """The leaves of one history, and what was sealed into them."""

    leaves: list[bytes] = field(default_factory=list)
    openings: dict[str, Opening] = field(default_factory=dict)

    @property
    def tree(self) -> MerkleTree:
        return MerkleTree([leaf_hash(leaf) for leaf in self.leaves])

    def copy(self, size: int) -> History:
        return History(self.leaves[:size], dict(self.openings))


class LogServer:
    """The adversary.

    Attributes:
        origin, key, chain_id: which log it says it is.
        history: what it holds at present.
        requests: all that it was asked, oldest first.
        faults: answers for the requests to come, one each; None is an honest one.
        receipt: changes each receipt on its way out.
        always: answers every request instead, while it is set.
    """

    def __init__(self, origin: str = "ledger.test/log", chain_id: int = 4_201_337) -> None:
        self.origin = origin
        self.key = log_key(origin)
        self.chain_id = chain_id
        self.history = History()
        self.requests: list[httpx.Request] = []
        self.faults: deque[Fault | None] = deque()
        self.always: Fault | None = None
        self.receipt: Callable[[dict[str, Any]], object] = lambda receipt: receipt
        self.clock = 1_790_000_000_000
        self._first_domain = self.domain

    def transport(self) -> httpx.MockTransport:
        """For both kinds of httpx client."""
        return httpx.MockTransport(self.handle)

    # ---- state -------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        return len(self.history.leaves)

    @property
    def note(self) -> str:
        """The signed checkpoint of the present state."""
        checkpoint = Checkpoint(self.origin, self.size, self.history.tree.root())
        return sign_checkpoint(checkpoint, self.key)

    def grow(self, count: int, name: str = "other") -> None:
        """Appends entries of other people's."""
        start = self.size
        self.history.leaves += [f"{name} {start + n}".encode() for n in range(count)]

    @contextmanager
    def forked(self, at: int, count: int, name: str = "forged") -> Iterator[None]:
        """Shows another history from leaf `at` on, `count` leaves long; the old one afterwards."""
        kept = self.history
        self.fork(at, count, name)
        yield
        self.history = kept

    def fork(self, at: int, count: int, name: str = "forged") -> None:
        """Replaces all leaves from `at` on by `count` others."""
        self.history = self.history.copy(at)
        self.grow(count, name)

    def roll_back(self, size: int) -> None:
        """Forgets all leaves from `size` on."""
        self.history = self.history.copy(size)

    def become(
        self, *, origin: str | None = None, key: int = 0, chain_id: int | None = None
    ) -> None:
        """Says that it is another log."""
        self.origin = origin or self.origin
        self.key = log_key(self.origin, key)
        self.chain_id = chain_id or self.chain_id

    def events(self) -> list[Event]:
        """The events in the log, `grow`'s entries left out."""
        return [
            decode_leaf(leaf, index).event
            for index, leaf in enumerate(self.history.leaves)
            if leaf.startswith(b"{")
        ]

    def check_log(self) -> None:
        """No event is in the log twice, and each was signed by its actor for this log."""
        events = self.events()
        assert len({event.id for event in events}) == len(events)
        assert len({(event.actor, event.nonce) for event in events}) == len(events)
        for event in events:
            verify_signature(event, self._first_domain)

    @property
    def domain(self) -> Domain:
        return Domain(self.chain_id, self.origin)

    # ---- HTTP --------------------------------------------------------------------------------

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        fault = self.faults.popleft() if self.faults else self.always
        if fault is None:
            return self._answer(request)
        return fault(request, lambda: self._answer(request))

    def asked(self, method: str, path: str) -> int:
        """How often something was asked."""
        return sum(r.method == method and r.url.path == path for r in self.requests)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        try:
            return self._route(request)
        except ConcordError as error:
            return problem(422, error.code, str(error))

    def _route(self, request: httpx.Request) -> httpx.Response:
        query = request.url.params
        match request.method, request.url.path.split("/")[1:]:
            case "GET", ["v1", "log"]:
                return httpx.Response(200, json=self._identity())
            case "GET", ["checkpoint"]:
                return httpx.Response(200, text=self.note)
            case "GET", ["v1", "log", "consistency"]:
                first, second = int(query["first"]), int(query["second"])
                proof = self.history.tree.consistency(first, second)
                encoded = [base64.b64encode(item).decode() for item in proof]
                return httpx.Response(
                    200, json={"first": first, "second": second, "proof": encoded}
                )
            case "GET", ["v1", "receipts", index]:
                return httpx.Response(200, content=json.dumps(self.receipt_of(int(index))))
            case "GET", ["v1", "items"]:
                return httpx.Response(200, json=self._page(query))
            case "POST", ["v1", "events"]:
                result = self._append(parse_object(request.content))
                return httpx.Response(result.pop("status"), json=result)
            case "POST", ["v1", "events:batch"]:
                submissions: Any = parse_object(request.content)["events"]
                return httpx.Response(200, json={"results": [self._each(s) for s in submissions]})
            case "POST", ["v1", "sealed:read"]:
                return httpx.Response(200, json=self._open(parse_object(request.content)))
        return problem(404, "no-such-path", "Nothing is served at this path.")

    def _identity(self) -> dict[str, object]:
        return {
            "origin": self.origin,
            "verifierKey": str(self.key.verifier),
            "chainId": self.chain_id,
            "size": self.size,
            "root": base64.b64encode(self.history.tree.root()).decode(),
        }

    def _page(self, query: httpx.QueryParams) -> dict[str, object]:
        start, limit = int(query.get("after", 0)), int(query.get("limit", 3))
        items = [{"number": n} for n in range(start, min(start + limit, 7))]
        return {"items": items, "next": str(start + limit) if start + limit < 7 else None}

    def _each(self, submission: Any) -> dict[str, object]:
        try:
            return self._append(submission)
        except ConcordError as error:
            return {"status": 422, "problem": problem_document(422, error.code, str(error))}

    def _append(self, submission: Any) -> dict[str, Any]:
        event = parse_event(submission["event"])
        verify_signature(event, self.domain)
        openings = [read_opening(value) for value in submission.get("openings", [])]
        for opening in openings:
            check_opening(opening)
            assert opening.commitment in commitments_in(parse_object(event.body_bytes))
        for index, leaf in enumerate(self.history.leaves):
            if leaf.startswith(b"{") and decode_leaf(leaf, index).event.id == event.id:
                return self._appended(200, index, event)
        self.clock += 1
        self.history.leaves.append(encode_leaf(event, Milliseconds(self.clock)))
        self.history.openings |= {opening.commitment: opening for opening in openings}
        return self._appended(201, self.size - 1, event)

    def _appended(self, status: int, index: int, event: Event) -> dict[str, Any]:
        return {
            "status": status,
            "index": index,
            "eventId": event.id.hex(),
            "duplicate": status == 200,
            "receipt": self.receipt_of(index),
        }

    def receipt_of(self, index: int) -> Any:
        """The receipt of a leaf at the present size, as a JSON value."""
        document = build_receipt(
            self.history.leaves[index], index, self.history.tree.inclusion(index), self.note
        )
        return self.receipt(json.loads(document))

    def _open(self, question: Any) -> dict[str, Any]:
        opening = self.history.openings[question["commitment"]]
        return {
            "commitment": opening.commitment,
            "value": opening.value,
            "salt": base64.b64encode(opening.salt).decode(),
            "index": 0,
        }


def read_opening(value: Any) -> Opening:
    """An opening as it is sent."""
    return Opening(
        value["commitment"], base64.b64decode(value["salt"]), value["value"], value["dataSubject"]
    )


def problem_document(status: int, code: str, detail: str) -> dict[str, object]:
    """RFC 9457, as the service writes it."""
    kind = f"/problems/{code}"
    return {"type": kind, "title": code, "status": status, "detail": detail, "code": code}


def problem(
    status: int, code: str, detail: str, headers: dict[str, str] | None = None
) -> httpx.Response:
    """An answer with problem details."""
    return httpx.Response(status, json=problem_document(status, code, detail), headers=headers)


# ---- faults ----------------------------------------------------------------------------------


def refuse_connection(request: httpx.Request, honest: Honest) -> httpx.Response:
    """Nobody listens."""
    raise httpx.ConnectError("connection refused", request=request)


def lose_request(request: httpx.Request, honest: Honest) -> httpx.Response:
    """The connection drops before the server has read the request."""
    raise httpx.WriteError("broken pipe", request=request)


def lose_answer(request: httpx.Request, honest: Honest) -> httpx.Response:
    """The server does what it is asked; the connection drops before its answer arrives."""
    honest()
    raise httpx.RemoteProtocolError("server disconnected without an answer", request=request)


def busy(status: int = 503, retry_after: str | None = "1") -> Fault:
    """The server wants to be asked later, and has done nothing."""

    def fault(request: httpx.Request, honest: Honest) -> httpx.Response:
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        return problem(status, "queue-full", "Too many events wait; try again.", headers)

    return fault


def html(status: int) -> Fault:
    """A proxy answers with a page for people."""

    def fault(request: httpx.Request, honest: Honest) -> httpx.Response:
        return httpx.Response(status, html="<html><h1>Bad Gateway</h1></html>")

    return fault


def truncate(request: httpx.Request, honest: Honest) -> httpx.Response:
    """Half of the answer, as if that were all."""
    content = honest().content
    return httpx.Response(200, content=content[: len(content) // 2])


def answer(value: object) -> Fault:
    """Some JSON."""

    def fault(request: httpx.Request, honest: Honest) -> httpx.Response:
        return httpx.Response(200, json=value)

    return fault


def change(**fields: object) -> Fault:
    """The honest answer with some of its fields replaced."""

    def fault(request: httpx.Request, honest: Honest) -> httpx.Response:
        return httpx.Response(200, json={**honest().json(), **fields})

    return fault


def redirect(request: httpx.Request, honest: Honest) -> httpx.Response:
    """Sends the client elsewhere."""
    return httpx.Response(302, headers={"Location": "http://elsewhere.test/v1/log"})


def bad_compression(request: httpx.Request, honest: Honest) -> httpx.Response:
    """Says gzip and is not; refused as soon as it is read."""
    return httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Bytes([b"not gzip"]))


class Bytes(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that comes chunk by chunk."""

    def __init__(self, chunks: list[bytes] | Iterator[bytes]) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)

    async def __aiter__(self) -> Any:
        for chunk in self._chunks:
            # As with a real connection, others get their turn between two chunks.
            await asyncio.sleep(0)
            yield chunk


def swap_proof(receipt: dict[str, Any], change_text: Callable[[str], str]) -> dict[str, Any]:
    """The receipt with its proof text changed."""
    return {**receipt, "proof": change_text(receipt["proof"])}
