"""What an action calls is worked out twice, by the service and by the client, with one result."""

from __future__ import annotations

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from client.dao.calls import KINDS, call_data, call_of, model_token
from client.dao.contracts import DaoContracts
from client.dao.proposals import proposal_number
from client.dao.transactions import HIGHEST_FEE, Fees, Transaction, sign_transaction
from client.errors import FeeTooHigh, InvalidProposalDraft, UnexpectedAnswer, WrongTransaction
from governance import actions
from governance.actions.names import model_token as governance_model_token
from governance.proposals.draft import proposal_id
from tests.governance.test_actions import ACTIONS
from tests.support.dao_adversary import AT
from tests.support.examples import LAB

CONTRACTS = DaoContracts(
    chain_id=4_201_337,
    members=AT.membership,
    policies=AT.policies,
    anchors=AT.anchors,
    models=AT.models,
    token=AT.token,
    timelock=AT.timelock,
    governor=AT.governor,
)


@given(ACTIONS)
def test_each_action_is_the_call_that_the_service_makes_of_it(action: actions.Action) -> None:
    value = action.model_dump(mode="json", by_alias=True)
    mine, theirs = call_of(value, CONTRACTS), actions.call_of(action, AT)
    assert (mine.target, mine.value, mine.data) == (theirs.target, theirs.value, theirs.calldata)


def test_every_kind_of_action_is_known() -> None:
    schema = TypeAdapter(actions.Action).json_schema()
    assert set(schema["discriminator"]["mapping"]) == KINDS


@given(st.lists(ACTIONS, min_size=1, max_size=4), st.binary(min_size=32, max_size=32))
def test_a_proposal_has_the_number_that_the_governor_gives_it(
    several: list[actions.Action], description_hash: bytes
) -> None:
    calls = [actions.call_of(action, AT) for action in several]
    mine = [call_of(action.model_dump(mode="json", by_alias=True), CONTRACTS) for action in several]
    assert proposal_number(mine, description_hash) == proposal_id(calls, description_hash)


@pytest.mark.parametrize(
    "action",
    [
        {"action": "conquer"},
        {},
        {"action": "admit"},
        {"action": "admit", "member": "0x12", "roles": []},
        {"action": "admit", "member": LAB.address, "roles": "steward"},
        {"action": "mint", "to": LAB.address, "amount": "-1"},
        {"action": "mint", "to": LAB.address, "amount": str(2**256)},
        {"action": "pay", "to": LAB.address, "amount": "1e3"},
        {"action": "set-class", "proposalClass": "lax", "quorum": 1, "approval": 5000},
        {"action": "set-all-classes", "classes": []},
        {"action": "call", "target": LAB.address, "calldata": "zz"},
        {"action": "release", "model": "m", "recordLeaf": "0x12", "validUntil": "soon"},
    ],
)
def test_what_is_no_action_is_refused_by_name(action: dict[str, object]) -> None:
    with pytest.raises(InvalidProposalDraft):
        call_of(action, CONTRACTS)  # type: ignore[arg-type]


def test_a_model_is_its_hash_or_its_number() -> None:
    assert model_token("tumours") == governance_model_token("tumours")
    assert model_token("#17") == 17


# Transactions


@given(
    st.builds(
        Transaction,
        chain_id=st.integers(1, 2**52),
        sender=st.none(),
        to=st.just(AT.token),
        data=st.binary(max_size=200),
        gas=st.integers(21_000, 30_000_000),
    ),
    st.integers(0, 2**32),
    st.builds(Fees, base=st.integers(0, 10**9), priority=st.integers(0, 10**9)),
)
def test_a_signed_transaction_is_the_one_that_eth_account_makes(
    transaction: Transaction, nonce: int, fees: Fees
) -> None:
    raw, transaction_hash = sign_transaction(transaction, LAB, nonce=nonce, fees=fees)
    signed = Account.sign_transaction(
        {
            "type": 2,
            "chainId": transaction.chain_id,
            "nonce": nonce,
            "to": AT.token,
            "value": 0,
            "data": transaction.data,
            "gas": transaction.gas,
            "maxFeePerGas": 2 * fees.base + fees.priority,
            "maxPriorityFeePerGas": fees.priority,
        },
        LAB.secret,
    )
    assert raw == bytes(signed.raw_transaction)
    assert transaction_hash == "0x" + signed.hash.hex().removeprefix("0x")


def test_a_chain_that_asks_for_too_much_gets_nothing() -> None:
    with pytest.raises(FeeTooHigh):
        Fees(HIGHEST_FEE, 0)


TRANSACTION = {
    "chainId": 4_201_337,
    "from": LAB.address,
    "to": AT.token,
    "value": "0x0",
    "data": "0x",
    "gas": "0x5208",
}


def test_a_transaction_is_read_as_it_is_shown() -> None:
    found = Transaction.parse(TRANSACTION)
    assert found.as_rpc() == TRANSACTION | {"chainId": hex(4_201_337)}


@pytest.mark.parametrize("change", [{"value": "0x1"}, {"gas": hex(30_000_001)}])
def test_a_transaction_that_costs_the_member_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(WrongTransaction):
        Transaction.parse(TRANSACTION | change)


@pytest.mark.parametrize(
    "change",
    [{"gas": "5"}, {"gas": "0x05"}, {"data": "0x1"}, {"data": None}, {"to": 5}, {"chainId": "1"}],
)
def test_what_is_no_transaction_is_named(change: dict[str, object]) -> None:
    with pytest.raises(UnexpectedAnswer):
        Transaction.parse(TRANSACTION | change)  # type: ignore[arg-type]


def test_an_argument_of_another_type_is_named() -> None:
    with pytest.raises(InvalidProposalDraft, match="transfer"):
        call_data("transfer(address,uint256)", LAB.address, -1)
