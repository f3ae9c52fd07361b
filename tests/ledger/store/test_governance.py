"""The largest holders of the voting token, on either database: in order, in pages, quickly."""

from __future__ import annotations

import random
import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert
from sqlmodel import SQLModel

from ledger.store.engine import Database
from ledger.store.governance import HolderKey, largest_holders
from ledger.store.tables.governance import TokenHolderRow

_HOLDERS = SQLModel.metadata.tables[str(TokenHolderRow.__tablename__)]
MANY = 10_000
PAGE_SECONDS = 0.1
"""Of the processor, for one page: ten times what it takes."""


def keep(database: Database, balances: dict[str, int], power: int = 0) -> None:
    """Makes these the holders."""
    rows = [
        {"holder": who, "balance": str(b), "delegate": None, "power": str(power), "index": 1}
        for who, b in balances.items()
    ]
    with database.write() as connection:
        connection.execute(delete(_HOLDERS))
        if rows:
            connection.execute(insert(_HOLDERS), rows)


def pages(database: Database, limit: int) -> list[list[tuple[str, int]]]:
    """All holders, page by page."""
    found: list[list[tuple[str, int]]] = []
    after: HolderKey | None = None
    while True:
        with database.read() as connection:
            rows = largest_holders(connection, after=after, limit=limit)
        if not rows:
            return found
        assert len(rows) <= limit
        found.append([(row.holder, int(row.balance)) for row in rows])
        after = HolderKey(rows[-1].balance, rows[-1].holder)


def by_size(balances: dict[str, int]) -> list[tuple[str, int]]:
    """What is wanted, as Python sorts it."""
    held = [(who, balance) for who, balance in balances.items() if balance]
    return sorted(held, key=lambda item: (item[1], item[0]), reverse=True)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.dictionaries(
        st.text("0123456789abcdefABCDEF", min_size=1, max_size=4).map(lambda text: "0x" + text),
        st.integers(0, 120) | st.integers(10**17, 2**256 - 1),
        max_size=12,
    ),
    st.integers(1, 5),
)
def test_pages_of_any_size_are_in_order_and_lose_none(
    database: Database, balances: dict[str, int], limit: int
) -> None:
    keep(database, balances)
    assert [item for page in pages(database, limit) for item in page] == by_size(balances)


def test_votes_without_tokens_count_as_well(database: Database) -> None:
    keep(database, {"0x1": 0, "0x2": 5}, power=1)
    assert pages(database, 10) == [[("0x2", 5), ("0x1", 0)]]


def test_a_page_of_ten_thousand_holders_takes_milliseconds(database: Database) -> None:
    source = random.Random(1)
    balances = {f"0x{n:040x}": source.randrange(1, 10**24) for n in range(MANY)}
    keep(database, balances)
    before = time.process_time()
    found = pages(database, 1_000)
    seconds = time.process_time() - before
    assert [item for page in found for item in page] == by_size(balances)
    assert seconds / len(found) < PAGE_SECONDS
