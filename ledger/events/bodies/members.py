"""The ledger itself, its members and their keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from ledger.events.bodies.base import (
    Body,
    ChainReference,
    Count,
    ResourceDescriptor,
    Role,
    Text,
    Title,
    Value,
    counted,
    event_kind,
    listing,
)
from ledger.events.identifiers import (
    Address,
    Instant,
)
from ledger.events.sealed import Sealable

Roles = Annotated[list[Role], Field(max_length=5)]
ContractName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9]{0,63}$")]
Origin = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9./:_-]{0,199}$")]


class GenesisMember(Value):
    """A member from the first leaf on."""

    member: Address
    roles: Roles
    name: Title | None = None
    profile: ResourceDescriptor | None = None


@event_kind("ledger.created", subject="ledger")
class LedgerCreated(Body):
    """The first leaf: what this ledger is and whom it starts with.

    Attributes:
        ledger: always `ledger`.
        origin: schema-less URL; key name of every checkpoint.
        contracts: contract name to address; where it is not empty only the mirror may admit members
            and change roles.
        log_key: signed-note verifier key of the log.
        mirror: who appends what the contracts did; the operator where absent.
    """

    ledger: Annotated[str, StringConstraints(pattern=r"^ledger$")]
    origin: Origin
    chain_id: Count
    contracts: Annotated[dict[ContractName, Address], Field(max_length=32)]
    log_key: Annotated[str, StringConstraints(pattern=r"^[!-~]{1,512}$")]
    members: Annotated[list[GenesisMember], Field(max_length=256)]
    mirror: Address | None = None

    def summary(self) -> str:
        return (
            f"Create the ledger {self.origin} with {counted(len(self.members), 'member')} "
            f"on chain {self.chain_id}."
        )


@event_kind("member.admitted", subject="member")
class MemberAdmitted(Body):
    """An organisation may take part from now on."""

    member: Address
    roles: Roles
    name: Title | None = None
    profile: ResourceDescriptor | None = None
    chain: ChainReference | None = None

    def summary(self) -> str:
        return f"Admit {self.member} as {listing(list(self.roles)) or 'member without roles'}."


@event_kind("member.roles_changed", subject="member")
class MemberRolesChanged(Body):
    """Roles from now on, all of them."""

    member: Address
    roles: Roles
    chain: ChainReference | None = None

    def summary(self) -> str:
        return f"Set the roles of {self.member} to {listing(list(self.roles)) or 'none'}."


@event_kind("member.removed", subject="member")
class MemberRemoved(Body):
    """The member signs nothing from now on; what it signed stays."""

    member: Address
    reason: Sealable[Text] | None = None
    chain: ChainReference | None = None

    def summary(self) -> str:
        return f"Remove {self.member}."


KindName = Annotated[str, StringConstraints(pattern=r"^[a-z]+\.[a-z_]+$", max_length=64)]


@event_kind("key.authorized", subject="key")
class KeyAuthorized(Body):
    """A person, job or gateway signs on its organisation's behalf, with a key of its own.

    Attributes:
        key: address of the key; belongs to one member only, for ever.
        kinds: what it may sign.
        until: when that ends.
    """

    key: Address
    kinds: Annotated[list[KindName], Field(min_length=1, max_length=64)]
    until: Instant
    label: Sealable[Title] | None = None

    def summary(self) -> str:
        return f"Authorise key {self.key} to sign {listing(list(self.kinds))} until {self.until}."


@event_kind("key.revoked", subject="key")
class KeyRevoked(Body):
    """The key signs nothing from now on."""

    key: Address
    reason: Sealable[Text] | None = None

    def summary(self) -> str:
        return f"Revoke key {self.key}."
