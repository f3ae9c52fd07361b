"""How Alembic reaches the database.

`ledger.store.migrate` hands over a connection; on the command line `CONCORD_DATABASE_URL` names it.
"""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import Connection
from sqlmodel import SQLModel

import ledger.store.tables
from ledger.store.engine import open_database

__all__ = ["ledger"]

TABLES = frozenset(SQLModel.metadata.tables)


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def _main() -> None:
    given = context.config.attributes.get("connection")
    if isinstance(given, Connection):
        _run(given)
        return
    database = open_database(os.environ.get("CONCORD_DATABASE_URL", "sqlite:///concord.db"))
    with database.write() as connection:
        _run(connection)


_main()
