"""Who signed 32 bytes: recovery on secp256k1, bytes in and bytes out.

It imports nothing but the C libraries: the process that recovers signers for the log
(`ledger.recovery`) is up in 0.07 s of a processor, where the package of events would take 0.4 s.
"""

from __future__ import annotations

from typing import Final

from coincurve.keys import PublicKey

from ledger.errors import InvalidInput
from ledger.keccak import keccak

SIGNATURE_BYTES: Final = 65

_HALF_ORDER: Final = bytes.fromhex(
    "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0"
)


class InvalidSignature(InvalidInput):
    """The signature is not one that can be checked: wrong length, high s, wrong v."""

    code = "invalid-signature"
    remedy = "Sign the EIP-712 digest again, with low s; a signature has 65 bytes."


def recover_address(message: bytes, signature: bytes) -> bytes:
    """The address that made a signature.

    Args:
        message: 32 bytes that were signed.
        signature: 65 bytes r ‖ s ‖ v.

    Returns:
        20 bytes.

    Raises:
        InvalidSignature: if the signature is malformed or malleable.
    """
    if len(signature) != SIGNATURE_BYTES:
        unsigned = "" if signature else ": this is not signed yet"
        raise InvalidSignature(
            f"A signature has 65 bytes (r, s, v), not {len(signature)}{unsigned}."
        )
    v = signature[64]
    if v not in {27, 28}:
        raise InvalidSignature(f"The last byte of a signature is 27 or 28, not {v}.")
    if signature[32:64] > _HALF_ORDER:
        raise InvalidSignature("s is in the upper half of the order; sign again with low s.")
    # eth-keys' own coincurve, without the Signature and PublicKey objects around it: they would
    # take a third of the time and check again what stands above.
    try:
        public = PublicKey.from_signature_and_message(
            signature[:64] + (b"\0" if v == 27 else b"\1"), message, hasher=None
        ).format(compressed=False)
    except ValueError as error:
        raise InvalidSignature("This signature fits no key at all.") from error
    return keccak(public[1:])[12:]
