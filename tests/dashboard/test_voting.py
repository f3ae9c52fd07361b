"""Voting in a browser: with a wallet, with a keystore file, and what keeps a vote from counting."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from client import Keystore
from tests.dashboard.conftest import Open, settled
from tests.dashboard.story import HOSTILE_TEXT
from tests.dashboard.wallet import Wallet
from tests.dashboard.world import TOKEN, Assembly, admission
from tests.support.ledgers import Consortium, member_key

pytestmark = pytest.mark.slow

TITLE = "Admit <b onclick=alert(1)>them</b> **now** [go](javascript:alert(1))"
PASSPHRASE = "correct horse"

OpenProposal = Callable[[], Page]


@pytest.fixture(scope="module")
def proposal(assembly: Assembly) -> str:
    """A proposal that is open for votes."""
    return assembly.open(TITLE, admission(member_key("newcomer"), "steward"), body="Why not?")


@pytest.fixture
def open_proposal(open_page: Open, proposal: str) -> OpenProposal:
    return lambda: open_page(f"/proposals?proposal={proposal}", heading="Admit <b onclick")


@pytest.fixture
def unmoved(assembly: Assembly, proposal: str) -> Iterator[None]:
    """No vote is cast by the test."""
    before = assembly.votes(proposal)
    yield
    assert assembly.votes(proposal) == before


def standing(page: Page) -> Locator:
    return page.locator(".st-key-standing")


def test_a_member_votes_with_its_wallet_and_sees_the_tally_move(
    open_page: Open, wallet_of: Callable[..., Wallet], consortium: Consortium,
    assembly: Assembly, proposal: str,
) -> None:  # fmt: skip
    wallet_of(consortium.labs[0])
    page = open_page()
    # From the start page: what is open is the first thing there. Other tests may have left more.
    this_one = page.locator(f"a[href*='{proposal}']")
    page.get_by_role("link", name="Read it and vote").and_(this_one).click()
    settled(page, "Admit <b onclick")
    expect(standing(page).get_by_text("Quorum not reached")).to_be_visible()
    page.get_by_label("Why (optional; public for ever)").fill(HOSTILE_TEXT[:60])
    page.get_by_role("button", name="Vote for").click()
    page.get_by_role("button", name="Connect Test Wallet").click()
    page.get_by_role("button", name="Sign with Test Wallet").click()
    expect(page.get_by_text("Your vote was counted")).to_be_visible()
    expect(standing(page).get_by_text("1,000 tokens").first).to_be_visible()
    assert assembly.voted(proposal, consortium.labs[0]) == ["for"]
    assert page.evaluate("window.hacked") is None
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the receipt").click()
    assert json.loads(download.value.path().read_text())["weight"] == str(1_000 * TOKEN)


def test_a_member_votes_with_a_keystore_file(
    open_proposal: OpenProposal, consortium: Consortium, assembly: Assembly, proposal: str,
    tmp_path: Path,
) -> None:  # fmt: skip
    voter = consortium.stewards[2]
    file = Keystore(tmp_path, work_factor=1 << 12).save("clinic", voter, PASSPHRASE).path
    page = open_proposal()
    page.get_by_role("button", name="Vote against").click()
    page.get_by_text("Use a keystore file", exact=True).click()
    page.get_by_label("Keystore file (stays in this browser)").set_input_files(file)
    page.get_by_role("textbox", name="Its passphrase").fill(PASSPHRASE)
    page.get_by_role("button", name="Open the keystore").click()
    page.get_by_role("button", name="Sign with the keystore").wait_for()
    expect(page.get_by_role("button", name="Open the keystore")).to_have_count(0)
    page.get_by_role("textbox", name="Its passphrase").fill(PASSPHRASE)
    page.get_by_role("button", name="Sign with the keystore").click()
    expect(page.get_by_text("Your vote was counted")).to_be_visible()
    assert assembly.voted(proposal, voter) == ["against"]


def test_a_wallet_that_does_not_know_the_chain_is_asked_to_add_it_before_a_vote(
    open_proposal: OpenProposal, wallet_of: Callable[..., Wallet], consortium: Consortium,
    assembly: Assembly, proposal: str,
) -> None:  # fmt: skip
    wallet = wallet_of(consortium.labs[1], chain_id=1)
    page = open_proposal()
    page.get_by_role("button", name="Abstain").click()
    page.get_by_role("button", name="Connect Test Wallet").click()
    page.get_by_role("button", name="Sign with Test Wallet").click()
    expect(page.get_by_text("Your vote was counted")).to_be_visible()
    assert assembly.voted(proposal, consortium.labs[1]) == ["abstain"]
    assert wallet.chain_id == consortium.domain.chain_id
    assert wallet.methods.count("wallet_addEthereumChain") == 1


@pytest.mark.usefixtures("unmoved")
def test_a_vote_that_the_wallet_declines_is_not_cast(
    open_proposal: OpenProposal, wallet_of: Callable[..., Wallet], consortium: Consortium
) -> None:
    wallet_of(consortium.stewards[0], rejects={"eth_signTypedData_v4"})
    page = open_proposal()
    page.get_by_role("button", name="Abstain").click()
    page.get_by_role("button", name="Connect Test Wallet").click()
    page.get_by_role("button", name="Sign with Test Wallet").click()
    expect(page.get_by_text("You declined in the wallet")).to_be_visible()
    # It is this member's own proposal, and voting has begun.
    expect(page.get_by_role("button", name="Cancel the proposal")).to_have_count(0)


@pytest.mark.usefixtures("unmoved")
def test_a_session_that_is_lost_before_the_signature_casts_no_vote_and_the_page_begins_again(
    open_proposal: OpenProposal, wallet_of: Callable[..., Wallet], consortium: Consortium
) -> None:
    wallet_of(consortium.stewards[0])
    page = open_proposal()
    page.get_by_role("button", name="Vote against").click()
    page.get_by_role("button", name="Connect Test Wallet").click()
    page.get_by_role("button", name="Sign with Test Wallet").wait_for()
    page.reload()
    settled(page, "Admit <b onclick")
    expect(page.get_by_role("button", name="Vote against")).to_be_visible()
    expect(page.get_by_text("You are reading only")).to_be_visible()
    expect(page.get_by_role("button", name="Sign with Test Wallet")).to_have_count(0)


@pytest.mark.usefixtures("unmoved")
def test_without_a_wallet_a_voter_is_told_how_to_get_one(open_proposal: OpenProposal) -> None:
    page = open_proposal()
    page.get_by_role("button", name="Vote for").click()
    expect(page.get_by_text("No browser wallet was found")).to_be_visible()


@pytest.mark.usefixtures("unmoved")
def test_whoever_has_no_votes_is_told_why_there_is_nothing_to_press(
    open_page: Open, open_proposal: OpenProposal, wallet_of: Callable[..., Wallet],
    consortium: Consortium,
) -> None:  # fmt: skip
    wallet_of(consortium.outsider)
    page = open_proposal()
    page.get_by_role("button", name="Vote for").click()
    page.get_by_role("button", name="Connect Test Wallet").click()
    expect(page.get_by_text("You had no votes when votes were weighed")).to_be_visible()
