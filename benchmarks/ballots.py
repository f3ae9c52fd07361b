"""How many signed ballots a second get onto a chain, beside what py-evm can do at all.

    python -m benchmarks.ballots [--ballots 1500] [--connections 128] [--anvil]

In one run:

- bare: `castVoteBySig` in full blocks of 256 on py-evm as it is, in memory, transactions made and
  signed beforehand; nothing is stored, checked, queued or answered.
- embedded: the same ballots over HTTP (`benchmarks.ballots_http`), from the socket to the receipt.
- a page of 50 proposals over HTTP, of which the first has all these votes: tallies are read, never
  added up, so how many votes there are does not change what a page takes.
- anvil (with --anvil): the relay over JSON-RPC; the votes are counted again from the logs.

Each figure is told by the wall clock and by the CPU of the process that does the work: on a machine
that does other things as well, the latter is the one to judge by. Relay and anvil are two, and work
at the same time: of them it is the one that used more.

Limits: embedded >= 150 a second and >= 0.6 of bare; anvil >= 500 a second; a page < 150 ms.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from eth.abc import SignedTransactionAPI
from eth.chains.base import Chain as PyEvmChain
from eth.db.atomic import AtomicDB
from eth.typing import HeaderParams
from eth.vm.forks.prague import PragueVM
from eth.vm.forks.prague.transactions import PragueTransactionBuilder
from eth_keys.datatypes import PrivateKey

from benchmarks.ballots_http import measure_http
from governance.actions import canonical_address
from governance.actions.calls import call_data
from governance.actions.kinds import SetVotingDelay
from governance.addresses import CREATION_ORDER
from governance.deploy import creation_code
from governance.parameters import DaoParameters, Founder
from governance.plan import DeploymentPlan
from governance.proposals import ChainProposals, ProposalDraft, draft_proposal
from governance.proposals.sending import propose_transaction
from governance.reads import Reader
from governance.votes import (
    Ballot,
    ContractDomain,
    Rate,
    RelayLimits,
    SignedBallot,
    Support,
    VoteRelay,
    ballot_digest,
    ballot_transaction,
    first_nonce,
    read_domains,
    recount_proposal,
)
from ledger.chain.signing import KeySigner, TransactionDraft
from ledger.chain.values import TransactionReceipt
from ledger.errors import ConcordError
from tests.support.chains import CHAIN_ID, Backend, open_backend

T = TypeVar("T")

TOKEN = 10**18
BLOCK = 256
DELAY, PERIOD = 60, 86_400
EMBEDDED_LIMIT, RATIO_LIMIT, ANVIL_LIMIT, PAGE_LIMIT = 150, 0.6, 500, 150
UNLIMITED = RelayLimits(voter=Rate(1e9, 10**9), source=Rate(1e9, 10**9))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ballots", type=int, default=1_500)
    parser.add_argument("--connections", type=int, default=128)
    parser.add_argument("--anvil", action="store_true")
    arguments = parser.parse_args()
    voters = [key(f"voter {number}") for number in range(arguments.ballots)]
    bare = measure_bare(voters)
    print(f"bare py-evm, full blocks   {bare.wall:8.0f}/s wall   {bare.cpu:8.0f}/s CPU")
    with tempfile.TemporaryDirectory() as scratch:
        http = measure_http(Path(scratch), OWNER, voters, arguments.connections)
    print(f"embedded, over HTTP        {http.wall:8.0f}/s wall   {http.cpu:8.0f}/s CPU")
    print(f"  limit {EMBEDDED_LIMIT}/s; failed {http.errors}; all counted: {http.counted}")
    ratio = http.cpu / bare.cpu
    print(f"ratio                      {http.wall / bare.wall:8.2f} wall     {ratio:8.2f} CPU")
    print(f"  limit {RATIO_LIMIT}")
    print(f"tally after the last one   {http.tally_ms:8.0f} ms")
    print(f"page of 50 proposals       {http.page_ms:8.0f} ms wall  {http.page_cpu_ms:8.0f} ms CPU")
    print(f"  limit {PAGE_LIMIT} ms")
    met = http.cpu >= EMBEDDED_LIMIT and ratio >= RATIO_LIMIT and http.page_ms < PAGE_LIMIT
    met = met and http.counted and not http.errors
    if arguments.anvil:
        anvil = measure_relay("anvil", voters)
        print(f"anvil, through the relay   {anvil.wall:8.0f}/s wall   {anvil.cpu:8.0f}/s CPU")
        print(f"  limit {ANVIL_LIMIT}/s; CPU is of the relay or anvil, whichever used more")
        met = met and anvil.cpu >= ANVIL_LIMIT
    sys.exit(0 if met else 1)


def key(name: str) -> KeySigner:
    return KeySigner(PrivateKey(hashlib.sha256(f"ballots {name}".encode()).digest()))


def checksum(signer: KeySigner) -> str:
    return signer.key.public_key.to_checksum_address()


DEPLOYER, OWNER, RELAYER = key("deployer"), key("owner"), key("relayer")


def plan_for(chain_id: int, voters: Sequence[KeySigner]) -> DeploymentPlan:
    """The voters hold all tokens but one, so the quorum is reached on the way."""
    tokens = (len(voters) + 1) * TOKEN
    return DeploymentPlan(
        chain_id=chain_id,
        deployer=checksum(DEPLOYER),
        first_nonce=0,
        from_block=0,
        parameters=DaoParameters(
            origin="ledger.test/ballots",
            founders=(Founder(member=checksum(OWNER), tokens=tokens),),
            voting_delay=DELAY,
            voting_period=PERIOD,
        ),
    )


def deployment(plan: DeploymentPlan) -> list[TransactionDraft]:
    return [TransactionDraft(None, creation_code(name, plan)) for name in CREATION_ORDER]


def allocations(plan: DeploymentPlan, voters: Sequence[KeySigner]) -> list[TransactionDraft]:
    token = canonical_address(plan.addresses.token)
    return [
        TransactionDraft(token, call_data("ConcordToken", "transfer", checksum(voter), TOKEN))
        for voter in voters
    ]


def proposal_for(plan: DeploymentPlan) -> ProposalDraft:
    return draft_proposal(
        [SetVotingDelay(seconds=DELAY)],
        plan.addresses,
        proposer=checksum(OWNER),
        title="Something to vote on",
    )


def signed_ballots(
    plan: DeploymentPlan, proposal_id: int, voters: Sequence[KeySigner]
) -> list[SignedBallot]:
    domain = ContractDomain(plan.parameters.governor_name, plan.chain_id, plan.addresses.governor)
    return [
        signed(Ballot(proposal_id, Support.FOR, checksum(voter), nonce), voter, domain)
        for nonce in [first_nonce(proposal_id)]
        for voter in voters
    ]


def signed(ballot: Ballot, voter: KeySigner, domain: ContractDomain) -> SignedBallot:
    signature = voter.key.sign_msg_hash(ballot_digest(ballot, domain))
    raw = signature.r.to_bytes(32) + signature.s.to_bytes(32) + bytes([27 + signature.v])
    return SignedBallot(ballot, raw)


# Bare


@dataclass(frozen=True)
class Rates:
    """Ballots a second of the wall clock, and of the process's CPU."""

    wall: float
    cpu: float


