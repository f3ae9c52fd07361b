"""The log's private key, as its file has it, and the keys that came before it.

The key is read once, when the ledger is opened. Another one takes its place only where a person
has decided so (`exchange_log_key`): identity is the origin, and the key beneath it may change. Each
exchange leaves a handover, signed by both keys, in a file beside the key's: so receipts of before
find their key (`ledger.merkle.handover` says what that proves).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import orjson
from pydantic import TypeAdapter, ValidationError

from ledger.errors import ConcordError, Conflict, IntegrityError, NotFound
from ledger.merkle import (
    Checkpoint,
    Handover,
    SigningKey,
    VerifierKey,
    open_handover,
    sign_handover,
)
from ledger.merkle.errors import MalformedKey
from service.durable import write_durably

SEED_BYTES = 32
HANDOVERS = ".handovers"
"""What the name of the file of handovers has behind that of the key's file."""

_NOTES = TypeAdapter(list[str])


class LogKeyMissing(NotFound):
    """The file of the log's key is not there."""

    code = "log-key-missing"
    remedy = (
        "Put the copy that was kept offline in its place, or name its file with "
        "`CONCORD_LOG_KEY_FILE`; without any copy: `concord log new-key --lost`."
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


class LogKeyNotLost(Conflict):
    """The log's key is said to be lost, and its file is there."""

    code = "log-key-not-lost"
    remedy = "Exchange it without `--lost`: then the old key vouches for the new one."


class HandoversUnreadable(IntegrityError):
    """The file of the log's handovers cannot be read, or holds something else."""

    code = "log-handovers-unreadable"
    remedy = "Put a copy of the file in its place; without any, move it away: old keys go unlisted."


@dataclass(frozen=True, slots=True)
class LogKey:
    """A key of the log, now or before.

    Attributes:
        verifier_key: as people copy it.
        handover: what ended it, and the signed note that says so; None for the present key, and for
            one whose handover is not kept here.
    """

    verifier_key: str
    handover: tuple[Handover, str] | None


@dataclass(frozen=True, slots=True)
class KeyExchange:
    """What an exchange of the log's key has done.

    Attributes:
        old: what checks all that was signed before.
        new: what checks all that is signed from now on.
        kept: file that holds the old private key.
        handovers: file that says which key was valid until when.
    """

    old: VerifierKey
    new: VerifierKey
    kept: Path
    handovers: Path


def exchange_log_key(
    path: Path, signed: Checkpoint, at: int, randomness: Callable[[int], bytes]
) -> KeyExchange:
    """Puts a new key in the place of the log's. No process may serve the ledger meanwhile.

    The old key is durable under another name, and the handover beside it, before the new one takes
    its place in one step, so there is a whole key at every moment.

    Args:
        path: file of the log's key.
        signed: the largest tree that the old key has signed.
        at: milliseconds since the epoch.
        randomness: gives n random bytes.

    Raises:
        LogKeyMissing, LogKeyUnreadable: there is no key to be exchanged.
        HandoversUnreadable: what earlier exchanges have left is damaged.
        MalformedHandover: the checkpoint is another log's.
        OSError: a file cannot be written.
    """
    old = read_log_key(path)
    new = SigningKey(old.name, randomness(SEED_BYTES))
    before = [note for _, note in _handovers_until(path, old.verifier)]
    kept = path.with_name(f"{path.name}.{old.verifier.key_id.hex()}")
    write_durably(kept, old.expose() + "\n")
    notes = [*before, sign_handover(signed, at, old, new)]
    write_durably(_handovers_of(path), orjson.dumps(notes, option=orjson.OPT_INDENT_2).decode())
    write_durably(path, new.expose() + "\n")
    return KeyExchange(old.verifier, new.verifier, kept, _handovers_of(path))


def replace_lost_log_key(
    path: Path, origin: str, randomness: Callable[[int], bytes]
) -> VerifierKey:
    """Makes a key where the log's is lost. No handover says so: there is nobody to sign it.

    Args:
        path: file of the log's key.
        origin: of the log.
        randomness: gives n random bytes.

    Raises:
        LogKeyNotLost: the file is there.
        OSError: it cannot be written.
    """
    if path.exists():
        raise LogKeyNotLost(f"{path} is there: nothing is lost.")
    new = SigningKey(origin, randomness(SEED_BYTES))
    write_durably(path, new.expose() + "\n")
    return new.verifier


def log_keys(path: Path, first: str, present: VerifierKey) -> tuple[LogKey, ...]:
    """All keys of the log that are known here, oldest first; the present one is last.

    Args:
        path: file of the log's key.
        first: the verifier key that the first leaf names.
        present: the key that signs now.

    Raises:
        HandoversUnreadable: the file beside it is damaged.
    """
    keys: list[LogKey] = []
    current = first
    for handover, note in _handovers_until(path, present):
        if str(handover.old) != current:
            keys.append(LogKey(current, None))
        keys.append(LogKey(str(handover.old), (handover, note)))
        current = str(handover.new)
    if current != str(present):
        keys.append(LogKey(current, None))
    return (*keys, LogKey(str(present), None))


def _handovers_of(path: Path) -> Path:
    return path.with_name(path.name + HANDOVERS)


def _handovers_until(path: Path, present: VerifierKey) -> list[tuple[Handover, str]]:
    """The handovers before the present key's own: that one was interrupted, for the key is here."""
    read = _read_handovers(_handovers_of(path))
    return list(takewhile(lambda each: each[0].old != present, read))


def _read_handovers(path: Path) -> list[tuple[Handover, str]]:
    try:
        notes = _NOTES.validate_json(path.read_bytes())
        return [(open_handover(note), note) for note in notes]
    except FileNotFoundError:
        return []
    except (OSError, ValidationError, ConcordError) as error:
        raise HandoversUnreadable(
            f"{path}, which says which keys the log had before, cannot be read: {error}"
        ) from error
