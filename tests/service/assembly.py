"""A served ledger with a DAO whose members sign as wallets do: by eth-account, over HTTP."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data

from ledger.events import SigningKey
from service.founding import DaoTerms, found_ledger
from service.settings import Settings
from tests.support.examples import signing_key
from tests.support.servers import NO_TLS, ServerThread
from tests.support.waiting import await_that

Json = dict[str, Any]

TOKEN = 10**18
VOTING_DELAY, VOTING_PERIOD, VOTE_EXTENSION, TIMELOCK_DELAY = 60, 3_600, 600, 900
OPERATOR = signing_key("operator")
HOSPITAL, CLINIC, LAB, AUDITOR = (signing_key(n) for n in ("hospital", "clinic", "lab", "auditor"))
NEWCOMER = signing_key("newcomer")
"""No member, and without tokens."""

FOUNDERS: list[Json] = [
    {"member": HOSPITAL.address, "roles": ["steward"], "tokens": 400 * TOKEN},
    {"member": CLINIC.address, "roles": ["steward"], "tokens": 300 * TOKEN},
    {"member": LAB.address, "roles": ["developer"], "tokens": 200 * TOKEN},
    {"member": AUDITOR.address, "roles": ["auditor"], "tokens": 100 * TOKEN},
]
QUICK: Json = {
    "mirror_seconds": 0.05,
    "anchor_check_seconds": 0.05,
    # Whoever wants something carried on asks for it.
    "keeper_seconds": 3_600,
    "chain_development": True,
    "source_trials_at_once": 1_000,
}


def found_assembly(data: Path) -> None:
    """Makes the ledger and its DAO in a folder."""
    terms = DaoTerms(
        voting_delay=VOTING_DELAY,
        voting_period=VOTING_PERIOD,
        vote_extension=VOTE_EXTENSION,
        timelock_delay=TIMELOCK_DELAY,
    )
    found_ledger(
        Settings.model_validate({"data_dir": data} | QUICK),
        operator=OPERATOR,
        members=FOUNDERS,
        origin="assembly.test",
        dao=terms,
    )


@dataclass(frozen=True)
class ServedDao:
    """A server, and what members do with it.

    Attributes:
        http: a client of the server.
        server: the server.
        data: its data directory.
    """

    http: httpx.Client
    server: ServerThread
    data: Path

    def get(self, path: str, **query: str | int) -> httpx.Response:
        """Any read."""
        return self.http.get(path, params=query)

    def read(self, path: str, **query: str | int) -> Json:
        """A read that is answered."""
        response = self.get(path, **query)
        assert response.status_code == 200, response.text
        answer: Json = response.json()
        return answer

    def post(self, path: str, value: object) -> httpx.Response:
        """Posts JSON."""
        body = orjson.dumps(value)
        return self.http.post(path, content=body, headers={"content-type": "application/json"})

    def do(self, path: str, value: object, status: int = 200) -> Json:
        """A post that is answered."""
        response = self.post(path, value)
        assert response.status_code == status, response.text
        answer: Json = response.json()
        return answer

    def bearer(self, key: SigningKey) -> dict[str, str]:
        """Signs in; the header that says so."""
        message = self.do("/v1/session:prepare", {"account": key.address})["message"]
        made = Account.sign_message(encode_defunct(text=message), key.secret)
        signed = {"message": message, "signature": "0x" + made.signature.hex()}
        token = self.do("/v1/session", signed, 201)["token"]
        # The cookie that came with it would be a session, too.
        self.http.cookies.clear()
        return {"Authorization": f"Bearer {token}"}

    def keep(self, document: bytes, key: SigningKey | None = None) -> str:
        """Adds a document as a member does; its content id."""
        headers = self.bearer(key or HOSPITAL)
        added = self.http.post("/v1/content", content=document, headers=headers)
        assert added.status_code == 201, added.text
        return str(added.json()["content"])

    # Events

    def said(self, signer: SigningKey, kind: str, body: Json) -> Json:
        """A signed event that the service prepared, as it is sent."""
        asked = {"kind": kind, "actor": signer.address, "body": body}
        prepared = self.do("/v1/events:prepare", asked)
        signature = signer.sign_digest(bytes.fromhex(prepared["digest"][2:]))
        return {"event": prepared["event"] | {"signature": signature}}

    def say(self, signer: SigningKey, kind: str, body: Json) -> int:
        """Appends an event; its index."""
        return int(self.do("/v1/events", self.said(signer, kind, body), 201)["index"])

    # The chain

    def rpc(self, method: str, *params: object) -> Any:
        """A request to the chain."""
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = self.do("/rpc", request)
        assert "error" not in answer, answer
        return answer["result"]

    def advance(self, seconds: int) -> None:
        """Lets that much time pass on the chain."""
        self.rpc("evm_increaseTime", seconds)
        self.rpc("evm_mine")

    def send(self, sender: SigningKey, transaction: Mapping[str, Any]) -> Json:
        """Signs a prepared transaction and sends it, as a wallet does; its receipt."""
        unsigned = {
            "to": transaction["to"],
            "data": transaction["data"],
            "value": int(transaction["value"], 16),
            "gas": int(transaction["gas"], 16),
            "chainId": transaction["chainId"],
            "nonce": int(self.rpc("eth_getTransactionCount", sender.address, "latest"), 16),
            "maxFeePerGas": 0,
            "maxPriorityFeePerGas": 0,
        }
        raw = Account.sign_transaction(unsigned, sender.secret).raw_transaction
        sent = self.rpc("eth_sendRawTransaction", "0x" + raw.hex())
        receipt: Json = self.rpc("eth_getTransactionReceipt", sent)
        assert receipt["status"] == "0x1", receipt
        return receipt

    # Proposals

    def prepare(
        self,
        *actions: Json,
        proposer: SigningKey = HOSPITAL,
        title: str = "Something to vote on",
        **more: object,
    ) -> Json:
        """What the service makes of a proposal before it is sent."""
        asked = {"proposer": proposer.address, "title": title, "actions": actions, **more}
        return self.do("/v1/proposals:prepare", asked)

    def propose(
        self,
        *actions: Json,
        proposer: SigningKey = HOSPITAL,
        title: str = "Something to vote on",
        **more: object,
    ) -> str:
        """Makes a proposal; its id."""
        prepared = self.prepare(*actions, proposer=proposer, title=title, **more)
        self.send(proposer, prepared["transaction"])
        return str(prepared["proposal"])

    def open(self, *actions: Json, **more: Any) -> str:
        """Makes a proposal and lets the time pass until it can be voted on; its id."""
        proposal = self.propose(*(actions or (admit(NEWCOMER),)), **more)
        self.advance(VOTING_DELAY + 1)
        return proposal

    def detail(self, proposal: str) -> Json:
        """A proposal as it stands."""
        return self.read(f"/v1/proposals/{proposal}")

    def queued(self, *actions: Json, **more: Any) -> str:
        """Proposes, votes and queues, and lets the time pass until it can be executed; the
        proposal's id.
        """
        proposal = self.open(*actions, **more)
        for voter in (HOSPITAL, CLINIC):
            self.vote(voter, proposal)
        self.advance(VOTING_PERIOD + VOTE_EXTENSION + 1)
        self.do(f"/v1/proposals/{proposal}:queue", {})
        self.advance(TIMELOCK_DELAY + 1)
        return proposal

    def execute(self, proposal: str) -> None:
        """Executes it."""
        self.do(f"/v1/proposals/{proposal}:execute", {})

    def carry_out(self, *actions: Json, **more: Any) -> str:
        """Proposes, votes, queues and executes; the proposal's id."""
        proposal = self.queued(*actions, **more)
        self.execute(proposal)
        return proposal

    # Votes

    def ballot(self, voter: SigningKey, proposal: str, support: str, **more: object) -> Json:
        """What a voter is to sign."""
        asked = {"proposal": proposal, "voter": voter.address, "support": support, **more}
        return self.do("/v1/votes:prepare", asked)

    def signed(
        self, voter: SigningKey, proposal: str, support: str = "for", **more: object
    ) -> Json:
        """A signed ballot."""
        prepared = self.ballot(voter, proposal, support, **more)
        return prepared["ballot"] | {"signature": sign(voter, prepared["typedData"])}

    def vote(self, voter: SigningKey, proposal: str, support: str = "for", **more: object) -> Json:
        """Votes; the receipt."""
        return self.do("/v1/votes", self.signed(voter, proposal, support, **more), 201)

    def votes(self, proposal: str, count: int) -> list[Json]:
        """The votes on a proposal, once the mirror has told so many."""

        def told() -> list[Json]:
            items: list[Json] = self.read(f"/v1/proposals/{proposal}/votes")["items"]
            return items

        await_that(lambda: len(told()) >= count)
        return told()


