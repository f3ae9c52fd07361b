"""Questions to a large ledger: audit, bundle, impact, lineage, and the closure of a huge graph.

    python -m benchmarks.audit [--events 1000000] [--ancestors 10000] [--nodes 1000000]

Builds a database of so many events: two chains of models, of 100 and of 10,000 ancestors, spread
evenly among recorded uses, nearly half of them within runs. Then asks as the service does, in one
read transaction each, and prints each figure beside its limit; every figure is the median of five.
The chains' events are signed and the small chain's bundle is verified; the uses between them carry
no valid signature, as nothing here looks at it. The collector is set as in the service.

Limits: audit of 10,000 ancestors < 1 s, bundle for 100 ancestors < 300 ms, closure over 1,000,000
nodes and as many edges < 1 s, peak memory < 500 MB.
"""

from __future__ import annotations

import argparse
import dataclasses
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeVar

from sqlmodel import SQLModel

from ledger.audit import (
    LineageIndex,
    ModelAudit,
    Question,
    Tree,
    audit,
    audit_json,
    build_bundle,
    decide,
    gather,
    gather_decision,
    impact,
    lineage,
)
from ledger.audit.model_audit import MAX_ANCESTORS
from ledger.events import Event, encode_leaf
from ledger.events.canonical import JsonObject, JsonValue
from ledger.events.identifiers import Milliseconds
from ledger.merkle import Checkpoint, TileEdge, leaf_hash, sign_checkpoint
from ledger.rules.purposes import Terms
from ledger.store.engine import Database, open_database
from ledger.store.evidence import SqlRows
from ledger.store.migrate import migrate
from ledger.store.sql_state import SqlState
from ledger.store.statements import insert_into, rows_by_key, upsert_into
from ledger.store.tables.log import LeafRow, TileRow
from ledger.store.tiles import ConnectionTiles
from ledger.verify import verify_bundle
from ledger.views.projections import project
from service.memory import settle
from tests.support.ledgers import Consortium, digest_of

T = TypeVar("T")
ROUNDS = 5
BATCH = 2_000
NODES_A_LINK = 3
"""A link of a chain: a model version, its run, and the dataset version that the run used."""

