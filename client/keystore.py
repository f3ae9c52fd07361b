"""Private keys at rest: Web3 Secret Storage V3 files (the format of geth and of wallets), mode
0600.

A key is found by its file's name without `.json`, or by its address.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import orjson

from client.errors import InvalidKeystore, UnknownKey, WrongPassphrase
from ledger.errors import Conflict, InvalidInput
from ledger.events.canonical import JsonObject
from ledger.events.identifiers import to_checksum_address
from ledger.events.signing import SigningKey

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_ADDRESS = re.compile(r"[0-9a-fA-F]{40}")
SCRYPT_N = 1 << 17
"""Work factor of the key derivation: about half a second and 128 MiB."""


class KeyExists(Conflict):
    """A key by that name is kept already."""

    code = "key-exists"
    remedy = "Choose another name; a key is never overwritten."


class InvalidKeyName(InvalidInput):
    """A key's name is a file's name: small letters, digits, dots, dashes."""

    code = "invalid-key-name"
    remedy = "Use small letters, digits, dots and dashes."


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key in the store, still encrypted.

    Attributes:
        name: the file's name without `.json`.
        address: in EIP-55.
        path: of the file.
    """

    name: str
    address: str
    path: Path


class Keystore:
    """A folder of encrypted keys.

    Args:
        folder: made where absent, mode 0700.
        work_factor: scrypt N, a power of two; smaller is faster and weaker.
    """

    def __init__(self, folder: Path, *, work_factor: int = SCRYPT_N) -> None:
        self._folder = folder
        self._work_factor = work_factor

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return self._folder

    def save(self, name: str, key: SigningKey, passphrase: str) -> StoredKey:
        """Encrypts a key and writes it.

        Raises:
            InvalidKeyName: if the name cannot be a file's name.
            KeyExists: if a key by that name is kept already; it is never overwritten.
        """
        if not _NAME.fullmatch(name):
            raise InvalidKeyName(
                f"{name!r} cannot be a key's name; use small letters, digits, '.', '_' and '-'."
            )
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{name}.json"
        document = _encrypt(key.secret, passphrase.encode(), self._work_factor)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise KeyExists(
                f"A key named {name} is kept in {self._folder} already, and is never overwritten; "
                "choose another name."
            ) from error
        with os.fdopen(handle, "wb") as file:
            file.write(orjson.dumps(document, option=orjson.OPT_INDENT_2))
            file.flush()
            os.fsync(file.fileno())
        return StoredKey(name, key.address, path)

    def stored(self) -> list[StoredKey]:
        """All keys, by name."""
        return [self._stored(path) for path in sorted(self._folder.glob("*.json"))]

    def find(self, name: str) -> StoredKey:
        """The key by that name or address.

        Raises:
            UnknownKey: naming the ones there are.
        """
        keys = self.stored()
        for key in keys:
            if name == key.name or name.lower() == key.address.lower():
                return key
        known = ", ".join(k.name for k in keys) or "none; make one with `concord keys new NAME`"
        raise UnknownKey(f"No key {name} in {self._folder}. Keys there: {known}.")

    def unlock(self, name: str, passphrase: str) -> SigningKey:
        """Decrypts a key.

        Raises:
            UnknownKey: as `find`.
            InvalidKeystore: if the file is not one, or others may read it.
            WrongPassphrase: if the passphrase does not open it.
        """
        stored = self.find(name)
        if stored.path.stat().st_mode & 0o077:
            raise InvalidKeystore(f"Others may read {stored.path}; run: chmod 600 {stored.path}")
        try:
            key = open_keyfile(stored.path.read_bytes(), passphrase)
        except WrongPassphrase as error:
            raise WrongPassphrase(
                f"The passphrase does not open the key {stored.name} ({stored.path}); give the one "
                "that it was made with."
            ) from error
        if key.address != stored.address:
            raise InvalidKeystore(
                f"{stored.path} says {stored.address} and holds the key of {key.address}; "
                "restore it from a backup."
            )
        return key

    def _stored(self, path: Path) -> StoredKey:
        try:
            address = str(orjson.loads(path.read_bytes())["address"]).removeprefix("0x")
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidKeystore(f"{path} is not a keystore V3 file with an address.") from error
        if not _ADDRESS.fullmatch(address):
            raise InvalidKeystore(f"The address in {path} is not one; restore the file.")
        return StoredKey(path.stem, to_checksum_address(bytes.fromhex(address)), path)


def open_keyfile(document: bytes, passphrase: str) -> SigningKey:
    """The key in a keystore V3 document.

    Raises:
        InvalidKeystore: if the document is not one.
        WrongPassphrase: if the passphrase does not open it.
    """
    try:
        value = orjson.loads(document)
        secret = _decrypt(value, passphrase.encode())
    except ValueError as error:
        if "MAC" in str(error):
            raise WrongPassphrase("The passphrase does not open this key; try again.") from error
        raise InvalidKeystore(f"This is not a keystore V3 document: {error}.") from error
    except (KeyError, TypeError, AttributeError, NotImplementedError) as error:
        raise InvalidKeystore("This is not a keystore V3 document.") from error
    return SigningKey(secret)


# eth-keyfile takes most of a second to import, for the curve of validators' keys; who only reads a
# ledger does without.


def _encrypt(secret: bytes, passphrase: bytes, work_factor: int) -> object:
    from eth_keyfile.keyfile import create_keyfile_json  # noqa: PLC0415

    return create_keyfile_json(secret, passphrase, kdf="scrypt", iterations=work_factor)


def _decrypt(document: JsonObject, passphrase: bytes) -> bytes:
    from eth_keyfile.keyfile import decode_keyfile_json  # noqa: PLC0415

    return bytes(decode_keyfile_json(document, passphrase))
