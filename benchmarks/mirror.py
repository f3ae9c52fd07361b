"""The mirror's speed, and how soon it goes on after a restart.

    python -m benchmarks.mirror [--logs 5000] [--blocks 10000] [--directory DIR]

1. Contract logs a second that become events of a real log (signed, authorised, durable, views
   written). They are transfers, each of which makes two more logs that have no kind and are read
   for nothing. Beside it, in the same run: reading the same logs from the chain alone, and
   appending as many signed events alone; mirroring does both, one after the other. The figure for
   a processor's second tells what a busy machine hides.
2. Restart over a chain of so many blocks: opening chain and log, finding the position, and taking
   the last block. Once with the position that was stored, once with nothing but the log to go by.

Limits: >= 1,000 logs a second; restart < 2 s.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from governance.mirror import Mirror
from governance.mirror.contract_logs import LogReader
from ledger.chain.connect import connect
from ledger.chain.signing import TransactionDraft
from ledger.events.canonical import JsonObject
from ledger.log import Appended, Log, Submission
from ledger.store.engine import open_database
from ledger.store.migrate import migrate
from tests.governance.dao import ALICE, BOB, DEPLOYER, Dao, canonical, encoded, found
from tests.governance.mirrored import DaoConsortium, consortium_of, key_of
from tests.support.chains import Backend, embedded_chain, everyone

T = TypeVar("T")

LOGS_LIMIT, RESTART_LIMIT = 1_000, 2.0
TRANSFERS_A_BLOCK = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logs", type=int, default=5_000)
    parser.add_argument("--blocks", type=int, default=10_000)
    parser.add_argument("--directory", type=Path, help="on the disk to be measured")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.directory) as scratch:
        met = Bench(Path(scratch)).run(arguments.logs, arguments.blocks)
    sys.exit(0 if met else 1)


class Bench:
    """One chain, one log, one DAO."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.chain = embedded_chain(folder / "chain")
        self.dao: Dao = found(Backend("embedded", self.chain, DEPLOYER.signer))
        self.consortium: DaoConsortium = consortium_of(self.dao.plan)
        self.url = f"sqlite:///{folder / 'ledger.db'}"
        database = open_database(self.url)
        migrate(database)
        self.log = Log.create(
            database,
            self.consortium.genesis(),
            signing_key=self.consortium.log_key,
            domain=self.consortium.domain,
            clock=self.consortium.clock,
            last_signed_path=folder / "last-signed",
        )

    def run(self, logs: int, blocks: int) -> bool:
        """Measures everything; returns whether the limits are met."""
        self._mirror().catch_up()
        self._transfer(logs)
        mirrored = self._measure_mirror(logs)
        seconds = self._measure_restart(blocks)
        print(f"limits: >= {LOGS_LIMIT} logs/s, restart < {RESTART_LIMIT} s")
        return mirrored >= LOGS_LIMIT and seconds < RESTART_LIMIT

    def _transfer(self, count: int) -> None:
        function = self.dao.token.functions.transfer(BOB.address, 1)
        draft = TransactionDraft(to=canonical(function.address), data=encoded(function))
        for start in range(0, count, TRANSFERS_A_BLOCK):
            self.chain.send_many([draft] * min(TRANSFERS_A_BLOCK, count - start), ALICE.signer)

    def _measure_mirror(self, count: int) -> float:
        reader = LogReader(self.dao.at)
        mirror = self._mirror()
        start = self.chain.start(self.dao.plan.from_block)
        reading, batch = timed(
            lambda: self.chain.read_logs(start, reader.addresses, max_blocks=10**6)
        )
        appending = self._measure_append(count)
        started = time.process_time()
        seconds, progress = timed(mirror.catch_up)
        busy = time.process_time() - started
        assert progress.recorded == count
        rate = count / seconds
        print(f"mirror      {rate:8.0f} logs/s   ({count} logs in {seconds:.2f} s)")
        print(f"            {count / busy:8.0f} logs for each second of one processor")
        print(f"  reading   {len(batch.logs) / reading:8.0f} logs/s   from the chain alone")
        print(f"  appending {count / appending:8.0f} signed events/s alone, of another kind")
        slowest = min(count / appending, len(batch.logs) / reading)
        print(f"  ratio to the slower of the two: {rate / slowest:.2f}")
        return rate

    def _measure_append(self, count: int) -> float:
        """So many signed registrations of a member, in batches as the mirror sends them."""
        steward = key_of(ALICE)
        body: JsonObject = {
            "title": "Records",
            "license": "CC-BY-4.0",
            "usage": {"duo": ["HMB"]},
            "personalData": False,
            "steward": ALICE.address,
        }
        submissions = [
            Submission(
                self.consortium.event(
                    steward, "dataset.registered", body | {"dataset": f"records-{n}"}
                )
            )
            for n in range(count)
        ]

        def append() -> None:
            for start in range(0, count, 500):
                for answer in self.log.append(submissions[start : start + 500]):
                    assert isinstance(answer, Appended), answer

        return timed(append)[0]

    def _measure_restart(self, blocks: int) -> float:
        while self.chain.head().number < blocks:
            self.dao.backend.request("evm_mine")
        self._mirror().catch_up()
        slowest = 0.0
        for case in ("position stored", "from the log"):
            self.log.close()
            self.chain.close()
            seconds, _ = timed(self._restart)
            print(f"restart     {seconds:8.2f} s   with {blocks} blocks, {case}")
            slowest = max(slowest, seconds)
            with self.log.database.write() as connection:
                connection.exec_driver_sql("DELETE FROM chain_cursor")
        self.log.close()
        self.chain.close()
        return slowest

    def _restart(self) -> None:
        self.chain = connect(
            f"embedded:{self.folder / 'chain'}",
            chain_id=self.dao.plan.chain_id,
            is_permitted=everyone,
            development=True,
        )
        self.log = Log.open(
            open_database(self.url),
            signing_key=self.consortium.log_key,
            domain=self.consortium.domain,
            clock=self.consortium.clock,
            last_signed_path=self.folder / "last-signed",
        )
        self._mirror().catch_up()

    def _mirror(self) -> Mirror:
        return Mirror(
            self.log,
            self.chain,
            self.consortium.mirror,
            addresses=self.dao.at,
            from_block=self.dao.plan.from_block,
            clock=self.consortium.clock,
        )


def timed(action: Callable[[], T]) -> tuple[float, T]:
    started = time.perf_counter()
    result = action()
    return time.perf_counter() - started, result


if __name__ == "__main__":
    main()
