"""What an audit finds: every code, each by a history that brings it about."""

from __future__ import annotations

import hashlib
import json

import pytest

from ledger.audit import Code, MemoryRows, audit, gather, supplied
from ledger.audit.errors import UnknownVersion
from ledger.events.canonical import JsonObject, JsonValue
from ledger.events.identifiers import format_instant
from tests.support.histories import DAY, HOUR, History, codes, used
from tests.support.ledgers import digest_of, member_key
from tests.support.roads import check_roads

M1: JsonObject = {"model": "m", "version": "1"}


def only(history: History, code: Code, severity: str, model: str = "m", version: str = "1") -> str:
    """The sentence of the one finding there is, which must be this one."""
    answer = history.audit(model, version)
    assert [(f.code, f.severity) for f in answer.findings] == [(code, severity)], answer.findings
    verdict = {"error": "tainted", "gap": "incomplete", "warning": "clean"}[severity]
    assert answer.verdict == verdict
    assert answer.is_complete is (severity != "gap")
    assert answer.findings[0].events == tuple(sorted(set(answer.findings[0].events)))
    return answer.findings[0].sentence


def test_a_model_trained_under_a_grant_is_clean(granted: History) -> None:
    granted.train(inputs=[used("d", "g")])
    answer = granted.audit()
    assert (answer.verdict, answer.is_complete, answer.findings) == ("clean", True, ())
    assert [(a.node, a.depth) for a in answer.ancestors] == [
        ("model:m@1", 0),
        ("run:run-m-1", 1),
        ("dataset:d@1", 2),
    ]
    (coverage,) = answer.coverages
    assert (coverage.grant, coverage.basis, coverage.holds) == ("g", "grant", True)
    assert answer.tree == granted.tree()


def test_a_version_that_nobody_published_cannot_be_audited(granted: History) -> None:
    with pytest.raises(UnknownVersion, match=r"Version 1 of model m is not published"):
        granted.audit()


class TestGrantMissing:
    def test_a_run_that_names_no_grant_is_tainted(self, granted: History) -> None:
        granted.train(inputs=[used("d")])
        assert "names no grant" in only(granted, Code.GRANT_MISSING, "error")

    def test_a_grant_that_nobody_recorded_covers_nothing(self, granted: History) -> None:
        granted.train(inputs=[used("d", "nowhere")])
        assert "is not recorded" in only(granted, Code.GRANT_MISSING, "error")

    def test_a_grant_on_another_dataset_covers_nothing(self, granted: History) -> None:
        granted.dataset("e")
        granted.train(inputs=[used("e", "g")])
        assert "is for dataset d" in only(granted, Code.GRANT_MISSING, "error")

    def test_somebody_elses_grant_covers_nothing(self, granted: History) -> None:
        granted.train(inputs=[used("d", "g")], lab=1)
        assert "'s." in only(granted, Code.GRANT_MISSING, "error")

    def test_the_grant_of_a_removed_member_covers_no_later_use(self, granted: History) -> None:
        granted.sign(
            granted.consortium.operator,
            "member.removed",
            member=granted.consortium.labs[0].address,
        )
        granted.pass_time(DAY)
        late: JsonObject = {
            "startedAt": granted.consortium.at(),
            "endedAt": granted.consortium.at(),
        }
        granted.sign(
            granted.consortium.operator,
            "member.admitted",
            member=granted.consortium.labs[0].address,
            roles=["developer"],
        )
        granted.pass_time(DAY)
        early: JsonObject = {
            "startedAt": granted.consortium.at(-DAY - HOUR),
            "endedAt": granted.consortium.at(-DAY - HOUR),
        }
        granted.train(inputs=[used("d", "g")], **early)
        assert "was removed from the members" in only(granted, Code.GRANT_MISSING, "error")
        granted.train("n", inputs=[used("d", "g")], **late)
        assert granted.audit("n").verdict == "clean"

    def test_a_steward_needs_no_grant_for_its_own_data(self, history: History) -> None:
        steward = history.consortium.stewards[0]
        history.sign(
            history.consortium.operator,
            "member.roles_changed",
            member=steward.address,
            roles=["steward", "developer"],
        )
        history.dataset("d")
        history.consortium.labs[0] = steward
        history.train(inputs=[used("d")])
        answer = history.audit()
        assert answer.verdict == "clean"
        assert answer.coverages[0].basis == "stewardship"


