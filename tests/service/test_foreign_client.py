"""A log client of Go's own `sumdb` packages and transparency-dev's proofs reads the service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.service.conftest import Served
from tests.service.test_tree import grow
from tests.support.foreign import ForeignClientRefuses, logclient_binary, verify_with_go
from tests.support.peers import absent
from tests.support.static_files import published
from tests.support.tlog import LogClient

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def go_client() -> Path:
    """The client's binary; never built in a test."""
    binary = logclient_binary()
    if not binary.exists():
        absent("no Go log client here; tests/support/install_logclient.sh builds it where Go is")
    return binary


@pytest.fixture
def publish() -> Iterator[Callable[[Path], str]]:
    """Serves a folder as a static file server does; gives its address."""
    with ExitStack() as stack:
        yield lambda folder: stack.enter_context(published(folder))


def verifier_key(served: Served) -> str:
    return str(served.get("/v1/log").json()["verifierKey"])


@pytest.mark.parametrize("size", [255, 256, 257, 600])
def test_it_proves_every_entry_receipt_and_earlier_size(
    granted: Served, go_client: Path, size: int
) -> None:
    grow(granted, size)
    verified = verify_with_go(go_client, granted.server.url, verifier_key(granted), "proofs")
    assert verified["size"] == verified["entries"] == size
    assert verified["receipts"] >= 15
    assert verified["consistencyProofs"] == verified["receipts"]


def test_it_reads_a_log_of_one_leaf(served: Served, go_client: Path) -> None:
    verified = verify_with_go(go_client, served.server.url, verifier_key(served), "proofs")
    assert verified == {"size": 1, "entries": 1, "receipts": 1, "consistencyProofs": 1}


def test_it_refuses_another_logs_key(served: Served, go_client: Path) -> None:
    other = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    with pytest.raises(ForeignClientRefuses, match="checkpoint"):
        verify_with_go(go_client, served.server.url, other)


def test_it_reads_an_export_and_refuses_it_with_any_file_altered(
    granted: Served, go_client: Path, tmp_path: Path, publish: Callable[[Path], str]
) -> None:
    grow(granted, 300)
    key = verifier_key(granted)
    files = saved(granted, key, tmp_path / "export")
    address = publish(tmp_path / "export")
    assert verify_with_go(go_client, address, key)["entries"] == 300
    for file in files:
        whole = file.read_bytes()
        at = len(whole) // 2
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(ForeignClientRefuses):
            verify_with_go(go_client, address, key)
        file.write_bytes(whole)


def saved(served: Served, key: str, folder: Path) -> list[Path]:
    """Every file of the log, as a mirror would save it."""
    client = LogClient(served.server.url, key)
    client.verify_everything()
    files = []
    for path in sorted(client.headers_seen):
        file = folder / path.removeprefix("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(client.fetch(path))
        files.append(file)
    client.close()
    return files
