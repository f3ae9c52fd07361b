"""Proposals: what somebody wants to propose, and whether a server's transaction proposes just that.

The text of a proposal is its title, its body, a line for each document that it rests on, and the
proposer's mark, which keeps others from submitting it first:

    # <title>

    <body>

    evidence: <kind> <content id> sha256:<64 hex digits> <size> bytes

    #proposer=0x<40 hex digits>

Everything but the evidence's sizes and digests is known here, and compared; the digests are checked
against the content ids where the documents are downloaded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from client.dao.calls import Call, call_data, call_of
from client.dao.contracts import DaoContracts
from client.dao.transactions import Transaction
from client.errors import InvalidProposalDraft, NotYoursToCancel, WrongTransaction
from ledger.events.canonical import JsonObject
from ledger.keccak import keccak

PROPOSE = "propose(address[],uint256[],bytes[],string)"
CANCEL = "cancel(address[],uint256[],bytes[],bytes32)"
_EVIDENCE = re.compile(
    r"evidence: ([a-z-]{1,32}) (b[a-z2-7]{58}) sha256:[0-9a-f]{64} (?:0|[1-9][0-9]{0,14}) bytes"
)
_MARK = "#proposer="


@dataclass(frozen=True, slots=True)
class EvidenceNamed:
    """A document that a proposal rests on.

    Attributes:
        kind: audit-bundle, policy, model-card or document.
        content: its content id; None where the service is to add a model's audit bundle.
        model: whose audit it is to be, with `version`.
        version: likewise.
    """

    kind: str
    content: str | None = None
    model: str | None = None
    version: str | None = None

    def to_json(self) -> JsonObject:
        """As it is asked for."""
        if self.content is not None:
            return {"kind": self.kind, "content": self.content}
        return {"kind": self.kind, "model": self.model, "version": self.version}


@dataclass(frozen=True, slots=True)
class ProposalDraft:
    """What somebody wants to propose.

    Attributes:
        title: one line.
        actions: at least one, in order; each as docs/api.md has it.
        body: any text.
        evidence: documents that it rests on.

    Raises:
        InvalidProposalDraft: it has no title, or does nothing.
    """

    title: str
    actions: Sequence[JsonObject]
    body: str = ""
    evidence: Sequence[EvidenceNamed] = ()

    def __post_init__(self) -> None:
        if not self.title.strip() or not self.actions:
            raise InvalidProposalDraft("A proposal has a title and at least one action.")

    def to_json(self, proposer: str) -> JsonObject:
        """As it is asked for."""
        return {
            "proposer": proposer,
            "title": self.title,
            "body": self.body,
            "actions": [*self.actions],
            "evidence": [each.to_json() for each in self.evidence],
        }


@dataclass(frozen=True, slots=True)
class PreparedProposal:
    """A proposal whose transaction was checked.

    Attributes:
        proposal: the number that the governor will give it.
        transaction: for the proposer to sign and send.
        description: the whole text.
        answer: of the server: class, simulation, audits, what a policy misses.
    """

    proposal: int
    transaction: Transaction
    description: str
    answer: JsonObject


def check_proposal(
    answer: JsonObject,
    transaction: Transaction,
    *,
    draft: ProposalDraft,
    proposer: str,
    contracts: DaoContracts,
) -> PreparedProposal:
    """The proposal, its transaction worked out again from the draft.

    Args:
        answer: of `POST /v1/proposals:prepare`.
        transaction: in it.
        draft: that was asked for.
        proposer: EIP-55.
        contracts: that the log names.

    Raises:
        WrongTransaction: it proposes something else, elsewhere, or in another's name.
        InvalidProposalDraft: an action is none.
    """
    description = str(answer.get("description"))
    _check_description(description, draft, proposer)
    calls = [call_of(action, contracts) for action in draft.actions]
    transaction.check(
        chain_id=contracts.chain_id,
        sender=proposer,
        to=contracts.governor,
        data=call_data(PROPOSE, *_lists(calls), description),
    )
    number = proposal_number(calls, keccak(description.encode()))
    if answer.get("proposal") != str(number):
        raise WrongTransaction(
            f"The server calls the proposal {answer.get('proposal')}, its contents make {number}."
        )
    return PreparedProposal(number, transaction, description, answer)


def check_cancel(
    transaction: Transaction, *, proposal: int, account: str, contracts: DaoContracts
) -> Transaction:
    """A transaction that cancels this proposal and nothing else: what it names makes its number.

    Raises:
        WrongTransaction: it does something else.
        NotYoursToCancel: it is for another account to send.
    """
    lists = _decode_cancel(transaction.data)
    targets, values, calldatas, description_hash = lists
    calls = [Call(*each) for each in zip(targets, values, calldatas, strict=False)]
    transaction.check(
        chain_id=contracts.chain_id,
        sender=transaction.sender,
        to=contracts.governor,
        data=call_data(CANCEL, *lists),
    )
    if proposal_number(calls, description_hash) != proposal:
        raise WrongTransaction("The server's transaction cancels another proposal.")
    if transaction.sender not in {account, None}:
        raise NotYoursToCancel(
            f"Proposal {proposal} is {transaction.sender}'s to cancel, not {account}'s: only its "
            "proposer or the guardian cancels a proposal."
        )
    return transaction


def proposal_number(calls: Sequence[Call], description_hash: bytes) -> int:
    """`keccak256(abi.encode(targets, values, calldatas, descriptionHash))`, OpenZeppelin Governor.

    Args:
        calls: in order.
        description_hash: Keccak-256 of the text.
    """
    types = ["address[]", "uint256[]", "bytes[]", "bytes32"]
    return int.from_bytes(keccak(encode(types, [*_lists(calls), description_hash])))


def _lists(calls: Sequence[Call]) -> tuple[list[str], list[int], list[bytes]]:
    return (
        [call.target for call in calls],
        [call.value for call in calls],
        [call.data for call in calls],
    )


def _decode_cancel(data: bytes) -> tuple[list[str], list[int], list[bytes], bytes]:
    if data[:4] != keccak(CANCEL.encode())[:4]:
        raise WrongTransaction("The server's transaction does not cancel anything.")
    try:
        targets, values, calldatas, digest = decode(
            ["address[]", "uint256[]", "bytes[]", "bytes32"], data[4:]
        )
    except (DecodingError, OverflowError) as error:
        raise WrongTransaction(f"The server's transaction cannot be read: {error}") from error
    return [*targets], [*values], [*calldatas], digest


def _check_description(description: str, draft: ProposalDraft, proposer: str) -> None:
    evidence = [line for line in description.split("\n") if _EVIDENCE.fullmatch(line)]
    body = draft.body.replace("\r\n", "\n").strip("\n")
    mark = f"{_MARK}{proposer}"
    # Lines of a body that look like evidence are refused by the service.
    named = evidence[-len(draft.evidence) :] if draft.evidence else []
    parts = [f"# {draft.title}", body, "\n".join(named), mark]
    if description != "\n\n".join(part for part in parts if part):
        raise WrongTransaction("The server's text of the proposal is not the one asked for.")
    if len(named) != len(draft.evidence):
        raise WrongTransaction("The server's text does not name the evidence that was asked for.")
    for line, wanted in zip(named, draft.evidence, strict=True):
        found = _EVIDENCE.fullmatch(line)
        if found is None or found[1] != wanted.kind or found[2] != (wanted.content or found[2]):
            raise WrongTransaction(f"The server's text names other evidence than asked for: {line}")
