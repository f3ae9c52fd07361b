"""Roots of the log in a contract: when they are sent, how they are found, what stops it."""

from __future__ import annotations

from pathlib import Path

import pytest
from eth_utils import keccak

from governance.contracts import artifact
from ledger.anchor import (
    AnchorContradiction,
    Anchorer,
    AnchorPolicy,
    AnchorRefused,
    AnchorTarget,
    WrongRegistry,
    registry,
)
from ledger.chain.chain import Chain
from ledger.chain.errors import ChainReorganised, TransactionPending
from ledger.chain.policy import SendingPolicy
from ledger.chain.signing import KeySigner, TransactionDraft
from ledger.chain.values import TransactionReceipt
from ledger.errors import Unavailable
from ledger.log import Log
from ledger.merkle import MerkleTree, leaf_hash
from ledger.store.chains import StoredAnchor, list_anchors
from ledger.store.engine import open_database
from ledger.store.migrate import migrate
from tests.ledger.chain.adversary import Adversary, remote
from tests.support.anchoring import AT_ONCE, Registry, deploy_registry
from tests.support.chains import Backend, new_signer, open_backend
from tests.support.ledgers import Consortium
from tests.support.logs import LogUnderTest, record


@pytest.fixture
def log(sqlite_ledger: LogUnderTest) -> Log:
    return sqlite_ledger.create()


def grow(log: Log, sqlite_ledger: LogUnderTest, count: int) -> None:
    consortium = sqlite_ledger.consortium
    record(log, [consortium.dataset(f"d-{log.size}-{n}") for n in range(count)])


def kept(log: Log) -> list[tuple[int, bytes]]:
    return [(each.size, each.root) for each in reversed(list_anchors(log.database))]


def test_what_is_encoded_by_hand_is_what_the_compiled_contract_understands() -> None:
    abi = artifact("AnchorRegistry").abi
    signatures = {
        (entry["type"], f"{entry['name']}({','.join(i['type'] for i in entry['inputs'])})")
        for entry in abi
        if entry["type"] in {"function", "event", "error"}
    }
    assert {
        *(("function", name) for name in (registry.ANCHOR, registry.LATEST, registry.ROOT_AT)),
        ("function", registry.ORIGIN_DIGEST),
        ("event", registry.ANCHORED),
        *(("error", n) for n in (registry.NO_ANCHOR, registry.NOT_GROWN, registry.NOT_OPERATOR)),
    } <= signatures
    (latest,) = [e for e in abi if e["type"] == "function" and e["name"] == "latest"]
    outputs = [output["type"] for output in latest["outputs"]]
    assert outputs == ["uint64", "uint64", "uint48", "bytes32"]


# When


def test_a_new_log_is_anchored_at_once_and_each_later_root_extends_it(
    log: Log, sqlite_ledger: LogUnderTest, deployed: Registry
) -> None:
    anchorer = deployed.anchorer(log)
    sizes = []
    for growth in (0, 1, 5, 250, 13):
        if growth:
            grow(log, sqlite_ledger, growth)
        progress = anchorer.step()
        assert (progress.sent, progress.found, progress.is_complete) == (log.size, 1, True)
        sizes.append(log.size)
    assert kept(log) == [(size, log.root_at(size)) for size in sizes]
    latest = deployed.contract.latest()
    assert (latest.number, latest.size, latest.root) == (5, log.size, log.root)
    assert anchorer.step().sent is None


def test_a_root_is_due_by_size_or_by_time_and_never_without_a_new_leaf(
    log: Log, sqlite_ledger: LogUnderTest, deployed: Registry, backend: Backend
) -> None:
    anchorer = deployed.anchorer(log, policy=AnchorPolicy(new_leaves=10, seconds=600))
    assert anchorer.step().sent == 1
    grow(log, sqlite_ledger, 9)
    assert anchorer.step().sent is None
    grow(log, sqlite_ledger, 1)
    assert anchorer.step().sent == 11
    grow(log, sqlite_ledger, 1)
    backend.move_time(590)
    assert anchorer.step().sent is None
    backend.move_time(20)
    assert anchorer.step().sent == 12
    backend.move_time(10_000)
    assert anchorer.step().sent is None
    grow(log, sqlite_ledger, 1)
    assert anchorer.step().sent == 13
    grow(log, sqlite_ledger, 1)
    assert anchorer.anchor_now().sent == 14
    assert anchorer.anchor_now().sent is None


# Resuming


def test_a_new_process_finds_what_was_anchored_and_anchors_nothing_twice(
    log: Log, sqlite_ledger: LogUnderTest, deployed: Registry
) -> None:
    for _ in range(3):
        assert deployed.anchorer(log).step().sent == log.size
        grow(log, sqlite_ledger, 3)
    before = kept(log)
    with log.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM chain_cursor")
        connection.exec_driver_sql("DELETE FROM anchor")
    fresh = deployed.anchorer(log, max_blocks=1, policy=AnchorPolicy(1_000, 10**9))
    while not fresh.step().is_complete:
        pass
    assert kept(log) == before


