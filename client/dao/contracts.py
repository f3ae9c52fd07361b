"""Which contracts a client believes in: those that the log's first leaf names.

A server that shows other contracts, or another chain, is contradicted by the log that it serves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from client.errors import NoDao
from client.trust import Trust
from ledger.events import RecordedEvent
from ledger.events.bodies.members import LedgerCreated

ZERO_ADDRESS = "0x" + 40 * "0"


@dataclass(frozen=True, slots=True)
class DaoContracts:
    """The DAO's contracts, addresses in EIP-55.

    Attributes:
        chain_id: EIP-155 id of their chain.
        members: `MembershipRegistry`.
        policies: `PolicyRegistry`.
        anchors: `AnchorRegistry`.
        models: `ModelRegistry`.
        token: `ConcordToken`.
        timelock: `TimelockController`, which holds the treasury.
        governor: `ConcordGovernor`.
    """

    chain_id: int
    members: str
    policies: str
    anchors: str
    models: str
    token: str
    timelock: str
    governor: str

    @classmethod
    def named_by(cls, first: RecordedEvent, trust: Trust) -> Self:
        """The contracts that a log's first leaf names.

        Raises:
            NoDao: it names none, or is no first leaf of the trusted log.
        """
        body = first.event.body
        if not isinstance(body, LedgerCreated):
            raise NoDao("The log's first leaf does not say what the ledger is; whose log is it?")
        if (body.origin, body.chain_id) != (trust.origin, trust.chain_id):
            raise NoDao(
                f"The first leaf is of {body.origin} on chain {body.chain_id}, trusted is "
                f"{trust.origin} on chain {trust.chain_id}."
            )
        names = {
            "members": "MembershipRegistry",
            "policies": "PolicyRegistry",
            "anchors": "AnchorRegistry",
            "models": "ModelRegistry",
            "token": "ConcordToken",
            "timelock": "TimelockController",
            "governor": "ConcordGovernor",
        }
        missing = [name for name in names.values() if name not in body.contracts]
        if missing:
            raise NoDao(
                f"The ledger {body.origin} was made without a DAO: its first leaf names no "
                f"{missing[0]}. Nothing is voted on here."
            )
        found = {field: body.contracts[name] for field, name in names.items()}
        return cls(chain_id=body.chain_id, **found)
