"""Who signed what the log holds: keys, and contract wallets (EIP-1271) as far as that can be told.

    keyed         the actor's key signed it; proven for ever, with no chain
    taken         its actor is a contract that took the signature when the event was recorded
    withdrawn     the same, and today the contract would not take it: an owner was exchanged, say
    unconfirmed   no key signed it, its actor may be a contract, and there is no chain to ask

A contract that has changed its mind changes nothing that is recorded: it is told as a warning. What
is unconfirmed leaves an answer incomplete, and is named; it rests on the log's word that it asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum

from ledger.audit.answer import Code, Finding, ModelAudit, Severity, verdict_of
from ledger.audit.errors import ForeignChain
from ledger.errors import ConcordError
from ledger.events import Domain, RecordedEvent, digest, verify_signature
from ledger.events.wallets import WalletAnswer, WalletChain, WalletRefuses
from ledger.rules.wallets import Rows, may_be_contract
from ledger.views.records import model_node

_NAMED = 10
"""Events that a sentence names; all of them stand in its finding."""


class Standing(Enum):
    """What is known of an event's signature."""

    KEYED = "keyed"
    TAKEN = "taken"
    WITHDRAWN = "withdrawn"
    UNCONFIRMED = "unconfirmed"


def check_signature(
    recorded: RecordedEvent, domain: Domain, state: Rows, wallets: WalletChain | None
) -> Standing:
    """Checks who signed an event, as far as it can be.

    Args:
        recorded: the event at its place in the log.
        domain: where its signature must be valid.
        state: with all events before it.
        wallets: asks the chain of the ledger's DAO; None where it is not at hand.

    Raises:
        InvalidSignature, WrongSigner, WalletRefuses: its actor did not sign it.
        ForeignChain: the chain that is asked is another one.
        Unavailable: the chain cannot tell.
    """
    try:
        verify_signature(recorded.event, domain)
    except ConcordError as refusal:
        return check_wallet(recorded, domain, state, wallets, refusal)
    return Standing.KEYED


def check_wallet(
    recorded: RecordedEvent,
    domain: Domain,
    state: Rows,
    wallets: WalletChain | None,
    refusal: ConcordError,
) -> Standing:
    """The same for an event that its actor's key has not signed, as `refusal` says.

    Raises:
        ConcordError: as `check_signature`; the refusal itself where the actor is no contract.
    """
    if not may_be_contract(recorded.event.actor, state):
        raise refusal
    if wallets is None:
        return Standing.UNCONFIRMED
    return ask_wallet(recorded, domain, wallets, refusal)


def ask_wallet(
    recorded: RecordedEvent, domain: Domain, wallets: WalletChain, refusal: ConcordError
) -> Standing:
    """The same, where there is a chain to ask and nothing else is known of the actor.

    Raises:
        ConcordError: as `check_wallet`.
    """
    if wallets.chain_id != domain.chain_id:
        raise ForeignChain(
            f"The chain that was given is {wallets.chain_id}; this ledger's is {domain.chain_id}."
        )
    event = recorded.event
    signed, signature = digest(event, domain), bytes.fromhex(event.signature[2:])
    recorded_at = recorded.recorded_at
    answer = wallets.ask_before(event.actor, signed, signature, recorded_at=recorded_at)
    if answer is WalletAnswer.PLAIN:
        raise refusal
    if answer is WalletAnswer.REFUSED:
        raise WalletRefuses(
            f"{event.actor} is a contract and did not take this signature for its own when event "
            f"{recorded.index} was recorded."
        )
    today = wallets.ask_now(event.actor, signed, signature)
    return Standing.TAKEN if today is WalletAnswer.TAKEN else Standing.WITHDRAWN


def with_signatures(
    answer: ModelAudit, *, unconfirmed: Sequence[int], withdrawn: Sequence[int]
) -> ModelAudit:
    """An answer, with what is known of the signatures that it rests on.

    Args:
        answer: as the audit gives it.
        unconfirmed: indices of events, ascending.
        withdrawn: likewise.
    """
    found = (
        _finding(
            answer,
            Code.SIGNATURE_UNCONFIRMED,
            "gap",
            unconfirmed,
            "only the ledger's chain can tell whether their actors, contract wallets, took them",
        ),
        _finding(
            answer,
            Code.SIGNATURE_WITHDRAWN,
            "warning",
            withdrawn,
            "the contract wallets took them when they were recorded, and would not take them today",
        ),
    )
    findings = (*answer.findings, *(each for each in found if each.events))
    verdict, is_complete = verdict_of(findings, cut=answer.limit is not None)
    return replace(answer, verdict=verdict, is_complete=is_complete, findings=findings)


def _finding(
    answer: ModelAudit, code: Code, severity: Severity, events: Sequence[int], what: str
) -> Finding:
    names = ", ".join(str(index) for index in events[:_NAMED])
    more = f" and {len(events) - _NAMED} more" if len(events) > _NAMED else ""
    sentence = f"Signatures of events {names}{more}: {what}."
    path = (model_node(answer.model, answer.version),)
    return Finding(code, severity, sentence, path, tuple(events))
