"""Proposals and members' transactions: what is signed is what was asked for, or nothing is."""

from __future__ import annotations

from typing import Any

import pytest

from client import EvidenceNamed, ProposalDraft
from client.dao.calls import call_data
from client.dao.transactions import HIGHEST_FEE, Transaction, in_coins
from client.errors import (
    ChainRefused,
    FeeTooHigh,
    InvalidProposalDraft,
    TransactionFailed,
    TransactionPending,
    UnexpectedAnswer,
    WrongTransaction,
)
from governance.actions.calls import call_data as governance_call_data
from governance.proposals.sending import propose_transaction
from tests.client.conftest import Connect
from tests.support.adversary import Honest, lose_answer
from tests.support.dao_adversary import AT, BUNDLE, Change, DaoServer, replaced
from tests.support.examples import GATEWAY, LAB, STEWARD

ADMIT = {"action": "admit", "member": LAB.address, "roles": ["developer"]}
DRAFT = ProposalDraft("Admit the lab", [ADMIT], "It asked.\n\nTwice.")


def test_a_proposal_is_made_by_its_proposers_own_transaction(
    connect: Connect, server: DaoServer
) -> None:
    prepared, sent = connect().dao.propose(DRAFT)
    honest = server.draft(DRAFT.to_json(STEWARD.address))
    assert prepared.proposal == honest.proposal_id
    assert prepared.description == honest.description
    assert server.sent == [(STEWARD.address, AT.governor, propose_transaction(honest, AT).data)]
    assert sent.block_number == 1


def test_several_actions_and_evidence_are_proposed_together(
    connect: Connect, server: DaoServer
) -> None:
    dao = connect().dao
    kept = dao.upload(BUNDLE)
    draft = ProposalDraft(
        "Release it",
        [ADMIT, {"action": "mint", "to": LAB.address, "amount": "5"}],
        evidence=[
            EvidenceNamed("document", content=kept["content"]),
            EvidenceNamed("audit-bundle", model="m", version="1"),
        ],
    )
    prepared, _ = dao.propose(draft)
    assert prepared.description.count("evidence: ") == 2
    assert len(server.sent) == 1


def other(server: DaoServer, **changes: Any) -> str:
    """The call data of another proposal than the draft."""
    question = DRAFT.to_json(STEWARD.address) | changes
    return "0x" + propose_transaction(server.draft(question), AT).data.hex()


