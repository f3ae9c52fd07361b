"""What a client believes about a log, and how that may change. Pure; `client.trust_store` keeps it.

Rules:
- On first contact the log's origin, verifier key and chain id are taken as given (or must equal a
  key that the user passed); from then on they never change by the server's word.
- A checkpoint is believed only if the trusted key signed it and a consistency proof ties it to the
  newest one believed before. One of the same size with another root, or one that no proof ties, is
  a fork: both notes are kept as evidence.
- A server whose newest checkpoint is smaller than the one believed has rolled back.

So a server can go silent, but it cannot show the users of one store two histories.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from client.errors import ForkedLog
from ledger.errors import ConcordError
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
    except ConcordError as error:
        raise ForkedLog(
            f"The server cannot show that size {second.size} of {seen.origin} extends size "
            f"{first.size}, which it signed before: {error}"
        ) from error


def is_same_log(one: Trust, other: Trust) -> bool:
    """Whether both name the same origin, key and chain, whatever they have seen of it."""
    return replace(one, note=None) == replace(other, note=None)
