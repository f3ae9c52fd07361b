"""Who takes part in the demo, and their keys.

The keys are made anew for each demo and kept like any others, encrypted; their passphrase is
printed, because nothing here is worth protecting.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from client import Keystore, SigningKey

PASSPHRASE = "concord-demo"  # noqa: S105 - printed on purpose, guards play money only


@dataclass(frozen=True, slots=True)
class Role:
    """One member of the demo's consortium."""

    name: str
    title: str
    roles: tuple[str, ...]


OPERATOR = Role("operator", "Concord Operator", ("operator",))
HOSPITALS = (
    Role("hospital-north", "North Hospital", ("steward",)),
    Role("hospital-south", "South Hospital", ("steward",)),
    Role("hospital-west", "West Hospital", ("steward",)),
)
LAB = Role("tumour-lab", "Tumour Lab", ("developer",))
AUDITOR = Role("auditor", "Public Auditor", ("auditor",))
MODEL = "tumour-classifier"
"""Id of the model that the lab trains."""

CAST = (OPERATOR, *HOSPITALS, LAB, AUDITOR)


def make_keys(folder: Path) -> dict[str, SigningKey]:
    """Makes a key for each member and keeps it, encrypted, in the folder.

    Returns:
        Each member's key by name.
    """
    # A low work factor: the passphrase is public anyway, and six derivations of half a second each
    # would be most of the demo's time.
    keystore = Keystore(folder, work_factor=1 << 12)
    keys = {}
    for role in CAST:
        key = SigningKey(secrets.token_bytes(32))
        keystore.save(role.name, key, PASSPHRASE)
        keys[role.name] = key
    return keys


def load_keys(folder: Path) -> dict[str, SigningKey]:
    """The keys that `make_keys` made."""
    keystore = Keystore(folder)
    return {role.name: keystore.unlock(role.name, PASSPHRASE) for role in CAST}


def titles(keys: Mapping[str, SigningKey]) -> dict[str, str]:
    """What members are called, by address."""
    return {keys[role.name].address: role.title for role in CAST}
