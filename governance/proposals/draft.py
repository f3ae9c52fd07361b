"""A proposal before it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_abi.abi import encode

from governance.actions import Action, Call, call_of
from governance.addresses import DaoAddresses
from governance.mirror.translation import CALLDATA_BUDGET
from governance.proposals.description import compose
from governance.proposals.errors import InvalidProposal
from governance.proposals.evidence import Evidence
from ledger.events.bodies.governance import MAX_CALLS
from ledger.keccak import keccak

CallLists = tuple[list[str], list[int], list[bytes]]


@dataclass(frozen=True, slots=True)
class ProposalDraft:
    """What `propose` takes.

    Attributes:
        calls: in the order in which they will be made.
        description: the whole text.
        proposer: who is to send it, EIP-55.
    """

    calls: tuple[Call, ...]
    description: str
    proposer: str

    @property
    def proposal_id(self) -> int:
        """The number that the governor will give it."""
        return proposal_id(self.calls, keccak(self.description.encode()))


def draft_proposal(
    actions: Sequence[Action],
    at: DaoAddresses,
    *,
    proposer: str,
    title: str,
    body: str = "",
    evidence: Sequence[Evidence] = (),
) -> ProposalDraft:
    """Put a proposal together. Sends nothing.

    Args:
        actions: 1 to MAX_CALLS; together with at most CALLDATA_BUDGET bytes of call data, which is
            what the log tells whole.
        at: the DAO's contracts.
        proposer: who is to send it.
        title: one line.
        body: any text.
        evidence: from `keep_evidence`.

    Raises:
        InvalidProposal: a limit is exceeded.
    """
    if not 1 <= len(actions) <= MAX_CALLS:
        raise InvalidProposal(f"a proposal has 1 to {MAX_CALLS} actions, this has {len(actions)}")
    calls = tuple(call_of(action, at) for action in actions)
    size = sum(len(call.calldata) for call in calls)
    if size > CALLDATA_BUDGET:
        raise InvalidProposal(
            f"a proposal's call data has at most {CALLDATA_BUDGET} bytes, this has {size}: "
            "propose the actions one after the other"
        )
    return ProposalDraft(calls, compose(title, body, evidence, proposer), proposer)


def call_lists(calls: Sequence[Call]) -> CallLists:
    """Targets, values and call data, as the governor takes them."""
    return (
        [call.target for call in calls],
        [call.value for call in calls],
        [call.calldata for call in calls],
    )


def proposal_id(calls: Sequence[Call], description_hash: bytes) -> int:
    """`keccak256(abi.encode(targets, values, calldatas, descriptionHash))`, as `Governor` has it.

    Args:
        calls: in order.
        description_hash: Keccak-256 of the description's bytes.
    """
    types = ["address[]", "uint256[]", "bytes[]", "bytes32"]
    return int.from_bytes(keccak(encode(types, [*call_lists(calls), description_hash])))
