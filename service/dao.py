"""The DAO of a ledger, opened: its chain, its contracts, and what follows them in the background.

Rules:
- A ledger whose first leaf names no contracts has no DAO, and nothing of this is opened.
- What works in the background stops for good at what only people can mend, and says so by name at
  `/readyz`; while a part only does not answer, it goes on trying.
- Nothing here decides anything: contracts do, and the log records it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
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
from governance.votes import (
    Rate,
    RateLimiter,
    Recounter,
    RelayLimits,
    VoteRelay,
    planned_domains,
)
from ledger.anchor import AnchorProgress, AnchorTarget
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
from ledger.views.records import LedgerInfo, Member
from service.background import Background, Worker
from service.dao_workers import (
    ANCHORER,
    POLICIES,
    Registry,
    anchoring,
    keeping,
    mirroring,
    reading_policies,
)
from service.election import Election
from service.proposals.evidence import EvidenceChecker
from service.proposals.names import ModelIds
from service.settings import Settings
from service.wallets import DaoWallets, chain_for_wallets


class DaoFileMissing(NotFound):
    """A file that the DAO's service needs is not in the data directory."""

    code = "dao-file-missing"
    remedy = "Restore the file that the message names from a backup."


class DaoFileDamaged(IntegrityError):
    """Such a file does not hold what it should."""

    code = "dao-file-damaged"
    remedy = "Restore the file that the message names from a backup."


@dataclass(frozen=True, slots=True)
class Dao:
    """Everything that a request about the DAO may need. Safe to use from any thread.

    Attributes:
        own_accounts: the mirror's, as the first leaf names it, and the relayer's; EIP-55.
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
        recounter: counts votes again.
        trials: how often one source may have the chain try something.
        rpc: answers JSON-RPC.
        background: mirror, anchorers and keeper; `wake` the mirror after a transaction was sent.
        registries: where the log is anchored, the DAO's own first.
        anchor_now: anchors the present size in the DAO's registry, due or not; raises as
            `Anchorer.anchor_now`.
        threads: for whatever asks the chain.
        slow_thread: likewise, for what takes seconds and would keep all of `threads` busy.
    """

    own_accounts: frozenset[str]
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
    recounter: Recounter
    trials: RateLimiter
    rpc: RpcEndpoint
    background: Background
    registries: tuple[Registry, ...]
    anchor_now: Callable[[], AnchorProgress]
    threads: ThreadPoolExecutor
    slow_thread: ThreadPoolExecutor


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
    return _read_key(settings.relayer_key_path, "relayer", "CONCORD_RELAYER_KEY_FILE")


def read_mirror(settings: Settings) -> SigningKey:
    """The mirror's key: the relayer's, where it has no file of its own.

    Raises:
        DaoFileMissing, DaoFileDamaged: naming the file and what to do.
    """
    path = settings.mirror_key_path
    if settings.mirror_key_file is None and not path.exists():
        return read_relayer(settings)
    return _read_key(path, "mirror", "CONCORD_MIRROR_KEY_FILE")


