"""`concord verify --rpc`: anchors, ballots and delegations on a real chain, and forgeries."""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from tests.service.assembly import (
    CLINIC,
    HOSPITAL,
    LAB,
    NEWCOMER,
    ServedDao,
    admit,
    await_that,
)
from tests.service.conftest import ServeDao
from tests.service.test_releases import MODEL, PATH, publish
from tests.support.commands import Commands

NOWHERE = "http://127.0.0.1:1"
OTHER = "0x" + "11" * 20
HASH = "0x" + "22" * 32
Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def dao(serve_dao: ServeDao) -> ServedDao:
    """A ledger whose every event is anchored at once."""
    return serve_dao(anchor_leaves=1)


@pytest.fixture
def auditor(user: Commands, dao: ServedDao) -> Commands:
    """Somebody with two members' keys, who knows the log."""
    # It would write to a standard error that is captured, and closed before it stops.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    for name, key in {"hospital": HOSPITAL, "clinic": CLINIC}.items():
        user.keep(name, key)
    user.environment |= {"CONCORD_SERVER": dao.server.url, "CONCORD_KEY": "hospital"}
    user("log", "show").check()
    return user


def rpc_of(dao: ServedDao) -> str:
    return f"{dao.server.url}/rpc"


def registry_of(dao: ServedDao) -> str:
    return str(dao.read("/v1/dao")["contracts"]["anchors"])


def anchored_receipt(auditor: Commands, dao: ServedDao, index: int = 0) -> dict[str, Any]:
    """The receipt of a leaf once it is anchored; kept as receipt.json."""
    await_that(lambda: bool(dao.read(f"/v1/receipts/{index}")["anchor"]))
    auditor("receipt", index, "--out", "receipt.json").check()
    found: dict[str, Any] = json.loads((auditor.folder / "receipt.json").read_text())
    return found


def changed(document: dict[str, Any], change: Change) -> dict[str, Any]:
    other = copy.deepcopy(document)
    change(other)
    assert other != document
    return other


def put(*path: str, by: object) -> Change:
    def change(document: dict[str, Any]) -> None:
        for name in path[:-1]:
            document = document[name]
        document[path[-1]] = by

    return change


# Anchors


def test_the_chain_confirms_a_receipts_anchor(auditor: Commands, dao: ServedDao) -> None:
    kept = anchored_receipt(auditor, dao)
    said = auditor("verify", "receipt.json").check()
    assert "a claim until its chain was asked" in said.out
    asked = auditor("verify", "receipt.json", "--rpc", rpc_of(dao)).check()
    anchor = kept["anchor"]
    assert f"Anchored: chain {anchor['chainId']} holds this root for size {anchor['size']}" in (
        asked.out
    )
    # The first leaf itself names the registry, so nobody's word is needed.
    assert "by the document's own word" not in asked.out
    answer = auditor("verify", "receipt.json", "--rpc", rpc_of(dao), "--json").check().json
    (told,) = answer["anchors"]
    assert told["registry"].lower() == registry_of(dao).lower()
    assert (told["registryIsTheLogs"], told["size"]) == (True, anchor["size"])
    assert (told["blockNumber"], told["blockHash"]) == (anchor["blockNumber"], anchor["blockHash"])


def test_a_registry_that_only_the_document_names_is_said_to_be_so(
    auditor: Commands, dao: ServedDao
) -> None:
    anchored_receipt(auditor, dao, 1)
    asked = auditor("verify", "receipt.json", "--rpc", rpc_of(dao)).check()
    assert "by the document's own word" in asked.out
    named = ["--registry", registry_of(dao)]
    asked = auditor("verify", "receipt.json", "--rpc", rpc_of(dao), *named).check()
    assert "by the document's own word" not in asked.out
    wrong = auditor("verify", "receipt.json", "--rpc", rpc_of(dao), "--registry", LAB.address)
    assert "not-anchored" in wrong.check(6).err
    auditor("verify", "receipt.json", "--rpc", rpc_of(dao), "--registry", "0x12").check(4)


def test_the_same_node_twice_is_asked_once_and_another_is_asked_as_well(
    auditor: Commands, dao: ServedDao
) -> None:
    anchored_receipt(auditor, dao)
    nodes = ["--rpc", rpc_of(dao), "--rpc", rpc_of(dao).replace("127.0.0.1", "localhost")]
    answer = auditor("verify", "receipt.json", *nodes, "--json").check().json
    assert [each["node"] for each in answer["anchors"]] == nodes[1::2]


