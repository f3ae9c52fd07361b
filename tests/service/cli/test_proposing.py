"""The DAO from the command line: proposed, voted on, queued and executed, on a real chain."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import pty
import subprocess
import sys

import pytest

from client import EvidenceNamed
from client.dao import MemberProfile
from ledger.keccak import keccak
from service.cli.amounts import InvalidAmount, shown, smallest
from service.cli.wanted import InvalidEvidence, evidence_of
from tests.service.assembly import (
    AUDITOR,
    CLINIC,
    HOSPITAL,
    LAB,
    NEWCOMER,
    TIMELOCK_DELAY,
    VOTE_EXTENSION,
    VOTING_DELAY,
    VOTING_PERIOD,
    ServedDao,
    await_that,
)
from tests.service.conftest import ServeDao
from tests.service.test_releases import MODEL, attested
from tests.support.commands import ROOT, Commands

POLICY = {"v": 1, "policy": "short-grants", "rules": [{"rule": "longest-grant", "days": 30}]}
KEYS = {"hospital": HOSPITAL, "clinic": CLINIC, "lab": LAB, "auditor": AUDITOR}


@pytest.fixture
def voter(user: Commands, dao: ServedDao) -> Commands:
    """Somebody who has the members' keys."""
    # It would write to a standard error that is captured, and closed before it stops.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    for name, key in KEYS.items():
        user.keep(name, key)
    user.environment |= {"CONCORD_SERVER": dao.server.url, "CONCORD_KEY": "hospital"}
    return user


def test_what_contracts_enforce_of_a_policy_is_taken_from_its_text(
    voter: Commands, dao: ServedDao
) -> None:
    rules = [
        {"rule": "verdict-required", "accepted": ["clean"]},
        {"rule": "evaluations-required", "count": 2},
        {"rule": "attested-for", "seconds": 3_600},
    ]
    text = json.dumps({"v": 1, "policy": "release", "rules": rules})
    (voter.folder / "policy.json").write_text(text)
    seen = voter("propose", "adopt-policy", "policy.json").check(4)
    assert seen.out.count("It demands: ") == 3
    proposed = voter("propose", "adopt-policy", "policy.json", "--yes", "--json").check().json
    (action,) = dao.detail(proposed["proposal"])["actions"]
    assert action["action"]["parameters"] == f"0x{2:064x}{3_600:064x}"
    assert action["warnings"] == []
    assert len(action["demands"]) == 3


@pytest.mark.parametrize(
    "text",
    [
        {"v": 1, "policy": "release", "requiredVerdict": "clean"},
        {"v": 1, "policy": "short-grants", "rules": [{"rule": "shortest-grant", "days": 30}]},
    ],
)
def test_a_text_that_would_bind_nobody_is_refused_before_anything_is_asked(
    user: Commands, text: dict[str, object]
) -> None:
    (user.folder / "policy.json").write_text(json.dumps(text))
    refused = user("propose", "adopt-policy", "policy.json", "--yes").check(4)
    assert "[invalid-policy]" in refused.err


def test_a_policy_is_proposed_voted_on_queued_executed_and_listed(
    voter: Commands, dao: ServedDao
) -> None:
    (voter.folder / "policy.json").write_text(json.dumps(POLICY))
    proposed = voter("propose", "adopt-policy", "policy.json", "--yes", "--json").check().json
    number = proposed["proposal"]
    assert proposed["class"] == "constitutional"
    assert proposed["simulation"]["fails"] is False
    assert proposed["sent"]["transactionHash"].startswith("0x")
    assert "at most 30 days" in voter("proposals", number).check().err
    voter("execute", number).check(3)
    dao.advance(VOTING_DELAY + 1)
    voter("vote", number, "for").check()
    split = ["--split", "for=250", "--split", "against=50"]
    voter("vote", number, "split", *split, "--key", "clinic").check()
    tally = dao.detail(number)["tally"]
    assert {choice: shown(amount) for choice, amount in tally.items()} == {
        "for": "650", "against": "50", "abstain": "0",
    }  # fmt: skip
    dao.advance(VOTING_PERIOD + VOTE_EXTENSION + 1)
    queued = voter("queue", number)
    # The keeper, awake after a vote or a step, may have come first.
    assert "Queued" in queued.out or dao.detail(number)["state"] == "queued"
    dao.advance(TIMELOCK_DELAY + 1)
    executed = voter("execute", number)
    assert "Executed" in executed.out or dao.detail(number)["state"] == "executed"
    await_that(lambda: bool(dao.read("/v1/policies")["items"]))
    assert "at most 30 days" in voter("policy", "list").check().out
    told = voter("policy", "show", "short-grants", "--json").check().json
    digest = hashlib.sha256((voter.folder / "policy.json").read_bytes()).hexdigest()
    assert [each["digest"] for each in told["versions"]] == [digest]
    assert "executed" in voter("proposals").check().out


