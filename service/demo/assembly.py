"""The demo's members at the chain: sending through `/rpc`, voting over HTTP, waiting.

The chain's clock is moved where a real one would take days; the demo's chain is opened so that it
may be. Ballots are signed by those who vote and carried by the service, which decides nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from web3.types import RPCEndpoint

from client import Choice, Ledger
from client.dao.ballots import Support
from governance.actions import Action, Names, canonical_address
from governance.actions.calls import AbiValue, call_data
from governance.addresses import DaoAddresses
from governance.contracts import ContractName
from governance.plan import DeploymentPlan
from governance.proposals import (
    ChainProposals,
    Evidence,
    ProposalState,
    ProposalStatus,
    Simulation,
    StatusReader,
    draft_proposal,
    simulate,
    submit,
)
from ledger.chain.chain import Chain
from ledger.chain.signing import KeySigner, TransactionDraft
from ledger.chain.values import TransactionReceipt
from ledger.errors import Unavailable
from ledger.events import SigningKey
from service.demo.cast import Role

PATIENCE_SECONDS = 60.0


class DemoStuck(Unavailable):
    """Something that should follow by itself did not."""

    code = "demo-stuck"
    remedy = "Run `./run demo --fresh`; if it happens again, report it."


@dataclass(frozen=True, slots=True)
class Assembly:
    """The members before their contracts.

    Attributes:
        chain: over the server's `/rpc`.
        plan: of the deployment.
        keys: each member's key by name.
        proposals: as the chain has them.
        statuses: likewise.
        names: of members and models.
        ledger: a client that signs as a member.
    """

    chain: Chain
    plan: DeploymentPlan
    keys: Mapping[str, SigningKey]
    proposals: ChainProposals
    statuses: StatusReader
    names: Names
    ledger: Callable[[Role], Ledger]

    @property
    def at(self) -> DaoAddresses:
        """The contracts."""
        return self.plan.addresses

    def send(
        self, member: Role, contract: ContractName, function: str, *arguments: AbiValue
    ) -> TransactionReceipt:
        """Calls a contract as a member does, with a transaction signed by its key."""
        draft = TransactionDraft(
            canonical_address(self.at.of(contract)), call_data(contract, function, *arguments)
        )
        return self.chain.send(draft, self._signer(member))

    def propose(
        self,
        member: Role,
        title: str,
        body: str,
        actions: Sequence[Action],
        evidence: Sequence[Evidence] = (),
    ) -> tuple[int, Simulation]:
        """Tries a proposal and makes it; its number, and what trying it came to."""
        draft = draft_proposal(
            actions,
            self.at,
            proposer=self.keys[member.name].address,
            title=title,
            body=body,
            evidence=evidence,
        )
        tried = simulate(self.chain, self.at, draft.calls, self.names)
        submit(self.chain, self._signer(member), draft, self.at)
        self.proposals.refresh()
        return draft.proposal_id, tried

    def vote(self, voter: Role, proposal: int, support: Support) -> None:
        """One signs, the service carries: no coins, no transaction of its own."""
        with self.ledger(voter) as ledger:
            ledger.dao.vote(proposal, Choice(support))

    def status(self, proposal: int) -> ProposalStatus:
        """Where a proposal is."""
        return self.statuses.read_one(self.proposals.get(proposal))

    def open_votes(self) -> None:
        """Lets the time pass until what was proposed is open for votes."""
        self.pass_time(self.plan.parameters.voting_delay + 1)

    def close_votes(self) -> None:
        """Lets the time pass until voting is over."""
        parameters = self.plan.parameters
        self.pass_time(parameters.voting_period + parameters.vote_extension + 1)

    def see_through(self, *proposals: int) -> None:
        """Waits for the keeper, which queues and executes; the timelock's delay is passed over."""
        self.await_that(lambda: self._are(ProposalState.QUEUED, proposals), "to be queued")
        self.pass_time(self.plan.parameters.timelock_delay + 1)
        self.await_that(lambda: self._are(ProposalState.EXECUTED, proposals), "to be executed")

    def pass_time(self, seconds: int) -> None:
        """Moves the chain's clock, for everyone."""
        for method, arguments in (("evm_increaseTime", [seconds]), ("evm_mine", [])):
            self.chain.provider.make_request(RPCEndpoint(method), arguments)

    def await_that(self, is_so: Callable[[], bool], what: str) -> None:
        """Waits for what the service does by itself.

        Raises:
            DemoStuck: it does not.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_so():
            if time.monotonic() > deadline:
                raise DemoStuck(f"Waited {PATIENCE_SECONDS:.0f} s for {what}; see /readyz.")
            time.sleep(0.05)

    def _are(self, state: ProposalState, proposals: Sequence[int]) -> bool:
        return all(self.status(each).state is state for each in proposals)

    def _signer(self, member: Role) -> KeySigner:
        return KeySigner.from_bytes(self.keys[member.name].secret)
