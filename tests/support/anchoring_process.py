"""A process that grows a log and anchors it, until somebody kills it.

    python -m tests.support.anchoring_process \
        CHAIN_URL CHAIN_ID REGISTRY OPERATOR_KEY DATABASE_URL LAST_SIGNED SEED

Prints the size of each anchor as soon as it was sent, before its receipt is looked at again.
"""

from __future__ import annotations

import sys
from pathlib import Path

from eth_typing import Address

from ledger.anchor import Anchorer, AnchorTarget
from ledger.chain.connect import connect
from ledger.chain.signing import KeySigner
from ledger.log import Limits, Log, Submission
from ledger.store.engine import open_database
from tests.support.anchoring import AT_ONCE
from tests.support.chains import everyone
from tests.support.ledgers import Consortium


def _main(  # noqa: PLR0917 - as they stand on the command line
    chain_url: str,
    chain_id: str,
    registry: str,
    operator: str,
    database_url: str,
    last_signed: str,
    seed: str,
) -> None:
    consortium = Consortium(seed=int(seed))
    log = Log.open(
        open_database(database_url),
        signing_key=consortium.log_key,
        domain=consortium.domain,
        clock=consortium.clock,
        limits=Limits(batch=50),
        last_signed_path=Path(last_signed),
    )
    chain = connect(
        chain_url, chain_id=int(chain_id), is_permitted=everyone, confirmations=0, development=True
    )
    target = AnchorTarget(
        chain,
        Address(bytes.fromhex(registry)),
        KeySigner.from_bytes(bytes.fromhex(operator)),
        from_block=0,
    )
    anchorer = Anchorer(
        log, target, policy=AT_ONCE, clock=lambda: chain.head().timestamp, max_blocks=3
    )
    while True:
        log.append([Submission(consortium.dataset(f"d-{seed}-{log.size}"))])
        print(anchorer.step().anchored, flush=True)


if __name__ == "__main__":
    _main(*sys.argv[1:])
