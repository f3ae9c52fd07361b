from __future__ import annotations

import dataclasses
import socket

import orjson
import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from ledger.merkle import parse_receipt, verify_receipt
from tests.service.conftest import Serve, Served, problem_code
from tests.support.ledgers import DAY
from tests.support.submissions import batch_body, single_body


def test_an_event_is_answered_with_a_receipt_that_verifies_without_the_server(
    served: Served,
) -> None:
    c = served.consortium
    event = c.dataset("records")
    response = served.send(event)
    assert response.status_code == 201
    answer = response.json()
    assert answer.keys() == {"index", "eventId", "duplicate", "receipt"}
    assert (answer["index"], answer["duplicate"]) == (1, False)
    assert answer["eventId"] == event.id.hex()
    receipt = parse_receipt(orjson.dumps(answer["receipt"]))
    verified = verify_receipt(receipt, [c.log_key.verifier])
    assert verified.index == 1
    assert event.encode() in verified.leaf


def test_the_same_event_again_is_answered_with_its_first_receipt(served: Served) -> None:
    c = served.consortium
    event = c.dataset("records")
    first = served.send(event)
    served.record(c.dataset("others"))
    again = served.send(event)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json() | {"duplicate": True}


def test_a_nonce_used_for_another_event_is_a_conflict(served: Served) -> None:
    c = served.consortium
    nonce = c.nonce()
    steward = c.stewards[0]
    first = c.dataset("records")
    body = orjson.loads(first.body_bytes)
    served.record(c.event(steward, "dataset.registered", body, nonce=nonce))
    other = c.event(steward, "dataset.registered", body | {"dataset": "others"}, nonce=nonce)
    assert problem_code(served.send(other), 409) == "nonce-reused"


def test_what_the_rules_refuse_has_the_status_of_its_family(granted: Served) -> None:
    c = granted.consortium
    stranger = c.event(c.outsider, "dataset.registered", orjson.loads(c.dataset("x").body_bytes))
    late = c.event(
        c.labs[0],
        "access.used",
        {"grant": "grant-1", "action": "train", "purpose": {"duo": ["HMB"]}},
        issued_at=c.clock.now - 2 * DAY,
    )
    assert problem_code(granted.send(stranger), 403) == "unknown-actor"
    assert problem_code(granted.send(c.grant("grant-2", "absent")), 404) == "unknown-id"
    assert problem_code(granted.send(c.dataset("records")), 409) == "id-taken"
    assert problem_code(granted.send(late), 422) == "time-out-of-window"


def test_a_foreign_a_malleable_and_an_altered_signature_are_refused(served: Served) -> None:
    c = served.consortium
    event = c.dataset("records")
    foreign = dataclasses.replace(event, signature=c.dataset("others").signature)
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    r, s, v = event.signature[2:66], int(event.signature[66:130], 16), event.signature[130:]
    twin = f"0x{r}{order - s:064x}{'1b' if v == '1c' else '1c'}"
    malleable = dataclasses.replace(event, signature=twin)
    assert problem_code(served.send(foreign), 403) == "wrong-signer"
    assert problem_code(served.send(malleable), 400) == "invalid-signature"
    assert served.get("/v1/log").json()["size"] == 1


def test_a_batch_answers_each_event_on_its_own_and_in_order(granted: Served) -> None:
    c = granted.consortium
    known, fresh = c.use("grant-1"), c.use("grant-1")
    granted.record(known)
    refused = c.grant("grant-2", "absent")
    body = orjson.loads(batch_body([known, fresh, refused]))
    body["events"].append({"event": {"kind": "no.such"}})
    body["events"].append("no event at all")
    response = granted.post("/v1/events:batch", body)
    assert response.status_code == 200
    results = response.json()["results"]
    assert [r["status"] for r in results] == [200, 201, 404, 400, 400]
    assert [r.get("duplicate") for r in results[:2]] == [True, False]
    assert [r["problem"]["code"] for r in results[2:]] == [
        "unknown-id",
        "invalid-event",
        "invalid-request",
    ]


def test_a_batch_of_a_thousand_is_recorded_whole_and_one_more_is_refused(granted: Served) -> None:
    c = granted.consortium
    before = granted.get("/v1/log").json()["size"]
    events = [c.use("grant-1") for _ in range(1000)]
    results = granted.post_bytes("/v1/events:batch", batch_body(events)).json()["results"]
    assert [r["index"] for r in results] == list(range(before, before + 1000))
    more = batch_body([*events, c.use("grant-1")])
    assert problem_code(granted.post_bytes("/v1/events:batch", more), 400) == "invalid-request"


