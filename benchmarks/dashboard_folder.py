"""The data directory that the dashboard is measured on: 100,000 events, 1,000 proposals, a model
whose lineage has 2,000 nodes.

Everything in it came about as it does in use: contracts were deployed, members proposed and voted
with transactions of their own, the mirror told the log of it, and every event is signed. Only the
chain's clock was moved. A folder that was begun and not finished is refused.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from client.fields import objects
from governance.actions import canonical_address
from governance.actions.calls import call_data
from governance.actions.kinds import SetVotingDelay
from governance.mirror import Mirror
from governance.proposals import (
    ChainProposals,
    ProposalDraft,
    ProposalRecord,
    draft_proposal,
    execute_transaction,
    propose_transaction,
    queue_transaction,
)
from governance.votes import Support
from ledger.chain.chain import Chain
from ledger.chain.connect import embedded
from ledger.chain.signing import KeySigner, TransactionDraft
from ledger.content.location import open_content_store
from ledger.errors import ConcordError
from ledger.events import Domain, Event, SigningKey
from ledger.events.canonical import JsonObject, JsonValue, parse_object
from ledger.log import Limits, Log, Submission
from ledger.merkle import SigningKey as LogKey
from ledger.store.engine import open_database
from ledger.store.migrate import migrate
from service.dao import read_plan, read_relayer
from service.founding import LAST_SIGNED, DaoTerms, found_ledger
from service.parts import system_clock
from service.settings import Settings
from tests.support.chains import embedded_node
from tests.support.ledgers import Consortium, ManualClock, digest_of

FEWEST_EVENTS, FEWEST_PROPOSALS = 3_000, 80
CHUNK = 5_000
BLOCK = 128
DAY = 86_400
TOKEN = 10**18
OPEN, PENDING = 40, 10
"""Of the proposals: those that are open for votes, and those whose vote has not begun."""

WIDE = "wide"
WIDE_BASES, WIDE_INPUTS = 5, 200
"""The widest model was merged from so many, each trained on so many datasets: with a permission for
each of them some 2,000 nodes.
"""

_WIDE_EVENTS = WIDE_BASES * (WIDE_INPUTS + 3) + 2
_DONE = "benchmark.done"


def build(folder: Path, events: int, proposals: int) -> None:
    """Makes the data directory; one that stands is only brought up to date."""
    if events < FEWEST_EVENTS or proposals < FEWEST_PROPOSALS:
        raise SystemExit(f"{FEWEST_EVENTS} events and {FEWEST_PROPOSALS} proposals at least.")
    settings = Settings(data_dir=folder, chain_development=True)
    if (folder / _DONE).exists():
        database = open_database(settings.database)
        migrate(database)
        database.dispose()
        return
    if folder.exists() and any(folder.iterdir()):
        raise SystemExit(f"{folder} holds something else, or was not finished: remove it.")
    consortium = Consortium(clock=ManualClock(time.time_ns() // 1_000_000))
    _found(settings, consortium)
    chain = embedded(
        embedded_node(settings.data_dir / "chain", chain_id=read_plan(settings).chain_id)
    )
    with _log(settings, consortium) as log:
        _govern(settings, chain, consortium, proposals)
        _tell(settings, log, chain)
        room = events - log.size - _WIDE_EVENTS
        _append(log, itertools.islice(consortium.history(room + 1), 1, None))
        _append(log, _wide_model(consortium, room // 100))
    chain.close()
    (folder / _DONE).touch()


def _found(settings: Settings, consortium: Consortium) -> None:
    """Founds the ledger with the consortium's members, and takes over what it is known by."""
    named = objects(parse_object(consortium.genesis().body_bytes), "members")
    stewards = {steward.address for steward in consortium.stewards}
    members: list[JsonObject] = [
        member | {"tokens": (200 if member["member"] in stewards else 100) * TOKEN}
        for member in named
    ]
    chosen = random.Random(consortium.seed)
    identity = found_ledger(
        settings,
        operator=consortium.operator,
        members=members,
        origin=consortium.origin,
        dao=DaoTerms(),
        randomness=chosen.randbytes,
    )
    consortium.domain = Domain(identity.chain_id, identity.origin)


def _log(settings: Settings, consortium: Consortium) -> Log:
    return Log.open(
        open_database(settings.database),
        signing_key=LogKey.parse(settings.log_key_path.read_text(encoding="utf-8").strip()),
        domain=consortium.domain,
        clock=system_clock,
        limits=Limits(queue=2 * CHUNK),
        last_signed_path=settings.data_dir / LAST_SIGNED,
    )


def _append(log: Log, events: Iterable[Event]) -> None:
    remaining = iter(events)
    while chunk := list(itertools.islice(remaining, CHUNK)):
        for answer in log.append([Submission(event) for event in chunk]):
            if isinstance(answer, ConcordError):
                raise answer
        print(f"\r{log.size:>10,} events", end="", flush=True)
    print()


