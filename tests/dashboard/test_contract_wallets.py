"""What the pages say of members that are contracts (EIP-1271), whose events no key signed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from client import Ledger
from dashboard import addresses
from dashboard.reading import connection, names
from dashboard.reading.connection import Visit
from dashboard.signing.identity import Me
from service.settings import Settings
from tests.service.assembly import HOSPITAL
from tests.service.wallet_member import WALLET, World, found_with_wallet, served_wallet
from tests.support.wallets import OWNER, dataset_of


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A ledger for its members, one of which is a contract."""
    found_with_wallet(Settings.model_validate({"data_dir": tmp_path / "founded"}))
    with served_wallet(tmp_path, tmp_path / "founded", reads="members") as served:
        monkeypatch.setenv(addresses.SERVER, served.dao.server.url)
        monkeypatch.setenv(addresses.STATE, str(tmp_path / "trust"))
        connection.forget()
        names.forget_members()
        yield served


def said(test: AppTest) -> str:
    assert not test.exception, test.exception
    shown = [str(getattr(element, "value", "")) for element in test.main]
    return " ".join(shown + [str(element.proto.body) for element in test.get("html")])


def page_of(state: dict[str, object], **address: str) -> AppTest:
    test = AppTest.from_string(
        "from dashboard.pages import audit\naudit.page()\n", default_timeout=60
    )
    for name, value in state.items():
        test.session_state[name] = value
    for name, value in address.items():
        test.query_params[name] = value
    return test.run()


@pytest.mark.slow
def test_a_wallet_signs_in_and_its_event_is_shown_as_one_that_only_its_chain_can_confirm(
    world: World,
) -> None:
    index = world.say("dataset.registered", dataset_of(WALLET, "records"))
    keyed = world.dao.say(HOSPITAL, "dataset.registered", dataset_of(HOSPITAL.address, "others"))
    receipts = {each: world.dao.get(f"/v1/receipts/{each}").content for each in (index, keyed)}
    ledger = Ledger(world.dao.server.url)
    unsigned = ledger.prepare_sign_in(WALLET)
    ledger.sign_in(unsigned, OWNER.sign_digest(unsigned.digest))
    state: dict[str, object] = {"visit": Visit(WALLET, ledger), "me": Me(WALLET, "test")}

    shown = said(page_of(state, event=str(index)))
    assert "only its chain can tell whether it took the event" in shown
    assert "has signed exactly this sentence" not in shown
    assert "has signed exactly this sentence" in said(page_of(state, event=str(keyed)))

    upload = page_of(state, view="verify")
    upload.file_uploader[0].set_value(("receipt.json", receipts[index], "application/json"))
    words = said(upload.run())
    assert "It is in the log. Who signed it was not checked." in words
    assert "proves nothing" not in words
    upload.file_uploader[0].set_value(("receipt.json", receipts[keyed], "application/json"))
    assert "The event is signed by its member." in said(upload.run())
