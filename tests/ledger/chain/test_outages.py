"""What is said of a node that is down: why, and never where it is or with which key it is asked."""

from __future__ import annotations

import pytest
from requests import HTTPError, Response
from web3 import HTTPProvider

from ledger.chain.errors import ChainUnavailable
from ledger.chain.requester import Requester, RetryPolicy

PATIENCE = RetryPolicy(attempts=1)


class Forbidding(HTTPProvider):
    """A node behind a proxy that does not know the key."""

    def make_request(self, *_: object) -> None:  # type: ignore[override]
        answer = Response()
        answer.status_code, answer.url = 401, str(self.endpoint_uri)
        answer.raise_for_status()


@pytest.mark.parametrize(
    ("provider", "reason"),
    [
        (HTTPProvider("http://127.0.0.1:9/v3/secret"), "Connection refused"),
        (Forbidding("http://127.0.0.1:9/v3/secret"), "HTTP status 401"),
    ],
    ids=["nobody listens", "not allowed"],
)
def test_why_a_node_is_away_is_said_and_not_where_it_is(
    provider: HTTPProvider, reason: str
) -> None:
    requester = Requester(provider, chain_id=1, retry=PATIENCE, sleep=lambda _: None)
    with pytest.raises(ChainUnavailable, match=f"cannot be reached: {reason}$") as away:
        requester.ask("eth_blockNumber")
    for part in ("secret", "127.0.0.1"):
        assert part not in str(away.value)


def test_the_proxys_own_words_name_the_key() -> None:
    """Why they are not passed on."""
    with pytest.raises(HTTPError, match="secret"):
        Forbidding("http://127.0.0.1:9/v3/secret").make_request()
