"""Where a DAO's contracts are, and the web3 contracts at these addresses.

The address of a contract that an account creates is `keccak256(rlp([creator, nonce]))[12:]` (Yellow
Paper, section 7), so all seven follow from the deployer's account and its first nonce.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

import rlp
from eth_typing import ChecksumAddress
from web3 import Web3
from web3.contract import Contract

from governance.contracts import ContractName, artifact
from ledger.keccak import keccak

CREATION_ORDER: tuple[ContractName, ...] = (
    "MembershipRegistry",
    "PolicyRegistry",
    "AnchorRegistry",
    "ModelRegistry",
    "ConcordToken",
    "TimelockController",
    "ConcordGovernor",
)
"""Contract i is created with nonce `first_nonce + i`. The governor reads the token's clock while it
is constructed, so it comes after the token."""


@dataclass(frozen=True, slots=True)
class DaoAddresses:
    """The seven contracts of one DAO, EIP-55. The fields stand in the order of creation."""

    membership: ChecksumAddress
    policies: ChecksumAddress
    anchors: ChecksumAddress
    models: ChecksumAddress
    token: ChecksumAddress
    timelock: ChecksumAddress
    governor: ChecksumAddress

    @classmethod
    def created_by(cls, deployer: str, first_nonce: int) -> Self:
        """The addresses that `deploy` gives them."""
        return cls(
            *(created_address(deployer, first_nonce + i) for i in range(len(CREATION_ORDER)))
        )

    def of(self, name: ContractName) -> ChecksumAddress:
        """The address of one contract, by its name."""
        address: ChecksumAddress = getattr(self, _FIELDS[name])
        return address

    def contract(self, web3: Web3, name: ContractName) -> Contract:
        """One contract, ready to be called."""
        return web3.eth.contract(address=self.of(name), abi=artifact(name).abi)


_FIELDS: Mapping[ContractName, str] = dict(
    zip(CREATION_ORDER, (each.name for each in fields(DaoAddresses)), strict=True)
)


def created_address(creator: str, nonce: int) -> ChecksumAddress:
    """The address of the contract that `creator` creates with `nonce`."""
    fields = [bytes.fromhex(creator.removeprefix("0x")), nonce]
    return Web3.to_checksum_address(keccak(rlp.encode(fields))[12:])
