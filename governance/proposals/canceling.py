"""Who may cancel a proposal, as `ConcordGovernor._validateCancel` decides it.

    pending                          its proposer, and the guardian
    active, defeated, succeeded,     the guardian; its proposer where there is none
    queued
    canceled, executed               nobody: it is settled

The guardian never cancels a proposal that does nothing but replace the guardian, unless as its
proposer while it is pending. The timelock as the guardian is the members, who cancel by vote.
"""

from __future__ import annotations

from collections.abc import Sequence

from governance.actions import Call, canonical_address, checksum_address
from governance.actions.calls import call_data
from governance.addresses import DaoAddresses
from governance.contracts import artifact
from governance.parameters import ZERO_ADDRESS
from governance.proposals.records import ProposalRecord
from governance.proposals.states import ProposalState
from governance.reads import Read, Reader
from ledger.chain.errors import ExecutionReverted


def read_guardian(reader: Reader, at: DaoAddresses) -> str | None:
    """The guardian, EIP-55; None where there is none.

    Raises:
        ChainUnavailable, ChainAnswerInvalid: see `ledger.chain.requester`.
        ExecutionReverted: this is no governor.
    """
    call = call_data("ConcordGovernor", "proposalGuardian")
    (answer,) = reader.read([Read(canonical_address(at.governor), call)])
    if isinstance(answer, ExecutionReverted):
        raise answer
    guardian = checksum_address(answer[12:32])
    return None if guardian == ZERO_ADDRESS else guardian


def cancelers(
    record: ProposalRecord, state: ProposalState, guardian: str | None, at: DaoAddresses
) -> tuple[str, ...]:
    """The accounts that may cancel a proposal in a state, its proposer first.

    Args:
        record: as it was made.
        state: where it is in its life.
        guardian: as `read_guardian` answers.
        at: the DAO's contracts; its timelock among the accounts stands for a vote.
    """
    if state in {ProposalState.CANCELED, ProposalState.EXECUTED}:
        return ()
    found: list[str] = []
    if state is ProposalState.PENDING or guardian is None:
        found.append(record.proposer)
    if guardian not in {None, *found} and not _replaces_guardian_only(record.calls, at):
        found.append(str(guardian))
    return tuple(found)


def _replaces_guardian_only(calls: Sequence[Call], at: DaoAddresses) -> bool:
    selector = artifact("ConcordGovernor").selector("setProposalGuardian")
    return (
        len(calls) == 1
        and calls[0].target == at.governor
        and calls[0].calldata[:4].ljust(4, b"\0") == selector
    )
