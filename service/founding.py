"""Making a new ledger: the log's key, its identity, its first leaf.

Rules:
- What is there is never overwritten: a database that holds a ledger is refused.
- The log's key is durable before the first leaf is, and gets its name only after. So `log.key`
  stands for a ledger that is whole, and whoever was interrupted just tries again.
- Two ledgers never share an origin or a chain id by accident: both are random unless named.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.events import Domain, SigningKey, build_event, sign
from ledger.events.canonical import JsonObject
from ledger.log import LedgerExists, LedgerMissing, Log
from ledger.merkle import SigningKey as LogKey
from ledger.merkle.errors import MalformedKey
from ledger.store.engine import Database, open_database
from ledger.store.migrate import migrate
from service.parts import read_identity, system_clock
from service.settings import Settings

SEED_BYTES = 32
NONCE_BYTES = 32
LAST_SIGNED = "checkpoint.last"
"""File of the last signed checkpoint, in the data directory."""

SMALLEST_CHAIN_ID = 1 << 32
"""Beyond every chain in use; with 2^52 choices above it no two ledgers meet."""

LARGEST_CHAIN_ID = 1 << 52
"""Below 2^53, which every JSON parser and wallet reads exactly."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a ledger is known by.

    Attributes:
        origin: of its log.
        verifier_key: what checks its checkpoints; publish it.
        chain_id: part of every signature made for it.
        operator: who signed its first leaf, in EIP-55.
    """

    origin: str
    verifier_key: str
    chain_id: int
    operator: str


def random_origin(randomness: Callable[[int], bytes]) -> str:
    """An origin for a ledger that nobody has given a name yet."""
    return f"concord.local/{randomness(4).hex()}"


def random_chain_id(randomness: Callable[[int], bytes]) -> int:
    """A chain id of 33 to 52 bits."""
    span = LARGEST_CHAIN_ID - SMALLEST_CHAIN_ID
    return SMALLEST_CHAIN_ID + int.from_bytes(randomness(16), "big") % span


def found_ledger(
    settings: Settings,
    *,
    operator: SigningKey,
    members: Sequence[JsonObject] = (),
    origin: str | None = None,
    clock: Callable[[], int] = system_clock,
    randomness: Callable[[int], bytes] = os.urandom,
) -> Identity:
    """Makes the data directory, the schema, the log's key and the first leaf.

    Args:
        settings: where.
        operator: signs the first leaf.
        members: from the first leaf on, as `ledger.created` names them.
        origin: a URL without scheme, such as `ledger.example.org/concord`; random where absent.
        clock: milliseconds since the epoch.
        randomness: gives n random bytes.

    Raises:
        LedgerExists: there is one already.
        InvalidInput: the origin or a member cannot be so.
        Unavailable: the database cannot be written.
    """
    if settings.log_key_path.exists():
        raise _exists(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = open_database(settings.database)
    try:
        migrate(database)
        left = _left_over_key(settings, origin)
        identity = _identity_of(database, left)
        if identity is None:
            key = left or LogKey(origin or random_origin(randomness), randomness(SEED_BYTES))
            domain = Domain(random_chain_id(randomness), key.name)
            genesis = sign(
                build_event(
                    kind="ledger.created",
                    body=_body(domain, key, members),
                    actor=operator.address,
                    issued_at=clock(),
                    nonce=randomness(NONCE_BYTES),
                ),
                operator,
                domain,
            )
            _write_durably(_pending_path(settings), key.expose() + "\n")
            Log.create(
                database,
                genesis,
                signing_key=key,
                domain=domain,
                clock=clock,
                last_signed_path=settings.data_dir / LAST_SIGNED,
                randomness=randomness,
            ).close()
            identity = Identity(key.name, str(key.verifier), domain.chain_id, operator.address)
    finally:
        database.dispose()
    _pending_path(settings).rename(settings.log_key_path)
    return identity


def _exists(settings: Settings) -> LedgerExists:
    return LedgerExists(
        f"{settings.data_dir} holds a ledger already; it is never overwritten. "
        "Name another folder with --data, or serve this one: concord serve."
    )


def _pending_path(settings: Settings) -> Path:
    return settings.log_key_path.with_name(settings.log_key_path.name + ".new")


def _left_over_key(settings: Settings, origin: str | None) -> LogKey | None:
    """The key of an attempt that was interrupted, if it was one to make the same ledger."""
    try:
        left = LogKey.parse(_pending_path(settings).read_text(encoding="utf-8").strip())
    except (FileNotFoundError, MalformedKey):
        # A key that was not written whole has signed nothing.
        return None
    return left if origin in {None, left.name} else None


def _identity_of(database: Database, left: LogKey | None) -> Identity | None:
    """The ledger that the database holds; with its log's key only if that is the left-over one."""
    try:
        operator, domain = read_identity(database)
    except LedgerMissing:
        return None
    if left is None or left.name != domain.origin:
        raise LedgerExists("The database holds a ledger already; choose another database.")
    return Identity(domain.origin, str(left.verifier), domain.chain_id, operator)


def _body(domain: Domain, key: LogKey, members: Sequence[JsonObject]) -> JsonObject:
    return {
        "ledger": "ledger",
        "origin": domain.origin,
        "chainId": domain.chain_id,
        "contracts": {},
        "logKey": str(key.verifier),
        "members": [*members],
    }


def _write_durably(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
