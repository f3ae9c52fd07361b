"""The DAO for services: the same calls as `client.dao.sync.Dao`, awaited."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from client.dao.ballots import BallotReceipt, Choice, UnsignedBallot
from client.dao.contracts import DaoContracts
from client.dao.delegations import UnsignedDelegation
from client.dao.operations import DaoOperations
from client.dao.proposals import PreparedProposal, ProposalDraft
from client.dao.transactions import Sent, Transaction
from client.wire import Operation
from ledger.events.canonical import JsonObject, JsonValue

if TYPE_CHECKING:
    from client.aio import AsyncLedger

T = TypeVar("T")


class AsyncDrive(Protocol):
    """Carries an operation out."""

    async def __call__(self, operation: Operation[T], /) -> T:
        """Its result."""
        ...


class AsyncDao:
    """The DAO of a ledger; `AsyncLedger.dao`. Reads answer JSON as docs/api.md has it.

    Args:
        ledger: whose DAO it is.
        operations: on it.
        drive: carries operations out.
    """

    def __init__(self, ledger: AsyncLedger, operations: DaoOperations, drive: AsyncDrive) -> None:
        self._ledger = ledger
        self._operations = operations
        self._drive = drive

    async def contracts(self) -> DaoContracts:
        """The contracts, from the log's first leaf; raises `NoDao` if there are none."""
        return await self._drive(self._operations.contracts())

    async def describe(self) -> JsonObject:
        """The contracts, the token and the rules as they are now."""
        return await self._ledger.fetch("/v1/dao")

    def proposals(
        self, *, state: str | None = None, proposer: str | None = None
    ) -> AsyncIterator[JsonObject]:
        """Proposals, newest first; all, or those in a state or by somebody."""
        return self._ledger.items("/v1/proposals", state=state, proposer=proposer)

    async def proposal(self, proposal: int) -> JsonObject:
        """One proposal with its actions, evidence, tally and times."""
        return await self._ledger.fetch(f"/v1/proposals/{proposal}")

    async def simulation(self, proposal: int) -> JsonObject:
        """What carrying it out now would come to."""
        return await self._ledger.fetch(f"/v1/proposals/{proposal}/simulation")

    def votes(self, proposal: int) -> AsyncIterator[JsonObject]:
        """Who voted how, and why."""
        return self._ledger.items(f"/v1/proposals/{proposal}/votes")

    async def recount(self, proposal: int) -> JsonObject:
        """Its ballots counted again from the chain's logs, beside the contract's tally."""
        return await self._ledger.fetch(f"/v1/proposals/{proposal}/recount")

    def holders(self) -> AsyncIterator[JsonObject]:
        """Who holds tokens and votes, largest first."""
        return self._ledger.items("/v1/token/holders")

    async def holder(self, account: str) -> JsonObject:
        """One account's tokens and votes."""
        return await self._ledger.fetch(f"/v1/token/holders/{account}")

    async def treasury(self) -> JsonObject:
        """What the DAO holds."""
        return await self._ledger.fetch("/v1/treasury")

    def payments(self) -> AsyncIterator[JsonObject]:
        """What the DAO paid."""
        return self._ledger.items("/v1/treasury/payments")

    def policies(self) -> AsyncIterator[JsonObject]:
        """The policies in force."""
        return self._ledger.items("/v1/policies")

    async def policy(self, policy: str) -> JsonObject:
        """One policy with its versions."""
        return await self._ledger.fetch(f"/v1/policies/{policy}")

    def anchors(self) -> AsyncIterator[JsonObject]:
        """Roots of the log on chains, newest first."""
        return self._ledger.items("/v1/anchors")

    async def latest_anchors(self) -> JsonObject:
        """The newest anchor of each chain, and how anchoring goes."""
        return await self._ledger.fetch("/v1/anchors/latest")

    async def anchor_now(self) -> JsonObject:
        """Anchors the present size; for operators and auditors."""
        return await self._ledger.ask("/v1/anchors", {})

    async def prepare_ballot(self, proposal: int, voter: str, choice: Choice) -> UnsignedBallot:
        """The ballot for a voter to sign; raises `WrongBallot` where the server shows another."""
        return await self._drive(self._operations.prepare_ballot(proposal, voter, choice))

    async def cast(self, unsigned: UnsignedBallot, signature: str) -> BallotReceipt:
        """Sends a signed ballot; its receipt."""
        return await self._drive(self._operations.cast(unsigned, signature))

    async def vote(self, proposal: int, choice: Choice) -> BallotReceipt:
        """Votes with the client's own key."""
        return await self._drive(self._operations.vote(proposal, choice))

    async def prepare_delegation(
        self, delegator: str, delegatee: str, expiry: int | None = None
    ) -> UnsignedDelegation:
        """The delegation for a holder to sign; `expiry` in seconds since 1970."""
        return await self._drive(self._operations.prepare_delegation(delegator, delegatee, expiry))

    async def send_delegation(self, unsigned: UnsignedDelegation, signature: str) -> JsonObject:
        """Sends a signed delegation; its receipt."""
        return await self._drive(self._operations.send_delegation(unsigned, signature))

    async def delegate(self, delegatee: str) -> JsonObject:
        """Lets somebody else vote with the client's tokens; oneself takes that back."""
        return await self._drive(self._operations.delegate(delegatee))

    async def prepare_proposal(self, draft: ProposalDraft, proposer: str) -> PreparedProposal:
        """A proposal, tried and checked; nothing is sent."""
        return await self._drive(self._operations.prepare_proposal(draft, proposer))

    async def propose(self, draft: ProposalDraft) -> tuple[PreparedProposal, Sent]:
        """Makes a proposal with the client's own key."""
        return await self._drive(self._operations.propose(draft))

    async def queue(self, proposal: int) -> JsonObject:
        """Has the service queue a proposal that succeeded."""
        return await self._drive(self._operations.carry_on(proposal, "queue"))

    async def execute(self, proposal: int) -> JsonObject:
        """Has the service execute a queued proposal that is due."""
        return await self._drive(self._operations.carry_on(proposal, "execute"))

    async def prepare_cancel(self, proposal: int, account: str) -> Transaction:
        """What cancels a proposal, for its proposer or the guardian to send."""
        return await self._drive(self._operations.prepare_cancel(proposal, account))

    async def cancel(self, proposal: int) -> Sent:
        """Cancels a proposal with the client's own key."""
        return await self._drive(self._operations.cancel(proposal))

    async def prepare_call(
        self, account: str, contract: str, function: str, arguments: Sequence[JsonValue]
    ) -> Transaction:
        """What a member calls without a vote; see `MEMBER_FUNCTIONS`."""
        return await self._drive(
            self._operations.prepare_call(account, contract, function, arguments)
        )

    async def call(self, contract: str, function: str, arguments: Sequence[JsonValue]) -> Sent:
        """Prepares and sends it with the client's own key."""
        return await self._drive(self._operations.call(contract, function, arguments))

    async def send(self, transaction: Transaction) -> Sent:
        """Signs a checked transaction with the client's own key, sends it, waits for its block."""
        return await self._drive(self._operations.send(transaction))

    async def wait_for(self, transaction_hash: str) -> Sent:
        """A transaction's place on the chain, once it has one."""
        return await self._drive(self._operations.wait_for(transaction_hash))

    async def rpc(self, method: str, *parameters: JsonValue) -> JsonValue:
        """One question to the chain."""
        return await self._drive(self._operations.rpc(method, *parameters))

    async def upload(self, content: bytes) -> JsonObject:
        """Keeps bytes in the ledger's content store; for members."""
        return await self._drive(self._operations.upload(content))

    async def download(self, cid: str, sha256: str | None = None) -> bytes:
        """Bytes of the content store, verified against content id or SHA-256."""
        return await self._drive(self._operations.download(cid, sha256))
