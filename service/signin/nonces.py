"""Nonces: issued without being remembered, spent once.

A nonce says when it ends, and carries a MAC of that under a secret of the service, so asking for
one costs nothing to store and any process of the service knows it for its own. What is remembered
is which were spent, until they would have ended anyway.

    nonce = expiry (12 hex digits, ms since the epoch) ‖ random (32) ‖ HMAC-SHA256 of both (32)
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable

from ledger.merkle import SigningKey

_FORM = re.compile(r"[0-9a-f]{76}")
_MAC_DIGITS = 32
_LABEL = b"concord/sign-in-nonce/v1"


class Nonces:
    """Makes nonces and knows them again.

    Args:
        secret: any bytes that nobody else has, the same in all processes of one service.
        life_ms: for how long a nonce is good, milliseconds.
    """

    def __init__(self, secret: bytes, *, life_ms: int) -> None:
        self._secret = secret
        self.life_ms = life_ms

    @classmethod
    def of_log(cls, key: SigningKey, *, life_ms: int) -> Nonces:
        """Nonces of the service that holds a log's key; the key cannot be had from them."""
        secret = hmac.digest(key.expose().encode(), _LABEL, "sha256")
        return cls(secret, life_ms=life_ms)

    def issue(self, now: int, randomness: Callable[[int], bytes]) -> tuple[str, int]:
        """A new nonce, and when it ends.

        Args:
            now: milliseconds since the epoch.
            randomness: gives n random bytes.
        """
        expires_at = now + self.life_ms
        body = f"{expires_at:012x}{randomness(16).hex()}"
        return body + self._mac(body), expires_at

    def end_of(self, nonce: str) -> int | None:
        """When a nonce ends, milliseconds since the epoch; None if it is none of this service's."""
        if not _FORM.fullmatch(nonce):
            return None
        body, mac = nonce[:-_MAC_DIGITS], nonce[-_MAC_DIGITS:]
        if not hmac.compare_digest(mac, self._mac(body)):
            return None
        return int(body[:12], 16)

    def _mac(self, body: str) -> str:
        return hmac.new(self._secret, body.encode(), hashlib.sha256).hexdigest()[:_MAC_DIGITS]
