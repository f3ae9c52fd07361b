"""The second process answers as verification in this one does, and its loss costs time only."""

from __future__ import annotations

import io
import os
import signal
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import ConcordError
from ledger.events import Event, digest, verify_signature
from ledger.log import Appended, Limits, Log, Submission
from ledger.recovery import Check, RecoveryProcess, RecoveryStopped, serve
from tests.support.ledgers import Consortium
from tests.support.logs import LogUnderTest
from tests.support.waiting import await_that


@pytest.fixture(scope="module")
def process() -> Iterator[RecoveryProcess]:
    recovery = RecoveryProcess()
    await_that(recovery.is_ready)
    yield recovery
    recovery.close()


def check_of(event: Event, consortium: Consortium) -> Check:
    signature, actor = bytes.fromhex(event.signature[2:]), bytes.fromhex(event.actor[2:])
    return Check(digest(event, consortium.domain), signature, actor)


def test_it_knows_signatures_of_their_actors_from_all_others(process: RecoveryProcess) -> None:
    consortium = Consortium()
    good = [check_of(event, consortium) for event in consortium.history(40)]
    other_digest = [Check(bytes(32), c.signature, c.actor) for c in good]
    other_actor = [Check(c.digest, c.signature, bytes(20)) for c in good]
    no_signature = [Check(c.digest, bytes(65), c.actor) for c in good]
    answers = process.matches([*good, *other_digest, *other_actor, *no_signature])
    assert answers == [True] * 40 + [False] * 120
    assert process.matches([]) == []


@settings(max_examples=60, deadline=None)
@given(position=st.integers(0, 116), flip=st.integers(1, 255))
def test_no_altered_byte_gets_through(process: RecoveryProcess, position: int, flip: int) -> None:
    consortium = Consortium()
    check = check_of(consortium.dataset("d"), consortium)
    altered = bytearray(check.digest + check.signature + check.actor)
    altered[position] ^= flip
    changed = Check(bytes(altered[:32]), bytes(altered[32:97]), bytes(altered[97:]))
    assert process.matches([check, changed, check]) == [True, False, True]


@pytest.mark.parametrize("lengths", [(31, 65, 20), (32, 64, 20), (32, 66, 20), (32, 65, 21)])
def test_nothing_is_cut_or_padded_to_fit(lengths: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="32, 65 and 20"):
        Check(*(bytes(length) for length in lengths))


def test_it_ends_when_its_input_does() -> None:
    recovery = RecoveryProcess()
    await_that(recovery.is_ready)
    recovery.close()
    with pytest.raises(ProcessLookupError):
        os.kill(recovery.pid, 0)


def test_it_ends_quietly_at_a_torn_request() -> None:
    for request in (b"", b"\0\0", struct.pack(">I", 2) + bytes(118)):
        answers = io.BytesIO()
        serve(io.BytesIO(request), answers)
        assert answers.getvalue() == b"\x01"


def test_its_death_is_named() -> None:
    recovery = RecoveryProcess()
    await_that(recovery.is_ready)
    os.kill(recovery.pid, signal.SIGKILL)
    recovery._process.wait()
    consortium = Consortium()
    with pytest.raises(RecoveryStopped):
        recovery.matches([check_of(consortium.dataset("d"), consortium)] * 100)
    recovery.close()


def use_second_process(log: Log, consortium: Consortium) -> RecoveryProcess:
    """Appends batches until the log's second process is at work."""
    recovery: RecoveryProcess | None = None

    def is_at_work() -> bool:
        nonlocal recovery
        events = [consortium.dataset(f"d-{log.size}-{n}") for n in range(4)]
        assert all(isinstance(a, Appended) for a in log.append([Submission(e) for e in events]))
        recovery = log._intake._recovery
        return recovery is not None and recovery.is_ready()

    await_that(is_at_work)
    assert recovery is not None
    return recovery


def mixed(consortium: Consortium, name: str) -> tuple[list[Event], list[str]]:
    """Events with signatures of every sort, and what the log says to each."""
    import dataclasses

    event = consortium.dataset(f"{name}-good")
    twin = bytes.fromhex(consortium.dataset(f"{name}-twin").signature[2:])
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    malleable = twin[:32] + (order - int.from_bytes(twin[32:64], "big")).to_bytes(32, "big")
    malleable += bytes([55 - twin[64]])
    unsigned = [
        event.signature + "00",
        event.signature[:-2],
        "0x",
        "0x" + malleable.hex(),
        consortium.dataset(f"{name}-other").signature,
    ]
    bad = [dataclasses.replace(event, signature=signature) for signature in unsigned]
    codes = ["no-chain-to-ask"] * 2 + ["invalid-signature"] * 2 + ["wrong-signer", "appended"]
    return [*bad, event], codes


def test_a_log_refuses_the_same_signatures_with_and_without_it(
    sqlite_ledger: LogUnderTest,
) -> None:
    consortium = sqlite_ledger.consortium
    log = sqlite_ledger.create(Limits(recover_from=2, poll_seconds=0.02))
    use_second_process(log, consortium)
    events, expected = mixed(consortium, "with")
    answers = log.append([Submission(event) for event in events])
    assert [a.code if isinstance(a, ConcordError) else "appended" for a in answers] == expected
    for event, answer in zip(events, answers, strict=True):
        if isinstance(answer, ConcordError):
            with pytest.raises(ConcordError) as error:
                verify_signature(event, consortium.domain)
            assert isinstance(answer, type(error.value))
        else:
            verify_signature(event, consortium.domain)


def test_a_log_goes_on_when_its_second_process_is_killed(sqlite_ledger: LogUnderTest) -> None:
    consortium = sqlite_ledger.consortium
    log = sqlite_ledger.create(Limits(recover_from=2, poll_seconds=0.02))
    recovery = use_second_process(log, consortium)
    os.kill(recovery.pid, signal.SIGKILL)
    for name in ("killed", "after"):
        events, expected = mixed(consortium, name)
        answers = log.append([Submission(event) for event in events])
        found = [a.code if isinstance(a, ConcordError) else "appended" for a in answers]
        assert found == expected


def test_closing_a_log_ends_its_second_process(sqlite_ledger: LogUnderTest) -> None:
    log = sqlite_ledger.create(Limits(recover_from=2, poll_seconds=0.02))
    recovery = use_second_process(log, sqlite_ledger.consortium)
    log.close()
    assert not Path(f"/proc/{recovery.pid}").exists()
