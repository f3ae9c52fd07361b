"""Where on the chain a mirrored event happened, as the API answers it."""

from __future__ import annotations

import orjson

from ledger.store.reads import EventFilter, Snapshot


def place_of(views: Snapshot, index: int) -> dict[str, object]:
    """Where on the chain a mirrored event happened."""
    (leaf,) = views.events(EventFilter(start=index, end=index + 1), limit=1).rows
    chain = orjson.loads(leaf.leaf)["event"]["body"]["chain"]
    return {
        "blockNumber": chain["blockNumber"],
        "transactionHash": chain["transactionHash"],
        "logIndex": chain["logIndex"],
        "index": index,
    }
