"""A service whose documents are in a Kubo daemon: what people send and vote on goes there and comes
back, and a daemon that dies takes nothing half.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from client.files import content_id
from tests.service.assembly import HOSPITAL, NEWCOMER, ServedDao, admit, await_that
from tests.service.conftest import ServeDao, problem_code
from tests.service.test_policies import DOCUMENT, adopting, granted, register
from tests.support.kubo import Kubo, require_kubo
from tests.support.line import Line

pytestmark = [
    pytest.mark.kubo,
    pytest.mark.slow,
    # ipfshttpclient's, in every session; the package hides it, pytest shows it again.
    pytest.mark.filterwarnings("ignore:The 'strict' parameter"),
]

LARGE = hashlib.shake_128(b"a large document").digest(8 * 1024**2)
TEXT = b"What speaks for it, in full."


@dataclass(frozen=True)
class Kept:
    """A served DAO, the daemon with its documents, and the line between them."""

    dao: ServedDao
    kubo: Kubo
    line: Line

    def add(self, document: bytes) -> httpx.Response:
        headers = self.dao.bearer(HOSPITAL)
        return self.dao.http.post("/v1/content", content=document, headers=headers)


@pytest.fixture
def kept(serve_dao: ServeDao, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    kubo = Kubo(require_kubo(), tmp_path_factory.mktemp("kubo"))
    kubo.prepare()
    kubo.start()
    try:
        with Line(kubo.url.removeprefix("ipfs+")) as line:
            dao = serve_dao(content_url=f"ipfs+{line.url}", policy_seconds=0.1)
            yield Kept(dao, kubo, line)
    finally:
        kubo.kill()


def test_documents_evidence_and_policies_go_to_the_daemon_and_come_back(kept: Kept) -> None:
    dao, kubo = kept.dao, kept.kubo
    for document in (TEXT, LARGE, DOCUMENT):
        cid = dao.keep(document)
        assert cid == content_id(document)
        assert dao.get(f"/v1/content/{cid}").content == document
        assert cid in kubo.ipfs("pin", "ls", "--type=recursive")
    assert kubo.ipfs("cat", content_id(TEXT)).encode() == TEXT

    evidence = [{"kind": "document", "content": content_id(TEXT)}]
    proposal = dao.propose(admit(NEWCOMER), evidence=evidence)
    await_that(lambda: dao.get(f"/v1/proposals/{proposal}").status_code == 200)
    (named,) = dao.detail(proposal)["evidence"]
    assert (named["isHeld"], named["problem"]) == (True, None)
    assert named["sha256"] == hashlib.sha256(TEXT).hexdigest()

    register(dao)
    dao.carry_out(adopting(DOCUMENT))
    await_that(lambda: bool(dao.read("/v1/policies")["items"]))
    await_that(lambda: granted(dao, "short", 30).status_code != 503)
    assert problem_code(granted(dao, "long", 31), 403) == "policy-breach"


def test_a_daemon_killed_in_the_middle_of_an_add_leaves_nothing_half_and_comes_back(
    kept: Kept,
) -> None:
    dao, kubo, line = kept.dao, kept.kubo, kept.line
    before = dao.keep(TEXT)
    began = 0

    def kill_in_the_middle(sent: int) -> None:
        nonlocal began
        began = began or sent
        if sent > began + len(LARGE) // 2:
            kubo.kill()

    line.on_sent = kill_in_the_middle
    size = dao.read("/v1/log")["size"]
    failed = kept.add(LARGE)
    assert kubo.daemon is None
    assert problem_code(failed, 503) in {"ipfs-add-interrupted", "ipfs-unavailable"}
    assert int(failed.headers["retry-after"]) >= 1
    line.on_sent = lambda _: None

    # What needs no document goes on, what needs one says what it lacks.
    assert problem_code(dao.get(f"/v1/content/{before}"), 503) == "ipfs-unavailable"
    evidence = [{"kind": "document", "content": before}]
    asked = {"proposer": HOSPITAL.address, "title": "t", "actions": [admit(NEWCOMER)]}
    prepared = dao.post("/v1/proposals:prepare", asked | {"evidence": evidence})
    assert problem_code(prepared, 503) == "ipfs-unavailable"
    assert dao.get("/readyz").status_code == 200
    register(dao)
    assert dao.read("/v1/log")["size"] == size + 2

    kubo.restart()
    assert dao.get(f"/v1/content/{before}").content == TEXT
    lost = content_id(LARGE)
    assert problem_code(dao.get(f"/v1/content/{lost}"), 404) == "content-not-found"
    assert lost not in kubo.ipfs("pin", "ls", "--type=recursive")
    assert dao.keep(LARGE) == lost
    assert dao.get(f"/v1/content/{lost}").content == LARGE
    assert dao.prepare(admit(NEWCOMER), evidence=evidence)["evidence"][0]["isHeld"]
