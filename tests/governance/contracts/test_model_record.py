"""What the contract reads from a log entry, and what it must not be made to read.

The text is read before the proof, so an entry that is in no anchored log tells the two apart: it
is refused as no record of the model, or for want of an anchor.
"""

from __future__ import annotations

import pytest
from eth_utils import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.chain.errors import ExecutionReverted
from ledger.events.envelope import encode_leaf
from ledger.events.identifiers import Milliseconds
from tests.governance.dao import BOB, Dao, found, refused
from tests.support.chains import Backend
from tests.support.examples import EXAMPLES, ISSUED_AT, body_of, signed_event

NAME = "tumour-classifier"
MODEL = int.from_bytes(keccak(text=NAME))
KIND = "model.version_published"
NONCE, SIGNATURE = "aa" * 32, "bb" * 65
MISMATCH = keccak(text="ModelRecordMismatch()")[:4]
NO_ANCHOR = keccak(text="AnchorRegistryNoAnchor(uint64)")[:4]


def entry(
    *,
    kind: str = KIND,
    subject: str = NAME,
    body: str = "{}",
    nonce: str = NONCE,
    signature: str = SIGNATURE,
    summary: str = "Published.",
    recorded: str = "1790000000000",
) -> bytes:
    return (
        f'{{"event":{{"actor":"0x00","body":{body},"issuedAt":1,"kind":"{kind}",'
        f'"nonce":"0x{nonce}","signature":"0x{signature}","subject":"{subject}",'
        f'"summary":"{summary}"}},"recordedAt":{recorded},"v":1}}'
    ).encode()


@pytest.fixture(scope="module")
def dao(backend: Backend) -> Dao:
    dao = found(backend)
    dao.send(BOB, dao.models.functions.register(NAME, 0))
    return dao


def takes(dao: Dao, text: bytes) -> bool:
    """Whether the contract takes an entry for a record of MODEL."""
    with pytest.raises(ExecutionReverted) as caught:
        dao.ask(dao.models.functions.attest(MODEL, text, 1, 0, []))
    return {MISMATCH: False, NO_ANCHOR: True}[caught.value.output[:4]]


def real_entry(kind: str, **changes: object) -> bytes:
    return encode_leaf(signed_event(kind, body_of(kind, **changes)), Milliseconds(ISSUED_AT))


def test_the_ledgers_own_entry_is_taken(dao: Dao) -> None:
    assert takes(dao, real_entry(KIND))


def test_another_models_entry_is_not_taken(dao: Dao) -> None:
    for model in ("tumour-classifier2", "x-tumour-classifier", "tumour", "classifier"):
        assert not takes(dao, real_entry(KIND, model=model))


@pytest.mark.parametrize("kind", sorted(set(EXAMPLES) - {KIND}))
def test_an_entry_of_another_kind_is_not_taken(dao: Dao, kind: str) -> None:
    changes = {"model": NAME} if "model" in EXAMPLES[kind] else {}
    assert not takes(dao, real_entry(kind, **changes))


@pytest.mark.parametrize(
    "summary",
    ["", "x", r"a \"quoted\" word", r"ends in a backslash \\", "ünï©ode \U0001f9ec", "{}[],:"],
)
def test_any_summary_is_taken(dao: Dao, summary: str) -> None:
    assert takes(dao, entry(summary=summary))


@pytest.mark.parametrize("signature", ["", "ab", "cd" * 65, "ef" * 300])
def test_a_contract_wallets_signature_may_have_any_length(dao: Dao, signature: str) -> None:
    assert takes(dao, entry(signature=signature))


RIGHT = entry().decode()
TAIL = RIGHT[RIGHT.index(',"kind"') : RIGHT.index('},"recordedAt"')]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        RIGHT[:-1],
        RIGHT + "\n",
        RIGHT.replace(',"v":1}', ',"v":2}'),
        RIGHT.replace('"recordedAt":', '"recordedat":'),
        RIGHT.replace('"kind"', '"Kind"'),
        RIGHT.replace('"nonce":"0x', '"nonce":"0xa'),
        RIGHT.replace('"signature":"0x', '"signature":"0X'),
        RIGHT.replace('"subject":', '"subjecT":'),
        # Its tail alone, and with everything before the kind cut off.
        TAIL,
        TAIL[1:] + '},"recordedAt":1,"v":1}',
        # The same members one level further down, in a body, or in a string of one.
        entry(kind="model.registered", subject="mine", body="{" + TAIL[1:] + "}").decode(),
        entry(kind="model.registered", summary=TAIL.replace('"', r"\"")).decode(),
        entry(kind="model.registered", subject="mine", summary="x").decode(),
        '{"event":{"body":{' + TAIL[1:] + '}},"recordedAt":1,"v":1}',
        # A summary that pretends to end early, and one that pretends to begin late.
        entry(subject="mine", summary=r"\",\"subject\":\"tumour-classifier\"").decode(),
        entry(
            subject="mine", summary=r"x\",\"subject\":\"tumour-classifier\",\"summary\":\""
        ).decode(),
        entry(subject=r"mine\",\"subject\":\"tumour-classifier").decode(),
    ],
)
def test_a_forged_entry_is_not_taken(dao: Dao, text: str) -> None:
    with refused("ModelRecordMismatch"):
        dao.ask(dao.models.functions.attest(MODEL, text.encode(), 1, 0, []))


@given(st.data())
@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_entry_whose_fixed_part_was_changed_is_taken(dao: Dao, data: st.DataObject) -> None:
    text = bytearray(real_entry(KIND))
    start = text.rindex(b',"kind":')
    nonce = range(text.rindex(b'"nonce":"0x') + 11, text.rindex(b'","signature"'))
    signature = range(text.rindex(b'"signature":"0x') + 15, text.rindex(b'","subject"'))
    free = {*nonce, *signature, *range(text.rindex(b'"summary":"') + 11, text.rindex(b'"},"re'))}
    free |= set(range(text.rindex(b'"recordedAt":') + 13, text.rindex(b',"v"')))
    at = data.draw(st.sampled_from(sorted(set(range(start, len(text))) - free)))
    text[at] ^= data.draw(st.integers(1, 255))
    assert not takes(dao, bytes(text))
