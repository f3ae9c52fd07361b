"""Recovering signers in a second process, beside the one that appends.

Recovery is the largest part of an append, and all of it can be done elsewhere, and the digests too.
Threads would share one interpreter lock with the sequencer and leave a second core idle. The
process is told what is signed, by whom and with which signature, and answers which of them belong
together; whether an event is well formed it does not ask, and it keeps nothing.

    request    separator[32] ‖ u32 count, then for each:
               signature[65] ‖ actor[20] ‖ nonce[32] ‖ u64 issuedAt ‖ u32 length of each of
               kind, subject, summary, body ‖ these four
    answer     one byte for each: 1 where the actor made the signature over the event, else 0

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
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from ledger.eip712 import SignedFields, event_digest
from ledger.errors import Unavailable
from ledger.secp256k1 import SIGNATURE_BYTES, InvalidSignature, recover_address

_HEAD: Final = struct.Struct(">32sI")
_CHECK: Final = struct.Struct(">65s20s32sQ4I")
_READY: Final = b"\x01"
_STOPS_WITHIN: Final = 5.0


class RecoveryStopped(Unavailable):
    """The process that recovers signers is not there any more."""

    code = "recovery-stopped"
    remedy = "Restart the service; what was not acknowledged is sent again by its sender."


def question(signature: bytes, signed: SignedFields) -> bytes:
    """One question: did this actor make this signature over this event?

    Args:
        signature: 65 bytes.
        signed: the event, its actor among the rest.

    Raises:
        ValueError: signature, actor or nonce has another length.
    """
    kind, subject, summary, actor, issued_at, nonce, body = signed
    # Packing would pad or cut what has another length, and cut signatures can be valid.
    if (len(signature), len(actor), len(nonce)) != (SIGNATURE_BYTES, 20, 32):
        raise ValueError("a signature, an actor and a nonce have 65, 20 and 32 bytes")
    lengths = len(kind), len(subject), len(summary), len(body)
    return b"".join(
        (_CHECK.pack(signature, actor, nonce, issued_at, *lengths), kind, subject, summary, body)
    )


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

    def matches(self, separator: bytes, questions: Sequence[bytes]) -> list[bool]:
        """Which of these signatures were made by their actors.

        Args:
            separator: of the domain that events are signed for (EIP-712), 32 bytes.
            questions: as `question` makes them.

        Raises:
            RecoveryStopped: it ended before it had answered.
        """
        try:
            self._requests.write(_HEAD.pack(separator, len(questions)) + b"".join(questions))
            self._requests.flush()
            answer = self._answers.read(len(questions))
        except OSError as error:
            raise RecoveryStopped("The second process ended.") from error
        if len(answer) != len(questions):
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
    """Answers until the requests end, or end amid one; what the second process does."""
    answers.write(_READY)
    answers.flush()
    with suppress(EOFError):
        while True:
            separator, count = _HEAD.unpack(_read(requests, _HEAD.size))
            answers.write(bytes(_match(separator, requests) for _ in range(count)))
            answers.flush()


def _match(separator: bytes, requests: BinaryIO) -> bool:
    head = _CHECK.unpack(_read(requests, _CHECK.size))
    signature, actor, nonce, issued_at = head[:4]
    kind, subject, summary, body = (_read(requests, length) for length in head[4:])
    signed = SignedFields(kind, subject, summary, actor, issued_at, nonce, body)
    try:
        return bool(recover_address(event_digest(separator, signed), signature) == actor)
    except InvalidSignature:
        return False


def _read(requests: BinaryIO, count: int) -> bytes:
    found = requests.read(count)
    if len(found) != count:
        raise EOFError
    return found


if __name__ == "__main__":
    # Whoever began it decides when it ends; an interrupt from the terminal reaches both.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(sys.stdin.buffer, sys.stdout.buffer)
