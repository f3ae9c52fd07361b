"""The DAO of a ledger, opened: its chain, its contracts, and what follows them in the background.

Rules:
- A ledger whose first leaf names no contracts has no DAO, and nothing of this is opened.
- What works in the background stops for good at what only people can mend, and says so by name at
  `/readyz`; while a part only does not answer, it goes on trying.
- Nothing here decides anything: contracts do, and the log records it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import cast

from eth_typing import Address
from pydantic import ValidationError

from governance.actions import canonical_address
from governance.addresses import DaoAddresses
from governance.keeper import Keeper
from governance.mirror import Mirror
from governance.plan import DeploymentPlan
from governance.policies import PolicyAdmission, PolicyBook
from governance.proposals import ChainProposals, StatusReader
from governance.reads import Reader
from governance.votes import Rate, RateLimiter, RelayLimits, VoteRelay, planned_domains
from ledger.anchor import Anchorer, AnchorPolicy, AnchorProgress, AnchorTarget
from ledger.chain.chain import Chain
from ledger.chain.connect import EMBEDDED_SCHEME, connect
from ledger.chain.methods import DEVELOPMENT_METHODS, METHODS
from ledger.chain.rpc import Provider, RpcEndpoint, RpcLimits
from ledger.chain.signing import KeySigner
from ledger.content.store import ContentStore
from ledger.errors import IntegrityError, NotFound
from ledger.events import SigningKey
from ledger.events.identifiers import to_checksum_address
from ledger.events.signing import InvalidKey
from ledger.log import Log
from ledger.store.reads import snapshot
from ledger.views.records import Member
from service.background import Background, Worker
from service.election import Election
from service.proposals.evidence import EvidenceChecker
from service.proposals.names import ModelIds
from service.settings import AnchorChain, Settings
from service.wallets import DaoWallets, chain_for_wallets

POLICY_WORKER = "policies"
OWN_ANCHORER = "anchorer"

_log = logging.getLogger(__name__)


class DaoFileMissing(NotFound):
    """A file that the DAO's service needs is not in the data directory."""

    code = "dao-file-missing"
    remedy = "Restore the file that the message names from a backup."


class DaoFileDamaged(IntegrityError):
    """Such a file does not hold what it should."""

    code = "dao-file-damaged"
    remedy = "Restore the file that the message names from a backup."


@dataclass(frozen=True, slots=True)
class Registry:
    """Where the log is anchored.

    Attributes:
        chain_id: of its chain.
        address: of the contract, EIP-55.
        worker: name of what anchors there.
    """

    chain_id: int
    address: str
    worker: str


@dataclass(frozen=True, slots=True)
class Dao:
    """Everything that a request about the DAO may need. Safe to use from any thread.

    Attributes:
        chain: where the contracts are.
        plan: what it was deployed with; the votes have changed it since.
        addresses: of the contracts, as the first leaf names them.
        content: policies, texts and evidence.
        policies: the texts of those that were adopted.
        signer: the relayer's; pays, where a chain asks for fees, and decides nothing.
        proposals: as they were made; `refresh` takes note of new ones.
        statuses: where proposals are now.
        models: what models are called, by their tokens.
        evidence: checks what proposals rest on.
        wallets: asks members that are contracts.
        reader: many questions to the chain as one.
        relay: takes signed ballots and delegations.
        trials: how often one source may have the chain try something.
        rpc: answers JSON-RPC.
        background: mirror, anchorers and keeper; `wake` them after a transaction was sent.
        registries: where the log is anchored, the DAO's own first.
        anchor_now: anchors the present size in the DAO's registry, due or not; raises as
            `Anchorer.anchor_now`.
        threads: for whatever asks the chain.
    """

    chain: Chain
    plan: DeploymentPlan
    addresses: DaoAddresses
    content: ContentStore
    policies: PolicyBook
    signer: KeySigner
    proposals: ChainProposals
    statuses: StatusReader
    models: ModelIds
    evidence: EvidenceChecker
    wallets: DaoWallets
    reader: Reader
    relay: VoteRelay
    trials: RateLimiter
    rpc: RpcEndpoint
    background: Background
    registries: tuple[Registry, ...]
    anchor_now: Callable[[], AnchorProgress]
    threads: ThreadPoolExecutor


