"""What the members decide in the demo, and how contracts hold them to it.

8. The records of both versions are anchored and attested on chain.
9. The release of version 2 is proposed with its audit as evidence, voted, and carried out.
10. So is that of version 1, whose data was revoked: the taint shows before anyone votes.
11. An admission, a policy and a payment from the treasury, voted on together.
12. One more admission is proposed, and left for whoever watches to vote on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import orjson
import rfc8785

from client import Ledger
from client.dao import MemberProfile
from client.dao.ballots import Support
from governance.actions import parse_action
from governance.actions.names import NoNames, model_token
from governance.plan import DeploymentPlan
from governance.proposals import (
    ChainProposals,
    ProposalState,
    Simulation,
    StatusReader,
    keep_evidence,
)
from governance.proposals.evidence import Evidence
from ledger.chain.connect import connect
from ledger.content.store import ContentStore
from ledger.events import SigningKey
from ledger.events.canonical import JsonObject, JsonValue
from ledger.events.identifiers import format_instant
from ledger.merkle import parse_receipt
from service.cli.output import console, plain
from service.demo.assembly import Assembly
from service.demo.cast import AUDITOR, HOSPITALS, LAB, OPERATOR, Role, titles

TOKEN = 10**18
YEAR_SECONDS = 365 * 86_400
NEWCOMER = SigningKey(hashlib.sha256(b"concord demo: East Hospital").digest()).address
CANDIDATE = SigningKey(hashlib.sha256(b"concord demo: Lake Hospital").digest()).address


class CastNames(NoNames):
    """What the demo's members and its model are called.

    Args:
        keys: each member's key by name.
        model: the only one.
        reader: a client of the ledger.
    """

    def __init__(
        self, keys: Mapping[str, SigningKey], model: str, reader: Callable[[], Ledger]
    ) -> None:
        self._reader = reader
        self._titles = titles(keys)
        self._models = {model_token(model): model}

    def account(self, address: str) -> str | None:
        """The name of an account."""
        return self._titles.get(address)

    def model(self, token: int) -> str | None:
        """The log's id of a model."""
        return self._models.get(token)

    def version(self, model: str, record: str) -> str | None:
        """The version that the log recorded with this leaf."""
        with self._reader() as ledger:
            for item in ledger.items(f"/v1/models/{model}/versions"):
                if record == f"0x{item['leafHash']}":
                    return str(item["version"])
        return None


@contextmanager
def assemble(
    server: str,
    plan: DeploymentPlan,
    keys: Mapping[str, SigningKey],
    model: str,
    ledger: Callable[[Role], Ledger],
) -> Iterator[Assembly]:
    """The members at the chain that the server offers at `/rpc`.

    Args:
        server: its address.
        plan: of the deployment.
        keys: each member's key by name.
        model: the only one.
        ledger: a client that signs as a member.
    """
    chain = connect(
        f"{server}/rpc", chain_id=plan.chain_id, is_permitted=lambda _: True, confirmations=0
    )
    try:
        proposals = ChainProposals(chain, plan.addresses, plan.from_block)
        statuses = StatusReader(chain, plan.addresses)
        names = CastNames(keys, model, lambda: ledger(AUDITOR))
        yield Assembly(chain, plan, keys, proposals, statuses, names, ledger)
    finally:
        chain.close()


def decide(
    assembly: Assembly,
    content: ContentStore,
    bundles: Path,
    *,
    model: str,
    reader: Callable[[], Ledger],
    say: Callable[[str], None],
) -> None:
    """Plays the second half of the story.

    Args:
        assembly: the members at their chain.
        content: where evidence is kept.
        bundles: folder of the audits' bundles.
        model: both versions of which are in the log.
        reader: a client of the ledger.
        say: prints a heading.

    Raises:
        ConcordError: if ledger or contracts refuse what should be allowed.
    """
    say("8. The models' records are anchored, and attested on chain.")
    assembly.send(LAB, "ModelRegistry", "register", model, 0)
    records = {version: _attest(assembly, reader, model, version) for version in ("1", "2")}
    say("9. The lab proposes to release version 2; the members vote by signature.")
    _release(
        assembly,
        content,
        bundles / f"{model}-2.json",
        model=model,
        version="2",
        record_leaf=records["2"],
    )
    _await_event(assembly, reader, "model.released")
    say("10. It proposes version 1 too, whose data was revoked.")
    _release(
        assembly,
        content,
        bundles / f"{model}-1.json",
        model=model,
        version="1",
        record_leaf=records["1"],
    )
    say("11. An admission, a policy and a payment from the treasury, voted on together.")
    _decide_together(assembly, content)
    _await_event(assembly, reader, "policy.adopted")
    with reader() as ledger:
        told = sum("chain" in _body_of(item) for item in ledger.items("/v1/events"))
    console.print(f"All of it stands in the log: {told} events tell what contracts did.")
    say("12. One more admission is proposed; how it ends is up to you.")
    _leave_open(assembly, content, reader)