class TestTimes:
    def test_use_before_the_grant_begins_taints(self, history: History) -> None:
        history.dataset("d")
        history.grant("g", "d", notBefore=history.consortium.at(DAY))
        history.train(inputs=[used("d", "g")])
        assert "begins at" in only(history, Code.GRANT_NOT_YET_VALID, "error")

    def test_a_grant_that_is_dated_back_over_a_recorded_run_is_told(self, history: History) -> None:
        history.dataset("d")
        history.train(inputs=[used("d", "g")])
        history.grant("g", "d", notBefore=history.consortium.at(-DAY))
        sentence = only(history, Code.GRANT_NOT_YET_VALID, "warning")
        assert "was recorded only in event" in sentence

    def test_use_after_the_end_taints(self, granted: History) -> None:
        granted.pass_time(90 * DAY)
        granted.train(inputs=[used("d", "g")])
        assert "ended at" in only(granted, Code.GRANT_EXPIRED, "error")
        assert [(c.basis, c.holds) for c in granted.audit().coverages] == [("grant", False)]

    def test_a_run_that_outlasts_the_grant_taints(self, granted: History) -> None:
        granted.pass_time(90 * DAY)
        granted.train(inputs=[used("d", "g")], startedAt=granted.consortium.at(-10 * DAY))
        only(granted, Code.GRANT_EXPIRED, "error")

    def test_a_run_that_ends_when_the_grant_does_is_covered(self, granted: History) -> None:
        granted.pass_time(89 * DAY)
        granted.train(inputs=[used("d", "g")], endedAt=granted.consortium.at())
        assert granted.audit().verdict == "clean"
        granted.train("n", inputs=[used("d", "g")], endedAt=granted.consortium.at(1))
        only(granted, Code.GRANT_EXPIRED, "error", "n")

    def test_a_renewal_carries_a_grant_on(self, granted: History) -> None:
        steward = granted.consortium.stewards[0]
        granted.sign(
            steward,
            "access.renewed",
            grant="g",
            expiresAt=granted.consortium.at(200 * DAY),
            effectiveAt=granted.consortium.at(),
        )
        granted.pass_time(100 * DAY)
        granted.train(inputs=[used("d", "g")])
        assert granted.audit().verdict == "clean"

    def test_use_between_an_end_and_a_late_renewal_taints(self, granted: History) -> None:
        granted.pass_time(95 * DAY)
        granted.sign(
            granted.consortium.stewards[0],
            "access.renewed",
            grant="g",
            expiresAt=granted.consortium.at(200 * DAY),
            effectiveAt=granted.consortium.at(),
        )
        gap = granted.consortium.at(-DAY)
        granted.train(inputs=[used("d", "g")], startedAt=gap, endedAt=gap)
        only(granted, Code.GRANT_EXPIRED, "error")

    def test_use_during_a_suspension_taints_and_after_it_does_not(self, granted: History) -> None:
        steward = granted.consortium.stewards[0]
        granted.sign(steward, "access.suspended", grant="g", effectiveAt=granted.consortium.at())
        granted.pass_time(DAY)
        granted.train(inputs=[used("d", "g")])
        assert "was suspended from" in only(granted, Code.GRANT_SUSPENDED, "error")
        granted.sign(steward, "access.resumed", grant="g", effectiveAt=granted.consortium.at())
        granted.pass_time(DAY)
        granted.train("n", inputs=[used("d", "g")])
        assert granted.audit("n").verdict == "clean"

    def test_an_expiry_on_record_before_a_backdated_run_is_told(self, granted: History) -> None:
        granted.pass_time(90 * DAY)
        granted.sign(granted.consortium.operator, "access.expired", grant="g", sweep="s1")
        early = granted.consortium.at(-10 * DAY)
        granted.train(inputs=[used("d", "g")], startedAt=early, endedAt=early)
        assert "its signer's account" in only(granted, Code.GRANT_EXPIRED, "warning")

    def test_a_run_that_claims_the_future_is_judged_when_it_was_told(
        self, history: History
    ) -> None:
        history.dataset("d")
        history.grant(
            "g", "d", notBefore=history.consortium.at(DAY), expiresAt=history.consortium.at(9 * DAY)
        )
        later = history.consortium.at(2 * DAY)
        history.train(inputs=[used("d", "g")], startedAt=later, endedAt=later)
        only(history, Code.GRANT_NOT_YET_VALID, "error")


