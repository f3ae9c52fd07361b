from __future__ import annotations

import orjson
import pytest
from pydantic import TypeAdapter

from service.schemas import resources
from service.schemas.base import Page
from tests.service.conftest import Served, problem_code
from tests.support.ledgers import DAY

LISTS = {
    "/v1/members": resources.MemberView,
    "/v1/datasets": resources.DatasetView,
    "/v1/datasets/records/versions": resources.DatasetVersionView,
    "/v1/requests": resources.RequestView,
    "/v1/grants": resources.GrantView,
    "/v1/runs": resources.RunView,
    "/v1/models": resources.ModelView,
    "/v1/models/tumours/versions": resources.ModelVersionView,
}
SINGLE = {
    "/v1/datasets/records": resources.DatasetView,
    "/v1/requests/request-1": resources.RequestView,
    "/v1/grants/grant-1": resources.GrantDetail,
    "/v1/runs/run-1": resources.RunDetail,
    "/v1/models/tumours": resources.ModelView,
    "/v1/models/tumours/versions/1": resources.ModelVersionView,
}


@pytest.mark.parametrize("path", LISTS)
def test_every_list_is_as_the_document_says(trained: Served, path: str) -> None:
    response = trained.get(path)
    assert response.status_code == 200
    adapter = TypeAdapter(Page[LISTS[path]])  # type: ignore[name-defined]
    page = adapter.validate_json(response.content)
    assert page.items
    assert page.size == trained.get("/v1/log").json()["size"]


@pytest.mark.parametrize("path", SINGLE)
def test_every_resource_is_as_the_document_says(trained: Served, path: str) -> None:
    response = trained.get(path)
    assert response.status_code == 200
    SINGLE[path].model_validate_json(response.content)


def test_a_resource_says_what_its_event_said(trained: Served) -> None:
    dataset = trained.get("/v1/datasets/records").json()
    event = trained.get(f"/v1/events/{dataset['index']}").json()["event"]
    assert dataset["usage"] == event["body"]["usage"]
    assert dataset["title"] == event["body"]["title"]
    grant = trained.get("/v1/grants/grant-1").json()
    event = trained.get(f"/v1/events/{grant['index']}").json()["event"]
    assert grant["expiresAt"] == event["body"]["expiresAt"]
    assert grant["purpose"] == event["body"]["purpose"]


def test_a_member_is_shown_with_the_keys_that_sign_for_it(served: Served) -> None:
    c = served.consortium
    lab, key = c.labs[0], c.outsider
    body = {"key": key.address, "kinds": ["access.used"], "until": c.at(DAY)}
    served.record(c.event(lab, "key.authorized", body))
    shown = served.get(f"/v1/members/{lab.address}")
    member = resources.MemberDetail.model_validate_json(shown.content)
    assert [k.key for k in member.keys] == [key.address]


def test_what_is_not_recorded_is_not_found(served: Served) -> None:
    absent = served.consortium.outsider.address
    for path in (*SINGLE, f"/v1/members/{absent}"):
        assert problem_code(served.get(path), 404) == "no-such-resource"


def test_pages_hold_every_row_once_whatever_their_length(granted: Served) -> None:
    c = granted.consortium
    granted.record(*(c.dataset(f"dataset-{n}") for n in range(7)))
    for limit in (1, 3, 8, 100):
        found: list[str] = []
        query: dict[str, str | int] = {"limit": limit}
        while True:
            page = granted.get("/v1/datasets", **query).json()
            assert len(page["items"]) <= limit
            found += [item["dataset"] for item in page["items"]]
            if page["next"] is None:
                break
            query["after"] = page["next"]
        assert found == sorted(["records", *(f"dataset-{n}" for n in range(7))])


