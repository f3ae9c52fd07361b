"""A log that names a test DAO's contracts, and its mirror.

What the log tells is compared with what the contracts say by an oracle of its own: web3's event
filters, which share no code with the mirror.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from governance.addresses import CREATION_ORDER
from governance.contracts import ContractName
from governance.mirror import Mirror
from governance.plan import DeploymentPlan
from ledger.chain.chain import Chain
from ledger.content.store import ContentStore
from ledger.events import Event, RecordedEvent, SigningKey, decode_leaf
from ledger.events.bodies.base import ChainReference
from ledger.events.canonical import JsonObject, JsonValue
from ledger.log import Log
from ledger.store.engine import open_database
from ledger.store.migrate import migrate
from ledger.store.reads import Snapshot
from ledger.views.records import Record
from tests.governance.dao import Dao, Member
from tests.support.ledgers import Consortium
from tests.support.logs import LogUnderTest, check_log

KINDS: dict[tuple[ContractName, str], str] = {
    ("MembershipRegistry", "MemberAdmitted"): "member.admitted",
    ("MembershipRegistry", "MemberRolesChanged"): "member.roles_changed",
    ("MembershipRegistry", "MemberRemoved"): "member.removed",
    ("PolicyRegistry", "PolicyAdopted"): "policy.adopted",
    ("ModelRegistry", "ModelReleased"): "model.released",
    ("ModelRegistry", "ModelWithdrawn"): "model.withdrawn",
    ("ConcordToken", "Transfer"): "token.transferred",
    ("ConcordToken", "DelegateChanged"): "delegation.changed",
    ("ConcordGovernor", "ProposalCreated"): "proposal.created",
    ("ConcordGovernor", "VoteCast"): "vote.cast",
    ("ConcordGovernor", "VoteCastWithParams"): "vote.cast",
    ("ConcordGovernor", "ProposalQueued"): "proposal.queued",
    ("ConcordGovernor", "ProposalExecuted"): "proposal.executed",
    ("ConcordGovernor", "ProposalCanceled"): "proposal.canceled",
}
"""Which log becomes which event."""

R = TypeVar("R", bound=Record)
Told = tuple[int, int, str, str]
"""(block number, log index, block hash, kind)."""


@dataclass
class DaoConsortium(Consortium):
    """A consortium whose members are admitted by contracts: its first leaf names none."""

    addresses: dict[str, str] = field(default_factory=dict)
    founders: list[JsonValue] = field(default_factory=list)

    def genesis(self) -> Event:
        body: JsonObject = {
            "ledger": "ledger",
            "origin": self.origin,
            "chainId": self.domain.chain_id,
            "contracts": {**self.addresses},
            "logKey": str(self.log_key.verifier),
            "members": self.founders,
            "mirror": self.mirror.address,
        }
        return self.event(self.operator, "ledger.created", body)


def consortium_of(plan: DeploymentPlan) -> DaoConsortium:
    """The consortium of a deployed DAO."""
    addresses = {str(name): str(plan.addresses.of(name)) for name in CREATION_ORDER}
    return DaoConsortium(addresses=addresses)


@dataclass
class MirroredLog:
    """A log under test and where its mirror reads."""

    under_test: LogUnderTest
    log: Log
    plan: DeploymentPlan
    chain: Chain

    @property
    def consortium(self) -> Consortium:
        return self.under_test.consortium

    def mirror(
        self,
        chain: Chain | None = None,
        *,
        batch: int = 500,
        max_blocks: int = 1_000,
        content: ContentStore | None = None,
        key: SigningKey | None = None,
        log: Log | None = None,
    ) -> Mirror:
        """A mirror, as a process has it that has just started."""
        return Mirror(
            log or self.log,
            chain or self.chain,
            key or self.consortium.mirror,
            addresses=self.plan.addresses,
            from_block=self.plan.from_block,
            clock=self.consortium.clock,
            content=content,
            batch=batch,
            max_blocks=max_blocks,
        )

    def events(self, *kinds: str) -> list[RecordedEvent]:
        """What the log holds, without the first leaf."""
        leaves = self.log.leaves(1, self.log.size)
        recorded = [decode_leaf(leaf, index) for index, leaf in enumerate(leaves, 1)]
        return [each for each in recorded if not kinds or each.event.kind in kinds]

    def bodies(self, kind: str) -> list[JsonObject]:
        """The bodies of one kind, without their chain references."""
        return [
            each.event.body.model_dump(
                mode="json", by_alias=True, exclude_unset=True, exclude={"chain"}
            )
            for each in self.events(kind)
        ]

    def rows(self, record: type[R]) -> list[R]:
        """A whole view."""
        with self.log.database.read() as connection:
            return list(Snapshot(connection).all(record))


@contextmanager
def mirrored_log(
    dao: Dao, folder: Path, founders: Sequence[JsonValue] = ()
) -> Iterator[MirroredLog]:
    """A log that names the DAO's contracts, on SQLite; checked as a whole when the test is over."""
    database = open_database(f"sqlite:///{folder / 'ledger.db'}", busy_timeout_ms=2_000)
    migrate(database)
    consortium = consortium_of(dao.plan)
    consortium.founders = list(founders)
    under_test = LogUnderTest(database, folder, consortium)
    yield MirroredLog(under_test, under_test.create(), dao.plan, dao.chain)
    under_test.close()
    with under_test.open() as log:
        check_log(log, under_test.consortium, under_test.last_signed)
    database.dispose()


def told_on_chain(dao: Dao) -> list[Told]:
    """What the contracts said that the log has a kind for, as web3 reads it, in chain order."""
    found: list[Told] = []
    for (contract, event), kind in KINDS.items():
        reader = dao.at.contract(dao.chain.web3, contract).events[event]()
        for entry in reader.get_logs(from_block=dao.plan.from_block):
            place = (entry["blockNumber"], entry["logIndex"], "0x" + entry["blockHash"].hex())
            found.append((*place, kind))
    return sorted(found)


def chain_of(recorded: RecordedEvent) -> ChainReference:
    """Where on chain an event happened."""
    chain = getattr(recorded.event.body, "chain", None)
    assert isinstance(chain, ChainReference)
    return chain


def told_in_log(events: Sequence[RecordedEvent]) -> list[Told]:
    """What the log tells of the chain, in the order of the log."""
    found: list[Told] = []
    for recorded in events:
        if getattr(recorded.event.body, "chain", None) is not None:
            chain = chain_of(recorded)
            place = (chain.block_number, chain.log_index, chain.block_hash)
            found.append((*place, recorded.event.kind))
    return found


def key_of(member: Member) -> SigningKey:
    """A member's key as events are signed with."""
    return SigningKey(member.signer.key.to_bytes())
