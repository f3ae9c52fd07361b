"""A deployed DAO to test with: members with keys, and the steps of a vote.

Contracts' functions go in as web3 has them; transactions go through `ledger.chain`, so that what a
contract refuses arrives as ExecutionReverted on every kind of chain.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import pytest
from eth_abi import decode
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_keys.datatypes import PrivateKey
from eth_typing import Address
from eth_utils import keccak
from web3 import Web3
from web3.contract import Contract
from web3.contract.contract import ContractFunction
from web3.logs import DISCARD

from governance.contracts import CONTRACT_NAMES, ContractName, artifact
from governance.deploy import deploy
from governance.parameters import DaoParameters, Founder
from governance.plan import DeploymentPlan, plan_deployment
from ledger.chain.errors import ExecutionReverted
from ledger.chain.signing import KeySigner, TransactionDraft
from ledger.chain.values import TransactionReceipt
from tests.support.chains import Backend

AGAINST, FOR, ABSTAIN, FRACTIONAL = 0, 1, 2, 255
PENDING, ACTIVE, CANCELED, DEFEATED, SUCCEEDED, QUEUED, EXPIRED, EXECUTED = range(8)
TOKEN = 10**18
ORIGIN = "ledger.test/concord"
VOTING_DELAY, VOTING_PERIOD, VOTE_EXTENSION, TIMELOCK_DELAY = 60, 3_600, 600, 900


@dataclass(frozen=True)
class Member:
    """Somebody with a key."""

    name: str
    signer: KeySigner

    @property
    def address(self) -> str:
        return Web3.to_checksum_address(self.signer.address)


@dataclass(frozen=True)
class Proposal:
    """A proposal as the governor's functions take it."""

    id: int
    targets: list[str]
    values: list[int]
    calldatas: list[bytes]
    description: str

    @property
    def full(self) -> tuple[list[str], list[int], list[bytes], bytes]:
        """The arguments of `queue`, `execute` and `cancel`."""
        return (self.targets, self.values, self.calldatas, keccak(text=self.description))


@dataclass(frozen=True)
class Call:
    """What a proposal does."""

    target: str
    data: bytes = b""
    value: int = 0


def member(name: str) -> Member:
    """The same key for the same name."""
    return Member(name, KeySigner(PrivateKey(hashlib.sha256(f"dao test {name}".encode()).digest())))


ALICE, BOB, CAROL, DAVE = (member(name) for name in ("alice", "bob", "carol", "dave"))
MALLORY = member("mallory")
"""No member, and without tokens."""

DEPLOYER = member("deployer")
EVERYBODY = (ALICE, BOB, CAROL, DAVE, MALLORY, DEPLOYER)

FOUNDERS = (
    Founder(member=ALICE.address, roles=("steward",), tokens=400 * TOKEN),
    Founder(member=BOB.address, roles=("developer",), tokens=300 * TOKEN),
    Founder(member=CAROL.address, roles=("auditor",), tokens=200 * TOKEN),
    Founder(member=DAVE.address, roles=("auditor", "operator"), tokens=100 * TOKEN),
)
PARAMETERS = DaoParameters(
    origin=ORIGIN,
    founders=FOUNDERS,
    token_cap=10_000 * TOKEN,
    voting_delay=VOTING_DELAY,
    voting_period=VOTING_PERIOD,
    vote_extension=VOTE_EXTENSION,
    timelock_delay=TIMELOCK_DELAY,
    proposal_threshold=100 * TOKEN,
)


