"""EIP-712: what a wallet shows and signs for an event.

Domain `{name: "Concord Ledger", version: "1", chainId, salt: sha256(log origin)}`; primary type

    Event(string kind,string subject,string summary,address actor,uint64 issuedAt,bytes32
    nonce,bytes32 bodyHash)

with `bodyHash = sha256(JCS(body))`. chainId and origin are unique to a deployment, so nothing
signed here is valid anywhere else. Type hashes and the domain separator are computed once; a digest
then costs four Keccaks.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from ledger.eip712 import EVENT_FIELDS, SignedFields, event_digest, type_hash
from ledger.errors import InvalidInput
from ledger.events.canonical import MAX_SAFE_INTEGER, JsonObject
from ledger.events.envelope import Event
from ledger.keccak import keccak

DOMAIN_NAME = "Concord Ledger"
DOMAIN_VERSION = "1"

SEALED_READ_FIELDS = (("reader", "address"), ("commitment", "bytes32"), ("issuedAt", "uint64"))
_DOMAIN_FIELDS = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("salt", "bytes32"),
)


_SEALED_READ_TYPE = type_hash("SealedRead", SEALED_READ_FIELDS)
_DOMAIN_TYPE = type_hash("EIP712Domain", _DOMAIN_FIELDS)


@dataclass(frozen=True, slots=True)
class Domain:
    """Where a signature is valid.

    Attributes:
        chain_id: EIP-155 id of the deployment's chain.
        origin: the log's origin.

    Raises:
        InvalidInput: if a wallet could not read the chain id.
    """

    chain_id: int
    origin: str
    separator: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 < self.chain_id <= MAX_SAFE_INTEGER:
            raise InvalidInput(f"A chain id is between 1 and 2^53 − 1, not {self.chain_id}.")
        object.__setattr__(
            self,
            "separator",
            keccak(
                _DOMAIN_TYPE
                + keccak(DOMAIN_NAME.encode())
                + keccak(DOMAIN_VERSION.encode())
                + self.chain_id.to_bytes(32)
                + self.salt
            ),
        )

    @property
    def salt(self) -> bytes:
        """SHA-256 of the log's origin."""
        return hashlib.sha256(self.origin.encode()).digest()


def body_hash(event: Event) -> bytes:
    """SHA-256 of the body's JCS bytes."""
    return hashlib.sha256(event.body_bytes).digest()


def signed_fields(event: Event) -> SignedFields:
    """What its actor signs of an event, as bytes."""
    return SignedFields(
        kind=event.kind.encode(),
        subject=event.subject.encode(),
        summary=event.summary.encode(),
        actor=bytes.fromhex(event.actor[2:]),
        issued_at=event.issued_at,
        nonce=bytes.fromhex(event.nonce[2:]),
        body=event.body_bytes,
    )


def digest(event: Event, domain: Domain) -> bytes:
    """The 32 bytes that the actor signs (EIP-712 `hashTypedData`)."""
    return event_digest(domain.separator, signed_fields(event))


def sealed_read_digest(*, reader: str, commitment: bytes, issued_at: int, domain: Domain) -> bytes:
    """The 32 bytes that a reader signs to be shown the value behind a commitment."""
    struct = keccak(
        _SEALED_READ_TYPE
        + bytes(12)
        + bytes.fromhex(reader[2:])
        + commitment
        + issued_at.to_bytes(32)
    )
    return keccak(b"\x19\x01" + domain.separator + struct)


def typed_data(event: Event, domain: Domain) -> JsonObject:
    """What `eth_signTypedData_v4` takes.

    Integers beyond 2^53 cannot occur; chainId stays a number, as wallets expect.
    """
    return {
        "types": {
            "EIP712Domain": [{"name": n, "type": t} for n, t in _DOMAIN_FIELDS],
            "Event": [{"name": n, "type": t} for n, t in EVENT_FIELDS],
        },
        "primaryType": "Event",
        "domain": domain_json(domain),
        "message": {
            "kind": event.kind,
            "subject": event.subject,
            "summary": event.summary,
            "actor": event.actor,
            "issuedAt": event.issued_at,
            "nonce": event.nonce,
            "bodyHash": "0x" + body_hash(event).hex(),
        },
    }


def domain_json(domain: Domain) -> JsonObject:
    """The domain as typed data names it."""
    return {
        "name": DOMAIN_NAME,
        "version": DOMAIN_VERSION,
        "chainId": domain.chain_id,
        "salt": "0x" + domain.salt.hex(),
    }


def sealed_read_typed_data(
    *, reader: str, commitment: bytes, issued_at: int, domain: Domain
) -> JsonObject:
    """What `eth_signTypedData_v4` takes to read a sealed value."""
    return {
        "types": {
            "EIP712Domain": [{"name": n, "type": t} for n, t in _DOMAIN_FIELDS],
            "SealedRead": [{"name": n, "type": t} for n, t in SEALED_READ_FIELDS],
        },
        "primaryType": "SealedRead",
        "domain": domain_json(domain),
        "message": {
            "reader": reader,
            "commitment": "0x" + commitment.hex(),
            "issuedAt": issued_at,
        },
    }
