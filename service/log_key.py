"""The log's private key, as its file has it.

The key is read once, when the ledger is opened. Another one takes its place only where a person
has decided so (`exchange_log_key`): identity is the origin, and the key beneath it may change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import IntegrityError, NotFound
from ledger.merkle import SigningKey, VerifierKey
from ledger.merkle.errors import MalformedKey
from service.durable import write_durably

SEED_BYTES = 32


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


@dataclass(frozen=True, slots=True)
class KeyExchange:
    """What an exchange of the log's key has done.

    Attributes:
        old: what checks all that was signed before.
        new: what checks all that is signed from now on.
        kept: file that holds the old private key.
    """

    old: VerifierKey
    new: VerifierKey
    kept: Path


def exchange_log_key(path: Path, randomness: Callable[[int], bytes]) -> KeyExchange:
    """Puts a new key in the place of the log's. No process may serve the ledger meanwhile.

    The old key is durable under another name before the new one takes its place in one step, so
    there is a whole key at every moment.

    Args:
        path: file of the log's key.
        randomness: gives n random bytes.

    Raises:
        LogKeyMissing, LogKeyUnreadable: there is no key to be exchanged.
        OSError: a file cannot be written.
    """
    old = read_log_key(path)
    new = SigningKey(old.name, randomness(SEED_BYTES))
    kept = path.with_name(f"{path.name}.{old.verifier.key_id.hex()}")
    write_durably(kept, old.expose() + "\n")
    write_durably(path, new.expose() + "\n")
    return KeyExchange(old.verifier, new.verifier, kept)