def test_openings_go_to_the_vault_only_with_the_event_that_carries_them(served: Served) -> None:
    c = served.consortium
    title, opening = c.sealed("Records of patients", "patient-group")
    stray, other = c.sealed("something else", "patient-group")
    assert served.send(c.dataset("records", title=title), opening).status_code == 201
    answer = served.send(c.dataset("others"), other)
    assert problem_code(answer, 400) == "invalid-seal"
    wrong = dataclasses.replace(other, value="forged")
    answer = served.send(c.dataset("others", title=stray), wrong)
    assert problem_code(answer, 400) == "invalid-seal"


def test_a_wallet_can_sign_what_prepare_answers(served: Served) -> None:
    c = served.consortium
    key = c.stewards[0]
    body = orjson.loads(c.dataset("records").body_bytes)
    asked = {"kind": "dataset.registered", "actor": key.address, "body": body}
    prepared = served.post("/v1/events:prepare", asked).json()
    assert prepared["event"]["signature"] == "0x"
    signed = Account.sign_message(
        encode_typed_data(full_message=prepared["typedData"]), private_key=key.secret
    )
    event = prepared["event"] | {"signature": "0x" + bytes(signed.signature).hex()}
    response = served.post("/v1/events", {"event": event})
    assert response.status_code == 201
    assert response.json()["eventId"] == prepared["eventId"]
    assert prepared["digest"] == "0x" + bytes(signed.message_hash).hex()


def test_prepare_warns_of_what_the_signer_may_not_have_meant_and_it_is_recorded_all_the_same(
    granted: Served,
) -> None:
    c = granted.consortium
    times = {"notBefore": "2020-01-01T00:00:00Z", "expiresAt": "2020-02-01T00:00:00Z"}
    odd = c.grant("grant-2", "records", versions=["1", "no-such"], **times)
    fine = c.grant("grant-3", "records", versions=["1"])
    warnings = []
    for event in (odd, fine):
        body = orjson.loads(event.body_bytes)
        asked = {"kind": "access.granted", "actor": event.actor, "body": body}
        warnings.append(granted.post("/v1/events:prepare", asked).json()["warnings"])
    assert [sentence.split(",")[0].split(" yet")[0] for sentence in warnings[0]] == [
        "The grant ends at 2020-02-01T00:00:00Z",
        "Dataset records has no version no-such",
    ]
    assert warnings[1] == []
    assert granted.send(odd).status_code == 201


def test_prepare_keeps_the_time_and_nonce_that_it_is_given(served: Served) -> None:
    c = served.consortium
    event = c.dataset("records")
    asked = {
        "kind": event.kind,
        "actor": event.actor,
        "body": orjson.loads(event.body_bytes),
        "issuedAt": event.issued_at,
        "nonce": event.nonce,
    }
    prepared = served.post("/v1/events:prepare", asked).json()
    assert prepared["eventId"] == event.id.hex()
    assert served.get("/v1/log").json()["size"] == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": "no.such"}, "unknown-kind"),
        ({"body": {}}, "invalid-body"),
        ({"actor": "0x00"}, "invalid-request"),
        ({"extra": 1}, "invalid-request"),
    ],
)
def test_prepare_refuses_what_could_not_be_recorded(
    served: Served, change: dict[str, object], code: str
) -> None:
    c = served.consortium
    body = orjson.loads(c.dataset("records").body_bytes)
    asked = {"kind": "dataset.registered", "actor": c.stewards[0].address, "body": body} | change
    response = served.post("/v1/events:prepare", asked)
    assert problem_code(response, 422 if code == "unknown-kind" else 400) == code


def test_a_full_queue_is_told_with_the_time_to_try_again(serve: Serve) -> None:
    served = serve(max_queued_events=1)
    c = served.consortium
    served.record(c.dataset("records"), c.grant("grant-1", "records"))
    body = batch_body([c.use("grant-1") for _ in range(200)])
    results = served.post_bytes("/v1/events:batch", body).json()["results"]
    refused = [r for r in results if r["status"] == 503]
    assert {r["problem"]["code"] for r in refused} == {"queue-full"}
    assert len(refused) == len(results) - 1


def test_events_sent_in_one_batch_may_rest_on_each_other(served: Served) -> None:
    c = served.consortium
    events = [c.dataset("records"), c.grant("grant-1", "records"), c.use("grant-1")]
    results = served.post_bytes("/v1/events:batch", batch_body(events)).json()["results"]
    assert [r["status"] for r in results] == [201, 201, 201]


def test_a_client_that_leaves_before_the_answer_finds_its_event_recorded_once(
    granted: Served,
) -> None:
    c = granted.consortium
    body = single_body(c.use("grant-1"))
    head = "POST /v1/events HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
    with socket.create_connection(granted.server.address) as connection:
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    before = granted.get("/v1/log").json()["size"]
    answer = granted.post_bytes("/v1/events", body).json()
    assert answer["index"] in {before - 1, before}
    assert granted.get("/v1/log").json()["size"] == answer["index"] + 1
