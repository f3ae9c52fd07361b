"""Seals: what stands in a leaf says nothing without its salt, and opens one way only."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.events.canonical import InvalidJson, JsonValue, canonical
from ledger.events.sealed import (
    InvalidSeal,
    Opening,
    Sealed,
    check_opening,
    commit,
    commitments_in,
    seal,
)
from tests.support import jcs
from tests.support.examples import EXAMPLES, SEALED

SALT = bytes(range(32))

any_value = jcs.values(jcs.integers | jcs.floats)
salts = st.binary(min_size=32, max_size=32)


def independent_commitment(value: JsonValue, salt: bytes) -> str:
    """SHA-256("concord/sealed/v1" ‖ salt[32] ‖ JCS(value)) in base64, from its parts."""
    hasher = hashlib.sha256()
    for part in (b"concord/sealed/v1", salt, jcs.jcs(value)):
        hasher.update(part)
    return base64.b64encode(hasher.digest()).decode("ascii")


@pytest.mark.parametrize(
    ("value", "preimage"),
    [
        ("Erika", b'"Erika"'),
        ("", b'""'),
        (None, b"null"),
        ({"b": 1.0, "a": [True]}, b'{"a":[true],"b":1}'),
        ("Größe\n", '"Größe\\n"'.encode()),
    ],
)
def test_a_commitment_is_the_digest_of_tag_salt_and_canonical_value(
    value: JsonValue, preimage: bytes
) -> None:
    expected = hashlib.sha256(b"concord/sealed/v1" + SALT + preimage).digest()
    assert commit(value, SALT) == base64.b64encode(expected).decode()


def test_the_commitment_of_one_value_never_changes() -> None:
    assert commit("the reviewer knows the patient", SALT) == SEALED["$sealed"]
    assert SEALED["$sealed"] == "TCfWsYSTyiAA85a4TeoSW4W+lupXwj9EzHkZcoPmTFM="


@given(any_value, salts)
def test_any_value_is_committed_to_as_specified(value: JsonValue, salt: bytes) -> None:
    assert commit(value, salt) == independent_commitment(value, salt)


@given(any_value, salts)
def test_what_was_sealed_opens(value: JsonValue, salt: bytes) -> None:
    field, opening = seal(value, salt=salt, data_subject="subject-1")
    assert field == {"$sealed": opening.commitment}
    assert opening == Opening(opening.commitment, salt, value, "subject-1")
    assert Sealed.model_validate(field).commitment == opening.commitment
    check_opening(opening)


@given(any_value, any_value, salts, salts)
def test_nothing_else_opens_it(
    value: JsonValue, other: JsonValue, salt: bytes, other_salt: bytes
) -> None:
    _, opening = seal(value, salt=salt, data_subject="subject-1")
    for wrong in (
        dataclasses.replace(opening, value=other),
        dataclasses.replace(opening, salt=other_salt),
    ):
        # 1 and 1.0 are one value to RFC 8785.
        if (canonical(wrong.value), wrong.salt) != (canonical(value), salt):
            with pytest.raises(InvalidSeal, match="do not open"):
                check_opening(wrong)


@pytest.mark.parametrize("commitment", ["", "x", "é", "A" * 44, SEALED["$sealed"]])
def test_an_opening_of_another_commitment_is_refused_by_name(commitment: str) -> None:
    _, opening = seal("value", salt=SALT, data_subject="subject-1")
    with pytest.raises(InvalidSeal, match=r"do not open .*; send the sealed ones"):
        check_opening(dataclasses.replace(opening, commitment=commitment))


@pytest.mark.parametrize("size", [0, 1, 16, 31, 33, 64])
def test_a_salt_of_any_other_length_is_refused(size: int) -> None:
    with pytest.raises(InvalidSeal, match=f"A salt has 32 bytes, not {size}"):
        seal("value", salt=bytes(size), data_subject="subject-1")
    _, opening = seal("value", salt=SALT, data_subject="subject-1")
    with pytest.raises(InvalidSeal, match="A salt has 32 bytes"):
        check_opening(dataclasses.replace(opening, salt=bytes(size)))


@pytest.mark.parametrize("value", [float("nan"), "\ud800", 2**53, b"x"])
def test_what_has_no_canonical_form_cannot_be_sealed(value: JsonValue) -> None:
    with pytest.raises(InvalidJson, match="no canonical JSON form"):
        seal(value, salt=SALT, data_subject="subject-1")


def test_salt_and_value_cannot_trade_bytes() -> None:
    """A longer salt with a shorter value would hash alike if lengths were free."""
    assert commit(12, SALT) != commit(2, SALT[:-1] + b"1")


@given(st.text(string.ascii_lowercase, min_size=1, max_size=8))
def test_equal_values_under_fresh_salts_look_unrelated(value: str) -> None:
    commitments = {commit(value, bytes([n]) * 32) for n in range(16)}
    assert len(commitments) == 16


def test_brute_force_over_every_plausible_value_finds_nothing_without_the_salt() -> None:
    """What an erasure leaves behind: the commitment alone, against all values there could be."""
    names = [f"{a}. {b}" for a in string.ascii_uppercase for b in ("Meier", "Weber", "Novák")]
    verdicts = ["yes", "no", True, False, None, *range(121), *names]
    salt = hashlib.sha256(b"a salt that has been destroyed").digest()
    leaked = commit("M. Weber", salt)
    assert "M. Weber" in verdicts

    # An attacker knows the scheme and tries no salt, constant salts and salts made of what stands
    # in the leaf.
    known = [bytes(32), b"\xff" * 32, SALT, base64.b64decode(leaked)]
    guesses = known + [hashlib.sha256(str(value).encode()).digest() for value in verdicts]
    tried = {commit(value, guess) for value in verdicts for guess in guesses}
    unsalted = {hashlib.sha256(canonical(value)).digest() for value in verdicts}
    tagged = {
        hashlib.sha256(b"concord/sealed/v1" + canonical(value)).digest() for value in verdicts
    }
    assert leaked not in tried
    assert base64.b64decode(leaked) not in unsalted | tagged
    # With the salt the same search succeeds at once, so it is the salt that protects.
    assert [value for value in verdicts if commit(value, salt) == leaked] == ["M. Weber"]


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "A" * 43, "A" * 44, "A" * 43 + "=\n", " " + "A" * 43 + "=", "A" * 42 + "B=",
        "A" * 42 + "==", "-" * 43 + "=", "A" * 88, "\uff21" * 43 + "=",
    ],
)  # fmt: skip
def test_a_commitment_has_one_spelling(text: str) -> None:
    with pytest.raises(ValueError, match="a commitment is 32 bytes in base64"):
        Sealed.model_validate({"$sealed": text})
    assert Sealed.model_validate({"$sealed": "A" * 43 + "="})


def test_commitments_are_found_in_reading_order() -> None:
    one, two, three = (seal(n, salt=SALT, data_subject="s")[0] for n in range(3))
    value: JsonValue = {"z": one, "a": [1, {"b": two}, "x", None], "m": {"n": {"o": [[three]]}}}
    assert commitments_in(value) == [one["$sealed"], two["$sealed"], three["$sealed"]]
    assert commitments_in(one) == [one["$sealed"]]


def test_what_only_looks_like_a_seal_holds_no_commitment() -> None:
    commitment = SEALED["$sealed"]
    assert commitments_in({"$sealed": "x"}) == []
    assert commitments_in({"$sealed": 5}) == []
    assert commitments_in({"$sealed": commitment, "other": 1}) == []
    assert commitments_in({"$Sealed": commitment}) == []
    assert commitments_in(commitment) == []
    assert commitments_in([]) == commitments_in(None) == []
    # A seal inside what only looks like one is still found.
    assert commitments_in({"$sealed": {"$sealed": commitment}}) == [commitment]


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_the_examples_hold_the_seals_that_they_show(kind: str) -> None:
    shown = kind in {"access.requested", "access.emergency_opened"}
    assert commitments_in(EXAMPLES[kind]) == ([SEALED["$sealed"]] if shown else [])


def test_the_error_has_a_stable_code() -> None:
    assert InvalidSeal.code == "invalid-seal"
