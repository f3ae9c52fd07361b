"""The client for scripts: blocking calls, retried safely.

ledger = Ledger("http://127.0.0.1:8080", key=keystore.unlock("hospital-a", passphrase))
ledger.record(drafts.revoke_grant("g-7", effective_at=now, retroactive=True))
with ledger.run(job="train-cnn", …) as run: …
"""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import httpx

from client.answers import Recorded, Signed
from client.dao.operations import DaoOperations
from client.dao.sync import Dao
from client.drafts import Draft
from client.errors import ServerProblem, UnexpectedAnswer
from client.following import leaves_in
from client.home import state_folder
from client.log_keys import log_keys
from client.operations import Session
from client.runs import TrackedRun
from client.sealed import SealedQuestion, open_sealed
from client.signin import (
    SIGN_IN_REQUIRED,
    UnsignedSignIn,
    can_sign_in,
    finish_sign_in,
    prepare_sign_in,
    sign_in,
    sign_out,
    signed_in,
)
from client.transport import (
    as_response,
    check_length,
    headers_of,
    server_address,
    too_slow,
    trusted_by,
    unreachable,
    unreadable,
)
from client.trust import Trust
from client.trust_store import TrustStore
from client.unrecorded import read_unrecorded
from client.wire import (
    RETRIED_STATUSES,
    Operation,
    Request,
    Response,
    RetryPolicy,
    check,
    integer,
)
from ledger.errors import ConcordError
from ledger.events import SigningKey
from ledger.events.canonical import JsonObject, JsonValue
from ledger.merkle import Checkpoint, KeyPeriod

T = TypeVar("T")


