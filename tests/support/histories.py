"""A log in memory: events are authorised, made leaves and projected, and questions are asked of it.

No database and no server: what the audit and the offline verifier are tested with. Each event is
recorded at the consortium's clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ledger.audit import ModelAudit, Tree, audit
from ledger.events import Event, SigningKey, encode_leaf
from ledger.events.canonical import JsonObject, JsonValue
from ledger.events.identifiers import Milliseconds
from ledger.merkle import Checkpoint, MerkleTree, leaf_hash, sign_checkpoint
from ledger.rules import authorise
from ledger.views.projections import project
from ledger.views.records import Model
from ledger.views.state import MemoryState
from tests.support.ledgers import DAY, Consortium, digest_of

HOUR = 60 * 60 * 1000


@dataclass
class History:
    """A ledger as it grows.

    Attributes:
        consortium: who signs; its clock is the ledger's too.
        state: the views.
        leaves: the entries.
        merkle: the tree over them.
    """

    consortium: Consortium = field(default_factory=Consortium)
    state: MemoryState = field(default_factory=MemoryState)
    leaves: list[bytes] = field(default_factory=list)
    merkle: MerkleTree = field(default_factory=MerkleTree)

    @property
    def size(self) -> int:
        return len(self.leaves)

    @property
    def now(self) -> int:
        return self.consortium.clock.now

    def pass_time(self, milliseconds: int) -> None:
        self.consortium.clock.move(milliseconds)

    def record(self, event: Event) -> int:
        """Appends an event that the rules let through; its index."""
        authorise(event, state=self.state, now=self.now)
        return self.force(event)

    def force(self, event: Event) -> int:
        """Appends an event whatever the rules say, as a dishonest operator would."""
        leaf = encode_leaf(event, Milliseconds(self.now))
        index = self.merkle.append(leaf_hash(leaf))
        project(
            event,
            index=index,
            recorded_at=self.now,
            leaf_hash=leaf_hash(leaf),
            state=self.state,
        )
        self.leaves.append(leaf)
        return index

    def sign(self, signer: SigningKey, kind: str, **body: JsonValue) -> int:
        """Signs and records an event of any kind; its index."""
        return self.record(self.consortium.event(signer, kind, body))

    def begin(self) -> None:
        """Records the first leaf."""
        self.record(self.consortium.genesis())

    def dataset(self, dataset: str, steward: int = 0, **fields: JsonValue) -> int:
        """A dataset with version 1; the index of its registration."""
        index = self.record(self.consortium.dataset(dataset, steward, **fields))
        self.record(self.consortium.dataset_version(dataset, "1", steward))
        return index

    def grant(self, grant: str, dataset: str, **fields: Any) -> int:
        return self.record(self.consortium.grant(grant, dataset, **fields))

    def revoke(self, grant: str, effect: str = "prospective", **fields: JsonValue) -> int:
        body: JsonObject = {"effectiveAt": self.consortium.at(), "effect": effect}
        return self.sign(
            self.consortium.stewards[0], "access.revoked", grant=grant, **body | fields
        )

    def train(
        self,
        model: str = "m",
        version: str = "1",
        *,
        inputs: Sequence[JsonValue] = (),
        base: Sequence[JsonValue] = (),
        run: str | None = None,
        lab: int = 0,
        **fields: JsonValue,
    ) -> int:
        """A run and the version that came out of it; the index of the run's event."""
        name = run or f"run-{model}-{version}"
        made = self.record(
            self.consortium.run_completed(name, [*inputs], [(model, version)], lab, **fields)
        )
        self.publish(model, version, run=name, base=base, lab=lab)
        return made

    def publish(
        self,
        model: str,
        version: str,
        *,
        run: str | None = None,
        base: Sequence[JsonValue] = (),
        lab: int = 0,
        **fields: JsonValue,
    ) -> int:
        """A model version, its model registered first if it is new."""
        if not self.state.where(Model, "model", model):
            self.record(self.consortium.model(model, lab))
        body: JsonObject = {"relation": "finetuned" if base else "trained", "base": [*base]}
        if run is not None:
            body["run"] = run
        event = self.consortium.model_version(model, version, lab, **(body | fields))
        return self.record(event)

    def tree(self, size: int | None = None) -> Tree:
        size = self.size if size is None else size
        return Tree(size, self.merkle.root(size))

    def checkpoint(self) -> str:
        """The signed checkpoint of the present size."""
        key = self.consortium.log_key
        return sign_checkpoint(Checkpoint(key.name, self.size, self.merkle.root()), key)

    def audit(
        self, model: str = "m", version: str = "1", *, size: int | None = None, **options: Any
    ) -> ModelAudit:
        return audit(self.state, model=model, version=version, tree=self.tree(size), **options)


def used(
    dataset: str, grant: str | None = None, version: str = "1", digest: str | None = None
) -> JsonObject:
    """An input of a run: a dataset version under a grant, with its right digest."""
    seen = digest_of(f"{dataset}@{version}") if digest is None else digest
    item: JsonObject = {"dataset": dataset, "version": version, "digest": {"sha256": seen}}
    return item if grant is None else item | {"grant": grant}


def codes(answer: ModelAudit, severity: str | None = None) -> list[str]:
    """The codes that were found, in order, perhaps of one severity only."""
    return [f.code.value for f in answer.findings if severity in {None, f.severity}]


__all__ = ["DAY", "HOUR", "History", "codes", "used"]
