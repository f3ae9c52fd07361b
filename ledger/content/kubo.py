"""The content store in a Kubo daemon, which is not trusted with the truth.

Every CID that the daemon returns is compared with one computed here from the same bytes; every
block it delivers is hashed before its bytes are handed out. What cannot be checked from outside is
that it keeps what it pinned.

Everything added is pinned recursively, so the daemon's own garbage collection never takes it; the
pin's name says why:

    concord-added:<seconds>     added or held at that time, subject to `gc`
    concord-pinned              pinned by `pin`

Pins of any other name belong to others, and `gc` leaves them alone.

NOTE: give Concord a daemon of its own. Kubo has one recursive pin for a content, so two users of
one daemon cannot both hold the same: whoever unpins it unpins it for both. A daemon so old that it
ignores pins' names keeps everything that was ever added.

BUG: the RPC has no compare-and-set for pins. If `gc` runs while somebody adds or holds content that
was there already, is not kept, and is past its grace period, it may be unpinned again within a
round trip of being renewed. Kept and pinned content is not affected.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from ledger.content.cid import Cid
from ledger.content.errors import (
    ContentNotFound,
    IpfsAddInterrupted,
    IpfsLied,
    IpfsRefused,
    IpfsUnavailable,
)
from ledger.content.kubo_rpc import DaemonAddress, KuboRpc, RpcPatience
from ledger.content.layout import CHUNK_BYTES, TreeBuilder
from ledger.content.source import is_repeatable, read_chunks
from ledger.content.store import Content, ContentLimits, ContentStat, GcReport
from ledger.content.tree import file_chunks, read_root
from ledger.content.unixfs import FileNode

_ADDED = "concord-added:"
_PINNED = "concord-pinned"


class KuboContentStore:
    """A `ContentStore` behind a Kubo daemon's RPC.

    Args:
        url: `ipfs+http://host:port`.
        limits: the named limits.
        patience: how long the daemon is waited for, and how often.
        clock: seconds since the epoch; decides what the grace period protects.
        sleep: waits between attempts.

    Raises:
        InvalidContentUrl: the URL names no daemon.
    """

    def __init__(
        self,
        url: str,
        *,
        limits: ContentLimits | None = None,
        patience: RpcPatience | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._limits = limits or ContentLimits()
        self._patience = patience or RpcPatience()
        self._clock = clock
        self._sleep = sleep
        self._rpc = KuboRpc(DaemonAddress.parse(url), patience=self._patience, sleep=sleep)

    def add(self, content: Content) -> Cid:
        """See `ContentStore.add`.

        Bytes and files are uploaded again when the daemon goes away; a stream cannot be.

        Raises:
            IpfsAddInterrupted: the daemon went away after the upload had begun.
            IpfsLied: the daemon gives these bytes another CID.
        """
        upload = self._upload(content)
        if not upload.complete:
            raise IpfsLied(f"The daemon calls {upload.answer} what it has not read to the end")
        cid = upload.tree.finish()
        if upload.answer != str(cid):
            raise IpfsLied(f"The daemon calls {upload.answer} what is {cid}; not acknowledged")
        self._protect(cid)
        return cid

    def stream(self, cid: Cid, *, start: int = 0) -> Iterator[bytes]:
        """See `ContentStore.stream`."""
        root = self._root(cid)

        def chunks() -> Iterator[bytes]:
            with self._rpc.block_reader(self._limits.block_bytes) as read:
                yield from file_chunks(cid, root, _checked(read), self._limits, start=start)

        return chunks()

    def stat(self, cid: Cid) -> ContentStat:
        """See `ContentStore.stat`."""
        return ContentStat(cid, self._root(cid).size, self._rpc.pin_name(str(cid)) == _PINNED)

    def has(self, cid: Cid) -> bool:
        """See `ContentStore.has`: what is pinned recursively is held in full.

        Blocks that the daemon merely cached do not count.
        """
        return self._rpc.pin_name(str(cid)) is not None

    def hold(self, cid: Cid) -> None:
        """See `ContentStore.hold`."""
        self._protect(cid)

    def pin(self, cid: Cid) -> None:
        """See `ContentStore.pin`."""
        self._rpc.pin(str(cid), _PINNED)

    def unpin(self, cid: Cid) -> None:
        """See `ContentStore.unpin`.

        The daemon's pin stays until `gc` finds that nothing names the content.
        """
        if self._rpc.pin_name(str(cid)) == _PINNED:
            self._rpc.pin(str(cid), self._added_now())

    def pins(self) -> frozenset[Cid]:
        """See `ContentStore.pins`."""
        named = self._rpc.pin_names().items()
        return frozenset(Cid.parse(cid) for cid, name in named if name == _PINNED)

    def gc(self, keep: Iterable[Cid]) -> GcReport:
        """See `ContentStore.gc`.

        Runs the daemon's own collection, which removes whatever nobody has pinned.
        """
        added_before = self._clock() - self._limits.gc_grace_seconds
        kept = {str(cid) for cid in keep}
        pins = self._rpc.pin_names()
        for cid in kept - pins.keys():
            self._pin_if_held(cid)
        for cid, name in pins.items():
            if cid not in kept and _added_at(name) < added_before:
                self._unpin_unless_renewed(cid, added_before)
        before = self._rpc.stored_bytes()
        removed = self._rpc.collect()
        return GcReport(removed, max(0, before - self._rpc.stored_bytes()))

    def close(self) -> None:
        """See `ContentStore.close`; there is nothing open between calls."""

    def _upload(self, content: Content) -> _Upload:
        pause = self._patience.pause_seconds
        attempts_left = self._patience.attempts
        while True:
            upload = _Upload(content, self._limits.content_bytes)
            attempts_left -= 1
            try:
                upload.answer = self._rpc.add(upload.body())
            except (IpfsUnavailable, IpfsRefused) as error:
                if upload.failure is not None:
                    # Reading the content failed, which the client takes for the daemon's failure.
                    raise upload.failure from None
                if isinstance(error, IpfsRefused):
                    raise
                if upload.begun and not (attempts_left and is_repeatable(content)):
                    raise IpfsAddInterrupted(
                        f"The add was cut short and not acknowledged; add it again: {error}"
                    ) from error
                if not attempts_left:
                    raise
                self._sleep(pause)
                pause *= 2
            else:
                return upload

    def _protect(self, cid: Cid) -> None:
        """Pins for the grace period, unless there is a pin that `gc` leaves alone anyway."""
        name = self._rpc.pin_name(str(cid))
        if name is None or name.startswith(_ADDED):
            self._rpc.pin(str(cid), self._added_now())

    def _pin_if_held(self, cid: str) -> None:
        try:
            self._rpc.pin(cid, self._added_now())
        except ContentNotFound:
            return

    def _unpin_unless_renewed(self, cid: str, added_before: float) -> None:
        name = self._rpc.pin_name(cid)
        if name is not None and _added_at(name) < added_before:
            self._rpc.unpin(cid)

    def _added_now(self) -> str:
        return f"{_ADDED}{self._clock():.3f}"

    def _root(self, cid: Cid) -> FileNode:
        with self._rpc.block_reader(self._limits.block_bytes) as read:
            return read_root(cid, _checked(read), self._limits)


class _Upload:
    """One attempt to add: feeds the daemon and builds the tree from the same bytes."""

    def __init__(self, content: Content, limit_bytes: int) -> None:
        self.tree = TreeBuilder(lambda _cid, _block: None)
        self.begun = False
        self.complete = False
        self.failure: Exception | None = None
        self.answer = ""
        self._chunks = read_chunks(content, chunk_bytes=CHUNK_BYTES, limit_bytes=limit_bytes)

    def body(self) -> Iterator[bytes]:
        try:
            for chunk in self._chunks:
                self.begun = True
                self.tree.add(chunk)
                yield chunk
        except Exception as error:
            self.failure = error
            raise
        self.complete = True


def _checked(read: Callable[[str], bytes]) -> Callable[[Cid], bytes]:
    def fetch(cid: Cid) -> bytes:
        block = read(str(cid))
        if not cid.names(block):
            raise IpfsLied(f"The daemon returned {len(block)} bytes for {cid}: not those it names")
        return block

    return fetch


def _added_at(name: str) -> float:
    """When the grace period of a pin began; never, for a pin that `gc` must not touch."""
    try:
        return float(name.removeprefix(_ADDED)) if name.startswith(_ADDED) else float("inf")
    except ValueError:
        return float("inf")