class Ledger:
    """A ledger, over HTTP. Thread-safe as far as httpx is; one for each thread is simplest.

    Attributes:
        dao: votes, proposals and transactions; the ledger may have none.

    Args:
        server: address of the API.
        key: signs what you record; not needed for reading.
        unlock: gives the key to sign in with; called only where there is no `key` and the ledger
            shows its contents to members only.
        verifier_key: the key that the log must have; taken on first contact where absent.
        state: folder of what is believed of which log; `~/.config/concord/trust` where absent.
        retry: how often and how long to try.
        http: an httpx client to use instead of an own one.
    """

    def __init__(
        self,
        server: str,
        *,
        key: SigningKey | None = None,
        unlock: Callable[[], SigningKey] | None = None,
        verifier_key: str | None = None,
        state: Path | None = None,
        retry: RetryPolicy | None = None,
        http: httpx.Client | None = None,
    ) -> None:
        address = server_address(server)
        self._session = Session(
            server=address,
            store=TrustStore(state or state_folder()),
            key=key,
            expected_key=verifier_key,
            random=secrets.token_bytes,
            unlock=unlock,
        )
        self._retry = retry or RetryPolicy()
        verify = trusted_by(address)
        self._http = http or httpx.Client(timeout=self._retry.timeout, verify=verify)
        self._jitter = random.Random()  # noqa: S311 - spreads retries, guards nothing
        self.dao = Dao(self, DaoOperations(self._session), self._drive)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    @property
    def server(self) -> str:
        """Address of the API."""
        return self._session.server

    @property
    def address(self) -> str | None:
        """Address that signs, in EIP-55."""
        return self._session.key.address if self._session.key else None

    def connect(self) -> Trust:
        """Which log answers; raises `WrongLog` if it is not the trusted one."""
        return self._drive(self._session.connect())

    def checkpoint(self) -> Checkpoint:
        """The newest checkpoint, tied to the one believed before."""
        return self._drive(self._session.checkpoint())

    def log_keys(self) -> tuple[KeyPeriod, ...]:
        """The keys that the log has had, oldest first, proven; raises `UnprovenKeys`."""
        return self._drive(log_keys(self._session))

    def sign(self, draft: Draft) -> Signed:
        """Signs a draft; sending the result again and again has one effect."""
        return self._drive(self._session.sign(draft))

    def send(self, signed: Signed) -> Recorded:
        """Sends a signed event; its receipt is verified."""
        return self._drive(self._session.send(signed))

    def record(self, draft: Draft) -> Recorded:
        """Signs, sends and verifies the receipt."""
        return self._drive(self._session.record(draft))

    def send_batch(self, signed: Sequence[Signed]) -> list[Recorded | ConcordError]:
        """Sends up to 1,000 signed events; each is answered on its own, in order."""
        return self._drive(self._session.send_batch(signed))

    def record_kept(self, file: Path) -> list[Recorded]:
        """Records what a run kept in a file because the server did not take it; again and again
        has one effect.

        Raises:
            OSError: the file cannot be read.
            InvalidKept: it is none that a run kept.
            ServerProblem: the first that the ledger refuses; those before it are recorded.
        """
        kept = read_unrecorded(file.read_bytes())
        return self._drive(self._session.record_kept(kept))

    def receipt(self, index: int) -> bytes:
        """A fresh receipt of any leaf, verified."""
        return self._drive(self._session.receipt(index))

    def prepare_sign_in(self, account: str, *, page: str | None = None) -> UnsignedSignIn:
        """A sign-in (EIP-4361) for an account to sign elsewhere; the client's own key needs none of
        this, it signs in where the ledger asks for it. `page` is the authority of the page that
        asks the wallet, where that is another than the server's.
        """
        return self._drive(prepare_sign_in(self._session, account, page))

    def sign_in(self, unsigned: UnsignedSignIn, signature: str) -> str:
        """Opens the session that was signed for; its token, kept in memory and sent from now on."""
        return self._drive(finish_sign_in(self._session, unsigned, signature))

    def sign_out(self) -> None:
        """Ends the session that was opened, if any."""
        self._drive(sign_out(self._session))

    def read_sealed(self, commitment: str) -> JsonValue:
        """The value behind a commitment, for those who may see it."""
        return self._drive(self._session.read_sealed(commitment))

    def open_sealed(self, question: SealedQuestion, signature: str) -> JsonValue:
        """The same, for a question that a wallet has signed."""
        return self._drive(open_sealed(question, signature))

    def fetch(self, path: str, **query: str | int | None) -> JsonObject:
        """Answers any read of the API, such as `/v1/datasets`, as JSON."""
        return self._drive(self._session.fetch(path, **query))

    def fetch_document(self, path: str, **query: str | int | None) -> bytes:
        """Any read of the API, as it came: a bundle, a tile."""
        return self._drive(self._session.fetch_document(path, **query))

    def ask(self, path: str, question: JsonObject) -> JsonObject:
        """Any question that is posted, such as an access decision."""
        return self._drive(self._session.ask(path, question))

    def items(self, path: str, **query: str | int | None) -> Iterator[JsonObject]:
        """All items of a list, page by page.

        Raises:
            ServerProblem: there is no such list, or its filters are wrong.
            UnexpectedAnswer: it never ends.
        """
        after: str | None = None
        while True:
            page = self.fetch(path, **{**query, "after": after})
            items = page.get("items")
            for item in items if isinstance(items, list) else []:
                if isinstance(item, dict):
                    yield item
            following = page.get("next")
            if not isinstance(following, str):
                return
            if following == after:
                raise UnexpectedAnswer(f"The list {path} never ends: one page follows itself.")
            after = following

    def follow(self, start: int | None = None) -> Iterator[JsonObject]:
        """Leaves as they are recorded, for ever; reconnects where the stream ends.

        Args:
            start: index of the first; those that are yet to come where absent.

        Raises:
            Unreachable: if the server does not come back within the attempts allowed.
            ServerProblem: if it refuses to stream.
        """
        following = start if start is not None else integer(self.fetch("/v1/log"), "size")
        attempt = 0
        while True:
            try:
                for leaf in self._leaves_from(following):
                    attempt = 0
                    following = integer(leaf, "index") + 1
                    yield leaf
                attempt += 1
            except httpx.TransportError as error:
                attempt += 1
                if attempt >= self._retry.attempts:
                    raise unreachable(self.server, attempt, error) from error
            time.sleep(self._retry.delay(max(attempt, 1), None, self._jitter))

    def _leaves_from(self, start: int) -> Iterator[JsonObject]:
        try:
            yield from self._stream_from(start)
        except ServerProblem as problem:
            # It refuses before the first leaf, also where the session has ended since.
            if problem.problem != SIGN_IN_REQUIRED or not can_sign_in(self._session):
                raise
            self._session.token = None
            self._drive(sign_in(self._session))
            yield from self._stream_from(start)

    def _stream_from(self, start: int) -> Iterator[JsonObject]:
        path = "/v1/events:stream"
        headers = headers_of(Request("GET", path, token=self._session.token))
        url = self.server + path
        with self._http.stream("GET", url, params={"from": start}, headers=headers) as answer:
            if answer.status_code != 200:
                check(as_response(answer, answer.read()))
            yield from leaves_in(answer.iter_lines())

    def run(
        self,
        job: str,
        *,
        run: str | None = None,
        parameters: JsonObject | None = None,
        source: Path | None = None,
        environment: dict[str, str] | None = None,
        keep_in: Path | None = None,
    ) -> TrackedRun:
        """A training run as a context: what it used and produced is recorded when it ends.

        Args:
            job: what kind of run it is.
            run: id; made up from the job and the time where absent.
            parameters: of the training.
            source: file or script that ran; its digest is recorded.
            environment: versions of what it ran on.
            keep_in: folder for a manifest of inputs, where an event has no room for all, and for
                what the server did not take; the working directory where absent.
        """
        return TrackedRun(
            self,
            job=job,
            run=run,
            parameters=parameters,
            source=source,
            environment=environment,
            keep_in=keep_in,
            clock=self._session.clock,
        )

    def _drive(self, operation: Operation[T]) -> T:
        operation = signed_in(self._session, operation)
        try:
            request = next(operation)
            while True:
                request = operation.send(self._send(request))
        except StopIteration as done:
            result: T = done.value
            return result

    def _send(self, request: Request) -> Response:
        if request.delay:
            time.sleep(request.delay)
        attempt = 1
        while True:
            retry_after: float | None = None
            last = attempt >= self._retry.attempts
            try:
                response = self._once(request)
                if response.status not in RETRIED_STATUSES or last:
                    return response
                retry_after = response.retry_after
            except httpx.TransportError as error:
                if last:
                    raise unreachable(self.server, attempt, error) from error
            except httpx.DecodingError as error:
                raise unreadable(error) from error
            time.sleep(self._retry.delay(attempt, retry_after, self._jitter))
            attempt += 1

    def _once(self, request: Request) -> Response:
        ends = time.monotonic() + self._retry.timeout
        body = bytearray()
        with self._http.stream(
            request.method,
            self.server + request.path,
            params=dict(request.query),
            content=request.body,
            headers=headers_of(request),
        ) as answer:
            for chunk in answer.iter_bytes():
                body += chunk
                check_length(len(body))
                if time.monotonic() > ends:
                    raise too_slow(self._retry.timeout)
        return as_response(answer, bytes(body))
