"""Trust on disk: a folder of JSON files, shared by every process of a user.

Rules:
- A checkpoint replaces exactly the one that it was tied to: where another process has moved on
  meanwhile, it is tied again. So two processes cannot be led onto two histories either.
- A file that cannot be read, or whose checkpoint the trusted key did not sign, is an error that
  names it. Nothing is ever taken for a first contact because of it.
- Whoever reads sees a file as it was before a change or after it, also after a crash.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import orjson

from client.errors import DamagedTrust, WrongLog
from client.trust import Trust, is_same_log
from ledger.errors import ConcordError
from ledger.events.canonical import JsonObject, parse_object


class TrustStore:
    """One file a log, and one index from server address to origin.

    Safe for several processes and threads at once.

    Args:
        folder: made where absent, mode 0700; its files are 0600.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def load(self, server: str) -> Trust | None:
        """What is believed of the log that answered at this address before.

        Raises:
            DamagedTrust: if what was kept cannot be read.
        """
        origin = self._servers().get(server)
        return self.read(origin) if origin is not None else None

    def read(self, origin: str) -> Trust | None:
        """What is believed of the log of this origin.

        Raises:
            DamagedTrust: if what was kept cannot be read.
        """
        path = self.path(origin)
        value = _read_json(path)
        if value is None:
            return None
        try:
            return _trust_in(value, origin)
        except (ConcordError, ValueError) as error:
            raise _damaged(path, error) from error

    def remember(self, server: str, found: Trust) -> Trust:
        """Believes a log on first contact, or checks it against what is believed already.

        Args:
            server: its address.
            found: what it says of itself.

        Returns:
            What is believed from now on.

        Raises:
            WrongLog: if it contradicts what is believed of this address or of this origin.
            DamagedTrust: if what was kept cannot be read.
        """
        with self._locked():
            servers = self._servers()
            for origin in (servers.get(server), found.origin):
                known = self.read(origin) if origin is not None else None
                if known is not None and not is_same_log(known, found):
                    raise WrongLog(
                        f"{server} says that it is {_named(found)}; trusted is {_named(known)}. "
                        "If you know, from somebody else than this server, that the ledger was "
                        "made anew or the log's key exchanged, forget the old one "
                        f"(`concord log forget`, or delete {self.path(known.origin)})."
                    )
            if servers.get(server) != found.origin:
                self._write(self._index, {**servers, server: found.origin})
            if known is None:
                self._save(found)
            return known or found

    def forget(self, server: str) -> Path | None:
        """Makes the next contact with whatever answers there the first.

        Returns:
            The file that was deleted; None if nothing was known.
        """
        with self._locked():
            servers = self._servers()
            origin = servers.pop(server, None)
            if origin is None:
                return None
            self._write(self._index, {**servers})
            path = self.path(origin)
            path.unlink(missing_ok=True)
            return path

    def advance(self, believed: Trust, note: str) -> bool:
        """Believes a checkpoint that was tied to what was believed.

        Args:
            believed: as read from here when the checkpoint was tied to it.
            note: the signed checkpoint.

        Returns:
            False, and nothing changes, if something else is believed by now: tie it again.
        """
        with self._locked():
            current = self.read(believed.origin)
            if current is not None and current != believed:
                return False
            self._save(replace(believed, note=note))
            return True

    def keep_evidence(self, believed: Trust, note: str) -> Path:
        """Writes both signed checkpoints of a fork to one file and returns its path."""
        name = hashlib.sha256(note.encode()).hexdigest()[:12]
        path = self.path(believed.origin).with_suffix(f".fork-{name}.txt")
        self._replace(path, f"{believed.note}\n{note}".encode())
        return path

    def path(self, origin: str) -> Path:
        """The file that holds what is believed of a log."""
        readable = re.sub(r"[^a-z0-9.-]+", "_", origin)[:80]
        return self._folder / f"{readable}-{hashlib.sha256(origin.encode()).hexdigest()[:12]}.json"

    @property
    def _index(self) -> Path:
        return self._folder / "servers.json"

    def _servers(self) -> dict[str, str]:
        value = _read_json(self._index) or {}
        try:
            return {server: _text(value, server) for server in value}
        except ValueError as error:
            raise _damaged(self._index, error) from error

    def _save(self, trust: Trust) -> None:
        self._write(
            self.path(trust.origin),
            {
                "origin": trust.origin,
                "verifierKey": trust.verifier_key,
                "chainId": trust.chain_id,
                "checkpoint": trust.note,
            },
        )

    def _write(self, path: Path, value: JsonObject) -> None:
        self._replace(path, orjson.dumps(value, option=orjson.OPT_INDENT_2))

    def _replace(self, path: Path, content: bytes) -> None:
        # A reader sees the old file or the new one, and a crash leaves one of them whole.
        handle, name = tempfile.mkstemp(dir=self._folder)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        handle = os.open(self._folder / ".lock", os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _trust_in(value: JsonObject, origin: str) -> Trust:
    chain_id, note = value.get("chainId"), value.get("checkpoint")
    if not isinstance(chain_id, int) or not isinstance(note, str | None):
        raise ValueError("chainId must be a whole number, checkpoint a text or null")  # noqa: TRY004 - one error for whatever is wrong
    trust = Trust(_text(value, "origin"), _text(value, "verifierKey"), chain_id, note)
    if trust.origin != origin or trust.keys[0].name != origin:
        raise ValueError("it is about another log")
    checkpoint = trust.checkpoint
    if checkpoint is not None and checkpoint.origin != origin:
        raise ValueError("its checkpoint is of another log")
    return trust


def _named(trust: Trust) -> str:
    return f"{trust.origin} on chain {trust.chain_id} with key {trust.verifier_key}"


def _damaged(path: Path, error: Exception) -> DamagedTrust:
    return DamagedTrust(
        f"{path} is damaged ({error}). It says which log you trust: restore it from a backup, or "
        "delete it to trust on first contact again, with --verifier-key if you know the key."
    )


def _read_json(path: Path) -> JsonObject | None:
    try:
        return parse_object(path.read_bytes())
    except FileNotFoundError:
        return None
    except ConcordError as error:
        raise _damaged(path, error) from error


def _text(value: JsonObject, name: str) -> str:
    item = value.get(name)
    if not isinstance(item, str):
        raise ValueError(f"{name} must be a text")  # noqa: TRY004 - one error for all that is wrong
    return item
