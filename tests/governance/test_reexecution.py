"""The blocks of a DAO's embedded chain, executed again by py-evm as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from eth.chains.base import Chain as PyEvmChain
from eth.db.atomic import AtomicDB
from eth.db.trie import make_trie_root_and_nodes
from eth.vm.forks.prague import PragueVM

from governance.actions.kinds import SetVotingDelay
from governance.votes import Support
from ledger.chain.connect import embedded
from ledger.chain.evm import next_header
from ledger.chain.jit import computation, program
from ledger.chain.node import EmbeddedNode
from ledger.chain.store import WriteBatch
from tests.governance.dao import ALICE, BOB, CAROL, DAVE, TIMELOCK_DELAY, Dao, found
from tests.governance.proposing import proposed, votable
from tests.governance.voting import domains, open_relay, signed_ballot
from tests.support.chains import Backend, embedded_node, new_signer


def test_py_evm_as_it_is_gets_from_block_to_block_by_the_same_transactions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A DAO is deployed, decides by ballots of all kinds, and carries the decision out."""
    monkeypatch.setattr(program, "RUNS_BEFORE", 1)
    computation.program_of.cache_clear()
    node = embedded_node(tmp_path / "chain")
    chain = embedded(node)
    govern(found(Backend("embedded", chain, new_signer())))
    stock = PyEvmChain.configure("Stock", vm_configuration=((0, PragueVM),), chain_id=node.chain_id)
    executed = sum(
        execute_again(node, stock, number) for number in range(1, node.head().block_number + 1)
    )
    assert executed > 10
    chain.close()


def govern(dao: Dao) -> None:
    record = proposed(dao, SetVotingDelay(seconds=7200))
    dao.open(votable(record))
    domain = domains(dao).governor
    choices = [(ALICE, Support.FOR), (BOB, Support.FOR), (CAROL, Support.ABSTAIN)]
    ballots = [signed_ballot(voter, record, domain, choice) for voter, choice in choices]
    ballots.append(signed_ballot(DAVE, record, domain, Support.AGAINST, reason="Too slow."))
    with open_relay(dao) as relay:
        for future in [relay.submit_ballot(each, source="here") for each in ballots]:
            future.result()
    dao.close()
    dao.queue(votable(record))
    dao.advance(TIMELOCK_DELAY + 1)
    dao.execute(votable(record))


def execute_again(node: EmbeddedNode, stock: type[PyEvmChain], number: int) -> int:
    """How many transactions the block has; all of them left what they left in the block."""
    header = node.header_by_number(number)
    parent = node.header_by_number(number - 1)
    block = node.chain.get_block_by_header(header)
    chain = stock(AtomicDB(WriteBatch(node.store)))
    machine = chain.get_vm(next_header(parent, now=header.timestamp))
    running = machine.get_header()
    receipts = block.get_receipts(node.chain.chaindb)
    for transaction, receipt in zip(block.transactions, receipts, strict=True):
        again, _ = machine.apply_transaction(running, transaction)
        running = machine.add_receipt_to_header(running, again)
        assert again.encode() == receipt.encode()
    machine.state.persist()
    assert machine.state.state_root == header.state_root
    assert make_trie_root_and_nodes(block.transactions)[0] == header.transaction_root
    assert make_trie_root_and_nodes(receipts)[0] == header.receipt_root
    return len(receipts)
