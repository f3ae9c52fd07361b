"""A contract wallet (EIP-1271) on a chain: Wallet.sol, deployed, and events that it signs."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from eth_abi.abi import encode
from eth_typing import Address
from web3 import Web3

from ledger.chain.chain import Chain
from ledger.chain.signing import KeySigner, TransactionDraft
from ledger.events import Event, SigningKey, build_event, digest
from ledger.events.canonical import JsonObject
from ledger.events.identifiers import to_checksum_address
from tests.support.ledgers import Consortium, member_key

_ARTIFACT = json.loads((Path(__file__).parent / "contracts" / "Wallet.json").read_text())
WALLET_CODE = bytes.fromhex(_ARTIFACT["bytecode"][2:])
_ENCODER = Web3().eth.contract(abi=_ARTIFACT["abi"])

OWNER = member_key("owner of the wallet")


class Mood(IntEnum):
    """As in Wallet.sol."""

    HONEST = 0
    REVERTS = 1
    BURNS_GAS = 2
    ANSWERS_FOUR_BYTES = 3
    ANSWERS_TWO_WORDS = 4
    ANSWERS_WITH_DIRT = 5
    ANSWERS_TRUE = 6
    ANSWERS_NOTHING = 7


DISHONEST = tuple(mood for mood in Mood if mood is not Mood.HONEST)


@dataclass(frozen=True, slots=True)
class Wallet:
    """A wallet that is deployed.

    Attributes:
        account: its address in EIP-55.
        operator: who tells it things.
    """

    chain: Chain
    account: str
    operator: KeySigner

    def behave(self, mood: Mood) -> None:
        self._tell("behave", mood)

    def hand_over(self, owner: SigningKey) -> None:
        self._tell("handOver", owner.address)

    def approve(self, message: bytes) -> None:
        """From now on the empty signature is good for this digest."""
        self._tell("approve", message)

    def event(
        self,
        consortium: Consortium,
        kind: str,
        body: JsonObject,
        *,
        signer: SigningKey = OWNER,
        suffix: bytes = b"",
    ) -> Event:
        """An event of the wallet, signed by a key; the wallet ignores what follows."""
        unsigned = build_event(
            body=body,
            kind=kind,
            actor=self.account,
            issued_at=consortium.clock.now,
            nonce=consortium.nonce(),
        )
        signature = signer.sign_digest(digest(unsigned, consortium.domain)) + suffix.hex()
        return dataclasses.replace(unsigned, signature=signature)

    def _tell(self, function: str, *arguments: Any) -> None:
        call = bytes.fromhex(_ENCODER.encode_abi(function, list(arguments))[2:])
        self.chain.send(
            TransactionDraft(Address(bytes.fromhex(self.account[2:])), call), self.operator
        )


def call_data(function: str, *arguments: Any) -> bytes:
    """What tells a wallet something."""
    encoded: str = _ENCODER.encode_abi(function, list(arguments))
    return bytes.fromhex(encoded[2:])


def creation_code(owner: SigningKey = OWNER) -> bytes:
    """What deploys a wallet of one owner."""
    return WALLET_CODE + encode(["address"], [owner.address])


def deploy_wallet(chain: Chain, operator: KeySigner, owner: SigningKey = OWNER) -> Wallet:
    """Deploys Wallet.sol."""
    receipt = chain.send(TransactionDraft(None, creation_code(owner)), operator)
    assert receipt.contract_address is not None
    return Wallet(chain, to_checksum_address(receipt.contract_address), operator)


def admission(consortium: Consortium, account: str, *roles: str, log_index: int = 0) -> Event:
    """The mirror tells that an account was admitted; the ledger names a contract."""
    body: JsonObject = {
        "member": account,
        "roles": [*roles],
        "chain": consortium.chain_reference(log_index),
    }
    return consortium.event(consortium.mirror, "member.admitted", body)


def dataset_of(account: str, dataset: str) -> JsonObject:
    """The body that registers a dataset of a steward's."""
    return {
        "dataset": dataset,
        "title": f"Records of {dataset}",
        "license": "CC-BY-4.0",
        "usage": {"duo": ["HMB"]},
        "personalData": True,
        "steward": account,
    }
