"""What the pages say of members that are contracts (EIP-1271), whose events no key signed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import addresses
from dashboard.reading import connection, names
from dashboard.reading.connection import Visit
from dashboard.signing.identity import Me
from service.settings import Settings
from tests.service.assembly import HOSPITAL
from tests.service.wallet_member import WALLET, World, found_with_wallet, served_wallet
from tests.support.wallets import OWNER, dataset_of


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A ledger for its members, one of which is a contract."""
    folder = tmp_path_factory.mktemp("ledger")
    found_with_wallet(Settings.model_validate({"data_dir": folder / "founded"}))
    with (
        served_wallet(folder, folder / "founded", reads="members") as served,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv(addresses.SERVER, served.dao.server.url)
        patch.setenv(addresses.STATE, str(folder / "trust"))
        connection.forget()
        names.forget_members()
        yield served


@pytest.fixture
def visitor(world: World) -> dict[str, object]:
    """The session of the wallet's owner, who has signed in for it."""
    ledger = connection.new_ledger()
    unsigned = ledger.prepare_sign_in(WALLET)
    ledger.sign_in(unsigned, OWNER.sign_digest(unsigned.digest))
    return {"visit": Visit(WALLET, ledger), "me": Me(WALLET, "test")}


AUDIT = "from dashboard.pages import audit\naudit.page()\n"
SENDING = """
from dashboard.signing.transactions import Question, carry_on, undertake

class Nothing:
    def question(self, actor):
        return Question(("Sends nothing to nobody.",), transaction={"to": actor})

undertake("here", Nothing())
carry_on("here")
"""


def said(test: AppTest) -> str:
    assert not test.exception, test.exception
    shown = [str(getattr(element, "value", "")) for element in test.main]
    return " ".join(shown + [str(element.proto.body) for element in test.get("html")])


def drawn(script: str, state: dict[str, object], **address: str) -> AppTest:
    test = AppTest.from_string(script, default_timeout=60)
    for name, value in state.items():
        test.session_state[name] = value
    for name, value in address.items():
        test.query_params[name] = value
    return test.run()


@pytest.mark.slow
def test_a_wallet_signs_in_and_its_event_is_shown_as_one_that_only_its_chain_can_confirm(
    world: World, visitor: dict[str, object]
) -> None:
    index = world.say("dataset.registered", dataset_of(WALLET, "records"))
    keyed = world.dao.say(HOSPITAL, "dataset.registered", dataset_of(HOSPITAL.address, "others"))
    receipts = {each: world.dao.get(f"/v1/receipts/{each}").content for each in (index, keyed)}
    shown = said(drawn(AUDIT, visitor, event=str(index)))
    assert "only its chain can tell whether it took the event" in shown
    assert "has signed exactly this sentence" not in shown
    assert "has signed exactly this sentence" in said(drawn(AUDIT, visitor, event=str(keyed)))

    upload = drawn(AUDIT, visitor, view="verify")
    upload.file_uploader[0].set_value(("receipt.json", receipts[index], "application/json"))
    words = said(upload.run())
    assert "It is in the log. Who signed it was not checked." in words
    assert "proves nothing" not in words
    upload.file_uploader[0].set_value(("receipt.json", receipts[keyed], "application/json"))
    assert "The event is signed by its member." in said(upload.run())


@pytest.mark.slow
def test_a_wallet_that_is_to_send_is_told_what_a_chain_for_members_does_not_show_it(
    visitor: dict[str, object],
) -> None:
    assert "a browser wallet cannot sign in there" in said(drawn(SENDING, visitor))
