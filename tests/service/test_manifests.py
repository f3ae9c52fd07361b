"""Inputs manifests over HTTP: an audit is incomplete until the service holds them, whole and well
formed, and so is the answer to what a revocation would reach.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from client.files import content_id
from ledger.events.canonical import JsonObject
from ledger.verify import verify_bundle
from tests.service.assembly import Json
from tests.service.conftest import Serve, Served, problem_code

AUDIT = "/v1/models/tumours/versions/1/audit"
LINEAGE = "/v1/models/tumours/versions/1/lineage"
IMPACT = "/v1/datasets/records/impact"
USED = {"dataset": "records", "version": "1", "grant": "grant-1"}
MANIFEST = orjson.dumps(USED) + b"\n"


def upload(served: Served, document: bytes) -> None:
    """A member adds a document."""
    headers = served.sign_in(served.consortium.labs[0])
    added = served.http.post("/v1/content", content=document, headers=headers)
    assert added.status_code == 201, added.text
    assert added.json()["content"] == content_id(document)


def train(served: Served, manifest: bytes) -> None:
    """A model out of a run that lists its inputs in a manifest alone."""
    c = served.consortium
    digest: JsonObject = {"digest": {"sha256": hashlib.sha256(manifest).hexdigest()}}
    run = c.run_completed("run-1", [], [("tumours", "1")], startedAt=c.at(), inputsManifest=digest)
    served.record(c.model("tumours"), run, c.model_version("tumours", "1", run="run-1"))


def audit(served: Served) -> Json:
    """The answer."""
    answer: Json = served.get(AUDIT).raise_for_status().json()
    return answer


def impact(served: Served) -> Json:
    """The answer."""
    answer: Json = served.get(IMPACT).raise_for_status().json()
    return answer


def test_an_incomplete_audit_is_completed_by_the_manifest(granted: Served) -> None:
    train(granted, MANIFEST)
    before = audit(granted)
    assert (before["verdict"], before["isComplete"]) == ("incomplete", False)
    assert [each["code"] for each in before["findings"]] == ["input-unresolved"]
    assert "which is not at hand" in before["findings"][0]["sentence"]

    upload(granted, MANIFEST)
    after = audit(granted)
    assert (after["verdict"], after["isComplete"], after["findings"]) == ("clean", True, [])
    assert [each["grant"] for each in after["coverages"]] == ["grant-1"]
    document = granted.get(AUDIT, bundle="true").content
    verified = verify_bundle(document, [granted.consortium.log_key.verifier])
    assert verified.answer.verdict == "clean"
    # The manifest is in the bundle: without it, it proves nothing.
    without = orjson.loads(document)
    assert len(without["manifests"]) == 1
    verdict = granted.post("/v1/proofs/verify", without | {"manifests": []}).json()
    assert verdict["valid"] is False


def test_what_a_manifest_hides_is_judged_once_it_is_held(granted: Served) -> None:
    train(granted, MANIFEST)
    granted.record(granted.consortium.revocation("grant-1", effect="retroactive"))
    assert audit(granted)["verdict"] == "incomplete"
    upload(granted, MANIFEST)
    assert audit(granted)["verdict"] == "tainted"


def test_the_impact_names_runs_with_unread_manifests_and_reaches_what_they_list(
    granted: Served,
) -> None:
    train(granted, MANIFEST)
    before = impact(granted)
    assert (before["isComplete"], before["unread"], before["models"]) == (False, ["run-1"], [])
    upload(granted, MANIFEST)
    after = impact(granted)
    assert (after["isComplete"], after["unread"]) == (True, [])
    assert [each["node"] for each in after["models"]] == ["model:tumours@1"]


def test_the_lineage_shows_what_a_manifest_lists_once_it_is_held(granted: Served) -> None:
    train(granted, MANIFEST)
    before = granted.get(LINEAGE).json()
    assert (before["isComplete"], before["unread"]) == (False, ["run-1"])
    upload(granted, MANIFEST)
    after = granted.get(LINEAGE).json()
    assert (after["isComplete"], after["unread"]) == (True, [])
    assert "dataset:records@1" in [each["node"] for each in after["nodes"]]


def test_other_bytes_do_not_stand_in(granted: Served) -> None:
    train(granted, MANIFEST)
    upload(granted, MANIFEST + b"\n")
    upload(granted, b"")
    assert audit(granted)["verdict"] == "incomplete"
    assert impact(granted)["unread"] == ["run-1"]


def flip(served: Served, document: bytes) -> None:
    """Damages the block that holds it."""
    name = content_id(document)
    block = Path(served.data / "content" / "blocks" / name[-3:-1] / name)
    damaged = bytearray(block.read_bytes())
    damaged[5] ^= 1
    block.write_bytes(damaged)


def truncate(served: Served, document: bytes) -> None:
    """Cuts the block that holds it."""
    name = content_id(document)
    block = Path(served.data / "content" / "blocks" / name[-3:-1] / name)
    block.write_bytes(document[:-1])


@pytest.mark.parametrize("damage", [flip, truncate])
def test_a_manifest_that_is_damaged_on_disk_is_as_good_as_missing(
    granted: Served, damage: Callable[[Served, bytes], None]
) -> None:
    train(granted, MANIFEST)
    upload(granted, MANIFEST)
    damage(granted, MANIFEST)
    assert audit(granted)["verdict"] == "incomplete"
    assert impact(granted)["unread"] == ["run-1"]
    # Adding it again mends it.
    upload(granted, MANIFEST)
    assert audit(granted)["verdict"] == "clean"


@pytest.mark.parametrize(
    "line",
    [
        b'{"dataset": 1}',
        b'{"dataset": "records", "version": "1", "grant": "grant-1", "more": 1}',
        b'{"dataset": "records", "dataset": "records", "version": "1"}',
        b"[]",
        b"\xff\xfe",
        b'{"dataset": "\\ud800", "version": "1"}',
        b"[" * 5_000,
        b"NaN",
    ],
)
def test_a_line_that_is_no_input_is_told_by_its_number(granted: Served, line: bytes) -> None:
    document = MANIFEST + line + b"\n"
    train(granted, document)
    upload(granted, document)
    answer = audit(granted)
    assert answer["verdict"] == "incomplete"
    (finding,) = answer["findings"]
    assert finding["code"] == "input-unresolved"
    assert finding["sentence"].startswith("Line 2 of the manifest")
    assert impact(granted)["unread"] == ["run-1"]
    assert [each["node"] for each in impact(granted)["models"]] == ["model:tumours@1"]


def test_beyond_the_limit_a_manifest_is_not_read_and_the_answer_says_so(serve: Serve) -> None:
    served = serve(max_manifest_bytes=1_024)
    c = served.consortium
    served.record(
        c.dataset("records"), c.dataset_version("records", "1"), c.grant("grant-1", "records")
    )
    document = MANIFEST * 20
    train(served, document)
    upload(served, document)
    answer = audit(served)
    assert (answer["verdict"], answer["isComplete"]) == ("incomplete", False)
    assert impact(served)["unread"] == ["run-1"]
    assert served.get(LINEAGE).json()["unread"] == ["run-1"]


def test_a_descriptor_without_a_digest_is_refused(granted: Served) -> None:
    c = granted.consortium
    asked = {
        "kind": "run.started",
        "actor": c.labs[0].address,
        "body": {
            "run": "run-2", "job": "fit", "inputs": [], "startedAt": c.at(),
            "inputsManifest": {"uri": f"ipfs://{content_id(MANIFEST)}"},
        },
    }  # fmt: skip
    assert problem_code(granted.post("/v1/events:prepare", asked), 400) == "invalid-body"
