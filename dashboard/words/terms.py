"""Consent terms, actions, roles and constraints in words.

Sources: GA4GH Data Use Ontology (DUO), ODRL 2.2 core vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable

from client import JsonObject, JsonValue
from client.fields import inner, objects, text, texts

DUO: dict[str, tuple[str, str]] = {
    "NRES": ("any use", "No restriction on use."),
    "GRU": ("any research", "General research use, whatever the field."),
    "HMB": ("health research", "Health, medical and biomedical research; not ancestry."),
    "DS": ("research on a named disease", "Only research on the disease that is named."),
    "POA": ("ancestry research only", "Population origins or ancestry research only."),
    "RS": ("named kinds of research only", "Only the kinds of research that the terms name."),
    "NMDS": ("no methods development", "Not for developing methods, software or algorithms."),
    "GSO": ("genetic studies only", "Only studies that use genetic data."),
    "NPUNCU": ("not-for-profit users and uses", "Not-for-profit organisations and purposes only."),
    "PUB": ("results to be published", "Results must be made available to the public."),
    "COL": ("only in collaboration", "Only together with the study that collected the data."),
    "IRB": ("ethics approval needed", "An ethics board must have approved the study."),
    "GS": ("in named regions only", "Only within the geographical regions that are named."),
    "MOR": ("publication delayed", "Results may be published only after an agreed date."),
    "TS": ("limited in time", "Only until an agreed date."),
    "US": ("named users only", "Only for users who are approved by name."),
    "PS": ("named projects only", "Only for projects that are approved by name."),
    "IS": ("named institutions only", "Only for institutions that are approved by name."),
    "RTN": ("results come back", "Results must be returned to the data's source."),
    "CC": ("clinical care", "Clinical care is allowed."),
    "NPOA": ("no ancestry research", "Not for population origins or ancestry research."),
    "NPU": ("not-for-profit use", "Only for purposes that are not for profit."),
    "NCU": ("no commercial use", "Not for commercial purposes."),
}
"""Shorthand to (in a few words, in one sentence)."""

ACTIONS: dict[str, str] = {
    "read": "read the records",
    "train": "train models on them",
    "evaluate": "test models on them",
    "derive": "make new datasets from them",
    "distribute": "pass them on",
}

ROLES: dict[str, str] = {
    "steward": "answers for datasets and decides who may use them",
    "developer": "trains and publishes models",
    "gateway": "lets data out when a grant allows it",
    "auditor": "may read what is sealed, to check it",
    "operator": "runs the ledger",
}

_OPERANDS = {
    "purpose": "purpose",
    "dateTime": "date",
    "elapsedTime": "time since the grant began",
    "count": "number of uses",
    "spatial": "place",
    "recipient": "who receives it",
}
_OPERATORS = {
    "eq": "is",
    "neq": "is not",
    "lt": "is less than",
    "lteq": "is at most",
    "gt": "is more than",
    "gteq": "is at least",
    "isA": "is a kind of",
    "isAnyOf": "is one of",
    "isNoneOf": "is none of",
    "isAllOf": "is all of",
    "isPartOf": "is within",
}


def listed(items: Iterable[str]) -> str:
    """`a, b and c`."""
    words = list(items)
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def actions_in_words(actions: Iterable[str]) -> str:
    """`read the records and train models on them`."""
    return listed(ACTIONS.get(action, action) for action in actions)


def purpose_in_words(purpose: JsonObject) -> str:
    """`health research, not-for-profit use (MONDO:0007254)`."""
    words = ", ".join(DUO.get(term, (term, ""))[0] for term in texts(purpose, "duo"))
    disease = text(inner(purpose, "disease"), "term")
    return f"{words} ({disease})" if disease else words


def duo_sentences(purpose: JsonObject) -> list[tuple[str, str]]:
    """Each term's shorthand and what it means."""
    return [
        (term, DUO.get(term, ("", "A term not known here."))[1]) for term in texts(purpose, "duo")
    ]


def constraint_in_words(constraint: JsonObject) -> str:
    """`number of uses is at most 5`."""
    left, operator = text(constraint, "leftOperand"), text(constraint, "operator")
    right = _value(constraint.get("rightOperand"))
    return f"{_OPERANDS.get(left, left)} {_OPERATORS.get(operator, operator)} {right}"


def offer_in_words(usage: JsonObject) -> list[str]:
    """One sentence for each rule of an ODRL offer."""
    offer = inner(usage, "odrl")
    sentences = []
    for name, verb in (("permission", "Allowed"), ("prohibition", "Not allowed")):
        for rule in objects(offer, name):
            limits = listed(constraint_in_words(c) for c in objects(rule, "constraint"))
            condition = f", if {limits}" if limits else ""
            sentences.append(f"{verb}: {text(rule, 'action')}{condition}.")
    return sentences


def _value(value: JsonValue) -> str:
    if isinstance(value, list):
        return listed(str(item) for item in value)
    return str(value)