class TestRevocation:
    def test_use_after_a_prospective_revocation_taints(self, granted: History) -> None:
        granted.revoke("g")
        granted.pass_time(DAY)
        granted.train(inputs=[used("d", "g")])
        assert "was revoked from" in only(granted, Code.GRANT_REVOKED_BEFORE_USE, "error")

    def test_use_before_a_prospective_revocation_stands(self, granted: History) -> None:
        granted.train(inputs=[used("d", "g")])
        granted.pass_time(DAY)
        granted.revoke("g")
        sentence = only(granted, Code.GRANT_REVOKED_AFTER_USE, "warning")
        assert "use before a prospective revocation stands" in sentence

    def test_a_run_dated_before_a_revocation_on_record_is_told(self, granted: History) -> None:
        granted.pass_time(DAY)
        granted.revoke("g")
        granted.pass_time(DAY)
        early = granted.consortium.at(-3 * DAY + HOUR)
        granted.train(inputs=[used("d", "g")], startedAt=early, endedAt=early)
        sentence = only(granted, Code.GRANT_REVOKED_AFTER_USE, "warning")
        assert "before anything told of this use" in sentence

    def test_a_retroactive_revocation_taints_what_was_made(self, granted: History) -> None:
        granted.train(inputs=[used("d", "g")])
        granted.pass_time(DAY)
        granted.revoke("g", "retroactive")
        sentence = only(granted, Code.GRANT_REVOKED_AFTER_USE, "error")
        assert "takes back what was made" in sentence

    def test_a_retroactive_revocation_reaches_use_before_its_own_date(
        self, granted: History
    ) -> None:
        granted.train(inputs=[used("d", "g")])
        granted.pass_time(DAY)
        granted.revoke("g", "retroactive", effectiveAt=granted.consortium.at(30 * DAY))
        only(granted, Code.GRANT_REVOKED_AFTER_USE, "error")

    def test_one_dated_before_the_use_and_told_after_it_comes_after_it(
        self, granted: History
    ) -> None:
        granted.train(inputs=[used("d", "g")])
        granted.pass_time(DAY)
        granted.revoke("g", "retroactive", effectiveAt=granted.consortium.at(-2 * DAY))
        only(granted, Code.GRANT_REVOKED_AFTER_USE, "error")

    def test_as_of_before_the_revocation_the_model_is_clean(self, granted: History) -> None:
        granted.train(inputs=[used("d", "g")])
        before = granted.size
        granted.pass_time(DAY)
        granted.revoke("g", "retroactive")
        assert granted.audit(size=before).verdict == "clean"
        assert granted.audit().verdict == "tainted"

    def test_revoking_the_grant_above_reaches_what_was_made_below(self, history: History) -> None:
        history.dataset("d")
        history.grant("top", "d", delegable=True)
        lab = history.consortium.labs[0]
        below: JsonObject = {
            "grant": "sub",
            "dataset": "d",
            "assignee": history.consortium.labs[1].address,
            "actions": ["train"],
            "purpose": {"duo": ["HMB"]},
            "notBefore": history.consortium.at(),
            "expiresAt": history.consortium.at(DAY),
            "delegable": False,
            "parent": "top",
        }
        history.sign(lab, "access.granted", **below)
        history.pass_time(HOUR)
        history.train(inputs=[used("d", "sub")], lab=1)
        assert history.audit().verdict == "clean"
        history.revoke("top", "retroactive")
        sentence = only(history, Code.GRANT_REVOKED_AFTER_USE, "error")
        assert "grant top, which grant sub stands under" in sentence
        assert history.audit().findings[0].path[-2:] == ("grant:sub", "grant:top")


