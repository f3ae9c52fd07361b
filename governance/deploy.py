"""Deploying the DAO so that the deployer never owns anything.

A contract's address follows from its creator and the creator's nonce. All seven addresses are
therefore known before the first transaction, and each constructor names the final owner: the
timelock, which has the governor as its only proposer before either exists. There is no handing over
at the end that could be forgotten, and no moment at which a stolen deployer's key is worth
anything.

Resumable: the plan says which nonce creates what, and the chain says how far it got, so `deploy`
can be run again after any crash, with the same plan, and sends what is missing. Two rules:

- Keep the plan before the first transaction is sent, and until `deploy` has returned.
- The deployer's account sends nothing else in between.

What stands at the end is not taken on trust: every right is read back and compared to the plan.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TypeAlias

from eth_typing import Address as EvmAddress
from web3 import Web3

from governance.addresses import CREATION_ORDER, DaoAddresses
from governance.contracts import ContractName, artifact
from governance.parameters import (
    ACTION_CLASSES,
    PAYMENT_CLASS,
    ZERO_ADDRESS,
    DaoParameters,
    ProposalClass,
    role_id,
)
from governance.plan import DeploymentPlan
from governance.rights import check_rights
from ledger.chain.chain import Chain
from ledger.chain.signing import Signer, TransactionDraft
from ledger.errors import Conflict, Refused, Unavailable
from ledger.events.identifiers import to_checksum_address

Progress: TypeAlias = Callable[[ContractName, str], None]
"""Told each contract and its address once it stands."""


class DeploymentDisturbed(Conflict):
    """The deployer's account sent something that the plan does not contain."""

    code = "deployment-disturbed"
    remedy = (
        "Use the chain and account that the plan was made for, or found the DAO anew in another "
        "folder."
    )


class DeploymentFailed(Refused):
    """A constructor refused; the DAO cannot be completed at these addresses."""

    code = "deployment-failed"
    remedy = "Found the DAO anew in another folder; look up the contract's reason first."


class DeploymentPending(Unavailable):
    """A transaction was sent and is in no block yet."""

    code = "deployment-pending"
    remedy = "Run the same command again later; it goes on where it was."


def deploy(
    chain: Chain,
    signer: Signer,
    plan: DeploymentPlan,
    *,
    progress: Progress = lambda _name, _address: None,
) -> DaoAddresses:
    """Create what the chain does not have yet; return when all stands with the planned rights.

    Args:
        chain: the one that the plan was made for.
        signer: the deployer.
        plan: from `plan_deployment`; the same one for every attempt.
        progress: told each contract in turn, those of earlier attempts too.

    Raises:
        DeploymentDisturbed: the chain, the account or its nonce is not the plan's.
        DeploymentFailed: the account's nonce is used, and there is no contract.
        DeploymentPending: a transaction of an earlier attempt is in no block yet; try again later.
        RightsDiffer: it stands, but not as planned.
        ChainUnavailable, TransactionPending, FeeTooHigh: try again, with the same plan.
    """
    account = to_checksum_address(signer.address)
    if account != plan.deployer or chain.chain_id != plan.chain_id:
        raise DeploymentDisturbed(
            f"the plan is for {plan.deployer} on chain {plan.chain_id}, not for {account} on chain "
            f"{chain.chain_id}: use the account and the chain that it was made for, or plan anew"
        )
    addresses = plan.addresses
    for step, name in enumerate(CREATION_ORDER):
        address = addresses.of(name)
        if not chain.code(_canonical(address)):
            _check_nonce(chain, plan, plan.first_nonce + step, name)
            draft = TransactionDraft(to=None, data=creation_code(name, plan))
            created = chain.send(draft, signer).contract_address
            if created != _canonical(address):
                raise DeploymentDisturbed(
                    f"{name} was created elsewhere than at {address}: {account} sent something "
                    "else in the meantime; plan anew"
                )
        progress(name, address)
    check_rights(chain.web3, plan)
    return addresses