def test_what_it_would_do_is_shown_and_nothing_is_sent_unasked(
    voter: Commands, dao: ServedDao
) -> None:
    shows = voter("propose", "mint", HOSPITAL.address, "1.5").check(4)
    assert "not-confirmed" in shows.err
    assert "1.5" in shows.out
    assert "succeeds" in shows.out
    assert "Your votes  400" in shows.out
    assert not dao.read("/v1/proposals")["items"]


class Terminal:
    """A terminal, in front of which `concord` asks somebody."""

    def __init__(self, user: Commands) -> None:
        self._user = user

    def run(self, *arguments: str, answer: str) -> subprocess.CompletedProcess[str]:
        """Runs a command; types the answer as soon as it asks."""
        ours, theirs = pty.openpty()
        try:
            os.write(ours, answer.encode())
            return subprocess.run(
                [sys.executable, "-m", "service.cli.main", *arguments],
                cwd=self._user.folder, stdin=theirs, capture_output=True, text=True, timeout=120,
                env=self._user.variables() | {"PYTHONPATH": str(ROOT)}, check=False,
            )  # fmt: skip
        finally:
            os.close(ours)
            os.close(theirs)


@pytest.mark.slow
def test_somebody_at_a_terminal_is_asked_and_a_yes_sends_it(
    voter: Commands, dao: ServedDao
) -> None:
    mint = ("propose", "mint", HOSPITAL.address, "1.5")
    declined = Terminal(voter).run(*mint, answer="n\n")
    assert declined.returncode == 4
    assert "Send it? [y/N]" in declined.stderr
    assert "Nothing was sent." in declined.stderr
    assert not dao.read("/v1/proposals")["items"]
    agreed = Terminal(voter).run(*mint, answer="y\n")
    assert agreed.returncode == 0, agreed.stderr
    assert "Proposed: " in agreed.stdout
    assert len(dao.read("/v1/proposals")["items"]) == 1


def test_a_version_is_proposed_for_release_by_its_verified_record_with_its_audit(
    voter: Commands, serve_dao: ServeDao
) -> None:
    dao = serve_dao(anchor_leaves=1)
    voter.environment["CONCORD_SERVER"] = dao.server.url
    record = attested(dao)
    wanted = ["propose", "release", MODEL, "1", "--until", "90d", "--yes", "--json"]
    sent = voter(*wanted).check().json
    assert sent["simulation"]["fails"] is False
    detail = dao.detail(sent["proposal"])
    assert detail["title"] == f"Release {MODEL} 1"
    assert detail["actions"][0]["action"]["recordLeaf"] == record
    (evidence,) = detail["evidence"]
    assert (evidence["kind"], evidence["model"]) == ("audit-bundle", MODEL)
    assert "release" in voter("proposals", sent["proposal"]).check().out.lower()
    taken_back = [*("propose", "withdraw", MODEL, "1"), "--reason", "A bias was found.", "--yes"]
    sent = voter(*taken_back, "--json").check().json
    detail = dao.detail(sent["proposal"])
    assert detail["body"] == "A bias was found."
    action = detail["actions"][0]["action"]
    assert (action["action"], action["recordLeaf"]) == ("withdraw", record)
    assert action["reason"] == "0x" + hashlib.sha256(b"A bias was found.").hexdigest()


