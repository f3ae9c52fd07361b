"""Receipts gain their anchor, and anyone can ask the chain about it."""

from __future__ import annotations

import dataclasses

import pytest

from ledger.anchor import (
    AnchorNotOnChain,
    AnchorNotSigned,
    AnchorUnconfirmed,
    WrongRegistry,
    verify_anchor,
)
from ledger.log import HistoryRewritten, Log
from ledger.merkle import (
    Anchor,
    Checkpoint,
    VerifiedReceipt,
    open_checkpoint,
    parse_receipt,
    verify_consistency,
    verify_extends,
    verify_receipt,
)
from ledger.store.chains import list_anchors
from tests.ledger.chain.adversary import remote
from tests.support.anchoring import Registry, deploy_registry
from tests.support.chains import Backend
from tests.support.logs import LogUnderTest, record


@pytest.fixture
def log(sqlite_ledger: LogUnderTest) -> Log:
    """A log of 12 leaves whose first 6 were signed for on their own."""
    log = sqlite_ledger.create()
    consortium = sqlite_ledger.consortium
    record(log, [consortium.dataset(f"a{n}") for n in range(5)])
    record(log, [consortium.dataset(f"b{n}") for n in range(6)])
    return log


def verified(log: Log, ledger: LogUnderTest, index: int) -> VerifiedReceipt:
    return verify_receipt(parse_receipt(log.receipt(index)), [ledger.consortium.log_key.verifier])


def anchored(log: Log, ledger: LogUnderTest, index: int) -> tuple[Anchor, Checkpoint]:
    receipt = verified(log, ledger, index)
    assert receipt.anchor is not None
    return receipt.anchor, receipt.checkpoint


def test_a_receipt_has_no_anchor_until_one_covers_its_leaf(
    log: Log, sqlite_ledger: LogUnderTest, deployed: Registry
) -> None:
    before = log.receipt(11)
    assert verified(log, sqlite_ledger, 11).anchor is None
    deployed.anchorer(log).step()
    anchor, checkpoint = anchored(log, sqlite_ledger, 11)
    assert (checkpoint.size, checkpoint.root) == (anchor.size, anchor.root) == (12, log.root)
    assert parse_receipt(before).leaf == parse_receipt(log.receipt(11)).leaf
    record(log, [sqlite_ledger.consortium.dataset("later")])
    assert verified(log, sqlite_ledger, 12).anchor is None
    assert log.anchor_of(13) is None


def test_once_anchored_a_receipt_never_changes(
    log: Log, sqlite_ledger: LogUnderTest, deployed: Registry
) -> None:
    anchorer = deployed.anchorer(log)
    anchorer.step()
    first = log.receipt(3)
    for n in range(3):
        record(log, [sqlite_ledger.consortium.dataset(f"c{n}")])
        anchorer.step()
    assert log.receipt(3) == first
    sizes = [anchored(log, sqlite_ledger, index)[0].size for index in range(12, 15)]
    assert sizes == [13, 14, 15]


def test_the_anchor_of_an_older_size_comes_with_the_proof_that_it_extends_it(
    log: Log, deployed: Registry
) -> None:
    deployed.anchorer(log).step()
    for size in range(13):
        anchor = log.anchor_of(size)
        assert anchor is not None
        verify_extends(anchor, Checkpoint("ledger.test/concord", size, log.root_at(size)))


def test_the_chain_confirms_an_anchor_and_says_since_when(
    log: Log, sqlite_ledger: LogUnderTest, deployed: Registry
) -> None:
    deployed.anchorer(log).step()
    (stored,) = list_anchors(log.database)
    for index in range(12):
        anchor, checkpoint = anchored(log, sqlite_ledger, index)
        confirmed = verify_anchor(anchor, checkpoint, deployed.chain, registry=deployed.address)
        assert (confirmed.size, confirmed.root) == (12, log.root)
        assert confirmed.anchored_at * 1000 == stored.block_time
        assert confirmed.block_number == stored.block_number


