"""What members and models are called, as the ledger has it.

A model is named on chain by the Keccak-256 of its id, which nobody can turn around: ids are taken
from the log as it grows and looked up by their hashes.
"""

from __future__ import annotations

import threading

import orjson

from governance.actions.names import model_token
from ledger.store.engine import Database
from ledger.store.reads import MAX_PAGE, EventFilter, snapshot
from ledger.views.records import Member
from service.profiles import Profiles
from service.proposals.records import version_of

_REGISTERED = "model.registered"


class ModelIds:
    """Ids of models by their tokens. Safe to use from any thread.

    Args:
        database: of the ledger.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        # Both guarded by _lock; events with a smaller index than _read have been looked at.
        self._lock = threading.Lock()
        self._read = 0
        self._by_token: dict[int, str] = {}

    def get(self, token: int) -> str | None:
        """The id of a model; None if the log knows none with this token."""
        with self._lock:
            if token not in self._by_token:
                self._read_on()
            return self._by_token.get(token)

    def _read_on(self) -> None:
        with snapshot(self._database) as views:
            size, after = views.size, None
            is_complete = False
            while not is_complete:
                wanted = EventFilter(kind=_REGISTERED, start=self._read, end=size)
                page = views.events(wanted, after=after, limit=MAX_PAGE)
                for leaf in page.rows:
                    model = str(orjson.loads(leaf.leaf)["event"]["subject"])
                    self._by_token[model_token(model)] = model
                after = page.rows[-1].index if page.rows else None
                is_complete = page.next is None
        self._read = size


class LedgerNames:
    """Names for one request: each is looked up once.

    Args:
        database: of the ledger.
        models: shared by all requests.
        profiles: what members are called, if anybody says.
    """

    def __init__(
        self,
        database: Database,
        models: ModelIds,
        profiles: Profiles,
    ) -> None:
        self._database = database
        self._models = models
        self._profiles = profiles
        self._accounts: dict[str, str | None] = {}

    def account(self, address: str) -> str | None:
        """A member's name; None for anybody else."""
        if address not in self._accounts:
            with snapshot(self._database) as views:
                member = views.get(Member, address)
            self._accounts[address] = self._profiles.name_of(member)
        return self._accounts[address]

    def model(self, token: int) -> str | None:
        """A model's id in the log."""
        return self._models.get(token)

    def profile(self, digest: str) -> str | None:
        """What a profile that the ledger keeps calls its member."""
        return self._profiles.name_in(digest.removeprefix("0x"))

    def version(self, model: str, record: str) -> str | None:
        """The version that a model's developer published with this record."""
        with snapshot(self._database) as views:
            found = version_of(views, model, record)
        return None if found is None else found.version