class TestTerms:
    def test_training_under_a_grant_to_read_taints(self, history: History) -> None:
        history.dataset("d")
        history.grant("g", "d", actions=["read"])
        history.pass_time(HOUR)
        history.train(inputs=[used("d", "g")])
        assert "allows read only" in only(history, Code.ACTION_NOT_PERMITTED, "error")

    def test_evaluation_declared_by_the_end_needs_no_grant_to_train(self, history: History) -> None:
        history.dataset("d")
        history.grant("g", "d", actions=["evaluate"])
        history.pass_time(HOUR)
        history.record(history.consortium.use("g", run="run-m-1", action="evaluate"))
        history.train(inputs=[used("d", "g")])
        assert history.audit().verdict == "clean"

    def test_evaluation_declared_afterwards_explains_nothing_away(self, history: History) -> None:
        history.dataset("d")
        history.grant("g", "d", actions=["evaluate"])
        history.pass_time(HOUR)
        history.train(inputs=[used("d", "g")])
        history.record(history.consortium.use("g", run="run-m-1", action="evaluate"))
        only(history, Code.ACTION_NOT_PERMITTED, "error")

    def test_a_version_that_the_grant_does_not_cover_taints(self, history: History) -> None:
        history.dataset("d")
        history.record(history.consortium.dataset_version("d", "2"))
        history.grant("g", "d", versions=["1"])
        history.pass_time(HOUR)
        history.train(inputs=[used("d", "g", version="2")])
        assert "covers version 1 only" in only(history, Code.VERSION_NOT_COVERED, "error")

    def test_a_grant_beyond_the_consent_taints(self, history: History) -> None:
        history.dataset("d")
        history.grant("g", "d", purpose={"duo": ["GRU"]})
        history.pass_time(HOUR)
        history.train(inputs=[used("d", "g")])
        assert "GRU is not within HMB" in only(history, Code.PURPOSE_MISMATCH, "error")

    def test_no_methods_development_bars_training(self, history: History) -> None:
        history.dataset("d", usage={"duo": ["HMB", "NMDS"]})
        history.grant("g", "d", purpose={"duo": ["HMB", "NMDS"]})
        history.pass_time(HOUR)
        history.train(inputs=[used("d", "g")])
        assert "NMDS bars" in only(history, Code.PURPOSE_MISMATCH, "error")

    def test_a_recorded_use_beyond_the_grants_purpose_taints(self, granted: History) -> None:
        granted.record(granted.consortium.use("g", run="run-m-1", purpose={"duo": ["GRU"]}))
        granted.train(inputs=[used("d", "g")])
        assert "a recorded use goes beyond" in only(granted, Code.PURPOSE_MISMATCH, "error")

    def test_a_constraint_that_does_not_hold_taints(self, history: History) -> None:
        limit = {"leftOperand": "spatial", "operator": "eq", "rightOperand": "DE"}
        history.dataset("d")
        history.grant("g", "d", constraints=[limit])
        history.pass_time(HOUR)
        history.train(inputs=[used("d", "g")], environment={"spatial": "FR"})
        assert "“spatial eq DE” does not hold" in only(history, Code.CONSTRAINT_VIOLATED, "error")
        history.train("n", inputs=[used("d", "g")], environment={"spatial": "DE"})
        assert history.audit("n").verdict == "clean"

    def test_an_operand_that_is_not_understood_denies(self, history: History) -> None:
        limit = {"leftOperand": "moonPhase", "operator": "eq", "rightOperand": "full"}
        history.dataset("d")
        history.grant("g", "d", constraints=[limit])
        history.pass_time(HOUR)
        history.train(inputs=[used("d", "g")])
        assert "is not understood, which denies" in only(history, Code.CONSTRAINT_VIOLATED, "error")

    def test_the_third_use_under_a_grant_for_two_taints(self, history: History) -> None:
        limit = {"leftOperand": "count", "operator": "lteq", "rightOperand": 2}
        history.dataset("d")
        history.grant("g", "d", constraints=[limit])
        for name in "abc":
            history.pass_time(HOUR)
            history.train(name, inputs=[used("d", "g")])
        assert [history.audit(name).verdict for name in "abc"] == ["clean", "clean", "tainted"]

    def test_runs_of_others_that_name_a_grant_do_not_use_it_up(self, history: History) -> None:
        limit = {"leftOperand": "count", "operator": "lteq", "rightOperand": 1}
        history.dataset("d")
        history.grant("g", "d", constraints=[limit])
        history.pass_time(HOUR)
        history.train("theirs", inputs=[used("d", "g")], lab=1)
        history.train("m", inputs=[used("d", "g")])
        assert history.audit("m").verdict == "clean"

    def test_use_long_after_the_first_breaks_an_elapsed_time(self, history: History) -> None:
        limit = {"leftOperand": "odrl:elapsedTime", "operator": "lteq", "rightOperand": "P10D"}
        history.dataset("d")
        history.grant("g", "d", constraints=[limit])
        for name in "ab":
            history.pass_time(20 * DAY)
            history.train(name, inputs=[used("d", "g")])
        assert [history.audit(name).verdict for name in "ab"] == ["clean", "tainted"]

    def test_the_datasets_own_offer_binds_too(self, history: History) -> None:
        usage: JsonObject = {
            "duo": ["HMB"],
            "odrl": {"prohibition": [{"action": "odrl:use"}], "permission": []},
        }
        history.dataset("d", usage=usage)
        history.grant("g", "d")
        history.pass_time(HOUR)
        history.train(inputs=[used("d", "g")])
        assert "own terms forbid" in only(history, Code.CONSTRAINT_VIOLATED, "error")