class BareChain:
    """py-evm's own chain in memory, with blocks of whatever is handed in."""

    def __init__(self, now: int) -> None:
        rules = PyEvmChain.configure("Bare", vm_configuration=((0, PragueVM),), chain_id=CHAIN_ID)
        genesis: dict[str, HeaderParams] = {
            "gas_limit": 10**12,
            "base_fee_per_gas": 0,
            "timestamp": now,
        }
        self.chain = rules.from_genesis(AtomicDB(), genesis, {})
        self.nonces: dict[bytes, int] = {}

    def sign(self, draft: TransactionDraft, signer: KeySigner) -> SignedTransactionAPI:
        """A transaction with the next nonce of its signer."""
        nonce = self.nonces.get(signer.address, 0)
        self.nonces[signer.address] = nonce + 1
        unsigned = draft.with_nonce(chain_id=CHAIN_ID, nonce=nonce, gas=30_000_000)
        return PragueTransactionBuilder.decode(signer.sign(unsigned))

    def seal(self, transactions: Sequence[SignedTransactionAPI], timestamp: int) -> float:
        """Seconds that a block took."""
        started = time.perf_counter()
        parent = self.chain.get_canonical_head()
        vm = self.chain.get_vm(
            PragueVM.create_header_from_parent(
                parent, timestamp=timestamp, gas_limit=parent.gas_limit
            )
        )
        header, receipts = vm.get_header(), []
        for transaction in transactions:
            receipt, computation = vm.apply_transaction(header, transaction)
            assert not computation.is_error, computation.error
            header = vm.add_receipt_to_header(header, receipt)
            receipts.append(receipt)
        filled = vm.set_block_transactions_and_withdrawals(
            vm.get_block(), header, transactions, receipts
        )
        self.chain.chaindb.persist_block(vm.mine_block(filled).block)
        return time.perf_counter() - started