class _Lost(Chain):
    """A chain whose answers to transactions get lost: they were sent, and nobody knows."""

    def __init__(self, chain: Chain) -> None:
        self.__dict__ = dict(vars(chain))

    def send(self, draft: TransactionDraft, signer: KeySigner) -> TransactionReceipt:  # type: ignore[override]
        sent = super().send(draft, signer)
        raise TransactionPending("nobody knows", sent.transaction_hash)


def test_an_anchor_whose_receipt_was_lost_is_found_on_the_chain(
    log: Log, sqlite_ledger: LogUnderTest, deployed: Registry
) -> None:
    losing = deployed.anchorer(log, chain=_Lost(deployed.chain))
    with pytest.raises(TransactionPending):
        losing.step()
    assert kept(log) == []
    grow(log, sqlite_ledger, 4)
    with pytest.raises(TransactionPending):
        losing.step()
    progress = losing.step()
    assert (progress.sent, progress.found) == (None, 1)
    assert [size for size, _ in kept(log)] == [1, 5]
    assert deployed.contract.latest().number == 2


def test_of_two_anchorers_that_race_one_wins_and_neither_stops(
    log: Log, sqlite_ledger: LogUnderTest, deployed: Registry
) -> None:
    slow = deployed.anchorer(log)
    slow.step()
    grow(log, sqlite_ledger, 2)
    racing = _Racing(deployed, log)
    assert racing.step().sent is None
    assert deployed.contract.latest().size == 3
    grow(log, sqlite_ledger, 1)
    assert racing.step().sent == 4
    assert [size for size, _ in kept(log)] == [1, 3, 4]


class _Racing(Anchorer):
    """Lets another anchorer go first, once, between looking and sending."""

    def __init__(self, deployed: Registry, log: Log) -> None:
        super().__init__(
            log, deployed.target(), policy=AT_ONCE, clock=lambda: deployed.chain.head().timestamp
        )
        self._other: Anchorer | None = deployed.anchorer(log)

    def _is_due(self, size: int, latest: registry.LatestAnchor) -> bool:
        other, self._other = self._other, None
        if other is not None:
            other.step()
        return super()._is_due(size, latest)


def test_several_chains_are_anchored_at_once(
    log: Log, sqlite_ledger: LogUnderTest, deployed: Registry, backend: Backend
) -> None:
    other = deploy_registry(backend)
    grow(log, sqlite_ledger, 2)
    first, second = deployed.anchorer(log), other.anchorer(log)
    first.step()
    grow(log, sqlite_ledger, 2)
    second.step()
    first.step()
    found = {(each.contract, each.size) for each in list_anchors(log.database)}
    one, two = deployed.contract.name, other.contract.name
    assert found == {(one, 3), (two, 5), (one, 5)}
    assert [each.size for each in list_anchors(log.database, before=5)] == [3]


# Stopping


def test_a_fork_that_was_anchored_under_this_logs_name_stops_it(
    log: Log, sqlite_ledger: LogUnderTest, deployed: Registry
) -> None:
    anchorer = deployed.anchorer(log)
    anchorer.step()
    grow(log, sqlite_ledger, 3)
    leaves = [leaf_hash(leaf) for leaf in log.leaves(0, 3)]
    forked = MerkleTree([*leaves, leaf_hash(b"never recorded")])
    deployed.anchor(4, forked.root(), list(forked.consistency(1)))
    for _ in range(2):
        with pytest.raises(AnchorContradiction, match="for size 4"):
            deployed.anchorer(log).step()
    with pytest.raises(AnchorContradiction):
        anchorer.step()


def test_a_root_under_the_wrong_size_stops_it_though_its_proof_holds(
    log: Log, sqlite_ledger: LogUnderTest, deployed: Registry
) -> None:
    """RFC 9162 proofs bind roots, not sizes: the contract takes the root of 11 leaves for 12."""
    grow(log, sqlite_ledger, 5)
    anchorer = deployed.anchorer(log)
    assert anchorer.step().sent == 6
    grow(log, sqlite_ledger, 6)
    deployed.anchor(12, log.root_at(11), list(log.consistency(6, 11)))
    assert deployed.contract.root_at(12) == log.root_at(11)
    with pytest.raises(AnchorContradiction, match="for size 12"):
        anchorer.step()


