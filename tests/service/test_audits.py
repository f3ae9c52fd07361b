from __future__ import annotations

import base64

import pytest

from ledger.events.canonical import JsonObject
from ledger.events.typed_data import sealed_read_digest
from ledger.verify import verify_bundle
from service.schemas.audits import AuditView, BundleView, ImpactView, LineageView
from tests.service.conftest import Served, problem_code

AUDIT = "/v1/models/tumours/versions/1/audit"


def test_an_audit_shows_every_ancestor_and_the_grant_that_covered_it(trained: Served) -> None:
    response = trained.get(AUDIT)
    answer = AuditView.model_validate_json(response.content)
    assert (answer.verdict, answer.is_complete) == ("clean", True)
    nodes = {ancestor.node for ancestor in answer.ancestors}
    assert nodes == {"model:tumours@1", "run:run-1", "dataset:records@1"}
    assert [c.grant for c in answer.coverages if c.holds] == ["grant-1"]
    log = trained.get("/v1/log").json()
    assert (answer.size, answer.root) == (log["size"], log["root"])


def test_a_retroactive_revocation_taints_now_but_not_as_of_before(trained: Served) -> None:
    before = trained.get("/v1/log").json()["size"] - 1
    trained.record(trained.consortium.revocation("grant-1", effect="retroactive"))
    assert trained.get(AUDIT).json()["verdict"] == "tainted"
    assert trained.get(AUDIT, at=before).json()["verdict"] == "clean"


def test_a_bundle_verifies_with_no_server_and_through_it(trained: Served) -> None:
    document = trained.get(AUDIT, bundle="true").content
    BundleView.model_validate_json(document)
    verified = verify_bundle(document, [trained.consortium.log_key.verifier])
    assert verified.answer.verdict == "clean"
    verdict = trained.post_bytes("/v1/proofs/verify", document).json()
    assert (verdict["kind"], verdict["valid"], verdict["verdict"]) == ("bundle", True, "clean")


def test_a_bundle_as_of_an_earlier_point_verifies_too(trained: Served) -> None:
    before = trained.get("/v1/log").json()["size"] - 1
    trained.record(trained.consortium.revocation("grant-1", effect="retroactive"))
    document = trained.get(AUDIT, at=before, bundle="true").content
    verified = verify_bundle(document, [trained.consortium.log_key.verifier])
    assert verified.answer.verdict == "clean"


def test_lineage_goes_both_ways_and_says_where_it_was_cut(trained: Served) -> None:
    path = "/v1/models/tumours/versions/1/lineage"
    whole = LineageView.model_validate_json(trained.get(path).content)
    assert whole.is_complete
    assert {"run:run-1", "dataset:records@1"} <= {n.node for n in whole.nodes}
    cut = LineageView.model_validate_json(trained.get(path, depth=1).content)
    assert not cut.is_complete
    assert "dataset:records@1" not in {n.node for n in cut.nodes}
    down = LineageView.model_validate_json(trained.get(path, direction="descendants").content)
    assert (down.direction, down.start) == ("descendants", "model:tumours@1")


def test_lineage_names_its_nodes_but_not_by_a_title_that_is_sealed(trained: Served) -> None:
    c = trained.consortium
    title, opening = c.sealed("Registry of Ms A.", "person-1")
    sealed = c.dataset("sealed", title=title)
    assert trained.send(sealed, opening).status_code == 201
    used: JsonObject = {"dataset": "sealed", "version": "1"}
    base: JsonObject = {"model": "tumours", "version": "1"}
    trained.record(
        c.dataset_version("sealed", "1"),
        c.run_completed("run-2", [used], [("tumours", "2")], startedAt=c.at()),
        c.model_version("tumours", "2", run="run-2", relation="finetuned", base=[base]),
    )
    answer = trained.get("/v1/models/tumours/versions/2/lineage")
    lineage = LineageView.model_validate_json(answer.content)
    called = {node.node: node.title for node in lineage.nodes}
    assert called == {
        "model:tumours@2": "Model tumours",
        "model:tumours@1": "Model tumours",
        "run:run-1": "train-classifier",
        "run:run-2": "train-classifier",
        "dataset:records@1": "Records of records",
        "dataset:sealed@1": None,
        "grant:grant-1": None,
        **{node: None for node in called if node.startswith("agent:")},
    }


def test_impact_tells_what_a_revocation_would_reach_and_changes_nothing(trained: Served) -> None:
    size = trained.get("/v1/log").json()["size"]
    answer = trained.get("/v1/datasets/records/impact")
    reached = ImpactView.model_validate_json(answer.content)
    assert [m.node for m in reached.models] == ["model:tumours@1"]
    by_grant = trained.get("/v1/datasets/records/impact", grant="grant-1").json()
    assert [r["node"] for r in by_grant["runs"]] == ["run:run-1"]
    assert trained.get("/v1/log").json()["size"] == size


