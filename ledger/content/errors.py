"""What can go wrong with content, one class each.

Three families matter to a caller: the request cannot be right (`InvalidInput`, `NotFound`), the
store cannot do it now (`Unavailable`: nothing was acknowledged, trying again is safe), and bytes
are not what their name says (`IntegrityError`: they are never handed out).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from ledger.errors import Conflict, IntegrityError, InvalidInput, NotFound, Unavailable


class InvalidCid(InvalidInput):
    """The text or bytes are no CID of the kind this store uses."""

    code = "invalid-cid"
    remedy = "Use a CIDv1 in base32, as `POST /v1/content` answers it."


class InvalidContentUrl(InvalidInput):
    """The content store's URL names no store that can be opened."""

    code = "invalid-content-url"
    remedy = "Set CONCORD_CONTENT_URL to `file:DIRECTORY` or `ipfs+http(s)://HOST:PORT`."


class InvalidContent(InvalidInput):
    """What was handed in to be added yields no bytes."""

    code = "invalid-content"
    remedy = "Hand in bytes."


class ContentTooLarge(InvalidInput):
    """More bytes than a named limit allows."""

    code = "content-too-large"
    remedy = "Send a smaller document, or have the operator raise the limit that the message names."


class UnsupportedContent(InvalidInput):
    """The CID names something other than a file: a directory, a symbolic link, other data."""

    code = "unsupported-content"
    remedy = "Name a file's CID, not a directory's."


class ContentNotFound(NotFound):
    """No content by that CID is held here."""

    code = "content-not-found"
    remedy = "Add the document with `POST /v1/content`, or ask who holds it."


class ContentCollected(Conflict):
    """Blocks that were there when an add began were garbage collected before it ended."""

    code = "content-collected"
    remedy = "Add the document again."


class CorruptBlock(IntegrityError):
    """A stored block's bytes do not hash to its CID."""

    code = "corrupt-block"


class MissingBlock(IntegrityError):
    """Content is recorded as held, but a block that it consists of is not there."""

    code = "missing-block"


class MalformedNode(IntegrityError):
    """A block has the right hash but is no well-formed node of a file: its sizes do not add up."""

    code = "malformed-node"


class StorageFull(Unavailable):
    """The disk, a quota or a file size limit leaves no room; nothing was acknowledged."""

    code = "storage-full"
    remedy = "Free some room in the content store, and send it again."


class StorageFailed(Unavailable):
    """The file system refused to read or write; nothing was acknowledged."""

    code = "storage-failed"
    remedy = "Look after the content store's disk and permissions, and send it again."


class IpfsExtraMissing(Unavailable):
    """An IPFS daemon is configured, but the optional client for it is not installed."""

    code = "ipfs-extra-missing"
    remedy = "Install Concord with the extra `ipfs`."


class IpfsUnavailable(Unavailable):
    """The IPFS daemon cannot be reached or does not answer in time."""

    code = "ipfs-unavailable"
    remedy = "Start the IPFS daemon, or set CONCORD_CONTENT_URL to where it is."


class IpfsAddInterrupted(Unavailable):
    """The IPFS daemon went away in the middle of an add; nothing was acknowledged."""

    code = "ipfs-add-interrupted"
    remedy = "Add the document again; the operator looks after the IPFS daemon."


class IpfsRefused(Unavailable):
    """The IPFS daemon answered with an error of its own."""

    code = "ipfs-refused"
    remedy = "Look at the IPFS daemon's log, and try again."


class IpfsLied(IntegrityError):
    """The IPFS daemon's answer contradicts the CID that was asked for or that the bytes have."""

    code = "ipfs-lied"


_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def storage_errors(task: str) -> Iterator[None]:
    """Names a failure of the file system while `task` was under way.

    The message may be told to whoever asked over HTTP, so it says what the system said and not
    where on this disk; the error that it came from does.

    Raises:
        StorageFull: there is no room left.
        StorageFailed: anything else the operating system reports.
    """
    try:
        yield
    except OSError as error:
        said = os.strerror(error.errno) if error.errno else type(error).__name__
        if error.errno in _NO_ROOM:
            raise StorageFull(
                f"No room left to {task}; free some space and try again: {said}"
            ) from error
        raise StorageFailed(
            f"Could not {task}; check the disk and its permissions: {said}"
        ) from error
