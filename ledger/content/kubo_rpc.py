"""A Kubo daemon's RPC, spoken through ipfshttpclient, with every failure named.

What this module answers for: addresses, sessions, retries, and turning what the client library
raises into this package's errors. What a daemon says is only checked for its form here; whether it
is true is the store's question.

Needs the extra `ipfs`. RPC: https://docs.ipfs.tech/reference/kubo/rpc/.
"""

from __future__ import annotations

import ipaddress
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import unquote, urlsplit

import ipfshttpclient
import requests
from ipfshttpclient import exceptions

from ledger.content.errors import (
    ContentNotFound,
    ContentTooLarge,
    InvalidContentUrl,
    IpfsLied,
    IpfsRefused,
    IpfsUnavailable,
)
from ledger.content.layout import CHUNK_BYTES, LINKS_PER_NODE

_DEFAULT_PORT = 5001
_DEFAULT_BASE = "api/v0"
# How Kubo says that it holds no such block and nobody offers one.
_NOT_FOUND = ("could not find", "not found")
_NOT_PINNED = "not pinned"
_MALFORMED_ANSWER = (AssertionError, AttributeError, LookupError, TypeError, ValueError)
_LAYOUT_OPTIONS = {
    "cid-version": 1,
    "raw-leaves": True,
    "chunker": f"size-{CHUNK_BYTES}",
    "max-file-links": LINKS_PER_NODE,
    "hash": "sha2-256",
    "trickle": False,
    "inline": False,
    "cid-base": "base32",
    "quieter": True,
}

T = TypeVar("T")

# ipfshttpclient passes it in every session; its user can do nothing about that.
warnings.filterwarnings("ignore", message="The 'strict' parameter", module="urllib3")


@dataclass(frozen=True, slots=True)
class RpcPatience:
    """How long a daemon is waited for.

    Attributes:
        connect_seconds: for a connection.
        answer_seconds: between two bytes of an answer.
        fetch_seconds: for a block that the daemon has to find at other nodes.
        attempts: how often a request is made before its failure counts.
        pause_seconds: before the second attempt; doubled before each further one.
    """

    connect_seconds: float = 5
    answer_seconds: float = 60
    fetch_seconds: float = 30
    attempts: int = 4
    pause_seconds: float = 0.2


