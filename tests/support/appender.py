"""A process that appends under load and says what was acknowledged, until somebody kills it.

    python -m tests.support.appender DATABASE_URL LAST_SIGNED SEED [MAX_FILE_BYTES]

Prints one line an acknowledged event, `index event-id`, as soon as it is acknowledged, and one line
`error CODE` for any that is not.
"""

from __future__ import annotations

import resource
import signal
import sys
import threading
from pathlib import Path

from ledger.events import SigningKey
from ledger.log import Appended, Limits, Log, Submission
from ledger.store.engine import open_database
from tests.support.ledgers import Consortium

THREADS = 6
ROUNDS = 100_000


def _main(url: str, last_signed: str, seed: int, max_file_bytes: int) -> None:
    if max_file_bytes:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (max_file_bytes, max_file_bytes))
    consortium = Consortium(seed=seed)
    log = Log.open(
        open_database(url),
        signing_key=consortium.log_key,
        domain=consortium.domain,
        clock=consortium.clock,
        limits=Limits(batch=50),
        last_signed_path=Path(last_signed),
    )
    output = threading.Lock()
    stop = threading.Event()

    def append(thread: int) -> None:
        mine = Consortium(seed=seed * 100 + thread)
        steward: SigningKey = mine.stewards[thread % 3]
        for n in range(ROUNDS):
            if stop.is_set():
                return
            events = [
                mine.dataset(f"d-{seed}-{thread}-{n}-{m}", thread % 3) for m in range(1 + n % 4)
            ]
            assert all(event.actor == steward.address for event in events)
            for answer in log.append([Submission(event) for event in events]):
                with output:
                    if isinstance(answer, Appended):
                        print(answer.index, answer.event_id.hex(), flush=True)
                    else:
                        print("error", answer.code, flush=True)
                        stop.set()

    threads = [threading.Thread(target=append, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int((*sys.argv, "0")[4]))
