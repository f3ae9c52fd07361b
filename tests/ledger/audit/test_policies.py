"""Policy documents: read strictly, and what they find in grants and renewals."""

from __future__ import annotations

import json

import pytest

from ledger.audit import Policy, parse_policy
from ledger.audit.errors import InvalidPolicy
from ledger.audit.policies import MAX_POLICY_BYTES
from ledger.events.canonical import InvalidJson, JsonValue
from tests.support.histories import DAY, History, codes, used


def policy(*rules: JsonValue, index: int = 0, name: str = "p") -> Policy:
    document = {"v": 1, "policy": name, "rules": [*rules]}
    return parse_policy(json.dumps(document).encode(), version=1, index=index)


LONGEST: JsonValue = {"rule": "longest-grant", "days": 30}
PURPOSES: JsonValue = {"rule": "purposes-allowed", "duo": ["DS"]}
TERMS: JsonValue = {"rule": "terms-required"}


def test_a_policy_of_the_most_bytes_is_read_and_one_byte_more_is_refused() -> None:
    document = json.dumps({"v": 1, "policy": "p", "rules": [LONGEST]}).encode()
    longest = document.ljust(MAX_POLICY_BYTES)
    assert parse_policy(longest, version=1, index=0).policy == "p"
    with pytest.raises(InvalidPolicy, match=f"at most {MAX_POLICY_BYTES} bytes"):
        parse_policy(longest + b" ", version=1, index=0)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (LONGEST, "it was granted for 90 days, and 30 is the most"),
        (PURPOSES, "it is for HMB, and DS is allowed"),
        (TERMS, "it names no agreement"),
    ],
)
def test_a_grant_that_breaks_a_policy_taints(
    granted: History, rule: JsonValue, reason: str
) -> None:
    granted.train(inputs=[used("d", "g")])
    answer = granted.audit(policies=(policy(rule),))
    assert codes(answer) == ["policy-violated"]
    assert answer.verdict == "tainted"
    assert answer.findings[0].sentence.endswith(f"breaks policy p (version 1): {reason}.")
    assert answer.findings[0].events[0] == 0


def test_a_grant_that_keeps_every_policy_is_clean(history: History) -> None:
    history.dataset("d")
    end = history.consortium.at(30 * DAY)
    history.grant("g", "d", expiresAt=end, terms="ab" * 32)
    history.pass_time(DAY)
    history.train(inputs=[used("d", "g")])
    allowed: JsonValue = {"rule": "purposes-allowed", "duo": ["HMB", "DS"]}
    answer = history.audit(policies=(policy(LONGEST, allowed, TERMS),))
    assert answer.verdict == "clean"
    assert [(p.policy, p.version, p.index) for p in answer.policies] == [("p", 1, 0)]


def test_a_rule_for_personal_data_leaves_other_data_alone(history: History) -> None:
    history.dataset("d", personalData=False)
    history.grant("g", "d")
    history.pass_time(DAY)
    history.train(inputs=[used("d", "g")])
    personal: JsonValue = {"rule": "longest-grant", "days": 30, "personalData": True}
    other: JsonValue = {"rule": "longest-grant", "days": 30, "personalData": False}
    assert history.audit(policies=(policy(personal),)).verdict == "clean"
    assert history.audit(policies=(policy(other),)).verdict == "tainted"


def test_a_policy_does_not_bind_grants_given_before_it(granted: History) -> None:
    granted.train(inputs=[used("d", "g")])
    later = granted.size - 1
    assert granted.audit(policies=(policy(LONGEST, index=later),)).verdict == "clean"


def test_a_renewal_after_its_adoption_is_bound(granted: History) -> None:
    adopted = granted.size - 1
    granted.sign(
        granted.consortium.stewards[0],
        "access.renewed",
        grant="g",
        expiresAt=granted.consortium.at(40 * DAY),
        effectiveAt=granted.consortium.at(),
    )
    granted.train(inputs=[used("d", "g")])
    answer = granted.audit(policies=(policy(LONGEST, index=adopted),))
    assert "it was renewed for 40 days" in answer.findings[0].sentence


def test_the_version_in_force_when_a_grant_was_given_binds_it(granted: History) -> None:
    granted.train(inputs=[used("d", "g")])
    loose: JsonValue = {"rule": "longest-grant", "days": 365}
    first, second = policy(LONGEST, index=0), policy(loose, index=1)
    assert granted.audit(policies=(first, second)).verdict == "clean"
    assert granted.audit(policies=(second, first)).verdict == "clean"
    assert granted.audit(policies=(first,)).verdict == "tainted"


def test_as_of_before_its_adoption_a_policy_is_not_there(granted: History) -> None:
    granted.train(inputs=[used("d", "g")])
    adopted = granted.size
    granted.dataset("e")
    answer = granted.audit(policies=(policy(LONGEST, index=adopted),), size=adopted)
    assert answer.policies == ()


@pytest.mark.parametrize(
    "document",
    [
        b"[]",
        b"{}",
        b'{"v":2,"policy":"p","rules":[]}',
        b'{"v":1,"policy":"P","rules":[]}',
        b'{"v":1,"policy":"p","rules":[{"rule":"be-nice"}]}',
        b'{"v":1,"policy":"p","rules":[{"rule":"longest-grant","days":0}]}',
        b'{"v":1,"policy":"p","rules":[{"rule":"longest-grant","days":true}]}',
        b'{"v":1,"policy":"p","rules":[{"rule":"longest-grant"}]}',
        b'{"v":1,"policy":"p","rules":[{"rule":"purposes-allowed","duo":["XYZ"]}]}',
        b'{"v":1,"policy":"p","rules":[],"more":1}',
        b'{"v":1,"v":1,"policy":"p","rules":[]}',
        b" " * (1 << 20) + b"{}",
    ],
)
def test_what_is_no_policy_is_refused(document: bytes) -> None:
    with pytest.raises((InvalidPolicy, InvalidJson)):
        parse_policy(document, version=1, index=0)
