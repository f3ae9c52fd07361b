"""`concord content gc`: what operators see, with the server running."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import httpx
import pytest

from ledger.content.embedded import EmbeddedContentStore
from ledger.store.content import AddedContent, note_content
from ledger.store.engine import open_database
from service.settings import Settings
from tests.service.cli.conftest import World
from tests.support.commands import Commands

HOUR = 3_600.0


def added(data: Path, document: bytes, hours_ago: float) -> str:
    """A document that a member added some time ago; its content id."""
    then = time.time() - hours_ago * HOUR
    store = EmbeddedContentStore(data / "content", clock=lambda: then)
    cid = store.add(document)
    store.pin(cid)
    store.close()
    digest = hashlib.sha256(document).hexdigest()
    database = open_database(Settings(data_dir=data).database)
    with database.write() as connection:
        note_content(
            connection, AddedContent(digest, str(cid), len(document), "a", round(then * 1000))
        )
    database.dispose()
    return str(cid)


@pytest.mark.parametrize(
    ("options", "goes"), [(("--grace", "2"), ("old",)), (("--grace", "4"), ()), ((), ())]
)
def test_documents_that_nothing_names_go_after_the_grace_period(
    world: World, user: Commands, options: tuple[str, ...], goes: tuple[str, ...]
) -> None:
    ids = {
        "old": added(world.data, b"old", hours_ago=3),
        "young": added(world.data, b"young", hours_ago=1),
    }
    command = ("content", "gc", "--data", world.data, *options)
    expected = [ids[name] for name in goes]
    for dry_run in (True, False):
        told = user(*command, *(["--dry-run"] if dry_run else []), "--json").check().json
        assert [each["content"] for each in told["documents"]] == expected
        assert told["kept"] == len(ids) - len(goes)
        assert told["removedBlocks"] == (None if dry_run else len(goes))
    with httpx.Client(base_url=world.url) as http:
        for name, content in ids.items():
            status = 404 if name in goes else 200
            assert http.get(f"/v1/content/{content}").status_code == status
    assert f"{len(ids) - len(goes)} documents stay" in user(*command).check().out


def test_a_grace_period_of_less_than_an_hour_is_refused(world: World, user: Commands) -> None:
    user("content", "gc", "--data", world.data, "--grace", "0.5").check(2)