def test_a_search_finds_by_id_title_name_description_and_task(granted: Served) -> None:
    c = granted.consortium
    described = "Scans of CHEST and abdomen"
    granted.record(
        c.dataset("ct-1", title="Südwest register", description=described),
        c.dataset("ct-2", title="Retinas"),
        c.model("tumours"),
    )

    def found(path: str, search: str, **query: str | int) -> list[str]:
        items = granted.get(path, search=search, **query).json()["items"]
        return [item[path.rsplit("/", 1)[1].removesuffix("s")] for item in items]

    assert found("/v1/datasets", "CT-") == ["ct-1", "ct-2"]
    assert found("/v1/datasets", "ct- chest") == found("/v1/datasets", "SÜDWEST") == ["ct-1"]
    assert found("/v1/datasets", "ct-", steward=c.labs[0].address) == []
    assert found("/v1/datasets", "chest retinas") == []
    assert found("/v1/models", "TUMOURS", include="latest") == ["tumours"]
    steward = granted.get(f"/v1/members/{c.stewards[0].address}").json()
    assert steward["member"] in found("/v1/members", steward["name"].upper())
    assert found("/v1/members", steward["member"][:12].lower()) == [steward["member"]]
    for wrong, code in (("a " * 9, "invalid-search"), ("a\0", "invalid-search")):
        for path in ("/v1/datasets", "/v1/models", "/v1/members"):
            assert problem_code(granted.get(path, search=wrong), 400) == code


def test_pages_of_a_search_hold_every_member_found_once(granted: Served) -> None:
    every = {item["member"] for item in granted.get("/v1/members").json()["items"]}
    found: list[str] = []
    query: dict[str, str | int] = {"limit": 2, "search": "0x"}
    while True:
        page = granted.get("/v1/members", **query).json()
        found += [item["member"] for item in page["items"]]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert found == sorted(every)
    assert len(found) > 2


def test_filters_must_all_match(granted: Served) -> None:
    c = granted.consortium
    granted.record(c.grant("grant-2", "records", lab=1), c.revocation("grant-1"))
    lab = c.labs[1].address
    assert names(granted, dataset="records") == ["grant-1", "grant-2"]
    assert names(granted, dataset="records", assignee=lab) == ["grant-2"]
    assert names(granted, status="revoked") == ["grant-1"]
    assert names(granted, status="revoked", assignee=lab) == []


def names(served: Served, **query: str | int) -> list[str]:
    return [item["grant"] for item in served.get("/v1/grants", **query).json()["items"]]


def test_a_grant_is_shown_as_it_stood_at_any_earlier_point(granted: Served) -> None:
    c = granted.consortium
    given = granted.get("/v1/grants/grant-1").json()
    steward = c.stewards[0]
    later = {"grant": "grant-1", "expiresAt": c.at(200 * DAY), "effectiveAt": c.at()}
    held = {"grant": "grant-1", "effectiveAt": c.at()}
    renewed, suspended, revoked = granted.record(
        c.event(steward, "access.renewed", later),
        c.event(steward, "access.suspended", held),
        c.revocation("grant-1"),
    )
    history = {
        given["index"]: ("active", given["expiresAt"], 1),
        renewed: ("active", later["expiresAt"], 2),
        suspended: ("suspended", later["expiresAt"], 3),
        revoked: ("revoked", later["expiresAt"], 4),
    }
    for at, (status, end, changes) in history.items():
        grant = granted.get("/v1/grants/grant-1", at=at).json()
        assert (grant["status"], grant["expiresAt"]) == (status, end)
        assert len(grant["changes"]) == changes
        listed = granted.get("/v1/grants", at=at).json()
        assert [item["status"] for item in listed["items"]] == [status]
        assert names(granted, at=at, status=status) == ["grant-1"]
    before = granted.get("/v1/grants/grant-1", at=given["index"] - 1)
    assert problem_code(before, 404) == "no-such-resource"