def _read_key(path: Path, whose: str, variable: str) -> SigningKey:
    try:
        text = path.read_text(encoding="ascii").strip()
        return SigningKey(bytes.fromhex(text.removeprefix("0x")))
    except FileNotFoundError as error:
        raise DaoFileMissing(
            f"The {whose}'s key, {path}, is missing: restore it from a backup, or name another "
            f"place with {variable}."
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
    at, signer = plan.addresses, KeySigner.from_bytes(key.secret)
    with ExitStack() as stack:
        election = stack.enter_context(closing(_election(settings, log)))
        permitted = _Senders(log, frozenset({operator, key.address}))
        chain, *further = stack.enter_context(_open_chains(settings, plan, permitted, election))
        policies.wallets.attach(chain_for_wallets(chain, settings.chain))
        threads = stack.enter_context(ThreadPoolExecutor(settings.chain_threads, "concord-chain"))
        proposals, statuses = ChainProposals(chain, at, plan.from_block), StatusReader(chain, at)
        mirror = Mirror(
            log, chain, read_mirror(settings), addresses=at, from_block=plan.from_block,
            clock=clock, content=policies.content,
        )  # fmt: skip
        keeper = Keeper(chain, at, signer, proposals=proposals, statuses=statuses)
        ours = election.is_leader
        anchorings = [
            anchoring(log, target, settings, name=name, is_ours=ours, clock=clock)
            for name, target in _anchor_targets(settings, plan, signer, chain, further)
        ]
        workers = [
            mirroring(mirror, settings, ours),
            reading_policies(policies.book, log.database, settings),
            keeping(keeper, settings, ours),
            *(each.worker for each in anchorings),
        ]
        background = stack.enter_context(_running(workers))
        policies.admission.on_missing(lambda: background.wake(POLICIES))
        relay = stack.enter_context(closing(_relay(settings, chain, plan, signer)))
        for each in (chain, *further):
            stack.callback(each.stop_waiting)
        yield Dao(
            own_accounts=frozenset({_mirror_of(log), key.address}),
            chain=chain,
            plan=plan,
            addresses=at,
            content=policies.content,
            policies=policies.book,
            signer=signer,
            proposals=proposals,
            statuses=statuses,
            models=ModelIds(log.database),
            evidence=EvidenceChecker(policies.content, policies.wallets),
            wallets=policies.wallets,
            reader=Reader(chain),
            relay=relay,
            recounter=Recounter(chain, at),
            trials=RateLimiter(_trial_rate(settings), "source"),
            rpc=_rpc(chain, settings),
            background=background,
            registries=tuple(each.registry for each in anchorings),
            anchor_now=anchorings[0].anchor_now,
            threads=threads,
            slow_thread=stack.enter_context(ThreadPoolExecutor(1, "concord-chain-slow")),
        )


def _mirror_of(log: Log) -> str:
    with snapshot(log.database) as views:
        ledger = views.get(LedgerInfo, "ledger")
    return "" if ledger is None else ledger.mirror


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


def _election(settings: Settings, log: Log) -> Election:
    """Who works in the background; an embedded chain is open in one process, so that one does."""
    is_embedded = settings.chain.startswith(EMBEDDED_SCHEME)
    return Election(None if is_embedded else log.database)


@contextmanager
def _open_chains(
    settings: Settings, plan: DeploymentPlan, permitted: _Senders, election: Election
) -> Iterator[list[Chain]]:
    """The chain of the DAO's contracts, and then the further ones to anchor on, as they are set."""
    with ExitStack() as stack:
        own = connect(
            settings.chain,
            chain_id=plan.chain_id,
            is_permitted=permitted,
            confirmations=settings.chain_confirmations,
            development=settings.chain_development,
            turn=election.turn_on(plan.chain_id),
        )
        chains = [stack.enter_context(closing(own))]
        for each in settings.anchor_chains:
            further = connect(
                each.url,
                chain_id=each.chain_id,
                is_permitted=lambda _: True,
                confirmations=each.confirmations,
                turn=election.turn_on(each.chain_id),
            )
            chains.append(stack.enter_context(closing(further)))
        yield chains


def _anchor_targets(
    settings: Settings,
    plan: DeploymentPlan,
    signer: KeySigner,
    chain: Chain,
    further: Sequence[Chain],
) -> Iterator[tuple[str, AnchorTarget]]:
    """Where roots go, each after its worker's name; the DAO's own registry first."""
    own = canonical_address(plan.addresses.anchors)
    yield ANCHORER, AnchorTarget(chain, own, signer, plan.from_block)
    for each, at in zip(settings.anchor_chains, further, strict=True):
        registry = canonical_address(each.registry)
        yield f"{ANCHORER}-{each.chain_id}", AnchorTarget(at, registry, signer, each.from_block)


@contextmanager
def _running(workers: Sequence[Worker]) -> Iterator[Background]:
    """Workers that work inside the context."""
    background = Background(workers)
    background.start()
    try:
        yield background
    finally:
        background.stop()


def _relay(settings: Settings, chain: Chain, plan: DeploymentPlan, signer: KeySigner) -> VoteRelay:
    return VoteRelay(
        chain,
        plan.addresses,
        signer,
        domains=planned_domains(plan),
        monotonic=time.monotonic,
        limits=_relay_limits(settings),
    )


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
