"""The plan of a deployment: a small document that is kept before the first transaction is sent."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from web3 import Web3

from governance.addresses import DaoAddresses
from governance.parameters import MEMBERS, DaoParameters
from ledger.events.identifiers import Address


class DeploymentPlan(BaseModel):
    """Everything that determines a deployment: the same plan always leads to the same contracts.

    Attributes:
        chain_id: the plan is for this chain only.
        deployer: the account that creates the contracts.
        first_nonce: of the deployer, for the first contract.
        from_block: no contract exists before this block; logs are read from here.
        parameters: what the DAO is founded with.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    chain_id: int
    deployer: Address
    first_nonce: int
    from_block: int
    parameters: DaoParameters

    @property
    def addresses(self) -> DaoAddresses:
        """Where the contracts are, or will be."""
        return DaoAddresses.created_by(self.deployer, self.first_nonce)

    @property
    def guardian(self) -> str:
        """EIP-55; the timelock where the members are, the zero address for none."""
        named = self.parameters.guardian
        return self.addresses.timelock if named == MEMBERS else named


def plan_deployment(web3: Web3, deployer: bytes, parameters: DaoParameters) -> DeploymentPlan:
    """Plan a deployment that starts at the chain's present state. Sends nothing.

    Args:
        web3: the chain.
        deployer: 20 bytes.
        parameters: what the DAO is founded with.
    """
    account = Web3.to_checksum_address(deployer)
    return DeploymentPlan(
        chain_id=web3.eth.chain_id,
        deployer=account,
        first_nonce=web3.eth.get_transaction_count(account),
        from_block=web3.eth.block_number,
        parameters=parameters,
    )
