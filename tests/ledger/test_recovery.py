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

from ledger.eip712 import SignedFields
from ledger.errors import ConcordError
from ledger.events import Domain, Event, verify_signature
from ledger.events.typed_data import signed_fields
from ledger.log import Appended, Limits, Log, Submission
from ledger.recovery import RecoveryProcess, RecoveryStopped, question, serve
from tests.support.ledgers import Consortium
from tests.support.logs import LogUnderTest
from tests.support.waiting import await_that


@pytest.fixture(scope="module")
def process() -> Iterator[RecoveryProcess]:
    recovery = RecoveryProcess()
    await_that(recovery.is_ready)
    yield recovery
    recovery.close()


def signature_of(event: Event) -> bytes:
    return bytes.fromhex(event.signature[2:])


def altered(part: object, position: int, flip: int) -> object:
    if isinstance(part, int):
        return part ^ (flip << (8 * (position % 8)))
    assert isinstance(part, bytes)
    at = position % len(part)
    return part[:at] + bytes([part[at] ^ flip]) + part[at + 1 :]


def test_it_knows_signatures_of_their_actors_from_all_others(process: RecoveryProcess) -> None:
    consortium = Consortium()
    separator = consortium.domain.separator
    made = [(signature_of(event), signed_fields(event)) for event in consortium.history(40)]
    good = [question(signature, signed) for signature, signed in made]
    bad = [
        *(question(signature, signed._replace(nonce=bytes(32))) for signature, signed in made),
        *(question(signature, signed._replace(actor=bytes(20))) for signature, signed in made),
        *(question(bytes(65), signed) for _, signed in made),
    ]
    assert process.matches(separator, [*good, *bad]) == [True] * 40 + [False] * 120
    assert process.matches(separator, []) == []
    elsewhere = Domain(consortium.domain.chain_id + 1, consortium.domain.origin)
    assert process.matches(elsewhere.separator, good) == [False] * 40


@settings(max_examples=100, deadline=None)
@given(
    field=st.sampled_from(["signature", *SignedFields._fields]),
    position=st.integers(0, 500),
    flip=st.integers(1, 255),
)
def test_no_altered_byte_gets_through(
    process: RecoveryProcess, field: str, position: int, flip: int
) -> None:
    consortium = Consortium()
    event = consortium.dataset("d")
    parts = {"signature": signature_of(event)} | signed_fields(event)._asdict()
    good, changed = (
        question(each.pop("signature"), SignedFields(**each))
        for each in (parts.copy(), parts | {field: altered(parts[field], position, flip)})
    )
    found = process.matches(consortium.domain.separator, [good, changed, good])
    assert found == [True, False, True]


def test_what_stands_in_one_field_never_counts_as_another_s(process: RecoveryProcess) -> None:
    consortium = Consortium()
    event = consortium.dataset("d")
    signed = signed_fields(event)
    moved = signed._replace(kind=signed.kind[:-1], subject=signed.kind[-1:] + signed.subject)
    asked = [question(signature_of(event), each) for each in (signed, moved)]
    assert process.matches(consortium.domain.separator, asked) == [True, False]


@pytest.mark.parametrize("lengths", [(31, 65, 20), (32, 64, 20), (32, 66, 20), (32, 65, 21)])
def test_nothing_is_cut_or_padded_to_fit(lengths: tuple[int, int, int]) -> None:
    nonce, signature, actor = (bytes(length) for length in lengths)
    signed = signed_fields(Consortium().dataset("d"))._replace(nonce=nonce, actor=actor)
    with pytest.raises(ValueError, match="65, 20 and 32"):
        question(signature, signed)


def test_it_ends_when_its_input_does() -> None:
    recovery = RecoveryProcess()
    await_that(recovery.is_ready)
    recovery.close()
    with pytest.raises(ProcessLookupError):
        os.kill(recovery.pid, 0)


def test_it_ends_quietly_at_a_torn_request() -> None:
    event = Consortium().dataset("d")
    asked = question(signature_of(event), signed_fields(event))
    head = struct.pack(">32sI", bytes(32), 2)
    for request in (b"", head[:5], head, head + asked, head + asked + asked[:-1]):
        answers = io.BytesIO()
        serve(io.BytesIO(request), answers)
        assert answers.getvalue() == b"\x01"


def test_its_death_is_named() -> None:
    recovery = RecoveryProcess()
    await_that(recovery.is_ready)
    os.kill(recovery.pid, signal.SIGKILL)
    recovery._process.wait()
    consortium = Consortium()
    event = consortium.dataset("d")
    asked = question(signature_of(event), signed_fields(event))
    with pytest.raises(RecoveryStopped):
        recovery.matches(consortium.domain.separator, [asked] * 100)
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