def test_a_root_anchored_under_another_size_is_caught_by_what_the_log_signed(
    log: Log, sqlite_ledger: LogUnderTest, deployed: Registry
) -> None:
    """The root of 11 leaves, anchored as that of 12: every consistency proof holds."""
    deployed.anchor(6, log.root_at(6), [])
    deployed.anchor(12, log.root_at(11), list(log.consistency(6, 11)))
    proof = log.consistency(6, 11)
    verify_consistency(6, 12, log.root_at(6), log.root_at(11), proof)
    latest = deployed.chain.logs(
        deployed.from_block, deployed.chain.head().number, [deployed.address]
    )[-1]
    forged = Anchor(
        chain_id=deployed.chain.chain_id,
        contract=deployed.contract.name,
        block_number=latest.block_number,
        block_hash="0x" + latest.block_hash.hex(),
        transaction_hash="0x" + latest.transaction_hash.hex(),
        size=12,
        root=log.root_at(11),
        consistency=proof,
    )
    origin = sqlite_ledger.consortium.origin
    verify_extends(forged, Checkpoint(origin, 6, log.root_at(6)))
    assert deployed.contract.root_at(12) == forged.root
    signed = open_checkpoint(log.checkpoint(), [sqlite_ledger.consortium.log_key.verifier])
    assert signed.size == 12
    for checkpoint in (
        signed,
        Checkpoint(origin, 6, log.root_at(6)),
        Checkpoint(origin, 11, log.root_at(11)),
    ):
        with pytest.raises(AnchorNotSigned):
            verify_anchor(forged, checkpoint, deployed.chain, registry=deployed.address)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"chain_id": 1}, WrongRegistry),
        ({"contract": "0x" + "11" * 20}, WrongRegistry),
        ({"block_number": 1}, AnchorNotOnChain),
        ({"block_hash": "0x" + "22" * 32}, AnchorNotOnChain),
        ({"transaction_hash": "0x" + "33" * 32}, AnchorNotOnChain),
    ],
)
def test_an_anchor_that_says_anything_else_than_the_chain_is_refused(
    log: Log,
    sqlite_ledger: LogUnderTest,
    deployed: Registry,
    change: dict[str, int | str],
    error: type[Exception],
) -> None:
    deployed.anchorer(log).step()
    anchor, checkpoint = anchored(log, sqlite_ledger, 3)
    forged = dataclasses.replace(anchor, **change)  # type: ignore[arg-type]
    with pytest.raises(error):
        verify_anchor(forged, checkpoint, deployed.chain, registry=deployed.address)


def test_an_anchor_of_another_transaction_of_the_registry_is_refused(
    log: Log, sqlite_ledger: LogUnderTest, deployed: Registry
) -> None:
    anchorer = deployed.anchorer(log)
    anchorer.step()
    earlier, _ = anchored(log, sqlite_ledger, 3)
    record(log, [sqlite_ledger.consortium.dataset("later")])
    anchorer.step()
    later, checkpoint = anchored(log, sqlite_ledger, 12)
    forged = dataclasses.replace(
        later,
        block_number=earlier.block_number,
        block_hash=earlier.block_hash,
        transaction_hash=earlier.transaction_hash,
    )
    with pytest.raises(AnchorNotOnChain, match="does not anchor size 13"):
        verify_anchor(forged, checkpoint, deployed.chain, registry=deployed.address)


def test_what_the_registry_does_not_hold_is_not_anchored(
    log: Log, sqlite_ledger: LogUnderTest, deployed: Registry, backend: Backend
) -> None:
    deployed.anchorer(log).step()
    anchor, checkpoint = anchored(log, sqlite_ledger, 3)
    empty = deploy_registry(backend)
    moved = dataclasses.replace(anchor, contract=empty.contract.name)
    with pytest.raises(AnchorNotOnChain, match="holds no root"):
        verify_anchor(moved, checkpoint, empty.chain, registry=empty.address)
    foreign = deploy_registry(backend, origin="another.test/log")
    moved = dataclasses.replace(anchor, contract=foreign.contract.name)
    with pytest.raises(WrongRegistry, match="another log"):
        verify_anchor(moved, checkpoint, foreign.chain, registry=foreign.address)


def test_an_anchor_in_a_young_block_is_not_final_yet(
    log: Log, sqlite_ledger: LogUnderTest, deployed: Registry, backend: Backend
) -> None:
    deployed.anchorer(log).step()
    anchor, checkpoint = anchored(log, sqlite_ledger, 3)
    careful = remote(deployed.chain.provider, confirmations=2)  # type: ignore[arg-type]
    with pytest.raises(AnchorUnconfirmed):
        verify_anchor(anchor, checkpoint, careful, registry=deployed.address)
    backend.move_time(1)
    backend.move_time(1)
    assert verify_anchor(anchor, checkpoint, careful, registry=deployed.address).size == 12


def test_a_stored_anchor_that_was_altered_is_never_given_out(log: Log, deployed: Registry) -> None:
    deployed.anchorer(log).step()
    with log.database.write() as connection:
        connection.exec_driver_sql("UPDATE anchor SET root = zeroblob(32)")
    with pytest.raises(HistoryRewritten):
        log.receipt(3)
    with log.database.write() as connection:
        connection.exec_driver_sql("UPDATE anchor SET root = ?", (log.root,))