def test_what_was_never_published_cannot_be_proposed_for_release(
    voter: Commands, dao: ServedDao
) -> None:
    refused = voter("propose", "release", "unheard-of", "1", "--until", "90d", "--yes").check(3)
    assert "unheard-of" in refused.err
    assert not dao.read("/v1/proposals")["items"]


def test_a_proposer_cancels_before_the_vote(voter: Commands, dao: ServedDao) -> None:
    admitted = ("propose", "admit", NEWCOMER.address, "--name", "New Lab", "--role", "developer")
    number = voter(*admitted, "--yes", "--json").check().json["proposal"]
    assert dao.detail(number)["title"] == "Admit New Lab"
    action = dao.detail(number)["actions"][0]["action"]
    assert action["profileDigest"] == MemberProfile("New Lab").digest
    # The transaction is for its proposer to send, and no other key signs it.
    refused = voter("cancel", number, "--key", "lab").check(3).err
    assert "not-yours-to-cancel" in refused
    assert HOSPITAL.address in refused
    assert "Canceled" in voter("cancel", number).check().out
    assert dao.detail(number)["state"] == "canceled"


def test_a_proposal_is_shown_with_its_evidence_its_votes_and_what_it_would_do(
    voter: Commands, dao: ServedDao
) -> None:
    content = dao.keep(b"why we need them")
    admitted = ["propose", "admit", NEWCOMER.address, "--role", "developer", "--title", "Let in"]
    made = voter(*admitted, "--evidence", f"document={content}", "--yes", "--json").check().json
    dao.advance(VOTING_DELAY + 1)
    voter("vote", made["proposal"], "for", "--reason", "We do need them.").check()
    dao.votes(made["proposal"], 1)
    shows = voter("proposals", made["proposal"]).check().out
    (evidence,) = [line for line in shows.splitlines() if content in line]
    assert evidence.split()[:3] == ["document", content, "yes"]
    (cast,) = [line for line in shows.splitlines() if "We do need them." in line]
    assert cast.split()[:3] == [HOSPITAL.address, "for", "400"]
    assert "Let in" in voter("proposals", "--state", "active").check().out


def test_the_first_digits_of_a_number_name_a_proposal_and_its_title_is_said(
    voter: Commands, dao: ServedDao
) -> None:
    admitted = ["propose", "admit", NEWCOMER.address, "--role", "developer", "--yes", "--json"]
    number = voter(*admitted, "--title", "Let in").check().json["proposal"]
    other = voter(*admitted, "--title", "Let in too").check().json["proposal"]
    listed = voter("proposals").check().out
    assert {line.split()[0] for line in listed.splitlines()[1:]} == {number[:8], other[:8]}
    dao.advance(VOTING_DELAY + 1)
    voted = voter("vote", number[:8], "for").check()
    assert f"Proposal {number}: Let in\n" in voted.err
    assert dao.votes(number, 1)[0]["support"] == "for"
    unknown = str(int(number[:8]) ^ 1)
    refused = voter("vote", unknown, "for").check(4).err
    assert "[invalid-proposal-number]" in refused
    assert f"No proposal begins with {unknown}" in refused
    for slip in (number[:3], "first", f"-{number}", "1e77"):
        assert "[invalid-proposal-number]" in voter("queue", "--", slip).check(4).err


def test_a_file_proposes_several_actions_together(voter: Commands, dao: ServedDao) -> None:
    selector = "0x" + keccak(b"name()")[:4].hex()
    wanted = [
        {"action": "admit", "member": NEWCOMER.address, "roles": ["auditor"]},
        {"action": "call", "target": dao.read("/v1/dao")["contracts"]["token"],
         "value": "0", "calldata": selector},
    ]  # fmt: skip
    (voter.folder / "actions.json").write_text(json.dumps(wanted))
    sent = voter("propose", "actions", "actions.json", "--title", "Both", "--yes").check()
    assert "Proposed" in sent.out
    (item,) = dao.read("/v1/proposals")["items"]
    assert item["title"] == "Both"
    assert len(item["sentences"]) == 2
    twice = '[{"action": "admit", "member": "0x1", "member": "0x2", "roles": []}]'
    for refused in ("[7]", "7", "{", '[{"action": NaN}]', twice):
        (voter.folder / "actions.json").write_text(refused)
        said = voter("propose", "actions", "actions.json", "--title", "Both", "--yes").check(4)
        assert "invalid-json" in said.err, refused
        assert "actions.json: " in said.err, refused


