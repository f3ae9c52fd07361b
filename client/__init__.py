"""What a script, the CLI and the dashboard use: signs locally, verifies what it is told."""

from client import drafts
from client.aio import AsyncLedger
from client.aio_runs import AsyncTrackedRun
from client.answers import Recorded, Signed
from client.dao import Choice, EvidenceNamed, ProposalDraft, Split
from client.drafts import Draft
from client.keystore import Keystore
from client.runs import ManifestWarning, TrackedRun
from client.sync import Ledger
from client.wallets import Unsigned
from client.wire import RetryPolicy
from ledger.errors import ConcordError
from ledger.events import SigningKey
from ledger.events.canonical import JsonObject, JsonValue

__all__ = [
    "AsyncLedger",
    "AsyncTrackedRun",
    "Choice",
    "ConcordError",
    "Draft",
    "EvidenceNamed",
    "JsonObject",
    "JsonValue",
    "Keystore",
    "Ledger",
    "ManifestWarning",
    "ProposalDraft",
    "Recorded",
    "RetryPolicy",
    "Signed",
    "SigningKey",
    "Split",
    "TrackedRun",
    "Unsigned",
    "drafts",
]
