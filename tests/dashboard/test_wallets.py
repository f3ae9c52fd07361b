"""Signing in the browser: what wallets do, what they refuse, and keystore files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, Request, expect

from client import Keystore
from tests.dashboard.conftest import Open, settled
from tests.dashboard.wallet import Wallet
from tests.support.ledgers import Consortium
from tests.support.servers import ServerProcess

pytestmark = pytest.mark.slow

DATASET = "wdbc-south"
PASSPHRASE = "correct horse battery staple"


def begin_granting(page: Page) -> None:
    page.get_by_text("Give access").click()
    page.get_by_role("combobox", name="Who").click()
    page.get_by_role("option", name="Lab 1", exact=True).click()
    page.get_by_role("button", name="Review and sign").first.click()


def size_of(service: ServerProcess) -> int:
    size: int = httpx.get(f"{service.url}/v1/log").json()["size"]
    return size


def connected(page: Page) -> None:
    page.get_by_role("button", name="Connect Test Wallet").click()
    page.get_by_role("button", name="Sign with Test Wallet").wait_for()


def test_a_signature_declined_in_the_wallet_records_nothing_and_can_be_asked_for_again(
    open_page: Open, wallet_of: Callable[..., Wallet], consortium: Consortium,
    service: ServerProcess,
) -> None:  # fmt: skip
    wallet = wallet_of(consortium.stewards[1], rejects={"eth_signTypedData_v4"})
    page = open_page(f"/datasets?dataset={DATASET}")
    begin_granting(page)
    connected(page)
    before = size_of(service)
    page.get_by_role("button", name="Sign with Test Wallet").click()
    expect(page.get_by_text("You declined in the wallet. Nothing was signed")).to_be_visible()
    assert size_of(service) == before
    wallet.rejects.clear()
    page.get_by_role("button", name="Sign with Test Wallet").click()
    expect(page.get_by_text("Recorded as event")).to_be_visible()
    assert size_of(service) == before + 1


def test_a_wallet_on_another_chain_is_asked_to_switch_before_it_signs(
    open_page: Open, wallet_of: Callable[..., Wallet], consortium: Consortium
) -> None:
    wallet = wallet_of(consortium.stewards[1], chain_id=1)
    wallet.known_chains.add(consortium.domain.chain_id)
    sign_a_grant(open_page)
    assert wallet.chain_id == consortium.domain.chain_id
    assert "wallet_addEthereumChain" not in wallet.methods


def sign_a_grant(open_page: Open) -> None:
    page = open_page(f"/datasets?dataset={DATASET}")
    begin_granting(page)
    connected(page)
    page.get_by_role("button", name="Sign with Test Wallet").click()
    expect(page.get_by_text("Recorded as event")).to_be_visible()


def test_a_wallet_that_does_not_know_the_chain_is_asked_to_add_it(
    open_page: Open, wallet_of: Callable[..., Wallet], consortium: Consortium,
    service: ServerProcess,
) -> None:  # fmt: skip
    wallet = wallet_of(consortium.stewards[1], chain_id=1)
    sign_a_grant(open_page)
    added = [p for method, p in wallet.asked if method == "wallet_addEthereumChain"]
    assert added[0][0] == {
        "chainId": hex(consortium.domain.chain_id),
        "chainName": f"Concord {consortium.origin}",
        "rpcUrls": [f"{service.url}/rpc"],
        "nativeCurrency": {"name": "Ether", "symbol": "ETH", "decimals": 18},
    }
    asked = [m for m in wallet.methods if m.startswith(("wallet_", "eth_sign"))]
    assert asked[-1] == "eth_signTypedData_v4"


def test_without_a_wallet_the_page_says_so_and_offers_a_keystore_file(open_page: Open) -> None:
    page = open_page("/connect")
    expect(page.get_by_text("No browser wallet was found")).to_be_visible()
    expect(page.get_by_text("Use a keystore file", exact=True)).to_be_visible()


def test_a_wallet_that_changed_its_account_does_not_sign_for_the_other(
    open_page: Open, wallet_of: Callable[..., Wallet], consortium: Consortium,
    service: ServerProcess,
) -> None:  # fmt: skip
    wallet = wallet_of(consortium.stewards[1])
    page = open_page(f"/datasets?dataset={DATASET}")
    begin_granting(page)
    connected(page)
    before = size_of(service)
    wallet.key = consortium.outsider
    page.get_by_role("button", name="Sign with Test Wallet").click()
    expect(page.get_by_text("The wallet shows another account")).to_be_visible()
    assert "eth_signTypedData_v4" not in wallet.methods
    assert size_of(service) == before


def test_what_somebody_signs_who_is_not_the_steward_is_refused_in_plain_words(
    open_page: Open, wallet_of: Callable[..., Wallet], consortium: Consortium
) -> None:
    wallet_of(consortium.labs[0])
    page = open_page(f"/datasets?dataset={DATASET}")
    begin_granting(page)
    connected(page)
    page.get_by_role("button", name="Sign with Test Wallet").click()
    expect(page.get_by_text("The server refused.")).to_be_visible()


def test_after_a_reload_the_session_is_gone_and_the_wallet_is_asked_again(
    open_page: Open, wallet_of: Callable[..., Wallet], consortium: Consortium
) -> None:
    wallet_of(consortium.stewards[1])
    page = open_page("/connect")
    page.get_by_role("button", name="Connect Test Wallet").click()
    expect(page.get_by_text("Signing as Hospital 1")).to_be_visible()
    page.reload()
    settled(page, "Connect")
    expect(page.get_by_text("You are reading only")).to_be_visible()
    page.goto(page.url.replace("/connect", f"/datasets?dataset={DATASET}"))
    settled(page, "South Hospital")
    begin_granting(page)
    connected(page)
    page.get_by_role("button", name="Sign with Test Wallet").click()
    expect(page.get_by_text("Recorded as event")).to_be_visible()


@pytest.fixture
def keystore_file(tmp_path: Path, consortium: Consortium) -> Path:
    keystore = Keystore(tmp_path / "keys", work_factor=1 << 12)
    return keystore.save("hospital-1", consortium.stewards[1], PASSPHRASE).path


def fill_keystore(page: Page, file: Path | None, passphrase: str, button: str) -> None:
    if file is not None:
        page.get_by_text("Use a keystore file", exact=True).click()
        page.get_by_label("Keystore file (stays in this browser)").set_input_files(file)
    page.get_by_label("Its passphrase").fill(passphrase)
    page.get_by_role("button", name=button).click()


def test_a_keystore_file_signs_in_the_browser_and_its_key_never_leaves_it(
    open_page: Open, consortium: Consortium, keystore_file: Path
) -> None:
    page = open_page(f"/datasets?dataset={DATASET}")
    sent: list[bytes] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda f: sent.append(as_bytes(f))))
    requests: list[Request] = []
    page.on("request", lambda request: requests.append(request))  # noqa: PLW0108 - see below
    # (a bound method of a list is no handler to Playwright)
    page.reload()
    settled(page, "South Hospital")
    begin_granting(page)
    fill_keystore(page, keystore_file, "wrong", "Open the keystore")
    expect(page.get_by_text("The passphrase does not open this key")).to_be_visible()
    fill_keystore(page, None, PASSPHRASE, "Open the keystore")
    page.get_by_role("button", name="Sign with the keystore").wait_for()
    fill_keystore(page, None, PASSPHRASE, "Sign with the keystore")
    expect(page.get_by_text("Recorded as event")).to_be_visible()

    sent += [r.post_data_buffer or b"" for r in requests]
    everything = b"".join(sent)
    assert len(everything) > 1_000
    ciphertext = json.loads(keystore_file.read_text())["crypto"]["ciphertext"]
    secret = consortium.stewards[1].secret
    for private in (secret, secret.hex().encode(), PASSPHRASE.encode(), ciphertext.encode()):
        assert private not in everything


def as_bytes(frame: str | bytes) -> bytes:
    return frame.encode() if isinstance(frame, str) else frame
