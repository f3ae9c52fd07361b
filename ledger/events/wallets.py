"""Contract wallets (EIP-1271): accounts without a key, whose contract says what it takes for its
signature. What is asked of whoever can ask their chain; nothing here asks.

A key's signature verifies for ever and anywhere. A contract's answer is of one block: so it is
asked as of a time, and anyone who has the chain can ask the same again later. The ledger has its
answer within `ANSWER_MS` of `recordedAt`; the block that it asked was the chain's last one at some
time in the `WINDOW_MS` before `recordedAt`.
"""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from ledger.errors import Refused
from ledger.events.identifiers import Milliseconds

ANSWER_MS = 30_000
"""How old a wallet's answer may be when the event is recorded, in milliseconds."""

WINDOW_MS = 60_000
"""How far before `recordedAt` a block may have ceased to be the last one and yet be the one that
was asked, in milliseconds: `ANSWER_MS`, and as long again for blocks that arrive late.
"""


class WalletRefuses(Refused):
    """The actor is a contract, and it does not take the signature for its own."""

    code = "wallet-refuses"
    remedy = (
        "Have the wallet's owners sign this event's digest as their contract asks; its "
        "`isValidSignature` has to answer 0x1626ba7e."
    )


class WalletAnswer(Enum):
    """What an account says of a signature.

    Attributes:
        TAKEN: it is a contract and takes the signature for its own.
        REFUSED: it is a contract, and answers anything else.
        PLAIN: it is no contract; only its key can sign.
    """

    TAKEN = "taken"
    REFUSED = "refused"
    PLAIN = "plain"


class WalletChain(Protocol):
    """Asks accounts on the chain of a ledger's DAO. Safe to use from any thread."""

    @property
    def chain_id(self) -> int:
        """EIP-155 id of the chain that is asked."""

    def ask(
        self, account: str, digest: bytes, signature: bytes, *, at: Milliseconds
    ) -> WalletAnswer:
        """What an account says at the last block whose time is not after `at`.

        Args:
            account: EIP-55.
            digest: what was signed, 32 bytes.
            signature: any bytes.
            at: milliseconds since the epoch.

        Raises:
            Unavailable: the chain does not answer, or has that block's state no more.
        """

    def ask_now(self, account: str, digest: bytes, signature: bytes) -> WalletAnswer:
        """What an account says at the chain's last block.

        Args:
            account: as for `ask`.
            digest: likewise.
            signature: likewise.

        Raises:
            Unavailable: as `ask`.
        """

    def ask_before(
        self, account: str, digest: bytes, signature: bytes, *, recorded_at: Milliseconds
    ) -> WalletAnswer:
        """What an account said when an event was recorded: TAKEN if it took the signature at a
        block that was the last one at any time in the `WINDOW_MS` before.

        Args:
            account: as for `ask`.
            digest: likewise.
            signature: likewise.
            recorded_at: of the event.

        Raises:
            Unavailable: as `ask`.
        """
