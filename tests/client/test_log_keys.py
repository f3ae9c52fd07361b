"""A client lists the keys that a log had as far as they are proven, and trusts none of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from client.errors import ForkedLog, UnprovenKeys
from ledger.events import encode_leaf
from ledger.events.identifiers import Milliseconds
from ledger.merkle import Checkpoint, sign_handover
from tests.support.adversary import LogServer, change, log_key
from tests.support.examples import body_of, signed_event

Connect = Callable[..., Any]
AT = 1_700_000_000_000


@pytest.fixture
def begun(server: LogServer) -> LogServer:
    """A log whose first leaf names its key 0, and that has key 1 now."""
    first = str(log_key(server.origin).verifier)
    body = body_of("ledger.created", origin=server.origin, chainId=server.chain_id, logKey=first)
    genesis = signed_event("ledger.created", body, domain=server.domain)
    server.history.leaves.append(encode_leaf(genesis, Milliseconds(AT)))
    server.grow(6)
    server.become(key=1)
    return server


def handed_over(server: LogServer, size: int = 4, root: bytes | None = None) -> dict[str, Any]:
    """What an honest server says of its keys."""
    old, new = log_key(server.origin), log_key(server.origin, 1)
    tree = Checkpoint(server.origin, size, root or server.history.copy(size).tree.root())
    note = sign_handover(tree, AT, old, new)
    return {"keys": [{"handover": note}, {"handover": None}]}


def test_an_old_key_is_listed_with_the_size_that_it_signed_up_to(
    begun: LogServer, connect: Connect
) -> None:
    begun.faults.extend([None, None, change(**handed_over(begun))])
    old, present = connect().log_keys()
    assert old.key == log_key(begun.origin).verifier
    assert (old.handover.checkpoint.size, old.handover.at) == (4, AT)
    assert (present.key, present.handover) == (log_key(begun.origin, 1).verifier, None)


def test_a_log_that_had_one_key_only_needs_no_handover(begun: LogServer, connect: Connect) -> None:
    begun.become(key=0)
    (only,) = connect().log_keys()
    assert only.key == log_key(begun.origin).verifier


@pytest.mark.parametrize(
    "said",
    [{}, {"keys": None}, {"keys": []}, {"keys": [{"handover": None}]}, {"keys": [1]},
     {"keys": [{"handover": "no note"}]}, {"keys": [{"handover": 1}]}],
)  # fmt: skip
def test_a_server_that_proves_no_old_key_is_told_so(
    begun: LogServer, connect: Connect, said: dict[str, object]
) -> None:
    begun.faults.extend([None, None, change(**said)])
    with pytest.raises(UnprovenKeys):
        connect().log_keys()


def test_a_handover_of_another_history_is_a_fork(begun: LogServer, connect: Connect) -> None:
    begun.faults.extend([None, None, change(**handed_over(begun, root=bytes(32)))])
    with pytest.raises(ForkedLog):
        connect().log_keys()


def test_a_first_leaf_that_creates_no_ledger_names_no_key(
    server: LogServer, connect: Connect
) -> None:
    event = signed_event("access.used", domain=server.domain)
    server.history.leaves.append(encode_leaf(event, Milliseconds(AT)))
    with pytest.raises(UnprovenKeys, match="names no key"):
        connect().log_keys()
