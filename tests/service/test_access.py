from __future__ import annotations

from typing import Any

import pytest

from tests.service.conftest import Served, problem_code
from tests.support.ledgers import DAY

HMB = {"purpose": {"duo": ["HMB"]}}


def question(served: Served, **changes: Any) -> dict[str, Any]:
    """May lab 0 train with `records`?"""
    return {
        "subject": {"type": "member", "id": served.consortium.labs[0].address},
        "action": {"name": "train"},
        "resource": {"type": "dataset", "id": "records"},
        "context": HMB,
    } | changes


def ask(served: Served, **changes: Any) -> dict[str, Any]:
    response = served.post("/access/v1/evaluation", question(served, **changes))
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    assert answer.keys() == {"decision", "context"}
    assert answer["context"].keys() == {"reason", "sentence", "grant", "events"}
    return answer


def test_a_grant_permits_and_the_answer_names_it_with_its_events(granted: Served) -> None:
    answer = ask(granted)
    assert answer["decision"] is True
    assert answer["context"]["grant"] == "grant-1"
    events = [granted.get(f"/v1/events/{i}").json() for i in answer["context"]["events"]]
    assert {"dataset.registered", "access.granted"} <= {e["event"]["kind"] for e in events}


def test_whatever_the_grant_does_not_cover_is_denied_with_its_reason(granted: Served) -> None:
    lab = granted.consortium.labs[1].address
    other = {"subject": {"type": "member", "id": lab}}
    wrong = {"context": {"purpose": {"duo": ["POA"]}}}
    late = {"context": HMB | {"time": granted.consortium.at(91 * DAY)}}
    reasons = {
        "grant-missing": other,
        "purpose-mismatch": wrong,
        "action-not-permitted": {"action": {"name": "distribute"}},
        "input-unresolved": {"resource": {"type": "dataset", "id": "absent"}},
        "grant-expired": late,
    }
    for reason, change in reasons.items():
        answer = ask(granted, **change)
        assert (answer["decision"], answer["context"]["reason"]) == (False, reason)


@pytest.mark.parametrize(
    "change",
    [
        {"subject": {"type": "user", "id": "alice"}},
        {"resource": {"type": "document", "id": "records"}},
        {"action": {"name": "can_read"}},
    ],
)
def test_what_is_not_understood_is_denied_even_to_the_steward(
    granted: Served, change: dict[str, Any]
) -> None:
    steward = {"type": "member", "id": granted.consortium.stewards[0].address}
    answer = ask(granted, **({"subject": steward} | change))
    assert (answer["decision"], answer["context"]["reason"]) == (False, "not-understood")


def test_a_revocation_denies_from_then_on_and_at_earlier_points_it_had_not_happened(
    granted: Served,
) -> None:
    before = granted.get("/v1/log").json()["size"] - 1
    granted.record(granted.consortium.revocation("grant-1"))
    assert ask(granted)["decision"] is False
    then = granted.post(f"/access/v1/evaluation?at={before}", question(granted)).json()
    assert then["decision"] is True


def test_unknown_fields_are_ignored_as_the_standard_demands(granted: Served) -> None:
    subject = question(granted)["subject"] | {"properties": {"department": "Sales"}, "more": 1}
    assert ask(granted, subject=subject, extension={"x": 1})["decision"] is True


@pytest.mark.parametrize("missing", ["subject", "action", "resource"])
def test_a_question_without_a_required_part_is_a_bad_request(granted: Served, missing: str) -> None:
    asked = question(granted)
    del asked[missing]
    response = granted.post("/access/v1/evaluation", asked)
    assert problem_code(response, 400) == "invalid-request"


def test_a_malformed_context_is_a_bad_request(granted: Served) -> None:
    for context in ({"purpose": {"duo": ["NONE"]}}, {"time": "tomorrow"}, {"spatial": 1}):
        response = granted.post("/access/v1/evaluation", question(granted, context=context))
        assert response.status_code == 400


def test_the_request_identifier_comes_back_as_it_was_sent(granted: Served) -> None:
    identifier = "bfe9eb29-ab87-4ca3-be83-a1d5d8305716"
    headers = {"X-Request-ID": identifier}
    response = granted.http.post("/access/v1/evaluation", json=question(granted), headers=headers)
    assert response.headers["x-request-id"] == identifier


def test_evaluations_take_what_they_lack_from_the_top_level(granted: Served) -> None:
    shared = question(granted)
    del shared["action"]
    asked = shared | {
        "evaluations": [
            {"action": {"name": "train"}},
            {"action": {"name": "train"}, "context": {"purpose": {"duo": ["POA"]}}},
            {},
        ]
    }
    answer = granted.post("/access/v1/evaluations", asked).json()
    assert answer.keys() == {"evaluations"}
    first, second, third = answer["evaluations"]
    assert (first["decision"], second["decision"], third["decision"]) == (True, False, False)
    assert third["context"]["error"]["status"] == 400


