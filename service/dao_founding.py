"""Founding the DAO of a new ledger: its chain, its contracts, its founders.

Rules:
- The relayer's key and the plan of the deployment are durable before the first transaction is sent.
  Whoever was interrupted tries again, and what is missing is sent.
- The relayer deploys and owns nothing: the contracts' owner is the timelock from their first block.
  It is a member with the role of operator, which is what anchoring takes, and holds no tokens.
- Founders are the members who are named; where none is, the operator is the only one.
- The first leaf names contracts that stay: as many blocks follow them as the mirror waits for.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import rfc8785
from pydantic import ValidationError
from web3 import Web3

from governance.addresses import CREATION_ORDER, DaoAddresses
from governance.deploy import deploy
from governance.mirror import Mirror
from governance.parameters import DaoParameters, Founder, InvalidParameters
from governance.plan import DeploymentPlan, plan_deployment
from ledger.chain.chain import Chain
from ledger.chain.connect import EMBEDDED_SCHEME, connect
from ledger.chain.errors import ChainExists, ChainUnavailable
from ledger.chain.node import EmbeddedNode
from ledger.chain.signing import KeySigner
from ledger.content.location import open_content_store
from ledger.content.store import ContentStore
from ledger.errors import Conflict, Refused, Unavailable
from ledger.events import SigningKey
from ledger.events.bodies.base import describe
from ledger.events.canonical import JsonObject
from ledger.log import Log
from service.dao import read_mirror, read_plan, read_relayer
from service.durable import write_durably
from service.founding import DaoTerms, Ground, random_chain_id
from service.settings import Settings

SECRET_BYTES = 32
CONFIRMATION_POLL_SECONDS = 3.0
CONFIRMATION_POLLS = 300
"""How often it is looked whether enough blocks follow the contracts: a quarter of an hour."""

Say: TypeAlias = Callable[[str], None]
"""Told what is done on a remote chain, which takes its time: sentences for the operator."""


class FoundingDiffers(Conflict):
    """An interrupted attempt was to found another DAO than this one."""

    code = "founding-differs"
    remedy = "Repeat the first attempt with the same members and terms, or use another folder."


class RelayerWithoutCoins(Refused):
    """The chain asks for fees, and the relayer has nothing to pay them with."""

    code = "relayer-without-coins"
    remedy = "Send coins to the account that the message names, and run the same command again."


class DeploymentUnconfirmed(Unavailable):
    """The contracts stand, and too few blocks follow them yet."""

    code = "deployment-unconfirmed"
    remedy = "Run the same command again later."


@contextmanager
def found_dao(
    settings: Settings,
    *,
    origin: str,
    operator: str,
    members: Sequence[JsonObject],
    terms: DaoTerms,
    clock: Callable[[], int],
    randomness: Callable[[int], bytes],
    say: Say,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Ground]:
    """Makes chain and contracts, or what is missing of them.

    Args:
        settings: where.
        origin: of the log.
        operator: of the ledger, EIP-55.
        members: as `ledger.created` names them, each with `tokens` if it gets other than the usual
            amount.
        terms: of the foundation.
        clock: milliseconds since the epoch.
        randomness: gives n random bytes.
        say: told what is done on a remote chain.
        sleep: waits that many seconds.

    Raises:
        FoundingDiffers: naming what to do.
        RelayerWithoutCoins: naming the account.
        DeploymentUnconfirmed: try again later.
        InvalidParameters: the contracts cannot be founded so.
        ConcordError: as `deploy`.
    """
    key = _relayer_key(settings, randomness)
    relayer, mirror = KeySigner.from_bytes(key.secret), read_mirror(settings)
    _make_embedded(settings, clock, randomness)
    chain = connect(
        settings.chain,
        chain_id=None,
        is_permitted=lambda sender: sender == relayer.address,
        confirmations=settings.chain_confirmations,
        development=settings.chain_development,
    )
    content = open_content_store(settings.content_url, settings.data_dir)
    try:
        founders = _founders(members, operator, key.address, terms, content)
        plan = _plan(settings, chain, relayer, _parameters(origin, founders, terms))
        if settings.chain.startswith(EMBEDDED_SCHEME):
            addresses = deploy(chain, relayer, plan)
        else:
            addresses = _deploy_remotely(chain, relayer, plan, say, sleep)

        def tell(log: Log) -> None:
            Mirror(
                log,
                chain,
                mirror,
                addresses=addresses,
                from_block=plan.from_block,
                clock=clock,
                content=content,
            ).catch_up()

        contracts = {str(name): str(addresses.of(name)) for name in CREATION_ORDER}
        yield Ground(plan.chain_id, contracts, (), mirror.address, tell)
    finally:
        content.close()
        chain.close()


def _deploy_remotely(
    chain: Chain, relayer: KeySigner, plan: DeploymentPlan, say: Say, sleep: Callable[[float], None]
) -> DaoAddresses:
    say(f"Deploying on chain {plan.chain_id} as {plan.deployer}.")
    try:
        _require_coins(chain, plan.deployer)
        stands = deploy(
            chain, relayer, plan, progress=lambda name, at: say(f"{name} stands at {at}.")
        )
        _await_confirmations(chain, say, sleep)
    except OSError as error:
        # What web3.py asks itself; nothing of this touches files.
        raise ChainUnavailable(
            f"The chain's node went away ({type(error).__name__}). Run the same command again: it "
            "goes on where it was."
        ) from error
    return stands


def _require_coins(chain: Chain, relayer: str) -> None:
    account = Web3.to_checksum_address(relayer)
    if chain.web3.eth.get_block("latest").get("baseFeePerGas", 1) == 0:
        return
    if chain.web3.eth.get_balance(account) == 0:
        raise RelayerWithoutCoins(
            f"Chain {chain.chain_id} asks for fees, and the relayer has no coins there. Send some "
            f"to {account}, and run the same command again: its key is kept."
        )


def _await_confirmations(chain: Chain, say: Say, sleep: Callable[[float], None]) -> None:
    number = chain.head().number
    if chain.confirmed_number() >= number:
        return
    say(f"Waiting until {chain.confirmations} blocks follow block {number}.")
    for _ in range(CONFIRMATION_POLLS):
        sleep(CONFIRMATION_POLL_SECONDS)
        if chain.confirmed_number() >= number:
            return
    raise DeploymentUnconfirmed(
        f"The contracts stand in block {number} of chain {chain.chain_id}, and fewer than "
        f"{chain.confirmations} blocks have followed. Run the same command again later, or set "
        "CONCORD_CHAIN_CONFIRMATIONS to what this chain needs."
    )


def _relayer_key(settings: Settings, randomness: Callable[[int], bytes]) -> SigningKey:
    """The key that is there, such as one of an account with coins; else a new one."""
    path = settings.relayer_key_path
    if not path.exists():
        key = SigningKey(randomness(SECRET_BYTES))
        write_durably(path, key.secret.hex() + "\n")
    return read_relayer(settings)


def _make_embedded(
    settings: Settings, clock: Callable[[], int], randomness: Callable[[int], bytes]
) -> None:
    if not settings.chain.startswith(EMBEDDED_SCHEME):
        return
    folder = Path(settings.chain.removeprefix(EMBEDDED_SCHEME))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        EmbeddedNode.create(folder, chain_id=random_chain_id(randomness), timestamp=clock() // 1000)
    except ChainExists:
        # Of an attempt that was interrupted; the plan says whether it is the same DAO.
        return


def _founders(
    members: Sequence[JsonObject],
    operator: str,
    relayer: str,
    terms: DaoTerms,
    content: ContentStore,
) -> list[JsonObject]:
    named = members or [{"member": operator, "roles": ["operator"]}]
    founders: list[JsonObject] = [
        {
            "member": each["member"],
            "roles": each["roles"],
            "tokens": each.get("tokens", terms.tokens),
            "profile_digest": _profile(each, content),
        }
        for each in named
    ]
    return [*founders, {"member": relayer, "roles": ["operator"]}]


def _profile(member: JsonObject, content: ContentStore) -> str:
    """Keeps what is known of a member; its SHA-256 is what the contract holds."""
    profile = {name: value for name, value in member.items() if name == "name" and value}
    if not profile:
        return "0x" + 64 * "0"
    document = rfc8785.dumps(profile)
    content.pin(content.add(document))
    return "0x" + hashlib.sha256(document).hexdigest()


def _parameters(origin: str, founders: Sequence[JsonObject], terms: DaoTerms) -> DaoParameters:
    try:
        return DaoParameters.model_validate(
            {
                "origin": origin,
                "founders": tuple(Founder.model_validate(each) for each in founders),
                "voting_delay": terms.voting_delay,
                "voting_period": terms.voting_period,
                "vote_extension": terms.vote_extension,
                "timelock_delay": terms.timelock_delay,
                "guardian": terms.guardian,
            }
        )
    except ValidationError as error:
        raise InvalidParameters(describe(error, "The DAO")) from error


def _plan(
    settings: Settings, chain: Chain, relayer: KeySigner, parameters: DaoParameters
) -> DeploymentPlan:
    """The plan of an earlier attempt if there was one; it is on disk when this returns."""
    path = settings.dao_plan_path
    if not path.exists():
        plan = plan_deployment(chain.web3, relayer.address, parameters)
        write_durably(path, plan.model_dump_json(indent=2) + "\n")
        return plan
    plan = read_plan(settings)
    if plan.parameters != parameters:
        raise FoundingDiffers(
            f"{path} is of an interrupted attempt with other members or terms. Repeat that one as "
            f"it was, or make the new ledger in another folder than {settings.data_dir}."
        )
    return plan
