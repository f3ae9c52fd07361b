"""Content as it came, and whether it is what was asked for.

A content id names bytes by their hashes, but another layout of the same bytes has another id; so
where the SHA-256 of a document is known, as a proposal names it, that decides.
"""

from __future__ import annotations

import hashlib

from client.errors import WrongContent
from client.files import content_id


def check_content(content: bytes, cid: str, sha256: str | None = None) -> None:
    """Whether these are the bytes that were asked for.

    Args:
        content: as they came.
        cid: what was asked for.
        sha256: 64 hex digits, where the asker knows them.

    Raises:
        WrongContent: they are others, or nothing shows that they are these.
    """
    if sha256 is not None:
        if hashlib.sha256(content).hexdigest() != sha256.removeprefix("0x"):
            raise WrongContent(f"The server's bytes for {cid} have another SHA-256 than {sha256}.")
        return
    found = content_id(content)
    if found != cid:
        raise WrongContent(
            f"The server's bytes for {cid} make {found}: they are others, or were added with "
            "another layout; name their SHA-256 to tell."
        )