@dataclass(frozen=True, slots=True)
class Policies:
    """What holds the members to their policies. Made before the log is opened, which asks it.

    Attributes:
        content: where their texts are.
        book: has the texts at hand.
        admission: turns away grants that they forbid.
        wallets: asks members that are contracts; not before the DAO is opened.
    """

    content: ContentStore
    book: PolicyBook
    admission: PolicyAdmission
    wallets: DaoWallets


def open_policies(content: ContentStore, chain_id: int) -> Policies:
    """The policies of a DAO whose texts are in a content store; nothing is read yet."""
    book = PolicyBook(content)
    return Policies(content, book, PolicyAdmission(book), DaoWallets(chain_id))


def read_plan(settings: Settings) -> DeploymentPlan:
    """How the DAO was deployed.

    Raises:
        DaoFileMissing, DaoFileDamaged: naming the file and what to do.
    """
    path = settings.dao_plan_path
    try:
        return DeploymentPlan.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise DaoFileMissing(
            f"The ledger names contracts, and {path} is missing: restore it from a backup."
        ) from error
    except ValidationError as error:
        raise DaoFileDamaged(f"{path} is no plan of a deployment: {error}") from error


def read_relayer(settings: Settings) -> SigningKey:
    """The relayer's key.

    Raises:
        DaoFileMissing, DaoFileDamaged: naming the file and what to do.
    """
    path = settings.relayer_key_path
    try:
        text = path.read_text(encoding="ascii").strip()
        return SigningKey(bytes.fromhex(text.removeprefix("0x")))
    except FileNotFoundError as error:
        raise DaoFileMissing(
            f"The relayer's key, {path}, is missing: restore it from a backup, or name another "
            "place with CONCORD_RELAYER_KEY_FILE."
        ) from error
    except (ValueError, InvalidKey) as error:
        raise DaoFileDamaged(f"{path} does not hold a key of 64 hex digits.") from error


@contextmanager
def open_dao(
    settings: Settings,
    log: Log,
    policies: Policies,
    *,
    operator: str,
    clock: Callable[[], int],
) -> Iterator[Dao]:
    """Opens the DAO of a ledger; what works in the background does so inside the context.

    Args:
        settings: where its parts are.
        log: whose first leaf names contracts.
        policies: asked by that log.
        operator: of the ledger.
        clock: milliseconds since the epoch.

    Raises:
        DaoFileMissing, DaoFileDamaged: what `concord init` has left is not there.
        ConcordError: the chain cannot be opened.
    """
    plan, key = read_plan(settings), read_relayer(settings)
    signer = KeySigner.from_bytes(key.secret)
    with ExitStack() as stack:
        is_embedded = settings.chain.startswith(EMBEDDED_SCHEME)
        election = Election(None if is_embedded else log.database)
        stack.callback(election.close)
        chain = connect(
            settings.chain,
            chain_id=plan.chain_id,
            is_permitted=_Senders(log, frozenset({operator, key.address})),
            confirmations=settings.chain_confirmations,
            development=settings.chain_development,
            turn=election.turn_on(plan.chain_id),
        )
        stack.callback(chain.close)
        policies.wallets.attach(chain_for_wallets(chain, settings.chain))
        content, book = policies.content, policies.book
        threads = ThreadPoolExecutor(settings.chain_threads, "concord-chain")
        stack.callback(threads.shutdown)
        at = plan.addresses
        proposals = ChainProposals(chain, at, plan.from_block)
        statuses = StatusReader(chain, at)
        mirror = Mirror(
            log,
            chain,
            key,
            addresses=at,
            from_block=plan.from_block,
            clock=clock,
            content=content,
        )
        keeper = Keeper(chain, at, signer, proposals=proposals, statuses=statuses)
        own = AnchorTarget(chain, canonical_address(at.anchors), signer, plan.from_block)
        anchorer = _anchorer(log, own, settings, clock)
        pause = settings.anchor_check_seconds
        ours = election.is_leader
        anchoring = Worker(OWN_ANCHORER, anchorer.step, pause_seconds=pause, is_ours=ours)
        further = [
            _further_target(each, signer, stack, election) for each in settings.anchor_chains
        ]
        background = Background(
            [
                Worker(
                    "mirror",
                    mirror.catch_up,
                    pause_seconds=settings.mirror_seconds,
                    is_ours=ours,
                ),
                Worker(
                    POLICY_WORKER,
                    lambda: book.refresh(log.database),
                    pause_seconds=settings.policy_seconds,
                ),
                Worker(
                    "keeper",
                    lambda: _keep(keeper),
                    pause_seconds=settings.keeper_seconds,
                    is_ours=ours,
                ),
                anchoring,
                *(
                    Worker(
                        _registry(target).worker,
                        _anchorer(log, target, settings, clock).step,
                        pause_seconds=pause,
                        is_ours=ours,
                    )
                    for target in further
                ),
            ]
        )
        policies.admission.on_missing(lambda: background.wake(POLICY_WORKER))
        background.start()
        stack.callback(background.stop)
        reader = Reader(chain)
        relay = VoteRelay(
            chain,
            at,
            signer,
            domains=planned_domains(plan),
            monotonic=time.monotonic,
            limits=_relay_limits(settings),
        )
        stack.callback(relay.close)
        yield Dao(
            chain,
            plan,
            at,
            content,
            book,
            signer,
            proposals,
            statuses,
            ModelIds(log.database),
            EvidenceChecker(content, policies.wallets),
            policies.wallets,
            reader,
            relay,
            RateLimiter(_trial_rate(settings), "source"),
            _rpc(chain, settings),
            background,
            (
                Registry(plan.chain_id, at.anchors, OWN_ANCHORER),
                *(_registry(target) for target in further),
            ),
            lambda: anchoring.between_steps(anchorer.anchor_now),
            threads,
        )