class TestData:
    def test_bytes_that_the_steward_never_published_taint(self, granted: History) -> None:
        granted.train(inputs=[used("d", "g", digest=digest_of("something else"))])
        assert "saw a file of SHA-256" in only(granted, Code.DIGEST_MISMATCH, "error")

    def test_a_model_that_is_not_what_the_run_made_taints(self, granted: History) -> None:
        completed = granted.consortium.run_completed("r", [used("d", "g")], [("m", "1")])
        granted.record(completed)
        artifact = {"digest": {"sha256": digest_of("swapped")}}
        granted.publish("m", "1", run="r", artifact=artifact)
        assert "published is" in only(granted, Code.DIGEST_MISMATCH, "error")

    def test_a_base_that_is_not_what_was_published_taints(self, granted: History) -> None:
        granted.train(inputs=[used("d", "g")])
        swapped: JsonObject = M1 | {"digest": {"sha256": digest_of("swapped")}}
        granted.train("n", inputs=[swapped], base=[M1])
        only(granted, Code.DIGEST_MISMATCH, "error", "n")

    def test_a_dataset_withdrawn_before_use_taints(self, granted: History) -> None:
        granted.sign(granted.consortium.stewards[0], "dataset.withdrawn", dataset="d")
        granted.pass_time(DAY)
        granted.train(inputs=[used("d", "g")])
        assert "nobody was to use it" in only(granted, Code.DATASET_WITHDRAWN, "error")

    def test_a_dataset_withdrawn_during_use_taints(self, granted: History) -> None:
        granted.sign(granted.consortium.stewards[0], "dataset.withdrawn", dataset="d")
        granted.pass_time(HOUR)
        granted.train(inputs=[used("d", "g")], startedAt=granted.consortium.at(-2 * HOUR))
        only(granted, Code.DATASET_WITHDRAWN, "error")

    def test_a_revision_rests_on_what_it_revises(self, granted: History) -> None:
        body: JsonObject = {
            "dataset": "d",
            "version": "2",
            "distribution": [{"digest": {"sha256": digest_of("d@2")}}],
            "revisionOf": "1",
        }
        granted.sign(granted.consortium.stewards[0], "dataset.version_published", **body)
        granted.train(inputs=[used("d", "g", version="2")])
        assert granted.audit().verdict == "clean"

    def test_a_dataset_withdrawn_after_use_is_told(self, granted: History) -> None:
        granted.train(inputs=[used("d", "g")])
        granted.pass_time(DAY)
        granted.sign(granted.consortium.stewards[0], "dataset.withdrawn", dataset="d")
        assert "earlier use stands" in only(granted, Code.DATASET_WITHDRAWN, "warning")

    def test_a_run_dated_before_a_withdrawal_on_record_is_told(self, granted: History) -> None:
        granted.pass_time(DAY)
        granted.sign(granted.consortium.stewards[0], "dataset.withdrawn", dataset="d")
        early = granted.consortium.at(-DAY)
        granted.train(inputs=[used("d", "g")], startedAt=early, endedAt=early)
        assert "the developer's account" in only(granted, Code.DATASET_WITHDRAWN, "warning")

    def test_an_unregistered_dataset_leaves_the_answer_incomplete(self, granted: History) -> None:
        granted.train(inputs=[used("d", "g", version="9")])
        assert "no such version is recorded" in only(granted, Code.INPUT_UNRESOLVED, "gap")

    def test_a_base_that_nobody_published_leaves_it_incomplete(self, granted: History) -> None:
        granted.train(inputs=[used("d", "g")], base=[{"model": "ghost", "version": "1"}])
        assert "nobody published it" in only(granted, Code.INPUT_UNRESOLVED, "gap")


