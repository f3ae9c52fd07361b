"""The compiled contracts.

`artifacts/` holds what `compile.mjs` made of `solidity/` with the pinned compiler. It is committed,
so running Concord takes no compiler and no Node; a test compiles again and compares byte for byte.
Nothing here talks to a chain.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal, cast, get_args

from eth_utils.abi import function_abi_to_4byte_selector

if TYPE_CHECKING:
    from eth_typing import ABI

ContractName = Literal[
    "AnchorRegistry",
    "ConcordGovernor",
    "ConcordToken",
    "MembershipRegistry",
    "ModelRegistry",
    "PolicyRegistry",
    "TimelockController",
]
CONTRACT_NAMES: tuple[ContractName, ...] = get_args(ContractName)


@dataclass(frozen=True, slots=True)
class Artifact:
    """What it takes to deploy a contract and to call it.

    Attributes:
        name: the contract's name in its source.
        abi: functions, events, errors and the constructor.
        bytecode: creation code, without constructor arguments.
        deployed_bytecode: runtime code; immutable values are zeros in it.
    """

    name: ContractName
    abi: ABI
    bytecode: bytes
    deployed_bytecode: bytes

    def selector(self, function: str) -> bytes:
        """The four bytes that choose a function, for a name that is not overloaded.

        Raises:
            KeyError: there is no such function, or more than one.
        """
        found = [
            entry for entry in self.abi if entry["type"] == "function" and entry["name"] == function
        ]
        if len(found) != 1:
            raise KeyError(f"{self.name} has {len(found)} functions called {function}")
        return function_abi_to_4byte_selector(found[0])


@cache
def artifact(name: ContractName) -> Artifact:
    """Read one compiled contract.

    Raises:
        FileNotFoundError: there is no contract of this name.
    """
    text = resources.files(__name__).joinpath("artifacts", f"{name}.json").read_text("utf-8")
    document = json.loads(text)
    return Artifact(
        name=name,
        abi=cast("ABI", document["abi"]),
        bytecode=bytes.fromhex(document["bytecode"].removeprefix("0x")),
        deployed_bytecode=bytes.fromhex(document["deployedBytecode"].removeprefix("0x")),
    )
