"""Whether the file of an SQLite database is still the one that was opened.

A file that is deleted or replaced under a running process goes on living without a name: writes to
it succeed, and are lost when the process ends. So what was written counts only if the name still
leads there.
"""

from __future__ import annotations

from pathlib import Path

from ledger.store.errors import DatabaseReplaced


class DatabaseFile:
    """The file of one database, and its write-ahead log beside it. Safe to use from any thread.

    Args:
        path: of the database.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._wal = path.with_name(f"{path.name}-wal")
        self._opened: tuple[int, int] | None = None

    def opened(self) -> None:
        """A connection to it was made; the first one says which file it is."""
        if self._opened is None:
            self._opened = self._found()

    def require(self) -> None:
        """Makes sure that the name leads to the file that was opened, as a whole.

        Raises:
            DatabaseReplaced: it leads to another one, or to none; or the write-ahead log is gone.
        """
        if self._opened is None:
            return
        if self._found() != self._opened or not self._wal.exists():
            raise DatabaseReplaced(
                f"{self._path} was deleted or replaced while it was in use: what this process "
                "writes would be lost with it, so nothing is acknowledged any more. Stop every "
                "process of the ledger, put back the newest file (with its -wal), and start again."
            )

    def _found(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino
