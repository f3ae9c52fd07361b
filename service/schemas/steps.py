"""What carries a proposal on, and what members send themselves."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ledger.events.identifiers import Address, Bytes32, DecimalString, Identifier
from service.schemas.base import Answer, Index, Request, Size
from service.schemas.dao import Count, HexData, TransactionView

MAX_ARGUMENT = 2 + 2 * 64 * 1024
"""Characters of one argument: an entry of the log as 0x-hex."""

Argument = Annotated[str, StringConstraints(max_length=MAX_ARGUMENT)]
Hash = Annotated[str, StringConstraints(max_length=66)]


class NothingRequest(Request):
    """A call that needs nothing said: `{}`."""


class StepView(Answer):
    """A step that was taken."""

    transaction_hash: Bytes32
    block_number: Count


class CancelView(Answer):
    """A cancellation, for somebody who may send it."""

    transaction: TransactionView


class PrepareTransactionRequest(Request):
    """A call of one of the DAO's contracts that members make by themselves.

    Attributes:
        sender: who will send it.
        arguments: as the function takes them: numbers in decimal, bytes as 0x-hex, addresses in
            EIP-55, lists as lists.
    """

    sender: Annotated[Address, Field(alias="from")]
    contract: Literal["models", "token"]
    function: Annotated[str, StringConstraints(max_length=64)]
    arguments: Annotated[
        list[Argument | Annotated[list[Hash], Field(max_length=64)]], Field(max_length=5)
    ]


class AttestationView(Answer):
    """What `models.attest` takes to prove a model version's record under the last anchored root.

    Attributes:
        token: of the model in `ModelRegistry`.
        record_leaf: what a release names.
        size: of the anchored tree.
        arguments: for `POST /v1/transactions:prepare`.
    """

    model: Identifier
    version: str
    token: DecimalString
    record_leaf: Bytes32
    index: Index
    size: Size
    arguments: list[HexData | str | list[HexData]]
