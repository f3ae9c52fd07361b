"""`concord init` on a chain that others run: what it says, what it waits for, and going on after a
kill."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import httpx
import pytest

from governance.rights import check_rights
from ledger.chain.errors import ChainUnavailable
from service.cli.exits import Exit
from service.dao_founding import CONFIRMATION_POLLS, DeploymentUnconfirmed, RelayerWithoutCoins
from service.dao_founding import found_dao as found_contracts
from service.founding import DaoTerms
from tests.service.remote import (
    HOSPITAL,
    LAB,
    MEMBERS,
    OPERATOR,
    RELAYER,
    RemoteChain,
    found,
    keep_relayer,
    kinds,
    plan_of,
    remote_chain,
    settings_of,
)
from tests.support.chains import CHAIN_ID
from tests.support.commands import PASSPHRASE, Commands
from tests.support.rpc_proxy import RpcProxy, seal_as_qbft
from tests.support.servers import ROOT, ServerThread
from tests.support.waiting import await_that

pytestmark = pytest.mark.anvil


@pytest.fixture
def chain() -> Iterator[RemoteChain]:
    with remote_chain() as opened:
        yield opened


def test_the_dao_stands_on_the_remote_chain_with_the_planned_rights_and_is_told_of(
    chain: RemoteChain, tmp_path: Path
) -> None:
    settings = settings_of(tmp_path / "ledger", chain)
    said: list[str] = []
    identity = found(settings, say=said.append)
    plan = plan_of(settings)
    assert (identity.chain_id, plan.chain_id, plan.deployer) == (
        CHAIN_ID,
        CHAIN_ID,
        RELAYER.address,
    )
    check_rights(chain.web3, plan)
    assert said[0] == f"Deploying on chain {CHAIN_ID} as {RELAYER.address}."
    assert said[1:] == [f"{name} stands at {at}." for name, at in identity.contracts.items()]
    assert not (settings.data_dir / "chain").exists()
    with ServerThread(settings) as server:
        members = httpx.get(f"{server.url}/v1/members").json()["items"]
    assert {each["member"] for each in members} == {
        HOSPITAL.address,
        LAB.address,
        RELAYER.address,
    }


@pytest.mark.slow
def test_the_dao_is_founded_where_blocks_bear_the_seals_of_their_validators(
    chain: RemoteChain, tmp_path: Path
) -> None:
    with RpcProxy(chain.line.target) as proxy:
        seal_as_qbft(proxy)
        chain.reach_through(proxy.url)
        settings = settings_of(tmp_path / "ledger", chain)
        found(settings)
        check_rights(chain.web3, plan_of(settings))
        with ServerThread(settings) as server, httpx.Client(base_url=server.url) as http:
            chain.transfer(plan_of(settings), 1)
            await_that(lambda: kinds(http).count("token.transferred") == 3)


def test_a_relayer_without_coins_is_named_and_the_same_command_goes_on_once_it_has_some(
    chain: RemoteChain,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    concord = Commands(tmp_path / "home", tmp_path, monkeypatch, capsys)
    concord.environment |= {
        "CONCORD_CHAIN_URL": chain.line.url,
        "CONCORD_CHAIN_CONFIRMATIONS": "0",
    }
    concord.keep("operator", OPERATOR)
    command = ("init", "--data", "ledger", "--origin", "dao.test", "--operator", "operator")
    refused = concord(*command).check(Exit.REFUSED)
    assert f"chain {CHAIN_ID}" in refused.err.lower()
    assert "run the same command again" in " ".join(refused.err.split())
    (relayer,) = set(re.findall(r"0x[0-9a-fA-F]{40}", refused.err))
    chain.request("anvil_setBalance", relayer, hex(10**24))
    made = concord(*command).check()
    assert "ConcordGovernor stands at 0x" in made.err
    assert f"Its DAO stands on chain {CHAIN_ID}" in made.out
    assert PASSPHRASE not in made.out + made.err


def test_a_node_that_is_away_is_named_and_nothing_is_founded(
    chain: RemoteChain, tmp_path: Path
) -> None:
    settings = settings_of(tmp_path / "ledger", chain)
    chain.line.cut()
    with pytest.raises(ChainUnavailable, match="cannot be reached"):
        found(settings)
    assert not settings.log_key_path.exists()
    chain.line.mend()
    found(settings)


def test_a_node_that_goes_away_in_the_middle_is_named_and_the_rest_is_deployed_later(
    chain: RemoteChain, tmp_path: Path
) -> None:
    settings = settings_of(tmp_path / "ledger", chain)

    def cut(words: str) -> None:
        if words.startswith("AnchorRegistry"):
            chain.line.cut()

    with pytest.raises(ChainUnavailable):
        found(settings, say=cut)
    plan = (settings.data_dir / "dao.json").read_bytes()
    chain.line.mend()
    found(settings)
    assert (settings.data_dir / "dao.json").read_bytes() == plan
    check_rights(chain.web3, plan_of(settings))


def killed_after(contracts: int, data: Path, url: str) -> None:
    """Founds in another process, which kills itself once so many contracts stand."""
    script = dedent(
        f"""
        import os, signal
        from pathlib import Path
        from tests.service.remote import QUICK, found
        from service.settings import Settings
        left = [{contracts}]
        def say(words):
            left[0] -= " stands at " in words
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
        settings = {{"data_dir": Path({str(data)!r}), "chain_url": {url!r}}}
        found(Settings.model_validate(settings | QUICK), say=say)
        """
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, "-c", script], env=environment, check=False)
    assert ended.returncode == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.parametrize("contracts", [1, 4, 7])
def test_a_kill_between_two_contracts_is_gone_on_from_and_each_stands_once(
    chain: RemoteChain, tmp_path: Path, contracts: int
) -> None:
    settings = settings_of(tmp_path / "ledger", chain)
    killed_after(contracts, settings.data_dir, chain.line.url)
    assert not settings.log_key_path.exists()
    plan = plan_of(settings)
    identity = found(settings)
    assert plan_of(settings) == plan
    assert chain.web3.eth.get_transaction_count(RELAYER.address) == plan.first_nonce + 7
    check_rights(chain.web3, plan)
    with ServerThread(settings) as server, httpx.Client(base_url=server.url) as http:
        assert kinds(http).count("member.admitted") == 3
        assert http.get("/v1/log").json()["verifierKey"] == identity.verifier_key


@pytest.mark.slow
def test_the_first_leaf_waits_until_enough_blocks_follow_the_contracts(tmp_path: Path) -> None:
    with remote_chain("--block-time", "1") as chain:
        settings = settings_of(tmp_path / "ledger", chain, chain_confirmations=2)
        said: list[str] = []
        found(settings, say=said.append)
        assert said[-1].startswith("Waiting until 2 blocks follow block ")
        number = int(said[-1].rstrip(".").split()[-1])
        assert chain.web3.eth.block_number >= number + 2


@pytest.mark.slow
def test_contracts_that_too_few_blocks_follow_are_not_named_in_a_first_leaf(
    chain: RemoteChain, tmp_path: Path
) -> None:
    settings = settings_of(tmp_path / "ledger", chain, chain_confirmations=2)
    keep_relayer(settings.data_dir)
    waits: list[float] = []
    founding = found_contracts(
        settings,
        origin="dao.test",
        operator=OPERATOR.address,
        members=MEMBERS,
        terms=DaoTerms(),
        clock=lambda: 1_800_000_000_000,
        randomness=os.urandom,
        say=lambda _: None,
        sleep=waits.append,
    )
    with pytest.raises(DeploymentUnconfirmed, match="CONCORD_CHAIN_CONFIRMATIONS"), founding:
        pytest.fail("it did not wait")
    assert len(waits) == CONFIRMATION_POLLS


def test_a_relayer_without_coins_is_refused_by_its_own_name(
    chain: RemoteChain, tmp_path: Path
) -> None:
    chain.request("anvil_setBalance", RELAYER.address, "0x0")
    with pytest.raises(RelayerWithoutCoins, match=RELAYER.address):
        found(settings_of(tmp_path / "ledger", chain))
