"""The content store: what it promises, whichever implementation stands behind it.

Policies, proposal texts, evidence bundles and model cards live here, named by CID in events and
proposals.

Rules, for every implementation:

1. The same bytes get the same CID, on every machine and in Kubo.
2. `add` returns when the content is durable, and not before; an error means that nothing was
   acknowledged.
3. No byte is handed out before the block it stands in has been checked against its CID.
4. `gc` takes only content that is neither pinned, nor kept by the caller, nor newer than the grace
   period.

Rule 4 needs its callers' help: between `add` (or `hold`) and the event that names the content, only
the grace period protects it. Whoever is about to name a CID that they did not just add calls `hold`
first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from ledger.content.cid import Cid

Content = bytes | Path | BinaryIO
"""What can be added: bytes, a file, or a binary stream, which is read to its end and not closed."""


@dataclass(frozen=True, slots=True)
class ContentLimits:
    """The named limits of a content store.

    Attributes:
        content_bytes: largest content that is added or read.
        block_bytes: largest block that is accepted from a disk or a daemon; Bitswap's limit.
        tree_depth: levels of a file's tree that are followed; four hold 240 TB in our layout.
        gc_grace_seconds: how long content is safe after `add` or `hold` with nothing naming it.
    """

    content_bytes: int = 64 * 1024**3
    block_bytes: int = 2 * 1024**2
    tree_depth: int = 32
    gc_grace_seconds: float = 24 * 3600


@dataclass(frozen=True, slots=True)
class ContentStat:
    """What is known of one content without reading it.

    Attributes:
        size: its length in bytes, as its verified root block states it.
        pinned: whether it is pinned here.
    """

    cid: Cid
    size: int
    pinned: bool


@dataclass(frozen=True, slots=True)
class GcReport:
    """What a garbage collection did.

    Attributes:
        removed_blocks: blocks that are gone.
        freed_bytes: room that they took.
    """

    removed_blocks: int
    freed_bytes: int


class ContentStore(Protocol):
    """Content by CID. Safe to use from several threads."""

    def add(self, content: Content) -> Cid:
        """Stores content and returns its CID once it is durable.

        Adding what is already there is cheap in space, repairs damaged blocks and renews the grace
        period.

        Raises:
            InvalidContent: a stream that yields no bytes objects.
            ContentTooLarge: beyond `content_bytes`.
            Unavailable: a subclass says why; nothing was acknowledged.
        """

    def stream(self, cid: Cid, *, start: int = 0) -> Iterator[bytes]:
        """Yields the content from byte `start` on, each block verified before it is yielded.

        A damaged block ends the stream with an error: what was yielded until then is right, but
        incomplete.

        Raises:
            ContentNotFound: it is not held (at once, before the first block).
            UnsupportedContent: the CID names no file.
            IntegrityError: a subclass names the block that is wrong.
        """

    def stat(self, cid: Cid) -> ContentStat:
        """Tells the size. Raises what `stream` raises."""

    def has(self, cid: Cid) -> bool:
        """Whether all blocks of the content are held here."""

    def hold(self, cid: Cid) -> None:
        """Renews the grace period, so that an event may name the content.

        Raises:
            ContentNotFound: not all of it is held (any more).
        """

    def pin(self, cid: Cid) -> None:
        """Protects the content from `gc` until `unpin`. Pinning twice is pinning once.

        Raises:
            ContentNotFound: not all of it is held.
        """

    def unpin(self, cid: Cid) -> None:
        """Withdraws a pin; without one nothing happens. Nothing is removed before the next `gc`."""

    def pins(self) -> frozenset[Cid]:
        """What is pinned."""

    def gc(self, keep: Iterable[Cid]) -> GcReport:
        """Removes what is neither pinned, nor in `keep`, nor within the grace period.

        Args:
            keep: everything that an event or a proposal names. CIDs that are not held are passed
                over.

        Raises:
            IntegrityError: the tree of something to keep is damaged, so what belongs to it is
                unknown; nothing was removed.
        """

    def close(self) -> None:
        """Releases threads and connections."""
