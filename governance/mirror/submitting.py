"""Contract logs into the log: signed by the mirror, each after the one before it.

Every event names the one that it follows, and the log records none whose predecessor is missing. So
a batch can be sent without waiting for each event, and nothing ever overtakes what failed. An event
that another process has recorded first is fine: its nonce says that it is the same contract log.
"""

from __future__ import annotations

from collections.abc import Sequence
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


class MirrorRefused(Conflict):
    """The log does not take what happened on chain; nothing after it is mirrored."""

    code = "mirror-refused"


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


def submit(
    tales: Sequence[Tale],
    follows: bytes | None,
    *,
    log: Log,
    key: SigningKey,
    chain_id: int,
    now: int,
) -> bytes | None:
    """Records contract logs as events; when this returns, all of them are.

    Args:
        tales: in chain order.
        follows: nonce of the event before them; None if they are the first.
        log: where to.
        key: the mirror's.
        chain_id: of their chain.
        now: the mirror's clock, milliseconds since the epoch; what `issuedAt` says.

    Returns:
        The nonce of the last event.

    Raises:
        MirrorRefused: a rule of the log stands against it.
        Unavailable: some may be recorded; find out and send the others again.
    """
    submissions = []
    for tale in tales:
        nonce = nonce_of(chain_id, tale.source.block_hash, tale.source.log_index)
        event = _event(tale, nonce, key=key, chain_id=chain_id, now=now)
        submissions.append(Submission(sign(event, key, log.domain), follows=follows))
        follows = nonce
    for tale, answer in zip(tales, log.append(submissions), strict=True):
        _require_recorded(tale, answer, log, chain_id)
    return follows


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


def _require_recorded(tale: Tale, answer: Appended | ConcordError, log: Log, chain_id: int) -> None:
    if isinstance(answer, Appended):
        return
    if isinstance(answer, Unavailable):
        raise answer
    # Told before, at another time, so its signature differs; the contract log is the same.
    if isinstance(answer, NonceReused) and is_told(log, chain_id, tale.source):
        return
    raise _refused(tale, answer) from answer


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
