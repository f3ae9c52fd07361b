"""One event: the log signed for this leaf at this index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.audit.errors import ForeignChain, ForgedEvent, UnconfirmedSignature
from ledger.audit.signatures import ask_wallet
from ledger.errors import ConcordError, Unavailable
from ledger.events import Domain, RecordedEvent, decode_leaf, verify_signature
from ledger.events.wallets import WalletChain
from ledger.merkle import Anchor, Checkpoint, VerifierKey, parse_receipt
from ledger.merkle import verify_receipt as verify_inclusion_receipt


@dataclass(frozen=True, slots=True)
class VerifiedEvent:
    """What a receipt proves.

    Attributes:
        recorded: the event at its place in the log.
        checkpoint: the log's signed state that holds it.
        anchor: a claim until the chain has been asked.
        signature_checked: whether the actor's own signature was checked, too.
    """

    recorded: RecordedEvent
    checkpoint: Checkpoint
    anchor: Anchor | None
    signature_checked: bool


def verify_receipt(
    document: str | bytes,
    keys: Sequence[VerifierKey],
    *,
    chain_id: int | None = None,
    wallets: WalletChain | None = None,
) -> VerifiedEvent:
    """Verifies a receipt, and the event in it as far as it can be.

    Args:
        document: the JSON; bytes must be UTF-8.
        keys: the log's verifier keys.
        chain_id: of the deployment, as its first leaf says; without it the actor's own signature
            cannot be checked, the log's is.
        wallets: asks contract wallets on that chain; None where it is not at hand.

    Raises:
        IntegrityError, InvalidInput: naming what does not hold.
        ForgedEvent: if the leaf is no event, or its actor did not sign it.
        UnconfirmedSignature: if no key signed it and there is no chain to ask.
    """
    verified = verify_inclusion_receipt(parse_receipt(document), keys)
    try:
        recorded = decode_leaf(verified.leaf, verified.index)
        if chain_id is not None:
            _check_signer(recorded, Domain(chain_id, verified.checkpoint.origin), wallets)
    except (UnconfirmedSignature, ForeignChain, Unavailable):
        raise
    except ConcordError as error:
        raise ForgedEvent(f"Event {verified.index} is not genuine: {error}") from error
    return VerifiedEvent(recorded, verified.checkpoint, verified.anchor, chain_id is not None)


def _check_signer(recorded: RecordedEvent, domain: Domain, wallets: WalletChain | None) -> None:
    """Checks the signature of an event of whose actor nothing is known."""
    try:
        verify_signature(recorded.event, domain)
    except ConcordError as refusal:
        if wallets is None:
            raise UnconfirmedSignature(
                f"Event {recorded.index} is not signed by its actor's key: {refusal} Only a chain "
                f"can tell whether {recorded.event.actor} is a contract that takes it."
            ) from refusal
        ask_wallet(recorded, domain, wallets, refusal)
