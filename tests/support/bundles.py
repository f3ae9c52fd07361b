"""A history with everything that a bundle can hold, and bundles of histories."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

from ledger.audit import ModelAudit, Policy, build_bundle, parse_policy, supplied
from ledger.audit.inclusion import prove_together
from ledger.merkle import Anchor, FetchedTiles, TileEdge, leaf_hash
from tests.support.histories import DAY, History, used
from tests.support.ledgers import CHAIN_ID, Consortium, ManualClock, log_key, member_key

KEYS = [log_key().verifier]
POLICY = b'{"v":1,"policy":"short-grants","rules":[{"rule":"longest-grant","days":30}]}'
LENIENT_POLICY = POLICY.replace(b"short", b"finite").replace(b"30", b"3000")
MANIFEST = json.dumps(used("d", "g")).encode() + b"\n"


def tiles_of(history: History) -> FetchedTiles:
    _, tiles = TileEdge().append([leaf_hash(leaf) for leaf in history.leaves])
    return FetchedTiles({(tile.level, tile.n): tile.hashes for tile in tiles})


def bundle_of(
    history: History,
    answer: ModelAudit,
    *,
    policies: tuple[Policy, ...] = (),
    anchor: Anchor | None = None,
    leaves: Callable[[Any], dict[int, bytes]] | None = None,
) -> bytes:
    return build_bundle(
        history.state,
        answer,
        leaves=leaves or (lambda indices: {i: history.leaves[i] for i in indices}),
        tiles=tiles_of(history),
        checkpoint=history.checkpoint(),
        manifests=supplied([MANIFEST]),
        policies=policies,
        anchor=anchor,
    )


def rich_history() -> tuple[History, bytes]:
    """A history with everything that a bundle can hold, and the bundle."""
    operator = member_key("mirror").address
    consortium = Consortium(ManualClock(), contracts={"PolicyRegistry": operator})
    history = History(consortium)
    history.begin()
    policies = tuple(adopt(history, document) for document in (POLICY, LENIENT_POLICY))
    job = member_key("job")
    until = consortium.at(300 * DAY)
    kinds = ["run.completed"]
    history.sign(consortium.labs[0], "key.authorized", key=job.address, kinds=kinds, until=until)
    history.dataset("d")
    history.record(consortium.request("q", "d"))
    history.grant("g", "d", request="q")
    history.dataset("unrelated", 1)
    history.pass_time(DAY)
    manifest = {"digest": {"sha256": hashlib.sha256(MANIFEST).hexdigest()}}
    completed = consortium.run_completed("r", [], [("m", "1")], inputsManifest=manifest)
    body = json.loads(completed.body_bytes)
    history.sign(job, "run.completed", **body)
    history.publish("m", "1", run="r")
    history.revoke("g", "retroactive")
    answered = history.size
    history.dataset("later", 2)
    answer = history.audit(size=answered, manifests=supplied([MANIFEST]), policies=policies)
    assert answer.verdict == "tainted"
    anchor = Anchor(
        CHAIN_ID, operator, 7, "0x" + "cc" * 32, "0x" + "dd" * 32, history.size,
        history.merkle.root(), (),
    )  # fmt: skip
    return history, bundle_of(history, answer, policies=policies, anchor=anchor)


def adopt(history: History, document: bytes) -> Policy:
    """Records that a vote adopted a policy, as the mirror does."""
    name = json.loads(document)["policy"]
    index = history.sign(
        history.consortium.mirror,
        "policy.adopted",
        policy=name,
        version=1,
        digest="0x" + hashlib.sha256(document).hexdigest(),
        chain={
            "chainId": CHAIN_ID,
            "contract": history.consortium.contracts["PolicyRegistry"],
            "blockNumber": 1,
            "blockHash": "0x" + "aa" * 32,
            "transactionHash": "0x" + "bb" * 32,
            "logIndex": history.size,
        },
    )
    return parse_policy(document, version=1, index=index)


def rebuilt(history: History, document: bytes, indices: set[int]) -> str:
    """The bundle with other events, rightly proven."""
    value = json.loads(document)
    ordered = sorted(indices)
    value["events"] = [
        {"index": i, "leaf": base64.b64encode(history.leaves[i]).decode()} for i in ordered
    ]
    proof = prove_together(ordered, history.size, tiles_of(history))
    value["proof"] = [base64.b64encode(item).decode() for item in proof]
    return json.dumps(value)