class TestRuns:
    def test_a_version_that_names_no_run_leaves_it_incomplete(self, granted: History) -> None:
        granted.publish("m", "1")
        assert "names no run" in only(granted, Code.RUN_INCOMPLETE, "gap")

    def test_a_quantized_version_needs_its_base_only(self, granted: History) -> None:
        granted.train(inputs=[used("d", "g")])
        granted.publish("n", "1", base=[M1], relation="quantized")
        assert granted.audit("n").verdict == "clean"

    def test_a_run_that_nobody_recorded_leaves_it_incomplete(self, granted: History) -> None:
        granted.publish("m", "1", run="ghost")
        assert "no event tells of it" in only(granted, Code.RUN_INCOMPLETE, "gap")

    def test_a_run_that_goes_on_leaves_it_incomplete(self, granted: History) -> None:
        granted.sign(
            granted.consortium.labs[0],
            "run.started",
            run="r",
            job="j",
            inputs=[used("d", "g")],
            startedAt=granted.consortium.at(),
        )
        granted.publish("m", "1", run="r")
        assert "has not ended" in only(granted, Code.RUN_INCOMPLETE, "gap")

    def test_a_failed_run_makes_no_model(self, granted: History) -> None:
        at = granted.consortium.at()
        granted.sign(
            granted.consortium.labs[0],
            "run.failed",
            run="r",
            job="j",
            inputs=[used("d", "g")],
            startedAt=at,
            endedAt=at,
        )
        granted.publish("m", "1", run="r")
        assert "failed" in only(granted, Code.RUN_INCOMPLETE, "gap")

    def test_a_run_that_does_not_list_the_version_leaves_it_incomplete(
        self, granted: History
    ) -> None:
        granted.record(granted.consortium.run_completed("r", [used("d", "g")], [("other", "1")]))
        granted.publish("m", "1", run="r")
        assert "does not list version 1" in only(granted, Code.RUN_INCOMPLETE, "gap")

    def test_an_input_told_at_the_start_is_not_hidden_by_the_end(self, granted: History) -> None:
        granted.dataset("secret", 1)
        granted.sign(
            granted.consortium.labs[0],
            "run.started",
            run="run-m-1",
            job="j",
            inputs=[used("secret")],
            startedAt=granted.consortium.at(),
        )
        granted.train(inputs=[used("d", "g")])
        assert codes(granted.audit(), "error") == ["grant-missing"]

    def test_a_second_run_of_the_owner_that_made_the_version_counts(self, granted: History) -> None:
        granted.train(inputs=[used("d", "g")])
        granted.dataset("secret", 1)
        granted.record(granted.consortium.run_completed("r2", [used("secret")], [("m", "1")]))
        assert codes(granted.audit()) == ["grant-missing"]

    def test_somebody_elses_claim_to_have_made_it_taints_nothing(self, granted: History) -> None:
        granted.train(inputs=[used("d", "g")])
        granted.dataset("secret", 1)
        claim = granted.consortium.run_completed("evil", [used("secret")], [("m", "1")], lab=1)
        granted.record(claim)
        assert "of somebody else" in only(granted, Code.RUN_INCOMPLETE, "warning")

    def test_a_gateway_that_saw_an_unlisted_use_leaves_it_incomplete(
        self, granted: History
    ) -> None:
        granted.dataset("e", 1)
        granted.grant("g2", "e", steward=1)
        use: JsonObject = {
            "grant": "g2",
            "action": "read",
            "purpose": {"duo": ["HMB"]},
            "run": "run-m-1",
        }
        granted.sign(granted.consortium.gateway, "access.used", **use)
        granted.train(inputs=[used("d", "g")])
        assert "which the run does not list" in only(granted, Code.INPUT_UNRESOLVED, "gap")

    def test_another_members_own_use_casts_no_doubt(self, granted: History) -> None:
        granted.grant("g2", "d", lab=1)
        granted.record(granted.consortium.use("g2", lab=1, run="run-m-1"))
        granted.train(inputs=[used("d", "g")])
        assert granted.audit().verdict == "clean"


