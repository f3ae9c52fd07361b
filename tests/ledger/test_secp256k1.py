"""Recovery agrees with eth-keys' own, refuses the malleable, and needs nothing of the ledger."""

from __future__ import annotations

import subprocess
import sys

import pytest
from eth_keys.backends.native import NativeECCBackend
from eth_keys.main import KeyAPI
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.secp256k1 import InvalidSignature, recover_address

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
# Pure Python: another implementation than the one under test.
ORACLE = KeyAPI(NativeECCBackend())


@settings(max_examples=20, deadline=None)
@given(secret=st.integers(1, ORDER - 1), message=st.binary(min_size=32, max_size=32))
def test_it_finds_who_signed_as_another_implementation_does(secret: int, message: bytes) -> None:
    key = ORACLE.PrivateKey(secret.to_bytes(32, "big"))
    signature = ORACLE.ecdsa_sign(message, key)
    raw = signature.to_bytes()[:64] + bytes([27 + signature.v])
    public = ORACLE.private_key_to_public_key(key)
    assert recover_address(message, raw) == public.to_canonical_address()


def test_the_malleable_twin_and_other_recovery_ids_are_refused() -> None:
    key = ORACLE.PrivateKey(bytes(31) + b"\x07")
    signature = ORACLE.ecdsa_sign(bytes(32), key)
    r, s = signature.r.to_bytes(32, "big"), signature.s
    assert recover_address(bytes(32), r + s.to_bytes(32, "big") + bytes([27 + signature.v]))
    twin = r + (ORDER - s).to_bytes(32, "big") + bytes([28 - signature.v])
    with pytest.raises(InvalidSignature, match="upper half"):
        recover_address(bytes(32), twin)
    for v in (0, 1, 26, 29, 255):
        with pytest.raises(InvalidSignature, match=f"27 or 28, not {v}"):
            recover_address(bytes(32), r + s.to_bytes(32, "big") + bytes([v]))
    for length in (0, 64, 66):
        with pytest.raises(InvalidSignature, match=f"not {length}"):
            recover_address(bytes(32), bytes(length))


def test_a_point_that_is_not_on_the_curve_fits_no_key() -> None:
    with pytest.raises(InvalidSignature, match="fits no key"):
        recover_address(bytes(32), bytes(64) + b"\x1b")


def test_the_second_process_imports_no_models_and_no_database() -> None:
    program = "import sys, ledger.recovery; print(*sys.modules)"
    command = [sys.executable, "-c", program]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert "coincurve" in loaded
    assert not {"pydantic", "sqlalchemy", "ledger.events"} & set(loaded)
