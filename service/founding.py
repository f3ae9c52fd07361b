"""Making a new ledger: the log's key, its identity, its first leaf.

Rules:
- What is there is never overwritten: a database that holds a ledger is refused.
- The log's key is durable before the first leaf is, and gets its name only after. So `log.key`
  stands for a ledger that is whole, and whoever was interrupted just tries again.
- Two ledgers never share an origin or a chain id by accident: both are random unless named.
- With a DAO, its contracts stand before the first leaf names them, and its founders are members by
  contract: the first leaf names none, and the mirror tells of them right after.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from ledger.events import Domain, SigningKey, build_event, parse_body, sign
from ledger.events.canonical import JsonObject
from ledger.log import LedgerExists, LedgerMissing, Log
from ledger.log.genesis import Genesis, require_genesis
from ledger.merkle import SigningKey as LogKey
from ledger.merkle.errors import MalformedKey
from ledger.store.engine import Database, open_database
from ledger.store.migrate import migrate
from service.durable import write_durably
from service.log_key import SEED_BYTES
from service.parts import system_clock
from service.settings import Settings

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
        contracts: the DAO's, by name; none without one.
    """

    origin: str
    verifier_key: str
    chain_id: int
    operator: str
    contracts: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, genesis: Genesis, key: LogKey) -> Identity:
        """That of a ledger whose first leaf and log key are at hand."""
        domain = genesis.domain
        return cls(domain.origin, str(key.verifier), domain.chain_id, genesis.operator)


@dataclass(frozen=True, slots=True)
class DaoTerms:
    """What a DAO is founded with, beside its members. The votes can change all of it.

    Attributes:
        tokens: of each founder who is named with none, in the smallest unit.
        voting_delay: seconds from a proposal to its snapshot.
        voting_period: seconds from the snapshot to the deadline.
        vote_extension: seconds that stay for voting once the quorum is reached.
        timelock_delay: seconds from queueing to execution.
        guardian: may cancel proposals, beside their proposers before the vote: `members`, by vote;
            an address; the zero address for none.
    """

    tokens: int = 1_000 * 10**18
    voting_delay: int = 86_400
    voting_period: int = 7 * 86_400
    vote_extension: int = 86_400
    timelock_delay: int = 2 * 86_400
    guardian: str = "members"


@dataclass(frozen=True, slots=True)
class Ground:
    """What the first leaf stands on.

    Attributes:
        chain_id: part of every signature.
        contracts: the DAO's, by name.
        members: from the first leaf on.
        mirror: who tells what the contracts do; None without contracts.
        tell: tells the log what they have done so far.
    """

    chain_id: int
    contracts: Mapping[str, str]
    members: Sequence[JsonObject]
    mirror: str | None = None
    tell: Callable[[Log], None] | None = None


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
    dao: DaoTerms | None = None,
    clock: Callable[[], int] = system_clock,
    randomness: Callable[[int], bytes] = os.urandom,
    say: Callable[[str], None] = lambda _: None,
) -> Identity:
    """Makes the data directory, the schema, the log's key, the DAO and the first leaf.

    Args:
        settings: where.
        operator: signs the first leaf.
        members: from the first leaf on, as `ledger.created` names them; a DAO's founders.
        origin: a URL without scheme, such as `ledger.example.org/concord`; random where absent.
        dao: what it is founded with; None makes a ledger without contracts.
        clock: milliseconds since the epoch.
        randomness: gives n random bytes.
        say: told what takes its time, in sentences.

    Raises:
        LedgerExists: there is one already.
        InvalidInput: the origin or a member cannot be so.
        FoundingDiffers: an interrupted attempt was to make another DAO.
        Unavailable: database or chain cannot be written.
    """
    if settings.log_key_path.exists():
        raise _exists(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = open_database(settings.database)
    try:
        migrate(database)
        left = _left_over_key(settings, origin)
        identity = _identity_of(database, left)
        key = left or _new_key(origin, randomness)
        if left is None:
            # What cannot stand in the first leaf is refused before anything is made.
            probe = _without_contracts(members, SMALLEST_CHAIN_ID)
            parse_body("ledger.created", _body(Domain(probe.chain_id, key.name), key, probe))
            write_durably(_pending_path(settings), key.expose() + "\n")
        with _ground(
            settings,
            origin=key.name,
            operator=operator.address,
            members=members,
            dao=dao,
            clock=clock,
            randomness=randomness,
            say=say,
        ) as ground:
            if identity is None:
                identity = _begin(
                    database, settings, key, ground, operator, clock=clock, randomness=randomness
                )
            if ground.tell is not None:
                with Log.open(
                    database,
                    signing_key=key,
                    domain=Domain(identity.chain_id, key.name),
                    clock=clock,
                    last_signed_path=settings.data_dir / LAST_SIGNED,
                    randomness=randomness,
                ) as log:
                    ground.tell(log)
            identity = replace(identity, contracts=ground.contracts)
    finally:
        database.dispose()
    _pending_path(settings).rename(settings.log_key_path)
    return identity


def _begin(
    database: Database,
    settings: Settings,
    key: LogKey,
    ground: Ground,
    operator: SigningKey,
    *,
    clock: Callable[[], int],
    randomness: Callable[[int], bytes],
) -> Identity:
    """Writes the first leaf."""
    domain = Domain(ground.chain_id, key.name)
    genesis = sign(
        build_event(
            kind="ledger.created",
            body=_body(domain, key, ground),
            actor=operator.address,
            issued_at=clock(),
            nonce=randomness(NONCE_BYTES),
        ),
        operator,
        domain,
    )
    Log.create(
        database,
        genesis,
        signing_key=key,
        domain=domain,
        clock=clock,
        last_signed_path=settings.data_dir / LAST_SIGNED,
        randomness=randomness,
    ).close()
    return Identity(key.name, str(key.verifier), domain.chain_id, operator.address)


@contextmanager
def _ground(
    settings: Settings,
    *,
    origin: str,
    operator: str,
    members: Sequence[JsonObject],
    dao: DaoTerms | None,
    clock: Callable[[], int],
    randomness: Callable[[int], bytes],
    say: Callable[[str], None],
) -> Iterator[Ground]:
    if dao is None:
        yield _without_contracts(members, random_chain_id(randomness))
        return
    # Chains are slow to import, and a ledger without contracts has none.
    from service.dao_founding import found_dao  # noqa: PLC0415

    with found_dao(
        settings,
        origin=origin,
        operator=operator,
        members=members,
        terms=dao,
        clock=clock,
        randomness=randomness,
        say=say,
    ) as ground:
        yield ground


def _without_contracts(members: Sequence[JsonObject], chain_id: int) -> Ground:
    # Tokens are a DAO's.
    plain = [{k: v for k, v in member.items() if k != "tokens"} for member in members]
    return Ground(chain_id, {}, plain)


def _new_key(origin: str | None, randomness: Callable[[int], bytes]) -> LogKey:
    name = random_origin(randomness) if origin is None else origin
    return LogKey(name, randomness(SEED_BYTES))


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
        genesis = require_genesis(database)
    except LedgerMissing:
        return None
    if left is None or left.name != genesis.domain.origin:
        raise LedgerExists("The database holds a ledger already; choose another database.")
    return Identity.of(genesis, left)


def _body(domain: Domain, key: LogKey, ground: Ground) -> JsonObject:
    body: JsonObject = {
        "ledger": "ledger",
        "origin": domain.origin,
        "chainId": domain.chain_id,
        "contracts": dict(ground.contracts),
        "logKey": str(key.verifier),
        "members": [*ground.members],
    }
    return body if ground.mirror is None else body | {"mirror": ground.mirror}