LIES: dict[str, Any] = {
    "another contract": (lambda s: lambda a: replaced(a, "transaction", "to", by=AT.token)),
    "another chain": (lambda s: lambda a: replaced(a, "transaction", "chainId", by=1)),
    "another sender": (lambda s: lambda a: replaced(a, "transaction", "from", by=LAB.address)),
    "coins": (lambda s: lambda a: replaced(a, "transaction", "value", by="0x1")),
    "no call": (lambda s: lambda a: replaced(a, "transaction", "data", by="0x")),
    "another member": (
        lambda s: (
            lambda a: replaced(
                a,
                "transaction",
                "data",
                by=other(s, actions=[ADMIT | {"member": GATEWAY.address}]),
            )
        )
    ),
    "one action more": (
        lambda s: (
            lambda a: replaced(
                a,
                "transaction",
                "data",
                by=other(s, actions=[ADMIT, ADMIT | {"member": GATEWAY.address}]),
            )
        )
    ),
    "another text": (
        lambda s: lambda a: replaced(a, "transaction", "data", by=other(s, body="Beware."))
    ),
    "another text told": (lambda s: lambda a: replaced(a, "description", by="# Admit the lab")),
    "another number": (lambda s: lambda a: replaced(a, "proposal", by="7")),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_proposal_that_is_not_the_one_asked_for_is_never_signed(
    connect: Connect, server: DaoServer, lie: str
) -> None:
    server.lie("/v1/proposals:prepare", LIES[lie](server))
    with pytest.raises(WrongTransaction):
        connect().dao.propose(DRAFT)
    assert not server.sent
    assert not server.asked("POST", "/rpc")


EVIDENCE_LIES: dict[str, Change] = {
    "another document": lambda a: replaced(
        a, "description", by=a["description"].replace("baf", "bag", 1)
    ),
    "another kind": lambda a: replaced(
        a, "description", by=a["description"].replace("document", "policy", 1)
    ),
    "none": lambda a: replaced(
        a,
        "description",
        by="\n\n".join(p for p in a["description"].split("\n\n") if "evidence" not in p),
    ),
}


@pytest.mark.parametrize("lie", EVIDENCE_LIES)
def test_evidence_that_was_not_asked_for_is_refused(
    connect: Connect, server: DaoServer, lie: str
) -> None:
    dao = connect().dao
    kept = dao.upload(BUNDLE)
    server.lie("/v1/proposals:prepare", EVIDENCE_LIES[lie])
    named = EvidenceNamed("document", content=kept["content"])
    with pytest.raises(WrongTransaction):
        dao.propose(ProposalDraft("Look", [ADMIT], evidence=[named]))
    assert not server.sent


@pytest.mark.parametrize(("title", "actions"), [("", [ADMIT]), ("   ", [ADMIT]), ("T", [])])
def test_a_proposal_without_title_or_action_is_none(title: str, actions: list[Any]) -> None:
    with pytest.raises(InvalidProposalDraft):
        ProposalDraft(title, actions)


# Queueing, executing, canceling


def test_what_is_due_is_carried_on_by_the_service(connect: Connect, server: DaoServer) -> None:
    dao = connect(key=None).dao
    assert dao.queue(5)["blockNumber"] == 7
    assert dao.execute(5)["blockNumber"] == 7
    assert server.asked("POST", "/v1/proposals/5:queue") == 1
    assert server.asked("POST", "/v1/proposals/5:execute") == 1


def test_a_proposal_is_canceled_by_its_proposer(connect: Connect, server: DaoServer) -> None:
    dao = connect().dao
    prepared, _ = dao.propose(DRAFT)
    dao.cancel(prepared.proposal)
    _, (sender, to, data) = server.sent
    assert (sender, to) == (STEWARD.address, AT.governor)
    assert data[:4] == governance_call_data("ConcordGovernor", "cancel", [], [], [], bytes(32))[:4]


def test_only_the_proposal_that_was_named_is_canceled(connect: Connect, server: DaoServer) -> None:
    dao = connect().dao
    first, _ = dao.propose(DRAFT)
    second, _ = dao.propose(ProposalDraft("Another", [ADMIT]))
    honest = server.answer_step(str(first.proposal), "cancel")
    for lie in (
        honest,
        replaced(honest, "transaction", "data", by="0x" + "00" * 100),
        replaced(honest, "transaction", "data", by=honest["transaction"]["data"][:80]),
        replaced(honest, "transaction", "to", by=AT.token),
    ):
        server.lie(":cancel", lambda _, lie=lie: lie)  # type: ignore[misc]
        with pytest.raises(WrongTransaction):
            dao.cancel(second.proposal)
    assert len(server.sent) == 2


# Members' own calls

LEAF = "0x" + "ab" * 32
CALLS: list[tuple[str, str, list[Any]]] = [
    ("models", "register", ["tumours", "250"]),
    ("models", "flag", ["17", LEAF, LEAF]),
    ("models", "attest", ["17", "0x00ff", "9", "4", [LEAF]]),
    ("token", "transfer", [LAB.address, "5"]),
    ("token", "delegate", [LAB.address]),
]


@pytest.mark.parametrize(
    ("contract", "function", "arguments"), CALLS, ids=lambda value: str(value)[:12]
)
def test_members_call_what_needs_no_vote(
    connect: Connect, server: DaoServer, contract: str, function: str, arguments: list[Any]
) -> None:
    connect().dao.call(contract, function, arguments)
    ((sender, to, data),) = server.sent
    assert (sender, to) == (STEWARD.address, getattr(AT, contract))
    question = {"contract": contract, "function": function, "arguments": arguments}
    honest = server.answer_call({"from": STEWARD.address} | question)
    assert "0x" + data.hex() == honest["data"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("to", AT.governor),
        ("data", "0x" + call_data("transfer(address,uint256)", GATEWAY.address, 5).hex()),
        ("chainId", 1),
        ("from", LAB.address),
        ("value", "0x5"),
        ("gas", hex(10**9)),
    ],
)
def test_a_transaction_that_is_not_the_one_asked_for_is_never_signed(
    connect: Connect, server: DaoServer, field: str, value: Any
) -> None:
    server.lie("/v1/transactions:prepare", lambda a: a | {field: value})
    with pytest.raises(WrongTransaction):
        connect().dao.call("token", "transfer", [LAB.address, "5"])
    assert not server.sent


