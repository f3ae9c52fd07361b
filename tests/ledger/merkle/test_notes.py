from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.merkle.encoding import encode_base64
from ledger.merkle.errors import (
    InvalidSignature,
    MalformedNote,
    NoKnownSignature,
    TooManySignatures,
)
from ledger.merkle.keys import SigningKey, VerifierKey
from ledger.merkle.notes import (
    MAX_NOTE_BYTES,
    MAX_SIGNATURES,
    NoteSignature,
    open_note,
    parse_note,
    sign_note,
)

TamperCheck: TypeAlias = Callable[[bytes, Callable[[bytes], object], range], list[int]]

FOO = VerifierKey.parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
FOO_NOTE = (
    "This is an example message.\n"
    "\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuw"
    "HjG1Yu72IneyaQM=\n"
)
# The note of the tests of Go's sumdb/note.
NEUMANN = SigningKey.parse(
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
)
NEUMANN_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
NEUMANN_NOTE = (
    f"{NEUMANN_TEXT}\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb"
    "6KE6RyyBwJnAM=\n"
)
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_characters=[chr(code) for code in range(32)])
    | st.just("\n"),
    max_size=60,
).map(lambda text: text + "\n")


def unknown_line(number: int = 0) -> str:
    return NoteSignature(f"witness.example/{number}", bytes(4), b"signature").line


def test_the_published_note_is_opened() -> None:
    note, signers = open_note(FOO_NOTE, [FOO])
    assert note.text == "This is an example message.\n"
    assert signers == [FOO]
    assert open_note(FOO_NOTE.encode(), [FOO]) == (note, signers)


def test_the_published_text_is_signed_to_the_published_note() -> None:
    assert sign_note(NEUMANN_TEXT, [NEUMANN]) == NEUMANN_NOTE
    assert parse_note(NEUMANN_NOTE).serialize() == NEUMANN_NOTE


@given(TEXTS)
def test_any_text_comes_back_as_it_was_signed(text: str) -> None:
    note, _ = open_note(sign_note(text, [NEUMANN]), [NEUMANN.verifier])
    assert note.text == text


def test_the_last_empty_line_separates_text_and_signatures(other_key: SigningKey) -> None:
    text = "\nfirst\n\n\n— example.com/foo AAAAAAA=\n\nlast\n\n"
    note = parse_note(sign_note(text, [other_key]))
    assert note.text == text
    assert [signature.name for signature in note.signatures] == [other_key.name]


def test_lines_end_at_newlines_only(other_key: SigningKey) -> None:
    text = "one\u2028two\u0085three\x7f\n"
    assert parse_note(sign_note(text, [other_key])).text == text


def test_signatures_of_unknown_keys_are_ignored(log_key: SigningKey, other_key: SigningKey) -> None:
    note = sign_note("text\n", [other_key, log_key]) + unknown_line()
    assert open_note(note, [log_key.verifier])[1] == [log_key.verifier]
    both = [log_key.verifier, other_key.verifier]
    assert open_note(note, both)[1] == [other_key.verifier, log_key.verifier]


def test_a_key_that_shares_only_its_name_or_its_id_is_unknown(log_key: SigningKey) -> None:
    genuine = parse_note(sign_note("text\n", [log_key])).signatures[0]
    namesake = NoteSignature(genuine.name, bytes(4), genuine.signature).line
    double = NoteSignature("example.com/other", genuine.key_id, genuine.signature).line
    for line in (namesake, double):
        assert open_note(f"text\n\n{line}{genuine.line}", [log_key.verifier])
        with pytest.raises(NoKnownSignature):
            open_note(f"text\n\n{line}", [log_key.verifier])


def test_a_known_key_with_a_wrong_signature_spoils_the_note(
    log_key: SigningKey, other_key: SigningKey
) -> None:
    genuine = parse_note(sign_note("text\n", [other_key])).signatures[0]
    wrong = parse_note(sign_note("other text\n", [log_key])).signatures[0]
    both = [log_key.verifier, other_key.verifier]
    for lines in (wrong.line + genuine.line, genuine.line + wrong.line, wrong.line):
        with pytest.raises(InvalidSignature, match=log_key.name):
            open_note(f"text\n\n{lines}", both)
    with pytest.raises(InvalidSignature):
        open_note(f"text\n\n{NoteSignature(wrong.name, wrong.key_id, b'x').line}", both)


def test_a_second_signature_of_a_known_key_must_hold_as_well(log_key: SigningKey) -> None:
    genuine = parse_note(sign_note("text\n", [log_key])).signatures[0]
    wrong = NoteSignature(genuine.name, genuine.key_id, bytes(64))
    assert open_note(f"text\n\n{genuine.line}{genuine.line}", [log_key.verifier])[1] == [
        log_key.verifier
    ]
    with pytest.raises(InvalidSignature):
        open_note(f"text\n\n{genuine.line}{wrong.line}", [log_key.verifier])


def test_a_note_nobody_known_has_signed_names_who_has(log_key: SigningKey) -> None:
    with pytest.raises(NoKnownSignature, match=r"only example\.com/foo"):
        open_note(FOO_NOTE, [log_key.verifier])
    with pytest.raises(NoKnownSignature):
        open_note(FOO_NOTE, [])


def test_cosignatures_of_other_types_and_lengths_are_read(log_key: SigningKey) -> None:
    ed25519_cosignature = NoteSignature("w.example/4", b"\1\2\3\4", bytes(72)).line
    ml_dsa_cosignature = NoteSignature("w.example/6", b"\5\6\7\x08", bytes(8 + 2420)).line
    note = sign_note("text\n", [log_key]) + ed25519_cosignature + ml_dsa_cosignature
    assert len(open_note(note, [log_key.verifier])[0].signatures) == 3


