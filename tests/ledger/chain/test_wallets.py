"""What contract wallets take for their signature, asked on the embedded node and on anvil alike."""

from __future__ import annotations

import time

import pytest

from ledger.chain.errors import ChainRefused
from ledger.chain.wallets import ChainStateGone, ChainWallets, answer_at
from ledger.errors import Unavailable
from ledger.events.envelope import MAX_SIGNATURE_BYTES
from ledger.events.identifiers import Milliseconds
from ledger.events.wallets import WINDOW_MS, WalletAnswer
from ledger.keccak import keccak
from tests.support.chains import Backend
from tests.support.ledgers import member_key
from tests.support.wallets import DISHONEST, OWNER, Mood, Wallet, deploy_wallet

DIGEST = keccak(b"what is signed")
SIGNATURE = bytes.fromhex(OWNER.sign_digest(DIGEST)[2:])
OTHER = member_key("another owner")


@pytest.fixture
def wallet(backend: Backend) -> Wallet:
    return deploy_wallet(backend.chain, backend.operator)


def answer_of(
    wallet: Wallet, signature: bytes = SIGNATURE, *, digest: bytes = DIGEST
) -> WalletAnswer:
    return ChainWallets(wallet.chain).ask_now(wallet.account, digest, signature)


def test_a_wallet_takes_its_owners_signature_and_no_other(wallet: Wallet) -> None:
    assert answer_of(wallet) is WalletAnswer.TAKEN
    assert answer_of(wallet, digest=keccak(b"something else")) is WalletAnswer.REFUSED
    others = bytes.fromhex(OTHER.sign_digest(DIGEST)[2:])
    assert answer_of(wallet, others) is WalletAnswer.REFUSED


def test_an_empty_signature_counts_where_the_wallet_says_so(wallet: Wallet) -> None:
    assert answer_of(wallet, b"") is WalletAnswer.REFUSED
    wallet.approve(DIGEST)
    assert answer_of(wallet, b"") is WalletAnswer.TAKEN


@pytest.mark.parametrize("mood", DISHONEST)
def test_nothing_but_the_magic_value_in_one_word_counts(wallet: Wallet, mood: Mood) -> None:
    wallet.behave(mood)
    assert answer_of(wallet) is WalletAnswer.REFUSED


def test_an_account_without_code_is_plain(backend: Backend) -> None:
    wallets = ChainWallets(backend.chain)
    signature = bytes.fromhex(OWNER.sign_digest(DIGEST)[2:])
    assert wallets.ask_now(OWNER.address, DIGEST, signature) is WalletAnswer.PLAIN


def test_a_signature_up_to_the_limit_is_asked_about_and_a_longer_one_refused(
    wallet: Wallet,
) -> None:
    longest = SIGNATURE.ljust(MAX_SIGNATURE_BYTES, b"\0")
    assert answer_of(wallet, longest) is WalletAnswer.TAKEN
    assert answer_of(wallet, longest + b"\0") is WalletAnswer.REFUSED


def test_each_block_keeps_its_answer(backend: Backend, wallet: Wallet) -> None:
    before = backend.chain.head().number
    wallet.hand_over(OTHER)
    after = backend.chain.head().number
    for block, expected in (
        (before - 1, WalletAnswer.PLAIN),
        (before, WalletAnswer.TAKEN),
        (after, WalletAnswer.REFUSED),
    ):
        found = answer_at(backend.chain, wallet.account, DIGEST, SIGNATURE, block=block)
        assert found is expected


def test_the_block_that_is_asked_is_the_last_one_not_after_the_time(
    backend: Backend, wallet: Wallet
) -> None:
    wallets = ChainWallets(backend.chain)
    for _ in range(4):
        backend.move_time(1_000)
    wallet.hand_over(OTHER)
    handed_over = Milliseconds(backend.chain.head().timestamp * 1000)
    for _ in range(5):
        backend.move_time(1_000)

    def answer(at: int) -> WalletAnswer:
        return wallets.ask(wallet.account, DIGEST, SIGNATURE, at=Milliseconds(at))

    assert answer(handed_over) is WalletAnswer.REFUSED
    assert answer(handed_over - 1) is WalletAnswer.TAKEN
    assert answer(0) is WalletAnswer.PLAIN


def test_an_event_is_confirmed_by_any_block_that_was_the_last_one_in_its_window(
    backend: Backend, wallet: Wallet
) -> None:
    wallets = ChainWallets(backend.chain)
    backend.move_time(600)
    wallet.hand_over(OTHER)
    handed_over = backend.chain.head().timestamp * 1000
    backend.move_time(600)

    def answer(recorded_at: int) -> WalletAnswer:
        at = Milliseconds(recorded_at)
        return wallets.ask_before(wallet.account, DIGEST, SIGNATURE, recorded_at=at)

    assert answer(handed_over - 1) is WalletAnswer.TAKEN
    assert answer(handed_over + WINDOW_MS - 1) is WalletAnswer.TAKEN
    assert answer(handed_over + WINDOW_MS) is WalletAnswer.REFUSED
    assert answer(0) is WalletAnswer.PLAIN


def test_a_wallet_that_burns_gas_is_stopped_in_moments(wallet: Wallet) -> None:
    wallet.behave(Mood.BURNS_GAS)
    started = time.process_time()
    assert answer_of(wallet) is WalletAnswer.REFUSED
    assert time.process_time() - started < 5


def test_a_node_without_that_blocks_state_cannot_tell(
    backend: Backend, wallet: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    beyond = backend.chain.head().number + 1_000
    with pytest.raises(ChainStateGone) as caught:
        answer_at(backend.chain, wallet.account, DIGEST, SIGNATURE, block=beyond)
    assert isinstance(caught.value, Unavailable)
    assert isinstance(caught.value.__cause__, ChainRefused)
