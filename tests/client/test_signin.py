"""Signing in by itself, with the client's own key, where a ledger wants it (EIP-4361)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct

from client import SigningKey
from client.errors import ServerProblem, UnexpectedAnswer
from client.signin import sign_in_message
from ledger.events.signing import WrongSigner
from ledger.secp256k1 import InvalidSignature
from tests.client.conftest import Connect
from tests.support.dao_adversary import DaoServer
from tests.support.examples import LAB, STEWARD


@pytest.fixture
def server() -> Iterator[DaoServer]:
    """Shows its payloads to members only."""
    dao = DaoServer()
    dao.members_only = True
    yield dao
    dao.check_log()


def test_a_reader_with_a_key_is_signed_in_without_asking(
    connect: Connect, server: DaoServer
) -> None:
    ledger = connect()
    assert ledger.fetch("/v1/items")["items"]
    assert ledger.fetch("/v1/items")["items"]
    assert server.asked("POST", "/v1/session") == 1


def test_a_session_that_ended_is_opened_again(connect: Connect, server: DaoServer) -> None:
    ledger = connect()
    ledger.fetch("/v1/items")
    server.tokens.clear()
    assert len(list(ledger.items("/v1/items"))) == 7
    assert server.asked("POST", "/v1/session") == 2


def test_whoever_has_no_key_is_told_to_sign_in(connect: Connect, server: DaoServer) -> None:
    with pytest.raises(ServerProblem) as refused:
        connect(key=None).fetch("/v1/items")
    assert refused.value.problem == "sign-in-required"
    assert not server.asked("POST", "/v1/session:nonce")


def test_a_server_that_never_has_enough_is_not_asked_for_ever(
    connect: Connect, server: DaoServer
) -> None:
    ledger = connect()
    ledger.connect()
    server.tokens = _Forgetful()
    with pytest.raises(ServerProblem, match="sign-in-required"):
        ledger.fetch("/v1/items")
    assert server.asked("POST", "/v1/session") == 1


class _Forgetful(set[str]):
    """Sessions that are over at once."""

    def __contains__(self, token: object) -> bool:
        return False


def test_a_wallet_signs_in_for_a_client_without_a_key(connect: Connect, server: DaoServer) -> None:
    ledger = connect(key=None)
    unsigned = ledger.prepare_sign_in(LAB.address)
    signed = Account.sign_message(encode_defunct(text=unsigned.message), LAB.secret)
    ledger.sign_in(unsigned, "0x" + signed.signature.hex().removeprefix("0x"))
    assert ledger.fetch("/v1/items")["items"]


def test_what_no_key_signed_is_the_services_to_decide_which_asks_the_chain(
    connect: Connect, server: DaoServer
) -> None:
    ledger = connect(key=None)
    unsigned = ledger.prepare_sign_in(LAB.address)
    for signature in (STEWARD.sign_digest(unsigned.digest), "0x12"):
        with pytest.raises(WrongSigner, match="The service says that it is no contract wallet"):
            ledger.sign_in(unsigned, signature)
    assert server.asked("POST", "/v1/session") == 2
    with pytest.raises(ServerProblem, match="sign-in-required"):
        ledger.fetch("/v1/items")


def test_what_is_no_signature_at_all_is_not_sent(connect: Connect, server: DaoServer) -> None:
    ledger = connect(key=None)
    unsigned = ledger.prepare_sign_in(LAB.address)
    for answer in ("", "0x123", "no", "0x" + "11" * 4_097):
        with pytest.raises(InvalidSignature):
            ledger.sign_in(unsigned, answer)
    assert not server.asked("POST", "/v1/session")


def test_a_wallet_that_writes_v_as_0_or_1_signs_in(connect: Connect, server: DaoServer) -> None:
    ledger = connect(key=None)
    unsigned = ledger.prepare_sign_in(LAB.address)
    made = bytes.fromhex(LAB.sign_digest(unsigned.digest)[2:])
    ledger.sign_in(unsigned, "0x" + (made[:64] + bytes([made[64] - 27])).hex())
    assert ledger.fetch("/v1/items")["items"]


def test_a_key_is_asked_for_only_where_the_ledger_wants_a_sign_in(
    connect: Connect, server: DaoServer
) -> None:
    asked: list[str] = []

    def unlock() -> SigningKey:
        asked.append("key")
        return STEWARD

    ledger = connect(key=None, unlock=unlock)
    ledger.connect()
    assert not asked
    assert ledger.fetch("/v1/items")["items"]
    assert ledger.fetch("/v1/items")["items"]
    assert asked == ["key"]


def test_who_has_signed_out_is_a_stranger_again(connect: Connect, server: DaoServer) -> None:
    ledger = connect(key=None)
    ledger.sign_out()
    unsigned = ledger.prepare_sign_in(LAB.address)
    ledger.sign_in(unsigned, LAB.sign_digest(unsigned.digest))
    ledger.sign_out()
    assert server.asked("DELETE", "/v1/session") == 1
    with pytest.raises(ServerProblem, match="sign-in-required"):
        ledger.fetch("/v1/items")


def test_the_message_names_the_page_that_asks_the_wallet(
    connect: Connect, server: DaoServer
) -> None:
    unsigned = connect(key=None).prepare_sign_in(LAB.address, page="dashboard.test:8501")
    assert unsigned.message.startswith("dashboard.test:8501 wants you to sign in")
    assert "\nURI: http://ledger.test\n" in unsigned.message


def test_a_page_that_the_service_does_not_know_is_never_named(
    connect: Connect, server: DaoServer
) -> None:
    with pytest.raises(ServerProblem, match="sign-in-refused"):
        connect(key=None).prepare_sign_in(LAB.address, page="evil.test")


def test_the_message_names_this_server_and_this_ledger(connect: Connect, server: DaoServer) -> None:
    message = connect().prepare_sign_in(STEWARD.address).message
    assert message.startswith("ledger.test wants you to sign in with your Ethereum account:\n")
    assert f"\nChain ID: {server.chain_id}\n" in message
    assert "\nURI: http://ledger.test\n" in message


@pytest.mark.parametrize("nonce", ["", "short", "with space 123", "line\nbreak1234", "é" * 10])
def test_a_nonce_that_is_none_is_never_signed(nonce: str) -> None:
    with pytest.raises(UnexpectedAnswer):
        sign_in_message("http://ledger.test", LAB.address, chain_id=1, nonce=nonce, now=0)


def test_content_is_kept_for_members_and_nobody_else(connect: Connect, server: DaoServer) -> None:
    dao = connect().dao
    assert dao.download(dao.upload(b"a policy")["content"]) == b"a policy"
    with pytest.raises(ServerProblem, match="sign-in-required"):
        connect(key=None).dao.upload(b"another policy")