class TestManifests:
    def lines(self, *items: JsonValue) -> bytes:
        return b"".join(json.dumps(item).encode() + b"\n" for item in items)

    def train_with(self, history: History, document: bytes) -> None:
        digest = hashlib.sha256(document).hexdigest()
        history.train(inputs=[], inputsManifest={"digest": {"sha256": digest}})

    def test_inputs_in_a_manifest_count(self, granted: History) -> None:
        document = self.lines(used("d", "g"), used("d"))
        self.train_with(granted, document)
        answer = granted.audit(manifests=supplied([document]))
        check_roads(granted, supplied([document]))
        assert codes(answer) == ["grant-missing"]
        assert [(c.basis, c.holds) for c in answer.coverages] == [("grant", True), ("none", False)]

    def test_without_its_manifest_a_run_leaves_it_incomplete(self, granted: History) -> None:
        self.train_with(granted, self.lines(used("d", "g")))
        assert "is not at hand" in only(granted, Code.INPUT_UNRESOLVED, "gap")

    def test_another_manifest_does_not_stand_in(self, granted: History) -> None:
        self.train_with(granted, self.lines(used("d", "g")))
        answer = granted.audit(manifests=supplied([self.lines(used("d", "g"), used("d", "g"))]))
        assert answer.verdict == "incomplete"

    def test_a_line_that_is_no_input_is_told_by_its_number(self, granted: History) -> None:
        document = self.lines(used("d", "g")) + b'{"dataset": 1}\n'
        self.train_with(granted, document)
        answer = granted.audit(manifests=supplied([document]))
        assert answer.verdict == "incomplete"
        assert answer.findings[0].sentence.startswith("Line 2 of the manifest")

    def test_empty_lines_of_a_manifest_are_passed_over(self, granted: History) -> None:
        document = b"\n" + self.lines(used("d", "g")) + b"\n\n" + self.lines(used("d")).rstrip()
        self.train_with(granted, document)
        answer = granted.audit(manifests=supplied([document]))
        assert [c.basis for c in answer.coverages] == ["grant", "none"]
        assert codes(answer) == ["grant-missing"]

    def test_a_manifest_that_a_limit_cuts_is_never_complete(self, granted: History) -> None:
        document = self.lines(*[used("d", "g")] * 6)
        self.train_with(granted, document)
        manifests = supplied([document])
        cut = granted.audit(manifests=manifests, limit=5)
        assert (cut.verdict, cut.is_complete, cut.limit) == ("incomplete", False, 5)
        assert granted.audit(manifests=manifests, limit=6).verdict == "clean"

    def test_a_cut_is_not_forgotten_at_the_next_run(self, granted: History) -> None:
        granted.train(inputs=[used("d", "g")])
        document = self.lines(*[M1] * 9)
        digest = hashlib.sha256(document).hexdigest()
        manifest: JsonObject = {"digest": {"sha256": digest}}
        granted.train("n", inputs=[], base=[M1], inputsManifest=manifest)
        cut = granted.audit("n", manifests=supplied([document]), limit=8)
        assert (cut.verdict, cut.is_complete, cut.limit) == ("incomplete", False, 8)