ANCHOR_FORGERIES: dict[str, Change] = {
    "chainId": put("anchor", "chainId", by=1),
    "contract": put("anchor", "contract", by=OTHER),
    "blockNumber": put("anchor", "blockNumber", by=1),
    "blockHash": put("anchor", "blockHash", by=HASH),
    "transactionHash": put("anchor", "transactionHash", by=HASH),
    "size": put("anchor", "size", by=10_000),
    "root": put("anchor", "root", by="A" * 43 + "="),
    "consistency": put("anchor", "consistency", by=["A" * 43 + "="]),
}


def test_an_anchor_with_any_field_changed_is_not_proven(auditor: Commands, dao: ServedDao) -> None:
    for index in (0, 1):
        kept = anchored_receipt(auditor, dao, index)
        assert kept["anchor"].keys() == ANCHOR_FORGERIES.keys()
        for name, change in ANCHOR_FORGERIES.items():
            forged = changed(kept, change)
            (auditor.folder / "forged.json").write_text(json.dumps(forged))
            result = auditor("verify", "forged.json", "--rpc", rpc_of(dao))
            assert result.code == 6, f"{name}: {result.out} {result.err}"


def test_a_receipt_from_before_it_was_anchored_is_confirmed_in_part(
    auditor: Commands, dao: ServedDao
) -> None:
    kept = anchored_receipt(auditor, dao)
    assert kept["anchor"]
    (auditor.folder / "early.json").write_text(json.dumps(kept | {"anchor": None}))
    auditor("verify", "early.json").check()
    asked = auditor("verify", "early.json", "--rpc", rpc_of(dao)).check(11)
    assert "Not anchored: the document names no anchor" in asked.out
    answer = auditor("verify", "early.json", "--rpc", rpc_of(dao), "--json").check(11).json
    assert (answer["proven"], answer["anchors"], answer["anchorMissing"]) == (True, [], True)


def test_a_node_that_does_not_answer_is_unavailable_and_named(
    auditor: Commands, dao: ServedDao
) -> None:
    anchored_receipt(auditor, dao)
    refused = auditor("verify", "receipt.json", "--rpc", NOWHERE).check(5)
    assert NOWHERE in refused.err
    auditor("verify", "receipt.json", "--rpc", "chain.example").check(4)


def test_a_young_block_can_be_waited_for(auditor: Commands, dao: ServedDao) -> None:
    anchored_receipt(auditor, dao)
    waits = auditor("verify", "receipt.json", "--rpc", rpc_of(dao), "--confirmations", "1000")
    assert "anchor-unconfirmed" in waits.check(5).err


def test_the_chain_confirms_a_bundles_anchor(auditor: Commands, dao: ServedDao) -> None:
    publish(dao)
    # What is anchored becomes an event, so the answer is as of when it was published.
    at = dao.read(PATH)["index"]
    await_that(lambda: bool(dao.read(f"{PATH}/audit", at=at, bundle="true")["anchor"]))
    auditor("audit", MODEL, "1", "--at", at, "--bundle", "bundle.json").check(11)
    asked = auditor("verify", "bundle.json", "--rpc", rpc_of(dao)).check(11)
    assert "Anchored: chain" in asked.out
    kept = json.loads((auditor.folder / "bundle.json").read_text())
    for name, change in ANCHOR_FORGERIES.items():
        (auditor.folder / "forged.json").write_text(json.dumps(changed(kept, change)))
        result = auditor("verify", "forged.json", "--rpc", rpc_of(dao))
        assert result.code == 6, f"{name}: {result.out} {result.err}"


# Ballots and delegations


def cast(auditor: Commands, dao: ServedDao, *choice: str, key: str = "hospital") -> dict[str, Any]:
    """A ballot's receipt, kept as ballot.json."""
    proposal = dao.open(admit(NEWCOMER))
    auditor("vote", proposal, *choice, "--receipt", "ballot.json", "--key", key).check()
    kept: dict[str, Any] = json.loads((auditor.folder / "ballot.json").read_text())
    return kept


@pytest.mark.parametrize(
    "choice",
    [
        ("for",),
        ("against", "--reason", "Too soon – überlegen wir es."),
        ("split", "--split", "for=250", "--split", "abstain=50", "--reason", "Both."),
    ],
)
def test_a_ballot_is_its_voters_offline_and_counted_on_the_chain(
    auditor: Commands, dao: ServedDao, choice: tuple[str, ...]
) -> None:
    cast(auditor, dao, *choice)
    auditor.environment["CONCORD_SERVER"] = NOWHERE
    offline = auditor("verify", "ballot.json").check()
    assert "the voter signed this ballot" in offline.out
    assert HOSPITAL.address in offline.out
    assert "a claim until the chain was asked" in offline.out
    asked = auditor("verify", "ballot.json", "--rpc", rpc_of(dao)).check()
    assert "counted it with these votes in block" in asked.out
    answer = auditor("verify", "ballot.json", "--rpc", rpc_of(dao), "--json").check().json
    assert (answer["document"], answer["support"]) == ("ballot", choice[0])
    assert answer["voter"] == HOSPITAL.address
    assert len(answer["confirmed"]) == 1


