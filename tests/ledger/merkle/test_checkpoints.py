from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.merkle.checkpoints import Checkpoint, open_checkpoint, sign_checkpoint
from ledger.merkle.encoding import encode_base64
from ledger.merkle.errors import (
    InvalidSignature,
    MalformedCheckpoint,
    NoKnownSignature,
    WrongOrigin,
)
from ledger.merkle.hashing import EMPTY_ROOT
from ledger.merkle.keys import SigningKey
from ledger.merkle.notes import NoteSignature, sign_note

TamperCheck: TypeAlias = Callable[[bytes, Callable[[bytes], object], range], list[int]]

ORIGIN = "ledger.example.org/concord"
ROOT = bytes(range(32))
BASE64 = encode_base64(ROOT)


def test_a_checkpoint_is_written_as_specified() -> None:
    # The example of C2SP tlog-checkpoint.
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    checkpoint = Checkpoint.parse(text)
    assert checkpoint.origin == "example.com/behind-the-sofa"
    assert checkpoint.size == 20_852_163
    assert checkpoint.root.hex().startswith("0ac5186a")
    assert str(checkpoint) == text


@given(st.integers(1, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_a_signed_checkpoint_is_opened(size: int, root: bytes) -> None:
    key = SigningKey(ORIGIN, bytes(32))
    checkpoint = Checkpoint(ORIGIN, size, root)
    note = sign_checkpoint(checkpoint, key)
    assert note.startswith(f"{ORIGIN}\n{size}\n{encode_base64(root)}\n\n— {ORIGIN} ")
    assert open_checkpoint(note, [key.verifier]) == checkpoint
    assert open_checkpoint(note.encode(), [key.verifier]) == checkpoint


def test_the_empty_tree_has_a_checkpoint() -> None:
    assert Checkpoint.parse(f"{ORIGIN}\n0\n{encode_base64(EMPTY_ROOT)}\n").size == 0
    with pytest.raises(MalformedCheckpoint, match="empty tree"):
        Checkpoint.parse(f"{ORIGIN}\n0\n{BASE64}\n")


@pytest.mark.parametrize(
    "size",
    [
        *("", "+7", "-7", "0_7", "1_000", "07", "00", " 7", "7 ", "7.0", "7e3", "0x7", "seven"),
        *("\u0667", "\uff17", str(2**63), "1" * 100),
    ],
)
def test_a_size_in_another_notation_is_refused(size: str) -> None:
    with pytest.raises(MalformedCheckpoint):
        Checkpoint.parse(f"{ORIGIN}\n{size}\n{BASE64}\n")


@pytest.mark.parametrize(
    "root",
    [
        "",
        encode_base64(ROOT[:31]),
        encode_base64(ROOT + b"\0"),
        encode_base64(b""),
        BASE64[:-1],
        BASE64 + "=",
        BASE64[:-2] + "9=",
        BASE64 + " ",
        " " + BASE64,
        ROOT.hex(),
    ],
)
def test_a_root_that_is_not_32_bytes_of_base64_is_refused(root: str) -> None:
    with pytest.raises(MalformedCheckpoint):
        Checkpoint.parse(f"{ORIGIN}\n7\n{root}\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "\n\n\n",
        f"{ORIGIN}\n7\n{BASE64}",
        f"{ORIGIN}\n7\n",
        f"{ORIGIN}\n7\n{BASE64}\nextension\n",
        f"{ORIGIN}\n7\n{BASE64}\n\n",
        f"\n{ORIGIN}\n7\n{BASE64}\n",
        f"{ORIGIN}\n\n7\n{BASE64}\n",
        f"\n7\n{BASE64}\n",
        f"{ORIGIN}\r\n7\r\n{BASE64}\r\n",
        f"{ORIGIN}\u20287\u2028{BASE64}\u2028",
        f"{ORIGIN} \n7\n{BASE64}\n",
        f"a b\n7\n{BASE64}\n",
        f"a+b\n7\n{BASE64}\n",
        f"a\tb\n7\n{BASE64}\n",
    ],
)
def test_what_is_not_exactly_three_lines_is_refused(text: str) -> None:
    with pytest.raises(MalformedCheckpoint):
        Checkpoint.parse(text)


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [
        ("", 7, ROOT),
        ("a b", 7, ROOT),
        (ORIGIN, -1, ROOT),
        (ORIGIN, 2**63, ROOT),
        (ORIGIN, 7, ROOT[:31]),
        (ORIGIN, 0, ROOT),
    ],
)
def test_a_checkpoint_that_could_not_be_read_cannot_be_made(
    origin: str, size: int, root: bytes
) -> None:
    with pytest.raises(MalformedCheckpoint):
        Checkpoint(origin, size, root)