class TestLineage:
    def test_a_model_built_on_a_tainted_one_is_tainted(self, granted: History) -> None:
        granted.train(inputs=[used("d")])
        granted.train("n", inputs=[M1], base=[M1])
        granted.train("o", inputs=[], base=[{"model": "n", "version": "1"}])
        answer = granted.audit("o")
        assert answer.verdict == "tainted"
        assert sorted(codes(answer)) == [
            "base-model-tainted",
            "base-model-tainted",
            "grant-missing",
        ]
        assert answer.findings[0].path == (
            "model:o@1",
            "model:n@1",
            "model:m@1",
            "run:run-m-1",
            "dataset:d@1",
        )

    def test_a_diamond_is_walked_once(self, granted: History) -> None:
        granted.train("root", inputs=[used("d", "g")])
        root: JsonObject = {"model": "root", "version": "1"}
        for side in ("left", "right"):
            granted.train(side, inputs=[root], base=[root])
        both: list[JsonValue] = [{"model": s, "version": "1"} for s in ("left", "right")]
        granted.train("top", inputs=both, base=both)
        answer = granted.audit("top")
        assert answer.verdict == "clean"
        nodes = [a.node for a in answer.ancestors]
        assert len(nodes) == len(set(nodes)) == 9

    def test_a_version_built_on_itself_is_told(self, granted: History) -> None:
        granted.train(inputs=[used("d", "g")], base=[M1])
        assert "went into itself" in only(granted, Code.CYCLE, "gap")

    def test_models_built_on_each_other_are_told(self, granted: History) -> None:
        granted.train("m", inputs=[used("d", "g")], base=[{"model": "n", "version": "1"}])
        granted.train("n", inputs=[used("d", "g")], base=[M1])
        answer = granted.audit("m")
        assert answer.verdict == "incomplete"
        assert codes(answer) == ["cycle"]
        assert "model:m@1" in answer.findings[0].path
        assert "model:n@1" in answer.findings[0].path
        told = {ancestor.index for ancestor in answer.ancestors if ancestor.node[-4:] != ":d@1"}
        assert set(answer.findings[0].events) <= told
        assert len(answer.findings[0].events) == len(answer.findings[0].path)

    def test_a_run_that_reads_its_own_output_is_told(self, granted: History) -> None:
        granted.train(inputs=[used("d", "g"), M1])
        assert codes(granted.audit()) == ["cycle"]

    def test_a_tainted_circle_is_tainted_and_ends(self, granted: History) -> None:
        granted.train("m", inputs=[used("d")], base=[{"model": "n", "version": "1"}])
        granted.train("n", inputs=[M1], base=[M1])
        answer = granted.audit("n")
        assert answer.verdict == "tainted"
        assert not answer.is_complete

    def test_a_limit_that_cuts_is_never_complete(self, granted: History) -> None:
        granted.train(inputs=[used("d", "g")])
        answer = granted.audit(limit=2)
        assert (answer.verdict, answer.is_complete, answer.limit) == ("incomplete", False, 2)
        assert granted.audit(limit=3).verdict == "clean"

    def test_reading_that_a_limit_cut_is_never_complete(self, granted: History) -> None:
        granted.train("m", inputs=[used("d", "g")])
        granted.train("n", inputs=[M1], base=[M1])
        source = MemoryRows(granted.state)
        found = gather(source, model="n", version="1", manifests={}, limit=2)
        answer = audit(
            found.state, model="n", version="1", tree=granted.tree(), within=found.within
        )
        assert (answer.verdict, answer.is_complete) == ("incomplete", False)
        assert answer.findings == (), "what was not read must not be called missing"

    def test_a_chain_of_a_thousand_models_needs_no_recursion(self, granted: History) -> None:
        granted.train("m-0", inputs=[used("d")])
        for number in range(1, 1000):
            granted.publish(
                f"m-{number}",
                "1",
                base=[{"model": f"m-{number - 1}", "version": "1"}],
                relation="quantized",
            )
        answer = granted.audit("m-999")
        assert len(answer.findings) == 1000
        assert answer.findings[0].path[:2] == ("model:m-999@1", "model:m-998@1")
        assert "…" in answer.findings[0].path
        assert answer.findings[0].path[-2:] == ("run:run-m-0-1", "dataset:d@1")


def test_who_signs_for_a_member_does_not_matter_to_its_grant(granted: History) -> None:
    job = member_key("training-job")
    granted.sign(
        granted.consortium.labs[0],
        "key.authorized",
        key=job.address,
        kinds=["run.completed"],
        until=format_instant(granted.now + DAY),
    )
    body: JsonObject = {
        "run": "run-m-1",
        "job": "j",
        "inputs": [used("d", "g")],
        "outputs": [M1 | {"digest": {"sha256": digest_of("m@1")}}],
        "startedAt": granted.consortium.at(),
        "endedAt": granted.consortium.at(),
    }
    granted.sign(job, "run.completed", **body)
    granted.publish("m", "1", run="run-m-1")
    assert granted.audit().verdict == "clean"
