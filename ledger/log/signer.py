"""What the log has signed, and what it must never sign.

A checkpoint is signed only if it extends the last one that was. The last one is kept outside the
database, in a small file that is replaced atomically: a database that was rolled back, or exchanged
for another, contradicts it, and the log refuses to work.
"""

from __future__ import annotations

import os
from pathlib import Path

from ledger.log.errors import CheckpointNotKept, HistoryRewritten
from ledger.merkle import (
    EMPTY_ROOT,
    Checkpoint,
    SigningKey,
    TileReader,
    parse_note,
    root_at,
    sign_checkpoint,
)
from ledger.merkle.errors import MalformedCheckpoint, MalformedNote
from ledger.store.head import Head


class Signer:
    """Signs checkpoints that extend the last one.

    Args:
        key: the log's; its name is the origin.
        path: file of the last signed checkpoint, read now; None keeps it in memory only.

    Attributes:
        file_was_missing: whether nothing was there to be read; never so without a path.

    Raises:
        HistoryRewritten: the file cannot be what this log has signed.
        CheckpointNotKept: the file is there and cannot be read.
    """

    def __init__(self, key: SigningKey, path: Path | None) -> None:
        self._key = key
        self._path = path
        stored = last_signed(path) if path is not None else None
        self.file_was_missing = path is not None and stored is None
        if stored is not None and stored.origin != key.name:
            raise HistoryRewritten(
                f"{path} is the last signed checkpoint of {stored.origin}, not of {key.name}. "
                "Check which data directory is configured."
            )
        self._last = stored or Checkpoint(key.name, 0, EMPTY_ROOT)

    def check(self, head: Head, reader: TileReader) -> None:
        """Compares what was signed last, by this process or one before it, with a head.

        Args:
            head: what the database says, read after this signer was made.
            reader: its tiles.

        Raises:
            HistoryRewritten: if the head does not extend it.
        """
        last = self._last
        if head.size < last.size:
            raise HistoryRewritten(
                f"The database holds {head.size} events; {last.size} were signed for. It was "
                "rolled back: restore the newest copy. Nothing will be signed until then."
            )
        if root_at(last.size, reader) != last.root:
            raise HistoryRewritten(
                f"The first {last.size} events are not those that were signed for. The database "
                "was altered or exchanged: restore the right one and run `concord fsck`."
            )
        if root_at(head.size, reader) != head.root:
            raise HistoryRewritten(
                f"The stored tiles do not give the root of the head at size {head.size}. Run "
                "`concord fsck`; nothing is signed until then."
            )

    def sign(self, head: Head) -> str:
        """Signs the checkpoint of a head, and remembers it before anyone else sees it.

        Args:
            head: extends the last signed one, by `check` or because it was appended to it.

        Raises:
            HistoryRewritten: if it is smaller, or as large but not the same.
        """
        last = self._last
        if head.size < last.size or (head.size == last.size > 0 and head.root != last.root):
            raise HistoryRewritten(
                f"Size {head.size} does not extend the last signed size {last.size}."
            )
        checkpoint = Checkpoint(self._key.name, head.size, head.root)
        note = sign_checkpoint(checkpoint, self._key)
        if self._path is not None and head.size > last.size:
            _replace(self._path, note)
        self._last = checkpoint
        return note


def last_signed(path: Path) -> Checkpoint | None:
    """The last signed checkpoint as its file has it; None where there is no file.

    Raises:
        HistoryRewritten: the file holds no checkpoint.
        CheckpointNotKept: it cannot be read.
    """
    try:
        return Checkpoint.parse(parse_note(path.read_bytes()).text)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CheckpointNotKept(
            f"{path} cannot be read ({error.strerror}), and without it nothing is signed: it says "
            "how far this log has signed. Make it readable."
        ) from error
    except (MalformedNote, MalformedCheckpoint) as error:
        raise HistoryRewritten(
            f"{path} should hold the last signed checkpoint and cannot be read. Compare the log "
            "with what others have kept of it, then delete the file."
        ) from error


def _replace(path: Path, text: str) -> None:
    # The process's id keeps two servers on one data directory from writing into each other's file.
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise CheckpointNotKept(
            f"{path} cannot be written ({error.strerror}). What was sent may be recorded: mend it "
            "and send the same again."
        ) from error
