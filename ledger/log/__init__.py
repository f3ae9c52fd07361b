"""The log: the one way in, and everything that can be read of it.

    validate → authorise → sequence → commit → receipt

Read from the bottom: `submission` (what goes in and comes out), `intake` (queue and signatures),
`batch` (one transaction), `signer` (what was signed, and what must never be), `reading` (proofs,
tiles, receipts), `signed_reading` (receipts at sizes of before), `log` (all of it together).
"""

from ledger.log.admission import Admission
from ledger.log.errors import (
    HistoryRewritten,
    LedgerExists,
    LedgerMissing,
    LogClosed,
    NonceReused,
    OpeningErased,
    PredecessorMissing,
    QueueFull,
    SizeNotReached,
    WrongLedger,
)
from ledger.log.log import Log
from ledger.log.metrics import BatchReport, Metrics
from ledger.log.reading import LogReader
from ledger.log.submission import Appended, Limits, Submission
from ledger.store.head import Head

__all__ = [
    "Admission",
    "Appended",
    "BatchReport",
    "Head",
    "HistoryRewritten",
    "LedgerExists",
    "LedgerMissing",
    "Limits",
    "Log",
    "LogClosed",
    "LogReader",
    "Metrics",
    "NonceReused",
    "OpeningErased",
    "PredecessorMissing",
    "QueueFull",
    "SizeNotReached",
    "Submission",
    "WrongLedger",
]
