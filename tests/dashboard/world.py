"""The ledger that is looked at: a consortium's story, a DAO of its members, and a chain whose clock
the tests move.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from client import Ledger
from client.dao import Choice, ProposalDraft
from client.dao.ballots import Support
from ledger.errors import ConcordError
from ledger.events import Domain, SigningKey
from ledger.events.canonical import JsonObject
from ledger.log import Log, Submission
from ledger.merkle import SigningKey as LogKey
from ledger.store.engine import open_database
from service.founding import LAST_SIGNED, DaoTerms, found_ledger
from service.settings import Settings
from tests.dashboard.story import OPENING, story
from tests.support.ledgers import Consortium
from tests.support.servers import ServerProcess, system_time
from tests.support.waiting import await_that

TOKEN = 10**18
TERMS = DaoTerms(
    tokens=1_000 * TOKEN, voting_delay=60, voting_period=3_600, vote_extension=0, timelock_delay=900
)
SETTINGS = {
    "mirror_seconds": 0.2,
    "anchor_check_seconds": 1,
    # Whoever wants something carried on does it by hand.
    "keeper_seconds": 3_600,
    "chain_development": True,
    "source_trials_at_once": 1_000,
}


def found_world(data: Path, consortium: Consortium) -> None:
    """Makes the ledger with its DAO and tells the story. The consortium now signs for it."""
    names = {s.address: (f"Hospital {n}", "steward") for n, s in enumerate(consortium.stewards)}
    names |= {s.address: (f"Lab {n}", "developer") for n, s in enumerate(consortium.labs)}
    names[consortium.auditor.address] = ("Auditor", "auditor")
    members: list[JsonObject] = [
        {"member": address, "roles": [role], "name": name}
        for address, (name, role) in names.items()
    ]
    settings = Settings.model_validate({"data_dir": data, "chain_development": True})
    identity = found_ledger(
        settings, operator=consortium.operator, members=members,
        origin=consortium.origin, dao=TERMS,
    )  # fmt: skip
    consortium.domain = Domain(identity.chain_id, identity.origin)
    database = open_database(settings.database)
    with Log.open(
        database,
        signing_key=LogKey.parse(settings.log_key_path.read_text().strip()),
        domain=consortium.domain,
        clock=system_time,
        last_signed_path=data / LAST_SIGNED,
    ) as log:
        answers = log.append(
            [
                Submission(event, (OPENING,) if event.subject == "request-new" else ())
                for event in story(consortium)
            ]
        )
    database.dispose()
    for answer in answers:
        if isinstance(answer, ConcordError):
            raise answer


def serve(data: Path, **settings: object) -> ServerProcess:
    """The service for such a ledger."""
    return ServerProcess(data, **SETTINGS | settings)


class Assembly:
    """What members do with the DAO from elsewhere, while somebody looks at the dashboard."""

    def __init__(self, consortium: Consortium, url: str, state: Path) -> None:
        self.consortium = consortium
        self.url = url
        self._state = state

    def _as(self, member: SigningKey) -> Ledger:
        return Ledger(self.url, key=member, state=self._state)

    def propose(
        self, title: str, action: JsonObject, *, body: str = "", by: SigningKey | None = None
    ) -> str:
        """Makes a proposal; its number."""
        with self._as(by or self.consortium.stewards[0]) as ledger:
            prepared, _ = ledger.dao.propose(ProposalDraft(title, [action], body))
        return str(prepared.proposal)

    def open(self, title: str, action: JsonObject, *, body: str = "") -> str:
        """Makes a proposal and lets the time pass until it is open for votes; its number."""
        proposal = self.propose(title, action, body=body)
        self.pass_time(TERMS.voting_delay + 1)
        return proposal

    def pass_with(self, proposal: str, voters: Sequence[SigningKey]) -> None:
        """Has these vote for it, and lets the time pass until voting is over."""
        for voter in voters:
            self.vote(voter, proposal, "for")
        self.pass_time(TERMS.voting_period + 1)

    def carry_out(self, proposal: str) -> None:
        """Queues and executes what passed."""
        with self._as(self.consortium.stewards[0]) as ledger:
            ledger.dao.queue(int(proposal))
            self.pass_time(TERMS.timelock_delay + 1)
            ledger.dao.execute(int(proposal))

    def vote(self, voter: SigningKey, proposal: str, support: Support, reason: str = "") -> None:
        """Votes."""
        with self._as(voter) as ledger:
            ledger.dao.vote(int(proposal), Choice(support, reason))

    def pass_time(self, seconds: int) -> None:
        """Moves the chain's clock, for everyone."""
        with self._as(self.consortium.stewards[0]) as ledger:
            ledger.dao.rpc("evm_increaseTime", seconds)
            ledger.dao.rpc("evm_mine")

    def detail(self, proposal: str) -> JsonObject:
        """A proposal as it stands."""
        with self._as(self.consortium.stewards[0]) as ledger:
            return ledger.dao.proposal(int(proposal))

    def state(self, proposal: str) -> object:
        """Where it is in its life."""
        return self.detail(proposal)["state"]

    def votes(self, proposal: str) -> list[JsonObject]:
        """The votes that the log tells of."""
        with self._as(self.consortium.stewards[0]) as ledger:
            return list(ledger.dao.votes(int(proposal)))

    def voted(self, proposal: str, voter: SigningKey) -> list[object]:
        """How somebody voted."""
        return [v["support"] for v in self.votes(proposal) if v["voter"] == voter.address]

    def await_votes(self, proposal: str, count: int) -> None:
        """Waits until the log tells of so many."""
        await_that(lambda: len(self.votes(proposal)) >= count)


def admission(of: SigningKey, *roles: str) -> JsonObject:
    """The action that admits a member."""
    return {"action": "admit", "member": of.address, "roles": list(roles)}
