"""What members sign for the DAO: votes, delegations, proposals and their cancelling.

Each is a `Task` of `dashboard.chain_signing`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from client import JsonObject
from dashboard.chain_signing import Done, Question, summed
from dashboard.connection import ledger, read_now
from dashboard.dao import contracts
from dashboard.fields import inner, number, text
from dashboard.names import name_of, readable
from dashboard.rpc import complete
from dashboard.typed_votes import Choice, NotWhatWasChosen, check_ballot, check_delegation
from dashboard.words.amounts import tokens, units

_PROPOSE = bytes.fromhex("7d5e81e2")  # propose(address[],uint256[],bytes[],string)
_CANCEL = bytes.fromhex("452115d6")  # cancel(address[],uint256[],bytes[],bytes32)


@dataclass(slots=True)
class CastVote:
    """A vote on a proposal, by signature; the service carries it to the chain.

    Attributes:
        choice: as the person made it.
        title: of the proposal; anybody's text.
        form: the ballot as it was prepared and checked.
    """

    choice: Choice
    title: str
    form: JsonObject | None = None

    def question(self, actor: str) -> Question:
        """The ballot, checked against the choice."""
        told = prepared_ballot(self.choice, actor)
        check_ballot(inner(told, "typedData"), self.choice, actor, contracts())
        self.form = inner(told, "ballot")
        words = (self._sentence(units(text(told, "weight"))), *self._reason())
        return Question(words, typed_data=inner(told, "typedData"), identity=text(told, "digest"))

    def finish(self, actor: str, answer: str) -> Done:
        """Hands the ballot to the service, which answers once it was counted."""
        del actor
        receipt = ledger().ask("/v1/votes", {**(self.form or {}), "signature": answer})
        block = number(inner(receipt, "chain"), "blockNumber")
        return Done(
            f"Your vote was counted, in block {block}.",
            self._sentence(units(text(receipt, "weight"))),
            file=(f"ballot-{self.choice.proposal[:8]}.json", _as_file(receipt)),
        )

    def _sentence(self, weight: int) -> str:
        about = f"“{self.title}”" if self.title else f"proposal {self.choice.proposal[:8]}"
        if self.choice.split is not None:
            in_favour, against, abstaining = (tokens(each) for each in self.choice.split)
            return (
                f"Split my votes on {about}: {in_favour} for, {against} against, "
                f"{abstaining} abstaining."
            )
        verb = {"for": "Vote for", "against": "Vote against", "abstain": "Abstain on"}
        return f"{verb[self.choice.support]} {about}, with {tokens(weight)}."

    def _reason(self) -> tuple[str, ...]:
        return (f"Reason, public for ever: {self.choice.reason}",) if self.choice.reason else ()


def prepared_ballot(choice: Choice, voter: str) -> JsonObject:
    """The ballot as the service puts it together, with the voter's weight.

    Raises:
        ConcordError: it would not count: not open, no votes, voted already.
    """
    in_favour, against, abstaining = choice.split or (None, None, None)
    return read_now(
        f"/v1/proposals/{choice.proposal}/ballot",
        voter=voter,
        support=choice.support,
        reason=choice.reason or None,
        splitFor=_amount(in_favour),
        splitAgainst=_amount(against),
        splitAbstain=_amount(abstaining),
    )


def _amount(value: int | None) -> str | None:
    return None if value is None else str(value)


@dataclass(slots=True)
class Delegate:
    """Letting somebody vote with one's tokens, or taking that back, by signature.

    Attributes:
        delegatee: EIP-55; oneself to take it back.
        form: as it was prepared.
    """

    delegatee: str
    form: JsonObject | None = None

    def question(self, actor: str) -> Question:
        """The delegation, checked against the choice."""
        asked: JsonObject = {"delegator": actor, "delegatee": self.delegatee}
        told = ledger().ask("/v1/delegations:prepare", asked)
        check_delegation(inner(told, "typedData"), self.delegatee, contracts())
        self.form = inner(told, "delegation")
        return Question(
            (self._sentence(actor),),
            typed_data=inner(told, "typedData"),
            identity=text(told, "digest"),
        )

    def finish(self, actor: str, answer: str) -> Done:
        """Hands the delegation to the service, which answers once it holds."""
        receipt = ledger().ask("/v1/delegations", {**(self.form or {}), "signature": answer})
        block = number(inner(receipt, "chain"), "blockNumber")
        return Done(
            f"It holds, since block {block}.",
            self._sentence(actor),
            file=("delegation.json", _as_file(receipt)),
        )

    def _sentence(self, actor: str) -> str:
        if self.delegatee == actor:
            return "Vote with my tokens myself from now on."
        return (
            f"Let {name_of(self.delegatee)} ({self.delegatee}) vote with all my tokens, in "
            "proposals made from now on. My tokens stay mine; I can take this back at any time."
        )


@dataclass(frozen=True, slots=True)
class Propose:
    """A proposal, as it was prepared and reviewed.

    Attributes:
        prepared: by the service.
        title: as the person wrote it.
        body: likewise.
    """

    prepared: JsonObject
    title: str
    body: str

    def question(self, actor: str) -> Question:
        """The transaction, checked: it proposes this text, as this account, and nothing else."""
        transaction = inner(self.prepared, "transaction")
        self._check(transaction, actor)
        actions = inner(self.prepared, "simulation").get("actions")
        sentences = [
            readable(text(each, "sentence"))
            for each in (actions if isinstance(actions, list) else [])
            if isinstance(each, dict)
        ]
        words = (f"Propose “{self.title}”. If it passes:", *summed(sentences))
        return Question(words, transaction=complete(transaction, actor))

    def finish(self, actor: str, answer: str) -> Done:
        """It is in a block: the proposal stands."""
        del actor, answer
        proposal = text(self.prepared, "proposal")
        return Done(
            "Your proposal stands.",
            self.title,
            target=("proposals", "Open the proposal", (("proposal", proposal),)),
        )

    def _check(self, transaction: JsonObject, actor: str) -> None:
        data = _data_for(transaction, contracts().governor)
        try:
            targets, _, calldatas, raw = decode(
                ["address[]", "uint256[]", "bytes[]", "bytes"], data[4:]
            )
        except (DecodingError, OverflowError) as error:
            raise NotWhatWasChosen(_OTHER_TRANSACTION) from error
        described: str = raw.decode("utf-8", errors="replace")
        written = "\n".join(self.body.replace("\r\n", "\n").strip("\n").split("\n"))
        is_mine = (
            data[:4] == _PROPOSE
            and described == text(self.prepared, "description")
            and described.startswith(f"# {self.title}\n")
            and written in described
            and described.endswith(f"#proposer={actor}")
            and len(targets) == len(calldatas) > 0
        )
        if not is_mine:
            raise NotWhatWasChosen(_OTHER_TRANSACTION)


@dataclass(frozen=True, slots=True)
class CancelProposal:
    """Taking a proposal back: its proposer before voting begins, or the guardian.

    Attributes:
        proposal: decimal.
        title: anybody's text.
    """

    proposal: str
    title: str

    def question(self, actor: str) -> Question:
        """The transaction, checked: it cancels, and nothing else."""
        told = ledger().ask(f"/v1/proposals/{self.proposal}:cancel", {})
        transaction = inner(told, "transaction")
        if _data_for(transaction, contracts().governor)[:4] != _CANCEL:
            raise NotWhatWasChosen(_OTHER_TRANSACTION)
        words = (f"Cancel the proposal “{self.title}”, for good.",)
        return Question(words, transaction=complete(transaction, actor))

    def finish(self, actor: str, answer: str) -> Done:
        """It is in a block."""
        del actor, answer
        return Done("The proposal is cancelled.", self.title)


_OTHER_TRANSACTION = (
    "What the server prepared for signing was refused here: it is another transaction than the "
    "one that was chosen. Nothing was signed."
)


def _data_for(transaction: JsonObject, contract: str) -> bytes:
    """The call data of a transaction to a contract that sends no coins."""
    data, value = text(transaction, "data"), text(transaction, "value")
    if text(transaction, "to") != contract or int(value or "0x0", 16):
        raise NotWhatWasChosen(_OTHER_TRANSACTION)
    return bytes.fromhex(data.removeprefix("0x"))


def _as_file(receipt: JsonObject) -> bytes:
    return json.dumps(receipt, ensure_ascii=False, indent=1).encode()
