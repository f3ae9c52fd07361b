"""A policy that members adopt by vote binds from then on: what it forbids is turned away, and what
was recorded against it is found.
"""

from __future__ import annotations

import hashlib

import httpx
import orjson

from client.files import content_id
from ledger.events.identifiers import format_instant
from tests.service.assembly import HOSPITAL, LAB, Json, ServedDao, await_that
from tests.service.conftest import ServeDao, problem_code
from tests.support.servers import system_time

DAY = 86_400_000
DOCUMENT = orjson.dumps(
    {"v": 1, "policy": "short-grants", "rules": [{"rule": "longest-grant", "days": 30}]}
)
PURPOSE: Json = {"duo": ["HMB"]}


def adopting(document: bytes, policy: str = "short-grants") -> Json:
    """The action that adopts a document."""
    digest = "0x" + hashlib.sha256(document).hexdigest()
    content = content_id(document)
    return {"action": "adopt-policy", "policy": policy, "digest": digest, "content": content}


def adopt(dao: ServedDao, document: bytes = DOCUMENT) -> None:
    """Adopts a policy by vote, whether its text is held or not; the log tells so."""
    dao.carry_out(adopting(document))
    await_that(lambda: bool(dao.read("/v1/policies")["items"]))


def register(dao: ServedDao) -> None:
    """A dataset with one version."""
    dao.say(
        *(HOSPITAL, "dataset.registered"),
        {
            "dataset": "records", "title": "Records", "license": "CC-BY-4.0", "usage": PURPOSE,
            "personalData": True, "steward": HOSPITAL.address,
        },
    )  # fmt: skip
    file = {"name": "records.csv", "digest": {"sha256": "ab" * 32}}
    version: Json = {"dataset": "records", "version": "1", "distribution": [file]}
    dao.say(HOSPITAL, "dataset.version_published", version)


def granted(dao: ServedDao, grant: str, days: int) -> httpx.Response:
    """Sends a grant for so many days."""
    now = system_time()
    body: Json = {
        "grant": grant, "dataset": "records", "assignee": LAB.address, "actions": ["train"],
        "purpose": PURPOSE, "delegable": False,
        "notBefore": format_instant(now), "expiresAt": format_instant(now + days * DAY),
    }  # fmt: skip
    return dao.post("/v1/events", dao.said(HOSPITAL, "access.granted", body))


def renewed(dao: ServedDao, grant: str, days: int) -> httpx.Response:
    """Sends a renewal for so many days."""
    now = system_time()
    body: Json = {
        "grant": grant,
        "effectiveAt": format_instant(now),
        "expiresAt": format_instant(now + days * DAY),
    }
    return dao.post("/v1/events", dao.said(HOSPITAL, "access.renewed", body))


def train(dao: ServedDao, grant: str) -> None:
    """A model version that a run under the grant has made."""
    model: Json = {"model": "m", "title": "M", "owner": LAB.address, "license": "MIT"}
    dao.say(LAB, "model.registered", model)
    now = format_instant(system_time())
    made = {"model": "m", "version": "1", "digest": {"sha256": "cd" * 32}}
    run: Json = {
        "run": "run-1", "job": "fit", "outputs": [made], "startedAt": now, "endedAt": now,
        "inputs": [{"dataset": "records", "version": "1", "grant": grant}],
    }  # fmt: skip
    dao.say(LAB, "run.completed", run)
    version: Json = {"model": "m", "version": "1", "artifact": {"digest": {"sha256": "cd" * 32}}}
    dao.say(LAB, "model.version_published", version | {"relation": "trained", "run": "run-1"})


def decision(dao: ServedDao) -> Json:
    """Whether the lab may train on the data."""
    asked = {
        "subject": {"type": "member", "id": LAB.address},
        "action": {"name": "train"},
        "resource": {"type": "dataset", "id": "records"},
        "context": {"purpose": PURPOSE},
    }
    return dao.do("/access/v1/evaluation", asked)


def waiting(dao: ServedDao) -> list[str]:
    """The workers that wait."""
    return [each["worker"] for each in dao.read("/readyz")["waiting"]]


