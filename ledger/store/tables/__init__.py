"""Every table of a ledger's database; importing this package defines them all.

- `log`: leaves, tiles, checkpoints and the head: the truth.
- `access`, `lineage`, `people`: views of the log, one table a record of `ledger.views.records`,
  with the same names. They can be dropped and made again from the leaves.
- `vault`: openings of sealed values, the only thing here that is ever destroyed.
"""

from ledger.store.tables import access, lineage, log, people, vault
from ledger.store.tables.views import VIEW_TABLES

__all__ = ["VIEW_TABLES", "access", "lineage", "log", "people", "vault"]