def test_a_point_may_be_a_time_and_one_that_is_not_reached_is_not_found(granted: Served) -> None:
    size = granted.get("/v1/log").json()["size"]
    assert granted.get("/v1/grants", at="2026-01-01T00:00:00Z").json()["size"] == 0
    assert granted.get("/v1/grants", at=granted.consortium.at(DAY)).json()["size"] == size
    assert problem_code(granted.get("/v1/grants", at=size), 404) == "size-not-reached"
    for wrong in ("yesterday", "-1", "1.5", "٣", "2026-13-01T00:00:00Z", "9" * 30):
        assert problem_code(granted.get("/v1/grants", at=wrong), 400) == "invalid-parameter"


def test_sealed_texts_show_their_commitment_and_whether_it_was_erased(served: Served) -> None:
    c = served.consortium
    title, opening = c.sealed("Records of patients", "patient-group")
    assert served.send(c.dataset("records", title=title), opening).status_code == 201
    assert served.get("/v1/datasets/records").json()["title"] == title
    served.record(c.erasure("erasure-1", [opening.commitment]))
    erased = title | {"erased": True}
    assert served.get("/v1/datasets/records").json()["title"] == erased
    assert served.get("/v1/datasets").json()["items"][0]["title"] == erased


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 1001},
        {"limit": "many"},
        {"after": "!"},
        {"after": "WzFd"},
        {"after": "WyJhIiwiYiJd"},
        {"after": "W251bGxd"},
        {"steward": "0x00"},
        {"colour": "red"},
    ],
)
def test_a_list_refuses_what_it_cannot_answer(served: Served, query: dict[str, str | int]) -> None:
    code = problem_code(served.get("/v1/datasets", **query), 400)
    assert code in {"invalid-parameter", "invalid-query", "invalid-page"}


def test_an_address_with_a_wrong_checksum_is_told_the_right_one(served: Served) -> None:
    address = served.consortium.labs[0].address
    response = served.get(f"/v1/members/{address.lower()}")
    assert problem_code(response, 400) == "invalid-parameter"
    assert address in response.json()["detail"]


def test_events_are_filtered_and_paged_in_the_order_of_the_log(granted: Served) -> None:
    c = granted.consortium
    granted.record(*(c.use("grant-1") for _ in range(5)))
    everything = granted.get("/v1/events").json()
    assert [e["index"] for e in everything["items"]] == list(range(everything["size"]))
    uses = granted.get("/v1/events", kind="access.used", limit=3).json()
    assert [e["event"]["kind"] for e in uses["items"]] == ["access.used"] * 3
    rest = granted.get("/v1/events", kind="access.used", limit=3, after=uses["next"]).json()
    assert (len(rest["items"]), rest["next"]) == (2, None)
    by_lab = granted.get("/v1/events", actor=c.labs[0].address, since=1, until=5).json()
    assert [e["index"] for e in by_lab["items"]] == [4, 5]
    about = granted.get("/v1/events", subject="records").json()
    assert [e["index"] for e in about["items"]] == [1, 2]
    assert granted.get("/v1/events", until="2026-01-01T00:00:00Z").json()["items"] == []
    assert granted.get("/v1/events", since=c.at(DAY)).json()["items"] == []


def test_an_event_is_shown_as_it_was_signed_and_on_whose_behalf(served: Served) -> None:
    c = served.consortium
    lab, key = c.labs[0], c.outsider
    body = {"key": key.address, "kinds": ["model.registered"], "until": c.at(DAY)}
    own = c.event(lab, "key.authorized", body)
    model = {"model": "tumours", "title": "T", "owner": lab.address, "license": "MIT"}
    behalf = c.event(key, "model.registered", model)
    first, second = served.record(own, behalf)
    shown = served.get(f"/v1/events/{first}").json()
    assert shown["onBehalfOf"] is None
    assert orjson.dumps(shown["event"], option=orjson.OPT_SORT_KEYS) == own.encode()
    assert served.get(f"/v1/events/{second}").json()["onBehalfOf"] == lab.address
    assert problem_code(served.get("/v1/events/3"), 404) == "size-not-reached"
