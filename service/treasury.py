"""The treasury: what the timelock owns, and what it has paid.

Nothing leaves it but by a proposal's calls, so its payments are those of the proposals that were
executed: calls that send the chain's coin, and calls that transfer a token. They are read from the
log. A call is shown as what it says; whether a foreign token moved, only that token knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import orjson
from sqlalchemy import Connection

from governance.actions import Call, action_of, canonical_address, checksum_address
from governance.actions.calls import call_data
from governance.actions.kinds import PayToken
from governance.addresses import DaoAddresses
from governance.reads import Read, Reader
from ledger.events.bodies.governance import MAX_CALLS
from ledger.store.governance import executions
from ledger.store.reads import Snapshot
from ledger.views.records import Proposal, ProposalChange

LOOKED_AT = 1_000
"""Proposals that one page looks at, at most; it may hold fewer payments than were asked for."""


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment.

    Attributes:
        token: EIP-55; None for the chain's own coin.
        to: who got it.
        amount: in the smallest unit.
        execution: when its proposal was executed.
        position: of the call in the proposal.
    """

    token: str | None
    to: str
    amount: int
    execution: ProposalChange
    position: int


@dataclass(frozen=True, slots=True)
class PaymentKey:
    """Where a list of payments goes on: event and call of the last one that was looked at."""

    index: int
    position: int


@dataclass(frozen=True, slots=True)
class PaymentPage:
    """Some payments, the last one first.

    Attributes:
        next: where to go on; None at the end.
    """

    payments: tuple[Payment, ...]
    next: PaymentKey | None


def read_balances(reader: Reader, at: DaoAddresses) -> tuple[int, int]:
    """What the treasury has: wei, and voting tokens in the smallest unit.

    Raises:
        ChainUnavailable: the chain does not answer.
    """
    account = canonical_address(at.timelock)
    read = Read(canonical_address(at.token), call_data("ConcordToken", "balanceOf", at.timelock))
    return reader.balance(account), int.from_bytes(reader.read_one(read))


def read_payments(
    connection: Connection, at: DaoAddresses, *, after: PaymentKey | None, limit: int
) -> PaymentPage:
    """A page of payments.

    Args:
        connection: of a read transaction.
        at: the DAO's contracts.
        after: the last one of the page before.
        limit: payments at most.
    """
    # The proposal of the last payment may have made more.
    before = None if after is None else after.index + 1
    changes = executions(connection, before=before, limit=LOOKED_AT + 1)
    seen = changes[:LOOKED_AT]
    proposals = Snapshot(connection).where_in(Proposal, "proposal", [c.proposal for c in seen])
    calls = {row.proposal: row.calls for row in proposals}
    found: list[Payment] = []
    for change in seen:
        for payment in _payments_of(change, calls.get(change.proposal, "[]"), at):
            if _is_shown(payment, after):
                continue
            if len(found) == limit:
                return PaymentPage(tuple(found), _key_of(found[-1]))
            found.append(payment)
    rest = PaymentKey(seen[-1].index, MAX_CALLS) if len(changes) > LOOKED_AT else None
    return PaymentPage(tuple(found), rest)


def _is_shown(payment: Payment, after: PaymentKey | None) -> bool:
    if after is None or payment.execution.index < after.index:
        return False
    return payment.position <= after.position


def _key_of(payment: Payment) -> PaymentKey:
    return PaymentKey(payment.execution.index, payment.position)


def _payments_of(change: ProposalChange, calls: str, at: DaoAddresses) -> Iterator[Payment]:
    for position, each in enumerate(orjson.loads(calls)):
        value, calldata = int(each["value"]), bytes.fromhex(each.get("calldata", "0x")[2:])
        call = Call(checksum_address(each["target"]), value, calldata)
        action = action_of(call, at) if "calldata" in each else None
        if isinstance(action, PayToken):
            yield Payment(action.token, action.to, int(action.amount), change, position)
        elif value:
            yield Payment(None, call.target, value, change, position)
