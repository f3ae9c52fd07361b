"""The log's private key, as its file has it.

The key is read once, when the ledger is opened. It is never made here: a ledger whose key is lost
goes on under another one only where a person has decided so.
"""

from __future__ import annotations

from pathlib import Path

from ledger.errors import IntegrityError, NotFound
from ledger.merkle import SigningKey
from ledger.merkle.errors import MalformedKey


class LogKeyMissing(NotFound):
    """The file of the log's key is not there."""

    code = "log-key-missing"
    remedy = (
        "Put the copy that was kept offline in its place, or name its file with "
        "`CONCORD_LOG_KEY_FILE`; without any copy, exchange the key as docs/operations.md says."
    )


class LogKeyUnreadable(IntegrityError):
    """The file of the log's key cannot be read, or holds no whole key."""

    code = "log-key-unreadable"
    remedy = (
        "Make the file that the message names readable for the service's user; if it is damaged, "
        "put the copy that was kept offline in its place."
    )


def read_log_key(path: Path) -> SigningKey:
    """The key in a file.

    Raises:
        LogKeyMissing: there is no such file.
        LogKeyUnreadable: it cannot be read, or was cut, altered or exchanged for something else.
    """
    try:
        return SigningKey.parse(path.read_text(encoding="utf-8").strip())
    except FileNotFoundError as error:
        raise LogKeyMissing(
            f"There is no {path}, the key that signs the log. Put its copy there."
        ) from error
    except OSError as error:
        raise LogKeyUnreadable(
            f"{path}, the key that signs the log, cannot be read ({error.strerror})."
        ) from error
    except (MalformedKey, UnicodeDecodeError) as error:
        # What the file holds is not told: it may be most of a secret.
        raise LogKeyUnreadable(
            f"{path} does not hold a whole key of a log. Put its copy there."
        ) from error
