"""Releases over HTTP: what a proposal rests on, what the log says of it, what a policy asks for."""

from __future__ import annotations

import hashlib
from pathlib import Path

import orjson

from ledger.content.embedded import EmbeddedContentStore
from ledger.events import SigningKey
from tests.service.assembly import HOSPITAL, LAB, NEWCOMER, Json, ServedDao, admit, await_that
from tests.service.conftest import ServeDao, problem_code

MODEL = "tumours"
PATH = f"/v1/models/{MODEL}/versions/1"


def publish(dao: ServedDao) -> None:
    """A model version that names no run."""
    dao.say(
        *(LAB, "model.registered"),
        {"model": MODEL, "title": "Tumours", "owner": LAB.address, "license": "Apache-2.0"},
    )
    artifact = {"digest": {"sha256": "ab" * 32}, "name": "tumours.onnx"}
    version: Json = {"model": MODEL, "version": "1", "artifact": artifact}
    dao.say(LAB, "model.version_published", version | {"relation": "trained"})


def release(record: str) -> Json:
    """The action that releases it."""
    until = "2099-01-01T00:00:00Z"
    return {"action": "release", "model": MODEL, "recordLeaf": record, "validUntil": until}


def call(dao: ServedDao, sender: SigningKey, function: str, arguments: list[object]) -> None:
    """A member's own call of the model registry."""
    asked = {"from": sender.address, "contract": "models", "function": function}
    dao.send(sender, dao.do("/v1/transactions:prepare", asked | {"arguments": arguments}))


def attested(dao: ServedDao) -> str:
    """The record of a version, proven on the chain."""
    publish(dao)
    await_that(lambda: dao.get(f"{PATH}/attestation").status_code == 200)
    found = dao.read(f"{PATH}/attestation")
    call(dao, LAB, "register", [MODEL, "0"])
    call(dao, LAB, "attest", found["arguments"])
    return str(found["recordLeaf"])


def test_a_release_is_told_with_the_logs_own_audit_and_names_the_model(dao: ServedDao) -> None:
    publish(dao)
    record = "0x" + dao.read(PATH)["leafHash"]
    prepared = dao.prepare(release(record))
    assert [(each["version"], each["verdict"]) for each in prepared["audits"]] == [
        ("1", "incomplete")
    ]
    assert {each["code"] for each in prepared["audits"][0]["findings"]} == {"run-incomplete"}
    (breach,) = prepared["policyBreaches"]
    assert (breach["policy"], breach["version"]) == ("release", None)
    assert "attest it first" in breach["reason"]
    assert prepared["simulation"]["fails"] is True
    detail = dao.detail(dao.propose(release(record)))
    version = f"model {MODEL}: version 1 (record {record})"
    assert detail["sentences"][0].startswith(f"Release {version}, ")
    assert detail["audits"][0]["verdict"] == "incomplete"
    assert detail["policyBreaches"] == prepared["policyBreaches"]


def test_an_attested_record_can_be_released(serve_dao: ServeDao) -> None:
    dao = serve_dao(anchor_leaves=1)
    record = attested(dao)
    prepared = dao.prepare(release(record))
    assert prepared["policyBreaches"] == []
    simulation = prepared["simulation"]
    assert simulation["fails"] is False
    (change,) = simulation["actions"][0]["changes"]
    assert change["what"] == f"model {MODEL}: version 1 (record {record})"


def test_a_record_that_the_log_does_not_hold_has_no_verdict(dao: ServedDao) -> None:
    record = "0x" + "12" * 32
    prepared = dao.prepare(release(record))
    (audit,) = prepared["audits"]
    assert (audit["version"], audit["verdict"]) == (None, None)
    assert f"the version with record {record}" in prepared["simulation"]["actions"][0]["sentence"]


def test_what_is_not_published_or_not_anchored_yet_has_no_attestation(dao: ServedDao) -> None:
    assert problem_code(dao.get(f"{PATH}/attestation"), 404) == "no-such-resource"
    publish(dao)
    assert problem_code(dao.get(f"{PATH}/attestation"), 409) == "not-anchored-yet"


def test_an_audit_bundle_is_made_kept_and_verified_for_a_proposal(dao: ServedDao) -> None:
    publish(dao)
    record = "0x" + dao.read(PATH)["leafHash"]
    bundle = {"kind": "audit-bundle", "model": MODEL, "version": "1"}
    proposal = dao.propose(release(record), evidence=[bundle])
    (evidence,) = dao.detail(proposal)["evidence"]
    assert (evidence["isHeld"], evidence["verdict"], evidence["problem"]) == (
        *(True, "incomplete", None),
    )
    assert (evidence["model"], evidence["version"]) == (MODEL, "1")


def kept(dao: ServedDao, document: bytes) -> str:
    """A document in the content store; its id."""
    store = EmbeddedContentStore(Path(dao.data) / "content")
    content = str(store.add(document))
    store.close()
    return content


def test_a_bundle_that_does_not_verify_has_no_verdict_whatever_it_says(dao: ServedDao) -> None:
    forged = orjson.dumps({"v": 1, "answer": {"verdict": "clean"}})
    named = {"kind": "audit-bundle", "content": kept(dao, forged)}
    (evidence,) = dao.prepare(admit(NEWCOMER), evidence=[named])["evidence"]
    assert (evidence["isHeld"], evidence["verdict"]) == (True, None)
    assert "proves nothing" in evidence["problem"]


def test_a_document_is_named_with_its_digest(dao: ServedDao) -> None:
    text = b"Why we should."
    named = {"kind": "document", "content": kept(dao, text)}
    prepared = dao.prepare(admit(NEWCOMER), evidence=[named])
    assert prepared["evidence"][0]["sha256"] == hashlib.sha256(text).hexdigest()
    assert prepared["evidence"][0]["sha256"] in prepared["description"]


def test_evidence_that_is_not_held_is_refused(dao: ServedDao) -> None:
    content = "bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
    asked = {
        "proposer": HOSPITAL.address,
        "title": "No such thing",
        "actions": [admit(NEWCOMER)],
        "evidence": [{"kind": "document", "content": content}],
    }
    assert problem_code(dao.post("/v1/proposals:prepare", asked), 404) == "content-not-found"
    unknown = asked | {"evidence": [{"kind": "audit-bundle", "model": "none", "version": "1"}]}
    assert dao.post("/v1/proposals:prepare", unknown).status_code == 404
