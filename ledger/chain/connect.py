"""A chain by its URL: `embedded:DIRECTORY`, or the http(s) address of a node."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from eth_typing import Address
from web3 import HTTPProvider
from web3.middleware import ExtraDataToPOAMiddleware

from ledger.chain.chain import Chain
from ledger.chain.encoding import data
from ledger.chain.errors import ChainUnavailable, ChainUrlInvalid, RpcFault, WrongChain
from ledger.chain.node import EmbeddedNode
from ledger.chain.policy import SendingPolicy
from ledger.chain.provider import EmbeddedProvider
from ledger.chain.requester import Requester, RetryPolicy
from ledger.chain.sending import RemoteSender, Turn
from ledger.chain.signing import Signer, TransactionDraft
from ledger.chain.values import TransactionReceipt, read_receipt
from ledger.errors import ConcordError

EMBEDDED_SCHEME = "embedded:"
EMBEDDED_CONFIRMATIONS = 0
REMOTE_CONFIRMATIONS = 12


class EmbeddedSender:
    """Sends into the node of this process, which gives nonces itself and asks for no fees."""

    def __init__(self, node: EmbeddedNode, requester: Requester) -> None:
        self._node = node
        self._requester = requester

    def send(
        self, drafts: Sequence[TransactionDraft], signer: Signer
    ) -> list[TransactionReceipt | ConcordError]:
        """As `ledger.chain.chain.Sender`: what reverts is left out of the block."""
        return [self._receipt(outcome) for outcome in self._node.send_drafts(drafts, signer)]

    def stop_waiting(self) -> None:
        """Nothing: a block is made at once."""

    def _receipt(self, outcome: bytes | RpcFault) -> TransactionReceipt | ConcordError:
        if isinstance(outcome, RpcFault):
            return outcome
        return read_receipt(self._requester.ask("eth_getTransactionReceipt", data(outcome)))


def connect(
    url: str,
    *,
    chain_id: int | None,
    is_permitted: Callable[[Address], bool],
    confirmations: int | None = None,
    development: bool = False,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    retry: RetryPolicy | None = None,
    sending: SendingPolicy | None = None,
    turn: Turn | None = None,
    timeout_seconds: float = 10.0,
) -> Chain:
    """Open a chain.

    Args:
        url: `embedded:DIRECTORY` (made by `EmbeddedNode.create`) or `http(s)://…`.
        chain_id: what the chain must be; None takes it as it is, and so wants it to be there.
        is_permitted: embedded only: who may send transactions. A remote chain has rules of its own.
        confirmations: default 0 embedded, 12 remote.
        development: embedded only: allow moving the clock.
        clock: embedded only: seconds since 1970.
        sleep: waits that many seconds, between attempts and while transactions wait for a block.
        retry: remote only: when a node counts as down.
        sending: remote only: fees and times.
        turn: remote only: taken by those who send for one account from several processes.
        timeout_seconds: remote only: for one HTTP request.

    Raises:
        ChainUrlInvalid: neither kind of URL.
        ChainMissing, ChainInUse: embedded only, see `EmbeddedNode.open`.
        WrongChain: it has another id.
        ChainUnavailable: the node cannot be reached, and no chain id is given.
    """
    if url.startswith(EMBEDDED_SCHEME):
        node = EmbeddedNode.open(
            Path(url.removeprefix(EMBEDDED_SCHEME)),
            is_permitted=is_permitted,
            clock=clock,
            development=development,
        )
        if chain_id not in (None, node.chain_id):
            node.close()
            raise WrongChain(f"{url} is chain {node.chain_id}, configured is {chain_id}")
        return embedded(node, confirmations=confirmations or EMBEDDED_CONFIRMATIONS)
    if not url.startswith(("http://", "https://")):
        raise ChainUrlInvalid(
            f"{url!r}: want embedded:DIRECTORY or the http(s) address of a chain's node"
        )
    provider = HTTPProvider(
        url,
        request_kwargs={"timeout": timeout_seconds},
        # Retries are the requester's, which also compares the chain id after an outage.
        exception_retry_configuration=None,
    )
    requester = Requester(provider, chain_id=chain_id, retry=retry or RetryPolicy(), sleep=sleep)
    chain = Chain(
        provider,
        requester=requester,
        sender=RemoteSender(requester, policy=sending or SendingPolicy(), sleep=sleep, turn=turn),
        confirmations=REMOTE_CONFIRMATIONS if confirmations is None else confirmations,
        on_close=lambda: None,
    )
    # web3.py refuses blocks whose `extraData` is longer than mainnet's 32 bytes; where authorities
    # seal (QBFT, IBFT, Clique) their signatures are in it.
    chain.web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
    if chain_id is None:
        _ = requester.chain_id
        return chain
    # That it is the wrong one shows now rather than at the first use; one that is away comes back.
    with suppress(ChainUnavailable):
        requester.check_chain()
    return chain


def embedded(node: EmbeddedNode, *, confirmations: int = EMBEDDED_CONFIRMATIONS) -> Chain:
    """A chain over a node that is open; closing the chain closes the node."""
    provider = EmbeddedProvider(node)
    requester = Requester(
        provider, chain_id=node.chain_id, retry=RetryPolicy(attempts=1), sleep=time.sleep
    )
    return Chain(
        provider,
        requester=requester,
        sender=EmbeddedSender(node, requester),
        confirmations=confirmations,
        on_close=node.close,
    )
