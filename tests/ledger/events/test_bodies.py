"""Every kind's body: what it takes, and what it refuses by name.

The examples fill in every field, so walking them visits every place that a body has.
"""

from __future__ import annotations

import contextlib
import copy
import re
from collections.abc import Iterator

import jsonschema_rs
import pytest
from pydantic import BaseModel

from ledger.errors import ConcordError
from ledger.events import BODIES, parse_body
from ledger.events.bodies import InvalidBody, UnknownKind
from ledger.events.bodies.base import Value
from ledger.events.canonical import JsonObject, JsonValue, canonical, canonical_plain
from tests.support.examples import EXAMPLES, SEALED, body_of, required_only

KINDS = sorted(EXAMPLES)
Path = tuple[str | int, ...]

# Fields whose shape is their writer's own.
FREE = {"parameters", "metrics", "environment", "annotations"}

SEALABLE = {
    "access.denied": {"reason"},
    "access.emergency_opened": {"justification"},
    "access.emergency_reviewed": {"reason"},
    "access.renewed": {"reason"},
    "access.requested": {"justification"},
    "access.resumed": {"reason"},
    "access.returned": {"reason"},
    "access.revoked": {"reason"},
    "access.suspended": {"reason"},
    "dataset.registered": {"title", "description"},
    "dataset.withdrawn": {"reason"},
    "key.authorized": {"label"},
    "key.revoked": {"reason"},
    "member.removed": {"reason"},
    "model.registered": {"title"},
    "run.completed": {"parameters", "environment", "metrics"},
    "run.failed": {"parameters", "environment", "metrics", "reason"},
    "run.started": {"parameters", "environment"},
}

# Every field that takes any text. All others are patterned, so that one thing has one spelling.
PROSE = {
    "access.used": {"decision"},
    "dataset.registered": {"title", "description"},
    "erasure.performed": {"legalBasis"},
    "model.registered": {"title", "task"},
    "proposal.created": {"title"},
    **{kind: {"reason"} for kind in KINDS if "reason" in EXAMPLES[kind]},
    "key.authorized": {"label"},
}
# Within values that several kinds share.
SHARED_PROSE = {"name", "uri", "mediaType", "rightOperand"}


def refused(kind: str, body: JsonValue) -> str:
    """The message that refuses the body."""
    with pytest.raises(InvalidBody) as caught:
        parse_body(kind, body)  # type: ignore[arg-type]
    return str(caught.value)


def places(value: JsonValue, path: Path = ()) -> Iterator[tuple[Path, JsonValue]]:
    """Every value inside a body with its path, except inside fields of free shape."""
    if path:
        yield path, value
    if path and path[-1] in FREE:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*path, index))


def replaced(body: JsonObject, path: Path, value: JsonValue) -> JsonObject:
    """A copy of the body with another value at the path."""
    result = copy.deepcopy(body)
    target: JsonValue = result
    for part in path[:-1]:
        target = target[part]  # type: ignore[index]
    target[path[-1]] = copy.deepcopy(value)  # type: ignore[index]
    return result


def dotted(path: Path) -> str:
    return ".".join(map(str, path))


def test_every_kind_has_an_example_and_every_example_a_kind() -> None:
    assert set(EXAMPLES) == set(BODIES)


def test_the_examples_fill_in_every_field_of_every_part() -> None:
    whole: set[type[BaseModel]] = set()

    def visit(value: object) -> None:
        if isinstance(value, Value):
            if value.model_fields_set == set(type(value).model_fields):
                whole.add(type(value))
            for name in value.model_fields_set:
                visit(getattr(value, name))
        elif isinstance(value, list):
            for item in value:
                visit(item)

    for kind in KINDS:
        visit(parse_body(kind, body_of(kind)))
    assert set(BODIES.values()) <= whole
    parts = {model for model in Value.__subclasses__() if model.__name__ != "Body"}
    assert parts <= whole


