"""Removing content that nothing names any more: documents that were added and never used.

Rules:
- Never removed: what the body of an event names by its content id or its SHA-256, what the text of
  a proposal names, what was pinned by anybody but an upload, and what was added or held within the
  grace period.
- A proposal's text and calls are names, too. Where the log does not hold them whole, nobody can say
  what they name, and nothing at all is removed.
- It runs beside a service at work. Between adding a document and the event that names it there is
  the grace period; who names an older one that nothing names yet adds it again first, which renews
  it. The log is read once more right before anything is removed.

BUG: an event that is recorded in the moment between that last reading and the removal, and names a
document that nothing had named for longer than the grace period, is not seen. Its document is
gone; adding it again brings it back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

import orjson
from sqlalchemy import Connection

from ledger.content.cid import Cid, Codec
from ledger.content.errors import ContentNotFound
from ledger.content.names import content_ids_in, digests_in
from ledger.content.reader import read_content
from ledger.content.store import ContentStore, GcReport
from ledger.errors import Refused
from ledger.store.content import AddedContent, all_content, forget_content
from ledger.store.engine import Database
from ledger.store.leaves import leaf_chunks

MAX_TEXT_BYTES: Final = 1024 * 1024
"""Of a proposal's text; governance allows less."""


class NamesUnknown(Refused):
    """A proposal may name content, and the log does not hold all of it."""

    code = "names-unknown"
    remedy = (
        "Add the proposal's text to the content store again, as it stands on chain; where its "
        "calls are too long for a leaf, everything is kept for good."
    )


@dataclass(frozen=True, slots=True)
class Collection:
    """What a collection did, or would do.

    Attributes:
        unnamed: documents that nothing names and that are older than the grace period.
        named: how many documents that were added are named, or too young.
        swept: what went with them, blocks of others included; None where nothing was to be done.
    """

    unnamed: tuple[AddedContent, ...]
    named: int
    swept: GcReport | None


@dataclass(slots=True)
class _Names:
    """What the log names, up to a size."""

    content: ContentStore
    size: int = 0
    ids: set[str] = field(default_factory=set)
    digests: set[bytes] = field(default_factory=set)

    def read(self, connection: Connection) -> None:
        """Takes in what was recorded since the last time."""
        for chunk in leaf_chunks(connection, self.size):
            for index, leaf in chunk:
                self._read_event(orjson.loads(leaf)["event"])
                self.size = index + 1

    def _read_event(self, event: dict[str, object]) -> None:
        body = event["body"]
        self._take(orjson.dumps(body))
        if event["kind"] == "proposal.created" and isinstance(body, dict):
            self._take(self._text_of(body))

    def _take(self, text: bytes) -> None:
        self.ids |= content_ids_in(text)
        self.digests |= digests_in(text)

    def _text_of(self, proposal: dict[str, object]) -> bytes:
        name, described = proposal["proposal"], proposal.get("description")
        calls = proposal["calls"]
        if proposal.get("callsOmitted") or not isinstance(calls, list):
            raise NamesUnknown(f"Proposal {name} makes more calls than its event holds.")
        if any("calldata" not in call for call in calls):
            raise NamesUnknown(f"Proposal {name} makes a call that is too long for its event.")
        if not isinstance(described, str):
            raise NamesUnknown(f"The text of proposal {name} was never kept here.")
        try:
            return read_content(self.content, Cid.parse(described), limit_bytes=MAX_TEXT_BYTES)
        except ContentNotFound as error:
            raise NamesUnknown(f"The text of proposal {name}, {described}, is missing.") from error

    def has(self, added: AddedContent) -> bool:
        """Whether a document is named."""
        return added.content in self.ids or bytes.fromhex(added.sha256) in self.digests

    def kept(self) -> set[Cid]:
        """What must stay, documents that were never noted included."""
        # What fits into one block has the digest of its bytes for a name.
        short = (Cid(Codec.RAW, digest) for digest in self.digests)
        return {Cid.parse(each) for each in self.ids} | {c for c in short if self.content.has(c)}


def collect(
    database: Database,
    content: ContentStore,
    *,
    added_before: int,
    dry_run: bool = False,
    before_removal: Callable[[], None] = lambda: None,
) -> Collection:
    """Removes content that nothing names.

    Args:
        database: of the ledger.
        content: its store; its own grace period decides about blocks.
        added_before: documents that were added later than that are too young; milliseconds since
            the epoch.
        dry_run: only say what would be removed.
        before_removal: called when all is read and nothing is removed yet.

    Raises:
        NamesUnknown: a proposal may name anything; nothing was removed.
        Unavailable: the database or the store cannot be read.
        IntegrityError: what is named is damaged, so what belongs to it is unknown; nothing was
            removed but pins of documents that nothing names.
    """
    names = _Names(content)
    with database.read() as connection:
        names.read(connection)
        added = all_content(connection)
    old = [each for each in added if each.added_at < added_before]
    if dry_run:
        unnamed = _unnamed(old, names)
        return Collection(unnamed, len(added) - len(unnamed), None)
    before_removal()
    with database.read() as connection:
        names.read(connection)
    unnamed = _unnamed(old, names)
    going = {each.content for each in unnamed}
    for each in unnamed:
        content.unpin(Cid.parse(each.content))
    stay = {Cid.parse(each.content) for each in added if each.content not in going}
    swept = content.gc(names.kept() | stay)
    _forget(database, content, unnamed)
    return Collection(unnamed, len(added) - len(unnamed), swept)


def _unnamed(added: Iterable[AddedContent], names: _Names) -> tuple[AddedContent, ...]:
    return tuple(each for each in added if not names.has(each))


def _forget(database: Database, content: ContentStore, gone: Iterable[AddedContent]) -> None:
    for each in gone:
        # Whoever adds it again notes it after it is held: inside the transaction either it is held,
        # or that note is still to come.
        with database.write() as connection:
            if not content.has(Cid.parse(each.content)):
                forget_content(connection, each.sha256)
