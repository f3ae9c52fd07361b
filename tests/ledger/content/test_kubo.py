"""The store behind a daemon: a real Kubo that lives, dies and restarts, and one that lies."""

import io
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.content.cid import Cid, Codec
from ledger.content.embedded import EmbeddedContentStore
from ledger.content.errors import (
    ContentNotFound,
    ContentTooLarge,
    InvalidContentUrl,
    IpfsAddInterrupted,
    IpfsLied,
    IpfsRefused,
    IpfsUnavailable,
    UnsupportedContent,
)
from ledger.content.kubo import KuboContentStore
from ledger.content.kubo_rpc import DaemonAddress, RpcPatience
from ledger.content.layout import CHUNK_BYTES
from ledger.content.store import ContentLimits
from ledger.content.unixfs import Child, encode_file_node

# ipfshttpclient's, in every session; the package hides it, pytest shows it again.
pytestmark = pytest.mark.filterwarnings("ignore:The 'strict' parameter")

GRACE = ContentLimits().gc_grace_seconds
SEVERAL = 5 * CHUNK_BYTES + 12_345
NOWHERE = "ipfs+http://127.0.0.1:9"
BytesOf = Callable[[int], bytes]


def _read(store: KuboContentStore, cid: Cid, start: int = 0) -> bytes:
    return b"".join(store.stream(cid, start=start))


# --- a real daemon ---------------------------------------------------------------------------


@pytest.fixture
def kubo_store(kubo: Any, clock: Any) -> KuboContentStore:
    return KuboContentStore(kubo.url, clock=clock)


@pytest.mark.kubo
@pytest.mark.slow
@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 50 * 1024**2])
def test_content_goes_through_the_daemon_under_the_embedded_stores_cid(
    kubo_store: KuboContentStore,
    store: EmbeddedContentStore,
    tmp_path: Path,
    bytes_of: BytesOf,
    size: int,
) -> None:
    content = bytes_of(size)
    path = tmp_path / "file"
    path.write_bytes(content)
    cid = kubo_store.add(path)
    assert cid == store.add(content)
    assert cid == kubo_store.add(content) == kubo_store.add(io.BytesIO(content))
    assert _read(kubo_store, cid) == content
    assert _read(kubo_store, cid, 300_000) == content[300_000:]
    assert kubo_store.stat(cid).size == size
    assert kubo_store.has(cid)


@pytest.mark.kubo
@pytest.mark.slow
def test_what_the_daemon_does_not_hold_is_not_found(kubo_store: KuboContentStore) -> None:
    cid = Cid.of(Codec.RAW, b"never added")
    assert not kubo_store.has(cid)
    for ask in (kubo_store.stream, kubo_store.stat, kubo_store.hold, kubo_store.pin):
        with pytest.raises(ContentNotFound):
            ask(cid)
    kubo_store.unpin(cid)


@pytest.mark.kubo
@pytest.mark.slow
def test_a_directory_in_the_daemon_is_refused_as_one(
    kubo: Any, kubo_store: KuboContentStore, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"x")
    cid = Cid.parse(kubo.ipfs("add", "-Qr", "--cid-version=1", str(tmp_path)))
    with pytest.raises(UnsupportedContent, match="a directory"):
        kubo_store.stream(cid)


@pytest.mark.kubo
@pytest.mark.slow
def test_added_content_survives_the_daemons_own_garbage_collection(
    kubo: Any, kubo_store: KuboContentStore, bytes_of: BytesOf
) -> None:
    cid = kubo_store.add(bytes_of(SEVERAL)[1:])
    kubo_store.pin(cid)
    kubo_store.unpin(cid)
    kubo.ipfs("repo", "gc")
    assert _read(kubo_store, cid) == bytes_of(SEVERAL)[1:]


@pytest.mark.kubo
@pytest.mark.slow
def test_the_daemon_collects_what_nothing_names_and_nothing_else(
    kubo: Any, kubo_store: KuboContentStore, clock: Any, bytes_of: BytesOf
) -> None:
    kept, pinned, gone = (kubo_store.add(bytes_of(SEVERAL)[n:]) for n in (10, 11, 12))
    kubo_store.pin(pinned)
    somebodys = Cid.parse(kubo.ipfs("add", "-Q", "--cid-version=1", stdin=b"somebody's"))
    cached = Cid.parse(kubo.ipfs("add", "-Q", "--cid-version=1", "--pin=false", stdin=b"cached"))
    clock.now += GRACE
    fresh = kubo_store.add(bytes_of(SEVERAL)[13:])
    kubo_store.gc([kept, cached])
    assert kubo_store.has(gone)
    clock.now += 1
    report = kubo_store.gc([kept, cached, Cid.of(Codec.RAW, b"never added")])
    assert report.removed_blocks >= 2
    for cid in (kept, pinned, somebodys, cached, fresh):
        assert kubo_store.has(cid)
        assert _read(kubo_store, cid)
    assert not kubo_store.has(gone)
    assert kubo_store.pins() == {pinned}
    assert kubo_store.stat(pinned).pinned
    assert not kubo_store.stat(kept).pinned


