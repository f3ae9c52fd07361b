"""What a client believes about a log, and how that may change. The decision is pure; the store is a
folder of JSON files.

Rules:
- On first contact the log's origin, verifier key and chain id are taken as given (or must equal a
  key that the user passed); from then on they never change by the server's word.
- A checkpoint is believed only if the trusted key signed it and a consistency proof ties it to the
  newest one believed before. One of the same size with another root, or one that no proof ties, is
  a fork: both notes are kept as evidence.
- A server whose newest checkpoint is smaller than the one believed has rolled back.

So a server can go silent, but it cannot show this client two histories.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from client.errors import ForkedLog, WrongLog
from ledger.errors import IntegrityError
from ledger.merkle import Checkpoint, VerifierKey, open_checkpoint, verify_consistency


@dataclass(frozen=True, slots=True)
class Trust:
    """What is believed of one log.

    Attributes:
        origin: of the log; key name of its checkpoints.
        verifier_key: signed-note verifier key.
        chain_id: EIP-155 id that signatures for this log carry.
        note: newest signed checkpoint believed; None before the first.
    """

    origin: str
    verifier_key: str
    chain_id: int
    note: str | None = None

    @property
    def keys(self) -> tuple[VerifierKey, ...]:
        """The log's key, parsed."""
        return (VerifierKey.parse(self.verifier_key),)

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The newest checkpoint believed."""
        return open_checkpoint(self.note, self.keys) if self.note is not None else None


def sizes_to_tie(trusted: Checkpoint | None, seen: Checkpoint) -> tuple[int, int] | None:
    """The two sizes whose consistency must be proven before `seen` is believed; None where nothing
    is to prove.

    Raises:
        ForkedLog: if both have the same size and different roots.
    """
    if trusted is None:
        return None
    if trusted.size == seen.size:
        if trusted.root != seen.root:
            raise ForkedLog(
                f"The server signed two roots for size {seen.size} of {seen.origin}: "
                f"{trusted.root.hex()} and {seen.root.hex()}."
            )
        return None
    smaller, larger = sorted((trusted.size, seen.size))
    return (smaller, larger) if smaller else None


def tie(trusted: Checkpoint, seen: Checkpoint, proof: Sequence[bytes]) -> None:
    """Checks that two checkpoints belong to one history.

    Raises:
        ForkedLog: if the proof does not show it.
    """
    first, second = sorted((trusted, seen), key=lambda c: c.size)
    try:
        verify_consistency(first.size, second.size, first.root, second.root, proof)
    except IntegrityError as error:
        raise ForkedLog(
            f"The server cannot show that size {second.size} of {seen.origin} extends size "
            f"{first.size}, which it signed before: {error}"
        ) from error


class TrustStore:
    """Trust on disk: one file a log, one index from server address to origin.

    Args:
        folder: made where absent, mode 0700.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def load(self, server: str) -> Trust | None:
        """What is believed of the log that answered at this address before."""
        origin = self._servers().get(server)
        return self._read(origin) if origin is not None else None

    def remember(self, server: str, found: Trust) -> Trust:
        """Believes a log on first contact, or checks it against what is believed already.

        Args:
            server: its address.
            found: what it says of itself.

        Raises:
            WrongLog: if it contradicts what is believed of this address or of this origin.
        """
        with self._locked():
            servers = self._servers()
            known_origin = servers.get(server, found.origin)
            known = self._read(known_origin)
            if known_origin != found.origin or (
                known is not None
                and (known.verifier_key, known.chain_id) != (found.verifier_key, found.chain_id)
            ):
                raise WrongLog(
                    f"{server} answered for {known_origin} before; now it says it is "
                    f"{found.origin} with key {found.verifier_key}. If the ledger was "
                    f"really made anew, delete {self.path(known_origin)} and try again."
                )
            self._write(self._folder / "servers.json", {**servers, server: found.origin})
            if known is None:
                self._save(found)
            return known or found

    def advance(self, trust: Trust, note: str) -> None:
        """Believes a newer checkpoint; one older than what is believed by now changes nothing."""
        with self._locked():
            current = self._read(trust.origin) or trust
            newest = current.checkpoint
            if newest is None or open_checkpoint(note, trust.keys).size > newest.size:
                self._save(replace(current, note=note))

    def keep_evidence(self, trust: Trust, note: str) -> Path:
        """Writes both signed checkpoints of a fork to one file and returns its path."""
        name = hashlib.sha256(note.encode()).hexdigest()[:12]
        path = self.path(trust.origin).with_suffix(f".fork-{name}.txt")
        path.write_text(f"{trust.note}\n{note}", encoding="utf-8")
        return path

    def path(self, origin: str) -> Path:
        """The file that holds what is believed of a log."""
        readable = re.sub(r"[^a-z0-9.-]+", "_", origin)[:80]
        return self._folder / f"{readable}-{hashlib.sha256(origin.encode()).hexdigest()[:12]}.json"

    def _servers(self) -> dict[str, str]:
        try:
            value = orjson.loads((self._folder / "servers.json").read_bytes())
        except FileNotFoundError:
            return {}
        return {str(k): str(v) for k, v in value.items()}

    def _read(self, origin: str) -> Trust | None:
        try:
            value = orjson.loads(self.path(origin).read_bytes())
        except FileNotFoundError:
            return None
        return Trust(
            origin=value["origin"],
            verifier_key=value["verifierKey"],
            chain_id=value["chainId"],
            note=value["checkpoint"],
        )

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

    def _write(self, path: Path, value: object) -> None:
        # A reader sees the old file or the new one, and a crash leaves one of them whole.
        handle, name = tempfile.mkstemp(dir=self._folder)
        with os.fdopen(handle, "wb") as file:
            file.write(orjson.dumps(value, option=orjson.OPT_INDENT_2))
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self._folder / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
