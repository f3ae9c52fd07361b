"""What a version's page says of votes on its release, and what such a vote says of the version."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from streamlit.testing.v1 import AppTest

from client import JsonObject, Ledger
from dashboard import addresses
from dashboard.reading import connection
from tests.dashboard.world import Assembly
from tests.support.ledgers import Consortium
from tests.support.servers import ServerProcess
from tests.support.waiting import await_that

pytestmark = pytest.mark.slow

PATIENCE = 60


def drawn(page: str, **address: str) -> str:
    """What a page says, without a browser."""
    connection.forget()
    script = f"from dashboard.pages import {page}\n{page}.page()\n"
    test = AppTest.from_string(script, default_timeout=PATIENCE)
    for name, value in address.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception, test.exception
    return " ".join(str(element.proto.body) for element in test.get("html"))


def test_a_version_tells_of_the_vote_on_its_release_and_the_vote_names_the_version(
    service: ServerProcess, assembly: Assembly, consortium: Consortium, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv(addresses.SERVER, service.url)
    monkeypatch.setenv(addresses.STATE, str(tmp_path / "trust"))
    found = httpx.get(f"{service.url}/v1/models/tumour-classifier/versions").json()["items"]
    (leaf,) = (each["leafHash"] for each in found if each["version"] == "1")
    version = {"model": "tumour-classifier", "version": "1"}
    assert "The members have not decided about this version." in drawn("models", **version)
    action: JsonObject = {
        "action": "release", "model": "tumour-classifier", "recordLeaf": f"0x{leaf}",
        "validUntil": "2099-01-01T00:00:00Z",
    }  # fmt: skip
    proposal = assembly.propose("Release the first", action)
    told_of = {"kind": "proposal.created", "subject": proposal}
    await_that(lambda: bool(httpx.get(f"{service.url}/v1/events", params=told_of).json()["items"]))
    told = drawn("models", **version)
    assert "A vote on its release begins soon." in told
    assert f"proposals?proposal={proposal}" in told
    assert "Propose its release" not in told
    voted_on = drawn("proposals", proposal=proposal)
    assert f"version 1 (record 0x{leaf[:10]}…)" in voted_on
    assert "models?model=tumour-classifier&amp;version=1" in voted_on
    # One that is cancelled decides nothing; nor does it stand in any other test's way.
    with Ledger(service.url, key=consortium.stewards[0], state=tmp_path / "client") as ledger:
        ledger.dao.cancel(int(proposal))
    assert "The members have not decided about this version." in drawn("models", **version)