@dataclass(frozen=True, slots=True)
class DaemonAddress:
    """Where a daemon's RPC listens, as its client wants it said."""

    multiaddr: str
    base: str
    credentials: tuple[str, str] | None
    shown: str

    @classmethod
    def parse(cls, url: str) -> DaemonAddress:
        """Reads `ipfs+http://host:port` or `ipfs+https://user:password@host:port/base`.

        Raises:
            InvalidContentUrl: anything else.
        """
        parts = urlsplit(url)
        try:
            host, port = parts.hostname, parts.port or _DEFAULT_PORT
        except ValueError as error:
            raise InvalidContentUrl(f"The IPFS daemon's URL has no valid port: {error}") from error
        scheme = parts.scheme.removeprefix("ipfs+")
        if not host or scheme not in {"http", "https"} or parts.query or parts.fragment:
            raise InvalidContentUrl("An IPFS daemon's URL looks like ipfs+http://127.0.0.1:5001")
        credentials = (
            (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        )
        return cls(
            multiaddr=f"/{_host_protocol(host)}/{host}/tcp/{port}/{scheme}",
            base=parts.path.strip("/") or _DEFAULT_BASE,
            credentials=credentials,
            shown=f"{scheme}://{host}:{port}",
        )


class KuboRpc:
    """One daemon. Every call has a session of its own, so threads share nothing.

    Args:
        address: where it listens.
        patience: how long it is waited for.
        sleep: waits between attempts.
    """

    def __init__(
        self,
        address: DaemonAddress,
        *,
        patience: RpcPatience | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._address = address
        self._patience = patience or RpcPatience()
        self._sleep = sleep

    def add(self, body: Iterator[bytes]) -> str:
        """Uploads a file, unpinned, in one attempt, and returns the CID that the daemon gives it.

        Raises:
            IpfsUnavailable: the daemon did not take it to the end.
            IpfsRefused: it answered with an error.
        """
        with self._session() as client, self._named("add content"):
            # A copy: the client adds options of its own.
            return _text(client.add_bytes(body, opts={**_LAYOUT_OPTIONS, "pin": False}))

    @contextmanager
    def block_reader(self, block_bytes: int) -> Iterator[Callable[[str], bytes]]:
        """Gives a function that fetches blocks over one connection.

        It raises ContentTooLarge for a block of more than `block_bytes`.
        """
        with self._session() as client:

            def fetch(cid: str) -> bytes:
                with client.block.get(
                    cid, stream=True, opts={"timeout": f"{self._patience.fetch_seconds}s"}
                ) as parts:
                    return _joined(parts, block_bytes)

            yield lambda cid: self._retried(f"fetch block {cid}", lambda: fetch(cid))

    def pin_name(self, cid: str) -> str | None:
        """The name of a recursive pin; None if there is no such pin."""
        try:
            return self._pins(cid).get(cid)
        except IpfsRefused as error:
            if _NOT_PINNED in str(error):
                return None
            raise

    def pin_names(self) -> dict[str, str]:
        """All recursive pins: CID, in the form the daemon gives it, and name."""
        return self._pins()

    def pin(self, cid: str, name: str) -> None:
        """Pins what the daemon holds, recursively, or renames the pin; fetches nothing.

        Raises:
            ContentNotFound: it does not hold all of it.
            IpfsLied: it says that it has pinned something else.
        """
        with self._session() as client:
            answer = self._retried(
                f"pin {cid}", lambda: client.pin.add(cid, offline=True, opts={"name": name})["Pins"]
            )
        if list(answer) != [cid]:
            raise IpfsLied(f"{self._address.shown} was asked to pin {cid} and says otherwise")

    def unpin(self, cid: str) -> None:
        """Removes a recursive pin; without one nothing happens."""
        with self._session() as client:
            try:
                self._retried(f"unpin {cid}", lambda: client.pin.rm(cid))
            except IpfsRefused as error:
                if _NOT_PINNED not in str(error):
                    raise

    def stored_bytes(self) -> int:
        """What the daemon's repository takes on its disk."""
        with self._session() as client:
            return self._retried(
                "measure the repository",
                lambda: int(client.repo.stat(opts={"size-only": True})["RepoSize"]),
            )

    def collect(self) -> int:
        """Runs the daemon's own garbage collection; returns how many blocks it removed."""
        with self._session() as client:
            return self._retried("collect garbage", lambda: len(client.repo.gc()))

    def _pins(self, *cids: str) -> dict[str, str]:
        def ask() -> dict[str, str]:
            keys = client.pin.ls(*cids, type="recursive", opts={"names": True})["Keys"]
            return {_text(cid): _text(pin.get("Name", "")) for cid, pin in dict(keys).items()}

        with self._session() as client:
            return self._retried("list pins", ask)

    @contextmanager
    def _session(self) -> Iterator[ipfshttpclient.Client]:
        with ipfshttpclient.Client(
            self._address.multiaddr,
            self._address.base,
            chunk_size=CHUNK_BYTES,
            auth=self._address.credentials,
            timeout=(self._patience.connect_seconds, self._patience.answer_seconds),
        ) as client:
            yield client

    def _retried(self, task: str, request: Callable[[], T]) -> T:
        """Makes a request that may be repeated without harm."""
        pause = self._patience.pause_seconds
        for _ in range(self._patience.attempts - 1):
            try:
                with self._named(task):
                    return request()
            except IpfsUnavailable:
                self._sleep(pause)
                pause *= 2
        with self._named(task):
            return request()

    @contextmanager
    def _named(self, task: str) -> Iterator[None]:
        """Names what goes wrong while the daemon is asked to do something."""
        daemon = self._address.shown
        try:
            yield
        except exceptions.ErrorResponse as error:
            if any(phrase in str(error) for phrase in _NOT_FOUND):
                raise ContentNotFound(f"{daemon} could not {task}: {error}") from error
            raise IpfsRefused(f"{daemon} refused to {task}: {error}") from error
        except exceptions.StatusError as error:
            raise IpfsRefused(
                f"{daemon} refused to {task} ({_reason(error)}); is its RPC there, are the "
                "credentials right?"
            ) from error
        except (exceptions.CommunicationError, requests.RequestException) as error:
            raise IpfsUnavailable(
                f"{daemon} did not {task} ({_reason(error)}); check that the daemon runs and try "
                "again"
            ) from error
        # The client indexes into and asserts about answers that have another form.
        except (exceptions.Error, *_MALFORMED_ANSWER) as error:
            raise IpfsRefused(
                f"{daemon} answered in a form that Kubo's RPC does not have; is it Kubo? {error!r}"
            ) from error


def _reason(error: Exception) -> str:
    """The status or the kind of a failure. Its own words have the whole URL, and the path of that
    may be the operator's key to a daemon that others run.
    """
    original = getattr(error, "original", error)
    status = getattr(getattr(original, "response", None), "status_code", None)
    return type(original).__name__ if status is None else f"HTTP status {status}"


def _host_protocol(host: str) -> str:
    try:
        return f"ip{ipaddress.ip_address(host).version}"
    except ValueError:
        return "dns"


def _joined(parts: Iterator[bytes], limit: int) -> bytes:
    """Joins an answer's parts; one that goes on past the limit is not read to its end."""
    block = bytearray()
    for part in parts:
        block += part
        if len(block) > limit:
            raise ContentTooLarge(f"The daemon's block is larger than {limit} bytes; add it anew")
    return bytes(block)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
