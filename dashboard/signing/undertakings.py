"""What members sign for the DAO: votes, delegations, proposals and their cancelling.

Each is a `Task` of `dashboard.signing.transactions`. What is signed is built or worked out again by
`client.dao`, for the contracts that the log's first event names; a server that shows something else
is refused there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from client import ConcordError
from client.dao import Choice, PreparedProposal, UnsignedBallot, UnsignedDelegation
from client.errors import ServerProblem
from client.fields import inner, number, objects, text
from dashboard.reading.connection import ledger
from dashboard.reading.names import name_of, readable
from dashboard.reading.rpc import complete
from dashboard.signing.transactions import Done, Question, summed
from dashboard.words.amounts import tokens
from dashboard.words.voting import WHY_NOT


class SessionLost(ConcordError):
    """The page forgot what was being signed."""

    code = "session-lost"


def ballot_of(proposal: str, choice: Choice, voter: str) -> UnsignedBallot:
    """The ballot to sign, checked.

    Raises:
        ServerProblem: it would not count, with a code of WHY_NOT or another.
    """
    return ledger().dao.prepare_ballot(int(proposal), voter, choice)


def why_not(proposal: str, voter: str) -> tuple[str, int]:
    """Why somebody cannot vote, and with how many votes they can.

    Returns:
        A code of WHY_NOT and 0, or nothing and their votes.

    Raises:
        ConcordError: nobody answers.
    """
    try:
        return "", ballot_of(proposal, Choice("abstain"), voter).weight or 0
    except ServerProblem as error:
        if error.problem not in WHY_NOT:
            raise
        return error.problem, 0


@dataclass(slots=True)
class CastVote:
    """A vote on a proposal, by signature; the service carries it to the chain.

    Attributes:
        proposal: decimal.
        title: of the proposal; anybody's text.
        choice: as the person made it.
        ballot: that is signed.
    """

    proposal: str
    title: str
    choice: Choice
    ballot: UnsignedBallot | None = None

    def question(self, actor: str) -> Question:
        """The ballot."""
        self.ballot = ballot_of(self.proposal, self.choice, actor)
        reason = self.choice.reason
        words = [self._sentence(self.ballot.weight)]
        words += [f"Reason, public for ever: {reason}"] if reason else []
        return Question(
            tuple(words),
            typed_data=self.ballot.typed_data,
        )

    def finish(self, actor: str, answer: str) -> Done:
        """Hands the ballot to the service, which answers once it was counted."""
        del actor
        if self.ballot is None:
            raise SessionLost("Begin again: the page no longer knows which ballot this is.")
        receipt = ledger().dao.cast(self.ballot, answer)
        return Done(
            f"Your vote was counted, in block {number(receipt.place, 'blockNumber')}.",
            self._sentence(receipt.weight),
            file=(f"ballot-{self.proposal[:8]}.json", receipt.document),
        )

    def _sentence(self, weight: int | None) -> str:
        about = f"“{self.title}”" if self.title else f"proposal {self.proposal[:8]}"
        split = self.choice.split
        if split is not None:
            return (
                f"Split my votes on {about}: {tokens(split.in_favour)} for, "
                f"{tokens(split.against)} against, {tokens(split.abstaining)} abstaining."
            )
        verb = {"for": "Vote for", "against": "Vote against", "abstain": "Abstain on"}
        having = "" if weight is None else f", with {tokens(weight)}"
        return f"{verb[self.choice.support]} {about}{having}."


@dataclass(slots=True)
class Delegate:
    """Letting somebody vote with one's tokens, or taking that back, by signature.

    Attributes:
        delegatee: EIP-55; oneself to take it back.
        delegation: that is signed.
    """

    delegatee: str
    delegation: UnsignedDelegation | None = None

    def question(self, actor: str) -> Question:
        """The delegation."""
        self.delegation = ledger().dao.prepare_delegation(actor, self.delegatee)
        return Question(
            (self._sentence(actor),),
            typed_data=self.delegation.typed_data,
        )

    def finish(self, actor: str, answer: str) -> Done:
        """Hands the delegation to the service, which answers once it holds."""
        if self.delegation is None:
            raise SessionLost("Begin again: the page no longer knows which delegation this is.")
        receipt = ledger().dao.send_delegation(self.delegation, answer)
        document = json.dumps(receipt, ensure_ascii=False, indent=1).encode()
        return Done(
            f"It holds, since block {number(inner(receipt, 'chain'), 'blockNumber')}.",
            self._sentence(actor),
            file=("delegation.json", document),
        )

    def _sentence(self, actor: str) -> str:
        if self.delegatee == actor:
            return "Vote with my tokens myself from now on."
        return (
            f"Let {name_of(self.delegatee)} vote with all my tokens, in proposals made from now "
            f"on. My tokens stay mine; I can take this back. Account: {self.delegatee}"
        )


@dataclass(frozen=True, slots=True)
class Propose:
    """A proposal, as it was prepared and reviewed.

    Attributes:
        prepared: and checked: its transaction proposes what was filled in.
        title: as the person wrote it.
    """

    prepared: PreparedProposal
    title: str

    def question(self, actor: str) -> Question:
        """The transaction."""
        tried = inner(self.prepared.answer, "simulation")
        sentences = [readable(text(each, "sentence")) for each in objects(tried, "actions")]
        words = (f"Propose “{self.title}”. If it passes:", *summed(sentences))
        return Question(words, transaction=complete(self.prepared.transaction, actor))

    def finish(self, actor: str, answer: str) -> Done:
        """It is in a block: the proposal stands."""
        del actor, answer
        query = (("proposal", str(self.prepared.proposal)),)
        return Done(
            "Your proposal stands.", self.title, target=("proposals", "Open the proposal", query)
        )


@dataclass(frozen=True, slots=True)
class CancelProposal:
    """Taking a proposal back: its proposer before voting begins, or the guardian.

    Attributes:
        proposal: decimal.
        title: anybody's text.
    """

    proposal: str
    title: str

    def question(self, actor: str) -> Question:
        """The transaction."""
        transaction = ledger().dao.prepare_cancel(int(self.proposal), actor)
        words = (f"Cancel the proposal “{self.title}”, for good.",)
        return Question(words, transaction=complete(transaction, actor))

    def finish(self, actor: str, answer: str) -> Done:
        """It is in a block."""
        del actor, answer
        return Done("The proposal is cancelled.", self.title)