@pytest.mark.parametrize(
    ("semantic", "expected"),
    [
        ("execute_all", [True, False, True]),
        ("deny_on_first_deny", [True, False]),
        ("permit_on_first_permit", [True]),
    ],
)
def test_evaluations_stop_where_the_semantic_says(
    granted: Served, semantic: str, expected: list[bool]
) -> None:
    actions = [{"action": {"name": name}} for name in ("train", "distribute", "read")]
    options = {"evaluations_semantic": semantic, "another_option": "value"}
    asked = question(granted) | {"evaluations": actions, "options": options}
    answer = granted.post("/access/v1/evaluations", asked).json()
    assert [e["decision"] for e in answer["evaluations"]] == expected


def test_evaluations_without_a_list_are_one_evaluation(granted: Served) -> None:
    for extra in ({}, {"evaluations": []}):
        answer = granted.post("/access/v1/evaluations", question(granted) | extra).json()
        assert answer["decision"] is True


def test_more_evaluations_than_allowed_and_unknown_semantics_are_refused(granted: Served) -> None:
    many = question(granted) | {"evaluations": [{}] * 257}
    assert problem_code(granted.post("/access/v1/evaluations", many), 400) == "invalid-request"
    odd = question(granted) | {"evaluations": [{}], "options": {"evaluations_semantic": "any"}}
    assert problem_code(granted.post("/access/v1/evaluations", odd), 400) == "invalid-request"


def test_a_subject_search_finds_all_who_may_page_by_page(granted: Served) -> None:
    c = granted.consortium
    granted.record(c.grant("grant-2", "records", lab=1))
    asked = question(granted) | {"subject": {"type": "member"}, "page": {"limit": 1}}
    found: list[str] = []
    token = ""
    for _ in range(4):
        page = asked["page"] | ({"token": token} if token else {})
        answer = granted.post("/access/v1/search/subject", asked | {"page": page}).json()
        assert answer["page"]["count"] == len(answer["results"]) <= 1
        found += [result["id"] for result in answer["results"]]
        token = answer["page"]["next_token"]
        if not token:
            break
    members = [c.labs[0], c.labs[1], c.stewards[0]]
    assert found == sorted(member.address for member in members)
    for member in found:
        assert ask(granted, subject={"type": "member", "id": member})["decision"] is True


def test_a_page_token_is_good_for_its_own_question_only(granted: Served) -> None:
    c = granted.consortium
    granted.record(c.grant("grant-2", "records", lab=1))
    asked = question(granted) | {"subject": {"type": "member"}, "page": {"limit": 1}}
    token = granted.post("/access/v1/search/subject", asked).json()["page"]["next_token"]
    other = asked | {"action": {"name": "read"}, "page": {"limit": 1, "token": token}}
    response = granted.post("/access/v1/search/subject", other)
    assert problem_code(response, 400) == "invalid-parameter"
    forged = asked | {"page": {"token": "bm90aGluZw=="}}
    response = granted.post("/access/v1/search/subject", forged)
    assert problem_code(response, 400) == "invalid-parameter"


def test_resource_and_action_searches_find_what_an_evaluation_permits(granted: Served) -> None:
    c = granted.consortium
    granted.record(c.dataset("others"), c.grant("grant-2", "others", actions=["read"]))
    asked = question(granted) | {"resource": {"type": "dataset"}}
    training = granted.post("/access/v1/search/resource", asked).json()
    reading = granted.post("/access/v1/search/resource", asked | {"action": {"name": "read"}})
    assert training["results"] == [{"type": "dataset", "id": "records"}]
    assert [r["id"] for r in reading.json()["results"]] == ["others", "records"]
    about = question(granted)
    del about["action"]
    actions = granted.post("/access/v1/search/action", about).json()
    assert actions == {
        "page": {"next_token": "", "count": 2},
        "results": [{"name": "read"}, {"name": "train"}],
    }


def test_the_metadata_names_every_endpoint(granted: Served) -> None:
    found = granted.get("/.well-known/authzen-configuration").json()
    base = found.pop("policy_decision_point")
    assert base == granted.server.url
    assert set(found) == {
        "access_evaluation_endpoint",
        "access_evaluations_endpoint",
        "search_subject_endpoint",
        "search_resource_endpoint",
        "search_action_endpoint",
    }
    for endpoint in found.values():
        assert granted.http.post(endpoint, json={}).status_code == 400
