"""A provider that stands before a real one and misbehaves as it is told to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from web3.providers.base import JSONBaseProvider

from ledger.chain.chain import Chain
from ledger.chain.connect import EmbeddedSender
from ledger.chain.policy import SendingPolicy
from ledger.chain.provider import EmbeddedProvider
from ledger.chain.requester import Requester, RetryPolicy
from ledger.chain.sending import RemoteSender

Rewrite = Callable[[Any], Any]


class Adversary(JSONBaseProvider):
    """Passes requests on, unless told otherwise.

    Attributes:
        rewrites: by method: what to make of the result.
        outages: how many of the next requests find nobody.
        asked: every method that was asked for.
    """

    def __init__(self, provider: JSONBaseProvider) -> None:
        super().__init__()
        self.provider = provider
        self.rewrites: dict[str, Rewrite] = {}
        self.outages = 0
        self.asked: list[str] = []

    def make_request(self, method: str, params: object) -> Any:
        self.asked.append(method)
        if self.outages:
            self.outages -= 1
            raise ConnectionRefusedError("nobody is there")
        response = self.provider.make_request(method, params)
        if method in self.rewrites:
            return self.rewrites[method](dict(response))
        return response

    def make_batch_request(self, requests: list[tuple[str, object]]) -> Any:
        return [self.make_request(*each) for each in requests]

    def answer(self, method: str, result: object) -> None:
        """Answer this from now on."""
        self.rewrites[method] = lambda _: {"jsonrpc": "2.0", "id": 0, "result": result}

    def refuse(self, method: str, code: int, message: str, data: object = None) -> None:
        """Refuse this from now on."""
        error = {"code": code, "message": message, "data": data}
        self.rewrites[method] = lambda _: {"jsonrpc": "2.0", "id": 0, "error": error}

    def alter(self, method: str, change: Callable[[Any], object]) -> None:
        """Change the true result in place from now on."""

        def rewrite(response: Any) -> Any:
            change(response["result"])
            return response

        self.rewrites[method] = rewrite


def remote(
    provider: JSONBaseProvider,
    *,
    chain_id: int | None = None,
    confirmations: int = 0,
    attempts: int = 3,
    policy: SendingPolicy | None = None,
    pauses: list[float] | None = None,
) -> Chain:
    """A chain that treats a provider as somebody else's node.

    Args:
        pauses: receives every pause instead of it being waited.
    """
    waited: list[float] = [] if pauses is None else pauses
    retry = RetryPolicy(attempts=attempts, rest_seconds=0)
    requester = Requester(provider, chain_id=chain_id, retry=retry, sleep=waited.append)
    sender = (
        EmbeddedSender(provider.node, requester)
        if isinstance(provider, EmbeddedProvider)
        else RemoteSender(requester, policy=policy or SendingPolicy(), sleep=waited.append)
    )
    return Chain(
        provider,
        requester=requester,
        sender=sender,
        confirmations=confirmations,
        on_close=lambda: None,
    )
