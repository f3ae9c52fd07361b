"""Documents over HTTP: anybody's bytes, handed out as a download and never as anything else, whole
or not at all.
"""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from client.files import content_id
from tests.service.conftest import Serve, Served, problem_code
from tests.support.waiting import await_that

SCRIPT = b"<!doctype html><script>alert(document.cookie)</script>"
BLOCK = 256 * 1024
UNKNOWN = "bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"


def blocks_of(served: Served) -> list[Path]:
    """The files that hold blocks."""
    return [path for path in (served.data / "content" / "blocks").rglob("*") if path.is_file()]


def add(served: Served, document: bytes, **headers: str) -> httpx.Response:
    """A member adds a document."""
    session = served.sign_in(served.consortium.labs[0])
    return served.http.post("/v1/content", content=document, headers=session | headers)


def added(served: Served, document: bytes) -> str:
    """Its content id."""
    answer = add(served, document)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["content"])


@pytest.mark.parametrize("media_type", ["text/html", "image/svg+xml", "application/json", ""])
def test_a_document_comes_back_as_a_download_of_no_type_whatever_it_was_said_to_be(
    served: Served, media_type: str
) -> None:
    answer = add(served, SCRIPT, **{"Content-Type": media_type})
    assert answer.json() == {
        "content": content_id(SCRIPT),
        "sha256": hashlib.sha256(SCRIPT).hexdigest(),
        "size": len(SCRIPT),
    }
    for read in (served.http.get, served.http.head):
        found = read(f"/v1/content/{content_id(SCRIPT)}")
        assert found.headers["content-type"] == "application/octet-stream"
        assert found.headers["content-disposition"].startswith("attachment; ")
        assert found.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in found.headers["content-security-policy"]
        assert found.headers["content-length"] == str(len(SCRIPT))
    assert served.get(f"/v1/content/{content_id(SCRIPT)}").content == SCRIPT
    assert served.http.head(f"/v1/content/{content_id(SCRIPT)}").content == b""


@pytest.mark.parametrize("size", [0, 1, BLOCK, BLOCK + 1, 3 * BLOCK + 17])
def test_every_size_comes_back_as_it_was(served: Served, size: int) -> None:
    document = hashlib.shake_128(b"document").digest(size)
    assert added(served, document) == content_id(document)
    assert served.get(f"/v1/content/{content_id(document)}").content == document


def test_adding_twice_is_adding_once(served: Served) -> None:
    assert added(served, SCRIPT) == added(served, SCRIPT)
    assert len(blocks_of(served)) == 1


def test_a_document_over_the_limit_is_refused_however_it_is_sent_and_leaves_nothing(
    serve: Serve,
) -> None:
    served = serve(max_content_bytes=1_024)
    session = served.sign_in(served.consortium.labs[0])

    def in_pieces() -> Iterator[bytes]:
        for _ in range(5):
            yield bytes(256)

    for document in (bytes(1_025), in_pieces()):
        refused = served.http.post("/v1/content", content=document, headers=session)
        assert problem_code(refused, 413) == "body-too-large"
        assert "1024 bytes" in refused.json()["detail"]
    assert blocks_of(served) == []
    assert added(served, bytes(1_024))


def test_nobody_adds_without_a_session(served: Served) -> None:
    refused = served.http.post("/v1/content", content=SCRIPT)
    assert problem_code(refused, 401) == "sign-in-required"
    assert blocks_of(served) == []


def test_what_is_not_held_and_what_is_no_content_id_are_told_apart(served: Served) -> None:
    assert problem_code(served.get(f"/v1/content/{UNKNOWN}"), 404) == "content-not-found"
    for text in ("x", UNKNOWN.upper(), UNKNOWN[:-1], "Qm" + "1" * 44, "log.key", "%00"):
        assert problem_code(served.get(f"/v1/content/{text}"), 400) == "invalid-cid"
    for path in ("..%2f..%2flog.key", "%2e%2e/%2e%2e/log.key", f"{UNKNOWN}/../../log.key"):
        assert served.get(f"/v1/content/{path}").status_code == 404


def test_a_block_that_was_flipped_on_disk_is_named_and_never_sent(served: Served) -> None:
    content = added(served, SCRIPT)
    (block,) = blocks_of(served)
    damaged = bytearray(SCRIPT)
    damaged[0] ^= 1
    block.write_bytes(damaged)
    answer = served.get(f"/v1/content/{content}")
    assert problem_code(answer, 500) == "corrupt-block"
    assert bytes(damaged) not in answer.content
    # The next request goes over another connection.
    assert answer.headers["connection"] == "close"
    # Whoever has the document mends it.
    added(served, SCRIPT)
    assert served.get(f"/v1/content/{content}").content == SCRIPT


def test_a_block_that_was_flipped_further_on_ends_the_answer_before_it(served: Served) -> None:
    document = hashlib.shake_128(b"document").digest(3 * BLOCK)
    content = added(served, document)
    damaged = document[BLOCK : 2 * BLOCK]
    (block,) = (path for path in blocks_of(served) if path.read_bytes() == damaged)
    block.write_bytes(damaged[:-1] + bytes([damaged[-1] ^ 1]))
    received = bytearray()

    def download() -> None:
        with served.http.stream("GET", f"/v1/content/{content}") as answer:
            assert answer.headers["content-length"] == str(len(document))
            for chunk in answer.iter_raw():
                received.extend(chunk)

    with pytest.raises(httpx.RemoteProtocolError):
        download()
    assert document.startswith(received)
    assert len(received) <= BLOCK
    assert served.get("/healthz").status_code == 200


def test_an_upload_that_breaks_off_leaves_nothing(served: Served) -> None:
    session = served.sign_in(served.consortium.labs[0])
    url = urlsplit(served.server.url)
    head = (
        f"POST /v1/content HTTP/1.1\r\nHost: {url.netloc}\r\n"
        f"Authorization: {session['Authorization']}\r\nContent-Length: {2 * BLOCK}\r\n\r\n"
    )
    with socket.create_connection((url.hostname, url.port)) as connection:
        connection.sendall(head.encode() + bytes(BLOCK + 5))
    # The request counts once it is over.
    over = 'concord_request_seconds_count{method="POST",route="/v1/content",status="408"}'
    await_that(lambda: over in served.get("/metrics").text)
    assert blocks_of(served) == []
    assert not any((served.data / "content" / "staging").iterdir())
