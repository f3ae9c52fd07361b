"""Exchanging the relayer's key, so that the members can take every right from the old one.

The relayer sends transactions: ballots, steps of proposals, anchors. The mirror signs events, and
the first leaf names it for ever. Both begin with one key. An exchange parts them: the old key stays
as the mirror's, which the service takes from itself alone, and a new one is the relayer's. What the
old account may do on chain is then for the members to take away, and to give to the new one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import orjson

from ledger.events import SigningKey
from ledger.events.canonical import JsonValue
from service.dao import read_mirror, read_plan, read_relayer
from service.durable import write_durably
from service.settings import Settings

SECRET_BYTES = 32
ACTIONS = "relayer.actions.json"
"""File, in the data directory, of what the members are to vote on."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What an exchange has done.

    Attributes:
        old: account that was the relayer.
        new: account that is.
        mirror: account of the mirror, as before.
        kept: file that holds the old key.
        actions: file of the proposal that gives the new account what the old one had.
    """

    old: str
    new: str
    mirror: str
    kept: Path
    actions: Path


def exchange_relayer(settings: Settings, randomness: Callable[[int], bytes]) -> Exchange:
    """Makes a new key for the relayer. No process may serve the ledger meanwhile.

    The old key is durable under its new name before the new one takes its place, so an interruption
    at any point leaves a ledger that can be served.

    Args:
        settings: of the ledger.
        randomness: gives n random bytes.

    Raises:
        DaoFileMissing, DaoFileDamaged: the ledger has no DAO here, or its files are damaged.
        OSError: a file cannot be written.
    """
    read_plan(settings)
    old, mirror = read_relayer(settings), read_mirror(settings)
    kept = settings.mirror_key_path
    if old.address != mirror.address:
        kept = settings.relayer_key_path.with_name(f"relayer-{old.address}.key")
    if not kept.exists():
        write_durably(kept, old.secret.hex() + "\n")
    new = SigningKey(randomness(SECRET_BYTES))
    actions = settings.data_dir / ACTIONS
    write_durably(actions, _actions(old.address, new.address))
    write_durably(settings.relayer_key_path, new.secret.hex() + "\n")
    return Exchange(old.address, new.address, mirror.address, kept, actions)


def _actions(old: str, new: str) -> str:
    wanted: list[JsonValue] = [
        {"action": "admit", "member": new, "roles": ["operator"]},
        {"action": "remove-member", "member": old},
    ]
    return orjson.dumps(wanted, option=orjson.OPT_INDENT_2).decode() + "\n"
