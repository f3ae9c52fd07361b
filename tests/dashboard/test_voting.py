"""Voting in a browser: with a wallet and with a keystore file, on a DAO with its embedded chain."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from client import Keystore, Ledger
from client.dao import ProposalDraft
from ledger.events import SigningKey
from ledger.events.canonical import JsonObject
from service.founding import DaoTerms, found_ledger
from service.settings import Settings
from tests.dashboard.conftest import settled
from tests.dashboard.processes import DashboardProcess
from tests.dashboard.story import HOSTILE_TEXT
from tests.dashboard.wallet import Wallet
from tests.support.ledgers import member_key
from tests.support.servers import ServerProcess

pytestmark = pytest.mark.slow

HOSPITAL, LAB, CLINIC = (member_key(name) for name in ("dao-hospital", "dao-lab", "dao-clinic"))
NEWCOMER = member_key("dao-newcomer").address
HOSTILE = "Admit <b onclick=alert(1)>them</b> **now** [go](javascript:alert(1))"
PASSPHRASE = "correct horse"
WITHIN_SECONDS = 60.0


class Assembly:
    """A DAO that is served, with a proposal that is open for votes, and its dashboard."""

    def __init__(self, service: ServerProcess, dashboard: DashboardProcess, state: Path) -> None:
        self.dashboard = dashboard
        self._ledger = Ledger(service.url, key=HOSPITAL, state=state)
        self.proposal = self._open()
        self.chain_id = self._ledger.connect().chain_id

    def _open(self) -> str:
        action: JsonObject = {"action": "admit", "member": NEWCOMER, "roles": ["steward"]}
        prepared, _ = self._ledger.dao.propose(ProposalDraft(HOSTILE, [action], "Why not?"))
        deadline = time.monotonic() + WITHIN_SECONDS
        while self._ledger.dao.proposal(prepared.proposal)["state"] != "active":
            assert time.monotonic() < deadline
            time.sleep(0.1)
        return str(prepared.proposal)

    @property
    def votes(self) -> list[JsonObject]:
        return list(self._ledger.dao.votes(int(self.proposal)))

    @property
    def page(self) -> str:
        return f"{self.dashboard.url}/proposals?proposal={self.proposal}"


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assembly]:
    folder = tmp_path_factory.mktemp("dao")
    names = {HOSPITAL: "North Hospital", LAB: "Tumour Lab", CLINIC: "South Clinic"}
    members: list[JsonObject] = [
        {"member": key.address, "roles": ["steward"], "name": name} for key, name in names.items()
    ]
    terms = DaoTerms(voting_delay=1, voting_period=3_600, vote_extension=0, timelock_delay=60)
    data = folder / "data"
    found_ledger(
        Settings(data_dir=data),
        operator=member_key("dao-operator"),
        members=members,
        origin="dao.test",
        dao=terms,
    )
    with (
        ServerProcess(data) as service,
        DashboardProcess(service.url, folder / "trust") as dashboard,
    ):
        yield Assembly(service, dashboard, folder / "client")


def voted(assembly: Assembly, voter: SigningKey) -> list[JsonObject]:
    return [vote for vote in assembly.votes if vote["voter"] == voter.address]


def test_a_member_votes_with_its_wallet_and_sees_the_tally_move(
    context: BrowserContext, assembly: Assembly
) -> None:
    Wallet(LAB, assembly.chain_id, {assembly.chain_id}).install(context)
    page = context.new_page()
    page.goto(assembly.page)
    settled(page, "Admit <b onclick")
    standing = page.locator(".st-key-standing")
    expect(standing.get_by_text("Quorum not reached")).to_be_visible()
    page.get_by_label("Why (optional; public for ever)").fill(HOSTILE_TEXT[:60])
    page.get_by_role("button", name="Vote for").click()
    page.get_by_role("button", name="Connect Test Wallet").click()
    page.get_by_role("button", name="Sign with Test Wallet").click()
    expect(page.get_by_text("Your vote was counted")).to_be_visible()
    expect(standing.get_by_text("1,000 tokens").first).to_be_visible()
    assert [vote["support"] for vote in voted(assembly, LAB)] == ["for"]
    assert page.evaluate("window.hacked") is None
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the receipt").click()
    assert json.loads(download.value.path().read_text())["weight"] == str(1_000 * 10**18)


def test_a_member_votes_with_a_keystore_file(
    context: BrowserContext, assembly: Assembly, tmp_path: Path
) -> None:
    file = Keystore(tmp_path, work_factor=1 << 12).save("clinic", CLINIC, PASSPHRASE).path
    page = context.new_page()
    page.goto(assembly.page)
    settled(page, "Admit <b onclick")
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
    assert [vote["support"] for vote in voted(assembly, CLINIC)] == ["against"]


def test_a_vote_that_the_wallet_declines_is_not_cast(
    context: BrowserContext, assembly: Assembly
) -> None:
    Wallet(
        HOSPITAL, assembly.chain_id, {assembly.chain_id}, rejects={"eth_signTypedData_v4"}
    ).install(context)
    page = context.new_page()
    page.goto(assembly.page)
    settled(page, "Admit <b onclick")
    page.get_by_role("button", name="Abstain").click()
    page.get_by_role("button", name="Connect Test Wallet").click()
    page.get_by_role("button", name="Sign with Test Wallet").click()
    expect(page.get_by_text("You declined in the wallet")).to_be_visible()
    assert not voted(assembly, HOSPITAL)
