"""Garbage collection takes what nothing names, and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ledger.collecting import NamesUnknown, collect
from ledger.content.cid import Cid, Codec
from ledger.content.embedded import EmbeddedContentStore
from ledger.content.layout import CHUNK_BYTES
from ledger.content.names import content_ids_in, digests_in
from ledger.content.store import ContentLimits
from ledger.events import Event
from ledger.events.canonical import JsonObject
from ledger.log import Log
from ledger.store.content import AddedContent, find_content, note_content
from tests.support.ledgers import Consortium, digest_of, member_key
from tests.support.logs import LogUnderTest, record

GRACE_SECONDS = 3_600.0


@dataclass
class World:
    """A ledger that names a contract, with a content store whose clock is the ledger's."""

    ledger: LogUnderTest
    log: Log
    store: EmbeddedContentStore

    @property
    def consortium(self) -> Consortium:
        return self.ledger.consortium

    def upload(self, document: bytes) -> AddedContent:
        """As the service does."""
        cid = self.store.add(document)
        self.store.pin(cid)
        digest = hashlib.sha256(document).hexdigest()
        added = AddedContent(digest, str(cid), len(document), "a", self.consortium.clock.now)
        with self.log.database.write() as connection:
            note_content(connection, added)
        return added

    def age(self) -> None:
        """Lets the grace period end."""
        self.consortium.clock.move(round(GRACE_SECONDS * 1000) + 1)

    def collect(self, **options: bool) -> list[str]:
        """Collects; the content ids of what went."""
        before = self.consortium.clock.now - round(GRACE_SECONDS * 1000)
        done = collect(self.log.database, self.store, added_before=before, **options)
        return [each.content for each in done.unnamed]

    def holds(self, added: AddedContent) -> bool:
        return self.store.has(Cid.parse(added.content))

    def is_noted(self, added: AddedContent) -> bool:
        with self.log.database.read() as connection:
            return find_content(connection, added.sha256) is not None

    def told(self, kind: str, body: JsonObject, log_index: int = 0) -> Event:
        """An event of the mirror's."""
        c = self.consortium
        return c.event(c.mirror, kind, body | {"chain": c.chain_reference(log_index)})

    def proposal(self, description: str | None, *calls: JsonObject, **more: int) -> Event:
        c = self.consortium
        body: JsonObject = {
            "proposal": "77",
            "proposer": c.labs[0].address,
            "calls": [*calls],
            "descriptionHash": "0x" + digest_of("text"),
            "voteStart": c.at(),
            "voteEnd": c.at(1_000),
            **more,
        }
        if description is not None:
            body["description"] = description
        return self.told("proposal.created", body)


@pytest.fixture
def world(sqlite_ledger: LogUnderTest, tmp_path: Path) -> Iterator[World]:
    c = sqlite_ledger.consortium
    c.contracts = {"registry": c.random_contract}
    store = EmbeddedContentStore(
        tmp_path / "content",
        limits=ContentLimits(gc_grace_seconds=GRACE_SECONDS),
        clock=lambda: c.clock.now / 1000,
    )
    yield World(sqlite_ledger, sqlite_ledger.create(), store)
    store.close()