def test_questions_about_what_is_not_recorded_are_not_found(served: Served) -> None:
    codes = {
        AUDIT: "unknown-version",
        "/v1/models/tumours/versions/1/lineage": "unknown-node",
        "/v1/datasets/records/impact": "unknown-node",
    }
    for path, code in codes.items():
        assert problem_code(served.get(path), 404) == code


def test_a_receipt_is_verified_and_an_altered_one_is_told_why_not(granted: Served) -> None:
    document = granted.get("/v1/receipts/1").content
    verdict = granted.post_bytes("/v1/proofs/verify", document).json()
    assert (verdict["kind"], verdict["valid"], verdict["index"]) == ("receipt", True, 1)
    other = granted.get("/v1/receipts/2").json()
    forged = granted.get("/v1/receipts/1").json() | {"leaf": other["leaf"]}
    verdict = granted.post("/v1/proofs/verify", forged).json()
    assert (verdict["valid"], verdict["problem"]) == (False, "wrong-root")
    assert verdict["eventId"] is None
    for wrong in ({}, {"receipt": 1}):
        response = granted.post("/v1/proofs/verify", wrong)
        assert problem_code(response, 400) == "invalid-request"


def test_receipts_at_later_sizes_and_consistency_fit_together(granted: Served) -> None:
    size = granted.get("/v1/log").json()["size"]
    for first in range(size + 1):
        answer = granted.get("/v1/log/consistency", first=first, second=size).json()
        assert (answer["first"], answer["second"]) == (first, size)
    assert answer["proof"] == []
    backwards = granted.get("/v1/log/consistency", first=2, second=1)
    assert problem_code(backwards, 400) == "invalid-parameter"
    beyond = granted.get("/v1/log/consistency", first=1, second=size + 1)
    assert problem_code(beyond, 404) == "size-not-reached"


@pytest.fixture
def sealed(granted: Served) -> tuple[Served, str]:
    """A request of lab 0 with a sealed justification."""
    c = granted.consortium
    justification, opening = c.sealed("Dr Jones needs it", "jones")
    event = c.request("request-1", "records", justification=justification)
    assert granted.send(event, opening).status_code == 201
    return granted, opening.commitment


def read_question(
    served: Served, reader: str, commitment: str, shift: int = 0
) -> dict[str, object]:
    c = served.consortium
    keys = {k.address: k for k in [*c.labs, *c.stewards, c.operator, c.auditor, c.outsider]}
    issued_at = c.clock.now + shift
    digest = sealed_read_digest(
        reader=reader,
        commitment=base64.b64decode(commitment),
        issued_at=issued_at,
        domain=c.domain,
    )
    return {
        "commitment": commitment,
        "reader": reader,
        "issuedAt": issued_at,
        "signature": keys[reader].sign_digest(digest),
    }


def test_sealed_values_are_for_signer_steward_auditors_and_operator_alone(
    sealed: tuple[Served, str],
) -> None:
    served, commitment = sealed
    c = served.consortium
    for key in (c.labs[0], c.stewards[0], c.auditor, c.operator):
        asked = read_question(served, key.address, commitment)
        answer = served.post("/v1/sealed:read", asked).json()
        assert answer["value"] == "Dr Jones needs it"
    for key in (c.labs[1], c.stewards[1], c.outsider):
        asked = read_question(served, key.address, commitment)
        assert problem_code(served.post("/v1/sealed:read", asked), 403) == "not-for-reader"


def test_a_question_that_is_old_or_signed_by_another_opens_nothing(
    sealed: tuple[Served, str],
) -> None:
    served, commitment = sealed
    c = served.consortium
    old = read_question(served, c.auditor.address, commitment, shift=-10 * 60 * 1000)
    assert problem_code(served.post("/v1/sealed:read", old), 403) == "stale-question"
    asked = read_question(served, c.outsider.address, commitment)
    stolen = asked | {"reader": c.auditor.address}
    assert problem_code(served.post("/v1/sealed:read", stolen), 403) == "wrong-signer"


def test_an_erased_value_is_told_apart_from_one_that_never_was(sealed: tuple[Served, str]) -> None:
    served, commitment = sealed
    c = served.consortium
    served.record(c.erasure("erasure-1", [commitment]))
    asked = read_question(served, c.auditor.address, commitment)
    assert problem_code(served.post("/v1/sealed:read", asked), 404) == "value-erased"
    never = base64.b64encode(bytes(32)).decode()
    asked = read_question(served, c.auditor.address, never)
    assert problem_code(served.post("/v1/sealed:read", asked), 404) == "no-such-resource"
