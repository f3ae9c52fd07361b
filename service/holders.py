"""Token holders: who they are from the log, what they have from the chain, all at one moment.

The log knows everyone who ever got a token or a vote, and orders them; the chain is asked for a
whole page at once. Between a transfer and its being mirrored, a page may be ordered by what was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from governance.actions import canonical_address, checksum_address
from governance.actions.calls import call_data
from governance.parameters import BASIS_POINTS
from governance.reads import Read, Reader
from ledger.chain.errors import ChainAnswerInvalid, ExecutionReverted

_READS_A_HOLDER = 3
_NOBODY = bytes(20)


@dataclass(frozen=True, slots=True)
class Holding:
    """What one account has.

    Attributes:
        account: EIP-55.
        balance: in the smallest unit.
        delegatee: who votes with it; None where nobody does.
        votes: that the account has, its own and those delegated to it.
        share: of all tokens, basis points, rounded down.
    """

    account: str
    balance: int
    delegatee: str | None
    votes: int
    share: int


def read_holdings(reader: Reader, token: str, accounts: Sequence[str]) -> list[Holding]:
    """What accounts have now.

    Args:
        reader: of the DAO's chain.
        token: its address.
        accounts: any.

    Raises:
        ChainUnavailable: the chain does not answer.
        ChainAnswerInvalid: what answers is not the token.
    """
    if not accounts:
        return []
    contract = canonical_address(token)

    def read(function: str, *arguments: str) -> Read:
        return Read(contract, call_data("ConcordToken", function, *arguments))

    questions = [read("totalSupply")]
    for account in accounts:
        questions += (read(name, account) for name in ("balanceOf", "delegates", "getVotes"))
    supply, *answers = (_word(answer) for answer in reader.read(questions))
    total = int.from_bytes(supply)
    return [
        _holding(account, answers[n * _READS_A_HOLDER : (n + 1) * _READS_A_HOLDER], total)
        for n, account in enumerate(accounts)
    ]


def _holding(account: str, answers: Sequence[bytes], supply: int) -> Holding:
    balance, votes = int.from_bytes(answers[0]), int.from_bytes(answers[2])
    delegatee = answers[1][12:]
    return Holding(
        account=account,
        balance=balance,
        delegatee=None if delegatee == _NOBODY else checksum_address(delegatee),
        votes=votes,
        share=balance * BASIS_POINTS // supply if supply else 0,
    )


def _word(answer: bytes | ExecutionReverted) -> bytes:
    if isinstance(answer, ExecutionReverted) or len(answer) != 32:
        raise ChainAnswerInvalid("the token does not answer as a token does")
    return answer
