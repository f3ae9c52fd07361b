"""What a client can ask of a DAO, as operations without I/O (see `client.wire`).

Rules:
- Whatever is signed was built here, or was worked out again here and found to be the same: for the
  contracts that the log's first leaf names, on the chain that is trusted.
- A transaction is sent once; sent again it is the same one, with the same hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from client.content import check_content
from client.dao.ballots import BallotReceipt, Choice, UnsignedBallot, check_ballot
from client.dao.calls import MEMBER_FUNCTIONS, AbiValue, call_data
from client.dao.contracts import DaoContracts
from client.dao.delegations import UnsignedDelegation, check_delegation
from client.dao.proposals import PreparedProposal, ProposalDraft, check_cancel, check_proposal
from client.dao.reading import member
from client.dao.transactions import Fees, Sent, Transaction, in_coins, sign_transaction
from client.errors import (
    ChainRefused,
    InvalidProposalDraft,
    ServerProblem,
    TransactionFailed,
    TransactionPending,
    UnexpectedAnswer,
    WrongBallot,
    WrongContent,
    WrongTransaction,
)
from client.files import content_id
from client.operations import Session
from client.wallets import NOT_SIGNED
from client.wire import Operation, Request, check, get, post, read_object, text
from ledger.events.canonical import JsonObject, JsonValue

FIRST_LOOK_SECONDS = 0.05
LONGEST_LOOK_SECONDS = 4.0
LOOKS = 40
"""A block is waited for some two minutes."""


@dataclass(slots=True)
class DaoOperations:
    """Operations on the DAO of one session's ledger.

    Attributes:
        session: with the ledger.
        found: its contracts, once they were read.
    """

    session: Session
    found: DaoContracts | None = field(default=None)

    def contracts(self) -> Operation[DaoContracts]:
        """The contracts, from the log's first leaf, which is proven to be that.

        Raises:
            NoDao: there are none.
        """
        if self.found is None:
            trust = yield from self.session.connect()
            first = yield from self.session.leaf(0)
            self.found = DaoContracts.named_by(first, trust)
        return self.found

    # ---- votes -------------------------------------------------------------------------------

    def prepare_ballot(
        self, proposal: int, voter: str, choice: Choice
    ) -> Operation[UnsignedBallot]:
        """The ballot for a voter to sign.

        Raises:
            WrongBallot: the server shows another one.
        """
        contracts = yield from self.contracts()
        question = {"proposal": str(proposal), "voter": voter} | choice.to_json()
        answer = read_object((yield post("/v1/votes:prepare", question)))
        return check_ballot(
            answer, proposal=proposal, voter=voter, choice=choice, contracts=contracts
        )

    def cast(self, unsigned: UnsignedBallot, signature: str) -> Operation[BallotReceipt]:
        """Sends a signed ballot, which the service carries to the chain.

        Raises:
            InvalidSignature: it is no signature.
            WrongBallot: the voter's key did not sign it, and the service says that the voter is no
                contract that takes it; or the receipt is of another one.
            ServerProblem: it does not count, and why.
        """
        signed = unsigned.with_signature(signature)
        sent = text(signed, "signature")
        response = yield post("/v1/votes", signed)
        try:
            answer = read_object(response)
        except ServerProblem as problem:
            refusal = unsigned.refusal(sent)
            if refusal is None or problem.problem not in NOT_SIGNED:
                raise
            raise WrongBallot(
                f"{refusal} The service says that it is no contract wallet that takes this "
                "signature."
            ) from problem
        return BallotReceipt.of(answer, unsigned, sent)

    def vote(self, proposal: int, choice: Choice) -> Operation[BallotReceipt]:
        """Votes with the client's own key."""
        key = self.session.require_key()
        unsigned = yield from self.prepare_ballot(proposal, key.address, choice)
        return (yield from self.cast(unsigned, key.sign_digest(unsigned.digest)))

    def prepare_delegation(
        self, delegator: str, delegatee: str, expiry: int | None = None
    ) -> Operation[UnsignedDelegation]:
        """The delegation for a holder to sign; `expiry` in seconds since 1970.

        Raises:
            WrongDelegation: the server shows another one.
        """
        contracts = yield from self.contracts()
        question: JsonObject = {"delegator": delegator, "delegatee": delegatee}
        if expiry is not None:
            question["expiry"] = str(expiry)
        answer = read_object((yield post("/v1/delegations:prepare", question)))
        return check_delegation(
            answer,
            delegator=delegator,
            delegatee=delegatee,
            expiry=expiry,
            contracts=contracts,
        )

    def send_delegation(
        self, unsigned: UnsignedDelegation, signature: str
    ) -> Operation[JsonObject]:
        """Sends a signed delegation; its receipt.

        Raises:
            WrongDelegation: the delegator did not sign it.
            ServerProblem: it does not hold, and why.
        """
        signed = unsigned.with_signature(signature)
        return read_object((yield post("/v1/delegations", signed)))

    def delegate(self, delegatee: str) -> Operation[JsonObject]:
        """Lets somebody else vote with the client's tokens; itself to take that back."""
        key = self.session.require_key()
        unsigned = yield from self.prepare_delegation(key.address, delegatee)
        return (yield from self.send_delegation(unsigned, key.sign_digest(unsigned.digest)))

    # ---- proposals ---------------------------------------------------------------------------

    def prepare_proposal(self, draft: ProposalDraft, proposer: str) -> Operation[PreparedProposal]:
        """A proposal, tried by the service and checked here; nothing is sent.

        Raises:
            WrongTransaction: the server's transaction proposes something else.
        """
        contracts = yield from self.contracts()
        answer = read_object((yield post("/v1/proposals:prepare", draft.to_json(proposer))))
        transaction = Transaction.parse(member(answer, "transaction"))
        return check_proposal(
            answer, transaction, draft=draft, proposer=proposer, contracts=contracts
        )

    def propose(self, draft: ProposalDraft) -> Operation[tuple[PreparedProposal, Sent]]:
        """Makes a proposal with the client's own key."""
        prepared = yield from self.prepare_proposal(draft, self.session.require_key().address)
        return prepared, (yield from self.send(prepared.transaction))

    def carry_on(self, proposal: int, step: str) -> Operation[JsonObject]:
        """Has the service queue or execute what is due.

        Args:
            proposal: its number.
            step: queue or execute.
        """
        return read_object((yield post(f"/v1/proposals/{proposal}:{step}", {})))

    def prepare_cancel(self, proposal: int, account: str) -> Operation[Transaction]:
        """What cancels a proposal, for its proposer while it is pending, or for the guardian.

        Raises:
            WrongTransaction: the server's transaction does something else.
            NotYoursToCancel: it is for another account to send.
        """
        contracts = yield from self.contracts()
        answer = read_object((yield post(f"/v1/proposals/{proposal}:cancel", {})))
        transaction = Transaction.parse(member(answer, "transaction"))
        return check_cancel(transaction, proposal=proposal, account=account, contracts=contracts)

    def cancel(self, proposal: int) -> Operation[Sent]:
        """Cancels a proposal with the client's own key."""
        account = self.session.require_key().address
        transaction = yield from self.prepare_cancel(proposal, account)
        return (yield from self.send(transaction))

    # ---- transactions ------------------------------------------------------------------------

    def prepare_call(
        self, account: str, contract: str, function: str, arguments: Sequence[JsonValue]
    ) -> Operation[Transaction]:
        """What a member calls without a vote: register a model, attest a record, pay tokens.

        Args:
            account: EIP-55, that sends it.
            contract: models or token.
            function: see `MEMBER_FUNCTIONS`.
            arguments: numbers as decimal strings, bytes as 0x-hex.

        Raises:
            WrongTransaction: the server's transaction does something else.
            InvalidProposalDraft: members call no such function.
        """
        contracts = yield from self.contracts()
        signature = MEMBER_FUNCTIONS.get((contract, function))
        if signature is None:
            known = ", ".join(f"{c}.{f}" for c, f in MEMBER_FUNCTIONS)
            raise InvalidProposalDraft(f"Members call {known}; not {contract}.{function}.")
        data = call_data(signature, *_typed(signature, arguments))
        question: JsonObject = {
            "from": account,
            "contract": contract,
            "function": function,
            "arguments": [*arguments],
        }
        answer = read_object((yield post("/v1/transactions:prepare", question)))
        transaction = Transaction.parse(answer)
        transaction.check(
            chain_id=contracts.chain_id,
            sender=account,
            to=getattr(contracts, contract),
            data=data,
        )
        return transaction

    def call(self, contract: str, function: str, arguments: Sequence[JsonValue]) -> Operation[Sent]:
        """Prepares and sends it with the client's own key."""
        account = self.session.require_key().address
        transaction = yield from self.prepare_call(account, contract, function, arguments)
        return (yield from self.send(transaction))

    def send(self, transaction: Transaction) -> Operation[Sent]:
        """Signs a checked transaction with the client's own key, sends it, waits for its block.

        Raises:
            WrongTransaction: it is another account's, or for another chain.
            ChainRefused: the chain does not take it.
            FeeTooHigh: see `Fees`.
            TransactionFailed, TransactionPending: as `wait_for`.
        """
        key = self.session.require_key()
        contracts = yield from self.contracts()
        if transaction.sender not in {key.address, None}:
            raise WrongTransaction(f"{transaction.sender} sends this, not {key.address}.")
        if transaction.chain_id != contracts.chain_id:
            raise WrongTransaction(f"This transaction is for chain {transaction.chain_id}.")
        nonce = _quantity((yield from self.rpc("eth_getTransactionCount", key.address, "pending")))
        fees = yield from self._fees()
        raw, transaction_hash = sign_transaction(transaction, key, nonce=nonce, fees=fees)
        try:
            yield from self.rpc("eth_sendRawTransaction", "0x" + raw.hex())
        except ChainRefused:
            # An answer may have been lost, and the chain have it already.
            if (yield from self.rpc("eth_getTransactionReceipt", transaction_hash)) is None:
                yield from self._check_coins(transaction, key.address, fees)
                raise
        return (yield from self.wait_for(transaction_hash))

    def wait_for(self, transaction_hash: str) -> Operation[Sent]:
        """A transaction's place on the chain, once it has one.

        Raises:
            TransactionFailed: the contract refused it.
            TransactionPending: it is in no block for two minutes.
        """
        delay = 0.0
        for _ in range(LOOKS):
            receipt = yield from self.rpc(
                "eth_getTransactionReceipt", transaction_hash, delay=delay
            )
            if isinstance(receipt, dict):
                if receipt.get("transactionHash") != transaction_hash:
                    raise UnexpectedAnswer("The chain's receipt is of another transaction.")
                if receipt.get("status") != "0x1":
                    raise TransactionFailed(
                        f"Transaction {transaction_hash} is in a block, and the contract refused "
                        "it there; nothing changed."
                    )
                return Sent.of(receipt)
            delay = min(max(FIRST_LOOK_SECONDS, delay * 1.5), LONGEST_LOOK_SECONDS)
        raise TransactionPending(
            f"Transaction {transaction_hash} was sent and is in no block yet; it may still be."
        )

    def rpc(self, method: str, *parameters: JsonValue, delay: float = 0.0) -> Operation[JsonValue]:
        """One question to the chain.

        Raises:
            ChainRefused: its answer is an error.
        """
        question = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)}
        request = post("/rpc", question)
        answer = read_object((yield Request("POST", "/rpc", body=request.body, delay=delay)))
        error = answer.get("error")
        if isinstance(error, dict):
            raise ChainRefused(f"The chain refuses {method}: {error.get('message')}")
        return answer.get("result")

    def _check_coins(self, transaction: Transaction, account: str, fees: Fees) -> Operation[None]:
        needed = transaction.gas * fees.highest
        held = _quantity((yield from self.rpc("eth_getBalance", account, "latest")))
        if held < needed:
            raise ChainRefused(
                f"{account} has {in_coins(held)} coins on chain {transaction.chain_id}, and this "
                f"may take {in_coins(needed)}. Ballots and delegations are carried for you; for "
                "what you send yourself your account pays."
            )

    def _fees(self) -> Operation[Fees]:
        block = yield from self.rpc("eth_getBlockByNumber", "latest", False)  # noqa: FBT003 - JSON
        if not isinstance(block, dict):
            raise UnexpectedAnswer("The chain shows no newest block.")
        base = _quantity(block.get("baseFeePerGas", "0x0"))
        tip = _quantity((yield from self.rpc("eth_maxPriorityFeePerGas"))) if base else 0
        return Fees(base, tip)

    # ---- content -----------------------------------------------------------------------------

    def upload(self, content: bytes) -> Operation[JsonObject]:
        """Keeps bytes in the ledger's content store; for members. Its content id is checked.

        Raises:
            WrongContent: the server names it otherwise.
        """
        request = Request(
            "POST", "/v1/content", body=content, content_type="application/octet-stream"
        )
        answer = read_object((yield request))
        if answer.get("content") != content_id(content):
            raise WrongContent(f"The server calls these bytes {answer.get('content')}.")
        return answer

    def download(self, cid: str, sha256: str | None = None) -> Operation[bytes]:
        """Bytes of the content store, verified.

        Args:
            cid: content id.
            sha256: 64 hex digits, where they are known; then these decide.

        Raises:
            WrongContent: they are others.
        """
        response = yield get(f"/v1/content/{quote(cid, safe='')}")
        check(response)
        check_content(response.body, cid, sha256)
        return response.body


def _quantity(value: JsonValue) -> int:
    try:
        found = int(str(value), 16)
    except ValueError as error:
        raise UnexpectedAnswer("The chain's answer is no number.") from error
    return found


def _typed(signature: str, arguments: Sequence[JsonValue]) -> list[AbiValue]:
    """Arguments in JSON as the ABI encoder takes them."""
    kinds = signature[signature.index("(") + 1 : -1].split(",")
    if len(kinds) != len(arguments):
        raise InvalidProposalDraft(f"{signature} takes {len(kinds)} arguments.")
    try:
        return [_value(kind, each) for kind, each in zip(kinds, arguments, strict=True)]
    except ValueError as error:
        raise InvalidProposalDraft(f"{signature}: {error}") from error


def _value(kind: str, value: JsonValue) -> AbiValue:
    if kind.endswith("[]"):
        if not isinstance(value, list):
            raise ValueError(f"{kind} is a list")
        return [_value(kind[:-2], each) for each in value]
    if kind.startswith("uint"):
        return int(str(value))
    if kind.startswith("bytes"):
        return bytes.fromhex(str(value).removeprefix("0x"))
    return str(value)
