r"""A log's key hands the log over to the next one, and both sign it.

    concord/log-key-handover/v1\n
    <origin>\n<size>\n<base64 root>\n     the tree when it happened, as a checkpoint's text
    <milliseconds since the epoch>\n
    <old verifier key>\n<new verifier key>\n

as the text of a C2SP signed note under both keys. The first line is no origin, so nobody takes it
for a checkpoint.

What it proves, and what not: whoever trusts the new key learns from it which key was the one
before, and that this one signed sizes up to that tree's. Whoever trusts the old one learns nothing
from it alone: a thief of the old key could have made a new one. So it is followed backwards, never
forwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ledger.merkle.checkpoints import Checkpoint
from ledger.merkle.encoding import parse_decimal
from ledger.merkle.errors import (
    BrokenKeyHistory,
    MalformedCheckpoint,
    MalformedHandover,
    MalformedKey,
)
from ledger.merkle.keys import SigningKey, VerifierKey
from ledger.merkle.notes import open_note, parse_note, sign_note

_FIRST_LINE: Final = "concord/log-key-handover/v1"
_LINES: Final = 8
_LATEST_MS: Final = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Handover:
    """One key of a log takes the place of another.

    Attributes:
        checkpoint: the tree when it happened; the old key has signed no larger one.
        at: milliseconds since the epoch, by the operator's clock.
        old: signed before.
        new: signs from then on, smaller sizes too where they are asked for again.

    Raises:
        MalformedHandover: the keys are not two of this log's.
    """

    checkpoint: Checkpoint
    at: int
    old: VerifierKey
    new: VerifierKey

    def __post_init__(self) -> None:
        if {self.old.name, self.new.name} != {self.checkpoint.origin} or self.old == self.new:
            raise MalformedHandover("a handover is from one key of a log to another of the same")

    def __str__(self) -> str:
        return f"{_FIRST_LINE}\n{self.checkpoint}{self.at}\n{self.old}\n{self.new}\n"


@dataclass(frozen=True, slots=True)
class KeyPeriod:
    """When a key was the log's.

    Attributes:
        key: the key.
        handover: what ended it; None for the present one.
    """

    key: VerifierKey
    handover: Handover | None


def sign_handover(checkpoint: Checkpoint, at: int, old: SigningKey, new: SigningKey) -> str:
    """Signs a handover with both keys; the result is the signed note.

    Raises:
        MalformedHandover: the keys are not two of the checkpoint's log.
    """
    return sign_note(str(Handover(checkpoint, at, old.verifier, new.verifier)), (old, new))


def open_handover(note: str) -> Handover:
    """Reads a handover that both of the keys in it have signed.

    Raises:
        MalformedHandover: it is none, or not signed by both.
        MalformedNote, TooManySignatures, InvalidSignature, NoKnownSignature: as `open_note`.
    """
    handover = _parse(parse_note(note).text)
    _, signers = open_note(note, (handover.old, handover.new))
    if len(signers) != 2:
        raise MalformedHandover("a handover is signed by both keys; this one is by one of them")
    return handover


def _parse(text: str) -> Handover:
    lines = text.split("\n")
    if len(lines) != _LINES or lines[0] != _FIRST_LINE or lines[-1]:
        raise MalformedHandover(f"a handover has seven lines, the first is {_FIRST_LINE}")
    try:
        return Handover(
            Checkpoint.parse("\n".join(lines[1:4]) + "\n"),
            parse_decimal(lines[4], _LATEST_MS),
            VerifierKey.parse(lines[5]),
            VerifierKey.parse(lines[6]),
        )
    except (MalformedCheckpoint, MalformedKey, ValueError) as error:
        raise MalformedHandover(f"the handover cannot be read: {error}") from error


def key_history(
    first: VerifierKey, handovers: Sequence[Handover], present: VerifierKey
) -> tuple[KeyPeriod, ...]:
    """The keys of a log, oldest first, each vouched for by the one after it.

    Args:
        first: the key that the first leaf names.
        handovers: opened, in order.
        present: the key that is trusted.

    Raises:
        BrokenKeyHistory: they do not lead from the first key to the present one, step by step.
    """
    periods: list[KeyPeriod] = []
    current, size, at = first, 0, 0
    for handover in handovers:
        if handover.old != current:
            raise BrokenKeyHistory(
                f"After {current} the log shows a handover by {handover.old}; one is missing, or "
                "was never made."
            )
        if handover.checkpoint.size < size or handover.at < at:
            raise BrokenKeyHistory(f"{handover.new} took over before {current} did.")
        periods.append(KeyPeriod(current, handover))
        current, size, at = handover.new, handover.checkpoint.size, handover.at
    if current != present:
        raise BrokenKeyHistory(
            f"Nothing shows that {current} handed over to {present}, the key that is trusted."
        )
    if len({period.key for period in periods} | {present}) != len(periods) + 1:
        raise BrokenKeyHistory("A key of the log came back after it had handed over.")
    return (*periods, KeyPeriod(present, None))
