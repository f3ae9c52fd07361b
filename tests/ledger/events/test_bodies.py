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
    "proposal.created": {"title", "proposalClass"},
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


GOOD_IDS = ["a", "0", "a.b_c-d", "a" * 128, "1.0", "a--b"]
BAD_IDS = [
    "", "A", ".a", "-a", "_a", "a b", "a/b", "a:b", "é", "a" * 129, "a\n", "\na", "a\0",
    "\u0430", "0x/", "a\u200b", "\uff41",
]  # fmt: skip


@pytest.mark.parametrize("text", GOOD_IDS)
def test_an_id_is_taken(text: str) -> None:
    assert parse_body("access.denied", {"request": text}).subject == text


@pytest.mark.parametrize("text", BAD_IDS)
def test_what_is_no_id_is_refused_with_the_pattern(text: str) -> None:
    message = refused("access.denied", {"request": text})
    assert "request: must match ^[a-z0-9][a-z0-9._-]{0,127}$" in message


@pytest.mark.parametrize("number", [-1, 2**53, 2**64, -(2**53)])
def test_a_count_is_a_natural_number_up_to_the_safe_range(number: int) -> None:
    parse_body("access.used", body_of("access.used", bytes=2**53 - 1, records=0))
    assert "bytes: " in refused("access.used", body_of("access.used", bytes=number))


@pytest.mark.parametrize("amount", ["0", "1", "10", str(2**256 - 1)])
def test_an_amount_is_a_decimal_string_up_to_256_bits(amount: str) -> None:
    parse_body("token.transferred", body_of("token.transferred", amount=amount))


@pytest.mark.parametrize(
    "amount",
    ["", "-1", "+1", "01", "1.0", "1e3", "0x1", " 1", "\uff11", "1_0", str(2**256), "9" * 79],
)
def test_any_other_spelling_of_an_amount_is_refused(amount: str) -> None:
    assert "amount: " in refused("token.transferred", body_of("token.transferred", amount=amount))


@pytest.mark.parametrize("calldata", ["0x8", "0xGG", "8456", "0xAB", "0x" + "00" * 8193])
def test_calldata_is_lower_case_hex_of_whole_bytes(calldata: str) -> None:
    call = {"target": EXAMPLES["proposal.created"]["proposer"], "value": "0", "calldata": calldata}
    assert "calls.0.calldata" in refused(
        "proposal.created", body_of("proposal.created", calls=[call])
    )


@pytest.mark.parametrize("digest", ["", "a" * 63, "a" * 65, "A" * 64, "0x" + "a" * 62, "g" * 64])
def test_what_is_no_sha256_is_refused_where_a_file_is_described(digest: str) -> None:
    body = body_of("dataset.version_published", distribution=[{"digest": {"sha256": digest}}])
    assert "distribution.0.digest.sha256: must match" in refused("dataset.version_published", body)


@pytest.mark.parametrize("name", ["", "größe", "a b", "a\n", "k" * 129, "$sealed"])
def test_an_annotation_has_a_plain_ascii_name(name: str) -> None:
    file = {"digest": {"sha256": "a" * 64}, "annotations": {name: "x"}}
    body = body_of("dataset.version_published", distribution=[file])
    assert "annotations" in refused("dataset.version_published", body)


@pytest.mark.parametrize("name", ["", "größe", "\ufb33", "\U0001f600", "a b", "Token\n"])
def test_a_contract_has_a_plain_ascii_name(name: str) -> None:
    body = body_of("ledger.created")
    body["contracts"] = {name: body["mirror"]}
    assert "contracts" in refused("ledger.created", body)


def test_lists_have_their_bounds() -> None:
    assert "actions: " in refused("access.granted", body_of("access.granted", actions=[]))
    assert "actions: " in refused("access.granted", body_of("access.granted", actions=["read"] * 6))
    assert "inputs: " in refused(
        "run.started", body_of("run.started", inputs=[{"model": "m", "version": "1"}] * 1025)
    )
    parse_body(
        "run.started", body_of("run.started", inputs=[{"model": "m", "version": "1"}] * 1024)
    )


def test_an_input_is_a_dataset_or_a_model_and_never_both() -> None:
    def inputs(item: JsonValue) -> str:
        return refused("run.started", body_of("run.started", inputs=[item]))

    both: JsonObject = {"dataset": "d", "model": "m", "version": "1"}
    assert "inputs.0: an input names a dataset or a model" in inputs({"version": "1"})
    assert "inputs.0: an input names a dataset or a model" in inputs("d")
    assert inputs(both).endswith("inputs.0.model: is not a field here; leave it out.")
    assert inputs({"dataset": "d"}).endswith("valid: inputs.0.version: is missing.")
    assert inputs({"model": "m", "version": "1", "grant": "g"}).endswith(
        "inputs.0.grant: is not a field here; leave it out."
    )


@pytest.mark.parametrize("value", ["x", 5, ["x", 5], [], 0])
def test_an_odrl_operand_is_text_a_count_or_a_list_of_them(value: JsonValue) -> None:
    constraint = {"leftOperand": "count", "operator": "eq", "rightOperand": value}
    parse_body("access.granted", body_of("access.granted", constraints=[constraint]))


@pytest.mark.parametrize("value", [1.5, True, None, {}, [1.5], [["x"]], -1, "x" * 257, [True]])
def test_any_other_odrl_operand_is_refused_once(value: JsonValue) -> None:
    constraint = {"leftOperand": "count", "operator": "eq", "rightOperand": value}
    message = refused("access.granted", body_of("access.granted", constraints=[constraint]))
    assert message.count("constraints.0.rightOperand") == 1


def test_a_grant_ends_after_it_begins() -> None:
    at = "2026-10-01T08:00:00Z"
    body = body_of("access.granted", notBefore=at, expiresAt="2026-10-01T08:00:00.000Z")
    assert "expiresAt must be after notBefore" in refused("access.granted", body)
    body["expiresAt"] = "2026-10-01T08:00:00.001Z"
    parse_body("access.granted", body)


def test_a_run_ends_no_earlier_than_it_starts() -> None:
    body = body_of("run.completed", startedAt="2026-10-01T08:00:00Z")
    body["endedAt"] = "2026-10-01T07:59:59.999Z"
    assert "endedAt must not be before startedAt" in refused("run.completed", body)
    body["endedAt"] = "2026-10-01T08:00:00Z"
    parse_body("run.completed", body)


def test_disease_specific_data_names_its_diseases() -> None:
    body = body_of("dataset.registered", usage={"duo": ["DS"]})
    assert "DS (disease specific research) needs at least one disease" in refused(
        "dataset.registered", body
    )


@pytest.mark.parametrize("relation", ["finetuned", "adapter", "quantized", "merged", "distilled"])
def test_a_derived_version_names_its_base(relation: str) -> None:
    body = required_only("model.version_published") | {"relation": relation}
    assert f"relation {relation} needs at least one base" in refused(
        "model.version_published", body
    )


@pytest.mark.parametrize(
    "kind", ["", "access", "Access.used", "access.used ", "x" * 64, "__class__"]
)
def test_an_unknown_kind_is_refused(kind: str) -> None:
    with pytest.raises(UnknownKind, match="There is no kind"):
        parse_body(kind, {})


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
