"""Every table of a ledger's database; importing this package defines them all.

- `log`: leaves, tiles, checkpoints and the head: the truth.
- `access`, `governance`, `lineage`, `people`: views of the log, one table a record of
  `ledger.views.records`, with the same names. They can be dropped and made again from the leaves.
- `chain`: how far chains have been read, and which roots they hold; can be read again.
- `content`: what was added to the content store, by digest.
- `session`: who is signed in.
- `vault`: openings of sealed values, the only thing of the log's that is ever destroyed.
"""

from ledger.store.tables import (
    access,
    chain,
    content,
    governance,
    lineage,
    log,
    people,
    session,
    vault,
)
from ledger.store.tables.views import VIEW_TABLES

__all__ = [
    "VIEW_TABLES",
    "access",
    "chain",
    "content",
    "governance",
    "lineage",
    "log",
    "people",
    "session",
    "vault",
]
