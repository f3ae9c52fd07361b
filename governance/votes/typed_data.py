"""EIP-712: what a wallet shows and signs for a ballot or a delegation.

Domain `{name, version: "1", chainId, verifyingContract}`, the governor's for ballots and the
token's for delegations, and (OpenZeppelin `Governor`, `Votes`):

    Ballot(uint256 proposalId,uint8 support,address voter,uint256 nonce)
    ExtendedBallot(uint256 proposalId,uint8 support,address voter,uint256 nonce,string reason,
                   bytes params)
    Delegation(address delegatee,uint256 nonce,uint256 expiry)

Type hashes and domain separators are computed once; a digest then costs two Keccaks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from eth_abi.abi import decode

from governance.actions import canonical_address, checksum_address
from governance.actions.calls import call_data
from governance.addresses import DaoAddresses
from governance.plan import DeploymentPlan
from governance.reads import Read, Reader
from governance.votes.ballots import Ballot, Delegation
from ledger.chain.errors import ChainAnswerInvalid
from ledger.eip712 import type_hash
from ledger.events.canonical import JsonObject
from ledger.keccak import keccak

_BALLOT = (
    ("proposalId", "uint256"),
    ("support", "uint8"),
    ("voter", "address"),
    ("nonce", "uint256"),
)
FIELDS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "Ballot": _BALLOT,
    "ExtendedBallot": (*_BALLOT, ("reason", "string"), ("params", "bytes")),
    "Delegation": (("delegatee", "address"), ("nonce", "uint256"), ("expiry", "uint256")),
}
_DOMAIN_FIELDS = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
)
VERSION = "1"


BALLOT_TYPEHASH = type_hash("Ballot", FIELDS["Ballot"])
EXTENDED_BALLOT_TYPEHASH = type_hash("ExtendedBallot", FIELDS["ExtendedBallot"])
DELEGATION_TYPEHASH = type_hash("Delegation", FIELDS["Delegation"])
_DOMAIN_TYPEHASH = type_hash("EIP712Domain", _DOMAIN_FIELDS)


@dataclass(frozen=True, slots=True)
class ContractDomain:
    """Where a signature is valid: one contract on one chain.

    Attributes:
        name: the contract's name for itself.
        chain_id: EIP-155.
        contract: EIP-55.
    """

    name: str
    chain_id: int
    contract: str
    separator: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        encoded = (
            _DOMAIN_TYPEHASH
            + keccak(self.name.encode())
            + keccak(VERSION.encode())
            + self.chain_id.to_bytes(32)
            + _address(self.contract)
        )
        object.__setattr__(self, "separator", keccak(encoded))

    def to_json(self) -> JsonObject:
        """As typed data names it; wallets want the chain id as a number."""
        return {
            "name": self.name,
            "version": VERSION,
            "chainId": self.chain_id,
            "verifyingContract": self.contract,
        }


@dataclass(frozen=True, slots=True)
class VotingDomains:
    """The domains of one DAO."""

    governor: ContractDomain
    token: ContractDomain


def read_domains(reader: Reader, at: DaoAddresses) -> VotingDomains:
    """The domains as the contracts themselves tell them (EIP-5267).

    Raises:
        ChainAnswerInvalid: a contract tells another version, or itself at another address.
    """
    return VotingDomains(_read(reader, at.governor), _read(reader, at.token))


def planned_domains(plan: DeploymentPlan) -> VotingDomains:
    """The same from the plan of the deployment, without asking the chain: they never change."""
    at, parameters, chain_id = plan.addresses, plan.parameters, plan.chain_id
    return VotingDomains(
        ContractDomain(parameters.governor_name, chain_id, at.governor),
        ContractDomain(parameters.token_name, chain_id, at.token),
    )


def ballot_digest(ballot: Ballot, domain: ContractDomain) -> bytes:
    """The 32 bytes that the voter signs."""
    encoded = (
        ballot.proposal_id.to_bytes(32)
        + int(ballot.support).to_bytes(32)
        + _address(ballot.voter)
        + ballot.nonce.to_bytes(32)
    )
    if ballot.is_extended:
        tail = keccak(ballot.reason.encode()) + keccak(ballot.params)
        return _digest(EXTENDED_BALLOT_TYPEHASH + encoded + tail, domain)
    return _digest(BALLOT_TYPEHASH + encoded, domain)


def delegation_digest(delegation: Delegation, domain: ContractDomain) -> bytes:
    """The 32 bytes that the delegator signs."""
    encoded = (
        _address(delegation.delegatee)
        + delegation.nonce.to_bytes(32)
        + delegation.expiry.to_bytes(32)
    )
    return _digest(DELEGATION_TYPEHASH + encoded, domain)


def ballot_typed_data(ballot: Ballot, domain: ContractDomain) -> JsonObject:
    """What `eth_signTypedData_v4` takes. Numbers beyond 2^53 are decimal strings."""
    message: JsonObject = {
        "proposalId": str(ballot.proposal_id),
        "support": int(ballot.support),
        "voter": ballot.voter,
        "nonce": str(ballot.nonce),
    }
    if not ballot.is_extended:
        return _typed_data("Ballot", message, domain)
    message |= {"reason": ballot.reason, "params": "0x" + ballot.params.hex()}
    return _typed_data("ExtendedBallot", message, domain)


def delegation_typed_data(delegation: Delegation, domain: ContractDomain) -> JsonObject:
    """What `eth_signTypedData_v4` takes."""
    message: JsonObject = {
        "delegatee": delegation.delegatee,
        "nonce": str(delegation.nonce),
        "expiry": str(delegation.expiry),
    }
    return _typed_data("Delegation", message, domain)


def _typed_data(name: str, message: JsonObject, domain: ContractDomain) -> JsonObject:
    return {
        "types": {
            "EIP712Domain": [{"name": n, "type": t} for n, t in _DOMAIN_FIELDS],
            name: [{"name": n, "type": t} for n, t in FIELDS[name]],
        },
        "primaryType": name,
        "domain": domain.to_json(),
        "message": message,
    }


def _digest(encoded: bytes, domain: ContractDomain) -> bytes:
    return keccak(b"\x19\x01" + domain.separator + keccak(encoded))


def _address(address: str) -> bytes:
    return bytes(12) + bytes.fromhex(address[2:])


def _read(reader: Reader, contract: str) -> ContractDomain:
    call = call_data("ConcordGovernor", "eip712Domain")
    answer = reader.read_one(Read(canonical_address(contract), call))
    types = ["bytes1", "string", "string", "uint256", "address", "bytes32", "uint256[]"]
    _, name, version, chain_id, itself, _, _ = decode(types, answer)
    if version != VERSION or checksum_address(itself) != contract:
        raise ChainAnswerInvalid(f"{contract} tells another EIP-712 domain than its own")
    return ContractDomain(name, chain_id, contract)
