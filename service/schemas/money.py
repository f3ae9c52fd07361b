"""The voting token and the treasury. Amounts are decimal strings in the smallest unit."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ledger.events.identifiers import Address, DecimalString, Instant
from service.schemas.base import Answer, Page
from service.schemas.dao import PlaceView, Share


class HolderView(Answer):
    """An account with tokens or votes: in a list as the log has it, alone as the token has it now.

    Attributes:
        name: of the member, where it is one and says so.
        delegatee: who votes with its tokens; null where nobody does.
        votes: that it has, its own and those delegated to it.
        share: of all tokens, in basis points, rounded down.
    """

    account: Address
    name: str | None
    balance: DecimalString
    delegatee: Address | None
    votes: DecimalString
    share: Share


class TokenBalanceView(Answer):
    """What the treasury holds of one token."""

    token: Address
    symbol: str
    decimals: Annotated[int, Field(ge=0, le=255)]
    balance: DecimalString


class PaymentView(Answer):
    """A payment from the treasury, made when its proposal was executed.

    Attributes:
        token: an ERC-20 token; null for the chain's own coin.
    """

    token: Address | None
    to: Address
    amount: DecimalString
    proposal: DecimalString
    at: Instant
    chain: PlaceView


class LastPayments(Answer):
    """The last payments."""

    items: list[PaymentView]


class TreasuryView(Answer):
    """What the DAO owns. `coins` is in wei."""

    account: Address
    coins: DecimalString
    tokens: list[TokenBalanceView]
    payments: LastPayments


class PaymentPage(Page[PaymentView]):
    """Payments, the last one first."""


class HolderPage(Page[HolderView]):
    """Holders, the largest first."""
