"""A log client written from the C2SP texts (tlog-tiles, tlog-checkpoint, signed-note) and RFC 9162,
sharing no line with the ledger.

It reads `/checkpoint` and `/tile/…` over HTTP and rebuilds the whole tree: every tile of every
level is fetched, compared with what the entries hash to, and the root with the signed one.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import struct
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

WIDTH = 256


@dataclass(frozen=True)
class SignedSize:
    """What a checkpoint says."""

    origin: str
    size: int
    root: bytes


class LogIsWrong(Exception):
    """The log serves something that its checkpoint or the specification contradicts."""


def _hash_leaf(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def _hash_node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree_hash(hashes: list[bytes]) -> bytes:
    """MTH of RFC 9162 §2.1.1 over leaf hashes (or over equal subtrees' roots)."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return _hash_node(tree_hash(hashes[:split]), tree_hash(hashes[split:]))


def tile_path(level: int | str, n: int, width: int) -> str:
    """`/tile/<L>/<N>[.p/<W>]`: digits of N in threes, all but the last with an x."""
    digits = f"{n:03d}"
    digits = digits.rjust(-(-len(digits) // 3) * 3, "0")
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    name = "/".join([f"x{g}" for g in groups[:-1]] + [groups[-1]])
    return f"/tile/{level}/{name}" + ("" if width == WIDTH else f".p/{width}")


@dataclass
class LogClient:
    """A client of one log.

    Attributes:
        server: base URL.
        verifier_key: `name+hex8(keyID)+base64(01 ‖ publicKey)`.
    """

    server: str
    verifier_key: str
    headers_seen: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        parts = urlsplit(self.server)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body; remembers the headers of each path."""
        self._connection.request("GET", path)
        response = self._connection.getresponse()
        body = response.read()
        self.headers_seen[path] = {k.lower(): v for k, v in response.getheaders()}
        return response.status, body

    def fetch(self, path: str) -> bytes:
        """The body of what must be there."""
        status, body = self.get(path)
        if status != 200:
            raise LogIsWrong(f"{path}: {status}")
        return body

    def checkpoint(self) -> SignedSize:
        """The signed size and root, its signature checked by the rules of signed-note."""
        note = self.fetch("/checkpoint").decode("utf-8")
        text, separator, signatures = note.rpartition("\n\n")
        if not separator:
            raise LogIsWrong("the checkpoint is no note")
        text += "\n"
        name, key_id, encoded = self.verifier_key.split("+", 2)
        key = base64.b64decode(encoded, validate=True)
        expected_id = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
        if key_id != expected_id.hex() or key[0] != 1:
            raise LogIsWrong("the verifier key is damaged")
        if not self._is_signed(text, signatures, name, expected_id, key[1:]):
            raise LogIsWrong("the checkpoint is not signed by the log")
        origin, size, root, *rest = text.split("\n")
        if rest != [""] or str(int(size)) != size or origin != name:
            raise LogIsWrong("the checkpoint has another form")
        return SignedSize(origin, int(size), base64.b64decode(root, validate=True))

    def _is_signed(self, text: str, signatures: str, name: str, key_id: bytes, key: bytes) -> bool:
        for line in signatures.splitlines():
            dash, signer, encoded = line.split(" ")
            raw = base64.b64decode(encoded, validate=True)
            if dash == "\u2014" and signer == name and raw[:4] == key_id:
                Ed25519PublicKey.from_public_bytes(key).verify(raw[4:], text.encode())
                return True
        return False

    def entries(self, size: int) -> list[bytes]:
        """Every entry of the tree of that size."""
        found: list[bytes] = []
        for n in range(-(-size // WIDTH)):
            width = min(WIDTH, size - n * WIDTH)
            found += _unpack(self.fetch(tile_path("entries", n, width)), width)
        return found

    def verify_everything(self) -> list[bytes]:
        """Fetches the whole log, rebuilds each tile and the root; returns the entries."""
        signed = self.checkpoint()
        entries = self.entries(signed.size)
        level, hashes = 0, [_hash_leaf(entry) for entry in entries]
        if tree_hash(hashes) != signed.root:
            raise LogIsWrong("the entries do not hash to the signed root")
        while hashes:
            for n in range(-(-len(hashes) // WIDTH)):
                expected = hashes[n * WIDTH : (n + 1) * WIDTH]
                if self.fetch(tile_path(level, n, len(expected))) != b"".join(expected):
                    raise LogIsWrong(f"tile {n} of level {level} differs")
            full = len(hashes) // WIDTH
            hashes = [tree_hash(hashes[n * WIDTH : (n + 1) * WIDTH]) for n in range(full)]
            level += 1
        return entries


def _unpack(bundle: bytes, width: int) -> list[bytes]:
    entries: list[bytes] = []
    at = 0
    while at < len(bundle):
        (length,) = struct.unpack_from(">H", bundle, at)
        entries.append(bundle[at + 2 : at + 2 + length])
        at += 2 + length
    if at != len(bundle) or len(entries) != width:
        raise LogIsWrong(f"an entry bundle of {len(entries)} entries, not {width}")
    return entries