def test_an_adopted_policy_is_shown_with_what_it_demands(dao: ServedDao) -> None:
    content = dao.keep(DOCUMENT)
    adopt(dao)
    (shown,) = dao.read("/v1/policies")["items"]
    assert (shown["policy"], shown["version"], shown["content"]) == ("short-grants", 1, content)
    assert shown["document"] == orjson.loads(DOCUMENT)
    assert shown["sentences"] == ["A grant on a dataset runs for at most 30 days."]
    assert shown["problem"] is None
    detail = dao.read("/v1/policies/short-grants")
    assert [each["version"] for each in detail["versions"]] == [1]
    assert dao.get(f"/v1/content/{content}").content == DOCUMENT


def test_voters_see_what_a_policy_would_demand_or_why_nobody_can_say(dao: ServedDao) -> None:
    def shown(proposal: str) -> Json:
        return dict(dao.detail(proposal)["actions"][0])

    adoption, misnaming = dao.propose(adopting(DOCUMENT)), dao.propose(adopting(DOCUMENT, "other"))
    unread = shown(adoption)
    assert unread["demands"] == []
    assert "cannot be read here" in unread["warnings"][0]
    dao.keep(DOCUMENT)
    read = shown(adoption)
    assert read["demands"] == ["A grant on a dataset runs for at most 30 days."]
    assert read["warnings"] == []
    misnamed = shown(misnaming)
    assert misnamed["demands"] == []
    assert "the text is policy short-grants" in misnamed["warnings"][0].lower()
    # Who proposes it is told before it is sent.
    for name, seen in (("short-grants", read), ("other", misnamed)):
        (tried,) = dao.prepare(adopting(DOCUMENT, name))["simulation"]["actions"]
        assert (tried["warnings"], tried["demands"]) == (seen["warnings"], seen["demands"])


def test_a_grant_and_a_renewal_that_the_policy_forbids_are_refused_with_the_reason(
    dao: ServedDao,
) -> None:
    dao.keep(DOCUMENT)
    register(dao)
    assert granted(dao, "before", 90).status_code == 201
    adopt(dao)
    # For a moment after the adoption its text is still being read.
    await_that(lambda: granted(dao, "short", 30).status_code != 503)
    before = dao.read("/v1/log")["size"]
    for refused in (granted(dao, "long", 31), renewed(dao, "before", 31)):
        assert problem_code(refused, 403) == "policy-breach"
        told = refused.json()["detail"]
        assert "short-grants (version 1): it was " in told
        assert "for 31 days, and 30 is the most" in told
    assert dao.read("/v1/log")["size"] == before
    assert dao.get("/v1/grants/long").status_code == 404
    assert renewed(dao, "short", 30).status_code == 201
    # What was given before the vote is left as it is.
    assert decision(dao)["decision"] is True


def test_a_batch_with_a_forbidden_grant_has_the_others_recorded(dao: ServedDao) -> None:
    dao.keep(DOCUMENT)
    register(dao)
    adopt(dao)
    await_that(lambda: granted(dao, "short", 30).status_code != 503)
    now = system_time()
    bodies: list[Json] = [
        {
            "grant": f"batch-{days}", "dataset": "records", "assignee": LAB.address,
            "actions": ["train"], "purpose": PURPOSE, "delegable": False,
            "notBefore": format_instant(now), "expiresAt": format_instant(now + days * DAY),
        }
        for days in (10, 31, 20)
    ]  # fmt: skip
    events = [dao.said(HOSPITAL, "access.granted", body) for body in bodies]
    results = dao.do("/v1/events:batch", {"events": events})["results"]
    assert [each["status"] for each in results] == [201, 403, 201]
    assert results[1]["problem"]["code"] == "policy-breach"