def _attest(assembly: Assembly, reader: Callable[[], Ledger], model: str, version: str) -> str:
    """Proves a version's record under an anchored root; the record's leaf hash."""
    with reader() as ledger:
        record = ledger.fetch(f"/v1/models/{model}/versions/{version}")
        index = int(str(record["index"]))
        receipt = parse_receipt(ledger.receipt(index))
    size = int(receipt.proof.checkpoint.split("\n")[1])
    anchors = assembly.at.contract(assembly.chain.web3, "AnchorRegistry")

    def is_anchored() -> bool:
        latest: int = anchors.functions.latest().call()[1]
        return latest >= size

    assembly.await_that(is_anchored, f"size {size} to be anchored")
    token = model_token(model)
    sent = assembly.send(
        AUDITOR,
        "ModelRegistry",
        "attest",
        token,
        receipt.leaf,
        size,
        index,
        list(receipt.proof.hashes),
    )
    console.print(
        f"{model} {version}: event {index}, anchored in the root of {size} leaves; attested in "
        f"block {sent.block_number} by {AUDITOR.title}, who needs no leave for that."
    )
    return f"0x{record['leafHash']}"


def _release(
    assembly: Assembly,
    content: ContentStore,
    bundle: Path,
    *,
    model: str,
    version: str,
    record_leaf: str,
) -> None:
    evidence = keep_evidence(content, "audit-bundle", bundle.read_bytes())
    verdict, codes = _findings(bundle)
    until = assembly.chain.head().timestamp + YEAR_SECONDS
    action = parse_action(
        {
            "action": "release",
            "model": model,
            "recordLeaf": record_leaf,
            "validUntil": format_instant(until * 1000),
        }
    )
    number, tried = assembly.propose(
        LAB, f"Release {model} {version}", "The audit is the evidence.", [action], [evidence]
    )
    _say_proposal(number, tried, evidence)
    shown = f"[green]{verdict}[/]" if verdict == "clean" else f"[red]{verdict}[/]: {codes}"
    console.print(f"Before anyone votes, the evidence says: {shown}.")
    assembly.open_votes()
    support: Support = "for" if verdict == "clean" else "against"
    for voter in (*HOSPITALS, AUDITOR):
        assembly.vote(voter, number, support)
    _say_tally(assembly, number)
    assembly.close_votes()
    if support == "for":
        assembly.see_through(number)
        console.print(f"[green]Released[/]: {model} {version}, by the timelock alone.")
        return
    assembly.await_that(
        lambda: assembly.status(number).state is ProposalState.DEFEATED, "it to be defeated"
    )
    console.print(f"[yellow]Voted down[/]: {model} {version} is not released.")


