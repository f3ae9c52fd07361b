"""What an action calls, worked out here, so that a server's transaction can be compared to it.

Each kind of action (docs/api.md) is one function of one contract. The arguments' encoding is the
contract ABI (https://docs.soliditylang.org/en/latest/abi-spec.html), by eth-abi.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from eth_abi.abi import encode
from eth_abi.exceptions import EncodingError

from client.dao.contracts import DaoContracts
from client.errors import InvalidProposalDraft
from ledger.events.canonical import JsonObject, JsonValue
from ledger.events.identifiers import parse_instant, to_checksum_address
from ledger.keccak import keccak

AbiValue: TypeAlias = "int | str | bytes | Sequence[AbiValue]"
CLASSES = ("routine", "membership", "treasury", "constitutional")
"""As the governor numbers them."""

NO_DIGEST = "0x" + 64 * "0"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a contract.

    Attributes:
        target: EIP-55.
        value: wei.
        data: selector and arguments.
    """

    target: str
    value: int
    data: bytes


def call_data(function: str, *arguments: AbiValue) -> bytes:
    """Selector and arguments.

    Args:
        function: its canonical signature, such as `transfer(address,uint256)`.
        arguments: in order.

    Raises:
        InvalidProposalDraft: an argument is not of its type.
    """
    try:
        encoded: bytes = encode(_types(function), arguments)
    except (EncodingError, OverflowError) as error:
        raise InvalidProposalDraft(f"{function.partition('(')[0]}: {error}") from error
    return keccak(function.encode())[:4] + encoded


def call_of(action: JsonObject, contracts: DaoContracts) -> Call:
    """The call that an action stands for.

    Args:
        action: as docs/api.md has it.
        contracts: that the log names.

    Raises:
        InvalidProposalDraft: it is no action, or lacks a field.
    """
    kind = action.get("action")
    try:
        if kind == "pay":
            return Call(_address(action["to"]), _number(action["amount"]), b"")
        if kind == "pay-token":
            to, amount = _address(action["to"]), _number(action["amount"])
            data = call_data("transfer(address,uint256)", to, amount)
            return Call(_address(action["token"]), 0, data)
        if kind == "call":
            value = _number(action.get("value", "0"))
            return Call(_address(action["target"]), value, _raw(action.get("calldata", "0x")))
        contract, function, arguments = _FUNCTIONS[str(kind)]
        return Call(getattr(contracts, contract), 0, call_data(function, *arguments(action)))
    except KeyError as error:
        missing = f"lacks {error}" if kind in KINDS else "is none; `concord propose` lists them"
        raise InvalidProposalDraft(f"The action {kind!r} {missing}.") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidProposalDraft(f"The action {kind!r} cannot be read: {error}") from error


def model_token(model: str) -> int:
    """The token of a model: Keccak-256 of its id, or the number after `#`."""
    return int(model[1:]) if model.startswith("#") else int.from_bytes(keccak(model.encode()))


def _types(function: str) -> list[str]:
    """The types in a signature, tuples kept whole."""
    inside = function[function.index("(") + 1 : -1]
    found, depth, start = [], 0, 0
    for at, letter in enumerate(inside):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            found.append(inside[start:at])
            start = at + 1
    return [*found, inside[start:]] if inside else []


def _address(value: JsonValue) -> str:
    raw = _raw(value)
    if len(raw) != 20:
        raise ValueError(f"{value} is no address")
    return to_checksum_address(raw)


def _raw(value: JsonValue) -> bytes:
    text = str(value)
    if not text.startswith("0x"):
        raise ValueError(f"{text} is not 0x-hex")
    return bytes.fromhex(text[2:])


def _number(value: JsonValue) -> int:
    text = str(value)
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(f"{text} is no whole number")
    return int(text)


def _second(value: JsonValue) -> int:
    return parse_instant(str(value)) // 1000


def _roles(value: JsonValue) -> list[bytes]:
    if not isinstance(value, list):
        raise TypeError("roles are a list")
    return [keccak(f"{str(role).upper()}_ROLE".encode()) for role in value]


def _model(action: JsonObject) -> int:
    return model_token(str(action["model"]))


def _leaf(action: JsonObject) -> bytes:
    return _raw(action["recordLeaf"])


def _class(value: JsonValue) -> int:
    return CLASSES.index(str(value))


