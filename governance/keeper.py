"""Carrying proposals on: queues what succeeded, executes what is due.

Anyone may do either, so nothing here is trusted with anything, and several keepers may run at once:
who comes second finds it done. There is nothing to store. Each pass asks the chain where every
proposal is; a keeper that was killed starts where the chain stands.

A proposal that cannot be carried on (its action fails, the treasury is empty) is named with the
reason, left alone for a while, twice as long each time, and never holds up another one. It is not
given up: what it lacks may come.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from governance.addresses import DaoAddresses
from governance.proposals.reading import StatusReader
from governance.proposals.records import ProposalRecord, Proposals
from governance.proposals.sending import execute_transaction, queue_transaction
from governance.proposals.states import ProposalState, ProposalStatus
from governance.refusals import explain_error
from ledger.chain.chain import Chain
from ledger.chain.signing import Signer
from ledger.errors import ConcordError

_log = logging.getLogger(__name__)
_PAGE = 256

Step = Literal["queue", "execute"]


@dataclass(frozen=True, slots=True)
class KeeperPolicy:
    """How patient a keeper is.

    Attributes:
        first_pause_seconds: after a proposal's first failure; doubles with each.
        longest_pause_seconds: where the doubling ends.
        pass_seconds: between two passes of `Keeper.run`.
    """

    first_pause_seconds: int = 60
    longest_pause_seconds: int = 6 * 3600
    pass_seconds: float = 15.0


@dataclass(frozen=True, slots=True)
class KeeperFailure:
    """A proposal that could not be carried on.

    Attributes:
        proposal_id: which one.
        step: that failed.
        code: of the error.
        reason: in words.
        attempts: so far.
        retry_at: second by the chain's clock.
    """

    proposal_id: int
    step: Step
    code: str
    reason: str
    attempts: int
    retry_at: int


@dataclass(frozen=True, slots=True)
class KeeperReport:
    """What one pass did.

    Attributes:
        queued: proposals that are queued now.
        executed: proposals that are executed now.
        failed: those that failed in this pass.
        resting: earlier failures that are being left alone.
    """

    queued: tuple[int, ...] = ()
    executed: tuple[int, ...] = ()
    failed: tuple[KeeperFailure, ...] = ()
    resting: tuple[KeeperFailure, ...] = ()


class Keeper:
    """Carries on the proposals of one DAO.

    Args:
        chain: where it is.
        at: its contracts.
        signer: an account that may send transactions; it needs no rights in the DAO.
        proposals: all of them.
        statuses: of the same chain.
        policy: see KeeperPolicy.

    One thread at a time uses a keeper.
    """

    def __init__(
        self,
        chain: Chain,
        at: DaoAddresses,
        signer: Signer,
        *,
        proposals: Proposals,
        statuses: StatusReader,
        policy: KeeperPolicy | None = None,
    ) -> None:
        self._chain = chain
        self._at = at
        self._signer = signer
        self._proposals = proposals
        self._statuses = statuses
        self._policy = policy or KeeperPolicy()
        self._failures: dict[int, KeeperFailure] = {}

    def run_once(self) -> KeeperReport:
        """Carry on whatever is due.

        Raises:
            ChainUnavailable, FeeTooHigh: nothing, or not everything, was sent; call again.
        """
        self._proposals.refresh()
        due, resting = self._due()
        for proposal, status in due:
            _log.info("proposal %d: %s", proposal.proposal_id, _step(status))
        failed = self._send(due)
        done = [status for _, status in due if status.proposal_id not in failed]
        for status in done:
            self._failures.pop(status.proposal_id, None)
        return KeeperReport(
            tuple(each.proposal_id for each in done if _step(each) == "queue"),
            tuple(each.proposal_id for each in done if _step(each) == "execute"),
            tuple(failed.values()),
            tuple(resting),
        )

    def run(self, stop: threading.Event) -> None:
        """Pass after pass, until `stop` is set; what goes wrong is logged, and tried again."""
        while not stop.is_set():
            try:
                report = self.run_once()
            except ConcordError as error:
                _log.warning("the keeper's pass failed, the next one follows: %s", error)
            else:
                for failure in report.failed:
                    _log.warning("cannot %s: %s", failure.step, failure.reason)
            stop.wait(self._policy.pass_seconds)

    def _due(self) -> tuple[list[tuple[ProposalRecord, ProposalStatus]], list[KeeperFailure]]:
        """What can be done now, the oldest first, and what is being left alone."""
        due: list[tuple[ProposalRecord, ProposalStatus]] = []
        resting: list[KeeperFailure] = []
        page = self._proposals.newest(_PAGE)
        while page:
            for proposal, status in zip(page, self._statuses.read(page), strict=True):
                failure = self._failures.get(proposal.proposal_id)
                if not status.is_due:
                    self._failures.pop(proposal.proposal_id, None)
                elif failure is not None and status.now < failure.retry_at:
                    resting.append(failure)
                else:
                    due.append((proposal, status))
            page = self._proposals.newest(_PAGE, before=page[-1])
        due.reverse()
        return due, resting

    def _send(
        self, due: Sequence[tuple[ProposalRecord, ProposalStatus]]
    ) -> dict[int, KeeperFailure]:
        transactions = [
            queue_transaction(proposal, self._at)
            if _step(status) == "queue"
            else execute_transaction(proposal, self._at)
            for proposal, status in due
        ]
        outcomes = self._chain.send_many(transactions, self._signer)
        refused = [
            (proposal, error)
            for (proposal, _), error in zip(due, outcomes, strict=True)
            if isinstance(error, ConcordError)
        ]
        # Somebody else may have done it in the meantime: then it is not due any more.
        after = self._statuses.read([proposal for proposal, _ in refused])
        before = {status.proposal_id: status for _, status in due}
        failed: dict[int, KeeperFailure] = {}
        for (proposal, error), status in zip(refused, after, strict=True):
            if status.is_due and status.state is before[proposal.proposal_id].state:
                failed[proposal.proposal_id] = self._note(proposal, status, error)
        return failed

    def _note(
        self, proposal: ProposalRecord, status: ProposalStatus, error: ConcordError
    ) -> KeeperFailure:
        number, step = proposal.proposal_id, _step(status)
        earlier = self._failures.get(number)
        attempts = 1 + (earlier.attempts if earlier is not None and earlier.step == step else 0)
        pause = min(
            self._policy.first_pause_seconds * 2 ** min(attempts - 1, 32),
            self._policy.longest_pause_seconds,
        )
        reason = f"proposal {number}: {explain_error(error).sentence}"
        failure = KeeperFailure(number, step, error.code, reason, attempts, status.now + pause)
        self._failures[number] = failure
        return failure


def _step(status: ProposalStatus) -> Step:
    return "queue" if status.state is ProposalState.SUCCEEDED else "execute"
