"""A registry of anchors on a chain, and a log to anchor in it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from eth_typing import Address
from eth_utils import keccak
from web3 import Web3

from governance.contracts import ContractName, artifact
from ledger.anchor import Anchorer, AnchorPolicy, AnchorRegistry, AnchorTarget
from ledger.chain.chain import Chain
from ledger.chain.signing import KeySigner, TransactionDraft
from ledger.log import Log
from tests.support.chains import Backend
from tests.support.ledgers import ORIGIN

OPERATOR_ROLE = keccak(text="OPERATOR_ROLE")
AT_ONCE = AnchorPolicy(new_leaves=1, seconds=0)


@dataclass(frozen=True)
class Registry:
    """A deployed registry.

    Attributes:
        operator: may anchor.
        from_block: it did not exist then.
    """

    chain: Chain
    address: Address
    operator: KeySigner
    from_block: int

    @property
    def contract(self) -> AnchorRegistry:
        return AnchorRegistry(self.chain, self.address)

    def target(self, chain: Chain | None = None, signer: KeySigner | None = None) -> AnchorTarget:
        return AnchorTarget(
            chain or self.chain, self.address, signer or self.operator, self.from_block
        )

    def anchorer(
        self,
        log: Log,
        *,
        chain: Chain | None = None,
        signer: KeySigner | None = None,
        policy: AnchorPolicy = AT_ONCE,
        max_blocks: int = 1_000,
    ) -> Anchorer:
        """An anchorer, as a process has it that has just started; its clock is the chain's."""
        return Anchorer(
            log,
            self.target(chain, signer),
            policy=policy,
            clock=lambda: self.chain.head().timestamp,
            max_blocks=max_blocks,
        )

    def anchor(self, size: int, root: bytes, proof: list[bytes]) -> None:
        """Anchors by hand, past every anchorer."""
        self.chain.send(self.contract.anchoring(size, root, proof), self.operator)


def deploy_registry(backend: Backend, *, origin: str = ORIGIN) -> Registry:
    """A registry whose operator is the backend's."""
    chain, operator = backend.chain, backend.operator
    from_block = chain.head().number
    account = Web3.to_checksum_address(operator.address)
    founders = [(account, [OPERATOR_ROLE], bytes(32))]
    membership = _create(backend, "MembershipRegistry", account, founders)
    digest = hashlib.sha256(origin.encode()).digest()
    anchors = _create(backend, "AnchorRegistry", Web3.to_checksum_address(membership), digest)
    return Registry(chain, anchors, operator, from_block)


def _create(backend: Backend, name: ContractName, *arguments: object) -> Address:
    compiled = artifact(name)
    contract = Web3().eth.contract(abi=compiled.abi, bytecode=compiled.bytecode)
    data = bytes.fromhex(contract.constructor(*arguments).data_in_transaction[2:])
    created = backend.chain.send(TransactionDraft(to=None, data=data), backend.operator)
    assert created.contract_address is not None
    return created.contract_address
