"""A process that makes chain events and mirrors them, until somebody kills it.

    python -m tests.governance.mirroring CHAIN_URL DATABASE_URL LAST_SIGNED PLAN_FILE

One thread transfers tokens whenever the mirror has nothing to do, the other mirrors in small
batches. It prints a line for each step that recorded something, so that whoever kills it knows that
there is something to kill.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from governance.mirror import Mirror
from governance.plan import DeploymentPlan
from ledger.chain.chain import Chain
from ledger.chain.connect import connect
from ledger.chain.signing import TransactionDraft
from ledger.log import Limits, Log
from ledger.store.engine import open_database
from tests.governance.dao import ALICE, BOB, canonical, encoded
from tests.governance.mirrored import consortium_of
from tests.support.chains import everyone

TRANSFERS_AT_ONCE = 20


def _transfer_for_ever(chain: Chain, plan: DeploymentPlan, idle: threading.Event) -> None:
    token = plan.addresses.contract(chain.web3, "ConcordToken")
    data = encoded(token.functions.transfer(BOB.address, 1))
    draft = TransactionDraft(to=canonical(token.address), data=data, gas=200_000)
    while idle.wait():
        idle.clear()
        chain.send_many([draft] * TRANSFERS_AT_ONCE, ALICE.signer)


def _main(chain_url: str, database_url: str, last_signed: str, plan_file: str) -> None:
    plan = DeploymentPlan.model_validate_json(Path(plan_file).read_text())
    consortium = consortium_of(plan)
    chain = connect(
        chain_url,
        chain_id=plan.chain_id,
        is_permitted=everyone,
        confirmations=0,
        development=True,
    )
    log = Log.open(
        open_database(database_url),
        signing_key=consortium.log_key,
        domain=consortium.domain,
        clock=consortium.clock,
        limits=Limits(batch=7),
        last_signed_path=Path(last_signed),
    )
    mirror = Mirror(
        log,
        chain,
        consortium.mirror,
        addresses=plan.addresses,
        from_block=plan.from_block,
        clock=consortium.clock,
        batch=5,
        max_blocks=2,
    )
    idle = threading.Event()
    threading.Thread(target=_transfer_for_ever, args=(chain, plan, idle), daemon=True).start()
    while True:
        progress = mirror.step()
        if progress.is_complete:
            idle.set()
        if progress.recorded:
            print(progress.recorded, flush=True)


if __name__ == "__main__":
    _main(*sys.argv[1:])
