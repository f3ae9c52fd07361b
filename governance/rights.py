"""Who may do what in a DAO's contracts: every role, owner and reference, read back from the chain.

`read_rights` lists every right that the contracts know, whoever holds it; `planned_rights` lists
what a deployment plan leads to. `check_rights` compares the two, so a right too many is found as
well as a missing one. It holds for a DAO that has not voted yet: afterwards, rights are what the
votes made of them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from web3 import Web3
from web3.contract import Contract

from governance.addresses import DaoAddresses
from governance.contracts import ContractName
from governance.parameters import ROLES, ZERO_ADDRESS, role_id
from governance.plan import DeploymentPlan
from ledger.errors import IntegrityError

ADMIN = "DEFAULT_ADMIN_ROLE"
ADMIN_ID = bytes(32)
TIMELOCK_ROLES = ("PROPOSER_ROLE", "CANCELLER_ROLE", "EXECUTOR_ROLE")
OWNED: tuple[ContractName, ...] = ("ConcordToken", "PolicyRegistry", "ModelRegistry")
REFERENCES: tuple[tuple[ContractName, str, ContractName], ...] = (
    ("AnchorRegistry", "membership", "MembershipRegistry"),
    ("ModelRegistry", "membership", "MembershipRegistry"),
    ("ModelRegistry", "anchors", "AnchorRegistry"),
    ("ModelRegistry", "policies", "PolicyRegistry"),
    ("ConcordGovernor", "token", "ConcordToken"),
    ("ConcordGovernor", "timelock", "TimelockController"),
)
"""Which contract obeys or believes which other one: (contract, getter, referred)."""


class RightsDiffer(IntegrityError):
    """The contracts' rights are not those that the deployment plan leads to."""

    code = "dao-rights-differ"


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """Something that one account may do.

    Attributes:
        contract: where.
        name: of the role, or of the getter that answers with the holder.
        holder: EIP-55 address; the zero address stands for anyone in EXECUTOR_ROLE.
    """

    contract: ContractName
    name: str
    holder: str

    def __str__(self) -> str:
        return f"{self.contract} {self.name} {self.holder}"


def read_rights(web3: Web3, addresses: DaoAddresses, from_block: int) -> frozenset[Right]:
    """Every right, as the chain has it now.

    Args:
        web3: the chain.
        addresses: of the DAO.
        from_block: no contract existed before it. The timelock does not list the holders of its
            roles; they are found in its logs from here on.
    """
    found: set[Right] = set()
    for name in OWNED:
        contract = addresses.contract(web3, name)
        found.add(Right(name, "owner", contract.functions.owner().call()))
        pending = contract.functions.pendingOwner().call()
        if pending != ZERO_ADDRESS:
            found.add(Right(name, "pendingOwner", pending))
    for name, getter, _ in REFERENCES:
        contract = addresses.contract(web3, name)
        found.add(Right(name, getter, contract.get_function_by_name(getter)().call()))
    guardian = addresses.contract(web3, "ConcordGovernor").functions.proposalGuardian().call()
    if guardian != ZERO_ADDRESS:
        found.add(Right("ConcordGovernor", "proposalGuardian", guardian))
    found |= _membership_rights(addresses.contract(web3, "MembershipRegistry"))
    found |= _timelock_rights(addresses.contract(web3, "TimelockController"), from_block)
    return frozenset(found)


def planned_rights(plan: DeploymentPlan) -> frozenset[Right]:
    """Every right that the plan's constructors give."""
    at = plan.addresses
    rights = {Right(name, "owner", at.timelock) for name in OWNED}
    rights |= {Right(name, getter, at.of(referred)) for name, getter, referred in REFERENCES}
    rights |= {
        Right("MembershipRegistry", ADMIN, at.timelock),
        Right("TimelockController", ADMIN, at.timelock),
        Right("TimelockController", "PROPOSER_ROLE", at.governor),
        Right("TimelockController", "CANCELLER_ROLE", at.governor),
        Right("TimelockController", "EXECUTOR_ROLE", ZERO_ADDRESS),
    }
    rights |= {
        Right("MembershipRegistry", role, founder.member)
        for founder in plan.parameters.founders
        for role in founder.roles
    }
    if plan.guardian != ZERO_ADDRESS:
        rights.add(Right("ConcordGovernor", "proposalGuardian", plan.guardian))
    return frozenset(rights)


def check_rights(web3: Web3, plan: DeploymentPlan) -> frozenset[Right]:
    """Read every right of a newly deployed DAO and compare it to the plan.

    Raises:
        RightsDiffer: with each right that is missing or too many.
    """
    planned = planned_rights(plan)
    found = read_rights(web3, plan.addresses, plan.from_block)
    differences = [f"missing: {right}" for right in sorted(planned - found)]
    differences += [f"not planned: {right}" for right in sorted(found - planned)]
    origin = hashlib.sha256(plan.parameters.origin.encode()).digest()
    anchors = plan.addresses.contract(web3, "AnchorRegistry")
    if anchors.functions.originDigest().call() != origin:
        differences.append("AnchorRegistry is for another log")
    if differences:
        raise RightsDiffer(
            "do not use this DAO, its rights are not those of the plan; " + "; ".join(differences)
        )
    return found


def _membership_rights(contract: Contract) -> set[Right]:
    ids = {ADMIN: ADMIN_ID} | {role: role_id(role) for role in ROLES}
    return {
        Right("MembershipRegistry", name, holder)
        for name, role in ids.items()
        for holder in contract.functions.getRoleMembers(role).call()
    }


def _timelock_rights(contract: Contract, from_block: int) -> set[Right]:
    names = {contract.get_function_by_name(name)().call(): name for name in TIMELOCK_ROLES}
    names[ADMIN_ID] = ADMIN
    granted = {
        (entry["args"]["role"], entry["args"]["account"])
        for entry in contract.events.RoleGranted.get_logs(from_block=from_block)
    }
    return {
        Right("TimelockController", names.get(role, role.hex()), account)
        for role, account in granted
        if contract.functions.hasRole(role, account).call()
    }
