"""A process that sends transactions from several threads until it is killed.

Prints the hash of each one as soon as it is acknowledged.
"""

from __future__ import annotations

import secrets
import sys
import threading
import time
from pathlib import Path

from eth_keys.datatypes import PrivateKey

from ledger.chain.node import EmbeddedNode
from ledger.chain.signing import KeySigner, TransactionDraft


def send_for_ever(node: EmbeddedNode, lock: threading.Lock) -> None:
    signer = KeySigner(PrivateKey(secrets.token_bytes(32)))
    while True:
        for outcome in node.send_drafts([TransactionDraft(signer.address)] * 3, signer):
            assert isinstance(outcome, bytes), outcome
            with lock:
                print(outcome.hex(), flush=True)


def main() -> None:
    node = EmbeddedNode.open(
        Path(sys.argv[1]), is_permitted=lambda _: True, clock=time.time, development=True
    )
    lock = threading.Lock()
    for _ in range(4):
        threading.Thread(target=send_for_ever, args=(node, lock)).start()


main()
