"""Proposing in a browser, and carrying a proposal to its end."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

from client.dao import MemberProfile
from tests.dashboard.conftest import Open, settled
from tests.dashboard.wallet import Wallet
from tests.dashboard.world import TERMS, Assembly, admission
from tests.support.ledgers import Consortium, member_key
from tests.support.servers import ServerProcess
from tests.support.waiting import await_that

pytestmark = pytest.mark.slow

CLINIC = member_key("clinic")


def number_in(page: Page) -> str:
    return page.url.partition("proposal=")[2]


def fill_admission(page: Page, account: str, title: str) -> None:
    """The guided form, up to what it would do."""
    fill(page, "Account of the new member", account)
    page.get_by_role("combobox", name="Roles, these and no others").click()
    page.get_by_role("option", name="steward").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Add it to the proposal").click()
    expect(page.get_by_text("1. Admit a member")).to_be_visible()
    fill(page, "Title", title)
    page.get_by_role("button", name="Try it and review").click()


def fill(page: Page, label: str, text: str) -> None:
    """Types and leaves the field, as a person does."""
    field = page.get_by_role("textbox", name=label, exact=True)
    field.fill(text)
    field.press("Tab")


def test_a_member_proposes_an_admission_through_the_guided_form_and_takes_it_back(
    open_page: Open, wallet_of: Callable[..., Wallet], consortium: Consortium,
    assembly: Assembly, service: ServerProcess,
) -> None:  # fmt: skip
    wallet_of(consortium.stewards[1])
    page = open_page("/members", heading="Members and treasury")
    page.get_by_role("link", name="Propose a new member").click()
    settled(page, "Propose something")
    fill(page, "Account of the new member", CLINIC.address)
    fill(page, "What it is called (optional, public for ever)", "Hillside Clinic")
    page.get_by_role("button", name="Connect Test Wallet").click()
    page.get_by_role("button", name="Sign with Test Wallet").click()
    expect(page.get_by_text("The ledger holds the text under its content id.")).to_be_visible()
    fill_admission(page, CLINIC.address, "Admit the clinic")
    review = page.locator(".st-key-review")
    expect(review.get_by_text("Would succeed")).to_be_visible()
    expect(review.get_by_text("Takes a quorum of 30 %")).to_be_visible()
    page.get_by_role("button", name="Sign and propose").click()
    expect(page.get_by_text("Propose “Admit the clinic”. If it passes:")).to_be_visible()
    page.get_by_role("button", name="Sign with Test Wallet").click()
    expect(page.get_by_text("Your proposal stands.")).to_be_visible()
    page.get_by_role("link", name="Open the proposal").click()
    settled(page, "Admit the clinic")
    await_that(lambda: number_in(page) != "")
    proposal = number_in(page)
    assert assembly.state(proposal) == "pending"
    profile = MemberProfile("Hillside Clinic")
    assert assembly.detail(proposal)["actions"][0]["action"]["profileDigest"] == profile.digest
    kept = httpx.get(f"{service.url}/v1/content/{profile.content}")
    assert kept.json() == {"name": "Hillside Clinic"}
    expect(page.get_by_text("Voting has not begun yet")).to_be_visible()

    page.get_by_role("button", name="Cancel the proposal").click()
    page.get_by_role("button", name="Sign with Test Wallet").click()
    expect(page.get_by_text("The proposal is cancelled.")).to_be_visible()
    expect(page.locator(".st-key-standing").get_by_text("Cancelled")).to_be_visible()
    assert assembly.state(proposal) == "canceled"

    page.get_by_role("link", name="Proof: event").first.click()
    settled(page, "Event ")
    expect(page.get_by_text("Proposal “Admit the clinic” was created by")).to_be_visible()
    expect(page.get_by_text("Proposal made by the ledger’s relayer")).to_be_visible()
    expect(page.get_by_role("link", name="“Admit the clinic”")).to_be_visible()


def test_a_proposal_that_the_wallet_declines_is_not_made_and_can_be_asked_for_again(
    open_page: Open, wallet_of: Callable[..., Wallet], consortium: Consortium
) -> None:
    wallet = wallet_of(consortium.stewards[1], rejects={"eth_sendTransaction"})
    page = open_page("/proposals?new=admit", heading="Propose something")
    fill_admission(page, member_key("second-clinic").address, "Admit the second clinic")
    page.get_by_role("button", name="Connect Test Wallet").click()
    page.get_by_role("button", name="Sign and propose").click()
    page.get_by_role("button", name="Sign with Test Wallet").click()
    expect(page.get_by_text("You declined in the wallet. Nothing was signed")).to_be_visible()
    wallet.rejects.clear()
    page.get_by_role("button", name="Sign with Test Wallet").click()
    expect(page.get_by_text("Your proposal stands.")).to_be_visible()


def test_a_wallet_on_another_chain_is_asked_to_switch_before_it_sends(
    open_page: Open, wallet_of: Callable[..., Wallet], consortium: Consortium
) -> None:
    wallet = wallet_of(consortium.stewards[1], chain_id=1)
    wallet.known_chains.add(consortium.domain.chain_id)
    page = open_page("/proposals?new=admit", heading="Propose something")
    fill_admission(page, member_key("third-clinic").address, "Admit the third clinic")
    page.get_by_role("button", name="Connect Test Wallet").click()
    page.get_by_role("button", name="Sign and propose").click()
    page.get_by_role("button", name="Sign with Test Wallet").click()
    expect(page.get_by_text("Your proposal stands.")).to_be_visible()
    assert wallet.chain_id == consortium.domain.chain_id
    assert "wallet_addEthereumChain" not in wallet.methods


def test_whoever_has_too_few_votes_is_told_before_anything_is_signed(
    open_page: Open, wallet_of: Callable[..., Wallet], consortium: Consortium
) -> None:
    wallet = wallet_of(consortium.outsider)
    page = open_page("/proposals?new=admit", heading="Propose something")
    fill_admission(page, CLINIC.address, "Admit the clinic once more")
    page.get_by_role("button", name="Connect Test Wallet").click()
    expect(page.locator(".st-key-review").get_by_text("Too few votes")).to_be_visible()
    expect(page.get_by_role("button", name="Sign and propose")).to_have_count(0)
    assert "eth_sendTransaction" not in wallet.methods


POLICY = {"v": 1, "policy": "release", "rules": [
    {"rule": "verdict-required", "accepted": ["clean"]},
    {"rule": "evaluations-required", "count": 2},
]}  # fmt: skip


def test_a_member_uploads_the_text_of_a_policy_and_proposes_to_adopt_it(
    open_page: Open, wallet_of: Callable[..., Wallet], consortium: Consortium,
    assembly: Assembly, service: ServerProcess,
) -> None:  # fmt: skip
    wallet = wallet_of(consortium.stewards[1])
    page = open_page("/members?view=rules", heading="Members and treasury")
    expect(page.get_by_text("nobody but the members, by vote")).to_be_visible()
    expect(page.get_by_text("voting is not extended")).to_be_visible()
    page.get_by_role("link", name="Propose a policy").click()
    settled(page, "Propose something")
    document = json.dumps(POLICY).encode()
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        {"name": "policy.json", "mimeType": "application/json", "buffer": document}
    )
    page.get_by_role("button", name="Connect Test Wallet").click()
    page.get_by_role("button", name="Sign with Test Wallet").click()
    expect(page.get_by_text("The ledger holds the text under its content id.")).to_be_visible()
    page.get_by_role("button", name="Add it to the proposal").click()
    expect(page.get_by_text("1. Adopt a policy: release")).to_be_visible()
    fill(page, "Title", "Release only what two auditors found clean")
    page.get_by_role("button", name="Try it and review").click()
    expect(page.locator(".st-key-review").get_by_text("Would succeed")).to_be_visible()
    page.get_by_role("button", name="Sign and propose").click()
    page.get_by_role("button", name="Sign with Test Wallet").click()
    expect(page.get_by_text("Your proposal stands.")).to_be_visible()
    assert wallet.methods.count("personal_sign") == 1

    newest = httpx.get(f"{service.url}/v1/proposals", params={"limit": 1}).json()["items"][0]
    action = assembly.detail(newest["proposal"])["actions"][0]["action"]
    assert action["digest"] == "0x" + hashlib.sha256(document).hexdigest()
    # Two auditors, and no limit of time, as ModelRegistry reads them.
    assert action["parameters"] == "0x" + f"{2:064x}" + f"{0:064x}"
    kept = httpx.get(f"{service.url}/v1/content/{action['content']}")
    assert kept.content == document


def test_a_file_that_names_no_policy_cannot_be_proposed(open_page: Open) -> None:
    page = open_page("/proposals?new=adopt-policy", heading="Propose something")
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        {"name": "policy.json", "mimeType": "application/json", "buffer": b"[]"}
    )
    expect(page.get_by_text("This file names no policy")).to_be_visible()
    expect(page.get_by_role("button", name="Add it to the proposal")).to_be_disabled()


def test_a_visitor_queues_what_passed_and_carries_it_out_once_its_waiting_time_is_over(
    open_page: Open, consortium: Consortium, assembly: Assembly
) -> None:
    newcomer = member_key("fourth-clinic")
    proposal = assembly.open("Admit the fourth clinic", admission(newcomer, "steward"))
    assembly.pass_with(proposal, consortium.stewards)
    page = open_page(f"/proposals?proposal={proposal}", heading="Admit the fourth clinic")
    page.get_by_role("button", name="Queue it").click()
    standing = page.locator(".st-key-standing")
    expect(standing.get_by_text("Passed, in its waiting time")).to_be_visible()
    expect(page.get_by_role("button", name="Carry it out")).to_have_count(0)
    # The page notices by itself that the waiting time is over.
    assembly.pass_time(TERMS.timelock_delay + 1)
    page.get_by_role("button", name="Carry it out").click()
    expect(standing.get_by_text("Carried out")).to_be_visible()
    assert assembly.state(proposal) == "executed"
    page.get_by_role("link", name="Open the member").click()
    expect(page.get_by_text("answers for datasets and decides who may use them")).to_be_visible()


def test_a_member_lets_another_vote_and_takes_that_back(
    open_page: Open, wallet_of: Callable[..., Wallet], consortium: Consortium
) -> None:
    wallet_of(consortium.auditor)
    page = open_page("/members?view=power", heading="Members and treasury")
    expect(page.get_by_text(re.compile(r"^\d+[.]\d %$")).first).to_be_visible()
    page.get_by_role("combobox", name="Let somebody vote for you").click()
    page.get_by_role("option", name="Hospital 0", exact=True).click()
    page.get_by_role("button", name="Review and sign").click()
    page.get_by_role("button", name="Connect Test Wallet").click()
    page.get_by_role("button", name="Sign with Test Wallet").click()
    expect(page.get_by_text("their votes are cast by Hospital 0")).to_be_visible()
    page.get_by_role("button", name="Vote myself").click()
    page.get_by_role("button", name="Sign with Test Wallet").click()
    expect(page.get_by_text("you cast their votes yourself")).to_be_visible()
