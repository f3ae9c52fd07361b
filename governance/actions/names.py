"""What accounts and models are called, where somebody knows."""

from __future__ import annotations

from typing import Protocol

from governance.actions.calls import contract_at
from governance.addresses import DaoAddresses
from governance.wording import visible
from ledger.keccak import keccak

_CONTRACT_NAMES = {
    "MembershipRegistry": "the membership registry",
    "PolicyRegistry": "the policy registry",
    "AnchorRegistry": "the anchor registry",
    "ModelRegistry": "the model registry",
    "ConcordToken": "the voting token",
    "TimelockController": "the treasury (timelock)",
    "ConcordGovernor": "the governor",
}


class Names(Protocol):
    """A lookup; None where there is no name. What it answers is shown, never believed."""

    def account(self, address: str) -> str | None:
        """The name of an account, by EIP-55 address."""
        ...

    def model(self, token: int) -> str | None:
        """The log's id of a model, by its token; taken only if its hash is the token."""
        ...

    def profile(self, digest: str) -> str | None:
        """What a profile calls its member, by the profile's SHA-256, 0x-hex."""
        ...

    def version(self, model: str, record: str) -> str | None:
        """The version of a model, by its id and the hash of the leaf that records it, 0x-hex."""
        ...


class NoNames:
    """Knows nobody."""

    def account(self, address: str) -> str | None:  # noqa: ARG002
        """None."""
        return None

    def model(self, token: int) -> str | None:  # noqa: ARG002
        """None."""
        return None

    def profile(self, digest: str) -> str | None:  # noqa: ARG002
        """None."""
        return None

    def version(self, model: str, record: str) -> str | None:  # noqa: ARG002
        """None."""
        return None


def model_token(model: str) -> int:
    """The token of the model that the log calls `model`, as `ModelRegistry.modelOf`."""
    return int.from_bytes(keccak(model.encode()))


def account_words(address: str, names: Names, at: DaoAddresses) -> str:
    """How a sentence names an account: the DAO's own contracts by what they are, others by their
    name if they have one, and always with the address.
    """
    contract = contract_at(address, at)
    if contract is not None:
        return f"{_CONTRACT_NAMES[contract]} ({address})"
    name = names.account(address)
    return address if name is None else f'"{visible(name, 80)}" ({address})'


def version_words(model: str, record: str, names: Names) -> str:
    """How a sentence names a version of a model: by what the log calls it, if it does, and always
    with its record.
    """
    version = names.version(model, record)
    return (
        f"the version with record {record}"
        if version is None
        else f"version {visible(version, 80)} (record {record})"
    )
