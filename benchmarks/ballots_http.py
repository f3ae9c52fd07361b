"""Ballots by signature from the socket to the block: what `benchmarks.ballots` sends over HTTP.

The service runs in a process of its own, on a founded ledger with an embedded chain. `wrk` sends
ballots that were signed beforehand, each on a request of its own; the mirror tells the log of them
at the same time, as it always does. CPU is that of the service's process alone, all of its threads.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import orjson

from benchmarks.http import drive
from governance.actions import canonical_address
from governance.actions.calls import call_data
from governance.actions.kinds import SetVotingDelay
from governance.addresses import DaoAddresses
from governance.proposals import draft_proposal, propose_transaction
from governance.votes import (
    Ballot,
    ContractDomain,
    Support,
    ballot_digest,
    first_nonce,
    planned_domains,
)
from ledger.chain.connect import embedded
from ledger.chain.signing import KeySigner, TransactionDraft
from ledger.errors import ConcordError
from ledger.events import SigningKey
from ledger.events.canonical import JsonObject
from service.dao import read_plan
from service.founding import DaoTerms, found_ledger
from service.settings import Settings
from tests.support.chains import embedded_node
from tests.support.servers import ServerProcess

TOKEN = 10**18
DELAY, PERIOD = 60, 86_400
PAGE, PAGES = 50, 20
GROUP = 256
WAIT_SECONDS = 300.0


@dataclass(frozen=True)
class HttpFigures:
    """What was measured.

    Attributes:
        wall: ballots a second, all processes of the machine included.
        cpu: ballots for each second of the service's CPU.
        errors: answers that were no receipt.
        tally_ms: until the tally was told, right after the last receipt.
        counted: whether all that had a receipt were in it.
        page_ms: median of a page of 50 proposals.
        page_cpu_ms: of the service's CPU for it.
    """

    wall: float
    cpu: float
    errors: int
    tally_ms: float
    counted: bool
    page_ms: float
    page_cpu_ms: float


def measure_http(
    folder: Path, owner: KeySigner, voters: Sequence[KeySigner], connections: int
) -> HttpFigures:
    """Founds a ledger in a folder and has all voters vote on one proposal of it."""
    data = folder / "ledger"
    settings = Settings(data_dir=data, chain_development=True)
    _found(settings, owner, len(voters))
    plan = read_plan(settings)
    proposals = _prepare(settings, owner, voters)
    domain = planned_domains(plan).governor
    ballots = [
        _body(Ballot(proposals[0], Support.FOR, _checksum(voter), nonce), voter, domain)
        for nonce in [first_nonce(proposals[0])]
        for voter in voters
    ]
    free = {"voter_ballots_per_second": 1e6, "source_ballots_per_second": 1e6}
    more = {"source_ballots_at_once": 10**6, "keeper_seconds": 3_600}
    with ServerProcess(data, chain_development=True, **free, **more) as server:
        http = httpx.Client(base_url=server.url, timeout=60)
        _advance(http, DELAY + 5)
        _await(lambda: _told(http, proposals[-1]))
        return _run(server, http, ballots, folder, proposal=proposals[0], connections=connections)


def _run(
    server: ServerProcess,
    http: httpx.Client,
    ballots: Sequence[bytes],
    folder: Path,
    *,
    proposal: int,
    connections: int,
) -> HttpFigures:
    before = _cpu_seconds(server.pid)
    load = drive(f"{server.url}/v1/votes", ballots, folder, connections=connections, seconds=120)
    cpu = _cpu_seconds(server.pid) - before
    began = time.perf_counter()
    tally = http.get(f"/v1/proposals/{proposal}").json()["tally"]
    tally_ms = (time.perf_counter() - began) * 1_000
    times: list[float] = []
    before = _cpu_seconds(server.pid)
    for _ in range(PAGES):
        began = time.perf_counter()
        page = http.get("/v1/proposals", params={"limit": PAGE}).json()
        times.append((time.perf_counter() - began) * 1_000)
        assert len(page["items"]) == PAGE
    page_cpu = (_cpu_seconds(server.pid) - before) * 1_000 / PAGES
    return HttpFigures(
        load.rate,
        load.requests / cpu,
        load.errors,
        tally_ms,
        # wrk goes once it has sent all of them: those on the way may or may not be counted.
        int(tally["for"]) >= load.requests * TOKEN,
        statistics.median(times),
        page_cpu,
    )


def _found(settings: Settings, owner: KeySigner, voters: int) -> None:
    key = SigningKey(owner.key.to_bytes())
    member: JsonObject = {
        "member": key.address,
        "roles": ["steward"],
        "tokens": (voters + 1) * TOKEN,
    }
    terms = DaoTerms(voting_delay=DELAY, voting_period=PERIOD)
    found_ledger(settings, operator=key, members=[member], origin="ballots.test", dao=terms)


def _prepare(settings: Settings, owner: KeySigner, voters: Sequence[KeySigner]) -> list[int]:
    """Gives each voter a token and makes a page of proposals, the chain's owner for a moment."""
    plan = read_plan(settings)
    at, directory = plan.addresses, settings.data_dir / "chain"
    chain = embedded(embedded_node(directory, chain_id=plan.chain_id))
    token = canonical_address(at.token)
    gifts = [
        TransactionDraft(token, call_data("ConcordToken", "transfer", _checksum(voter), TOKEN))
        for voter in voters
    ]
    for start in range(0, len(gifts), GROUP):
        outcomes = chain.send_many(gifts[start : start + GROUP], owner)
        assert not any(isinstance(each, ConcordError) for each in outcomes), outcomes
    chain.provider.make_request("evm_increaseTime", [5])  # type: ignore[arg-type]
    proposals = [_propose(chain.send, at, owner, number) for number in range(PAGE)]
    chain.close()
    return proposals


def _propose(
    send: Callable[[TransactionDraft, KeySigner], object],
    at: DaoAddresses,
    owner: KeySigner,
    number: int,
) -> int:
    draft = draft_proposal(
        [SetVotingDelay(seconds=DELAY)],
        at,
        proposer=_checksum(owner),
        title=f"Something to vote on, number {number}",
    )
    send(propose_transaction(draft, at), owner)
    return draft.proposal_id


def _body(ballot: Ballot, voter: KeySigner, domain: ContractDomain) -> bytes:
    signature = voter.key.sign_msg_hash(ballot_digest(ballot, domain))
    raw = signature.r.to_bytes(32) + signature.s.to_bytes(32) + bytes([27 + signature.v])
    return orjson.dumps(
        {
            "proposal": str(ballot.proposal_id),
            "voter": ballot.voter,
            "support": "for",
            "nonce": str(ballot.nonce),
            "signature": "0x" + raw.hex(),
        }
    )


def _checksum(signer: KeySigner) -> str:
    return signer.key.public_key.to_checksum_address()


def _cpu_seconds(pid: int) -> float:
    """User and system time of a process and its threads (proc_pid_stat(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _advance(http: httpx.Client, seconds: int) -> None:
    for method, params in (("evm_increaseTime", [seconds]), ("evm_mine", [])):
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        http.post("/rpc", json=request).raise_for_status()


def _told(http: httpx.Client, proposal: int) -> bool:
    query = {"kind": "proposal.created", "subject": str(proposal)}
    return bool(http.get("/v1/events", params=query).json()["items"])


def _await(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)