def test_the_key_of_another_log_does_not_sign(other_key: SigningKey) -> None:
    with pytest.raises(WrongOrigin, match="witness"):
        sign_checkpoint(Checkpoint(ORIGIN, 7, ROOT), other_key)


def test_a_checkpoint_signed_by_a_witness_alone_is_refused(
    log_key: SigningKey, other_key: SigningKey
) -> None:
    text = str(Checkpoint(ORIGIN, 7, ROOT))
    keys = [log_key.verifier, other_key.verifier]
    assert open_checkpoint(sign_note(text, [other_key, log_key]), keys).size == 7
    with pytest.raises(WrongOrigin, match=f"is of {ORIGIN}, signed by {other_key.name}"):
        open_checkpoint(sign_note(text, [other_key]), keys)


def test_a_known_key_cannot_sign_for_another_origin(log_key: SigningKey) -> None:
    note = sign_note(str(Checkpoint("other.example/log", 7, ROOT)), [log_key])
    with pytest.raises(WrongOrigin):
        open_checkpoint(note, [log_key.verifier])


def test_a_rotated_key_is_accepted_under_the_same_origin(log_key: SigningKey) -> None:
    rotated = SigningKey(ORIGIN, b"\1" * 32)
    note = sign_checkpoint(Checkpoint(ORIGIN, 7, ROOT), rotated)
    assert open_checkpoint(note, [log_key.verifier, rotated.verifier]).size == 7
    with pytest.raises(NoKnownSignature):
        open_checkpoint(note, [log_key.verifier])


def test_a_signed_text_that_is_no_checkpoint_is_refused(log_key: SigningKey) -> None:
    for text in ("hello\n", f"{ORIGIN}\n7\n{BASE64}\nextension\n", f"{ORIGIN}\n+7\n{BASE64}\n"):
        with pytest.raises(MalformedCheckpoint):
            open_checkpoint(sign_note(text, [log_key]), [log_key.verifier])


def test_a_checkpoint_with_another_size_is_not_what_was_signed(log_key: SigningKey) -> None:
    note = sign_checkpoint(Checkpoint(ORIGIN, 7, ROOT), log_key)
    with pytest.raises(InvalidSignature):
        open_checkpoint(note.replace("\n7\n", "\n8\n"), [log_key.verifier])


def test_every_altered_byte_of_a_checkpoint_is_refused(
    assert_tamper_proof: TamperCheck, log_key: SigningKey
) -> None:
    note = sign_checkpoint(Checkpoint(ORIGIN, 12, ROOT), log_key).encode()
    keys = [log_key.verifier]
    assert assert_tamper_proof(note, lambda data: open_checkpoint(data, keys), range(1, 256)) == []


def test_an_altered_cosignature_does_not_change_the_checkpoint(
    assert_tamper_proof: TamperCheck, log_key: SigningKey
) -> None:
    note = sign_checkpoint(Checkpoint(ORIGIN, 12, ROOT), log_key)
    note += NoteSignature("witness.example/w1", b"abcd", bytes(72)).line
    keys = [log_key.verifier]
    flips = range(1, 256, 7)
    assert assert_tamper_proof(note.encode(), lambda data: open_checkpoint(data, keys), flips)