@pytest.mark.parametrize(
    ("contract", "function", "arguments"),
    [
        ("token", "mint", [LAB.address, "5"]),
        ("governor", "propose", []),
        ("token", "transfer", [LAB.address]),
        ("token", "transfer", [LAB.address, "five"]),
        ("token", "transfer", ["0x12", "5"]),
        ("models", "attest", ["1", "0x00", "1", "1", "0x00"]),
    ],
)
def test_what_members_do_not_call_is_refused_before_anything_is_asked(
    connect: Connect, server: DaoServer, contract: str, function: str, arguments: list[Any]
) -> None:
    with pytest.raises(InvalidProposalDraft):
        connect().dao.call(contract, function, arguments)
    assert not server.asked("POST", "/v1/transactions:prepare")


# Sending


def transfer(server: DaoServer, sender: Any = STEWARD, chain_id: int | None = None) -> Transaction:
    data = call_data("transfer(address,uint256)", LAB.address, 5)
    return Transaction(chain_id or server.chain_id, sender.address, AT.token, data, 60_000)


def test_an_answer_that_gets_lost_does_not_send_twice(connect: Connect, server: DaoServer) -> None:
    def lose_sending(request: Any, honest: Honest) -> Any:
        if b"eth_sendRawTransaction" in request.content and not server.sent:
            return lose_answer(request, honest)
        return honest()

    server.always = lose_sending
    sent = connect().dao.send(transfer(server))
    assert len(server.sent) == 1
    assert sent.block_number == 1


def test_somebody_elses_transaction_is_not_sent(connect: Connect, server: DaoServer) -> None:
    for wrong in (transfer(server, LAB), transfer(server, chain_id=1)):
        with pytest.raises(WrongTransaction):
            connect().dao.send(wrong)
    assert not server.sent


def test_what_the_contract_refuses_is_told(connect: Connect, server: DaoServer) -> None:
    server.failing = True
    with pytest.raises(TransactionFailed):
        connect().dao.send(transfer(server))


def test_what_the_chain_does_not_take_is_told(connect: Connect, server: DaoServer) -> None:
    def stale(request: Any, honest: Honest) -> Any:
        answer = honest()
        if b"eth_getTransactionCount" in request.content:
            return type(answer)(200, json=answer.json() | {"result": "0x9"})
        return answer

    server.always = stale
    with pytest.raises(ChainRefused, match="nonce"):
        connect().dao.send(transfer(server))


def test_an_account_that_cannot_pay_is_told_what_it_takes(
    connect: Connect, server: DaoServer
) -> None:
    server.base_fee, server.coins = 10**9, 10**12
    transaction = transfer(server)
    with pytest.raises(ChainRefused, match=r"has 0\.000001 coins on chain \d+") as refused:
        connect().dao.send(transaction)
    takes = in_coins(transaction.gas * (2 * 10**9 + 1))
    assert f"may take {takes}. " in str(refused.value)
    assert not server.sent


@pytest.mark.parametrize(
    ("wei", "coins"),
    [(0, "0"), (1, "0.000000000000000001"), (25 * 10**17, "2.5"), (10**21, "1000")],
)
def test_wei_are_told_as_coins(wei: int, coins: str) -> None:
    assert in_coins(wei) == coins


def test_fees_are_paid_up_to_a_limit(connect: Connect, server: DaoServer) -> None:
    server.base_fee = 10
    connect().dao.send(transfer(server))
    server.base_fee = HIGHEST_FEE
    with pytest.raises(FeeTooHigh):
        connect().dao.send(transfer(server))
    assert len(server.sent) == 1


def test_a_receipt_of_another_transaction_is_not_believed(
    connect: Connect, server: DaoServer
) -> None:
    def other_receipt(request: Any, honest: Honest) -> Any:
        answer = honest()
        if b"eth_getTransactionReceipt" in request.content and answer.json().get("result"):
            return type(answer)(
                200, json=replaced(answer.json(), "result", "transactionHash", by=LEAF)
            )
        return answer

    server.always = other_receipt
    with pytest.raises(UnexpectedAnswer):
        connect().dao.send(transfer(server))


def test_a_transaction_in_no_block_is_pending(
    connect: Connect, server: DaoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("client.dao.operations.FIRST_LOOK_SECONDS", 0.0)
    monkeypatch.setattr("client.dao.operations.LONGEST_LOOK_SECONDS", 0.0)
    with pytest.raises(TransactionPending):
        connect().dao.wait_for("0x" + "ee" * 32)
