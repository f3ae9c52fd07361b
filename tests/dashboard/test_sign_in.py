"""Where the ledger is for members: each visitor signs in for themselves, and nobody for another."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from streamlit.testing.v1 import AppTest

from client import Keystore, SigningKey
from dashboard import addresses
from dashboard.reading import connection
from dashboard.reading.connection import Visit
from dashboard.signing.identity import Me
from service.settings import Settings
from tests.dashboard.conftest import PATIENCE_MS, settled
from tests.dashboard.processes import DashboardProcess
from tests.dashboard.story import now_consortium, story
from tests.dashboard.wallet import Wallet
from tests.support.ledgers import CHAIN_ID, Consortium
from tests.support.ports import free_port
from tests.support.servers import ServerProcess, ServerThread, create_ledger

PAGES = ["overview", "proposals", "models", "datasets", "audit", "members"]
FOR_MEMBERS = "This ledger shows its contents to its members only."
SECRET = "tumour-classifier"
"""What nobody may read who has not signed in."""


@pytest.fixture(scope="module")
def members() -> Consortium:
    return now_consortium()


@pytest.fixture(scope="module")
def data(members: Consortium, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ledger")
    create_ledger(folder, members, story(members))
    return folder


# ---- the pages' logic -------------------------------------------------------------------------


@pytest.fixture
def guarded(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerThread]:
    """A ledger for members, and a dashboard that shows it."""
    with ServerThread(Settings(data_dir=data, reads="members")) as running:
        monkeypatch.setenv(addresses.SERVER, running.url)
        monkeypatch.setenv(addresses.STATE, str(tmp_path / "trust"))
        connection.forget()
        yield running


def visitor(page: str, **state: object) -> AppTest:
    """Somebody who opens a page."""
    script = (
        "from dashboard.navigation import ROOMS, opened\n"
        f"opened(next(room for room in ROOMS if room.name == {page!r}))()\n"
    )
    test = AppTest.from_string(script, default_timeout=60)
    for name, value in state.items():
        test.session_state[name] = value
    test.run()
    assert not test.exception, test.exception
    return test


def signed_in(key: SigningKey) -> dict[str, object]:
    """What the session of a visitor holds who has signed in."""
    ledger = connection.new_ledger()
    unsigned = ledger.prepare_sign_in(key.address)
    ledger.sign_in(unsigned, key.sign_digest(unsigned.digest))
    return {"visit": Visit(key.address, ledger), "me": Me(key.address, "test")}


def said(test: AppTest) -> str:
    shown = [str(getattr(element, "value", "")) for element in test.main]
    shown += [str(element.proto.body) for element in test.get("html")]
    # What a component of our own shows, it gets as JSON.
    return " ".join(shown + [str(element.proto.json) for element in test.get("bidi_component")])


@pytest.mark.parametrize("page", [*PAGES, "connect"])
def test_every_page_asks_to_sign_in_and_shows_nothing_else(
    guarded: ServerThread, page: str
) -> None:
    words = said(visitor(page))
    assert FOR_MEMBERS in words
    assert SECRET not in words


def test_the_connect_page_shows_which_ledger_it_is_before_anybody_signs_in(
    guarded: ServerThread, members: Consortium
) -> None:
    words = said(visitor("connect"))
    assert "Verified by this page" in words
    assert members.origin in words


@pytest.mark.parametrize("page", PAGES)
def test_who_has_signed_in_sees_the_pages(
    guarded: ServerThread, members: Consortium, page: str
) -> None:
    assert FOR_MEMBERS not in said(visitor(page, **signed_in(members.stewards[0])))


def test_what_a_member_has_read_is_shown_to_nobody_else(
    guarded: ServerThread, members: Consortium
) -> None:
    assert SECRET in said(visitor("models", **signed_in(members.stewards[0])))
    for _ in range(2):
        words = said(visitor("models"))
        assert FOR_MEMBERS in words
        assert SECRET not in words
    other = visitor("models", **signed_in(members.labs[0]))
    assert SECRET in said(other)


def test_answers_are_kept_for_one_session_alone(guarded: ServerThread, members: Consortium) -> None:
    script = (
        "import streamlit as st\nfrom dashboard.reading.connection import read\n"
        "from dashboard.reading.names import members\n"
        "from client import ConcordError\n"
        "for ask in (lambda: read('/v1/models'), members):\n"
        "    try:\n        st.text(str(dict(ask())))\n"
        "    except ConcordError as error:\n        st.text(error.problem)\n"
    )

    def reader(**state: object) -> list[str]:
        test = AppTest.from_string(script, default_timeout=60)
        for name, value in state.items():
            test.session_state[name] = value
        return [element.value for element in test.run().text]

    models, names = reader(**signed_in(members.stewards[0]))
    assert SECRET in models
    assert members.stewards[0].address in names
    assert reader() == ["sign-in-required", "sign-in-required"]


def test_a_session_that_has_ended_is_said_and_begun_again(
    guarded: ServerThread, members: Consortium
) -> None:
    state = signed_in(members.stewards[0])
    test = visitor("overview", **state)
    begun = state["visit"]
    assert isinstance(begun, Visit)
    token = begun.ledger._session.token
    gone = httpx.delete(f"{guarded.url}/v1/session", headers={"Authorization": f"Bearer {token}"})
    assert gone.status_code == 204
    connection.forget()
    test.run()
    assert "your session has ended" in said(test)
    next(each for each in test.button if each.label == "Sign in").click().run()
    words = said(test)
    assert FOR_MEMBERS in words
    assert "wants you to sign in with your Ethereum account" in words


def test_who_disconnects_is_signed_out_at_the_server_too(
    guarded: ServerThread, members: Consortium
) -> None:
    state = signed_in(members.stewards[0])
    begun = state["visit"]
    assert isinstance(begun, Visit)
    token = begun.ledger._session.token
    script = (
        "from dashboard.signing.identity import disconnect, me\ndisconnect()\nassert me() is None\n"
    )
    test = AppTest.from_string(script, default_timeout=60)
    for name, value in state.items():
        test.session_state[name] = value
    assert not test.run().exception
    assert "visit" not in test.session_state
    asked = httpx.get(f"{guarded.url}/v1/session", headers={"Authorization": f"Bearer {token}"})
    assert asked.status_code == 401


def test_a_ledger_for_everybody_asks_nobody_to_sign_in(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ServerThread(Settings(data_dir=data)) as running:
        monkeypatch.setenv(addresses.SERVER, running.url)
        monkeypatch.setenv(addresses.STATE, str(tmp_path / "trust"))
        assert SECRET in said(visitor("models"))


# ---- in a browser -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def closed(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DashboardProcess]:
    """A dashboard that the service knows by its address."""
    port = free_port()
    shown = DashboardProcess(f"http://127.0.0.1:{port}", tmp_path_factory.mktemp("trust"))
    known = json.dumps([shown.url.removeprefix("http://")])
    with ServerProcess(data, port=port, reads="members", sign_in_domains=known), shown:
        yield shown


def opened(context: BrowserContext, dashboard: DashboardProcess, path: str) -> Page:
    page = context.new_page()
    page.goto(dashboard.url + path)
    page.get_by_text(FOR_MEMBERS).wait_for()
    return page


@pytest.mark.slow
def test_a_member_signs_in_with_a_wallet_and_another_visitor_stays_outside(
    closed: DashboardProcess, members: Consortium, context: BrowserContext, browser: Browser
) -> None:
    wallet = Wallet(members.stewards[1], CHAIN_ID, {CHAIN_ID})
    wallet.install(context)
    page = opened(context, closed, "/models")
    page.get_by_role("button", name="Connect Test Wallet").click()
    page.get_by_role("button", name="Sign with Test Wallet").click()
    expect(page.get_by_text(SECRET).first).to_be_visible()
    signed = [
        str(parameters[0]) for method, parameters in wallet.asked if method == "personal_sign"
    ]
    assert len(signed) == 1
    message = bytes.fromhex(signed[0][2:]).decode()
    assert message.startswith(f"{closed.url.removeprefix('http://')} wants you to sign in")

    stranger = browser.new_context()
    stranger.set_default_timeout(PATIENCE_MS)
    try:
        outside = opened(stranger, closed, "/models")
        settled(outside)
        expect(outside.get_by_text(SECRET)).to_have_count(0)
    finally:
        stranger.close()
    page.get_by_role("link", name="Datasets").click()
    expect(page.get_by_text("Breast cancer records, South Hospital").first).to_be_visible()
    page.get_by_role("button", name="Disconnect").click()
    expect(page.get_by_text(FOR_MEMBERS)).to_be_visible()


@pytest.mark.slow
def test_a_stranger_is_told_that_the_account_is_no_members(
    closed: DashboardProcess, members: Consortium, context: BrowserContext
) -> None:
    wallet = Wallet(members.outsider, CHAIN_ID, {CHAIN_ID})
    wallet.install(context)
    page = opened(context, closed, "/models")
    page.get_by_role("button", name="Connect Test Wallet").click()
    page.get_by_role("button", name="Sign with Test Wallet").click()
    expect(page.get_by_text("The server refused.")).to_be_visible()
    wallet.key = members.labs[0]
    page.get_by_role("button", name="Use another account").click()
    page.get_by_role("button", name="Connect Test Wallet").click()
    page.get_by_role("button", name="Sign with Test Wallet").click()
    expect(page.get_by_text(SECRET).first).to_be_visible()


@pytest.mark.slow
def test_a_keystore_file_signs_in_and_then_signs_events(
    closed: DashboardProcess, members: Consortium, context: BrowserContext, tmp_path: Path,
    fill: Callable[[Page, Path | None, str], None],
) -> None:  # fmt: skip
    file = Keystore(tmp_path / "keys", work_factor=1 << 12).save(
        "hospital-1", members.stewards[1], "correct horse"
    ).path  # fmt: skip
    page = opened(context, closed, "/datasets?dataset=wdbc-south")
    fill(page, file, "Open the keystore")
    fill(page, None, "Sign with the keystore")
    expect(page.get_by_role("heading", name="South Hospital")).to_be_visible()
    page.get_by_text("Give access").click()
    page.get_by_role("combobox", name="Who").click()
    page.get_by_role("option", name="Lab 1", exact=True).click()
    page.get_by_role("button", name="Review and sign").first.click()
    fill(page, None, "Sign with the keystore")
    expect(page.get_by_text("Recorded as event")).to_be_visible()


@pytest.fixture
def fill() -> Callable[[Page, Path | None, str], None]:
    """Fills in the keystore form."""

    def filled(page: Page, file: Path | None, button: str) -> None:
        if file is not None:
            page.get_by_text("Use a keystore file", exact=True).click()
            page.get_by_label("Keystore file (stays in this browser)").set_input_files(file)
        page.get_by_role("button", name=button).wait_for()
        page.get_by_label("Its passphrase").fill("correct horse")
        page.get_by_role("button", name=button).click()

    return filled
