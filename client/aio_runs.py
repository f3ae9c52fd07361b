"""Lineage from an async training script: `client.runs` without blocking.

    async with ledger.run(job="train-cnn", parameters={"lr": 0.01}) as run:
        await run.used("wdbc-north", "1", grant="g-12", file=Path("north.csv"))
        …
        await run.produced("tumour-classifier", "3", file=Path("model.bin"))

Files are digested in a thread. A call that was never awaited has named nothing, so such a run is
recorded as failed and `NotAwaited` is raised: its lineage would be a lie.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from client.errors import NotAwaited
from client.files import describe_file, sha256_of
from client.manifests import Manifest
from client.run_notes import Ending, RunNotes
from client.runs import KeptManifest, keep_file, note_unrecorded
from client.unrecorded import keep_beside
from ledger.errors import ConcordError, InvalidInput
from ledger.events.canonical import JsonObject

if TYPE_CHECKING:
    from client.aio import AsyncLedger
    from client.answers import Recorded, Signed
    from client.drafts import Draft


class AsyncTrackedRun:
    """One run. Made by `AsyncLedger.run`; use it as an async context.

    Attributes:
        id: of the run.
        receipts: of every event recorded so far.
        manifest: of inputs that the run's event has no room for, once it has ended.
    """

    def __init__(
        self,
        ledger: AsyncLedger,
        *,
        job: str,
        run: str | None,
        parameters: JsonObject | None,
        source: Path | None,
        environment: dict[str, str] | None,
        keep_in: Path | None,
        clock: Callable[[], int],
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._keep_in = keep_in or Path.cwd()
        # A script is small: digested here, so that the run has its id at once.
        self._notes = RunNotes(
            job=job,
            run=run,
            parameters=parameters,
            source=describe_file(source) if source is not None else None,
            environment=environment,
            started_at=clock(),
            suffix=secrets.token_hex(3),
        )
        self.id = self._notes.id
        self.receipts: list[Recorded] = []
        self.manifest: KeptManifest | None = None
        # Calls that were made and are not through.
        self._open = 0

    def used(
        self,
        dataset: str,
        version: str,
        *,
        grant: str | None = None,
        file: Path | None = None,
        digest: str | None = None,
    ) -> Coroutine[Any, Any, None]:
        """Names a dataset version that the run reads, once awaited; see `TrackedRun.used`."""

        async def note() -> None:
            found = await _digest_of(file, digest)
            self._notes.read_dataset(dataset, version, grant=grant, digest=found)

        return self._counted(note)

    def started_from(
        self, model: str, version: str, *, file: Path | None = None, digest: str | None = None
    ) -> Coroutine[Any, Any, None]:
        """Names a model version that the run starts from, once awaited."""

        async def note() -> None:
            self._notes.read_model(model, version, digest=await _digest_of(file, digest))

        return self._counted(note)

    def produced(
        self,
        model: str,
        version: str,
        *,
        file: Path,
        relation: str = "trained",
        base: tuple[tuple[str, str], ...] = (),
        publish: bool = True,
    ) -> Coroutine[Any, Any, None]:
        """Names a model version that the run made, once awaited; see `TrackedRun.produced`."""

        async def note() -> None:
            artifact = await asyncio.to_thread(describe_file, file)
            self._notes.made(
                model, version, artifact=artifact, relation=relation, base=base, publish=publish
            )

        return self._counted(note)

    def _counted(self, note: Callable[[], Awaitable[None]]) -> Coroutine[Any, Any, None]:
        self._open += 1

        async def noted() -> None:
            try:
                await note()
            finally:
                self._open -= 1

        return noted()

    def measured(self, **metrics: float) -> None:
        """Adds metrics, such as `measured(accuracy=0.93)`; NaN and infinities become null."""
        self._notes.measured(metrics)

    async def __aenter__(self) -> Self:
        self.receipts.append(await self._ledger.record(self._notes.started()))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if failure is None and not self._open:
            await self._end(self._notes.completed(self._clock()))
            return
        if failure is None:
            unfinished = NotAwaited(
                f"{self._open} calls of run {self.id} were not awaited, so what they name is not "
                "recorded. Write `await run.used(…)` and `await run.produced(…)`."
            )
            await self._fail(unfinished)
            raise unfinished
        await self._fail(failure)

    async def _fail(self, failure: BaseException) -> None:
        try:
            await self._end(self._notes.failed(self._clock(), failure))
        except ConcordError as error:
            note_unrecorded(failure, self.id, error)

    async def _end(self, ending: Ending) -> None:
        # Kept before it is named: who reads the event can then have it.
        if ending.manifest is not None:
            self.manifest = await self._keep(ending.manifest)
        drafts = (ending.draft, *ending.publications)
        for done, draft in enumerate(drafts, 1):
            signed = await self._ledger.sign(draft)
            try:
                self.receipts.append(await self._ledger.send(signed))
            except ConcordError as error:
                await self._keep_unrecorded(signed, drafts[done:], error)
                raise

    async def _keep_unrecorded(
        self, first: Signed, further: Sequence[Draft], failure: ConcordError
    ) -> None:
        signed = [first]
        for draft in further:
            try:
                signed.append(await self._ledger.sign(draft))
            except InvalidInput as error:
                failure.add_note(f"{draft.kind} is not kept: {error}")
        await asyncio.to_thread(keep_beside, failure, signed, self.id, self._keep_in)

    async def _keep(self, manifest: Manifest) -> KeptManifest:
        file = await asyncio.to_thread(keep_file, manifest, self._keep_in)
        problem: str | None = None
        try:
            await self._ledger.dao.upload(manifest.document)
        except ConcordError as error:
            problem = str(error)
        kept = KeptManifest(manifest, file, problem)
        kept.warn()
        return kept


async def _digest_of(file: Path | None, digest: str | None) -> str | None:
    return await asyncio.to_thread(sha256_of, file) if file is not None else digest
