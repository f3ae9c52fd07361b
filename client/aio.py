"""The client for services: the same calls as `client.sync.Ledger`, awaited."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import httpx

from client.aio_runs import AsyncTrackedRun
from client.answers import Recorded, Signed
from client.dao.aio import AsyncDao
from client.dao.operations import DaoOperations
from client.drafts import Draft
from client.errors import UnexpectedAnswer
from client.home import state_folder
from client.log_keys import log_keys
from client.operations import Session
from client.sealed import SealedQuestion, open_sealed
from client.signin import (
    UnsignedSignIn,
    finish_sign_in,
    prepare_sign_in,
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
from client.wire import RETRIED_STATUSES, Operation, Request, Response, RetryPolicy
from ledger.errors import ConcordError
from ledger.events import SigningKey
from ledger.events.canonical import JsonObject, JsonValue
from ledger.merkle import Checkpoint, KeyPeriod

T = TypeVar("T")


class AsyncLedger:
    """A ledger, over HTTP, without blocking.

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
        http: httpx.AsyncClient | None = None,
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
        self._http = http or httpx.AsyncClient(timeout=self._retry.timeout, verify=verify)
        self._jitter = random.Random()  # noqa: S311 - spreads retries, guards nothing
        self.dao = AsyncDao(self, DaoOperations(self._session), self._drive)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    @property
    def server(self) -> str:
        """Address of the API."""
        return self._session.server

    @property
    def address(self) -> str | None:
        """Address that signs, in EIP-55."""
        return self._session.key.address if self._session.key else None

    async def connect(self) -> Trust:
        """Which log answers; raises `WrongLog` if it is not the trusted one."""
        return await self._drive(self._session.connect())

    async def checkpoint(self) -> Checkpoint:
        """The newest checkpoint, tied to the one believed before."""
        return await self._drive(self._session.checkpoint())

    async def log_keys(self) -> tuple[KeyPeriod, ...]:
        """The keys that the log has had, oldest first, proven; raises `UnprovenKeys`."""
        return await self._drive(log_keys(self._session))

    async def sign(self, draft: Draft) -> Signed:
        """Signs a draft; sending the result again and again has one effect."""
        return await self._drive(self._session.sign(draft))

    async def send(self, signed: Signed) -> Recorded:
        """Sends a signed event; its receipt is verified."""
        return await self._drive(self._session.send(signed))

    async def record(self, draft: Draft) -> Recorded:
        """Signs, sends and verifies the receipt."""
        return await self._drive(self._session.record(draft))

    async def send_batch(self, signed: Sequence[Signed]) -> list[Recorded | ConcordError]:
        """Sends up to 1,000 signed events; each is answered on its own, in order."""
        return await self._drive(self._session.send_batch(signed))

    async def record_kept(self, file: Path) -> list[Recorded]:
        """Records what a run kept in a file because the server did not take it; again and again
        has one effect.

        Raises:
            OSError: the file cannot be read.
            InvalidKept: it is none that a run kept.
            ServerProblem: the first that the ledger refuses; those before it are recorded.
        """
        kept = read_unrecorded(await asyncio.to_thread(file.read_bytes))
        return await self._drive(self._session.record_kept(kept))

    async def receipt(self, index: int) -> bytes:
        """A fresh receipt of any leaf, verified."""
        return await self._drive(self._session.receipt(index))

    async def prepare_sign_in(self, account: str, *, page: str | None = None) -> UnsignedSignIn:
        """A sign-in (EIP-4361) for an account to sign elsewhere; the client's own key needs none of
        this, it signs in where the ledger asks for it. `page` is the authority of the page that
        asks the wallet, where that is another than the server's.
        """
        return await self._drive(prepare_sign_in(self._session, account, page))

    async def sign_in(self, unsigned: UnsignedSignIn, signature: str) -> str:
        """Opens the session that was signed for; its token, kept in memory and sent from now on."""
        return await self._drive(finish_sign_in(self._session, unsigned, signature))

    async def sign_out(self) -> None:
        """Ends the session that was opened, if any."""
        await self._drive(sign_out(self._session))

    async def read_sealed(self, commitment: str) -> JsonValue:
        """The value behind a commitment, for those who may see it."""
        return await self._drive(self._session.read_sealed(commitment))

    async def open_sealed(self, question: SealedQuestion, signature: str) -> JsonValue:
        """The same, for a question that a wallet has signed."""
        return await self._drive(open_sealed(question, signature))

    async def fetch(self, path: str, **query: str | int | None) -> JsonObject:
        """Answers any read of the API, such as `/v1/datasets`, as JSON."""
        return await self._drive(self._session.fetch(path, **query))

    async def fetch_document(self, path: str, **query: str | int | None) -> bytes:
        """Any read of the API, as it came: a bundle, a tile."""
        return await self._drive(self._session.fetch_document(path, **query))

    async def ask(self, path: str, question: JsonObject) -> JsonObject:
        """Any question that is posted, such as an access decision."""
        return await self._drive(self._session.ask(path, question))

    async def items(self, path: str, **query: str | int | None) -> AsyncIterator[JsonObject]:
        """All items of a list, page by page.

        Raises:
            ServerProblem: there is no such list, or its filters are wrong.
            UnexpectedAnswer: it never ends.
        """
        after: str | None = None
        while True:
            page = await self.fetch(path, **{**query, "after": after})
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

    def run(
        self,
        job: str,
        *,
        run: str | None = None,
        parameters: JsonObject | None = None,
        source: Path | None = None,
        environment: dict[str, str] | None = None,
        keep_in: Path | None = None,
    ) -> AsyncTrackedRun:
        """A training run as an async context; see `Ledger.run`."""
        return AsyncTrackedRun(
            self,
            job=job,
            run=run,
            parameters=parameters,
            source=source,
            environment=environment,
            keep_in=keep_in,
            clock=self._session.clock,
        )

    async def _drive(self, operation: Operation[T]) -> T:
        operation = signed_in(self._session, operation)
        try:
            request = next(operation)
            while True:
                request = operation.send(await self._send(request))
        except StopIteration as done:
            result: T = done.value
            return result

    async def _send(self, request: Request) -> Response:
        await asyncio.sleep(request.delay)
        attempt = 1
        while True:
            retry_after: float | None = None
            last = attempt >= self._retry.attempts
            try:
                response = await self._once(request)
                if response.status not in RETRIED_STATUSES or last:
                    return response
                retry_after = response.retry_after
            except httpx.TransportError as error:
                if last:
                    raise unreachable(self.server, attempt, error) from error
            except httpx.DecodingError as error:
                raise unreadable(error) from error
            await asyncio.sleep(self._retry.delay(attempt, retry_after, self._jitter))
            attempt += 1

    async def _once(self, request: Request) -> Response:
        try:
            async with asyncio.timeout(self._retry.timeout):
                return await self._exchange(request)
        except TimeoutError as error:
            raise too_slow(self._retry.timeout) from error

    async def _exchange(self, request: Request) -> Response:
        body = bytearray()
        async with self._http.stream(
            request.method,
            self.server + request.path,
            params=dict(request.query),
            content=request.body,
            headers=headers_of(request),
        ) as answer:
            async for chunk in answer.aiter_bytes():
                body += chunk
                check_length(len(body))
        return as_response(answer, bytes(body))
