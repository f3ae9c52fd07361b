"""docs/events.md: every kind of event with its fields, from the models that read them.

    python -m service.event_page [--output docs/events.md]

Rules:
- Fields, which of them must be there, and their form come from each body's JSON Schema; a sentence
  about the kind from its docstring. Only who may sign is written here, as the rules have it.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from types import MappingProxyType

from ledger.events.bodies import BODIES, Body
from ledger.events.canonical import JsonObject, JsonValue

SIGNERS = MappingProxyType(
    {
        "ledger": "the operator, once",
        "member": "the mirror; the operator, where there is no DAO",
        "key": "the member itself",
        "dataset": "the dataset's steward",
        "access.requested": "any member",
        "access.returned": "the dataset's steward",
        "access.denied": "the dataset's steward",
        "access.granted": "the dataset's steward, or the assignee of a delegable grant",
        "access.expired": "the operator",
        "access.emergency_opened": "a gateway",
        "access.used": "the grant's assignee, or a gateway",
        "access": "the dataset's steward; of a grant under another, the steward of that one too",
        "run": "the developer",
        "model.registered": "the developer",
        "model.version_published": "the model's owner",
        "erasure": "the operator",
    }
)
"""By kind, else by the part of it in front of the dot; all others are the mirror's."""

_HEAD = """\
# Events

Written by `python -m service.event_page`; a test compares. What a member signs is `{kind, actor,
subject, issuedAt, nonce, body, summary, signature}`; `POST /v1/events:prepare` makes all of it but
the signature from `kind`, `actor` and `body`. This page lists the bodies: `name?` may be left out,
`[…]` is a list, and what stands nowhere here is refused. Wherever a member signs, a key that it has
authorised for the kind serves as well.

Forms: an *id* is up to 128 of `a-z 0-9 . _ -`, a *version* up to 64 of `A-Z a-z 0-9 . _ + -`, each
beginning with a letter or digit; an *address* is EIP-55; a *time* RFC 3339 in UTC; a *hash* 0x and
64 hex digits, a *sha256* 64 hex digits; an *amount* a decimal string; *sealed* is
`{"$sealed": "<commitment>"}`. In brackets: the most characters of a text, or items of a list.
"""

_FORMS = MappingProxyType(
    {
        "^[a-z0-9][a-z0-9._-]{0,127}$": "id",
        "^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$": "version",
        "^0x[0-9a-f]{64}$": "hash",
        "^[0-9a-f]{64}$": "sha256",
        "^(0|[1-9][0-9]{0,77})$": "amount",
        "^b[a-z2-7]{20,120}$": "CID",
        "^0x([0-9a-f]{2})*$": "hex",
        "^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$": "commitment",
    }
)


def page() -> str:
    """The whole page."""
    parts = [_HEAD]
    shared: dict[str, JsonObject] = {}
    for kind, body in BODIES.items():
        schema = body.model_json_schema(by_alias=True)
        shared.update(schema.get("$defs", {}))
        parts.append(_section(kind, body, schema))
    parts.append("\n## Parts\n\n| part | fields |\n|---|---|\n")
    for name, schema in sorted(shared.items()):
        if name not in {"Sealed", "SealedValue"}:
            parts.append(f"| {name} | {_fields(schema)} |\n")
    return "".join(parts)


def signer_of(kind: str) -> str:
    """Who may sign a kind."""
    return SIGNERS.get(kind) or SIGNERS.get(kind.partition(".")[0], "the mirror")


def _section(kind: str, body: type[Body], schema: JsonObject) -> str:
    told = " ".join((body.__doc__ or "").partition("\n\n")[0].split())
    return (
        f"\n## {kind}\n\n{told} Signed by {signer_of(kind)}; its subject is `{body.SUBJECT}`.\n\n"
        f"{_fields(schema)}\n"
    )


def _fields(schema: JsonObject) -> str:
    properties, required = schema.get("properties"), schema.get("required")
    assert isinstance(properties, dict)  # noqa: S101 - a model's schema
    needed = required if isinstance(required, list) else []
    return ", ".join(
        f"`{name}{'' if name in needed else '?'}` {_form(field)}"
        for name, field in properties.items()
    )


def _form(field: JsonValue) -> str:
    assert isinstance(field, dict)  # noqa: S101 - a schema
    if "$ref" in field:
        name = str(field["$ref"]).rpartition("/")[2]
        return "sealed" if name.startswith("Sealed") else name
    options = field.get("anyOf") or field.get("oneOf")
    if isinstance(options, list):
        forms = [_form(option) for option in options if option != {"type": "null"}]
        return " or ".join(dict.fromkeys(forms))
    allowed = field.get("enum") or ([field["const"]] if "const" in field else None)
    if isinstance(allowed, list):
        return "one of " + " ".join(f"`{value}`" for value in allowed)
    match field.get("type"):
        case "array":
            return f"[{_form(field['items'])}]{_limit(field, 'maxItems')}"
        case "string":
            return _text(field)
        case other:
            return "value" if other is None else str(other)


def _text(field: JsonObject) -> str:
    if field.get("format") == "date-time":
        return "time"
    pattern = field.get("pattern")
    if isinstance(pattern, str):
        return _FORMS.get(pattern, f"text like `{pattern}`")
    return f"text{_limit(field, 'maxLength')}" if "maxLength" in field else "address"


def _limit(field: JsonObject, name: str) -> str:
    return f" ({field[name]})" if name in field else ""


def main() -> None:
    """Writes the page."""
    parser = argparse.ArgumentParser(description="Writes the page of all kinds of event.")
    parser.add_argument("--output", type=Path, default=Path("docs/events.md"))
    parser.parse_args().output.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
