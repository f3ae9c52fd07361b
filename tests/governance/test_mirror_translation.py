"""What a contract's log becomes, without a chain, and what no honest contract writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import pytest

from governance.mirror.contract_logs import ContractLog, ContractLogInvalid
from governance.mirror.translation import CALLDATA_BUDGET, Told, translate
from ledger.chain.values import Address, ChainLog
from ledger.events.bodies.governance import MAX_CALLS, MAX_DATA_BYTES, ProposalClassName
from ledger.views.records import ModelVersion

ACCOUNT = Address(b"\x11" * 20)


@dataclass(frozen=True)
class Nothing:
    """Surroundings that know the class of a proposal and nothing else."""

    level: int | None = None

    def proposal_class(self, _: ContractLog) -> int | None:
        return self.level

    def keep(self, _: bytes) -> str | None:
        return None

    def model_version(self, _: bytes) -> ModelVersion | None:
        return None


def created(level: int | None = None, calldata: bytes = b"", calls: int = 1) -> Told:
    values = {
        "proposalId": 7,
        "proposer": "0x" + ACCOUNT.hex(),
        "targets": ("0x" + ACCOUNT.hex(),) * calls,
        "values": (0,) * calls,
        "calldatas": (calldata,) * calls,
        "description": b"",
        "voteStart": 1_800_000_000,
        "voteEnd": 1_800_000_100,
    }
    source = ChainLog(ACCOUNT, (), b"", 1, bytes(32), bytes(32), 0, 0)
    told = translate(
        ContractLog("ConcordGovernor", "ProposalCreated", values, source), Nothing(level)
    )
    assert told is not None
    return told


def test_every_class_of_proposals_has_its_name_and_there_is_no_other() -> None:
    names = get_args(ProposalClassName)
    assert [created(level).body["proposalClass"] for level in range(len(names))] == [*names]
    with pytest.raises(ContractLogInvalid, match=f"class {len(names)}; there are {len(names)}"):
        created(len(names))


def test_what_is_not_known_of_a_proposal_is_left_out() -> None:
    body = created().body
    assert not {"title", "description", "proposalClass", "callsOmitted"} & body.keys()
    assert None not in body.values()


def test_more_calls_than_an_event_holds_are_counted() -> None:
    assert "callsOmitted" not in created(calls=MAX_CALLS).body
    assert created(calls=MAX_CALLS + 1).body["callsOmitted"] == 1


def test_call_data_is_told_up_to_the_budget_to_the_byte() -> None:
    third = CALLDATA_BUDGET // 3
    for size, told in (
        (third, [True, True, True]),
        (third + 1, [True, True, False]),
        (MAX_DATA_BYTES, [True, True, False]),
        (MAX_DATA_BYTES + 1, [False, False, False]),
    ):
        calls = created(calldata=bytes(size), calls=3).body["calls"]
        assert isinstance(calls, list)
        assert ["calldata" in each for each in calls if isinstance(each, dict)] == told