class Dao:
    """One deployed DAO on one chain."""

    def __init__(self, backend: Backend, plan: DeploymentPlan) -> None:
        self.backend = backend
        self.chain = backend.chain
        self.plan = plan
        self.at = plan.addresses
        self._proposals = 0
        self._contracts: dict[ContractName, Contract] = {}

    def _contract(self, name: ContractName) -> Contract:
        if name not in self._contracts:
            self._contracts[name] = self.at.contract(self.chain.web3, name)
        return self._contracts[name]

    @property
    def membership(self) -> Contract:
        return self._contract("MembershipRegistry")

    @property
    def policies(self) -> Contract:
        return self._contract("PolicyRegistry")

    @property
    def anchors(self) -> Contract:
        return self._contract("AnchorRegistry")

    @property
    def models(self) -> Contract:
        return self._contract("ModelRegistry")

    @property
    def token(self) -> Contract:
        return self._contract("ConcordToken")

    @property
    def timelock(self) -> Contract:
        return self._contract("TimelockController")

    @property
    def governor(self) -> Contract:
        return self._contract("ConcordGovernor")

    # The chain

    def send(self, sender: Member, function: ContractFunction) -> TransactionReceipt:
        draft = TransactionDraft(to=canonical(function.address), data=encoded(function))
        return self.chain.send(draft, sender.signer)

    def send_call(self, sender: Member, call: Call) -> TransactionReceipt:
        return self.chain.send(
            TransactionDraft(to=canonical(call.target), data=call.data, value=call.value),
            sender.signer,
        )

    def ask(self, function: ContractFunction, sender: Member | None = None) -> bytes:
        """What a call answers, ABI-encoded; a refusal is raised as for `send`."""
        return self.chain.call(
            canonical(function.address),
            encoded(function),
            sender=None if sender is None else sender.signer.address,
        )

    def now(self) -> int:
        return self.chain.head().timestamp

    def advance(self, seconds: int) -> None:
        self.backend.move_time(seconds)

    # Proposals

    def propose(
        self,
        *calls: Call | ContractFunction,
        proposer: Member = ALICE,
        description: str | None = None,
    ) -> Proposal:
        proposal = self.draft(*calls, proposer=proposer, description=description)
        self.send(
            proposer, self.governor.functions.propose(*proposal.full[:3], proposal.description)
        )
        return proposal

    def proposing(self, proposal: Proposal) -> ContractFunction:
        """The call that makes a drafted proposal."""
        return self.governor.functions.propose(*proposal.full[:3], proposal.description)

    def draft(
        self,
        *calls: Call | ContractFunction,
        proposer: Member = ALICE,
        description: str | None = None,
    ) -> Proposal:
        """A proposal that is not sent."""
        self._proposals += 1
        plain = [each if isinstance(each, Call) else call_of(each) for each in calls]
        text = description or f"# Proposal {self._proposals}\n\n#proposer={proposer.address}"
        lists = (
            [each.target for each in plain],
            [each.value for each in plain],
            [each.data for each in plain],
        )
        number = self.governor.functions.getProposalId(*lists, keccak(text=text)).call()
        return Proposal(number, *lists, text)

    def state(self, proposal: Proposal) -> int:
        return self.governor.functions.state(proposal.id).call()

    def open(self, proposal: Proposal) -> None:
        """Move the clock to where the proposal can be voted on."""
        self.advance(VOTING_DELAY + 1)
        assert self.state(proposal) == ACTIVE

    def vote(self, voter: Member, proposal: Proposal, support: int = FOR) -> TransactionReceipt:
        return self.send(voter, self.governor.functions.castVote(proposal.id, support))

    def close(self) -> None:
        """Move the clock to where voting is over, however far it was extended."""
        self.advance(VOTING_PERIOD + VOTE_EXTENSION + 1)

    def queue(self, proposal: Proposal) -> None:
        self.send(MALLORY, self.governor.functions.queue(*proposal.full))

    def execute(self, proposal: Proposal) -> TransactionReceipt:
        return self.send(MALLORY, self.governor.functions.execute(*proposal.full))

    def accept(self, proposal: Proposal, *voters: Member) -> None:
        """Take a proposal to where it can be executed."""
        self.open(proposal)
        for voter in voters or (ALICE, BOB):
            self.vote(voter, proposal)
        self.close()
        self.queue(proposal)
        self.advance(TIMELOCK_DELAY + 1)

    def carry_out(self, *calls: Call | ContractFunction) -> TransactionReceipt:
        """Do something by vote."""
        proposal = self.propose(*calls)
        self.accept(proposal)
        return self.execute(proposal)

    # Ballots

    def ballot_nonce(self, voter: Member, proposal: Proposal) -> int:
        """The next nonce of the proposal's own sequence."""
        key = proposal.id % 2**192
        function = self.governor.get_function_by_signature("nonces(address,uint192)")
        return function(voter.address, key).call()

    def sign_ballot(
        self,
        voter: Member,
        proposal: Proposal,
        support: int = FOR,
        *,
        nonce: int | None = None,
        domain: Mapping[str, object] = MappingProxyType({}),
    ) -> bytes:
        """A ballot; `domain` replaces parts of the governor's own."""
        message = {
            "proposalId": proposal.id,
            "support": support,
            "voter": voter.address,
            "nonce": self.ballot_nonce(voter, proposal) if nonce is None else nonce,
        }
        return self.sign(voter, "Ballot", message, domain)

    def sign_extended_ballot(
        self, voter: Member, proposal: Proposal, support: int, reason: str, params: bytes
    ) -> bytes:
        message = {
            "proposalId": proposal.id,
            "support": support,
            "voter": voter.address,
            "nonce": self.ballot_nonce(voter, proposal),
            "reason": reason,
            "params": params,
        }
        return self.sign(voter, "ExtendedBallot", message)

    def domain(self, name: ContractName = "ConcordGovernor") -> dict[str, object]:
        names = {
            "ConcordGovernor": self.plan.parameters.governor_name,
            "ConcordToken": self.plan.parameters.token_name,
        }
        return {
            "name": names[name],
            "version": "1",
            "chainId": self.plan.chain_id,
            "verifyingContract": self.at.of(name),
        }

    def sign(
        self,
        signer: Member,
        kind: str,
        message: Mapping[str, object],
        domain: Mapping[str, object] = MappingProxyType({}),
    ) -> bytes:
        """An EIP-712 signature by eth-account, for the governor's domain."""
        typed = encode_typed_data(self.domain() | domain, {kind: TYPES[kind]}, dict(message))
        return bytes(Account.sign_message(typed, signer.signer.key.to_bytes()).signature)

    def cast(
        self, voter: Member, proposal: Proposal, support: int, signature: bytes
    ) -> TransactionReceipt:
        """Relay a ballot: somebody else pays, if anybody does."""
        return self.send(
            MALLORY,
            self.governor.functions.castVoteBySig(proposal.id, support, voter.address, signature),
        )

    def tally(self, proposal: Proposal) -> tuple[int, int, int]:
        """Whole tokens against, for and abstaining."""
        against, in_favour, abstaining = self.governor.functions.proposalVotes(proposal.id).call()
        return against // TOKEN, in_favour // TOKEN, abstaining // TOKEN


