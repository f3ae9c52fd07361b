"""Several `concord serve` with one relayer on one PostgreSQL, and a DAO on a chain that others run:
one of them works in the background, all of them relay, and each can take over.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from governance.actions.kinds import SetVotingDelay
from governance.proposals import draft_proposal, propose_transaction
from ledger.chain.signing import KeySigner
from ledger.events import SigningKey
from service.founding import DaoTerms, found_ledger
from service.settings import Settings
from tests.service.assembly import ServedDao
from tests.service.remote import (
    HOSPITAL,
    OPERATOR,
    QUICK,
    RemoteChain,
    keep_relayer,
    plan_of,
    remote_chain,
    working,
)
from tests.support.chains import anvil_chain
from tests.support.examples import signing_key
from tests.support.postgres import running_server
from tests.support.servers import ServerProcess
from tests.support.waiting import await_that

pytestmark = [pytest.mark.anvil, pytest.mark.postgres, pytest.mark.slow]

TOKEN = 10**18
DELAY = 60
VOTERS = [signing_key(f"voter {number}") for number in range(24)]
BACKGROUND = ("mirror", "keeper", "anchorer")


@dataclass(frozen=True)
class Cluster:
    """A founded DAO and the folders of two processes that serve it.

    Attributes:
        chain: where it is.
        folders: each as on a machine of its own.
        shared: settings of both.
        proposal: open for votes.
    """

    chain: RemoteChain
    folders: tuple[Path, Path]
    shared: dict[str, object]
    proposal: str

    def process(self, number: int) -> ServerProcess:
        """One of the two, not yet started."""
        return ServerProcess(self.folders[number], **self.shared)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with running_server() as postgres, remote_chain() as chain:
        first, second = tmp_path / "first", tmp_path / "second"
        shared: dict[str, object] = QUICK | {
            "chain_url": chain.line.url,
            "database_url": postgres.new_database(),
            "content_url": f"file:{tmp_path / 'content'}",
            "anchor_leaves": 1,
        }
        settings = Settings.model_validate({"data_dir": first} | shared)
        keep_relayer(first)
        found_ledger(
            settings,
            operator=OPERATOR,
            members=[
                {"member": each.address, "roles": ["steward"], "tokens": TOKEN}
                for each in (HOSPITAL, *VOTERS)
            ],
            origin="cluster.test",
            dao=DaoTerms(voting_delay=DELAY),
        )
        second.mkdir()
        for name in ("log.key", "relayer.key", "dao.json"):
            shutil.copy(first / name, second)
        yield Cluster(chain, (first, second), shared, propose(chain, settings))


def propose(chain: RemoteChain, settings: Settings) -> str:
    """Something to vote on, open for votes."""
    at = plan_of(settings).addresses
    draft = draft_proposal(
        [SetVotingDelay(seconds=DELAY)], at, proposer=HOSPITAL.address, title="To vote on"
    )
    sender = KeySigner.from_bytes(HOSPITAL.secret)
    anvil_chain(chain.line.target).send(propose_transaction(draft, at), sender)
    chain.request("evm_increaseTime", DELAY + 5)
    chain.request("evm_mine")
    return str(draft.proposal_id)


def client(server: ServerProcess) -> httpx.Client:
    return httpx.Client(base_url=server.url, timeout=60)


def vote_through(
    clients: Sequence[httpx.Client], voters: Sequence[SigningKey], proposal: str
) -> None:
    """All at once, in turn through each process; each has its receipt."""

    def vote(number: int) -> None:
        dao = ServedDao(clients[number % len(clients)], None, Path())  # type: ignore[arg-type]
        dao.vote(voters[number], proposal)

    with ThreadPoolExecutor(len(voters)) as pool:
        for voted in [pool.submit(vote, number) for number in range(len(voters))]:
            voted.result(120)


def told(http: httpx.Client) -> list[str]:
    """Whose votes the log holds; every event about the chain is of another place on it."""
    items = http.get("/v1/events", params={"limit": 1000}).raise_for_status().json()["items"]
    bodies = [item["event"]["body"] for item in items]
    places = [str(body["chain"]) for body in bodies if "chain" in body]
    assert len(places) == len(set(places))
    assert places
    return [
        item["event"]["body"]["voter"] for item in items if item["event"]["kind"] == "vote.cast"
    ]


def leads(http: httpx.Client) -> bool:
    """Whether a process does all the work in the background."""
    at_work = {working(http)[name] for name in BACKGROUND}
    return at_work == {True}


def stands_by(http: httpx.Client) -> bool:
    """Whether it leaves all of it to another one, and is ready."""
    metrics = http.get("/metrics").text
    return http.get("/readyz").json()["waiting"] == [] and all(
        f'concord_worker_standby{{worker="{name}"}} 1.0' in metrics for name in BACKGROUND
    )


def anchored(http: httpx.Client) -> bool:
    """Whether everything that the log holds now is anchored."""
    latest = http.get("/v1/anchors/latest").json()
    anchor = latest["items"][0]["anchor"]
    return anchor is not None and anchor["size"] == latest["size"]


def test_both_relay_one_leads_and_when_it_is_killed_the_other_one_does(cluster: Cluster) -> None:
    early, late = VOTERS[:16], VOTERS[16:]
    with cluster.process(0) as leader, client(leader) as first:
        await_that(lambda: leads(first))
        with cluster.process(1) as follower, client(follower) as second:
            await_that(lambda: stands_by(second))
            vote_through([first, second], early, cluster.proposal)
            for http in (first, second):
                await_that(lambda each=http: len(told(each)) == len(early))
            assert leads(first)
            leader.kill()
            # Whoever was connected to the other one goes on here, before anyone has noticed.
            vote_through([second], late, cluster.proposal)
            await_that(lambda: leads(second))
            await_that(lambda: len(told(second)) == len(VOTERS))
            assert sorted(told(second)) == sorted(each.address for each in VOTERS)
            tally = second.get(f"/v1/proposals/{cluster.proposal}").json()["tally"]
            assert int(tally["for"]) == len(VOTERS) * TOKEN
            await_that(lambda: anchored(second))
            with cluster.process(0) as again, client(again) as third:
                await_that(lambda: stands_by(third))
                assert len(told(third)) == len(VOTERS)
                follower.stop()
                await_that(lambda: leads(third))
