from __future__ import annotations

import pytest
from pydantic import ValidationError

from governance.parameters import (
    MEMBERS,
    ZERO_ADDRESS,
    ClassParameters,
    DaoParameters,
    Founder,
    InvalidParameters,
    ProposalClass,
    parse_parameters,
)
from governance.plan import DeploymentPlan
from tests.governance.dao import ALICE, BOB, FOUNDERS, ORIGIN, PARAMETERS, TOKEN


def test_parameters_and_plans_survive_json() -> None:
    assert parse_parameters(PARAMETERS.model_dump_json()) == PARAMETERS
    plan = DeploymentPlan(
        chain_id=4_201_337_001_337,
        deployer=ALICE.address,
        first_nonce=3,
        from_block=7,
        parameters=PARAMETERS,
    )
    assert DeploymentPlan.model_validate_json(plan.model_dump_json()) == plan


def test_a_plan_names_its_guardian_as_the_chain_will() -> None:
    plan = DeploymentPlan(
        chain_id=1, deployer=ALICE.address, first_nonce=3, from_block=7, parameters=PARAMETERS
    )
    assert PARAMETERS.guardian == MEMBERS
    assert plan.guardian == plan.addresses.timelock
    for named in (BOB.address, ZERO_ADDRESS):
        parameters = PARAMETERS.model_copy(update={"guardian": named})
        assert plan.model_copy(update={"parameters": parameters}).guardian == named


def test_a_plan_that_was_kept_before_there_was_a_choice_stays_without_a_guardian() -> None:
    kept = PARAMETERS.model_dump(mode="json") | {"guardian": ZERO_ADDRESS}
    assert DaoParameters.model_validate(kept).guardian == ZERO_ADDRESS


def test_each_class_takes_at_least_as_much_as_the_one_before_it_by_default() -> None:
    classes = DaoParameters(origin=ORIGIN, founders=FOUNDERS).classes
    for lower, upper in zip(ProposalClass, list(ProposalClass)[1:], strict=False):
        assert classes[lower].quorum <= classes[upper].quorum
        assert classes[lower].approval <= classes[upper].approval


DISORDERED = dict(PARAMETERS.classes) | {
    ProposalClass.CONSTITUTIONAL: ClassParameters(quorum=100, approval=5_000)
}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"governor_name": "x" * 32}, "31 bytes"),
        ({"token_name": "ü" * 16}, "31 bytes"),
        ({"founders": ()}, "at least 1"),
        ({"founders": (FOUNDERS[0], FOUNDERS[0])}, "twice"),
        ({"founders": (Founder(member=BOB.address),)}, "nobody could propose"),
        ({"token_cap": 999 * TOKEN}, "exceed token_cap"),
        ({"proposal_threshold": 401 * TOKEN}, "nobody could propose"),
        ({"vote_extension": 3_601}, "exceeds voting_period"),
        ({"voting_period": 0}, "greater than 0"),
        ({"classes": DISORDERED}, "takes less"),
        ({"classes": {ProposalClass.ROUTINE: DISORDERED[ProposalClass.ROUTINE]}}, "every class"),
        ({"surprise": 1}, "surprise"),
        ({"guardian": "0x" + "Ab" * 20}, "EIP-55"),
        ({"guardian": "everybody"}, "guardian"),
        ({"origin": ""}, "origin"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(
    changes: dict[str, object], message: str
) -> None:
    fields = {name: getattr(PARAMETERS, name) for name in type(PARAMETERS).model_fields}
    with pytest.raises(ValidationError, match=message):
        DaoParameters(**(fields | changes))


@pytest.mark.parametrize("approval", [4_999, 10_001])
def test_an_approval_is_at_least_one_half_and_at_most_all(approval: int) -> None:
    with pytest.raises(ValidationError, match="approval"):
        ClassParameters(quorum=1, approval=approval)


@pytest.mark.parametrize("document", ["", "{", "[]", '{"origin": 1}'])
def test_a_document_that_is_no_parameters_is_refused_by_name(document: str) -> None:
    with pytest.raises(InvalidParameters):
        parse_parameters(document)
