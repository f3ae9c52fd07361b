"""A member that is a contract (EIP-1271) votes: it is counted, and its chain alone can tell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from client import Choice, Ledger
from client.errors import WrongBallot
from service.founding import DaoTerms
from service.settings import Settings
from tests.service.assembly import HOSPITAL, admit
from tests.service.wallet_member import STRANGER, WALLET, World, found_with_wallet, served_wallet
from tests.support.commands import Commands
from tests.support.wallets import OWNER


@pytest.fixture
def user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Commands:
    """Somebody at the command line."""
    return Commands(tmp_path / "home", tmp_path, monkeypatch, capfd)


@pytest.fixture
def assembly(tmp_path: Path) -> Iterator[World]:
    """A DAO with such a member, on a chain whose clock the test moves."""
    found_with_wallet(Settings.model_validate({"data_dir": tmp_path / "founded"}))
    with served_wallet(tmp_path, tmp_path / "founded", chain_development=True) as served:
        yield served


def test_a_wallet_votes_through_the_client_and_its_chain_alone_tells(
    assembly: World, user: Commands, tmp_path: Path
) -> None:
    dao = assembly.dao
    # Who proposes must have had their votes a second before.
    dao.advance(1)
    proposal = int(dao.propose(admit(STRANGER)))
    dao.advance(DaoTerms().voting_delay + 1)
    with Ledger(dao.server.url, state=tmp_path / "trust") as ledger:
        unsigned = ledger.dao.prepare_ballot(proposal, WALLET, Choice("for"))
        with pytest.raises(WrongBallot, match="no contract wallet that takes this signature"):
            ledger.dao.cast(unsigned, STRANGER.sign_digest(unsigned.digest))
        receipt = ledger.dao.cast(unsigned, OWNER.sign_digest(unsigned.digest) + "00")
    assert receipt.weight > 0
    assert [vote["voter"] for vote in dao.votes(str(proposal), 1)] == [WALLET]
    kept = tmp_path / "ballot.json"
    kept.write_bytes(receipt.document)
    offline = user("verify", kept).check(11)
    assert "no key signed this ballot" in offline.out
    assert user("verify", kept, "--json").check(11).json["proven"] is False
    rpc = ("--rpc", f"{dao.server.url}/rpc")
    asked = user("verify", kept, *rpc).check()
    assert "The voter is a contract wallet" in asked.out
    assert "counted it with these votes" in asked.out
    # Who has no code at its address signs with a key or not at all.
    forged = orjson.loads(receipt.document)
    forged["typedData"]["message"]["voter"] = HOSPITAL.address
    kept.write_bytes(orjson.dumps(forged))
    user("verify", kept, *rpc).check(6)
