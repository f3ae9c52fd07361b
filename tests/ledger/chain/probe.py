"""Probe.sol from Python: its call data, its errors, a deployed one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_abi.abi import decode
from eth_hash.auto import keccak
from eth_typing import Address
from web3 import Web3

from ledger.chain.chain import Chain
from ledger.chain.signing import KeySigner, TransactionDraft
from ledger.chain.values import TransactionReceipt

_ARTIFACT = json.loads((Path(__file__).parent / "contracts" / "Probe.json").read_text())
PROBE_ABI = _ARTIFACT["abi"]
PROBE_CODE = bytes.fromhex(_ARTIFACT["bytecode"][2:])
_ENCODER = Web3().eth.contract(abi=PROBE_ABI)


def probe_call(function: str, *arguments: Any) -> bytes:
    """The call data of a function of Probe.sol."""
    encoded: str = _ENCODER.encode_abi(function, list(arguments))
    return bytes.fromhex(encoded[2:])


def probe_error(output: bytes) -> tuple[int, str]:
    """The fields of ProbeRefused(uint256,string)."""
    assert output[:4] == keccak(b"ProbeRefused(uint256,string)")[:4]
    code, reason = decode(["uint256", "string"], output[4:])
    return code, reason


@dataclass(frozen=True, slots=True)
class Probe:
    """A Probe contract that is deployed on a chain."""

    chain: Chain
    address: Address
    operator: KeySigner

    def draft(self, function: str, *arguments: Any, gas: int | None = None) -> TransactionDraft:
        return TransactionDraft(self.address, probe_call(function, *arguments), gas=gas)

    def send(self, function: str, *arguments: Any) -> TransactionReceipt:
        return self.chain.send(self.draft(function, *arguments), self.operator)

    def call(self, function: str, *arguments: Any, types: list[str]) -> tuple[Any, ...]:
        output = self.chain.call(self.address, probe_call(function, *arguments))
        return tuple(decode(types, output))

    def number(self, function: str, *arguments: Any) -> int:
        (value,) = self.call(function, *arguments, types=["uint256"])
        return int(value)


def deploy_probe(chain: Chain, operator: KeySigner) -> Probe:
    """Deploy Probe.sol."""
    receipt = chain.send(TransactionDraft(None, PROBE_CODE), operator)
    assert receipt.contract_address is not None
    return Probe(chain, receipt.contract_address, operator)
