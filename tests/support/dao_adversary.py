"""A ledger with a DAO, in memory, that can be told to misbehave.

Honest until told otherwise, and then in the service's own words: typed data, call data and numbers
come from `governance`, signatures are checked by eth-account. `lie` changes an answer on its way
out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import httpx
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_account.typed_transactions import TypedTransaction
from hexbytes import HexBytes

from governance.actions import parse_action
from governance.actions.calls import call_data
from governance.addresses import CREATION_ORDER, DaoAddresses
from governance.contracts import ContractName
from governance.proposals import draft_proposal
from governance.proposals.draft import ProposalDraft
from governance.proposals.evidence import Evidence
from governance.proposals.sending import propose_transaction
from governance.votes import SignedBallotForm, SignedDelegationForm
from governance.votes.ballots import ChoiceForm, Delegation, first_nonce
from governance.votes.typed_data import (
    ContractDomain,
    ballot_digest,
    ballot_typed_data,
    delegation_digest,
    delegation_typed_data,
)
from ledger.content.cid import Cid
from ledger.content.layout import name_of
from ledger.events import encode_leaf
from ledger.events.canonical import parse_object
from ledger.events.identifiers import Milliseconds, to_checksum_address
from ledger.events.signing import recover
from ledger.keccak import keccak
from ledger.secp256k1 import InvalidSignature
from tests.support.adversary import Honest, LogServer, problem
from tests.support.examples import OPERATOR, body_of, signed_event

AT = DaoAddresses.created_by("0x970E8128AB834E8EAC17Ab8E3812F010678CF791", 0)
WEIGHT = 1_000 * 10**18
BUNDLE = b'{"an audit": "bundle"}'
GAS = "0x186a0"
Change = Callable[[dict[str, Any]], object]

_CONTRACTS: dict[str, ContractName] = {"models": "ModelRegistry", "token": "ConcordToken"}


class DaoServer(LogServer):
    """The adversary.

    Attributes:
        ballots, delegations: that were counted, as they were sent.
        sent: transactions that were sent, as (sender, to, data).
        content: kept bytes by content id.
        members_only: whether payloads want a sign-in.
        tokens: of the sessions there are.
        base_fee: that the chain asks for.
        coins: that every account has, in wei.
        failing: whether contracts refuse what is sent.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ballots: list[dict[str, Any]] = []
        self.delegations: list[dict[str, Any]] = []
        self.sent: list[tuple[str, str, bytes]] = []
        self.content: dict[str, bytes] = {}
        self.members_only = False
        self.nonces: set[str] = set()
        self.tokens: set[str] = set()
        self.base_fee = 0
        self.coins = 10**18
        self.failing = False
        self._receipts: dict[str, dict[str, Any]] = {}
        self._drafts: dict[int, ProposalDraft] = {}
        self.found_with({name: AT.of(name) for name in CREATION_ORDER})

    def found_with(self, contracts: dict[str, str]) -> None:
        """Makes the first leaf."""
        body = body_of(
            "ledger.created", origin=self.origin, chainId=self.chain_id, contracts=contracts
        )
        event = signed_event("ledger.created", body, key=OPERATOR, domain=self.domain)
        self.history.leaves[:1] = [encode_leaf(event, Milliseconds(self.clock))]

    def lie(self, path: str, change: Change) -> None:
        """Changes whatever is answered at paths that end so."""

        def fault(request: httpx.Request, honest: Honest) -> httpx.Response:
            answer = honest()
            if not request.url.path.endswith(path) or answer.status_code >= 300:
                return answer
            return httpx.Response(answer.status_code, json=change(answer.json()))

        self.always = fault

    @property
    def governor(self) -> ContractDomain:
        return ContractDomain("Concord Governor", self.chain_id, AT.governor)

    @property
    def token(self) -> ContractDomain:
        return ContractDomain("Concord", self.chain_id, AT.token)

    def draft(self, question: dict[str, Any]) -> ProposalDraft:
        """The proposal that is asked for."""
        return draft_proposal(
            [parse_action(action) for action in question["actions"]],
            AT,
            proposer=question["proposer"],
            title=question["title"],
            body=question.get("body", ""),
            evidence=[self._evidence(each) for each in question.get("evidence", ())],
        )

    def _evidence(self, named: dict[str, Any]) -> Evidence:
        document = self.content[named["content"]] if "content" in named else BUNDLE
        return Evidence(
            named["kind"], name_of(document), hashlib.sha256(document).hexdigest(), len(document)
        )

    # ---- HTTP --------------------------------------------------------------------------------

    def _route(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        guarded = path not in {"/v1/log", "/checkpoint"} and not path.startswith("/v1/session")
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.members_only and guarded and token not in self.tokens:
            return problem(401, "sign-in-required", "Sign in: this ledger is its members'.")
        if request.method == "DELETE" and path == "/v1/session":
            self.tokens.discard(token)
            return httpx.Response(204)
        if _is_json(request) and (posted := self._posted(path, parse_object(request.content))):
            return posted
        match request.method, path.split("/")[1:]:
            case "POST", ["v1", "content"]:
                cid = str(name_of(request.content))
                self.content[cid] = request.content
                return httpx.Response(201, json={"content": cid, "size": len(request.content)})
            case "GET", ["v1", "content", cid]:
                return httpx.Response(200, content=self.content[str(Cid.parse(cid))])
        return super()._route(request)

    def _posted(self, path: str, asked: Any) -> httpx.Response | None:
        if path == "/v1/session:prepare" and asked["domain"] == "evil.test":
            return problem(403, "sign-in-refused", "This service is not reached there.")
        if path == "/v1/votes" and not _is_the_voters(asked, self.governor):
            return problem(403, "wrong-signer", "The voter did not sign it, and is no contract.")
        if path == "/v1/session":
            return self._sign_in(asked["message"], asked["signature"])
        if path.startswith("/v1/proposals/"):
            number, step = path.removeprefix("/v1/proposals/").split(":")
            return httpx.Response(200, json=self.answer_step(number, step))
        answers: dict[str, Callable[[Any], object]] = {
            "/v1/session:nonce": self._nonce,
            "/v1/session:prepare": lambda asked: {"message": asked["domain"]},
            "/v1/votes:prepare": self._ballot,
            "/v1/votes": self._count,
            "/v1/delegations:prepare": self._delegation,
            "/v1/delegations": self._delegate,
            "/v1/proposals:prepare": self._proposal,
            "/v1/transactions:prepare": self.answer_call,
            "/rpc": lambda asked: {"jsonrpc": "2.0", "id": 1} | self._rpc(asked),
        }
        return httpx.Response(200, json=answers[path](asked)) if path in answers else None

    def _nonce(self, _: Any) -> dict[str, str]:
        self.nonces.add(f"nonce{len(self.nonces)}0000000")
        return {"nonce": max(self.nonces)}

    def _sign_in(self, message: str, signature: str) -> httpx.Response:
        if len(signature) != 2 + 2 * 65:
            return problem(400, "invalid-signature", "A key's signature has 65 bytes.")
        account = Account.recover_message(encode_defunct(text=message), signature=signature)
        if message.split("\n")[1] != account:
            return problem(403, "wrong-signer", f"The message is signed by {account}.")
        nonce = next((each for each in self.nonces if f"\nNonce: {each}\n" in message), None)
        if nonce is None or f"Chain ID: {self.chain_id}" not in message:
            return problem(403, "sign-in-refused", "This message is not for this ledger.")
        self.nonces.remove(nonce)
        self.tokens.add(f"token-{len(self.tokens)}")
        return httpx.Response(200, json={"token": max(self.tokens), "account": account})

    def _ballot(self, asked: dict[str, Any]) -> dict[str, Any]:
        proposal = int(asked.pop("proposal"))
        form = ChoiceForm.model_validate(asked)
        ballot = form.to_ballot(proposal, first_nonce(proposal))
        return {
            "ballot": form.model_dump(by_alias=True)
            | {"proposal": str(proposal), "nonce": str(ballot.nonce)},
            "typedData": ballot_typed_data(ballot, self.governor),
            "digest": "0x" + ballot_digest(ballot, self.governor).hex(),
            "weight": str(WEIGHT),
        }

    def _count(self, form: dict[str, Any]) -> dict[str, Any]:
        signed = SignedBallotForm.model_validate(form).to_signed_ballot()
        self.ballots.append(form)
        return {
            "v": 1,
            "typedData": ballot_typed_data(signed.ballot, self.governor),
            "signature": form["signature"],
            "weight": str(WEIGHT),
            "chain": self._place(),
        }

    def _place(self) -> dict[str, Any]:
        return {
            "chainId": self.chain_id,
            "blockNumber": 7,
            "blockHash": "0x" + "cd" * 32,
            "transactionHash": "0x" + "ab" * 32,
            "logIndex": 0,
        }

    def _delegation(self, asked: dict[str, Any]) -> dict[str, Any]:
        expiry = int(asked.get("expiry", 1_800_000_000))
        delegation = Delegation(asked["delegator"], asked["delegatee"], 3, expiry)
        values = asdict(delegation)
        return {
            "delegation": values | {"nonce": "3", "expiry": str(expiry)},
            "typedData": delegation_typed_data(delegation, self.token),
            "digest": "0x" + delegation_digest(delegation, self.token).hex(),
        }

    def _delegate(self, form: dict[str, Any]) -> dict[str, Any]:
        signed = SignedDelegationForm.model_validate(form)
        delegation = Delegation(
            signed.delegator, signed.delegatee, int(signed.nonce), int(signed.expiry)
        )
        digest = delegation_digest(delegation, self.token)
        assert recover(digest, form["signature"]) == signed.delegator
        self.delegations.append(form)
        return {
            "v": 1,
            "delegator": signed.delegator,
            "typedData": delegation_typed_data(delegation, self.token),
            "signature": form["signature"],
            "chain": self._place(),
        }

    def _proposal(self, asked: dict[str, Any]) -> dict[str, Any]:
        draft = self.draft(asked)
        self._drafts[draft.proposal_id] = draft
        return {
            "proposal": str(draft.proposal_id),
            "class": "routine",
            "description": draft.description,
            "transaction": self._transaction(
                asked["proposer"], AT.governor, propose_transaction(draft, AT).data
            ),
            "simulation": {"class": "routine", "fails": False, "actions": []},
        }

    def answer_step(self, number: str, step: str) -> dict[str, Any]:
        if step != "cancel":
            return {"transactionHash": "0x" + "ab" * 32, "blockNumber": 7}
        draft = self._drafts[int(number)]
        lists = [[getattr(call, name) for call in draft.calls] for name in _CALL]
        data = call_data("ConcordGovernor", "cancel", *lists, keccak(draft.description.encode()))
        return {"transaction": self._transaction(None, AT.governor, data)}

    def answer_call(self, asked: dict[str, Any]) -> dict[str, Any]:
        contract = _CONTRACTS[asked["contract"]]
        arguments = [_argument(each) for each in asked["arguments"]]
        data = call_data(contract, asked["function"], *arguments)
        return self._transaction(asked["from"], AT.of(contract), data)

    def _transaction(self, sender: str | None, to: str, data: bytes) -> dict[str, Any]:
        return {
            "chainId": self.chain_id,
            "from": sender,
            "to": to,
            "value": "0x0",
            "data": "0x" + data.hex(),
            "gas": GAS,
        }

    # ---- chain -------------------------------------------------------------------------------

    def _rpc(self, asked: dict[str, Any]) -> dict[str, Any]:
        match asked["method"], asked["params"]:
            case "eth_getTransactionCount", [sender, "pending"]:
                return {"result": hex(sum(each[0] == sender for each in self.sent))}
            case "eth_getBlockByNumber", ["latest", False]:
                return {"result": {"baseFeePerGas": hex(self.base_fee)}}
            case "eth_getBalance", [_, "latest"]:
                return {"result": hex(self.coins)}
            case "eth_maxPriorityFeePerGas", []:
                return {"result": "0x1"}
            case "eth_sendRawTransaction", [raw]:
                return self._take(bytes.fromhex(raw[2:]))
            case "eth_getTransactionReceipt", [transaction_hash]:
                return {"result": self._receipts.get(transaction_hash)}
        return {"error": {"code": -32601, "message": f"no method {asked['method']}"}}

    def _take(self, raw: bytes) -> dict[str, Any]:
        transaction_hash = "0x" + keccak(raw).hex()
        if transaction_hash in self._receipts:
            return {"error": {"code": -32000, "message": "already known"}}
        sender = Account.recover_transaction(raw)
        decoded = _decode(raw)
        if self.coins < decoded["gas"] * decoded["maxFeePerGas"]:
            return {"error": {"code": -32000, "message": "insufficient funds"}}
        if decoded["nonce"] != sum(each[0] == sender for each in self.sent):
            return {"error": {"code": -32000, "message": "nonce too low"}}
        assert decoded["chainId"] == self.chain_id
        self.sent.append((sender, to_checksum_address(decoded["to"]), decoded["data"]))
        self._receipts[transaction_hash] = {
            "transactionHash": transaction_hash,
            "blockHash": "0x" + "cd" * 32,
            "blockNumber": hex(len(self.sent)),
            "status": "0x0" if self.failing else "0x1",
        }
        return {"result": transaction_hash}


_CALL = ("target", "value", "calldata")


def _decode(raw: bytes) -> dict[str, Any]:
    fields: dict[str, Any] = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
    return fields | {"to": bytes(fields["to"]), "data": bytes(fields["data"])}


def _argument(value: Any) -> Any:
    if isinstance(value, list):
        return [_argument(each) for each in value]
    text = str(value)
    if text.isdecimal():
        return int(text)
    return bytes.fromhex(text[2:]) if text.startswith("0x") and len(text) != 42 else text


def _is_the_voters(form: dict[str, Any], governor: ContractDomain) -> bool:
    """Whether the voter's key signed a ballot; the adversary knows no contract wallets."""
    signed = SignedBallotForm.model_validate(form).to_signed_ballot()
    try:
        return recover(ballot_digest(signed.ballot, governor), form["signature"]) == (
            signed.ballot.voter
        )
    except InvalidSignature:
        return False


def _is_json(request: httpx.Request) -> bool:
    return request.headers.get("Content-Type") == "application/json"


def replaced(value: Any, *path: str, by: object) -> Any:
    """A copy of a JSON value with one place replaced."""
    copy = json.loads(json.dumps(value))
    place = copy
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = by
    return copy
