"""Checking a receipt, a bundle or a whole log with no server.

What each proves:
- a *receipt*: the log signed for this leaf at this index;
- a *bundle*: its events stand in the log, signed by their actors and authorised by the rules, and
  its answer follows from them, found by replaying them and auditing again. It does not prove that
  nothing was left out: who writes a bundle may leave away, say, a revocation that it does not want
  seen;
- a *whole log*: every leaf below a signed checkpoint, replayed. The same audit over all of them
  proves that a bundle left nothing out.

An anchor is a claim until its chain has been asked. A chain is asked here for one thing only, where
it is given: whether contract wallets (EIP-1271) took the signatures of their events. Without it an
answer that rests on such events is incomplete, and names them. Every refusal has a class and says
what differs first.

Read from the bottom: `receipts`, `bundles`, `logs`.
"""

from ledger.verify.bundles import REPLAY_LIMIT, VerifiedBundle, verify_bundle
from ledger.verify.logs import ReplayedLog, audit_whole_log, confirm_with_log, replay_log
from ledger.verify.receipts import VerifiedEvent, verify_receipt

__all__ = [
    "REPLAY_LIMIT",
    "ReplayedLog",
    "VerifiedBundle",
    "VerifiedEvent",
    "audit_whole_log",
    "confirm_with_log",
    "replay_log",
    "verify_bundle",
    "verify_receipt",
]