def _tell(settings: Settings, log: Log, chain: Chain) -> None:
    """Has the mirror tell the log what the contracts did."""
    plan = read_plan(settings)
    content = open_content_store(settings.content_url, settings.data_dir)
    mirror = Mirror(
        log,
        chain,
        read_relayer(settings),
        addresses=plan.addresses,
        from_block=plan.from_block,
        clock=system_clock,
        content=content,
    )
    mirror.catch_up()
    content.close()


def _govern(settings: Settings, chain: Chain, consortium: Consortium, count: int) -> None:
    """Proposals in every state: most are decided, some are open, a few have not begun."""
    plan = read_plan(settings)
    voters = [_signer(key) for key in consortium.stewards]
    at, terms = plan.addresses, plan.parameters
    proposals = ChainProposals(chain, at, plan.from_block)
    _pass_time(chain, 5)
    decided = count - OPEN - PENDING
    drafts = [
        draft_proposal(
            [SetVotingDelay(seconds=terms.voting_delay)],
            at,
            proposer=consortium.stewards[number % len(voters)].address,
            title=f"Keep the time for reading, number {number}",
            body="A day is enough to read what is proposed, and short enough not to be in the way.",
        )
        for number in range(count)
    ]
    governor = canonical_address(at.governor)

    def propose(some: Sequence[ProposalDraft]) -> None:
        for steward, voter in zip(consortium.stewards, voters, strict=True):
            mine = [draft for draft in some if draft.proposer == steward.address]
            _send(chain, [propose_transaction(draft, at) for draft in mine], voter)

    def vote(some: Sequence[ProposalDraft], voter: KeySigner, support: Support) -> None:
        ballots = [call_data("ConcordGovernor", "castVote", d.proposal_id, support) for d in some]
        _send(chain, [TransactionDraft(governor, ballot) for ballot in ballots], voter)

    propose(drafts[:decided])
    _pass_time(chain, terms.voting_delay + 1)
    vote(drafts[:decided], voters[0], Support.FOR)
    vote(drafts[: 2 * decided // 3], voters[1], Support.FOR)
    vote(drafts[decided // 3 : 2 * decided // 3], voters[2], Support.AGAINST)
    _pass_time(chain, terms.voting_period + terms.vote_extension + 1)
    proposals.refresh()
    passed = [proposals.get(draft.proposal_id) for draft in drafts[: decided // 3]]
    _carry_out(chain, passed, voters[0], settings)
    propose(drafts[decided : decided + OPEN])
    _pass_time(chain, terms.voting_delay + 1)
    vote(drafts[decided : decided + OPEN : 2], voters[1], Support.FOR)
    propose(drafts[decided + OPEN :])


def _carry_out(
    chain: Chain, passed: Sequence[ProposalRecord], sender: KeySigner, settings: Settings
) -> None:
    """Executes every other one and queues the rest, as the service's keeper would."""
    plan = read_plan(settings)
    at, due, waiting = plan.addresses, passed[::2], passed[1::2]
    _send(chain, [queue_transaction(each, at) for each in due], sender)
    _pass_time(chain, plan.parameters.timelock_delay + 1)
    _send(chain, [execute_transaction(each, at) for each in due], sender)
    _send(chain, [queue_transaction(each, at) for each in waiting], sender)


def _send(chain: Chain, transactions: Sequence[TransactionDraft], signer: KeySigner) -> None:
    for start in range(0, len(transactions), BLOCK):
        for outcome in chain.send_many(transactions[start : start + BLOCK], signer):
            if isinstance(outcome, ConcordError):
                raise outcome


def _pass_time(chain: Chain, seconds: int) -> None:
    for method, arguments in (("evm_increaseTime", [seconds]), ("evm_mine", [])):
        answer = chain.provider.make_request(method, arguments)  # type: ignore[arg-type]
        assert "error" not in answer, answer


def _signer(key: SigningKey) -> KeySigner:
    return KeySigner.from_bytes(key.secret)


def _wide_model(c: Consortium, blocks: int) -> Iterator[Event]:
    """A model merged from some that were each trained on many datasets of the history."""
    bases: list[JsonValue] = []
    yield c.model(f"model-{WIDE}")
    for part in range(WIDE_BASES):
        name, inputs = f"model-{WIDE}-{part}", list[JsonValue]()
        for number in range(part * WIDE_INPUTS, (part + 1) * WIDE_INPUTS):
            block = number % blocks
            dataset, grant = f"records-{block}", f"grant-{WIDE}-{number}"
            yield c.grant(grant, dataset, block % 3, notBefore=c.at(-1_000 * DAY))
            inputs.append(
                {
                    "dataset": dataset,
                    "version": "1",
                    "grant": grant,
                    "digest": {"sha256": digest_of(f"{dataset}@1")},
                }
            )
        yield c.model(name)
        yield c.run_completed(f"run-{WIDE}-{part}", inputs, [(name, "1")])
        yield c.model_version(name, "1", run=f"run-{WIDE}-{part}")
        bases.append({"model": name, "version": "1"})
    yield c.model_version(f"model-{WIDE}", "1", relation="merged", base=bases)
