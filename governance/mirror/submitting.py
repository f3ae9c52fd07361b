"""Contract logs into the log: signed by the mirror, each after the one before it.

Every event names the one that it follows, and the log records none whose predecessor is missing. So
a batch can be sent without waiting for each event, and nothing ever overtakes what failed. An event
that another process has recorded first is fine: its nonce says that it is the same contract log.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from governance.mirror.position import is_told, nonce_of
from governance.mirror.texts import instant
from governance.mirror.translation import Told
from ledger.chain.values import ChainLog
from ledger.errors import ConcordError, Conflict, InvalidInput, Unavailable
from ledger.events import Event, SigningKey, build_event, sign
from ledger.events.canonical import JsonObject
from ledger.events.identifiers import to_checksum_address
from ledger.log import Appended, Log, NonceReused, Submission
from ledger.log.submission import Answer


class MirrorRefused(Conflict):
    """The log does not take what happened on chain; nothing after it is mirrored."""

    code = "mirror-refused"
    remedy = (
        "Read the cause in the service's log, mend it, and restart: the mirror goes on with the "
        "same contract log."
    )


@dataclass(frozen=True, slots=True)
class Tale:
    """A contract log and what it becomes.

    Attributes:
        source: the log.
        told: its event, without the chain reference.
        block_seconds: chain time of its block.
    """

    source: ChainLog
    told: Told
    block_seconds: int


@dataclass(frozen=True, slots=True)
class Teller:
    """Records contract logs as events.

    Attributes:
        log: where to.
        key: the mirror's.
        chain_id: of the contracts' chain.
        batch: how many are sent at a time.
    """

    log: Log
    key: SigningKey
    chain_id: int
    batch: int

    def tell(
        self, tales: Sequence[Tale], follows: bytes | None, clock: Callable[[], int]
    ) -> bytes | None:
        """Records them; when this returns, all of them are.

        While the log takes one batch, the next one is signed.

        Args:
            tales: in chain order.
            follows: nonce of the event before them; None if they are the first.
            clock: the mirror's, milliseconds since the epoch; what `issuedAt` says.

        Returns:
            The nonce of the last event.

        Raises:
            MirrorRefused: a rule of the log stands against one.
            Unavailable: some may be recorded; find out and send the others again.
        """
        sent: tuple[Sequence[Tale], Future[list[Answer]]] | None = None
        for start in range(0, len(tales), self.batch):
            some = tales[start : start + self.batch]
            submissions, follows = self._sign(some, follows, clock())
            before, sent = sent, (some, self.log.submit_all(submissions))
            if before is not None:
                self._require_recorded(*before)
        if sent is not None:
            self._require_recorded(*sent)
        return follows

    def _sign(
        self, tales: Sequence[Tale], follows: bytes | None, now: int
    ) -> tuple[list[Submission], bytes | None]:
        submissions: list[Submission] = []
        for tale in tales:
            nonce = nonce_of(self.chain_id, tale.source.block_hash, tale.source.log_index)
            event = _event(tale, nonce, key=self.key, chain_id=self.chain_id, now=now)
            submissions.append(Submission(sign(event, self.key, self.log.domain), follows=follows))
            follows = nonce
        return submissions, follows

    def _require_recorded(self, tales: Sequence[Tale], answers: Future[list[Answer]]) -> None:
        for tale, answer in zip(tales, answers.result(), strict=True):
            if isinstance(answer, Appended):
                continue
            if isinstance(answer, Unavailable):
                raise answer
            # Told before, at another time, so its signature differs; the contract log is the same.
            if isinstance(answer, NonceReused) and is_told(self.log, self.chain_id, tale.source):
                continue
            raise _refused(tale, answer) from answer


def _event(tale: Tale, nonce: bytes, *, key: SigningKey, chain_id: int, now: int) -> Event:
    try:
        return build_event(
            body=tale.told.body | {"chain": _reference(tale, chain_id)},
            kind=tale.told.kind,
            actor=key.address,
            issued_at=now,
            nonce=nonce,
        )
    except InvalidInput as error:
        raise _refused(tale, error) from error


def _refused(tale: Tale, error: ConcordError) -> MirrorRefused:
    return MirrorRefused(
        f"{tale.told.kind}, log {tale.source.log_index} of block {tale.source.block_number}, was "
        f"refused ({error.code}): {error} Nothing after it is mirrored until that is mended."
    )


def _reference(tale: Tale, chain_id: int) -> JsonObject:
    source = tale.source
    return {
        "chainId": chain_id,
        "contract": to_checksum_address(source.address),
        "blockNumber": source.block_number,
        "blockHash": f"0x{source.block_hash.hex()}",
        "transactionHash": f"0x{source.transaction_hash.hex()}",
        "logIndex": source.log_index,
        "blockTime": instant(tale.block_seconds),
    }
