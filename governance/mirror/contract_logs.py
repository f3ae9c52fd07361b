"""What a contract said: its logs, decoded by the compiled contracts' own descriptions.

Strings stay bytes: the EVM does not know UTF-8, and what a voter calls a reason may be anything.
A log that the compiled contracts cannot have written is an error, never skipped: the chain, or this
program, is not what it is taken for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeVar, cast

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_typing import Address

from governance.addresses import DaoAddresses
from governance.contracts import ContractName, artifact
from ledger.chain.values import ChainLog
from ledger.errors import IntegrityError
from ledger.events.identifiers import to_checksum_address
from ledger.keccak import keccak

_T = TypeVar("_T")

MIRRORED: tuple[ContractName, ...] = (
    "MembershipRegistry",
    "PolicyRegistry",
    "ModelRegistry",
    "ConcordToken",
    "ConcordGovernor",
)
"""Contracts whose logs are read. Anchors are read by the anchorer; what the timelock does, the
governor and the contracts it calls tell as well."""


class ContractLogInvalid(IntegrityError):
    """A log that the compiled contract cannot have written."""

    code = "contract-log-invalid"


@dataclass(frozen=True, slots=True)
class ContractLog:
    """One log, decoded. The accessors raise TypeError where a field is of another type.

    Attributes:
        contract: who wrote it.
        name: of the event in the contract.
        values: its fields by name.
        source: the log on chain.
    """

    contract: ContractName
    name: str
    values: Mapping[str, object]
    source: ChainLog

    def integer(self, field: str) -> int:
        """An unsigned integer."""
        return _of_type(self.values[field], int)

    def raw(self, field: str) -> bytes:
        """Bytes; a string as the bytes it is made of."""
        return _of_type(self.values[field], bytes)

    def address(self, field: str) -> str:
        """An address in EIP-55."""
        return _checksum(self.values[field])

    def integers(self, field: str) -> list[int]:
        """A list of unsigned integers."""
        return [_of_type(each, int) for each in self._list(field)]

    def raws(self, field: str) -> list[bytes]:
        """A list of bytes."""
        return [_of_type(each, bytes) for each in self._list(field)]

    def addresses(self, field: str) -> list[str]:
        """A list of addresses in EIP-55."""
        return [_checksum(each) for each in self._list(field)]

    def _list(self, field: str) -> tuple[object, ...]:
        return cast("tuple[object, ...]", _of_type(self.values[field], tuple))


@dataclass(frozen=True, slots=True)
class _Shape:
    """How an event's fields lie in a log: indexed ones in its topics, the others in its data."""

    name: str
    topic_names: tuple[str, ...]
    topic_types: tuple[str, ...]
    data_names: tuple[str, ...]
    data_types: tuple[str, ...]


class LogReader:
    """Decodes the logs of one DAO.

    Args:
        addresses: of its contracts.
    """

    def __init__(self, addresses: DaoAddresses) -> None:
        self._names: Mapping[Address, ContractName] = {
            canonical(addresses.of(name)): name for name in MIRRORED
        }

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Whose logs are read."""
        return tuple(self._names)

    def name_of(self, log: ChainLog) -> tuple[ContractName, str]:
        """Which contract's event a log is of, without decoding it.

        Raises:
            ContractLogInvalid: the contract has no such event.
        """
        contract, shape = self._shape_of(log)
        return contract, shape.name

    def decode(self, log: ChainLog) -> ContractLog:
        """One log.

        Raises:
            ContractLogInvalid: the contract has no such event, or not of that form.
        """
        contract, shape = self._shape_of(log)
        if len(log.topics) != 1 + len(shape.topic_types):
            raise ContractLogInvalid(f"{_place(log)} has {len(log.topics)} topics; {shape.name}")
        try:
            topics = decode(shape.topic_types, b"".join(log.topics[1:]))
            # Not strict: padding that is not zero changes no value, and must not stop anything.
            values = decode(shape.data_types, log.data, strict=False)
        except (DecodingError, OverflowError) as error:
            raise ContractLogInvalid(f"{_place(log)} is no {shape.name}: {error}") from error
        fields = dict(zip(shape.topic_names, topics, strict=True))
        return ContractLog(
            contract, shape.name, fields | dict(zip(shape.data_names, values, strict=True)), log
        )

    def _shape_of(self, log: ChainLog) -> tuple[ContractName, _Shape]:
        name = self._names.get(log.address)
        shape = _shapes(name).get(log.topics[0]) if name is not None and log.topics else None
        if name is None or shape is None:
            raise ContractLogInvalid(f"{_place(log)} is of no event that {name or 'the DAO'} has")
        return name, shape


def canonical(address: str) -> Address:
    """The 20 bytes of an address."""
    return Address(bytes.fromhex(address.removeprefix("0x")))


@cache
def _shapes(contract: ContractName) -> Mapping[bytes, _Shape]:
    """The contract's events by their signature's hash."""
    shapes: dict[bytes, _Shape] = {}
    for entry in artifact(contract).abi:
        if entry["type"] != "event":
            continue
        fields = entry["inputs"]
        signature = f"{entry['name']}({','.join(field['type'] for field in fields)})"
        topics = [field for field in fields if field["indexed"]]
        data = [field for field in fields if not field["indexed"]]
        shapes[keccak(signature.encode())] = _Shape(
            entry["name"],
            tuple(field["name"] for field in topics),
            tuple(field["type"] for field in topics),
            tuple(field["name"] for field in data),
            tuple(field["type"].replace("string", "bytes") for field in data),
        )
    return shapes


def _place(log: ChainLog) -> str:
    return f"log {log.log_index} of block {log.block_number} (0x{log.block_hash.hex()})"


def _checksum(value: object) -> str:
    return to_checksum_address(bytes.fromhex(_of_type(value, str).removeprefix("0x")))


def _of_type(value: object, kind: type[_T]) -> _T:
    if not isinstance(value, kind):
        raise TypeError(f"want {kind.__name__}, the contract says {type(value).__name__}")
    return value
