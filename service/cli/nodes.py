"""The chains that a command may ask: those whose nodes `--rpc` names.

A node may be anyone's; whoever verifies chooses one that they trust, or asks several.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.errors import InvalidInput

if TYPE_CHECKING:
    from ledger.chain.chain import Chain
    from ledger.events.wallets import WalletChain

ATTEMPTS = 2
TIMEOUT_SECONDS = 10.0


class InvalidNode(InvalidInput):
    """`--rpc` names no node."""

    code = "invalid-node"
    remedy = "Write the http(s) address of a chain's JSON-RPC, such as https://rpc.example.org."


@dataclass(frozen=True, slots=True)
class Nodes:
    """The nodes that may be asked.

    Attributes:
        chains: by the address that names them, in the order they were named.
    """

    chains: Mapping[str, Chain]

    def of(self, chain_id: int) -> list[tuple[str, Chain]]:
        """Those of one chain, with their addresses."""
        return [(url, each) for url, each in self.chains.items() if each.chain_id == chain_id]

    def wallets(self, chain_id: int | None) -> WalletChain | None:
        """Asks contract wallets on that chain; None where no node of it was named."""
        found = [] if chain_id is None else self.of(chain_id)
        if not found:
            return None
        from ledger.chain.wallets import ChainWallets  # noqa: PLC0415 - slow to import

        return ChainWallets(found[0][1])

    def __str__(self) -> str:
        """The nodes and their chains, for a sentence."""
        named = [f"{url} is chain {chain.chain_id}" for url, chain in self.chains.items()]
        return "; ".join(named)


@contextmanager
def opened(urls: Sequence[str], *, confirmations: int) -> Iterator[Nodes]:
    """Opens the nodes that were named; every one of them must answer.

    Args:
        urls: http(s) addresses.
        confirmations: blocks that must follow one before it counts.

    Raises:
        InvalidNode: one is no address.
        ChainUnavailable: one does not answer.
    """
    for url in urls:
        if not url.startswith(("http://", "https://")):
            raise InvalidNode(f"--rpc {url}: write the http(s) address of a chain's JSON-RPC.")
    with ExitStack() as stack:
        yield Nodes({url: _open(url, confirmations, stack) for url in urls})


def _open(url: str, confirmations: int, stack: ExitStack) -> Chain:
    # web3 takes most of a second to import.
    from ledger.chain.connect import connect  # noqa: PLC0415
    from ledger.chain.errors import ChainUnavailable  # noqa: PLC0415
    from ledger.chain.requester import RetryPolicy  # noqa: PLC0415

    try:
        chain = connect(
            url,
            chain_id=None,
            is_permitted=lambda _: False,
            confirmations=confirmations,
            retry=RetryPolicy(attempts=ATTEMPTS, rest_seconds=0),
            timeout_seconds=TIMEOUT_SECONDS,
        )
    except ChainUnavailable as error:
        raise ChainUnavailable(f"--rpc {url}: {error}. Try again, or name another node.") from error
    stack.callback(chain.close)
    return chain
