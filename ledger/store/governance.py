"""Lists of the DAO's views in other orders than that of their keys.

Reads inside the caller's transaction, like `ledger.store.reads`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, tuple_
from sqlmodel import col

from ledger.store.codec import CODECS
from ledger.store.tables.governance import TokenHolderRow
from ledger.views.records import ProposalChange, TokenHolder


@dataclass(frozen=True, slots=True)
class HolderKey:
    """Where a list of holders goes on: what the last one held, and who it was."""

    balance: str
    holder: str


def largest_holders(
    connection: Connection, *, after: HolderKey | None = None, limit: int
) -> list[TokenHolder]:
    """Accounts with a balance or with votes, by what they hold, the largest first.

    Balances are decimal numbers without leading zeros: the longer is the larger one, and of two
    that are equally long the one that sorts later. All holders are looked at for each page, which
    takes milliseconds for the ten thousands that an organisation can have.

    Args:
        connection: of a read transaction.
        after: the last holder of the page before.
        limit: rows at most.
    """
    codec = CODECS[TokenHolder]
    balance, holder = col(TokenHolderRow.balance), col(TokenHolderRow.holder)
    order = (func.length(balance), balance, holder)
    wanted = (
        select(codec.table)
        .where((balance != "0") | (col(TokenHolderRow.power) != "0"))
        .order_by(*(each.desc() for each in order))
        .limit(limit)
    )
    if after is not None:
        wanted = wanted.where(
            tuple_(*order) < tuple_(len(after.balance), after.balance, after.holder)
        )
    rows = (codec.make(*row) for row in connection.execute(wanted))
    return [row for row in rows if isinstance(row, TokenHolder)]


def executions(
    connection: Connection, *, before: int | None = None, limit: int
) -> Sequence[ProposalChange]:
    """When proposals were executed, the last one first.

    Args:
        connection: of a read transaction.
        before: only those whose event has a smaller index.
        limit: rows at most.
    """
    codec = CODECS[ProposalChange]
    columns = codec.table.columns
    wanted = select(codec.table).where(columns["change"] == "executed")
    if before is not None:
        wanted = wanted.where(columns["index"] < before)
    found = connection.execute(wanted.order_by(columns["index"].desc()).limit(limit))
    rows = (codec.make(*row) for row in found)
    return [row for row in rows if isinstance(row, ProposalChange)]
