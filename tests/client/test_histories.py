"""A server cannot show one user two histories, nor a shorter one than before."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from client import drafts
from client.errors import ForkedLog, RolledBackLog, UnexpectedAnswer, WrongLog
from client.trust_store import TrustStore
from tests.support.adversary import SERVER, Honest, LogServer, answer, change

Connect = Callable[..., Any]
DRAFT = drafts.revoke_key("0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf")


def evidence_in(folder: Path) -> list[str]:
    return [path.read_text() for path in folder.glob("*.fork-*.txt")]


def test_an_honest_log_is_followed_as_it_grows(server: LogServer, connect: Connect) -> None:
    ledger = connect()
    for count in (0, 1, 1, 5, 250, 43):
        server.grow(count)
        assert ledger.checkpoint().size == server.size
        assert ledger.record(DRAFT).index == server.size - 1


def test_the_same_checkpoint_again_needs_no_proof(server: LogServer, connect: Connect) -> None:
    server.grow(9)
    ledger = connect()
    ledger.checkpoint()
    ledger.checkpoint()
    assert server.asked("GET", "/v1/log/consistency") == 0


@pytest.mark.parametrize("restarted", [False, True])
def test_two_roots_for_one_size_are_a_fork_and_both_notes_are_kept(
    server: LogServer, connect: Connect, tmp_path: Path, restarted: bool
) -> None:
    server.grow(7)
    ledger = connect()
    ledger.checkpoint()
    first = server.note
    server.fork(3, 4)
    if restarted:
        ledger = connect()
    with pytest.raises(ForkedLog, match="two roots for size 7") as caught:
        ledger.checkpoint()
    assert evidence_in(tmp_path / "trust") == [f"{first}\n{server.note}"]
    assert str(tmp_path / "trust") in str(caught.value)


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("size", [8, 16, 300])
def test_a_larger_tree_that_does_not_extend_the_last_one_is_a_fork(
    server: LogServer, connect: Connect, tmp_path: Path, size: int, restarted: bool
) -> None:
    server.grow(7)
    ledger = connect()
    ledger.checkpoint()
    first = server.note
    server.fork(6, size - 6)
    if restarted:
        ledger = connect()
    with pytest.raises(ForkedLog, match=f"size {size} .* extends size 7"):
        ledger.checkpoint()
    assert evidence_in(tmp_path / "trust") == [f"{first}\n{server.note}"]


def test_a_fork_is_noticed_in_the_receipt_of_the_event_that_was_just_sent(
    server: LogServer, connect: Connect
) -> None:
    server.grow(5)
    ledger = connect()
    ledger.checkpoint()
    server.fork(2, 4)
    with pytest.raises(ForkedLog):
        ledger.record(DRAFT)


def test_a_fork_is_noticed_in_an_old_receipt_of_a_smaller_tree(
    server: LogServer, connect: Connect
) -> None:
    server.grow(9)
    ledger = connect()
    ledger.checkpoint()
    with server.forked(1, 5):
        forged = server.receipt_of(4)
    server.receipt = lambda _: forged
    with pytest.raises(ForkedLog, match=r"size 9 .* extends size 6"):
        ledger.receipt(4)


def test_after_a_fork_the_first_history_is_believed_still(
    server: LogServer, connect: Connect
) -> None:
    server.grow(5)
    ledger = connect()
    ledger.checkpoint()
    with server.forked(2, 9):
        for _ in range(2):
            with pytest.raises(ForkedLog):
                ledger.checkpoint()
    server.grow(1)
    assert ledger.checkpoint().size == 6


def test_two_clients_of_one_user_cannot_be_led_onto_two_histories(
    server: LogServer, connect: Connect
) -> None:
    server.grow(5)
    one, other = connect(), connect()
    one.checkpoint()
    other.checkpoint()
    with server.forked(5, 3):
        one.checkpoint()
    # Both histories extend size 5, which is all that this client has seen with its own eyes.
    server.grow(4)
    with pytest.raises(ForkedLog):
        other.checkpoint()


def test_a_checkpoint_is_tied_again_if_another_process_moves_on_meanwhile(
    server: LogServer, connect: Connect, tmp_path: Path
) -> None:
    server.grow(5)
    one = connect()
    one.checkpoint()
    with server.forked(5, 2):
        forged = server.note

    def believe_the_forged_one(request: httpx.Request, honest: Honest) -> httpx.Response:
        store = TrustStore(tmp_path / "trust")
        believed = store.load(SERVER)
        assert believed is not None
        assert store.advance(believed, forged)
        return honest()

    server.grow(4)
    # The proof from 5 to 9 is right; but by the time it is there, the store believes 7.
    server.faults.extend([None, believe_the_forged_one])
    with pytest.raises(ForkedLog):
        one.checkpoint()


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("size", [0, 1, 6])
def test_a_smaller_checkpoint_than_before_is_a_rollback(
    server: LogServer, connect: Connect, size: int, restarted: bool
) -> None:
    server.grow(7)
    ledger = connect()
    ledger.checkpoint()
    server.roll_back(size)
    if restarted:
        ledger = connect()
    with pytest.raises(RolledBackLog, match=f"shows size {size} .* signed 7 before"):
        ledger.checkpoint()


def test_a_rollback_is_noticed_by_another_client_of_the_same_user(
    server: LogServer, connect: Connect
) -> None:
    server.grow(7)
    one, other = connect(), connect()
    other.checkpoint()
    server.grow(3)
    one.checkpoint()
    server.roll_back(8)
    with pytest.raises(RolledBackLog):
        other.checkpoint()


def test_a_server_that_lost_what_it_signed_is_named_when_it_cannot_prove_it(
    server: LogServer, connect: Connect
) -> None:
    server.grow(7)
    ledger = connect()
    ledger.checkpoint()
    server.roll_back(4)
    with pytest.raises(RolledBackLog, match=r"signed size 7 .* cannot prove"):
        ledger.record(DRAFT)


@pytest.mark.parametrize(
    "lie",
    [
        {"origin": "ledger.test/other"},
        {"key": 1},
        {"chain_id": 99},
        {"origin": "ledger.test/other", "key": 3, "chain_id": 99},
    ],
)
@pytest.mark.parametrize("restarted", [False, True])
def test_another_log_at_the_same_address_is_refused(
    server: LogServer, connect: Connect, lie: dict[str, Any], restarted: bool
) -> None:
    server.grow(3)
    ledger = connect()
    ledger.checkpoint()
    server.become(**lie)
    if restarted or lie == {"chain_id": 99}:
        with pytest.raises(WrongLog, match=r"says that it is .* trusted is ledger\.test/log"):
            connect().checkpoint()
    else:
        with pytest.raises(WrongLog, match=r"Another log than ledger\.test/log signed"):
            ledger.checkpoint()


@pytest.mark.parametrize("lie", [{"key": 1}, {"chain_id": 99}])
def test_a_trusted_log_at_another_address_must_be_the_same_log(
    server: LogServer, connect: Connect, lie: dict[str, Any]
) -> None:
    connect().connect()
    assert connect(address="http://mirror.test").connect().origin == server.origin
    server.become(**lie)
    with pytest.raises(WrongLog):
        connect(address="http://evil.test").connect()


def test_what_is_believed_of_a_log_holds_at_all_its_addresses(
    server: LogServer, connect: Connect
) -> None:
    server.grow(7)
    connect().checkpoint()
    server.fork(1, 8)
    with pytest.raises(ForkedLog):
        connect(address="http://mirror.test").checkpoint()


def test_forgetting_a_log_makes_the_next_contact_the_first(
    server: LogServer, connect: Connect, tmp_path: Path
) -> None:
    connect().checkpoint()
    server.become(origin="ledger.test/made-anew")
    with pytest.raises(WrongLog) as caught:
        connect().connect()
    named = next(p for p in (tmp_path / "trust").iterdir() if str(p) in str(caught.value))
    named.unlink()
    assert connect().connect().origin == "ledger.test/made-anew"


def test_on_first_contact_any_log_is_trusted(server: LogServer, connect: Connect) -> None:
    server.become(origin="somebody.example/log", key=5)
    assert connect().connect().origin == "somebody.example/log"


def test_with_a_pinned_key_only_that_log_is_trusted(server: LogServer, connect: Connect) -> None:
    pinned = str(server.key.verifier)
    assert connect(verifier_key=pinned).connect().verifier_key == pinned
    server.become(key=1)
    with pytest.raises(WrongLog, match=r"not ledger\.test/log"):
        connect(verifier_key=pinned).connect()


def test_a_pinned_key_is_checked_before_anything_is_kept(
    server: LogServer, connect: Connect, tmp_path: Path
) -> None:
    with pytest.raises(WrongLog):
        connect(verifier_key="ledger.test/log+00000000+AAAA").connect()
    assert [p.name for p in (tmp_path / "trust").iterdir()] == []


def test_a_key_of_another_name_than_the_origin_is_refused(
    server: LogServer, connect: Connect
) -> None:
    server.faults.append(change(origin="ledger.test/someone-else"))
    with pytest.raises(WrongLog, match=r"shows the key of ledger\.test/log"):
        connect().connect()


@pytest.mark.parametrize(
    "lie",
    [
        {"chainId": -1},
        {"chainId": 0},
        {"chainId": 2**60},
        {"chainId": "1"},
        {"chainId": True},
        {"chainId": None},
        {"origin": None},
        {"origin": 7},
        {"verifierKey": "none"},
        {"verifierKey": ""},
        {"verifierKey": "ledger.test/log+00000000+AAAA"},
    ],
)
def test_an_identity_that_cannot_be_is_refused(
    server: LogServer, connect: Connect, lie: dict[str, object]
) -> None:
    server.faults.append(change(**lie))
    with pytest.raises(UnexpectedAnswer):
        connect().connect()


@pytest.mark.parametrize(
    ("note", "error"),
    [
        ("", UnexpectedAnswer),
        ("no note", UnexpectedAnswer),
        ("ledger.test/log\n7\n\n", UnexpectedAnswer),
        (b"\xff\xfe", UnexpectedAnswer),
        ("ledger.test/log\n7\nAAAA\n\n— other.test/log AAAAAAAA\n", WrongLog),
    ],
)
def test_a_checkpoint_that_is_none_is_refused(
    server: LogServer, connect: Connect, note: str | bytes, error: type[Exception]
) -> None:
    ledger = connect()
    ledger.connect()
    server.faults.append(lambda request, honest: httpx.Response(200, content=note))
    with pytest.raises(error):
        ledger.checkpoint()


@pytest.mark.parametrize(
    "proof", [None, "AAAA", [1], ["not base64!"], ["AAAA"], [], ["A" * 43 + "="] * 100]
)
def test_a_consistency_proof_that_is_none_never_passes(
    server: LogServer, connect: Connect, proof: object
) -> None:
    server.grow(7)
    ledger = connect()
    ledger.checkpoint()
    server.grow(4)
    server.faults.extend([None, change(proof=proof)])
    with pytest.raises((ForkedLog, UnexpectedAnswer)):
        ledger.checkpoint()


def test_a_proof_of_other_sizes_does_not_pass(server: LogServer, connect: Connect) -> None:
    server.grow(7)
    ledger = connect()
    ledger.checkpoint()
    server.grow(4)
    proof = server.history.tree.consistency(6, 11)

    encoded = [base64.b64encode(item).decode() for item in proof]
    server.faults.extend([None, answer({"first": 7, "second": 11, "proof": encoded})])
    with pytest.raises(ForkedLog):
        ledger.checkpoint()