def sign(key: SigningKey, typed_data: Json) -> str:
    """An EIP-712 signature by eth-account."""
    signed = Account.sign_message(encode_typed_data(full_message=typed_data), key.secret)
    return "0x" + signed.signature.hex()


def admit(member: SigningKey, *roles: str) -> Json:
    """The action that admits a member."""
    return {"action": "admit", "member": member.address, "roles": list(roles)}


def keeper_steps(http: httpx.Client) -> int:
    """How often the keeper has looked for what is due."""
    metrics = http.get("/metrics").raise_for_status().text
    found = re.search(
        r'^concord_worker_steps_total\{worker="keeper"\} (\d+)', metrics, re.MULTILINE
    )
    assert found is not None
    return int(found[1])


def keeper_rests(http: httpx.Client) -> None:
    """Waits until the keeper has looked for what is due at the start: on a busy machine it would in
    the middle of a test. It looks again only after the pause that `QUICK` gives it.
    """
    await_that(lambda: keeper_steps(http) > 0)


@contextmanager
def served_dao(original: Path, folder: Path, **settings: object) -> Iterator[ServedDao]:
    """Serves a copy of a founded assembly; where reads are for members, its client is one."""
    data = folder / f"assembly-{len(list(folder.iterdir()))}"
    shutil.copytree(original, data)
    configured = Settings.model_validate({"data_dir": data} | QUICK | settings)
    with (
        ServerThread(configured) as server,
        httpx.Client(base_url=server.url, timeout=60, verify=NO_TLS) as http,
    ):
        dao = ServedDao(http, server, data)
        keeper_rests(http)
        if configured.reads == "members":
            http.headers.update(dao.bearer(HOSPITAL))
        # The last block is of now, not of when the contracts were deployed.
        dao.advance(1)
        yield dao


def kinds(items: Sequence[Json]) -> list[str]:
    """Kinds of events."""
    return [item["event"]["kind"] for item in items]
