"""Asking contract wallets, from before the DAO's chain is opened.

The log is opened first, for the chain's admission reads it. Until the chain is there it counts as
away: whoever sends an event of a contract wallet is told to come again.
"""

from __future__ import annotations

from typing import Final

from ledger.chain.chain import Chain
from ledger.chain.connect import EMBEDDED_SCHEME, connect
from ledger.chain.errors import ChainUnavailable
from ledger.chain.requester import RetryPolicy
from ledger.chain.wallets import ChainWallets
from ledger.events.identifiers import Milliseconds
from ledger.events.wallets import WalletAnswer

REQUEST_SECONDS: Final = 3.0
"""For one request to a node; somebody waits for the answer, so nothing is asked twice."""


class DaoWallets:
    """A `WalletChain` whose chain comes later.

    Args:
        chain_id: of the ledger.
    """

    def __init__(self, chain_id: int) -> None:
        self._chain_id = chain_id
        # Set once.
        self._wallets: ChainWallets | None = None

    @property
    def chain_id(self) -> int:
        """Of the ledger."""
        return self._chain_id

    def attach(self, chain: Chain) -> None:
        """From now on this chain is asked."""
        self._wallets = ChainWallets(chain)

    def ask(
        self, account: str, digest: bytes, signature: bytes, *, at: Milliseconds
    ) -> WalletAnswer:
        """As `ledger.events.wallets.WalletChain`."""
        return self._attached.ask(account, digest, signature, at=at)

    def ask_now(self, account: str, digest: bytes, signature: bytes) -> WalletAnswer:
        """As `ledger.events.wallets.WalletChain`."""
        return self._attached.ask_now(account, digest, signature)

    def ask_before(
        self, account: str, digest: bytes, signature: bytes, *, recorded_at: Milliseconds
    ) -> WalletAnswer:
        """As `ledger.events.wallets.WalletChain`."""
        return self._attached.ask_before(account, digest, signature, recorded_at=recorded_at)

    @property
    def _attached(self) -> ChainWallets:
        if self._wallets is None:
            raise ChainUnavailable("the DAO's chain is not open yet: try again")
        return self._wallets


def chain_for_wallets(chain: Chain, url: str) -> Chain:
    """The chain as wallets are asked on it: one that is remote has little time and no retries.

    Args:
        chain: of the DAO.
        url: of the same.
    """
    if url.startswith(EMBEDDED_SCHEME):
        return chain
    return connect(
        url,
        chain_id=chain.chain_id,
        is_permitted=lambda _: True,
        retry=RetryPolicy(attempts=1),
        timeout_seconds=REQUEST_SECONDS,
    )
