"""The DAO for scripts: blocking calls; whatever is signed was checked (`client.dao.operations`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    from client.sync import Ledger

T = TypeVar("T")


class Drive(Protocol):
    """Carries an operation out."""

    def __call__(self, operation: Operation[T], /) -> T:
        """Its result."""
        ...


class Dao:
    """The DAO of a ledger; `Ledger.dao`. Reads answer JSON as docs/api.md has it.

    Args:
        ledger: whose DAO it is.
        operations: on it.
        drive: carries operations out.
    """

    def __init__(self, ledger: Ledger, operations: DaoOperations, drive: Drive) -> None:
        self._ledger = ledger
        self._operations = operations
        self._drive = drive

    def contracts(self) -> DaoContracts:
        """The contracts, from the log's first leaf; raises `NoDao` if there are none."""
        return self._drive(self._operations.contracts())

    def describe(self) -> JsonObject:
        """The contracts, the token and the rules as they are now."""
        return self._ledger.fetch("/v1/dao")

    def proposals(
        self, *, state: str | None = None, proposer: str | None = None
    ) -> Iterator[JsonObject]:
        """Proposals, newest first; all, or those in a state or by somebody."""
        return self._ledger.items("/v1/proposals", state=state, proposer=proposer)

    def proposal(self, proposal: int) -> JsonObject:
        """One proposal with its actions, evidence, tally and times."""
        return self._ledger.fetch(f"/v1/proposals/{proposal}")

    def simulation(self, proposal: int) -> JsonObject:
        """What carrying it out now would come to."""
        return self._ledger.fetch(f"/v1/proposals/{proposal}/simulation")

    def votes(self, proposal: int) -> Iterator[JsonObject]:
        """Who voted how, and why."""
        return self._ledger.items(f"/v1/proposals/{proposal}/votes")

    def recount(self, proposal: int) -> JsonObject:
        """Its ballots counted again from the chain's logs, beside the contract's tally."""
        return self._ledger.fetch(f"/v1/proposals/{proposal}/recount")

    def holders(self) -> Iterator[JsonObject]:
        """Who holds tokens and votes, largest first."""
        return self._ledger.items("/v1/token/holders")

    def holder(self, account: str) -> JsonObject:
        """One account's tokens and votes."""
        return self._ledger.fetch(f"/v1/token/holders/{account}")

    def treasury(self) -> JsonObject:
        """What the DAO holds."""
        return self._ledger.fetch("/v1/treasury")

    def payments(self) -> Iterator[JsonObject]:
        """What the DAO paid."""
        return self._ledger.items("/v1/treasury/payments")

    def policies(self) -> Iterator[JsonObject]:
        """The policies in force."""
        return self._ledger.items("/v1/policies")

    def policy(self, policy: str) -> JsonObject:
        """One policy with its versions."""
        return self._ledger.fetch(f"/v1/policies/{policy}")

    def anchors(self) -> Iterator[JsonObject]:
        """Roots of the log on chains, newest first."""
        return self._ledger.items("/v1/anchors")

    def latest_anchors(self) -> JsonObject:
        """The newest anchor of each chain, and how anchoring goes."""
        return self._ledger.fetch("/v1/anchors/latest")

    def anchor_now(self) -> JsonObject:
        """Anchors the present size; for operators and auditors."""
        return self._ledger.ask("/v1/anchors", {})

    def prepare_ballot(self, proposal: int, voter: str, choice: Choice) -> UnsignedBallot:
        """The ballot for a voter to sign; raises `WrongBallot` where the server shows another."""
        return self._drive(self._operations.prepare_ballot(proposal, voter, choice))

    def cast(self, unsigned: UnsignedBallot, signature: str) -> BallotReceipt:
        """Sends a signed ballot; its receipt."""
        return self._drive(self._operations.cast(unsigned, signature))

    def vote(self, proposal: int, choice: Choice) -> BallotReceipt:
        """Votes with the client's own key."""
        return self._drive(self._operations.vote(proposal, choice))

    def prepare_delegation(
        self, delegator: str, delegatee: str, expiry: int | None = None
    ) -> UnsignedDelegation:
        """The delegation for a holder to sign; `expiry` in seconds since 1970."""
        return self._drive(self._operations.prepare_delegation(delegator, delegatee, expiry))

    def send_delegation(self, unsigned: UnsignedDelegation, signature: str) -> JsonObject:
        """Sends a signed delegation; its receipt."""
        return self._drive(self._operations.send_delegation(unsigned, signature))

    def delegate(self, delegatee: str) -> JsonObject:
        """Lets somebody else vote with the client's tokens; oneself takes that back."""
        return self._drive(self._operations.delegate(delegatee))

    def prepare_proposal(self, draft: ProposalDraft, proposer: str) -> PreparedProposal:
        """A proposal, tried and checked; nothing is sent."""
        return self._drive(self._operations.prepare_proposal(draft, proposer))

    def propose(self, draft: ProposalDraft) -> tuple[PreparedProposal, Sent]:
        """Makes a proposal with the client's own key."""
        return self._drive(self._operations.propose(draft))

    def queue(self, proposal: int) -> JsonObject:
        """Has the service queue a proposal that succeeded."""
        return self._drive(self._operations.carry_on(proposal, "queue"))

    def execute(self, proposal: int) -> JsonObject:
        """Has the service execute a queued proposal that is due."""
        return self._drive(self._operations.carry_on(proposal, "execute"))

    def prepare_cancel(self, proposal: int, account: str) -> Transaction:
        """What cancels a proposal, for its proposer or the guardian to send."""
        return self._drive(self._operations.prepare_cancel(proposal, account))

    def cancel(self, proposal: int) -> Sent:
        """Cancels a proposal with the client's own key."""
        return self._drive(self._operations.cancel(proposal))

    def prepare_call(
        self, account: str, contract: str, function: str, arguments: Sequence[JsonValue]
    ) -> Transaction:
        """What a member calls without a vote; see `MEMBER_FUNCTIONS`."""
        return self._drive(self._operations.prepare_call(account, contract, function, arguments))

    def call(self, contract: str, function: str, arguments: Sequence[JsonValue]) -> Sent:
        """Prepares and sends it with the client's own key."""
        return self._drive(self._operations.call(contract, function, arguments))

    def send(self, transaction: Transaction) -> Sent:
        """Signs a checked transaction with the client's own key, sends it, waits for its block."""
        return self._drive(self._operations.send(transaction))

    def wait_for(self, transaction_hash: str) -> Sent:
        """A transaction's place on the chain, once it has one."""
        return self._drive(self._operations.wait_for(transaction_hash))

    def rpc(self, method: str, *parameters: JsonValue) -> JsonValue:
        """One question to the chain."""
        return self._drive(self._operations.rpc(method, *parameters))

    def upload(self, content: bytes) -> JsonObject:
        """Keeps bytes in the ledger's content store; for members."""
        return self._drive(self._operations.upload(content))

    def download(self, cid: str, sha256: str | None = None) -> bytes:
        """Bytes of the content store, verified against content id or SHA-256."""
        return self._drive(self._operations.download(cid, sha256))
