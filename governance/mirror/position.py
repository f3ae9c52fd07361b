"""Where the mirror's reading goes on. The log itself says it; the stored block only saves time.

The last contract log that became an event is a row of the log's views, written in the transaction
that recorded the event. So after any crash the mirror knows exactly what was told. The last block
that was looked at is kept beside it, because blocks without a word of ours leave no event.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlmodel import col

from governance.addresses import CREATION_ORDER, DaoAddresses
from ledger.chain.chain import Chain, Cursor
from ledger.chain.errors import BlockUnknown
from ledger.chain.values import ChainLog
from ledger.errors import Conflict, IntegrityError
from ledger.log import Log
from ledger.store.chains import StoredCursor, read_cursor, write_cursor
from ledger.store.reads import Snapshot
from ledger.store.tables.people import ChainEventRow
from ledger.views.records import ChainEvent, LedgerInfo, MemberChange

READER = "mirror"
_NONCE = b"concord/mirror/v1"


class WrongMirror(Conflict):
    """The log's first leaf names another mirror, other contracts or another chain."""

    code = "wrong-mirror"
    remedy = "Use the relayer's key, chain and data directory that belong to this ledger."


class GenesisMembersNamed(Conflict):
    """The first leaf names contracts and members, which the contracts admit again."""

    code = "genesis-members-named"
    remedy = "Begin the ledger anew, with no members in its first leaf."


class MirroredBlockGone(IntegrityError):
    """A block whose logs are events of this log is no longer on the chain."""

    code = "mirrored-block-gone"


@dataclass(frozen=True, slots=True)
class Position:
    """How far the mirror has come.

    Attributes:
        cursor: the last block that was taken as a whole.
        last: the last contract log that is an event, as (block number, log index); (-1, -1) while
            there is none.
        nonce: of that event.
    """

    cursor: Cursor
    last: tuple[int, int] = (-1, -1)
    nonce: bytes | None = None


def nonce_of(chain_id: int, block_hash: bytes, log_index: int) -> bytes:
    """The nonce of the event that a contract log becomes: the same whoever tells it, whenever."""
    place = chain_id.to_bytes(32) + block_hash + log_index.to_bytes(8)
    return hashlib.sha256(_NONCE + place).digest()


def require_deployment(log: Log, chain_id: int, addresses: DaoAddresses, mirror: str) -> None:
    """Makes sure that this log is to be told by this mirror, of these contracts.

    Raises:
        WrongMirror: naming what the first leaf says.
        GenesisMembersNamed: its members would be admitted twice.
    """
    with log.database.read() as connection:
        views = Snapshot(connection)
        info = views.get(LedgerInfo, "ledger")
        members = views.where(MemberChange, "index", 0)
    if info is None:
        raise WrongMirror("The log has no first leaf yet; run `concord init`.")
    if info.mirror != mirror:
        raise WrongMirror(f"The first leaf names {info.mirror} as the mirror, not {mirror}.")
    if info.chain_id != chain_id:
        raise WrongMirror(f"The first leaf names chain {info.chain_id}, not {chain_id}.")
    named: dict[str, str] = json.loads(info.contracts)
    for name in CREATION_ORDER:
        if named.get(name) != addresses.of(name):
            raise WrongMirror(
                f"The first leaf names {named.get(name, 'no address')} as {name}, configured is "
                f"{addresses.of(name)}."
            )
    if members:
        raise GenesisMembersNamed(
            "The first leaf names contracts and members. The contracts' founders are told by the "
            "mirror; begin the ledger with no members in its first leaf."
        )


def resume(log: Log, chain: Chain, from_block: int) -> Position:
    """Where to go on.

    Args:
        log: what has been told.
        chain: what there is to tell.
        from_block: none of the contracts exists at this block yet.

    Raises:
        MirroredBlockGone: what was told of is no longer on the chain.
        ChainUnavailable, Unavailable: try again.
    """
    chain_id = chain.chain_id
    with log.database.read() as connection:
        stored = read_cursor(connection, READER, chain_id)
        last = _last_event(connection)
    if last is None:
        return Position(_cursor(stored, chain, from_block))
    block_hash = bytes.fromhex(last.block_hash[2:])
    _require_block(chain, last.block_number, block_hash)
    return Position(
        # That block may have been told in part only: begin before it, unless more is stored. It
        # is behind `from_block`, where there was nothing to tell.
        _cursor(stored, chain, last.block_number - 1),
        (last.block_number, last.log_index),
        nonce_of(chain_id, block_hash, last.log_index),
    )


def _cursor(stored: StoredCursor | None, chain: Chain, begin: int) -> Cursor:
    if stored is None or stored.number < begin:
        return chain.start(begin)
    return Cursor(stored.number, stored.block_hash)


def store(log: Log, chain_id: int, cursor: Cursor) -> None:
    """Remembers the last block that was looked at."""
    with log.database.write() as connection:
        write_cursor(connection, READER, chain_id, cursor.number, cursor.block_hash)


def is_told(log: Log, chain_id: int, source: ChainLog) -> bool:
    """Whether a contract log is an event already."""
    with log.database.read() as connection:
        key = (chain_id, f"0x{source.block_hash.hex()}", source.log_index)
        return Snapshot(connection).get(ChainEvent, *key) is not None


def _last_event(connection: Connection) -> ChainEvent | None:
    table = ChainEventRow
    wanted = (
        select(col(table.chain_id), col(table.block_hash), col(table.log_index))
        .order_by(col(table.index).desc())
        .limit(1)
    )
    key = connection.execute(wanted).one_or_none()
    return None if key is None else Snapshot(connection).get(ChainEvent, *key)


def _require_block(chain: Chain, number: int, block_hash: bytes) -> None:
    try:
        found = chain.block(number).block_hash
    except BlockUnknown:
        found = b""
    if found != block_hash:
        raise MirroredBlockGone(
            f"Block {number} was 0x{block_hash.hex()} when its logs became events, and is now "
            f"{'gone' if not found else '0x' + found.hex()}: the chain was reset, or reorganised "
            "deeper than its confirmations. Nothing more is mirrored; see docs/operations.md."
        )
