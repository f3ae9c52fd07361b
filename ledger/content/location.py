"""Which content store a setting names."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ledger.content.embedded import EmbeddedContentStore
from ledger.content.errors import InvalidContentUrl, IpfsExtraMissing
from ledger.content.store import ContentLimits, ContentStore


def open_content_store(
    url: str,
    data_dir: Path,
    *,
    limits: ContentLimits | None = None,
    clock: Callable[[], float] = time.time,
) -> ContentStore:
    """Opens the content store that `url` names.

    Args:
        url: empty: blocks in `<data_dir>/content`; `file:<path>`: blocks in that directory,
            relative to `data_dir`; `ipfs+http://host:port` or
            `ipfs+https://user:password@host:port`: a Kubo daemon's RPC.
        data_dir: the service's data directory.
        limits: the named limits.
        clock: seconds since the epoch.

    Raises:
        InvalidContentUrl: none of these.
        IpfsExtraMissing: a daemon is named, but its client is not installed.
        StorageFailed: the directory cannot be used.
    """
    scheme = urlsplit(url).scheme
    if not url:
        return EmbeddedContentStore(data_dir / "content", limits=limits, clock=clock)
    if scheme == "file":
        path = unquote(url.removeprefix("file:").removeprefix("//"))
        if not path:
            raise InvalidContentUrl("file: names no directory; write file:/var/lib/concord/content")
        return EmbeddedContentStore(data_dir / path, limits=limits, clock=clock)
    if scheme in {"ipfs+http", "ipfs+https"}:
        return _open_daemon(url, limits, clock)
    raise InvalidContentUrl(
        f"{scheme or url!r} is no content store; use file:PATH, ipfs+http://HOST:PORT, or nothing"
    )


def _open_daemon(
    url: str, limits: ContentLimits | None, clock: Callable[[], float]
) -> ContentStore:
    try:
        from ledger.content.kubo import KuboContentStore  # noqa: PLC0415 - needs the extra
    except ModuleNotFoundError as error:
        raise IpfsExtraMissing(
            "A Kubo daemon needs the extra `ipfs`: pip install 'concord[ipfs]'"
        ) from error
    return KuboContentStore(url, limits=limits, clock=clock)