def _check_nonce(chain: Chain, plan: DeploymentPlan, nonce: int, name: ContractName) -> None:
    """The plan's nonce is the account's next one, or it is told what to do."""
    account = Web3.to_checksum_address(plan.deployer)
    mined = chain.web3.eth.get_transaction_count(account)
    if mined > nonce:
        raise DeploymentFailed(
            f"nonce {nonce} of {account} is used, but there is no {name}: its constructor "
            "reverted, or the account sent something else; plan anew"
        )
    pending = chain.web3.eth.get_transaction_count(account, "pending")
    if pending > nonce:
        raise DeploymentPending(
            f"the creation of {name}, nonce {nonce} of {account}, is in no block yet: deploy again "
            "later, with the same plan"
        )
    if pending < nonce:
        raise DeploymentDisturbed(
            f"the next nonce of {account} is {pending}, the plan is at {nonce}: the chain was "
            "reset or is another one; plan anew"
        )


def _canonical(address: str) -> EvmAddress:
    return EvmAddress(bytes.fromhex(address.removeprefix("0x")))


def creation_code(name: ContractName, plan: DeploymentPlan) -> bytes:
    """What the transaction that creates a contract carries: bytecode and constructor arguments."""
    compiled = artifact(name)
    contract = Web3().eth.contract(abi=compiled.abi, bytecode=compiled.bytecode)
    arguments = _constructor_arguments(name, plan)
    return bytes.fromhex(contract.constructor(*arguments).data_in_transaction.removeprefix("0x"))


def _constructor_arguments(name: ContractName, plan: DeploymentPlan) -> tuple[object, ...]:
    parameters, at = plan.parameters, plan.addresses
    match name:
        case "MembershipRegistry":
            return (at.timelock, _founders(parameters))
        case "PolicyRegistry":
            return (at.timelock,)
        case "AnchorRegistry":
            return (at.membership, hashlib.sha256(parameters.origin.encode()).digest())
        case "ModelRegistry":
            return (at.timelock, at.membership, at.anchors, at.policies)
        case "ConcordToken":
            return (
                parameters.token_name,
                parameters.token_symbol,
                parameters.token_cap,
                at.timelock,
                [(each.member, each.tokens) for each in parameters.founders if each.tokens],
            )
        case "TimelockController":
            # Executor: anyone. Admin: none but the timelock itself.
            return (parameters.timelock_delay, [at.governor], [ZERO_ADDRESS], ZERO_ADDRESS)
        case "ConcordGovernor":
            return (_governor(parameters, at, plan.guardian), _classes(parameters), _actions(at))


def _founders(parameters: DaoParameters) -> list[tuple[str, list[bytes], str]]:
    return [
        (each.member, [role_id(role) for role in each.roles], each.profile_digest)
        for each in parameters.founders
    ]


def _governor(parameters: DaoParameters, at: DaoAddresses, guardian: str) -> tuple[object, ...]:
    return (
        parameters.governor_name,
        at.token,
        at.timelock,
        parameters.voting_delay,
        parameters.voting_period,
        parameters.vote_extension,
        parameters.proposal_threshold,
        parameters.least_quorum,
        guardian,
    )


def _classes(parameters: DaoParameters) -> list[tuple[int, int]]:
    return [
        (parameters.classes[each].quorum, parameters.classes[each].approval)
        for each in ProposalClass
    ]


def _actions(at: DaoAddresses) -> list[tuple[str, bytes, int]]:
    """The (target, selector, class) of what is not left to the most demanding class."""
    found: list[tuple[str, bytes, int]] = [(ZERO_ADDRESS, bytes(4), PAYMENT_CLASS)]
    found += [
        (at.of(name), artifact(name).selector(function), level)
        for (name, function), level in ACTION_CLASSES.items()
    ]
    return found