@pytest.mark.kubo
@pytest.mark.slow
@pytest.mark.parametrize("renew", ["add", "hold", "unpin"])
def test_adding_holding_or_unpinning_begins_a_new_grace_period(
    kubo_store: KuboContentStore, clock: Any, bytes_of: BytesOf, renew: str
) -> None:
    content = bytes_of(1000) + renew.encode()
    cid = kubo_store.add(content)
    if renew == "unpin":
        kubo_store.pin(cid)
    clock.now += GRACE + 1
    if renew == "add":
        assert kubo_store.add(content) == cid
    elif renew == "hold":
        kubo_store.hold(cid)
    else:
        kubo_store.unpin(cid)
    clock.now += GRACE
    kubo_store.gc([])
    assert kubo_store.has(cid)
    clock.now += 1
    kubo_store.gc([])
    assert not kubo_store.has(cid)


@pytest.mark.kubo
@pytest.mark.slow
def test_adding_pinned_content_again_leaves_it_pinned(
    kubo_store: KuboContentStore, clock: Any
) -> None:
    cid = kubo_store.add(b"pinned")
    kubo_store.pin(cid)
    kubo_store.add(b"pinned")
    assert cid in kubo_store.pins()
    clock.now += GRACE + 1
    kubo_store.gc([])
    assert _read(kubo_store, cid) == b"pinned"


@pytest.fixture
def mortal_kubo(kubo_repository: Callable[[], Any]) -> Iterator[Any]:
    """A daemon that a test may kill."""
    node = kubo_repository()
    node.start()
    yield node
    node.kill()


class _KillsAfter(io.BytesIO):
    """A stream in whose middle the daemon dies."""

    def __init__(self, content: bytes, kubo: Any) -> None:
        super().__init__(content)
        self._kubo = kubo

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() > len(self.getvalue()) // 2:
            self._kubo.kill()
        return super().read(size)


@pytest.mark.kubo
@pytest.mark.slow
def test_a_daemon_that_dies_in_the_middle_of_an_add_acknowledges_nothing(
    mortal_kubo: Any, bytes_of: BytesOf
) -> None:
    store = KuboContentStore(
        mortal_kubo.url, patience=RpcPatience(attempts=2), sleep=lambda _: None
    )
    before = store.add(b"before")
    with pytest.raises(IpfsAddInterrupted, match="not acknowledged"):
        store.add(_KillsAfter(bytes_of(20 * 1024**2), mortal_kubo))
    with pytest.raises(IpfsUnavailable):
        store.add(b"after")
    mortal_kubo.start()
    store = KuboContentStore(mortal_kubo.url)
    assert _read(store, before) == b"before"
    assert store.add(bytes_of(20 * 1024**2))


@pytest.mark.kubo
@pytest.mark.slow
def test_a_daemon_that_restarts_in_the_middle_of_an_add_gets_the_file_again(
    mortal_kubo: Any, tmp_path: Path, bytes_of: BytesOf
) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes_of(40 * 1024**2))
    port = mortal_kubo.url.rsplit(":", 1)[1]
    mortal_kubo.ipfs("config", "Addresses.API", f"/ip4/127.0.0.1/tcp/{port}")
    pauses = []

    def restart(seconds: float) -> None:
        pauses.append(seconds)
        killer.join()
        if mortal_kubo.daemon is None:
            mortal_kubo.start()

    killer = threading.Timer(0.02, mortal_kubo.kill)
    store = KuboContentStore(mortal_kubo.url, sleep=restart)
    killer.start()
    cid = store.add(path)
    killer.join()
    while mortal_kubo.daemon is None:
        mortal_kubo.start()
    assert _read(store, cid) == bytes_of(40 * 1024**2)


@pytest.mark.kubo
@pytest.mark.slow
def test_a_block_flipped_on_the_daemons_disk_is_never_handed_out(
    mortal_kubo: Any, bytes_of: BytesOf
) -> None:
    store = KuboContentStore(mortal_kubo.url, patience=RpcPatience(attempts=1))
    cid = store.add(bytes_of(SEVERAL))
    flipped = 0
    for path in (mortal_kubo.repository / "blocks").glob("*/*.data"):
        if path.stat().st_size == CHUNK_BYTES:
            block = bytearray(path.read_bytes())
            block[1000] ^= 1
            path.write_bytes(block)
            flipped += 1
    assert flipped == 5
    with pytest.raises(IpfsLied, match="not those it names"):
        _read(store, cid)


