"""Which accounts may sign as contracts (EIP-1271) at all; what a contract takes, its chain says.

Members, and keys that members authorised, in a ledger that names contracts: only such a ledger has
a chain to ask. The operator and the mirror sign with their keys: they are named by the first leaf,
before there is anything on a chain.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

from ledger.views.records import AuthorizedKey, LedgerInfo, Member, Record

R = TypeVar("R", bound=Record)


class Rows(Protocol):
    """Rows of all views as of one size of the log."""

    def get(self, record: type[R], *key: str | int) -> R | None:
        """The row with this key, or None."""


def may_be_contract(account: str, state: Rows) -> bool:
    """Whether an account's events may be signed by a contract, as of a state."""
    ledger = state.get(LedgerInfo, "ledger")
    if ledger is None or ledger.contracts == "{}" or account in {ledger.operator, ledger.mirror}:
        return False
    member = state.get(Member, account)
    if member is not None and member.active:
        return True
    key = state.get(AuthorizedKey, account)
    return key is not None and key.revoked_index is None
