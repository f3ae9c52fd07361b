"""Anchoring: roots of the log in contracts, and checking that they are there.

Read from the bottom: `registry` (the contract), `anchorer` (sending and finding anchors),
`confirmation` (asking a chain about an anchor that somebody shows).
"""

from ledger.anchor.anchorer import Anchorer, AnchorPolicy, AnchorProgress, AnchorTarget
from ledger.anchor.confirmation import ConfirmedAnchor, verify_anchor
from ledger.anchor.errors import (
    AnchorContradiction,
    AnchorNotOnChain,
    AnchorNotSigned,
    AnchorRefused,
    AnchorUnconfirmed,
    AnchorUnderWay,
    WrongRegistry,
)
from ledger.anchor.registry import AnchorRegistry

__all__ = [
    "AnchorContradiction",
    "AnchorNotOnChain",
    "AnchorNotSigned",
    "AnchorPolicy",
    "AnchorProgress",
    "AnchorRefused",
    "AnchorRegistry",
    "AnchorTarget",
    "AnchorUnconfirmed",
    "AnchorUnderWay",
    "Anchorer",
    "ConfirmedAnchor",
    "WrongRegistry",
    "verify_anchor",
]