@pytest.mark.parametrize("count", [1, 16, MAX_SIGNATURES])
def test_up_to_100_signatures_are_read(log_key: SigningKey, count: int) -> None:
    others = "".join(unknown_line(number) for number in range(count - 1))
    signature = parse_note(sign_note("text\n", [log_key])).signatures[0]
    note, _ = open_note(f"text\n\n{others}{signature.line}", [log_key.verifier])
    assert len(note.signatures) == count


def test_more_than_100_signatures_are_refused(log_key: SigningKey) -> None:
    others = "".join(unknown_line(number) for number in range(MAX_SIGNATURES))
    with pytest.raises(TooManySignatures, match="101 signatures, at most 100"):
        parse_note(sign_note("text\n", [log_key]) + others)


def test_a_note_too_large_to_be_one_is_refused() -> None:
    text = "x" * (MAX_NOTE_BYTES - len(unknown_line().encode()) - 2) + "\n"
    assert parse_note(f"{text}\n{unknown_line()}").text == text
    with pytest.raises(MalformedNote, match="1000001 bytes"):
        parse_note(f"x{text}\n{unknown_line()}")


BASE64 = encode_base64(b"abcdsignature")
LINE = NoteSignature("example.com/foo", b"abcd", b"signature").line


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        "\n\n",
        "text",
        "text\n",
        "text\n\n",
        f"text\n{LINE}",
        f"text{LINE}",
        LINE,
        f"\n{LINE}",
        f"text\n\n{LINE}\n",
        f"text\n\n{LINE}\n\n",
        f"text\n\n{LINE[:-1]}",
        f"text\n\n{LINE}text\n",
        f"text\n\ntext\n{LINE}",
        f"text\n\n{LINE} ",
        f"text\n\n {LINE}",
        f"text\n\n{LINE[1:]}",
        f"text\n\n-{LINE[1:]}",
        f"text\n\n\u2013{LINE[1:]}",
        f"text\n\n—{LINE[2:]}",
        f"text\n\n— {LINE}",
        f"text\n\n—  {LINE[2:]}",
        f"text\n\n—\u00a0{LINE[2:]}",
        f"text\n\n— example.com/foo{BASE64}\n",
        f"text\n\n— example.com/foo  {BASE64}\n",
        f"text\n\n— example.com/foo+ {BASE64}\n",
        f"text\n\n— example.com/f\u2003oo {BASE64}\n",
        f"text\n\n{LINE[:-1]} \n",
        f"text\n\n{LINE[:-1]}=\n",
        f"text\n\n{LINE[:-2]}\n",
        "text\n\n— example.com/foo \n",
        "text\n\n— example.com/foo YWJjZA==\n",
        "text\n\n— example.com/foo YWJjZGX=\n",
        "text\n\n— example.com/foo YWJj ZGU=\n",
        "text\n\n— example.com/foo _-JjZGU=\n",
        f"text\r\n\r\n{LINE}",
        f"text\r\n\n{LINE}",
        f"text\n\r\n{LINE}",
        f"text\n\n{LINE[:-1]}\r\n",
        f"te\txt\n\n{LINE}",
        f"te\0xt\n\n{LINE}",
        f"te\x1bxt\n\n{LINE}",
        f"te\ud800xt\n\n{LINE}",
        f"text\n \n{LINE}",
    ],
)
def test_what_is_not_exactly_a_note_is_refused(note: str) -> None:
    with pytest.raises(MalformedNote):
        parse_note(note)


@pytest.mark.parametrize("code", [code for code in range(32) if code != 10])
def test_every_control_character_is_refused_by_name(code: int) -> None:
    with pytest.raises(MalformedNote, match=f"U\\+{code:04X}"):
        parse_note(f"te{chr(code)}xt\n\n{LINE}")


@pytest.mark.parametrize("text", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80"])
def test_bytes_that_are_not_utf_8_are_refused(text: bytes) -> None:
    with pytest.raises(MalformedNote, match="not UTF-8"):
        parse_note(text + f"\n\n{LINE}".encode())


@pytest.mark.parametrize("text", ["", "text", "text\n\nmore", "te\rxt\n", "te\ud800xt\n"])
def test_a_text_that_cannot_stand_in_a_note_is_not_signed(log_key: SigningKey, text: str) -> None:
    with pytest.raises(MalformedNote):
        sign_note(text, [log_key])


def test_a_text_that_looks_signed_already_is_not_signed_as_another(log_key: SigningKey) -> None:
    with pytest.raises(MalformedNote, match="ends in a newline"):
        sign_note(f"text\n\n{LINE[:-1]}", [log_key])


def test_a_note_needs_a_key(log_key: SigningKey) -> None:
    with pytest.raises(MalformedNote):
        sign_note("text\n", [])


def test_every_altered_byte_of_a_note_is_refused(
    assert_tamper_proof: TamperCheck, log_key: SigningKey
) -> None:
    note = sign_note("text\n\nmore — text\n", [log_key])
    keys = [log_key.verifier]
    harmless = assert_tamper_proof(note.encode(), lambda data: open_note(data, keys), range(1, 256))
    assert harmless == []


def test_an_altered_line_of_an_unknown_key_does_not_change_the_text(
    assert_tamper_proof: TamperCheck, log_key: SigningKey
) -> None:
    note = sign_note("text\n", [log_key]) + unknown_line()
    keys = [log_key.verifier]

    def opened(data: bytes) -> tuple[str, list[VerifierKey]]:
        read, signers = open_note(data, keys)
        return read.text, signers

    harmless = assert_tamper_proof(note.encode(), opened, range(1, 256))
    assert min(harmless) > note.encode().index(b"witness.example") - len("— ".encode()) - 1
