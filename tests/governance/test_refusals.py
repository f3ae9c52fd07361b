from __future__ import annotations

import string

import pytest
from eth_abi import encode
from eth_utils import keccak
from hypothesis import example, given
from hypothesis import strategies as st

from governance.contracts import CONTRACT_NAMES, artifact
from governance.refusals import _WORDS, explain, explain_error
from ledger.chain.errors import ChainUnavailable, ExecutionReverted

ACCOUNT = "0x1111111111111111111111111111111111111111"


def error(signature: str, *values: object) -> bytes:
    types = signature[signature.index("(") + 1 : -1]
    return keccak(text=signature)[:4] + encode(types.split(",") if types else [], values)


@pytest.mark.parametrize(
    ("output", "name", "sentence"),
    [
        (
            error("GovernorUnexpectedProposalState(uint256,uint8,bytes32)", 1, 3, bytes(32)),
            "GovernorUnexpectedProposalState",
            "the proposal is defeated",
        ),
        (
            error("VotesExpiredSignature(uint256)", 0),
            "VotesExpiredSignature",
            "the signature was valid until 1970-01-01 00:00:00 UTC",
        ),
        (
            error("ERC20InsufficientBalance(address,uint256,uint256)", ACCOUNT, 0, 10**18),
            "ERC20InsufficientBalance",
            f"{ACCOUNT} holds 0 tokens, and 1 token are needed",
        ),
        (
            error("GovernorDisabledDeposit()"),
            "GovernorDisabledDeposit",
            "the contract refused: GovernorDisabledDeposit",
        ),
        (
            error("TimelockInsufficientDelay(uint256,uint256)", 1, 2),
            "TimelockInsufficientDelay",
            "the contract refused: TimelockInsufficientDelay (delay 1, minDelay 2)",
        ),
        (
            error("Error(string)", "no\u202e\nway"),
            "Error",
            r'the contract refused: "no<U+202E>\nway"',
        ),
        (error("Panic(uint256)", 0x31), "Panic", 'the contract refused: "panic code 0x31"'),
        (b"", "", "the contract refused and gave no reason"),
        (b"\x01\x02", "", "the contract refused with 0x0102"),
        (error("Nobody(uint256)", 1)[:4], "", "the contract refused with 0x"),
    ],
)
def test_a_refusal_is_said_in_words(output: bytes, name: str, sentence: str) -> None:
    found = explain(output)
    assert found.error == name
    assert found.sentence.startswith(sentence)


@given(
    st.one_of(
        st.binary(max_size=200),
        st.builds(
            lambda head, rest: head + rest,
            st.sampled_from([error("GovernorOnlyExecutor(address)", ACCOUNT)[:4]]),
            st.binary(max_size=80),
        ),
    )
)
@example(error("Error(string)", "x")[:40])
def test_whatever_a_contract_reverts_with_is_one_line(output: bytes) -> None:
    assert explain(output).sentence.isprintable()


def test_the_words_are_for_errors_that_contracts_have_and_name_their_arguments() -> None:
    known = {
        entry["name"]: {argument["name"] for argument in entry["inputs"]}
        for contract in CONTRACT_NAMES
        for entry in artifact(contract).abi
        if entry["type"] == "error"
    }
    for name, words in _WORDS.items():
        fields = {field for _, field, _, _ in string.Formatter().parse(words) if field}
        assert fields <= known[name], name


def test_other_errors_say_what_they_say() -> None:
    assert explain_error(ChainUnavailable("down\n")).sentence == r"down\n"
    refused = explain_error(ExecutionReverted("execution reverted", b""))
    assert refused.sentence == "the contract refused and gave no reason"
