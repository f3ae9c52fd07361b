from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.merkle.errors import MalformedKey
from ledger.merkle.keys import SigningKey, VerifierKey, check_key_name

FOO = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
# The key pair of the tests of Go's sumdb/note.
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NEUMANN_PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"


@pytest.mark.parametrize("text", [FOO, NEUMANN])
def test_a_published_verifier_key_is_read_and_written(text: str) -> None:
    key = VerifierKey.parse(text)
    assert str(key) == text
    assert f"{key.name}+{key.key_id.hex()}+" == text[: len(key.name) + 10]


def test_a_published_private_key_is_read_and_written() -> None:
    key = SigningKey.parse(NEUMANN_PRIVATE)
    assert key.expose() == NEUMANN_PRIVATE
    assert str(key.verifier) == NEUMANN


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=50))
def test_what_a_key_signs_its_verifier_accepts(seed: bytes, content: bytes) -> None:
    key = SigningKey("example.com/log", seed)
    assert SigningKey.parse(key.expose()) == key
    verifier = VerifierKey.parse(str(key.verifier))
    signature = key.sign(content)
    assert verifier.verify(signature, content)
    assert not verifier.verify(signature, content + b"\n")
    assert not verifier.verify(signature[:-1], content)
    assert not verifier.verify(b"", content)
    renamed = VerifierKey("example.com/other", verifier.public_key)
    assert renamed.key_id != verifier.key_id


def test_the_other_half_of_the_curve_order_is_no_second_signature() -> None:
    key = SigningKey("example.com/log", bytes(32))
    signature = key.sign(b"text")
    order = 2**252 + 27742317777372353535851937790883648493
    s = int.from_bytes(signature[32:], "little") + order
    malleable = signature[:32] + s.to_bytes(32, "little")
    assert not key.verifier.verify(malleable, b"text")


def test_a_private_key_shows_only_where_it_is_asked_for() -> None:
    key = SigningKey("example.com/log", b"secret seed secret seed secret s")
    for shown in (repr(key), str(key), repr(key.verifier), f"{key}"):
        assert "secret" not in shown
        assert key.seed.hex() not in shown


@pytest.mark.parametrize(
    "name",
    [
        *("", "a b", " a", "a\t", "a+b", "+", "a\nb", "a\x00", "a\x1f", "a\u00a0b", "a\u2003b"),
        *("a\u0085b", "a\u3000b", "a\u2028b", "a\ud800b"),
    ],
)
def test_a_name_with_spaces_pluses_or_control_characters_is_refused(name: str) -> None:
    with pytest.raises(MalformedKey):
        check_key_name(name)
    with pytest.raises(MalformedKey):
        VerifierKey(name, bytes(32))
    with pytest.raises(MalformedKey):
        SigningKey(name, bytes(32))


@pytest.mark.parametrize("name", ["a", "ledger.example.org/concord", "журнал.example", "a=b/c—d"])
def test_any_other_name_is_accepted(name: str) -> None:
    check_key_name(name)
    assert VerifierKey.parse(str(VerifierKey(name, bytes(32)))).name == name


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "name\\+id\\+base64"),
        ("example.com/foo", "name\\+id\\+base64"),
        ("example.com/foo+530d903a", "name\\+id\\+base64"),
        (FOO[:-1], "not; copy"),
        (FOO + "=", "not; copy"),
        (FOO + "\n", "not; copy"),
        ("+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "not empty"),
        (FOO.replace("530d903a", "530D903A"), "8 hexadecimal digits"),
        (FOO.replace("530d903a", "530d903"), "8 hexadecimal digits"),
        (FOO.replace("530d903a", "530d903a0"), "8 hexadecimal digits"),
        (FOO.replace("530d903a", "530d903b"), "altered or cut"),
        (FOO.replace("foo", "fop"), "altered or cut"),
        (FOO.replace("+Aeky", "+Aekz"), "altered or cut"),
        (FOO.replace("+Aeky", "+BOky"), "type 04"),
        (FOO.replace("+Aeky", "+Buky"), "type 06"),
        ("example.com/foo+530d903a+AQ==", "33 bytes"),
        (NEUMANN_PRIVATE, "not; copy"),
    ],
)
def test_a_damaged_or_foreign_verifier_key_is_refused(text: str, reason: str) -> None:
    with pytest.raises(MalformedKey, match=reason):
        VerifierKey.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        NEUMANN,
        NEUMANN_PRIVATE[:-1],
        NEUMANN_PRIVATE.replace("PRIVATE", "private"),
        NEUMANN_PRIVATE.replace("c74f20a3", "c74f20a4"),
        NEUMANN_PRIVATE.replace("+AYEK", "+BIEK"),
        NEUMANN_PRIVATE.replace("PeterNeumann", "Peter Neumann"),
        f" {NEUMANN_PRIVATE}",
    ],
)
def test_a_damaged_private_key_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(MalformedKey) as refusal:
        SigningKey.parse(text)
    assert "YEKFALVFGyNhPJEMzD1QIDr" not in str(refusal.value)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_keys_of_another_length_are_refused(length: int) -> None:
    with pytest.raises(MalformedKey, match="32"):
        VerifierKey("example.com/log", bytes(length))
    with pytest.raises(MalformedKey, match="32"):
        SigningKey("example.com/log", bytes(length))
