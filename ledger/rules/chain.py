"""What the mirror may append: what a named contract did, once."""

from __future__ import annotations

import json

from ledger.events.bodies.base import ChainReference
from ledger.events.bodies.governance import (
    DelegationChanged,
    MirrorBody,
    ModelReleased,
    ModelWithdrawn,
    PolicyAdopted,
    ProposalCanceled,
    ProposalCreated,
    ProposalExecuted,
    ProposalQueued,
    TokenTransferred,
    VoteCast,
)
from ledger.rules.authority import Act, register
from ledger.rules.errors import BodyNotAllowed, IdTaken
from ledger.views.records import ChainEvent
from ledger.views.state import State


def require_new_chain_log(act: Act, chain: ChainReference, state: State) -> None:
    """Refuses a contract log that is not this deployment's or that stands in the log already.

    Raises:
        BodyNotAllowed: if the chain or contract is another.
        IdTaken: if it was mirrored before.
    """
    if chain.chain_id != act.ledger.chain_id:
        raise BodyNotAllowed(
            f"This ledger's contracts are on chain {act.ledger.chain_id}, not {chain.chain_id}."
        )
    if chain.contract not in json.loads(act.ledger.contracts).values():
        raise BodyNotAllowed(f"{chain.contract} is not one of this ledger's contracts.")
    earlier = state.get(ChainEvent, chain.chain_id, chain.block_hash, chain.log_index)
    if earlier is not None:
        raise IdTaken(f"This contract log is event {earlier.index} already.")


def _mirrored(act: Act, body: MirrorBody, state: State) -> None:
    act.require_mirror()
    require_new_chain_log(act, body.chain, state)


for _model in (
    DelegationChanged,
    ModelReleased,
    ModelWithdrawn,
    PolicyAdopted,
    ProposalCanceled,
    ProposalCreated,
    ProposalExecuted,
    ProposalQueued,
    TokenTransferred,
    VoteCast,
):
    register(_model, _mirrored)