def test_what_was_recorded_before_the_text_was_at_hand_is_found_and_denied(
    serve_dao: ServeDao,
) -> None:
    dao = serve_dao(policy_seconds=0.05)
    register(dao)
    adopt(dao)
    await_that(lambda: "policies" in waiting(dao))
    (shown,) = dao.read("/v1/policies")["items"]
    assert shown["problem"] == "The content store does not hold its text."
    assert granted(dao, "long", 90).status_code == 201
    train(dao, "long")
    audit = dao.read("/v1/models/m/versions/1/audit")
    assert (audit["verdict"], audit["findings"]) == ("clean", [])
    assert decision(dao)["decision"] is True

    dao.keep(DOCUMENT)
    await_that(lambda: "policies" not in waiting(dao))
    assert dao.read("/v1/policies/short-grants")["problem"] is None
    audit = dao.read("/v1/models/m/versions/1/audit")
    (finding,) = audit["findings"]
    assert (audit["verdict"], finding["code"]) == ("tainted", "policy-violated")
    assert "for 90 days, and 30 is the most" in finding["sentence"]
    (adopted,) = dao.read("/v1/events", kind="policy.adopted")["items"]
    assert adopted["index"] in finding["events"]
    assert [(each["policy"], each["version"]) for each in audit["policies"]] == [
        ("short-grants", 1)
    ]
    denied = decision(dao)
    assert (denied["decision"], denied["context"]["reason"]) == (False, "policy-violated")
    assert granted(dao, "longer", 91).status_code == 403
    bundle = dao.read("/v1/models/m/versions/1/audit", bundle="true")
    verdict = dao.do("/v1/proofs/verify", bundle)
    assert (verdict["valid"], verdict["verdict"]) == (True, "tainted")


def test_while_a_text_cannot_be_read_grants_wait_and_nothing_slips_through(
    serve_dao: ServeDao,
) -> None:
    dao = serve_dao(policy_seconds=0.05)
    dao.keep(DOCUMENT)
    register(dao)
    assert granted(dao, "before", 90).status_code == 201
    proposal = dao.queued(adopting(DOCUMENT))
    await_that(lambda: bool(dao.read("/v1/events", kind="proposal.queued")["items"]))
    blocks = dao.data / "content" / "blocks"
    blocks.rename(blocks.with_name("away"))
    blocks.touch()
    dao.execute(proposal)
    await_that(lambda: bool(dao.read("/v1/events", kind="policy.adopted")["items"]))
    for refused in (granted(dao, "long", 90), granted(dao, "short", 1)):
        assert problem_code(refused, 503) == "policies-loading"
        assert int(refused.headers["Retry-After"]) >= 1
    assert dao.get("/v1/grants/short").status_code == 404
    assert problem_code(dao.get("/v1/policies"), 503) == "storage-failed"
    # Facts are recorded whatever happens.
    use: Json = {"grant": "before", "action": "train", "purpose": PURPOSE}
    dao.say(LAB, "access.used", use)

    blocks.unlink()
    blocks.with_name("away").rename(blocks)
    await_that(lambda: granted(dao, "short", 1).status_code == 201)
    assert problem_code(granted(dao, "long", 90), 403) == "policy-breach"


def test_a_release_policy_shows_what_a_release_lacks_before_the_vote(serve_dao: ServeDao) -> None:
    dao = serve_dao(anchor_leaves=1)
    document = orjson.dumps(
        {
            "v": 1,
            "policy": "release",
            "rules": [{"rule": "verdict-required", "accepted": ["clean"]}],
        }
    )
    dao.keep(document)
    dao.carry_out(adopting(document, "release"))
    register(dao)
    await_that(lambda: granted(dao, "g", 90).status_code == 201)
    train(dao, "g")
    now = format_instant(system_time())
    revoked: Json = {"grant": "g", "effectiveAt": now, "effect": "retroactive"}
    dao.say(HOSPITAL, "access.revoked", revoked)
    version = "/v1/models/m/versions/1"
    await_that(lambda: dao.get(f"{version}/attestation").status_code == 200)
    found = dao.read(f"{version}/attestation")
    for function, arguments in (("register", ["m", "0"]), ("attest", found["arguments"])):
        asked = {"from": LAB.address, "contract": "models", "function": function}
        dao.send(LAB, dao.do("/v1/transactions:prepare", asked | {"arguments": arguments}))
    release: Json = {
        "action": "release",
        "model": "m",
        "recordLeaf": found["recordLeaf"],
        "validUntil": "2099-01-01T00:00:00Z",
    }
    prepared = dao.prepare(release)
    assert [each["verdict"] for each in prepared["audits"]] == ["tainted"]
    lacks = "its audit is tainted, and the release policy asks for clean"
    (breach,) = prepared["policyBreaches"]
    assert (breach["policy"], breach["version"]) == ("release", 1)
    assert lacks in breach["reason"]
    detail = dao.detail(dao.propose(release))
    assert detail["state"] == "pending"
    assert detail["policyBreaches"] == [breach]
    assert "grant-revoked-after-use" in {each["code"] for each in detail["audits"][0]["findings"]}