BALLOT_FORGERIES: dict[str, Change] = {
    "v": put("v", by=2),
    "signature": put("signature", by="0x" + "11" * 65),
    "weight": put("weight", by="1"),
    "chain.chainId": put("chain", "chainId", by=1),
    "chain.blockNumber": put("chain", "blockNumber", by=1),
    "chain.blockHash": put("chain", "blockHash", by=HASH),
    "chain.transactionHash": put("chain", "transactionHash", by=HASH),
    "chain.logIndex": put("chain", "logIndex", by=77),
    "domain.name": put("typedData", "domain", "name", by="Other"),
    "domain.chainId": put("typedData", "domain", "chainId", by=1),
    "domain.verifyingContract": put("typedData", "domain", "verifyingContract", by=OTHER),
    "proposalId": put("typedData", "message", "proposalId", by="7"),
    "support": put("typedData", "message", "support", by=0),
    "voter": put("typedData", "message", "voter", by=LAB.address),
    "nonce": put("typedData", "message", "nonce", by="7"),
    "reason": put("typedData", "message", "reason", by="Never."),
    "params": put("typedData", "message", "params", by="0x" + "00" * 48),
    "primaryType": put("typedData", "primaryType", by="Ballot"),
    "types": put("typedData", "types", by={}),
    "more": put("more", by=1),
}


def test_a_ballot_with_any_field_changed_is_not_proven(auditor: Commands, dao: ServedDao) -> None:
    split = ("split", "--split", "for=250", "--split", "abstain=50", "--reason", "Both.")
    kept = cast(auditor, dao, *split)
    for name, change in BALLOT_FORGERIES.items():
        (auditor.folder / "forged.json").write_text(json.dumps(changed(kept, change)))
        result = auditor("verify", "forged.json", "--rpc", rpc_of(dao))
        assert result.code == 6, f"{name}: {result.out} {result.err}"


def test_another_voters_place_on_the_chain_is_not_this_ballots(
    auditor: Commands, dao: ServedDao
) -> None:
    proposal = dao.open(admit(NEWCOMER))
    for key in ("hospital", "clinic"):
        auditor("vote", proposal, "for", "--receipt", f"{key}.json", "--key", key).check()
    mine, others = (
        json.loads((auditor.folder / f"{key}.json").read_text()) for key in ("hospital", "clinic")
    )
    (auditor.folder / "forged.json").write_text(json.dumps(mine | {"chain": others["chain"]}))
    auditor("verify", "forged.json").check()
    refused = auditor("verify", "forged.json", "--rpc", rpc_of(dao)).check(6)
    assert "no vote by" in refused.err


def test_a_delegation_is_its_holders_offline_and_on_the_chain(
    auditor: Commands, dao: ServedDao
) -> None:
    kept = auditor("delegate", CLINIC.address, "--json", "--receipt", "delegation.json").check()
    assert json.loads((auditor.folder / "delegation.json").read_text()) == kept.json
    assert "the holder signed this delegation" in auditor("verify", "delegation.json").check().out
    asked = auditor("verify", "delegation.json", "--rpc", rpc_of(dao)).check()
    assert "took it in block" in asked.out
    forgeries: dict[str, Change] = {
        "v": put("v", by=2),
        "delegator": put("delegator", by=LAB.address),
        "signature": put("signature", by="0x" + "11" * 65),
        "delegatee": put("typedData", "message", "delegatee", by=LAB.address),
        "contract": put("typedData", "domain", "verifyingContract", by=OTHER),
        "chainId": put("chain", "chainId", by=1),
        "blockNumber": put("chain", "blockNumber", by=1),
        "blockHash": put("chain", "blockHash", by=HASH),
        "transactionHash": put("chain", "transactionHash", by=HASH),
        "logIndex": put("chain", "logIndex", by=77),
    }
    for name, change in forgeries.items():
        forged = changed(json.loads(kept.out), change)
        (auditor.folder / "forged.json").write_text(json.dumps(forged))
        result = auditor("verify", "forged.json", "--rpc", rpc_of(dao))
        assert result.code == 6, f"{name}: {result.out} {result.err}"