LONG = b"a document of several blocks " * (CHUNK_BYTES // 10)


@pytest.mark.parametrize("document", [b"short", LONG])
def test_what_nothing_names_goes_when_its_time_is_over_and_is_forgotten(
    world: World, document: bytes
) -> None:
    added = world.upload(document)
    assert world.collect() == []
    assert world.holds(added)
    world.age()
    assert world.collect(dry_run=True) == [added.content]
    assert world.holds(added)
    assert world.collect() == [added.content]
    assert not world.holds(added)
    assert not world.is_noted(added)
    again = world.upload(document)
    assert world.holds(again)
    assert world.is_noted(again)


def named_by_id(world: World, added: AddedContent) -> Event:
    version = world.consortium.dataset_version("d", "1")
    body = version.body.model_dump(mode="json", by_alias=True, exclude_unset=True)
    steward = world.consortium.stewards[0]
    record(world.log, [world.consortium.dataset("d")])
    return world.consortium.event(
        steward, "dataset.version_published", body | {"croissant": added.content}
    )


def named_as_card(world: World, added: AddedContent) -> Event:
    record(world.log, [world.consortium.model("m")])
    return world.consortium.model_version("m", "1", card=added.content)


def named_as_manifest(world: World, added: AddedContent) -> Event:
    manifest: JsonObject = {"digest": {"sha256": added.sha256}, "name": "inputs.jsonl"}
    return world.consortium.run_completed("run", [], [], inputsManifest=manifest)


def named_by_address(world: World, added: AddedContent) -> Event:
    title = f"see ipfs://{added.content}/ for more"
    return world.consortium.dataset("d", title=title)


def named_as_policy(world: World, added: AddedContent) -> Event:
    body: JsonObject = {"policy": "p", "version": 1, "digest": "0x" + added.sha256}
    return world.told("policy.adopted", body)


def named_as_profile(world: World, added: AddedContent) -> Event:
    body: JsonObject = {
        "member": member_key("new").address,
        "roles": ["steward"],
        "profile": {"digest": {"sha256": added.sha256}},
    }
    return world.told("member.admitted", body)


def named_in_a_proposals_text(world: World, added: AddedContent) -> Event:
    text = f"# Release\n\nevidence: report {added.content} sha256:{added.sha256} 5 bytes"
    return world.proposal(str(world.store.add(text.encode())))


def named_in_a_proposals_call(world: World, added: AddedContent) -> Event:
    call: JsonObject = {
        "target": world.consortium.random_contract,
        "value": "0",
        "calldata": "0x12345678" + "00" * 31 + "20" + added.sha256 + "00" * 32,
    }
    return world.proposal(str(world.store.add(b"# Adopt")), call)


def named_in_a_calls_string(world: World, added: AddedContent) -> Event:
    call: JsonObject = {
        "target": world.consortium.random_contract,
        "value": "0",
        "calldata": "0x12345678" + f"ipfs://{added.content}".encode().hex() + "00" * 5,
    }
    return world.proposal(str(world.store.add(b"# Adopt")), call)


@pytest.mark.parametrize("document", [b"short", LONG])
@pytest.mark.parametrize(
    "name",
    [
        named_by_id,
        named_as_card,
        named_as_manifest,
        named_by_address,
        named_as_policy,
        named_as_profile,
        named_in_a_proposals_text,
        named_in_a_proposals_call,
        named_in_a_calls_string,
    ],
)
def test_what_is_named_anywhere_stays(world: World, name: object, document: bytes) -> None:
    added = world.upload(document)
    assert callable(name)
    record(world.log, [name(world, added)])
    other = world.upload(b"nothing names this")
    world.age()
    assert world.collect() == [other.content]
    assert world.holds(added)
    assert world.is_noted(added)


def test_a_proposals_text_itself_stays(world: World) -> None:
    text = world.store.add(b"# A text that nobody uploaded")
    record(world.log, [world.proposal(str(text))])
    world.age()
    world.collect()
    assert world.store.has(text)


def test_what_is_named_by_its_digest_alone_and_was_never_noted_stays(world: World) -> None:
    policy = world.store.add(b"the text of a policy")
    digest = hashlib.sha256(b"the text of a policy").hexdigest()
    body: JsonObject = {"policy": "p", "version": 1, "digest": "0x" + digest}
    record(world.log, [world.told("policy.adopted", body)])
    stray = world.store.add(b"stray")
    world.age()
    world.collect()
    assert world.store.has(policy)
    assert not world.store.has(stray)


@pytest.mark.parametrize("what", ["text missing", "text never kept", "omitted", "too long"])
def test_where_a_proposal_may_name_anything_nothing_is_removed(world: World, what: str) -> None:
    added = world.upload(b"perhaps named")
    text = world.store.add(b"# A text")
    call: JsonObject = {"target": world.consortium.random_contract, "value": "0"}
    proposal = {
        "text missing": lambda: world.proposal(str(Cid.of(Codec.RAW, b"never added"))),
        "text never kept": lambda: world.proposal(None),
        "omitted": lambda: world.proposal(str(text), callsOmitted=3),
        "too long": lambda: world.proposal(str(text), call),
    }[what]()
    record(world.log, [proposal])
    world.age()
    for dry_run in (True, False):
        with pytest.raises(NamesUnknown):
            world.collect(dry_run=dry_run)
    assert world.holds(added)
    assert world.is_noted(added)


def test_what_is_added_again_while_it_runs_stays(world: World) -> None:
    added = world.upload(LONG)
    world.age()
    before = world.consortium.clock.now - round(GRACE_SECONDS * 1000)
    done = collect(
        world.log.database,
        world.store,
        added_before=before,
        before_removal=lambda: world.upload(LONG) and None,
    )
    assert [each.content for each in done.unnamed] == [added.content]
    assert world.holds(added)
    assert world.is_noted(added)


def test_what_is_named_while_it_runs_stays(world: World) -> None:
    record(world.log, [world.consortium.model("m")])
    added = world.upload(b"a card")
    world.age()
    card = world.consortium.model_version("m", "1", card=added.content)
    before = world.consortium.clock.now - round(GRACE_SECONDS * 1000)
    done = collect(
        world.log.database,
        world.store,
        added_before=before,
        before_removal=lambda: record(world.log, [card]) and None,
    )
    assert done.unnamed == ()
    assert world.holds(added)


def test_what_somebody_else_pinned_stays(world: World) -> None:
    pinned = world.store.add(b"pinned by hand")
    world.store.pin(pinned)
    world.age()
    world.collect()
    assert world.store.has(pinned)


def test_names_are_found_wherever_they_stand() -> None:
    digest, other = hashlib.sha256(b"1").digest(), hashlib.sha256(b"2").digest()
    run = f"f{digest.hex()}{other.hex().upper()}0"
    assert {digest, other} <= digests_in(run.encode())
    assert digests_in(digest.hex()[1:].encode()) == set()
    store_id = "bafkrei" + "a" * 52
    assert content_ids_in(f"xbaf{store_id}bafy".encode()) == {store_id}
    written = store_id.encode().hex()
    for run in (written, f"0{written}", f"{written}0", f"0{written}0", f"00{written}"):
        assert content_ids_in(run.encode()) == {store_id}