def _decide_together(assembly: Assembly, content: ContentStore) -> None:
    assembly.send(OPERATOR, "ConcordToken", "transfer", assembly.at.timelock, 50 * TOKEN)
    rule = {"rule": "verdict-required", "accepted": ["clean"]}
    policy = rfc8785.dumps({"v": 1, "policy": "release", "rules": [rule]})
    kept = keep_evidence(content, "policy", policy)
    actions: list[tuple[Role, str, JsonObject, tuple[Evidence, ...]]] = [
        (
            HOSPITALS[0],
            "Admit East Hospital as a steward",
            _admission(NEWCOMER, "East Hospital", content),
            (),
        ),
        (
            AUDITOR,
            "Adopt a policy: released is what was audited clean",
            {
                "action": "adopt-policy",
                "policy": "release",
                "digest": f"0x{kept.sha256}",
                "content": str(kept.content),
            },
            (kept,),
        ),
        (
            HOSPITALS[0],
            "Pay the auditor 20 tokens",
            {
                "action": "pay-token",
                "token": assembly.at.token,
                "to": assembly.keys[AUDITOR.name].address,
                "amount": str(20 * TOKEN),
            },
            (),
        ),
    ]
    numbers = []
    for member, title, action, evidence in actions:
        number, tried = assembly.propose(member, title, "", [parse_action(action)], evidence)
        _say_proposal(number, tried)
        numbers.append(number)
    assembly.open_votes()
    for number in numbers:
        for voter in (*HOSPITALS, LAB, AUDITOR):
            assembly.vote(voter, number, "for")
        _say_tally(assembly, number)
    assembly.close_votes()
    assembly.see_through(*numbers)
    console.print("[green]Executed[/], all three.")


def _admission(member: str, name: str, content: ContentStore) -> JsonObject:
    """Of a steward, whose name is kept in a profile."""
    profile = MemberProfile(name)
    content.pin(content.add(profile.document))
    roles: list[JsonValue] = ["steward"]
    return {
        "action": "admit", "member": member, "roles": roles, "profileDigest": profile.digest,
    }  # fmt: skip


def _leave_open(assembly: Assembly, content: ContentStore, reader: Callable[[], Ledger]) -> None:
    """Proposes and opens the vote; from here on the chain's clock goes as fast as any other."""
    action = parse_action(_admission(CANDIDATE, "Lake Hospital", content))
    number, tried = assembly.propose(
        HOSPITALS[2],
        "Admit Lake Hospital as a steward",
        "It treats a third of the region.",
        [action],
    )
    _say_proposal(number, tried)
    assembly.open_votes()

    def is_open() -> bool:
        with reader() as ledger:
            found = ledger.dao.proposals(state="active")
            return any(proposal.get("proposal") == str(number) for proposal in found)

    assembly.await_that(is_open, "the vote to be open")


def _say_proposal(number: int, tried: Simulation, evidence: Evidence | None = None) -> None:
    for action in tried.actions:
        console.print(
            f"Proposal {_short(number)}: {plain(action.described.sentence)}", markup=False
        )
        for change in action.changes:
            console.print(f"  {change.what}: {change.before} → {change.after}", markup=False)
        console.print(
            f"  Tried beforehand, it {action.outcome.value}; class "
            f"{tried.proposal_class.name.lower()}.",
            markup=False,
        )
    if evidence is not None:
        console.print(f"  Evidence: {evidence.content}, {evidence.size} bytes", markup=False)


def _say_tally(assembly: Assembly, number: int) -> None:
    tally = assembly.status(number).facts.tally
    console.print(
        f"Proposal {_short(number)}: {tally.in_favour // TOKEN} votes for, "
        f"{tally.against // TOKEN} against; each signed by its voter, carried by the service.",
        markup=False,
    )


def _short(number: int) -> str:
    """How the number begins wherever it is shown whole."""
    return f"{str(number)[:8]}…"


def _findings(bundle: Path) -> tuple[str, str]:
    answer = orjson.loads(bundle.read_bytes())["answer"]
    codes = sorted({str(finding["code"]) for finding in answer.get("findings", ())})
    return str(answer["verdict"]), ", ".join(codes)


def _await_event(assembly: Assembly, reader: Callable[[], Ledger], kind: str) -> None:
    with reader() as ledger:
        found: list[JsonObject] = []

        def is_told() -> bool:
            found[:] = ledger.items("/v1/events", kind=kind)
            return bool(found)

        assembly.await_that(is_told, f"{kind} in the log")
    chain = _body_of(found[-1]).get("chain")
    place = chain if isinstance(chain, dict) else {}
    console.print(
        f"In the log: event {found[-1].get('index')}, {kind}, block "
        f"{place.get('blockNumber')}, transaction {str(place.get('transactionHash'))[:12]}…",
        markup=False,
    )


def _body_of(item: JsonObject) -> JsonObject:
    event = item.get("event")
    body = event.get("body") if isinstance(event, dict) else None
    return body if isinstance(body, dict) else {}