def measure_bare(voters: Sequence[KeySigner]) -> Rates:
    now = 1_800_000_000
    bare, plan = BareChain(now), plan_for(CHAIN_ID, voters)
    draft = proposal_for(plan)
    bare.seal([bare.sign(each, DEPLOYER) for each in deployment(plan)], now + 1)
    for block in blocks([bare.sign(each, OWNER) for each in allocations(plan, voters)]):
        now += 2
        bare.seal(block, now)
    now += 10
    bare.seal([bare.sign(propose_transaction(draft, plan.addresses), OWNER)], now)
    now += DELAY + 10
    ballots = signed_ballots(plan, draft.proposal_id, voters)
    transactions = [
        bare.sign(ballot_transaction(each, plan.addresses), RELAYER) for each in ballots
    ]
    used = time.process_time()
    seconds = sum(
        bare.seal(block, now + number) for number, block in enumerate(blocks(transactions))
    )
    used = time.process_time() - used
    return Rates(len(ballots) / seconds, len(ballots) / used)


def blocks(transactions: Sequence[T]) -> list[Sequence[T]]:
    return [transactions[i : i + BLOCK] for i in range(0, len(transactions), BLOCK)]


# Through the relay


def measure_relay(name: str, voters: Sequence[KeySigner]) -> Rates:
    with tempfile.TemporaryDirectory() as scratch, open_backend(name, Path(scratch)) as backend:
        if name == "anvil":
            for each in (DEPLOYER, OWNER, RELAYER):
                backend.request("anvil_setBalance", checksum(each), hex(10**24))
        plan = plan_for(backend.chain.chain_id, voters)
        draft = prepare(backend, plan, voters)
        ballots = signed_ballots(plan, draft.proposal_id, voters)
        relay = VoteRelay(
            backend.chain,
            plan.addresses,
            RELAYER,
            domains=read_domains(Reader(backend.chain), plan.addresses),
            monotonic=time.monotonic,
            limits=UNLIMITED,
        )
        used, of_others = time.process_time(), children_seconds()
        seconds = timed(
            lambda: [
                future.result()
                for future in [relay.submit_ballot(each, source="here") for each in ballots]
            ]
        )
        used = max(time.process_time() - used, children_seconds() - of_others)
        relay.close()
        check_tally(backend, plan, draft.proposal_id, len(voters))
    return Rates(len(ballots) / seconds, len(ballots) / used)


def prepare(backend: Backend, plan: DeploymentPlan, voters: Sequence[KeySigner]) -> ProposalDraft:
    for each in deployment(plan):
        backend.chain.send(each, DEPLOYER)
    for block in blocks(allocations(plan, voters)):
        outcomes = backend.chain.send_many(block, OWNER)
        assert not any(isinstance(each, ConcordError) for each in outcomes), outcomes
    backend.move_time(5)
    draft = proposal_for(plan)
    receipt = backend.chain.send(propose_transaction(draft, plan.addresses), OWNER)
    assert isinstance(receipt, TransactionReceipt)
    backend.move_time(DELAY + 5)
    return draft


def check_tally(backend: Backend, plan: DeploymentPlan, proposal_id: int, voters: int) -> None:
    started = time.perf_counter()
    proposals = ChainProposals(backend.chain, plan.addresses, 0)
    proposals.refresh()
    recount = recount_proposal(backend.chain, plan.addresses, proposals.get(proposal_id))
    assert recount.agrees, recount.faults
    assert recount.counted.in_favour == voters * TOKEN
    seconds = time.perf_counter() - started
    print(f"{backend.name}: {voters} votes counted again in {seconds:.1f} s")


def children_seconds() -> float:
    """CPU of this process's running children (proc_pid_stat(5), fields 14 and 15)."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    stats = [Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split() for each in children]
    return sum(int(each[11]) + int(each[12]) for each in stats) / os.sysconf("SC_CLK_TCK")


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
