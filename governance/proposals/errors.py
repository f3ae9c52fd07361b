"""What can go wrong with a proposal, by name."""

from __future__ import annotations

from governance.refusals import Refusal, explain_error
from ledger.errors import ConcordError, IntegrityError, InvalidInput, NotFound, Refused


class InvalidProposal(InvalidInput):
    """A proposal that is not sent: too long, without a title, without an action."""

    code = "invalid-proposal"
    remedy = "Change what the message names, and prepare the proposal again."


class UnknownProposal(NotFound):
    """The governor knows no proposal of that number."""

    code = "unknown-proposal"
    remedy = "Take the number from `GET /v1/proposals`."


class EvidenceDiffers(IntegrityError):
    """What is kept under an evidence's content id is not what the proposal names."""

    code = "evidence-differs"


class ProposalRefused(Refused):
    """A contract refuses a step of a proposal's life; nothing was changed.

    Attributes:
        refusal: the contract's error, decoded.
    """

    code = "proposal-refused"
    remedy = (
        "Read the contract's reason in the message; `GET /v1/proposals/{proposal}` says what the "
        "proposal waits for."
    )

    def __init__(self, message: str, refusal: Refusal) -> None:
        super().__init__(message)
        self.refusal = refusal

    @classmethod
    def because(cls, step: str, error: ConcordError) -> ProposalRefused:
        """The refusal of a step ("propose", "queue", …), in words."""
        refusal = explain_error(error)
        return cls(f"cannot {step}: {refusal.sentence}", refusal)
