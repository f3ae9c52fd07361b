"""Token holders: all of them from the log, one at a time from the chain.

The log knows everyone who ever got a token or a vote, and what they had at its size; a page of them
costs the same however the chain does. Asked about one account, the chain tells what it has now.
"""

from __future__ import annotations

from dataclasses import dataclass

from governance.actions import canonical_address, checksum_address
from governance.actions.calls import call_data
from governance.parameters import BASIS_POINTS
from governance.reads import Read, Reader
from ledger.chain.errors import ChainAnswerInvalid, ExecutionReverted
from ledger.views.records import TokenHolder

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


def holding_of(row: TokenHolder, supply: int) -> Holding:
    """What an account has at the log's size.

    Args:
        row: of the views.
        supply: of the token, in the smallest unit.
    """
    balance = int(row.balance)
    return Holding(row.holder, balance, row.delegate, int(row.power), _share(balance, supply))


def read_supply(reader: Reader, token: str) -> int:
    """How many tokens there are now, in the smallest unit.

    Raises:
        ChainUnavailable: the chain does not answer.
        ChainAnswerInvalid: what answers is not the token.
    """
    (supply,) = _ask(reader, token, ("totalSupply",))
    return int.from_bytes(supply)


def read_holding(reader: Reader, token: str, account: str) -> Holding:
    """What one account has now, all at one moment.

    Args:
        reader: of the DAO's chain.
        token: its address.
        account: EIP-55.

    Raises:
        ChainUnavailable: the chain does not answer.
        ChainAnswerInvalid: what answers is not the token.
    """
    supply, held, delegates, votes = _ask(
        reader,
        token,
        ("totalSupply",),
        *((name, account) for name in ("balanceOf", "delegates", "getVotes")),
    )
    balance, delegatee = int.from_bytes(held), delegates[12:]
    return Holding(
        account=account,
        balance=balance,
        delegatee=None if delegatee == _NOBODY else checksum_address(delegatee),
        votes=int.from_bytes(votes),
        share=_share(balance, int.from_bytes(supply)),
    )


def _share(balance: int, supply: int) -> int:
    return balance * BASIS_POINTS // supply if supply else 0


def _ask(reader: Reader, token: str, *calls: tuple[str, ...]) -> list[bytes]:
    contract = canonical_address(token)
    reads = [Read(contract, call_data("ConcordToken", *call)) for call in calls]
    return [_word(answer) for answer in reader.read(reads)]


def _word(answer: bytes | ExecutionReverted) -> bytes:
    if isinstance(answer, ExecutionReverted) or len(answer) != 32:
        raise ChainAnswerInvalid("the token does not answer as a token does")
    return answer
