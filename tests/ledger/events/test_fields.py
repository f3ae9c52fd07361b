"""Fields that need more than a type: ids, amounts, digests, operands, and pairs that must agree."""

from __future__ import annotations

import pytest

from ledger.events import parse_body
from ledger.events.bodies import InvalidBody
from ledger.events.canonical import JsonObject, JsonValue
from tests.support.examples import EXAMPLES, body_of, required_only


def refused(kind: str, body: JsonValue) -> str:
    """The message that refuses the body."""
    with pytest.raises(InvalidBody) as caught:
        parse_body(kind, body)  # type: ignore[arg-type]
    return str(caught.value)


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
