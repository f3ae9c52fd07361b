"""Calls as contracts take them, and the functions of the DAO's own contracts.

ABI coding is strict in one direction: what is decoded is encoded again and must give the same
bytes. So a call is either exactly what its decoded form says, or it is not decoded at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TypeAlias

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_typing import Address, ChecksumAddress
from eth_utils.abi import collapse_if_tuple, function_abi_to_4byte_selector

from governance.addresses import CREATION_ORDER, DaoAddresses
from governance.contracts import ContractName, artifact
from ledger.events.identifiers import to_checksum_address

AbiValue: TypeAlias = "str | int | bool | bytes | Sequence[AbiValue]"


@dataclass(frozen=True, slots=True)
class Call:
    """One call that a proposal makes.

    Attributes:
        target: EIP-55 address.
        value: wei that it sends.
        calldata: selector and arguments; empty for a plain payment.
    """

    target: ChecksumAddress
    value: int
    calldata: bytes

    @property
    def selector(self) -> bytes:
        """The first four bytes; fewer if there are fewer."""
        return self.calldata[:4]


@dataclass(frozen=True, slots=True)
class Function:
    """A function of one of the DAO's contracts.

    Attributes:
        contract: whose.
        name: in the source.
        parameters: (name, ABI type), in order.
    """

    contract: ContractName
    name: str
    parameters: tuple[tuple[str, str], ...]

    @property
    def types(self) -> list[str]:
        """The ABI types of the parameters."""
        return [kind for _, kind in self.parameters]


def canonical_address(address: str) -> Address:
    """The 20 bytes of a 0x-hex address."""
    return Address(bytes.fromhex(address.removeprefix("0x")))


def checksum_address(address: bytes | str) -> ChecksumAddress:
    """EIP-55 spelling of 20 bytes or of any 0x-hex spelling."""
    raw = bytes.fromhex(address.removeprefix("0x")) if isinstance(address, str) else address
    return ChecksumAddress(to_checksum_address(raw))  # type: ignore[arg-type]


def call_data(contract: ContractName, function: str, *arguments: AbiValue) -> bytes:
    """Selector and arguments for a function whose name is not overloaded.

    Raises:
        KeyError: there is no such function, or more than one.
        EncodingError: an argument is not of its type.
    """
    selector = artifact(contract).selector(function)
    return selector + encode(functions_of(contract)[selector].types, arguments)


def arguments_of(function: Function, calldata: bytes) -> tuple[AbiValue, ...] | None:
    """What a call passes to a function; None if it is not what a compiler would make.

    Addresses are in EIP-55.
    """
    try:
        values = decode(function.types, calldata[4:])
        if encode(function.types, values) != calldata[4:]:
            return None
    except (DecodingError, OverflowError, UnicodeError):
        return None
    return tuple(
        checksum_address(value) if kind == "address" else value
        for kind, value in zip(function.types, values, strict=True)
    )


@cache
def functions_of(contract: ContractName) -> Mapping[bytes, Function]:
    """The functions of a contract by selector, overloaded ones too."""
    found: dict[bytes, Function] = {}
    for entry in artifact(contract).abi:
        if entry["type"] == "function":
            parameters = tuple(
                (parameter.get("name", ""), collapse_if_tuple(parameter))
                for parameter in entry.get("inputs", ())
            )
            function = Function(contract, entry["name"], parameters)
            found[function_abi_to_4byte_selector(entry)] = function
    return MappingProxyType(found)


def contract_at(address: str, at: DaoAddresses) -> ContractName | None:
    """Which of the DAO's contracts stands at an address."""
    return next((name for name in CREATION_ORDER if at.of(name) == address), None)