_BALLOT = [
    {"name": "proposalId", "type": "uint256"},
    {"name": "support", "type": "uint8"},
    {"name": "voter", "type": "address"},
    {"name": "nonce", "type": "uint256"},
]
TYPES = {
    "Ballot": _BALLOT,
    "ExtendedBallot": [
        *_BALLOT,
        {"name": "reason", "type": "string"},
        {"name": "params", "type": "bytes"},
    ],
    "Delegation": [
        {"name": "delegatee", "type": "address"},
        {"name": "nonce", "type": "uint256"},
        {"name": "expiry", "type": "uint256"},
    ],
}


def found(
    backend: Backend, deployer: Member = DEPLOYER, parameters: DaoParameters = PARAMETERS
) -> Dao:
    """Deploy a DAO; power counts one second after it was given."""
    plan = plan_deployment(backend.chain.web3, deployer.signer.address, parameters)
    deploy(backend.chain, deployer.signer, plan)
    backend.move_time(2)
    return Dao(backend, plan)


def fund(backend: Backend, *members: Member, wei: int = 10**20) -> None:
    """Give accounts coins, on a chain that has any."""
    if backend.name == "anvil":
        for each in members:
            backend.request("anvil_setBalance", each.address, hex(wei))


def canonical(address: str) -> Address:
    return Address(bytes.fromhex(address.removeprefix("0x")))


def encoded(function: ContractFunction) -> bytes:
    return bytes.fromhex(function._encode_transaction_data().removeprefix("0x"))


def call_of(function: ContractFunction, value: int = 0) -> Call:
    """What a proposal has to contain to call a function."""
    return Call(function.address, encoded(function), value)


@cache
def _errors() -> dict[bytes, tuple[str, tuple[str, ...]]]:
    return {
        keccak(text=f"{entry['name']}({','.join(_type(i) for i in entry['inputs'])})")[:4]: (
            entry["name"],
            tuple(_type(i) for i in entry["inputs"]),
        )
        for name in CONTRACT_NAMES
        for entry in artifact(name).abi
        if entry["type"] == "error"
    }


def _type(argument: dict[str, object]) -> str:
    return str(argument["type"])


@contextmanager
def refused(error: str, *arguments: object) -> Iterator[None]:
    """What is inside is refused by a contract with this custom error, and these arguments."""
    with pytest.raises(ExecutionReverted) as caught:
        yield
    output = caught.value.output
    name, types = _errors().get(output[:4], (f"unknown error {output[:4].hex()}", ()))
    assert name == error
    if arguments:
        found = decode(types, output[4:])
        assert [_plain(each) for each in found] == [_plain(each) for each in arguments]


def _plain(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def events(
    contract: Contract, name: str, receipt: TransactionReceipt
) -> Sequence[dict[str, object]]:
    """The arguments of a contract's events of one name in a receipt."""
    raw = contract.w3.eth.get_transaction_receipt(receipt.transaction_hash)
    return [dict(each["args"]) for each in contract.events[name]().process_receipt(raw, DISCARD)]