def _demand(value: JsonValue) -> tuple[int, int]:
    if not isinstance(value, dict):
        raise TypeError("a class's demand is an object")
    return _number(value["quorum"]), _number(value["approval"])


def _demands(value: JsonValue) -> list[tuple[int, int]]:
    return [_demand(each) for each in value] if isinstance(value, list) else []


def _seconds(action: JsonObject) -> tuple[AbiValue, ...]:
    return (_number(action["seconds"]),)


_Arguments = Callable[[JsonObject], tuple[AbiValue, ...]]
_FUNCTIONS: Mapping[str, tuple[str, str, _Arguments]] = {
    "release": (
        "models",
        "release(uint256,bytes32,uint256)",
        lambda a: (_model(a), _leaf(a), _second(a["validUntil"])),
    ),
    "withdraw": (
        "models",
        "withdraw(uint256,bytes32,bytes32)",
        lambda a: (_model(a), _leaf(a), _raw(a["reason"])),
    ),
    "clear-flag": ("models", "clearFlag(uint256,bytes32)", lambda a: (_model(a), _leaf(a))),
    "reassign": (
        "models",
        "reassign(uint256,address)",
        lambda a: (_model(a), _address(a["developer"])),
    ),
    "admit": (
        "members",
        "admit(address,bytes32[],bytes32)",
        lambda a: (
            _address(a["member"]),
            _roles(a["roles"]),
            _raw(a.get("profileDigest", NO_DIGEST)),
        ),
    ),
    "change-roles": (
        "members",
        "changeRoles(address,bytes32[])",
        lambda a: (_address(a["member"]), _roles(a["roles"])),
    ),
    "change-profile": (
        "members",
        "changeProfile(address,bytes32)",
        lambda a: (_address(a["member"]), _raw(a["profileDigest"])),
    ),
    "remove-member": ("members", "remove(address)", lambda a: (_address(a["member"]),)),
    "adopt-policy": (
        "policies",
        "adopt(bytes32,bytes32,string,bytes)",
        lambda a: (
            str(a["policy"]).encode().ljust(32, b"\0"),
            _raw(a["digest"]),
            str(a["content"]),
            _raw(a.get("parameters", "0x")),
        ),
    ),
    "mint": (
        "token",
        "mint(address,uint256)",
        lambda a: (_address(a["to"]), _number(a["amount"])),
    ),
    "set-class": (
        "governor",
        "setClassParameters(uint8,(uint16,uint16))",
        lambda a: (_class(a["proposalClass"]), _demand(a)),
    ),
    "set-all-classes": (
        "governor",
        "setAllClassParameters((uint16,uint16)[4])",
        lambda a: (_demands(a["classes"]),),
    ),
    "set-action-class": (
        "governor",
        "setActionClass(address,bytes4,uint8)",
        lambda a: (_address(a["target"]), _raw(a["selector"]), _class(a["proposalClass"])),
    ),
    "set-voting-delay": ("governor", "setVotingDelay(uint48)", _seconds),
    "set-voting-period": ("governor", "setVotingPeriod(uint32)", _seconds),
    "set-vote-extension": ("governor", "setLateQuorumVoteExtension(uint48)", _seconds),
    "set-proposal-threshold": (
        "governor",
        "setProposalThreshold(uint256)",
        lambda a: (_number(a["amount"]),),
    ),
    "set-least-quorum": (
        "governor",
        "updateQuorumNumerator(uint256)",
        lambda a: (_number(a["quorum"]),),
    ),
    "set-timelock-delay": ("timelock", "updateDelay(uint256)", _seconds),
    "set-guardian": (
        "governor",
        "setProposalGuardian(address)",
        lambda a: (_address(a["guardian"]),),
    ),
}
KINDS = frozenset({"pay", "pay-token", "call", *_FUNCTIONS})
"""Every kind of action."""

MEMBER_FUNCTIONS: Mapping[tuple[str, str], str] = {
    ("models", "register"): "register(string,uint96)",
    ("models", "attest"): "attest(uint256,bytes,uint64,uint64,bytes32[])",
    ("models", "flag"): "flag(uint256,bytes32,bytes32)",
    ("models", "evaluate"): "evaluate(uint256,bytes32,uint8,bytes32)",
    ("token", "transfer"): "transfer(address,uint256)",
    ("token", "delegate"): "delegate(address)",
}
"""What members call themselves, without a vote."""
