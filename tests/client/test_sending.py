"""Whatever happens on the way, what is sent has one effect, and failures are told plainly."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from eth_account import Account

from client import RetryPolicy, Signed, drafts
from client import transport as limits
from client.errors import (
    BatchTooLarge,
    InvalidServer,
    NoSigningKey,
    ServerProblem,
    UnexpectedAnswer,
    Unreachable,
)
from client.sealed import sealed_question
from ledger.events.sealed import InvalidSeal
from tests.support.adversary import (
    Bytes,
    Fault,
    Honest,
    LogServer,
    answer,
    bad_compression,
    busy,
    change,
    html,
    lose_answer,
    lose_request,
    problem,
    redirect,
    refuse_connection,
    truncate,
)
from tests.support.examples import LAB

Connect = Callable[..., Any]
DRAFT = drafts.revoke_key(LAB.address)
SEALED_DRAFT = drafts.revoke_key(LAB.address, reason="Dr. Who has left")


@pytest.mark.parametrize(
    "failures",
    [
        [lose_request],
        [lose_answer],
        [lose_answer, lose_answer, lose_answer],
        [refuse_connection, lose_answer],
        [busy(503)],
        [busy(429), busy(503, None), lose_answer],
        [html(502), html(504)],
        [lose_answer, html(502)],
        [busy(408)],
    ],
)
def test_a_retried_event_is_in_the_log_once(
    server: LogServer, connect: Connect, failures: list[Fault]
) -> None:
    ledger = connect()
    signed = ledger.sign(SEALED_DRAFT)
    server.faults.extend(failures)
    recorded = ledger.send(signed)
    assert [event.id.hex() for event in server.events()] == [recorded.event_id]
    assert recorded.duplicate is (lose_answer in failures)
    assert server.asked("POST", "/v1/events") == len(failures) + 1


def test_a_retried_batch_is_in_the_log_once(server: LogServer, connect: Connect) -> None:
    ledger = connect()
    signed = [ledger.sign(DRAFT) for _ in range(5)]
    server.faults.extend([lose_answer, busy(503)])
    results = ledger.send_batch(signed)
    assert [r.index for r in results] == [0, 1, 2, 3, 4]
    assert all(r.duplicate for r in results)
    assert server.size == 5


def test_sending_again_after_giving_up_has_one_effect(server: LogServer, connect: Connect) -> None:
    ledger = connect()
    signed = ledger.sign(DRAFT)
    server.faults.extend([lose_answer] * 4)
    with pytest.raises(Unreachable, match="sending the same signed event again is safe"):
        ledger.send(signed)
    assert ledger.send(signed).duplicate
    assert connect().send(signed).index == 0
    assert server.size == 1


def test_the_same_draft_recorded_twice_is_two_events(server: LogServer, connect: Connect) -> None:
    ledger = connect()
    assert ledger.record(DRAFT).event_id != ledger.record(DRAFT).event_id
    assert server.size == 2


def test_each_event_of_a_batch_is_answered_on_its_own(server: LogServer, connect: Connect) -> None:
    ledger, stranger = connect(), connect(key=LAB)
    good = ledger.sign(DRAFT)
    signature = stranger.sign(DRAFT).event.signature
    bad = Signed(dataclasses.replace(good.event, signature=signature))
    first, refused, again = ledger.send_batch([good, bad, good])
    assert (first.index, first.duplicate) == (0, False)
    assert isinstance(refused, ServerProblem)
    assert refused.problem == "wrong-signer"
    assert (again.index, again.duplicate) == (0, True)


def test_an_empty_batch_asks_nothing(server: LogServer, connect: Connect) -> None:
    assert connect().send_batch([]) == []
    assert server.requests == []


def test_a_batch_that_is_too_large_is_refused_before_it_is_sent(
    server: LogServer, connect: Connect
) -> None:
    ledger = connect()
    signed = ledger.sign(DRAFT)
    with pytest.raises(BatchTooLarge, match="1000 at a time"):
        ledger.send_batch([signed] * 1001)
    assert server.asked("POST", "/v1/events:batch") == 0


@pytest.mark.parametrize(
    "results", [None, [], {}, ["no object"], [{}], [{"status": "x", "problem": {}}], [{}, {}]]
)
def test_a_batch_that_is_not_answered_event_by_event_is_refused(
    server: LogServer, connect: Connect, results: object
) -> None:
    ledger = connect()
    signed = ledger.sign(DRAFT)
    server.faults.append(answer({"results": results}))
    with pytest.raises(Exception, match=r".") as caught:
        ledger.send_batch([signed])
    assert type(caught.value).__name__ in {"UnexpectedAnswer", "WrongReceipt"}


def test_what_the_ledger_refuses_is_not_tried_again(server: LogServer, connect: Connect) -> None:
    ledger = connect()
    signed = ledger.sign(DRAFT)
    refusal = problem(403, "not-steward", "Only the steward may revoke this.")
    server.faults.append(lambda request, honest: refusal)
    with pytest.raises(ServerProblem) as caught:
        ledger.send(signed)
    assert (caught.value.status, caught.value.problem) == (403, "not-steward")
    assert str(caught.value) == "Only the steward may revoke this. [not-steward]"
    assert server.asked("POST", "/v1/events") == 1


def test_a_busy_server_is_given_up_in_the_end(server: LogServer, connect: Connect) -> None:
    server.always = busy(503, "7")
    with pytest.raises(ServerProblem) as caught:
        connect().connect()
    assert caught.value.retry_after == 7
    assert len(server.requests) == 4


@pytest.mark.parametrize("header", ["", "soon", "-1", "²", "1.5", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_a_retry_after_that_is_no_number_of_seconds_is_ignored(
    server: LogServer, connect: Connect, header: str
) -> None:
    def fault(request: httpx.Request, honest: Honest) -> httpx.Response:
        return httpx.Response(503, headers=[(b"Retry-After", header.encode())])

    server.always = fault
    with pytest.raises(ServerProblem) as caught:
        connect().connect()
    assert caught.value.retry_after is None


def test_a_server_that_is_down_is_named_with_what_to_do(
    server: LogServer, connect: Connect
) -> None:
    server.always = refuse_connection
    with pytest.raises(Unreachable, match=r"Nobody answers at \S+ after 4 attempts"):
        connect().connect()


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (html(200), UnexpectedAnswer, "is this a Concord API"),
        (html(404), ServerProblem, "http-404"),
        (html(500), ServerProblem, "http-500"),
        (truncate, UnexpectedAnswer, "not JSON"),
        (answer([1, 2]), UnexpectedAnswer, "not a JSON object"),
        (answer({}), UnexpectedAnswer, "lacks the text 'origin'"),
        (redirect, ServerProblem, "http-302"),
        (bad_compression, UnexpectedAnswer, "cannot be decoded"),
    ],
)
def test_an_answer_that_is_none_is_refused_in_plain_words(
    server: LogServer, connect: Connect, fault: Fault, error: type[Exception], words: str
) -> None:
    server.always = fault
    with pytest.raises(error, match=words):
        connect().connect()


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"type": 7, "detail": ["x"], "code": None},
        {"type": "/problems/queue-full"},
        [],
        "text",
        None,
    ],
)
def test_problem_details_of_any_shape_are_a_problem(
    server: LogServer, connect: Connect, document: object
) -> None:
    server.always = lambda request, honest: httpx.Response(418, json=document)
    with pytest.raises(ServerProblem) as caught:
        connect().connect()
    assert caught.value.status == 418
    assert caught.value.problem
    assert caught.value.detail


def endless(pause: float, server: LogServer) -> Fault:
    """An answer that never ends, one chunk after the other."""

    def chunks() -> Iterator[bytes]:
        while True:
            time.sleep(pause)
            yield b" " * 1024

    return lambda request, honest: httpx.Response(200, stream=Bytes(chunks()))


def test_an_answer_that_drips_for_ever_is_given_up(server: LogServer, connect: Connect) -> None:
    server.always = endless(0.001, server)
    policy = RetryPolicy(attempts=2, first_delay=0, longest_delay=0, timeout=0.05)
    with pytest.raises(Unreachable, match=r"no complete answer within 0\.05 s"):
        connect(retry=policy).connect()
    assert len(server.requests) == 2


def test_an_answer_that_floods_is_given_up(
    server: LogServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_ANSWER_BYTES", 100_000)
    server.always = endless(0, server)
    with pytest.raises(UnexpectedAnswer, match="longer than 100000 bytes"):
        connect().connect()
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "address",
    ["", "127.0.0.1:8080", "ftp://a.test", "http://", "http://a b", "file:///etc", "http://a/?q=1"],
)
def test_an_address_that_is_none_is_refused_at_once(connect: Connect, address: str) -> None:
    with pytest.raises(InvalidServer, match="not a server's address"):
        connect(address=address)


def test_an_address_may_have_a_path_and_a_trailing_slash(connect: Connect) -> None:
    paths: list[str] = []

    def record(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.path)
        return httpx.Response(404)

    ledger = connect(address="http://a.test/concord/", transport=httpx.MockTransport(record))
    with pytest.raises(ServerProblem):
        ledger.connect()
    assert paths == ["/concord/v1/log"]


def test_caches_on_the_way_are_told_not_to_answer(server: LogServer, connect: Connect) -> None:
    connect().checkpoint()
    assert {request.headers["Cache-Control"] for request in server.requests} == {"no-cache"}


def test_a_client_without_a_key_reads_and_does_not_sign(
    server: LogServer, connect: Connect
) -> None:
    server.grow(2)
    reader = connect(key=None)
    assert reader.checkpoint().size == 2
    assert reader.address is None
    with pytest.raises(NoSigningKey):
        reader.record(DRAFT)


def test_all_pages_of_a_list_are_read(server: LogServer, connect: Connect) -> None:
    assert [item["number"] for item in connect().items("/v1/items", limit=3)] == [*range(7)]


def test_a_list_that_never_ends_is_given_up(server: LogServer, connect: Connect) -> None:
    server.always = answer({"items": [{"number": 1}], "next": "7"})
    with pytest.raises(UnexpectedAnswer, match="never ends"):
        list(connect().items("/v1/items"))


def test_a_sealed_value_is_read_back(server: LogServer, connect: Connect) -> None:
    ledger = connect()
    signed = ledger.sign(SEALED_DRAFT)
    ledger.send(signed)
    commitment = signed.openings[0].commitment
    assert ledger.read_sealed(commitment) == "Dr. Who has left"
    assert b"Dr. Who" not in server.history.leaves[0]


def test_a_sealed_value_is_read_back_by_a_reader_whose_wallet_signs(
    server: LogServer, connect: Connect
) -> None:
    ledger = connect()
    signed = ledger.sign(SEALED_DRAFT)
    ledger.send(signed)
    question = sealed_question(
        signed.openings[0].commitment, reader=LAB.address, trust=ledger.connect(),
        issued_at=time.time_ns() // 1_000_000,
    )  # fmt: skip
    made = Account.sign_typed_data(LAB.secret, full_message=question.typed_data)
    assert bytes(made.message_hash) == question.digest
    # Some wallets write 0 and 1 for 27 and 28.
    wallet = "0x" + bytes(made.signature[:64]).hex() + f"{made.v - 27:02X}"
    assert connect(key=None).open_sealed(question, wallet) == "Dr. Who has left"


@pytest.mark.parametrize("lie", [{"value": "another"}, {"salt": "A" * 43 + "="}, {"salt": "AAAA"}])
def test_a_value_that_does_not_open_its_commitment_is_refused(
    server: LogServer, connect: Connect, lie: dict[str, object]
) -> None:
    ledger = connect()
    signed = ledger.sign(SEALED_DRAFT)
    ledger.send(signed)
    server.faults.append(change(**lie))
    with pytest.raises(InvalidSeal):
        ledger.read_sealed(signed.openings[0].commitment)


@pytest.mark.parametrize("commitment", ["", "AAAA", "no base64", "A" * 44])
def test_a_commitment_that_is_none_is_refused_before_anything_is_signed(
    server: LogServer, connect: Connect, commitment: str
) -> None:
    with pytest.raises(InvalidSeal):
        connect().read_sealed(commitment)
    assert server.asked("POST", "/v1/sealed:read") == 0
