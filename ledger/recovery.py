"""Recovering signers in a second process, beside the one that appends.

Recovery is the largest part of an append, and all of it can be done elsewhere. Threads would share
one interpreter lock with the sequencer and leave a second core idle. The process is told digests,
signatures and actors, and answers which of them belong together; it sees no event, keeps nothing.

    request    u32 count, then for each: digest[32] ‖ signature[65] ‖ actor[20]
    answer     one byte for each: 1 where the actor made the signature over the digest, else 0

Starting it costs 0.1 s, for it imports the curve and the hash and nothing else of the ledger. It
writes one byte when it is ready, and ends when its input does: it never outlives its parent.
"""

from __future__ import annotations

import os
import select
import signal
import struct
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from ledger.errors import Unavailable
from ledger.secp256k1 import SIGNATURE_BYTES, InvalidSignature, recover_address

_COUNT: Final = struct.Struct(">I")
_CHECK: Final = struct.Struct("32s65s20s")
_READY: Final = b"\x01"
_STOPS_WITHIN: Final = 5.0


class RecoveryStopped(Unavailable):
    """The process that recovers signers is not there any more."""

    code = "recovery-stopped"
    remedy = "Restart the service; what was not acknowledged is sent again by its sender."


@dataclass(frozen=True, slots=True)
class Check:
    """One question: did this actor make this signature over this digest?

    Attributes:
        digest: 32 bytes.
        signature: 65 bytes.
        actor: 20 bytes.

    Raises:
        ValueError: one of them has another length.
    """

    digest: bytes
    signature: bytes
    actor: bytes

    def __post_init__(self) -> None:
        # Packing would pad or cut what has another length, and cut signatures can be valid.
        if (len(self.digest), len(self.signature), len(self.actor)) != (32, SIGNATURE_BYTES, 20):
            raise ValueError("a check is a digest, a signature and an actor of 32, 65 and 20 bytes")


class RecoveryProcess:
    """The process, seen from the one that began it. Used by one thread at a time.

    Raises:
        RecoveryStopped: it cannot be started.
    """

    def __init__(self) -> None:
        root = str(Path(__file__).resolve().parents[1])
        path = os.pathsep.join(p for p in (root, os.environ.get("PYTHONPATH", "")) if p)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, this module
                [sys.executable, "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ | {"PYTHONPATH": path},
            )
        except OSError as error:
            raise RecoveryStopped(f"No second process could be started: {error}.") from error
        if self._process.stdin is None or self._process.stdout is None:
            raise RecoveryStopped("The second process has no input and output.")
        self._requests, self._answers = self._process.stdin, self._process.stdout
        self._ready = False

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def is_ready(self) -> bool:
        """Whether it has finished starting; does not wait for it.

        Raises:
            RecoveryStopped: it ended instead.
        """
        if not self._ready and select.select([self._answers], [], [], 0)[0]:
            self._ready = self._answers.read(1) == _READY
            if not self._ready:
                raise RecoveryStopped("The second process ended as it began.")
        return self._ready

    def matches(self, checks: Sequence[Check]) -> list[bool]:
        """Which of these signatures were made by their actors.

        Raises:
            RecoveryStopped: it ended before it had answered.
        """
        packed = [_CHECK.pack(check.digest, check.signature, check.actor) for check in checks]
        try:
            self._requests.write(_COUNT.pack(len(checks)) + b"".join(packed))
            self._requests.flush()
            answer = self._answers.read(len(checks))
        except OSError as error:
            raise RecoveryStopped("The second process ended.") from error
        if len(answer) != len(checks):
            raise RecoveryStopped("The second process ended before it had answered.")
        return [byte == 1 for byte in answer]

    def close(self) -> None:
        """Ends it."""
        try:
            self._requests.close()
        except BrokenPipeError:
            self._process.kill()
        try:
            self._process.wait(_STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._answers.close()


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answers until the requests end; what the second process does."""
    answers.write(_READY)
    answers.flush()
    while len(head := requests.read(_COUNT.size)) == _COUNT.size:
        (count,) = _COUNT.unpack(head)
        body = requests.read(count * _CHECK.size)
        if len(body) != count * _CHECK.size:
            return
        answers.write(bytes(_match(*fields) for fields in _CHECK.iter_unpack(body)))
        answers.flush()


def _match(digest: bytes, signature: bytes, actor: bytes) -> bool:
    try:
        return recover_address(digest, signature) == actor
    except InvalidSignature:
        return False


if __name__ == "__main__":
    # Whoever began it decides when it ends; an interrupt from the terminal reaches both.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(sys.stdin.buffer, sys.stdout.buffer)
