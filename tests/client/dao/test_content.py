"""Content goes up and comes down as it is, and other bytes are refused."""

from __future__ import annotations

import hashlib

import pytest

from client.errors import WrongContent
from tests.client.conftest import Connect
from tests.support.dao_adversary import DaoServer, replaced

LARGE = bytes(range(256)) * 4_096


@pytest.mark.parametrize("content", [b"", b"a policy", LARGE], ids=["empty", "small", "1 MiB"])
def test_what_goes_up_comes_down(connect: Connect, server: DaoServer, content: bytes) -> None:
    dao = connect().dao
    kept = dao.upload(content)
    assert dao.download(kept["content"]) == content
    assert dao.download(kept["content"], hashlib.sha256(content).hexdigest()) == content


def test_other_bytes_are_refused(connect: Connect, server: DaoServer) -> None:
    dao = connect().dao
    cid = dao.upload(b"a policy")["content"]
    server.content[cid] = b"another policy"
    for sha256 in (None, hashlib.sha256(b"a policy").hexdigest()):
        with pytest.raises(WrongContent):
            dao.download(cid, sha256)


def test_bytes_in_another_layout_are_known_by_their_digest(
    connect: Connect, server: DaoServer
) -> None:
    dao = connect().dao
    cid = dao.upload(b"the root of another layout")["content"]
    server.content[cid] = b"a policy"
    assert dao.download(cid, hashlib.sha256(b"a policy").hexdigest()) == b"a policy"


def test_a_server_that_names_what_it_keeps_otherwise_is_refused(
    connect: Connect, server: DaoServer
) -> None:
    server.lie("/v1/content", lambda a: replaced(a, "content", by="bafk"))
    with pytest.raises(WrongContent):
        connect().dao.upload(b"a policy")
