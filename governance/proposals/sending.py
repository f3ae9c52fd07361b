"""The steps of a proposal's life as transactions.

`*_transaction` is what a wallet signs and sends itself; `submit`, `queue`, `execute` and `cancel`
send it with a key that is at hand, and wait. On the embedded chain what would be refused is never
sent; everywhere a refusal comes back in words.

Only the proposer can submit a proposal, whoever carries the signed transaction to the chain.
"""

from __future__ import annotations

from governance.actions import canonical_address, checksum_address
from governance.actions.calls import call_data
from governance.addresses import DaoAddresses
from governance.proposals.draft import ProposalDraft, call_lists
from governance.proposals.errors import InvalidProposal, ProposalRefused
from governance.proposals.records import ProposalRecord
from ledger.chain.chain import Chain
from ledger.chain.errors import ExecutionReverted, TransactionFailed
from ledger.chain.signing import Signer, TransactionDraft
from ledger.chain.values import TransactionReceipt


def propose_transaction(draft: ProposalDraft, at: DaoAddresses) -> TransactionDraft:
    """The transaction that makes a proposal; for `draft.proposer` to send."""
    data = call_data("ConcordGovernor", "propose", *call_lists(draft.calls), draft.description)
    return TransactionDraft(canonical_address(at.governor), data)


def queue_transaction(proposal: ProposalRecord, at: DaoAddresses) -> TransactionDraft:
    """Queues a proposal that succeeded; for anyone to send."""
    return _step("queue", proposal, at)


def execute_transaction(proposal: ProposalRecord, at: DaoAddresses) -> TransactionDraft:
    """Executes a proposal that is queued and due; for anyone to send."""
    return _step("execute", proposal, at)


def cancel_transaction(proposal: ProposalRecord, at: DaoAddresses) -> TransactionDraft:
    """Cancels a proposal; for one of those whom `canceling.cancelers` names to send."""
    return _step("cancel", proposal, at)


def submit(
    chain: Chain, signer: Signer, draft: ProposalDraft, at: DaoAddresses
) -> TransactionReceipt:
    """Make a proposal and wait until it is on the chain.

    Raises:
        InvalidProposal: the signer is not the proposer.
        ProposalRefused: too few votes to propose, or it exists already.
        TransactionPending, ChainUnavailable, FeeTooHigh: see `Chain.send`.
    """
    sender = checksum_address(signer.address)
    if sender != checksum_address(draft.proposer):
        raise InvalidProposal(
            f"this is {draft.proposer}'s proposal, and {sender} would send it: the governor "
            "refuses that; sign it with the proposer's key, or draft it for this one"
        )
    return _send(chain, signer, propose_transaction(draft, at), "propose")


def queue(
    chain: Chain, signer: Signer, proposal: ProposalRecord, at: DaoAddresses
) -> TransactionReceipt:
    """Queue a proposal that succeeded; raises as `submit` does."""
    return _send(chain, signer, queue_transaction(proposal, at), "queue")


def execute(
    chain: Chain, signer: Signer, proposal: ProposalRecord, at: DaoAddresses
) -> TransactionReceipt:
    """Execute a queued proposal that is due; raises as `submit` does."""
    return _send(chain, signer, execute_transaction(proposal, at), "execute")


def cancel(
    chain: Chain, signer: Signer, proposal: ProposalRecord, at: DaoAddresses
) -> TransactionReceipt:
    """Cancel a proposal; raises as `submit` does."""
    return _send(chain, signer, cancel_transaction(proposal, at), "cancel")


def _step(function: str, proposal: ProposalRecord, at: DaoAddresses) -> TransactionDraft:
    lists = call_lists(proposal.calls)
    data = call_data("ConcordGovernor", function, *lists, proposal.description_hash)
    return TransactionDraft(canonical_address(at.governor), data)


def _send(
    chain: Chain, signer: Signer, transaction: TransactionDraft, step: str
) -> TransactionReceipt:
    try:
        return chain.send(transaction, signer)
    except (ExecutionReverted, TransactionFailed) as error:
        raise ProposalRefused.because(step, error) from error