MEMORY = """
import sys
from pathlib import Path
from ledger.content.kubo import KuboContentStore
store = KuboContentStore(sys.argv[1])
cid = store.add(Path(sys.argv[2]))
size = sum(map(len, store.stream(cid)))
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(size, peak.split()[1])
"""


@pytest.mark.kubo
@pytest.mark.slow
def test_memory_does_not_grow_with_the_upload(kubo: Any, tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.writelines(n.to_bytes(4, "big") * (1024**2 // 4) for n in range(300))
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, kubo.url, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    size, peak_kib = map(int, done.stdout.split())
    assert size == 300 * 1024**2
    assert peak_kib < 200 * 1024


# --- a daemon that lies, refuses or hangs up -------------------------------------------------


@pytest.fixture
def lied_to(adversary: Any) -> KuboContentStore:
    return KuboContentStore(adversary.url, patience=RpcPatience(attempts=3), sleep=lambda _: None)


def _json(text: str, status: int = 200) -> Callable[[bytes], tuple[int, bytes]]:
    return lambda _body: (status, text.encode())


def test_another_cid_for_an_added_content_is_a_lie_and_is_not_pinned(
    adversary: Any, lied_to: KuboContentStore
) -> None:
    other = Cid.of(Codec.RAW, b"other")
    adversary.replies["add"] = _json(f'{{"Name":"f","Hash":"{other}","Size":"5"}}')
    with pytest.raises(IpfsLied, match=str(Cid.of(Codec.RAW, b"mine"))):
        lied_to.add(b"mine")
    assert adversary.asked == ["add"]


def test_a_daemon_that_claims_an_add_without_reading_it_is_not_believed(
    adversary: Any, lied_to: KuboContentStore, bytes_of: BytesOf
) -> None:
    content = bytes_of(30 * 1024**2)
    adversary.read_bytes = CHUNK_BYTES
    adversary.replies["add"] = _json('{"Hash":"bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzj"}')
    with pytest.raises((IpfsLied, IpfsAddInterrupted)):
        lied_to.add(content)


def test_other_bytes_for_a_block_are_a_lie_in_the_root_and_below_it(
    adversary: Any, lied_to: KuboContentStore
) -> None:
    leaf = Cid.of(Codec.RAW, b"leaf")
    root = encode_file_node([Child(leaf, 4, 4), Child(leaf, 4, 4)])
    adversary.replies["block/get"] = lambda _body: (200, root)
    with pytest.raises(IpfsLied, match=str(leaf)):
        _read(lied_to, Cid.of(Codec.DAG_PB, root))
    with pytest.raises(IpfsLied):
        lied_to.stream(leaf)


def test_a_block_larger_than_any_is_left_unread(adversary: Any, lied_to: KuboContentStore) -> None:
    largest = bytes(ContentLimits().block_bytes)
    adversary.replies["block/get"] = lambda _body: (200, largest)
    assert _read(lied_to, Cid.of(Codec.RAW, largest)) == largest
    for body in (largest + b"1", bytes(64 * 1024**2)):
        adversary.replies["block/get"] = lambda _body, body=body: (200, body)
        with pytest.raises(ContentTooLarge):
            lied_to.stream(Cid.of(Codec.RAW, body))


def test_a_pin_that_was_not_set_is_not_acknowledged(
    adversary: Any, lied_to: KuboContentStore
) -> None:
    cid = Cid.of(Codec.RAW, b"mine")
    adversary.replies["add"] = _json(f'{{"Hash":"{cid}"}}')
    adversary.replies["pin/ls"] = _json('{"Keys":{}}')
    adversary.replies["pin/add"] = _json('{"Pins":[]}')
    with pytest.raises(IpfsLied):
        lied_to.add(b"mine")


@pytest.mark.parametrize(
    "reply",
    [
        (200, b""),
        (200, b"null"),
        (200, b"[]"),
        (200, b'"text"'),
        (200, b"{}"),
        (200, b'{"Hash":7}'),
        (200, b'{"Hash":"a"}{"Hash":"b"}'),
        (200, b"<html>a login page</html>"),
        (200, b"\xff\xfe"),
        (200, b'{"Message":"disk full","Type":"error"}'),
        (500, b'{"Message":"disk full","Code":0,"Type":"error"}'),
        (401, b"who are you?"),
        (403, b"403 - Forbidden"),
        (404, b"404 page not found"),
        (502, b"bad gateway"),
    ],
)
def test_an_answer_that_is_no_acknowledgement_is_refused_by_name(
    adversary: Any, lied_to: KuboContentStore, reply: tuple[int, bytes]
) -> None:
    adversary.replies["add"] = lambda _body: reply
    with pytest.raises(IpfsRefused):
        lied_to.add(b"mine")
    assert adversary.asked == ["add"]


@pytest.mark.parametrize(
    "answer", [b"", b"null", b"[]", b"{}", b'{"Keys":[1]}', b'{"Keys":{"a":1}}']
)
def test_a_malformed_list_of_pins_is_refused_by_name(
    adversary: Any, lied_to: KuboContentStore, answer: bytes
) -> None:
    adversary.replies["pin/ls"] = lambda _body: (200, answer)
    with pytest.raises(IpfsRefused):
        lied_to.pins()


def test_a_daemon_that_hangs_up_is_asked_again_and_then_named(
    adversary: Any, lied_to: KuboContentStore
) -> None:
    adversary.replies["add"] = lambda _body: None
    with pytest.raises(IpfsAddInterrupted):
        lied_to.add(b"mine")
    assert adversary.asked == ["add"] * 3
    with pytest.raises(IpfsAddInterrupted):
        lied_to.add(io.BytesIO(b"a stream can only be read once"))
    assert adversary.asked == ["add"] * 4


def test_a_fetch_that_fails_once_is_repeated(adversary: Any, lied_to: KuboContentStore) -> None:
    answers: list[tuple[int, bytes] | None] = [None, None, (200, b"mine"), (200, b"mine")]
    adversary.replies["block/get"] = lambda _body: answers.pop(0)
    assert _read(lied_to, Cid.of(Codec.RAW, b"mine")) == b"mine"


def test_pauses_between_attempts_double(adversary: Any) -> None:
    pauses: list[float] = []
    store = KuboContentStore(
        adversary.url, patience=RpcPatience(attempts=4, pause_seconds=1), sleep=pauses.append
    )
    adversary.replies["pin/ls"] = lambda _body: None
    with pytest.raises(IpfsUnavailable):
        store.pins()
    adversary.replies["add"] = lambda _body: None
    with pytest.raises(IpfsAddInterrupted):
        store.add(b"mine")
    assert pauses == [1, 2, 4] * 2


def test_a_stream_that_fails_keeps_its_own_error(lied_to: KuboContentStore, adversary: Any) -> None:
    class Broken(io.RawIOBase):
        def __init__(self, error: Exception) -> None:
            self._error = error

        def read(self, size: int = -1) -> bytes:
            raise self._error

    adversary.replies["add"] = lambda _body: None
    for error in (OSError("the disk of the source"), ValueError("closed"), KeyError("x")):
        with pytest.raises(type(error), match=str(error)):
            lied_to.add(Broken(error))  # type: ignore[arg-type]


def test_content_over_the_limit_is_refused_while_it_is_sent(adversary: Any) -> None:
    store = KuboContentStore(adversary.url, limits=ContentLimits(content_bytes=10))
    adversary.replies["add"] = lambda _body: None
    with pytest.raises(ContentTooLarge):
        store.add(b"eleven byte")


def test_a_daemon_that_is_not_there_is_named_with_what_to_do() -> None:
    store = KuboContentStore(NOWHERE, patience=RpcPatience(attempts=2), sleep=lambda _: None)
    for ask in (
        store.pins,
        lambda: store.add(b"x"),
        lambda: store.stream(Cid(Codec.RAW, bytes(32))),
    ):
        with pytest.raises(IpfsUnavailable, match=r"127\.0\.0\.1:9 .*check that the daemon runs"):
            ask()


def test_a_failure_says_nothing_of_the_path_that_may_be_a_key(adversary: Any) -> None:
    for url in (f"{adversary.url}/secret/api/v0", f"{NOWHERE}/secret/api/v0"):
        store = KuboContentStore(url, patience=RpcPatience(attempts=1), sleep=lambda _: None)
        with pytest.raises((IpfsRefused, IpfsUnavailable)) as failed:
            store.pins()
        assert "secret" not in str(failed.value)


# --- addresses -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "multiaddr", "base", "credentials"),
    [
        ("ipfs+http://127.0.0.1:5001", "/ip4/127.0.0.1/tcp/5001/http", "api/v0", None),
        ("ipfs+http://kubo", "/dns/kubo/tcp/5001/http", "api/v0", None),
        ("ipfs+https://[::1]:8080/", "/ip6/::1/tcp/8080/https", "api/v0", None),
        ("ipfs+https://u:p%40s@k:1/x/api/v0", "/dns/k/tcp/1/https", "x/api/v0", ("u", "p@s")),
    ],
)
def test_an_address_is_read(
    url: str, multiaddr: str, base: str, credentials: tuple[str, str] | None
) -> None:
    address = DaemonAddress.parse(url)
    assert (address.multiaddr, address.base, address.credentials) == (multiaddr, base, credentials)
    assert "p@s" not in address.shown


@pytest.mark.parametrize(
    "url",
    [
        "ipfs+http://",
        "ipfs+http://h:x",
        "ipfs+http://h:99999",
        "ipfs+ftp://h",
        "ipfs+http://h?q",
        "",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidContentUrl):
        DaemonAddress.parse(url)