def test_a_log_that_was_rolled_back_behind_its_anchor_stops_it(
    log: Log,
    sqlite_ledger: LogUnderTest,
    deployed: Registry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    grow(log, sqlite_ledger, 4)
    deployed.anchorer(log).step()
    monkeypatch.setattr("ledger.anchor.anchorer._GROWTH_SECONDS", 0.01)
    database = open_database(f"sqlite:///{tmp_path / 'older.db'}")
    migrate(database)
    (tmp_path / "older").mkdir()
    older = LogUnderTest(database, tmp_path / "older")
    with older.create() as behind, pytest.raises(AnchorContradiction, match="rolled back"):
        deployed.anchorer(behind).step()
    database.dispose()


def test_a_rewritten_log_cannot_be_anchored(
    log: Log, sqlite_ledger: LogUnderTest, deployed: Registry, tmp_path: Path
) -> None:
    grow(log, sqlite_ledger, 4)
    deployed.anchorer(log).step()
    database = open_database(f"sqlite:///{tmp_path / 'other.db'}")
    migrate(database)
    (tmp_path / "other").mkdir()
    other = LogUnderTest(database, tmp_path / "other", Consortium(seed=2))
    with other.create() as rewritten:
        grow(rewritten, other, 9)
        with pytest.raises(AnchorContradiction, match="rewritten"):
            deployed.anchorer(rewritten).step()
    database.dispose()


def test_an_account_that_is_no_operator_is_told_what_it_lacks(
    log: Log, deployed: Registry, backend: Backend
) -> None:
    with pytest.raises(AnchorRefused, match="give it the role by vote"):
        deployed.anchorer(log, signer=backend.new_account()).step()


def test_a_root_that_the_contract_refuses_stops_it_and_names_the_contracts_reason(
    log: Log, sqlite_ledger: LogUnderTest, deployed: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    anchorer = deployed.anchorer(log)
    anchorer.step()
    grow(log, sqlite_ledger, 4)
    monkeypatch.setattr(log, "consistency", lambda *_: (keccak(b"no proof"),) * 3)
    with pytest.raises(AnchorRefused, match=r"refuses the root of size 5 \(execution-reverted"):
        anchorer.step()
    monkeypatch.undo()
    assert anchorer.step().sent == 5


def test_a_registry_of_another_log_and_no_registry_at_all_are_refused(
    log: Log, deployed: Registry, backend: Backend
) -> None:
    other = deploy_registry(backend, origin="another.test/log")
    with pytest.raises(WrongRegistry, match="another log"):
        other.anchorer(log).step()
    nowhere = AnchorTarget(deployed.chain, new_signer().address, deployed.operator, 0)
    with pytest.raises(WrongRegistry, match="check the address"):
        Anchorer(log, nowhere, policy=AT_ONCE, clock=lambda: 0.0).step()


def test_whenever_the_chain_goes_down_nothing_is_lost_or_anchored_twice(
    log: Log, sqlite_ledger: LogUnderTest, deployed: Registry
) -> None:
    assert deployed.anchorer(log).step().sent == 1
    grow(log, sqlite_ledger, 1)
    outages = 0
    for requests in range(60):
        try:
            progress = deployed.anchorer(log, chain=_until(deployed, requests)).step()
        except Unavailable:
            outages += 1
        else:
            assert progress.anchored == 2
            break
    assert outages > 5
    deployed.anchorer(log).step()
    assert kept(log) == [(1, log.root_at(1)), (2, log.root_at(2))]
    assert deployed.contract.latest().number == 2


def _until(deployed: Registry, requests: int) -> Chain:
    """A process's way to the chain, which is cut after so many requests."""
    adversary = Adversary(_Failing(deployed.chain.provider, requests))  # type: ignore[arg-type]
    policy = SendingPolicy(give_up_after_seconds=0.05)
    return remote(adversary, attempts=1, policy=policy)


class _Failing:
    def __init__(self, inner: object, requests: int) -> None:
        self._inner = inner
        self._left = requests

    def make_request(self, method: str, params: object) -> object:
        self._left -= 1
        if self._left < 0:
            raise ConnectionResetError("gone")
        return self._inner.make_request(method, params)  # type: ignore[attr-defined]


def test_only_confirmed_anchors_count(log: Log, deployed: Registry, backend: Backend) -> None:
    chain = remote(deployed.chain.provider, confirmations=2)  # type: ignore[arg-type]
    anchorer = deployed.anchorer(log, chain=chain)
    progress = anchorer.step()
    assert (progress.sent, progress.anchored, kept(log)) == (1, 1, [])
    backend.move_time(1)
    assert anchorer.step().found == 0
    backend.move_time(1)
    assert anchorer.step().found == 1
    assert kept(log) == [(1, log.root_at(1))]


@pytest.mark.anvil
def test_a_reorganisation_deeper_than_the_confirmations_stops_it(
    sqlite_ledger: LogUnderTest, tmp_path: Path
) -> None:
    with open_backend("anvil", tmp_path) as backend:
        log = sqlite_ledger.create()
        deployed = deploy_registry(backend)
        anchorer = deployed.anchorer(log)
        anchorer.step()
        backend.reorganise(1)
        backend.request("evm_mine")
        with pytest.raises(ChainReorganised):
            anchorer.step()
        with pytest.raises(ChainReorganised):
            deployed.anchorer(log).step()


def test_kept_anchors_say_where_on_chain_they_are(log: Log, deployed: Registry) -> None:
    deployed.anchorer(log).step()
    (anchor,) = list_anchors(log.database)
    receipt = deployed.chain.receipt(bytes.fromhex(anchor.transaction_hash[2:]))
    assert receipt is not None
    block = deployed.chain.block(receipt.block_number)
    assert anchor == StoredAnchor(
        chain_id=deployed.chain.chain_id,
        contract=deployed.contract.name,
        size=1,
        root=log.root,
        number=1,
        block_number=receipt.block_number,
        block_hash="0x" + receipt.block_hash.hex(),
        block_time=block.timestamp * 1000,
        transaction_hash=anchor.transaction_hash,
    )
