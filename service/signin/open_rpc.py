"""Which JSON-RPC requests take no session where reads are for members.

A wallet asks the chain by itself and has no session to show. It cannot add a chain whose id nobody
tells it, and signs typed data for none but the chain it is on; so what it needs for that is open,
and what it needs to make and send a transaction: its account's own nonce and coins, and fees. What
is sent carries its own signature. None of this shows what an event says.

Everything that reads contracts, blocks, transactions or logs takes a session.
"""

from __future__ import annotations

from typing import Final

import orjson

OPEN_METHODS: Final = frozenset(
    {
        "eth_blockNumber",
        "eth_chainId",
        "eth_gasPrice",
        "eth_getBalance",
        "eth_getTransactionCount",
        "eth_maxPriorityFeePerGas",
        "eth_sendRawTransaction",
        "net_version",
        "web3_clientVersion",
    }
)


def takes_no_session(body: bytes) -> bool:
    """Whether a body asks for open methods only, read as the endpoint reads it.

    What is no request at all takes a session: whoever has none learns nothing from how it fails.
    """
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    requests = parsed if isinstance(parsed, list) else [parsed]
    return bool(requests) and all(_is_open(each) for each in requests)


def _is_open(request: object) -> bool:
    method = request.get("method") if isinstance(request, dict) else None
    return isinstance(method, str) and method in OPEN_METHODS
