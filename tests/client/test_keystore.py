"""Keys at rest: the format of every wallet, readable to their owner only, never overwritten."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st

from client import Keystore, SigningKey
from client.errors import InvalidKeystore, UnknownKey, WrongPassphrase
from client.keystore import InvalidKeyName, KeyExists, open_keyfile
from tests.support.examples import LAB, STEWARD

FAST = 1 << 4
"""Scrypt's work factor in tests, where nobody attacks."""


@pytest.fixture
def keystore(tmp_path: Path) -> Keystore:
    return Keystore(tmp_path / "keys", work_factor=FAST)


def test_a_saved_key_is_unlocked_by_name_and_by_address(keystore: Keystore) -> None:
    stored = keystore.save("hospital-a", STEWARD, "correct horse")
    assert (stored.name, stored.address) == ("hospital-a", STEWARD.address)
    for name in ("hospital-a", STEWARD.address, STEWARD.address.lower()):
        assert keystore.unlock(name, "correct horse").secret == STEWARD.secret


def test_what_we_encrypt_eth_account_decrypts(keystore: Keystore) -> None:
    stored = keystore.save("k", STEWARD, "pässwörd €")
    document = json.loads(stored.path.read_text())
    assert document["version"] == 3
    assert bytes(Account.decrypt(document, "pässwörd €")) == STEWARD.secret


@pytest.mark.parametrize(("kdf", "work"), [("scrypt", 1 << 4), ("pbkdf2", 10)])
def test_what_eth_account_encrypts_we_decrypt(keystore: Keystore, kdf: str, work: int) -> None:
    document = Account.encrypt(STEWARD.secret, "passphrase", kdf=kdf, iterations=work)
    key = open_keyfile(json.dumps(document).encode(), "passphrase")
    assert (key.secret, key.address) == (STEWARD.secret, Account.from_key(STEWARD.secret).address)


def test_the_published_example_of_the_format_opens() -> None:
    # Web3 Secret Storage Definition, test vector with PBKDF2-SHA-256.
    document = {
        "crypto": {
            "cipher": "aes-128-ctr",
            "cipherparams": {"iv": "6087dab2f9fdbbfaddc31a909735c1e6"},
            "ciphertext": "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
            "kdf": "pbkdf2",
            "kdfparams": {
                "c": 262144,
                "dklen": 32,
                "prf": "hmac-sha256",
                "salt": "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd",
            },
            "mac": "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2",
        },
        "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6",
        "version": 3,
    }
    key = open_keyfile(json.dumps(document).encode(), "testpassword")
    assert key.secret.hex() == "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d"


@settings(max_examples=20, deadline=None)
@given(st.binary(min_size=31, max_size=31), st.text(max_size=40).filter(str.isprintable))
def test_any_key_under_any_passphrase_comes_back(
    tmp_path_factory: pytest.TempPathFactory, tail: bytes, passphrase: str
) -> None:
    key = SigningKey(b"\x01" + tail)
    keystore = Keystore(tmp_path_factory.mktemp("keys"), work_factor=FAST)
    keystore.save("k", key, passphrase)
    assert keystore.unlock("k", passphrase).secret == key.secret


def test_files_are_readable_to_their_owner_only_whatever_the_umask(keystore: Keystore) -> None:
    before = os.umask(0)
    try:
        stored = keystore.save("k", STEWARD, "p")
    finally:
        os.umask(before)
    assert stat.S_IMODE(stored.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(keystore.folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_may_read_is_not_opened(keystore: Keystore, mode: int) -> None:
    stored = keystore.save("k", STEWARD, "p")
    stored.path.chmod(mode)
    with pytest.raises(InvalidKeystore, match="chmod 600"):
        keystore.unlock("k", "p")


@pytest.mark.parametrize("passphrase", ["", "Correct horse", "correct horse ", "correct"])
def test_a_wrong_passphrase_is_named(keystore: Keystore, passphrase: str) -> None:
    keystore.save("k", STEWARD, "correct horse")
    with pytest.raises(WrongPassphrase, match="does not open the key k"):
        keystore.unlock("k", passphrase)


def test_a_key_is_never_overwritten(keystore: Keystore) -> None:
    stored = keystore.save("k", STEWARD, "p")
    before = stored.path.read_bytes()
    with pytest.raises(KeyExists, match="k is kept in"):
        keystore.save("k", LAB, "q")
    assert stored.path.read_bytes() == before


@pytest.mark.parametrize("name", ["", ".", "..", "../k", "a/b", "K", "a b", "-k", "k\n", "x" * 65])
def test_a_name_that_is_no_plain_file_name_is_refused(keystore: Keystore, name: str) -> None:
    with pytest.raises(InvalidKeyName):
        keystore.save(name, STEWARD, "p")


def test_an_unknown_key_is_named_beside_the_known_ones(keystore: Keystore) -> None:
    with pytest.raises(UnknownKey, match="concord keys new"):
        keystore.find("lab")
    keystore.save("hospital-b", STEWARD, "p")
    keystore.save("hospital-a", LAB, "p")
    assert [key.name for key in keystore.stored()] == ["hospital-a", "hospital-b"]
    with pytest.raises(UnknownKey, match="hospital-a, hospital-b"):
        keystore.find("lab")


@pytest.mark.parametrize(
    "document",
    [
        "",
        "no JSON",
        "[]",
        "7",
        "null",
        "{}",
        '{"version": 1}',
        '{"version": 3}',
        '{"version": 3, "crypto": {}}',
        '{"version": 3, "crypto": {"kdf": "magic"}}',
    ],
)
def test_what_is_no_keystore_document_is_refused(document: str) -> None:
    with pytest.raises(InvalidKeystore):
        open_keyfile(document.encode(), "p")


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"address": 7}', '{"address": "zz"}'])
def test_a_file_in_the_folder_that_is_none_is_named(keystore: Keystore, content: str) -> None:
    keystore.save("k", STEWARD, "p")
    (keystore.folder / "stray.json").write_text(content)
    with pytest.raises(InvalidKeystore, match=r"stray\.json"):
        keystore.stored()


def test_a_file_that_names_another_address_than_its_keys_is_refused(keystore: Keystore) -> None:
    stored = keystore.save("k", STEWARD, "p")
    document = json.loads(stored.path.read_text()) | {"address": LAB.address[2:].lower()}
    stored.path.write_text(json.dumps(document))
    with pytest.raises(InvalidKeystore, match="holds the key of"):
        keystore.unlock("k", "p")


def test_the_secret_stands_in_no_message_and_no_representation(keystore: Keystore) -> None:
    keystore.save("k", STEWARD, "p")
    key = keystore.unlock("k", "p")
    assert STEWARD.secret.hex() not in repr(key) + str(key)
