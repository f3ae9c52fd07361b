"""When a purpose fits what was consented to: the table of DUO, and diseases."""

from __future__ import annotations

import json

import pytest

from ledger.rules.purposes import PERMISSIONS, misfit, terms_of

INCLUDES = {
    "NRES": {"NRES", "GRU", "HMB", "DS", "POA"},
    "GRU": {"GRU", "HMB", "DS", "POA"},
    "HMB": {"HMB", "DS"},
    "DS": {"DS"},
    "POA": {"POA"},
}
"""For each permission that was consented to, those that may be asked for."""

CANCER, BREAST = "MONDO:0004992", "MONDO:0007254"


def fits(asked: list[str], allowed: list[str], *actions: str, **diseases: object) -> bool:
    wanted = {"duo": asked} | ({"disease": diseases["disease"]} if "disease" in diseases else {})
    given = {"duo": allowed} | ({"diseases": diseases["of"]} if "of" in diseases else {})
    terms = terms_of(json.dumps(wanted)), terms_of(json.dumps(given))
    return misfit(*terms, actions or ("read",)) is None


@pytest.mark.parametrize("allowed", PERMISSIONS)
@pytest.mark.parametrize("asked", PERMISSIONS)
def test_a_permission_is_within_those_that_include_it(asked: str, allowed: str) -> None:
    disease = {"term": BREAST}
    found = fits([asked], [allowed], disease=disease, of=[disease])
    assert found == (asked in INCLUDES[allowed])


def test_a_purpose_without_a_permission_fits_nowhere() -> None:
    assert not fits(["NPU"], ["NRES"])
    assert not fits([], ["NRES"])
    assert not fits(["GRU"], ["NPU"])


def test_every_permission_that_is_asked_for_must_fit() -> None:
    assert not fits(["HMB", "POA"], ["HMB"])
    assert fits(["HMB", "POA"], ["HMB", "POA"])


@pytest.mark.parametrize(
    ("asked", "of", "expected"),
    [
        ({"term": BREAST}, [{"term": BREAST}], True),
        ({"term": BREAST, "broader": [CANCER]}, [{"term": CANCER}], True),
        ({"term": CANCER}, [{"term": BREAST}], False),
        ({"term": CANCER}, [{"term": BREAST, "broader": [CANCER]}], False),
        ({"term": BREAST}, [{"term": CANCER}], False),
        ({"term": BREAST}, [{"term": "MONDO:1"}, {"term": BREAST}], True),
        ({"term": BREAST}, [], False),
    ],
)
def test_a_disease_fits_itself_and_its_ancestors_never_its_descendants(
    asked: object, of: object, expected: bool
) -> None:
    assert fits(["DS"], ["DS"], disease=asked, of=of) == expected
    assert fits(["DS"], ["DS", "HMB"], disease=asked, of=of)


def test_a_disease_purpose_names_a_disease() -> None:
    assert not fits(["DS"], ["DS"], of=[{"term": BREAST}])


def test_modifiers_of_the_consent_must_be_accepted_but_freedoms_need_not() -> None:
    assert not fits(["GRU"], ["GRU", "NPU"])
    assert fits(["GRU", "NPU"], ["GRU", "NPU"])
    assert fits(["GRU", "NPU"], ["GRU"])
    assert fits(["GRU"], ["GRU", "CC"])


def test_nmds_bars_training_even_where_it_is_accepted() -> None:
    assert not fits(["GRU", "NMDS"], ["GRU", "NMDS"], "read", "train")
    assert fits(["GRU", "NMDS"], ["GRU", "NMDS"], "read", "evaluate")
    assert fits(["GRU"], ["GRU"], "train")


def test_npoa_prohibits_ancestry_even_where_it_is_accepted() -> None:
    assert not fits(["POA", "NPOA"], ["GRU", "NPOA"])
    assert fits(["HMB", "NPOA"], ["GRU", "NPOA"])