_LEAVES = SQLModel.metadata.tables[str(LeafRow.__tablename__)]
_TILES = SQLModel.metadata.tables[str(TileRow.__tablename__)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--ancestors", type=int, default=10_000)
    parser.add_argument("--nodes", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        database = open_database(f"sqlite:///{Path(scratch) / 'ledger.db'}")
        begun = time.perf_counter()
        tree, note, consortium = build(database, arguments.events, arguments.ancestors)
        print(f"{tree.size:,} events built in {time.perf_counter() - begun:.0f} s")
        settle()
        met = ask(database, tree, note, consortium, arguments.ancestors)
        database.dispose()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    met &= told("peak memory with the ledger", peak, "MB", 500)
    met &= measure_closure(arguments.nodes)
    sys.exit(0 if met else 1)


def ask(database: Database, tree: Tree, note: str, consortium: Consortium, ancestors: int) -> bool:
    small, large = links(100), links(ancestors)
    met = True
    seconds, answer = median(lambda: audited(database, tree, f"large-{large - 1}"))
    assert (answer.verdict, len(answer.ancestors)) == ("clean", large * NODES_A_LINK), (
        answer.verdict,
        answer.findings[:2],
    )
    met &= told(f"audit of {len(answer.ancestors):,} ancestors", seconds * 1e3, "ms", 1000)
    seconds, _ = median(lambda: audit_json(answer))
    told("  its JSON besides", seconds * 1e3, "ms")
    seconds, answer = median(lambda: audited(database, tree, f"small-{small - 1}"))
    told(f"audit of {len(answer.ancestors):,} ancestors", seconds * 1e3, "ms")
    seconds, document = median(lambda: bundled(database, tree, note, f"small-{small - 1}"))
    met &= told(f"bundle for {len(answer.ancestors):,} ancestors", seconds * 1e3, "ms", 300)
    seconds, verified = median(lambda: verify_bundle(document, [consortium.log_key.verifier]))
    assert verified.answer == answer
    events = len(verified.events)
    told(f"  verified offline: {events:,} events, {len(document):,} bytes", seconds * 1e3, "ms")
    question = Question(
        subject=consortium.labs[0].address,
        action="train",
        dataset="small-data-0",
        at=consortium.clock.now,
        purpose=Terms(frozenset({"HMB"}), ()),
    )
    seconds, decision = median(lambda: decided(database, question, tree.size))
    assert decision
    told("access decision", seconds * 1e3, "ms")
    seconds, reached = median(
        lambda: reading(database, lambda r: impact(r, dataset="large-data-0", size=tree.size))
    )
    told(f"impact on {len(reached.models):,} model versions", seconds * 1e3, "ms")
    start = f"model:small-{small - 1}@1"
    seconds, graph = median(
        lambda: reading(
            database, lambda r: lineage(r, start, direction="ancestors", size=tree.size)
        )
    )
    told(f"lineage of {len(graph.nodes):,} nodes", seconds * 1e3, "ms")
    return met


def reading(database: Database, question: Callable[[SqlRows], T]) -> T:
    with database.read() as connection:
        return question(SqlRows(connection))


def audited(database: Database, tree: Tree, model: str) -> ModelAudit:
    with database.read() as connection:
        found = gather(
            SqlRows(connection), model=model, version="1", manifests={}, limit=MAX_ANCESTORS
        )
        return audit(found.state, model=model, version="1", tree=tree, within=found.within)


def bundled(database: Database, tree: Tree, note: str, model: str) -> bytes:
    with database.read() as connection:
        found = gather(
            SqlRows(connection), model=model, version="1", manifests={}, limit=MAX_ANCESTORS
        )
        answer = audit(found.state, model=model, version="1", tree=tree, within=found.within)

        def leaves(indices: Sequence[int]) -> Mapping[int, bytes]:
            keys = [(index,) for index in indices]
            wanted = ("index", "leaf")
            rows = rows_by_key(connection, _LEAVES, ("index",), keys, wanted=wanted)
            return {int(row[0]): bytes(row[1]) for row in rows}  # type: ignore[arg-type]

        return build_bundle(
            found.state,
            answer,
            leaves=leaves,
            tiles=ConnectionTiles(connection),
            checkpoint=note,
            manifests={},
        )


def decided(database: Database, question: Question, size: int) -> bool:
    with database.read() as connection:
        state = gather_decision(
            SqlRows(connection), subject=question.subject, dataset=question.dataset
        )
        return decide(state, question, size=size).allowed


def measure_closure(nodes: int) -> bool:
    generator = random.Random(1)
    index = LineageIndex()
    begun = time.perf_counter()
    index.extend(
        (f"node:{n}", f"node:{generator.randrange(max(0, n - 50), n)}") for n in range(1, nodes)
    )
    told(f"index of {nodes:,} nodes built", (time.perf_counter() - begun) * 1e3, "ms")
    seconds, found = median(lambda: index.downstream("node:0"))
    assert len(found) == nodes - 1
    return told(f"closure over {nodes:,} nodes and edges", seconds * 1e3, "ms", 1000)


def median(task: Callable[[], T]) -> tuple[float, T]:
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        result = task()
        times.append(time.perf_counter() - begun)
    return statistics.median(times), result


def told(what: str, figure: float, unit: str, limit: float | None = None) -> bool:
    met = limit is None or figure < limit
    beside = "" if limit is None else f"   limit {limit:,.0f} {unit}: {'met' if met else 'MISSED'}"
    print(f"{what:56}{figure:10.1f} {unit}{beside}")
    return met


def links(ancestors: int) -> int:
    """Links of a chain that has at least so many ancestors."""
    return -(-ancestors // NODES_A_LINK)


def build(database: Database, events: int, ancestors: int) -> tuple[Tree, str, Consortium]:
    """Fills a database as the log would, without checking what was just made."""
    migrate(database)
    consortium = Consortium()
    edge = TileEdge()
    state = SqlState()
    source = stream(consortium, events, ancestors)
    while batch := list(islice(source, BATCH)):
        with database.write() as connection:
            state.begin(connection)
            rows, hashes = [], []
            for index, event in enumerate(batch, start=edge.size):
                leaf = encode_leaf(event, Milliseconds(consortium.clock.now))
                hashed = leaf_hash(leaf)
                project(
                    event,
                    index=index,
                    recorded_at=consortium.clock.now,
                    leaf_hash=hashed,
                    state=state,
                )
                state.accept()
                hashes.append(hashed)
                rows.append(leaf_row(index, event, leaf, consortium.clock.now))
            state.flush()
            edge, tiles = edge.append(hashes)
            connection.exec_driver_sql(insert_into(_LEAVES, "sqlite"), rows)
            connection.exec_driver_sql(
                upsert_into(_TILES, "sqlite"), [(t.level, t.n, t.hashes) for t in tiles]
            )
        state.commit()
    tree = Tree(edge.size, edge.range.root())
    key = consortium.log_key
    return tree, sign_checkpoint(Checkpoint(key.name, tree.size, tree.root), key), consortium


def leaf_row(
    index: int, event: Event, leaf: bytes, recorded_at: int
) -> tuple[int | str | bytes, ...]:
    values: dict[str, int | str | bytes] = {
        "index": index,
        "event_id": event.id,
        "actor": event.actor,
        "nonce": bytes.fromhex(event.nonce[2:]),
        "kind": event.kind,
        "subject": event.subject,
        "issued_at": event.issued_at,
        "recorded_at": recorded_at,
        "leaf": leaf,
    }
    return tuple(values[column.name] for column in _LEAVES.columns)


def stream(consortium: Consortium, events: int, ancestors: int) -> Iterator[Event]:
    """The chains' events, evenly spread among uses."""
    chains = [
        *chain(consortium, "small", links(100)),
        *chain(consortium, "large", links(ancestors)),
    ]
    yield consortium.genesis()
    uses = [consortium.use("large-grant-0", run=run) for run in ("large-run-0", "elsewhere")]
    uses += [consortium.use("large-grant-0"), consortium.use("small-grant-0")]
    between = max(0, (events - 1) // len(chains) - 1)
    made = 1
    for make in chains:
        yield make()
        made += 1
        for _ in range(between):
            use = uses[1 + made % 3]
            nonce = "0x" + consortium.random.randbytes(32).hex()
            yield dataclasses.replace(use, nonce=nonce)
            made += 1


def chain(consortium: Consortium, name: str, length: int) -> Iterator[Callable[[], Event]]:
    """For each link: a dataset, its version, a grant, a model, a run on it and on the model before,
    and the version that came out.
    """
    for number in range(length):
        steward, model = number % 3, f"{name}-{number}"
        data, grant, run = f"{name}-data-{number}", f"{name}-grant-{number}", f"{name}-run-{number}"
        used: JsonObject = {
            "dataset": data,
            "version": "1",
            "grant": grant,
            "digest": {"sha256": digest_of(f"{data}@1")},
        }
        base: list[JsonValue] = (
            [{"model": f"{name}-{number - 1}", "version": "1"}] if number else []
        )
        relation = "finetuned" if base else "trained"
        now = consortium.at()
        yield lambda d=data, s=steward: consortium.dataset(d, s)  # type: ignore[misc]
        yield lambda d=data, s=steward: consortium.dataset_version(d, "1", s)  # type: ignore[misc]
        yield lambda g=grant, d=data, s=steward: consortium.grant(g, d, s)  # type: ignore[misc]
        yield lambda m=model: consortium.model(m)  # type: ignore[misc]
        yield lambda r=run, m=model, i=[used, *base], t=now: consortium.run_completed(  # type: ignore[misc]
            r, i, [(m, "1")], startedAt=t, endedAt=t
        )
        yield lambda m=model, r=run, k=relation, b=base: consortium.model_version(  # type: ignore[misc]
            m, "1", run=r, relation=k, base=b
        )


if __name__ == "__main__":
    main()