@pytest.mark.parametrize(
    "command",
    [
        ["change-roles", LAB.address, "--role", "auditor"],
        ["set-class", "treasury", "--quorum", "3000", "--approval", "6000"],
        ["pay", LAB.address, "0.5"],
        ["pay-token", LAB.address, CLINIC.address, "7"],
        ["call", LAB.address, "--value", "1"],
    ],
)
def test_every_kind_of_action_is_one_that_the_service_takes(
    voter: Commands, dao: ServedDao, command: list[str]
) -> None:
    sent = voter("propose", *command, "--yes", "--json").check().json
    assert len(sent["simulation"]["actions"]) == 1
    assert len(dao.read("/v1/proposals")["items"]) == 1


def test_the_treasury_and_the_rules_are_shown_in_words(voter: Commands, dao: ServedDao) -> None:
    rules = voter("chain").check().out
    assert "1000 CCD" in rules
    assert "Voting lasts         1 h" in rules
    assert "constitutional" in rules
    assert "Guardian             the members, by vote" in rules
    assert registry_line(rules) == dao.read("/v1/dao")["contracts"]["anchors"]
    assert "Nothing was paid yet." in voter("treasury").check().out
    dao.carry_out({"action": "mint", "to": dao.read("/v1/treasury")["account"],
                   "amount": str(5 * 10**18)})  # fmt: skip
    token = dao.read("/v1/dao")["contracts"]["token"]
    dao.carry_out(
        {"action": "pay-token", "token": token, "to": LAB.address, "amount": str(2 * 10**18)}
    )
    await_that(lambda: bool(dao.read("/v1/treasury")["payments"]["items"]))
    shows = voter("treasury").check().out
    assert "CCD      3" in shows
    (paid,) = [line for line in shows.splitlines() if LAB.address in line]
    assert paid.startswith("2 CCD")


def registry_line(rules: str) -> str:
    """The registry of anchors, as `concord chain` shows it."""
    (line,) = [line for line in rules.splitlines() if line.startswith("anchors ")]
    return line.split()[1]


def test_an_auditor_anchors_and_the_anchors_are_listed(voter: Commands, dao: ServedDao) -> None:
    await_that(lambda: bool(dao.read("/v1/anchors")["items"]))
    before = dao.read("/v1/log")["size"]
    dao.propose({"action": "admit", "member": NEWCOMER.address, "roles": []})
    await_that(lambda: dao.read("/v1/log")["size"] > before)
    voter("anchor", "now").check(3)
    done = voter("anchor", "now", "--key", "auditor", "--json").check().json
    assert done["sent"] > before
    assert "anchored already" in voter("anchor", "now", "--key", "auditor").check().out
    listed = voter("anchor", "list", "--json").check().json
    assert listed[0]["size"] == done["anchored"]


@pytest.mark.parametrize("split", ["for", "for=x", "maybe=1", "for=1.0000000000000000001"])
def test_a_split_that_says_nothing_is_refused_before_anything_is_sent(
    voter: Commands, split: str
) -> None:
    voter("vote", 1, "split", "--split", split).check(4)


@pytest.mark.parametrize(
    ("written", "amount"), [("0", 0), ("12", 12 * 10**18), ("1.5", 15 * 10**17)]
)
def test_amounts_are_read_as_they_are_shown(written: str, amount: int) -> None:
    assert smallest(written) == amount
    assert shown(str(amount)) == written


@pytest.mark.parametrize("text", ["", "-1", "1.", ".5", "1e3", "\uff11"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(InvalidAmount):
        smallest(text)


def test_evidence_is_a_document_or_an_audit() -> None:
    assert evidence_of("document=bafy") == EvidenceNamed("document", "bafy")
    audit = EvidenceNamed("audit-bundle", model="m", version="1")
    assert evidence_of("audit-bundle=m@1") == audit
    for text in ("document", "=x", "document=", "audit-bundle=@1"):
        with pytest.raises(InvalidEvidence):
            evidence_of(text)
