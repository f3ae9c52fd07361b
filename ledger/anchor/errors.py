"""What can be wrong with an anchor, by name."""

from __future__ import annotations

from ledger.errors import Conflict, IntegrityError, Refused, Unavailable


class WrongRegistry(Conflict):
    """The contract is for another log, on another chain, or no registry of anchors at all."""

    code = "wrong-anchor-registry"
    remedy = "Name this log's registry and its chain in CONCORD_ANCHOR_CHAINS."


class AnchorRefused(Refused):
    """The contract does not take the log's root."""

    code = "anchor-refused"
    remedy = (
        "See that the relayer has the operator's role in the registry; the message has the "
        "contract's reason."
    )


class AnchorUnderWay(Unavailable):
    """An anchor was sent, by this or another process, and is in no block yet."""

    code = "anchor-under-way"
    remedy = "Nothing: it is looked for again, and the next root follows it."


class AnchorContradiction(IntegrityError):
    """The contract holds a root that this log never had."""

    code = "anchor-contradiction"


class AnchorNotSigned(IntegrityError):
    """No checkpoint that the log signed has the anchor's size and root."""

    code = "anchor-not-signed"


class AnchorNotOnChain(IntegrityError):
    """The chain does not hold the anchor as it is shown."""

    code = "anchor-not-on-chain"


class AnchorUnconfirmed(Unavailable):
    """The anchor is on the chain, in a block that could still be replaced."""

    code = "anchor-unconfirmed"
    remedy = "Try again when enough blocks have followed."
