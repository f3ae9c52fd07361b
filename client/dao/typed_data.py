"""EIP-712 for the DAO's contracts: what a wallet shows and signs, built here and nowhere else.

Domain `{name, version: "1", chainId, verifyingContract}` (https://eips.ethereum.org/EIPS/eip-712).
Types are those of OpenZeppelin's `Governor` and `Votes`:

    Ballot(uint256 proposalId,uint8 support,address voter,uint256 nonce)
    ExtendedBallot(uint256 proposalId,uint8 support,address voter,uint256 nonce,string reason,
                   bytes params)
    Delegation(address delegatee,uint256 nonce,uint256 expiry)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ledger.events.canonical import JsonObject
from ledger.keccak import keccak

VERSION = "1"

_BALLOT = (
    ("proposalId", "uint256"),
    ("support", "uint8"),
    ("voter", "address"),
    ("nonce", "uint256"),
)
TYPES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "EIP712Domain": (
        ("name", "string"),
        ("version", "string"),
        ("chainId", "uint256"),
        ("verifyingContract", "address"),
    ),
    "Ballot": _BALLOT,
    "ExtendedBallot": (*_BALLOT, ("reason", "string"), ("params", "bytes")),
    "Delegation": (("delegatee", "address"), ("nonce", "uint256"), ("expiry", "uint256")),
}

Message = Mapping[str, int | str | bytes]
"""Values by field: integers, addresses and strings as text, bytes."""


@dataclass(frozen=True, slots=True)
class ContractDomain:
    """Where a signature is valid: one contract on one chain.

    Attributes:
        name: the contract's name for itself. A wrong one makes a signature that is worth nothing.
        chain_id: EIP-155.
        contract: EIP-55.
    """

    name: str
    chain_id: int
    contract: str

    @property
    def message(self) -> Message:
        """As EIP-712 hashes it."""
        return {
            "name": self.name,
            "version": VERSION,
            "chainId": self.chain_id,
            "verifyingContract": self.contract,
        }


def digest(primary: str, message: Message, domain: ContractDomain) -> bytes:
    """The 32 bytes that are signed (EIP-712 `hashTypedData`)."""
    separator = _hash_struct("EIP712Domain", domain.message)
    return keccak(b"\x19\x01" + separator + _hash_struct(primary, message))


def as_json(primary: str, message: Message, domain: ContractDomain) -> JsonObject:
    """What `eth_signTypedData_v4` takes. 256-bit numbers are decimal strings, as wallets read."""
    return {
        "types": {
            name: [{"name": n, "type": t} for n, t in TYPES[name]]
            for name in ("EIP712Domain", primary)
        },
        "primaryType": primary,
        "domain": {**_json_message("EIP712Domain", domain.message), "chainId": domain.chain_id},
        "message": _json_message(primary, message),
    }


def _json_message(name: str, message: Message) -> JsonObject:
    found: JsonObject = {}
    for field, kind in TYPES[name]:
        value = message[field]
        if isinstance(value, bytes):
            found[field] = "0x" + value.hex()
        else:
            found[field] = str(value) if kind == "uint256" else value
    return found


def _hash_struct(name: str, message: Message) -> bytes:
    fields = TYPES[name]
    encoded_type = f"{name}({','.join(f'{kind} {field}' for field, kind in fields)})"
    words = (_word(kind, message[field]) for field, kind in fields)
    return keccak(keccak(encoded_type.encode()) + b"".join(words))


def _word(kind: str, value: int | str | bytes) -> bytes:
    """One field as 32 bytes (EIP-712 `encodeData`)."""
    if isinstance(value, int):
        return value.to_bytes(32)
    if isinstance(value, bytes):
        return keccak(value)
    return bytes(12) + bytes.fromhex(value[2:]) if kind == "address" else keccak(value.encode())
