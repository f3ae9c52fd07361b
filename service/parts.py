"""What the service is put together from, opened in one place and closed in the other order."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import Request

from ledger.content.location import open_content_store
from ledger.content.store import ContentStore
from ledger.events import Domain
from ledger.events.identifiers import to_checksum_address
from ledger.log import Limits, Log, WrongLedger
from ledger.log.genesis import require_genesis
from ledger.merkle import VerifierKey
from ledger.store.engine import Database, open_database
from ledger.store.migrate import require_schema
from ledger.store.reads import snapshot
from ledger.views.records import LedgerInfo
from service.http.growth import Growth
from service.log_key import LogKey, log_keys, read_log_key
from service.metrics import Metrics
from service.profiles import MIRROR, RELAYER, Profiles
from service.readiness import NotReady, Readiness
from service.settings import Settings
from service.signin.nonces import Nonces
from service.signin.sessions import Sessions
from service.submitting import Submitter
from service.verdicts import Verdicts

if TYPE_CHECKING:
    from service.dao import Dao, Policies


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that a request may need.

    Attributes:
        settings: limits and names.
        log: the ledger's log, open.
        operator: who created the ledger.
        verifier_key: what checks the log's checkpoints.
        log_keys: the same, after those that did before.
        metrics: what operators watch.
        readers: threads for whatever would keep the event loop waiting.
        clock: milliseconds since the epoch.
        randomness: gives n random bytes.
        content: documents that events and proposals name.
        profiles: what members are called.
        sessions: who is signed in.
        verdicts: what model versions were judged last, for lists.
        dao: its contracts and what follows them; None where the first leaf names none.
    """

    settings: Settings
    log: Log
    operator: str
    verifier_key: VerifierKey
    log_keys: tuple[LogKey, ...]
    metrics: Metrics
    readers: ThreadPoolExecutor
    clock: Callable[[], int]
    randomness: Callable[[int], bytes]
    content: ContentStore
    profiles: Profiles
    sessions: Sessions
    verdicts: Verdicts
    dao: Dao | None = None

    @property
    def domain(self) -> Domain:
        """Where signatures of events are valid."""
        return self.log.domain


def parts_of(request: Request) -> Parts:
    """The parts of the service that a request came to."""
    parts = request.app.state.parts
    assert isinstance(parts, Parts)  # noqa: S101 - the lifespan has put them there
    return parts


def growth_of(request: Request) -> Growth:
    """What wakes those who follow the log."""
    growth = request.app.state.growth
    assert isinstance(growth, Growth)  # noqa: S101 - the lifespan has put it there
    return growth


def readiness_of(request: Request) -> Readiness:
    """What looks whether the database answers."""
    readiness = request.app.state.readiness
    assert isinstance(readiness, Readiness)  # noqa: S101 - the lifespan has put it there
    return readiness


def submitter_of(request: Request) -> Submitter:
    """What hands single events to the log."""
    submitter = request.app.state.submitter
    assert isinstance(submitter, Submitter)  # noqa: S101 - the lifespan has put it there
    return submitter


def require_database(log: Log) -> None:
    """Reads the database.

    Raises:
        NotReady: it holds less than was signed for.
        Unavailable: it does not answer.
    """
    with snapshot(log.database) as views:
        if views.size < log.size:
            raise NotReady("The database holds less than was signed for; see the service's log.")


def system_clock() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


@contextmanager
def open_parts(
    settings: Settings,
    *,
    metrics: Metrics,
    clock: Callable[[], int] = system_clock,
    randomness: Callable[[int], bytes] = os.urandom,
) -> Iterator[Parts]:
    """Opens the ledger that the settings name, and closes it: what waits is recorded first.

    Args:
        settings: which ledger, and its limits.
        metrics: where the log's doings are counted.
        clock: milliseconds since the epoch.
        randomness: gives n random bytes.

    Raises:
        LedgerMissing: there is none yet.
        WrongLedger: it has another origin than the settings or the key.
        LogKeyMissing, LogKeyUnreadable, HandoversUnreadable: the log's keys cannot be had.
        SchemaOutdated: the database belongs to another version of this program.
        ConcordError: as `Log.open`.
    """
    with ExitStack() as stack:
        database = open_database(settings.database)
        stack.callback(database.dispose)
        readers = ThreadPoolExecutor(settings.reader_threads, "concord-read")
        stack.callback(readers.shutdown)
        require_schema(database)
        genesis = require_genesis(database)
        domain = genesis.domain
        content = open_content_store(settings.content_url, settings.data_dir)
        stack.callback(content.close)
        judges = ThreadPoolExecutor(1, "concord-judge")
        stack.callback(judges.shutdown)
        policies = _policies_of(database, content, domain)
        key = read_log_key(settings.log_key_path)
        keys = log_keys(settings.log_key_path, genesis.log_key, key.verifier)
        if settings.origin not in {None, domain.origin}:
            raise WrongLedger(
                f"CONCORD_ORIGIN is {settings.origin}, the database holds {domain.origin}."
            )
        sessions = Sessions(
            database,
            Nonces.of_log(key, life_ms=round(settings.sign_in_seconds * 1000)),
            clock=clock,
            randomness=randomness,
            life_ms=round(settings.session_seconds * 1000),
        )
        with Log.open(
            database,
            signing_key=key,
            domain=domain,
            clock=clock,
            limits=Limits(queue=settings.max_queued_events),
            last_signed_path=settings.data_dir / "checkpoint.last",
            randomness=randomness,
            admission=None if policies is None else policies.admission,
            wallets=None if policies is None else policies.wallets,
        ) as log:
            metrics.follow(log)
            with _dao_of(settings, log, policies, genesis.operator, clock) as dao:
                if dao is not None:
                    metrics.follow_background(dao.background)
                yield Parts(
                    settings,
                    log,
                    genesis.operator,
                    key.verifier,
                    keys,
                    metrics,
                    readers,
                    clock,
                    randomness,
                    content,
                    Profiles(content, clock, _own_names(dao)),
                    sessions,
                    Verdicts(judges),
                    dao,
                )


def _policies_of(database: Database, content: ContentStore, domain: Domain) -> Policies | None:
    """What holds a DAO's members to their policies; None where there is no DAO."""
    with snapshot(database) as views:
        ledger = views.get(LedgerInfo, "ledger")
    if ledger is None or ledger.contracts == "{}":
        return None
    # Chains are slow to import, and most commands and many ledgers have none.
    from service.dao import open_policies  # noqa: PLC0415

    return open_policies(content, domain.chain_id)


def _own_names(dao: Dao | None) -> dict[str, str]:
    """What the service's own accounts are called; one that is both relays."""
    if dao is None:
        return {}
    relayer = to_checksum_address(dao.signer.address)
    return dict.fromkeys(dao.own_accounts, MIRROR) | {relayer: RELAYER}


def _dao_of(
    settings: Settings,
    log: Log,
    policies: Policies | None,
    operator: str,
    clock: Callable[[], int],
) -> AbstractContextManager[Dao | None]:
    if policies is None:
        return nullcontext()
    from service.dao import open_dao  # noqa: PLC0415 - as above

    return open_dao(settings, log, policies, operator=operator, clock=clock)