@pytest.mark.parametrize("kind", KINDS)
def test_a_body_survives_being_typed_and_written_again(kind: str) -> None:
    for body in (body_of(kind), required_only(kind)):
        typed = parse_body(kind, body)
        written = typed.model_dump(mode="json", by_alias=True, exclude_unset=True)
        assert written == body
        assert parse_body(kind, written) == typed
        assert typed.subject == body[{"sender": "from"}.get(typed.SUBJECT, typed.SUBJECT)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_fast_writer_is_used_only_where_it_is_right(kind: str) -> None:
    fast = canonical(EXAMPLES[kind]) == canonical_plain(EXAMPLES[kind])
    assert fast or BODIES[kind].HOLDS_FLOATS


@pytest.mark.parametrize("kind", KINDS)
def test_each_required_field_is_missed_by_name(kind: str) -> None:
    for name in required_only(kind):
        body = body_of(kind)
        del body[name]
        assert f"{name}: is missing" in refused(kind, body)


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_field_is_refused_wherever_it_stands(kind: str) -> None:
    assert "surprise: is not a field here" in refused(kind, body_of(kind, surprise=1))
    assert "größe: is not a field here" in refused(kind, body_of(kind, größe=1))
    for path, value in places(body_of(kind)):
        if isinstance(value, dict) and path[-1] not in FREE | {"contracts"} and value != SEALED:
            message = refused(kind, replaced(body_of(kind), path, {**value, "surprise": 1}))
            assert f"{dotted(path)}.surprise: is not a field here" in message


@pytest.mark.parametrize("kind", KINDS)
def test_the_python_names_of_fields_are_not_names_on_the_wire(kind: str) -> None:
    for name, field in BODIES[kind].model_fields.items():
        if field.alias != name:
            body = body_of(kind)
            body[name] = body.pop(str(field.alias))
            assert f"{name}: is not a field here" in refused(kind, body)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_coerced_to_another_type(kind: str) -> None:
    for path, value in places(body_of(kind)):
        if path[-1] == "rightOperand":  # takes several types
            continue
        for other in _other_types(value, path):
            message = refused(kind, replaced(body_of(kind), path, other))
            assert f" {dotted(path)}" in message, (path, other)


def _other_types(value: JsonValue, path: Path) -> list[JsonValue]:
    if isinstance(value, bool):
        return [1, 0, "true", [], {}]
    if isinstance(value, int):
        return [str(value), float(value), value + 0.5, True, [value], {}]
    if isinstance(value, str):
        # Numbers for ids and amounts; a list of characters; nothing at all inside a list.
        return [1, 1.5, True, [value], {}, *([None] if isinstance(path[-1], int) else [])]
    if isinstance(value, list):
        return ["x", 1, {}, {"0": value[0]}, True]
    return ["x", 1, [], [value], True]


@pytest.mark.parametrize("kind", KINDS)
def test_a_required_field_may_not_be_null(kind: str) -> None:
    for name in required_only(kind):
        assert name in refused(kind, body_of(kind, **{name: None}))


@pytest.mark.parametrize("kind", KINDS)
def test_exactly_the_descriptive_fields_may_be_sealed(kind: str) -> None:
    sealable = set()
    for path, _ in places(body_of(kind)):
        with contextlib.suppress(InvalidBody):
            parse_body(kind, replaced(body_of(kind), path, SEALED))
            sealable.add(dotted(path))
    assert sealable == SEALABLE.get(kind, set())


@pytest.mark.parametrize("kind", sorted(SEALABLE))
def test_a_malformed_seal_is_never_taken_for_the_value(kind: str) -> None:
    for name in SEALABLE[kind]:
        for wrong in ("x", "", "A" * 44, "A" * 42 + "B=", "A" * 43, 1, None, SEALED):
            message = refused(kind, body_of(kind, **{name: {"$sealed": wrong}}))
            assert f"{name}.$sealed" in message
        message = refused(kind, body_of(kind, **{name: {**SEALED, "clear": "text"}}))
        assert f"{name}.clear: is not a field here" in message


@pytest.mark.parametrize("kind", ["access.requested", "access.emergency_opened"])
def test_a_justification_in_clear_is_refused_with_the_way_to_seal_it(kind: str) -> None:
    message = refused(kind, body_of(kind, justification="my patient is ill"))
    assert 'only its commitment may stand here: {"$sealed": "…"}' in message
    assert "patient" not in message


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\u2028", " "])
def test_text_that_must_match_a_pattern_may_not_end_in_a_line_break(kind: str, ending: str) -> None:
    for path, value in places(body_of(kind)):
        if isinstance(value, str):
            changed = replaced(body_of(kind), path, value + ending)
            prose = path[-1] in SHARED_PROSE or path[-1] in PROSE.get(kind, set())
            # A single line may end in a blank.
            line = path[-1] in {"job", "license"} and ending == " "
            if prose or line:
                parse_body(kind, changed)
            else:
                assert dotted(path) in refused(kind, changed)


@pytest.mark.parametrize("kind", KINDS)
def test_a_refusal_never_repeats_the_value_it_refuses(kind: str) -> None:
    secret = "Erika Mustermann\n\0"
    for path, _ in places(body_of(kind)):
        if not (path[-1] in SHARED_PROSE or path[-1] in PROSE.get(kind, set())):
            message = refused(kind, replaced(body_of(kind), path, secret))
            assert "Mustermann" not in message
            assert message.startswith(f"The body of {kind} is not valid: ")
            assert message.endswith(".")
            assert "Value error" not in message


@pytest.mark.parametrize(
    "kind", ["", "access", "Access.used", "access.used ", "x" * 64, "__class__"]
)
def test_an_unknown_kind_is_refused(kind: str) -> None:
    with pytest.raises(UnknownKind, match="There is no kind"):
        parse_body(kind, {})


def test_a_kind_that_is_nearly_one_is_answered_with_that_one() -> None:
    with pytest.raises(UnknownKind, match=r"no kind 'access\.grant', but 'access\.granted'"):
        parse_body("access.grant", {})


def test_a_message_names_eight_faults_at_most_and_counts_the_rest() -> None:
    message = refused("access.denied", {f"field{n}": 1 for n in range(1000)})
    assert message.endswith("; and 993 more.")
    assert len(message) < 800


def test_a_very_long_field_name_is_not_repeated_in_full() -> None:
    assert len(refused("access.denied", {"request": "r", "k" * 60_000: 1})) < 300


def test_every_kind_is_documented_and_has_a_dotted_name() -> None:
    for kind, model in BODIES.items():
        assert model.__doc__
        assert re.fullmatch(r"[a-z]+\.[a-z]+(_[a-z]+)*", kind), kind
        assert kind == model.KIND
        assert len(kind) <= 64


@pytest.mark.parametrize("kind", KINDS)
def test_every_body_has_a_json_schema_that_its_example_satisfies(kind: str) -> None:
    schema = BODIES[kind].model_json_schema(by_alias=True)
    validator = jsonschema_rs.validator_for(schema)
    validator.validate(body_of(kind))
    validator.validate(required_only(kind))
    assert not validator.is_valid(body_of(kind, surprise=1))


def test_a_body_cannot_be_changed_once_it_is_read() -> None:
    body = parse_body("access.denied", {"request": "r"})
    with pytest.raises(ValueError, match="frozen"):
        body.request = "s"  # type: ignore[attr-defined]


def test_all_refusals_are_invalid_input_with_a_stable_code() -> None:
    assert (InvalidBody.code, UnknownKind.code) == ("invalid-body", "unknown-kind")
    assert issubclass(InvalidBody, ConcordError)
