"""A ledger with a DAO: founded, served, restarted, killed; the chain by web3.py over HTTP."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import httpx
import pytest
from eth_account import Account
from web3 import Web3
from web3.exceptions import Web3RPCError

from governance.actions import canonical_address
from governance.contracts import artifact
from governance.rights import check_rights, read_rights
from ledger.anchor import AnchorRegistry
from ledger.chain.connect import connect
from ledger.chain.signing import KeySigner
from ledger.errors import ConcordError
from ledger.events import SigningKey
from ledger.events.canonical import JsonObject
from ledger.log import LedgerExists
from ledger.merkle import MerkleTree, leaf_hash
from service.dao import read_plan, read_relayer
from service.dao_founding import FoundingDiffers
from service.founding import DaoTerms, Identity, found_ledger
from service.settings import Settings
from tests.support.examples import signing_key
from tests.support.servers import ROOT, ServerThread
from tests.support.waiting import await_that

OPERATOR, HOSPITAL, LAB = (signing_key(name) for name in ("operator", "hospital", "lab"))
STRANGER = signing_key("stranger")
MEMBERS: list[JsonObject] = [
    {"member": HOSPITAL.address, "roles": ["steward"], "name": "Hospital"},
    {"member": LAB.address, "roles": ["developer"], "tokens": 5 * 10**18},
]
QUICK = {"mirror_seconds": 0.05, "anchor_check_seconds": 0.05, "keeper_seconds": 0.05}


def settings_of(data: Path) -> Settings:
    return Settings(data_dir=data, **QUICK)


def found(data: Path, members: list[JsonObject] = MEMBERS) -> Identity:
    return found_ledger(
        settings_of(data), operator=OPERATOR, members=members, origin="dao.test", dao=DaoTerms()
    )


def web3_of(server: ServerThread) -> Web3:
    return Web3(Web3.HTTPProvider(f"{server.url}/rpc"))


def kinds(server: ServerThread) -> list[str]:
    items = httpx.get(f"{server.url}/v1/events").json()["items"]
    return [item["event"]["kind"] for item in items]


def transfer(web3: Web3, data: Path, sender: SigningKey, amount: int) -> None:
    """A member's own transaction, signed by eth-account."""
    token = web3.eth.contract(
        address=read_plan(settings_of(data)).addresses.token, abi=artifact("ConcordToken").abi
    )
    transaction = token.functions.transfer(HOSPITAL.address, amount).build_transaction(
        {
            "from": sender.address,
            "nonce": web3.eth.get_transaction_count(sender.address),
            "gas": 300_000,
            "maxFeePerGas": 0,
            "maxPriorityFeePerGas": 0,
            "chainId": web3.eth.chain_id,
        }
    )
    signed = Account.sign_transaction(transaction, sender.secret)
    sent = web3.eth.send_raw_transaction(signed.raw_transaction)
    assert web3.eth.wait_for_transaction_receipt(sent)["status"] == 1


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with a DAO; nobody serves it."""
    data = tmp_path_factory.mktemp("dao") / "ledger"
    found(data)
    return data


@pytest.fixture
def data(original: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(original, tmp_path / "ledger"))


@pytest.fixture
def server(data: Path) -> Iterator[ServerThread]:
    with ServerThread(settings_of(data)) as server:
        yield server


def test_what_stands_after_init_has_the_planned_rights_and_the_deployer_owns_nothing(
    data: Path, server: ServerThread
) -> None:
    plan, web3 = read_plan(settings_of(data)), web3_of(server)
    check_rights(web3, plan)
    held = [
        right
        for right in read_rights(web3, plan.addresses, plan.from_block)
        if right.holder == plan.deployer
    ]
    # The role that anchoring takes, which the members gave it and can take back.
    assert [(right.contract, right.name) for right in held] == [("MembershipRegistry", "operator")]


def test_the_relayers_key_and_the_plan_are_for_the_owner_only(data: Path) -> None:
    assert (data / "relayer.key").stat().st_mode & 0o777 == 0o600
    assert (data / "dao.json").stat().st_mode & 0o777 == 0o600


def test_the_first_leaf_names_contracts_and_the_founders_are_told_by_the_mirror(
    data: Path, server: ServerThread
) -> None:
    items = httpx.get(f"{server.url}/v1/events").json()["items"]
    first = items[0]["event"]["body"]
    assert first["members"] == []
    assert first["contracts"]["ConcordGovernor"] == read_plan(settings_of(data)).addresses.governor
    members = httpx.get(f"{server.url}/v1/members").json()["items"]
    roles = {item["member"]: item["roles"] for item in members}
    assert roles == {
        HOSPITAL.address: ["steward"],
        LAB.address: ["developer"],
        read_relayer(settings_of(data)).address: ["operator"],
    }


def test_the_relayer_has_a_name_though_nobody_gave_it_one(data: Path, server: ServerThread) -> None:
    members = httpx.get(f"{server.url}/v1/members").json()["items"]
    names = {item["member"]: item["name"] for item in members}
    assert names[read_relayer(settings_of(data)).address] == "The ledger’s relayer"
    assert list(names.values()).count("The ledger’s relayer") == 1


def test_a_members_transaction_by_web3_is_sealed_and_told_in_the_log(
    data: Path, server: ServerThread
) -> None:
    before = kinds(server).count("token.transferred")
    transfer(web3_of(server), data, LAB, 10**18)
    await_that(lambda: kinds(server).count("token.transferred") == before + 1)


def test_a_strangers_transaction_is_refused(data: Path, server: ServerThread) -> None:
    with pytest.raises(Web3RPCError, match="sender not permitted"):
        transfer(web3_of(server), data, STRANGER, 0)


def test_rpc_answers_batches_notifications_and_nonsense_as_json_rpc_says(
    server: ServerThread,
) -> None:
    def post(content: bytes) -> httpx.Response:
        return httpx.post(
            f"{server.url}/rpc", content=content, headers={"content-type": "application/json"}
        )

    one = b'{"jsonrpc":"2.0","id":%d,"method":"eth_chainId"}'
    batch = post(b"[" + one % 1 + b"," + one % 2 + b"]").json()
    assert [answer["id"] for answer in batch] == [1, 2]
    silent = post(b'{"jsonrpc":"2.0","method":"eth_chainId"}')
    assert (silent.status_code, silent.content) == (204, b"")
    assert post(b"{").json()["error"]["code"] == -32700
    travel = b'{"jsonrpc":"2.0","id":1,"method":"evm_increaseTime","params":[1]}'
    assert post(travel).json()["error"]["code"] == -32601
    assert post(b" " * (4 * 1024 * 1024 + 1)).status_code == 413


def test_after_a_restart_chain_and_log_go_on_and_nothing_is_told_twice(data: Path) -> None:
    for round_ in (1, 2):
        with ServerThread(settings_of(data)) as server:
            before = kinds(server)
            transfer(web3_of(server), data, LAB, 1)
            await_that(lambda: len(kinds(server)) == len(before) + 1)  # noqa: B023 - within the round
            assert kinds(server)[-1] == "token.transferred"
            # Two founders' allocations come first.
            assert kinds(server).count("token.transferred") == 2 + round_


@pytest.mark.slow
def test_a_registry_with_another_history_makes_the_service_unready_by_name(
    data: Path, server: ServerThread
) -> None:
    plan, key = read_plan(settings_of(data)), read_relayer(settings_of(data))
    chain = connect(
        f"{server.url}/rpc", chain_id=plan.chain_id, is_permitted=lambda _: True, confirmations=0
    )
    registry = AnchorRegistry(chain, canonical_address(plan.addresses.anchors))
    await_that(lambda: registry.latest().number == 1)
    size = registry.latest().size
    tile = httpx.get(f"{server.url}/tile/0/000.p/{size}").content
    leaves = [tile[start : start + 32] for start in range(0, len(tile), 32)]
    other = MerkleTree([*leaves, leaf_hash(b"never said")])
    forged = registry.anchoring(size + 1, other.root(), other.consistency(size))
    chain.send(forged, KeySigner.from_bytes(key.secret))
    await_that(lambda: httpx.get(f"{server.url}/readyz").status_code == 503)
    problem = httpx.get(f"{server.url}/readyz").json()
    assert problem["code"] == "not-ready"
    assert "The anchorer has stopped (anchor-contradiction)" in problem["detail"]
    metrics = httpx.get(f"{server.url}/metrics").text
    assert 'concord_worker_working{worker="anchorer"} 0.0' in metrics
    assert 'concord_worker_working{worker="mirror"} 1.0' in metrics


def test_a_ledger_without_a_dao_is_served_and_says_that_it_has_no_chain(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "ledger")
    found_ledger(settings, operator=OPERATOR, members=[MEMBERS[0]])
    with ServerThread(settings) as server:
        assert httpx.get(f"{server.url}/readyz").json() == {"status": "ready", "waiting": []}
        answer = httpx.post(f"{server.url}/rpc", json={})
    assert (answer.status_code, answer.json()["code"]) == (404, "no-dao")
    assert not (tmp_path / "ledger" / "dao.json").exists()


def test_a_second_init_is_refused(data: Path) -> None:
    with pytest.raises(LedgerExists):
        found(data)


def killed_after(transactions: int, data: Path) -> None:
    """Founds in another process, which kills itself once so many transactions are in blocks."""
    script = dedent(
        f"""
        import os, signal
        from pathlib import Path
        from ledger.chain.chain import Chain
        from tests.service.test_dao import found
        send, left = Chain.send, [{transactions}]
        def dying(self, draft, signer):
            receipt = send(self, draft, signer)
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            return receipt
        Chain.send = dying
        found(Path({str(data)!r}))
        """
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, "-c", script], env=environment, check=False)
    assert ended.returncode == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.parametrize("transactions", [1, 7])
def test_init_killed_between_its_transactions_goes_on_with_the_same_plan(
    tmp_path: Path, transactions: int
) -> None:
    data = tmp_path / "ledger"
    killed_after(transactions, data)
    plan = (data / "dao.json").read_bytes()
    assert not (data / "log.key").exists()
    identity = found(data)
    assert (data / "dao.json").read_bytes() == plan
    assert dict(identity.contracts)["ConcordToken"] == read_plan(settings_of(data)).addresses.token
    with ServerThread(settings_of(data)) as server:
        check_rights(web3_of(server), read_plan(settings_of(data)))


@pytest.mark.slow
def test_an_interrupted_init_is_not_continued_with_other_members(tmp_path: Path) -> None:
    data = tmp_path / "ledger"
    killed_after(1, data)
    with pytest.raises(FoundingDiffers, match="Repeat that one"):
        found(data, MEMBERS[:1])


@pytest.mark.parametrize("missing", ["dao.json", "relayer.key"])
def test_a_missing_file_of_the_dao_is_named(data: Path, missing: str) -> None:
    (data / missing).unlink()
    read = read_plan if missing == "dao.json" else read_relayer
    with pytest.raises(ConcordError, match="restore it from a backup"):
        read(settings_of(data))