@dataclass(frozen=True, slots=True)
class _Senders:
    """Who may send transactions to the embedded chain: members, and who runs the service."""

    log: Log
    always: frozenset[str]

    def __call__(self, address: Address) -> bool:
        name = to_checksum_address(address)
        if name in self.always:
            return True
        with snapshot(self.log.database) as views:
            member = views.get(Member, name)
        return member is not None and member.active


def _rpc(chain: Chain, settings: Settings) -> RpcEndpoint:
    methods = frozenset(METHODS)
    if settings.chain_development and settings.chain.startswith(EMBEDDED_SCHEME):
        methods |= frozenset(DEVELOPMENT_METHODS)
    # Either kind of provider answers batches; web3's base class does not say so.
    provider = cast("Provider", chain.provider)
    limits = RpcLimits(settings.max_rpc_bytes, settings.max_rpc_requests)
    return RpcEndpoint(provider, methods=methods, limits=limits)


def _relay_limits(settings: Settings) -> RelayLimits:
    return RelayLimits(
        voter=Rate(settings.voter_ballots_per_second, settings.voter_ballots_at_once),
        source=Rate(settings.source_ballots_per_second, settings.source_ballots_at_once),
        waiting=settings.max_waiting_ballots,
    )


def _trial_rate(settings: Settings) -> Rate:
    return Rate(settings.source_trials_per_second, settings.source_trials_at_once)


def _further_target(
    further: AnchorChain, signer: KeySigner, stack: ExitStack, election: Election
) -> AnchorTarget:
    chain = connect(
        further.url,
        chain_id=further.chain_id,
        is_permitted=lambda _: True,
        confirmations=further.confirmations,
        turn=election.turn_on(further.chain_id),
    )
    stack.callback(chain.close)
    return AnchorTarget(chain, canonical_address(further.registry), signer, further.from_block)


def _registry(target: AnchorTarget) -> Registry:
    chain_id = target.chain.chain_id
    return Registry(chain_id, to_checksum_address(target.registry), f"anchorer-{chain_id}")


def _anchorer(
    log: Log, target: AnchorTarget, settings: Settings, clock: Callable[[], int]
) -> Anchorer:
    policy = AnchorPolicy(settings.anchor_leaves, settings.anchor_seconds)
    return Anchorer(log, target, policy=policy, clock=lambda: clock() / 1000)


def _keep(keeper: Keeper) -> None:
    for failure in keeper.run_once().failed:
        _log.warning("the keeper cannot %s: %s", failure.step, failure.reason)
