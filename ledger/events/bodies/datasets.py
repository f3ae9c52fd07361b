"""Datasets, their versions and who answers for them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Discriminator, Field, StringConstraints, Tag, model_validator

from ledger.events.bodies.base import (
    Body,
    Count,
    Disease,
    DuoTerm,
    License,
    ResourceDescriptor,
    Text,
    Title,
    Value,
    Version,
    counted,
    event_kind,
)
from ledger.events.identifiers import Address, Cid, Identifier
from ledger.events.sealed import Sealable

OdrlTerm = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9:/._#-]{0,127}$")]


def _operand_type(value: object) -> str:
    if isinstance(value, list):
        return "<list>"
    return "<string>" if isinstance(value, str) else "<integer>"


_Operand = Discriminator(_operand_type)
_String = Annotated[str, StringConstraints(max_length=256), Tag("<string>")]
_Integer = Annotated[Count, Tag("<integer>")]
OdrlValue = Annotated[_String | _Integer, _Operand]
_Values = Annotated[list[OdrlValue], Field(max_length=64), Tag("<list>")]


class Constraint(Value):
    """ODRL 2.2 constraint. An operand that the audit does not understand means *deny*."""

    left_operand: OdrlTerm
    operator: OdrlTerm
    right_operand: Annotated[_String | _Integer | _Values, _Operand]


class OdrlRule(Value):
    """ODRL 2.2 permission or prohibition on the dataset."""

    action: OdrlTerm
    constraint: Annotated[list[Constraint], Field(max_length=16)] = []


class Offer(Value):
    """ODRL 2.2 offer: what a request may ask for."""

    permission: Annotated[list[OdrlRule], Field(max_length=16)] = []
    prohibition: Annotated[list[OdrlRule], Field(max_length=16)] = []


class Usage(Value):
    """What the data may be used for: consent codes, and an offer where the terms go beyond them."""

    duo: Annotated[list[DuoTerm], Field(min_length=1, max_length=23)]
    diseases: Annotated[list[Disease], Field(max_length=32)] = []
    odrl: Offer | None = None

    @model_validator(mode="after")
    def _disease_specific_names_diseases(self) -> Usage:
        if "DS" in self.duo and not self.diseases:
            raise ValueError("DS (disease specific research) needs at least one disease")
        return self


@event_kind("dataset.registered", subject="dataset")
class DatasetRegistered(Body):
    """A dataset exists, with its terms and the steward who answers for it."""

    dataset: Identifier
    title: Sealable[Title]
    license: License
    usage: Usage
    personal_data: bool
    steward: Address
    description: Sealable[Text] | None = None

    def summary(self) -> str:
        personal = "personal data" if self.personal_data else "no personal data"
        return (
            f"Register dataset {self.dataset} ({personal}) under {', '.join(self.usage.duo)}, "
            f"licence {self.license}, steward {self.steward}."
        )


@event_kind("dataset.version_published", subject="dataset")
class DatasetVersionPublished(Body):
    """The exact bytes of one version, by digest."""

    dataset: Identifier
    version: Version
    distribution: Annotated[list[ResourceDescriptor], Field(min_length=1, max_length=256)]
    record_count: Count | None = None
    croissant: Cid | None = None
    revision_of: Version | None = None

    def summary(self) -> str:
        return (
            f"Publish version {self.version} of dataset {self.dataset}: "
            f"{counted(len(self.distribution), 'file')}, first SHA-256 "
            f"{self.distribution[0].digest.sha256}."
        )


@event_kind("dataset.stewardship_transferred", subject="dataset")
class StewardshipTransferred(Body):
    """Another steward answers for the dataset from now on."""

    dataset: Identifier
    to: Address

    def summary(self) -> str:
        return f"Transfer the stewardship of dataset {self.dataset} to {self.to}."


@event_kind("dataset.withdrawn", subject="dataset")
class DatasetWithdrawn(Body):
    """No new use from now on."""

    dataset: Identifier
    reason: Sealable[Text] | None = None

    def summary(self) -> str:
        return f"Withdraw dataset {self.dataset}."
