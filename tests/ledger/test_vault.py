"""What is sealed can be read until it is erased; then nothing brings it back."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest
from sqlalchemy import update

from ledger.errors import ConcordError
from ledger.events import Event, decode_leaf
from ledger.events.sealed import InvalidSeal, Opening, commit
from ledger.log import Appended, OpeningErased, Submission
from ledger.log.log import Log
from ledger.store.tables.vault import VaultOpeningRow
from ledger.vault import Opened, Redacted, Unknown, VaultDamaged
from tests.support.ledgers import Consortium
from tests.support.logs import LogUnderTest, record

NAME = "Erika Mustermann-Unverwechselbar"


def append(log: Log, event: Event, *openings: Opening) -> Appended | ConcordError:
    return log.append([Submission(event, openings)])[0]


def sealed_dataset(
    consortium: Consortium, dataset: str, value: object = NAME, subject: str = "person-1"
) -> tuple[Event, Opening]:
    title, opening = consortium.sealed(value, subject)  # type: ignore[arg-type]
    return consortium.dataset(dataset, title=title), opening


def test_a_sealed_value_can_be_read_back(ledger: LogUnderTest) -> None:
    log = ledger.create()
    event, opening = sealed_dataset(ledger.consortium, "d", {"name": NAME, "n": [1, 2.5, None]})
    answer = append(log, event, opening)
    assert isinstance(answer, Appended)
    found = log.vault.read(opening.commitment)
    assert found == Opened(opening.value, opening.salt, "person-1", answer.index)
    assert commit(opening.value, opening.salt) == opening.commitment
    assert NAME.encode() not in answer.leaf


def test_a_commitment_without_an_opening_is_unknown(ledger: LogUnderTest) -> None:
    log = ledger.create()
    event, opening = sealed_dataset(ledger.consortium, "d")
    assert isinstance(append(log, event), Appended)
    assert log.vault.read(opening.commitment) == Unknown()
    assert log.vault.read("nonsense") == Unknown()


def test_an_opening_that_does_not_open_is_refused_with_its_event(ledger: LogUnderTest) -> None:
    log = ledger.create()
    event, opening = sealed_dataset(ledger.consortium, "d")
    wrong_value = Opening(opening.commitment, opening.salt, "another name", "person-1")
    wrong_salt = Opening(opening.commitment, bytes(32), opening.value, "person-1")
    for wrong in (wrong_value, wrong_salt):
        assert isinstance(append(log, event, wrong), InvalidSeal)
    assert log.size == 1
    assert isinstance(append(log, event, opening), Appended)


def test_an_opening_of_another_event_is_refused(ledger: LogUnderTest) -> None:
    log = ledger.create()
    event, _ = sealed_dataset(ledger.consortium, "d")
    _, foreign = sealed_dataset(ledger.consortium, "e")
    assert isinstance(append(log, event, foreign), InvalidSeal)
    assert log.vault.read(foreign.commitment) == Unknown()


def test_the_opening_of_a_refused_event_is_not_kept(ledger: LogUnderTest) -> None:
    log = ledger.create()
    record(log, [ledger.consortium.dataset("d")])
    event, opening = sealed_dataset(ledger.consortium, "d")
    assert isinstance(append(log, event, opening), ConcordError)
    assert log.vault.read(opening.commitment) == Unknown()


def test_erasing_leaves_proofs_valid_and_the_value_redacted(ledger: LogUnderTest) -> None:
    log, consortium = ledger.create(), ledger.consortium
    event, opening = sealed_dataset(consortium, "d")
    first = append(log, event, opening)
    assert isinstance(first, Appended)
    erased = record(log, [consortium.erasure("e1", [opening.commitment])])[0]
    assert log.vault.read(opening.commitment) == Redacted("e1", erased.index)
    assert log.leaf(first.index) == first.leaf
    assert decode_leaf(first.leaf, first.index).event == event


def test_an_erased_opening_cannot_come_back(ledger: LogUnderTest) -> None:
    log, consortium = ledger.create(), ledger.consortium
    event, opening = sealed_dataset(consortium, "d")
    append(log, event, opening)
    record(log, [consortium.erasure("e1", [opening.commitment])])
    again = append(log, event, opening)
    assert isinstance(again, Appended)
    assert again.duplicate
    title = {"$sealed": opening.commitment}
    assert isinstance(append(log, consortium.dataset("e", title=title), opening), OpeningErased)
    assert isinstance(log.vault.read(opening.commitment), Redacted)


def test_erasing_in_the_batch_that_stores_leaves_nothing(ledger: LogUnderTest) -> None:
    log, consortium = ledger.create(), ledger.consortium
    event, opening = sealed_dataset(consortium, "d")
    erasure = consortium.erasure("e1", [opening.commitment])
    answers = log.append([Submission(event, (opening,)), Submission(erasure)])
    assert all(isinstance(answer, Appended) for answer in answers)
    assert isinstance(log.vault.read(opening.commitment), Redacted)


def test_others_of_the_same_subject_stay_readable_until_the_last(ledger: LogUnderTest) -> None:
    log, consortium = ledger.create(), ledger.consortium
    openings = []
    for dataset in "abc":
        event, opening = sealed_dataset(consortium, dataset, f"{NAME} {dataset}")
        append(log, event, opening)
        openings.append(opening)
    other_event, other = sealed_dataset(consortium, "o", "somebody else", "person-2")
    append(log, other_event, other)
    record(log, [consortium.erasure("e1", [openings[0].commitment])])
    assert isinstance(log.vault.read(openings[1].commitment), Opened)
    assert keys(log) == 2
    record(log, [consortium.erasure("e2", [o.commitment for o in openings[1:]])])
    assert keys(log) == 1
    assert isinstance(log.vault.read(other.commitment), Opened)


def keys(log: Log) -> int:
    with log.database.read() as connection:
        count: int = connection.exec_driver_sql("SELECT count(*) FROM vault_key").scalar_one()
        return count


def test_an_altered_opening_is_named(broken_ledger: LogUnderTest) -> None:
    log = broken_ledger.create()
    event, opening = sealed_dataset(broken_ledger.consortium, "d")
    append(log, event, opening)
    with broken_ledger.database.write() as connection:
        connection.execute(update(VaultOpeningRow).values(ciphertext=os.urandom(64)))
    with pytest.raises(VaultDamaged):
        log.vault.read(opening.commitment)


def files_of(ledger: LogUnderTest) -> list[Path]:
    """Every file that may hold the vault's bytes, as they are now."""
    database = ledger.database
    if database.path is not None:
        return sorted(database.path.parent.glob(f"{database.path.name}*"))
    with database.write() as connection:
        connection.exec_driver_sql("CHECKPOINT")
        folder = Path(connection.exec_driver_sql("SHOW data_directory").scalar_one())
        query = "SELECT oid FROM pg_database WHERE datname = current_database()"
        oid = connection.exec_driver_sql(query).scalar_one()
    # The other files of a database's folder begin with a word; those with a number hold the rows.
    return [path for path in (folder / "base" / str(oid)).iterdir() if path.name[0].isdigit()]


def found_in_files(ledger: LogUnderTest, needles: dict[str, bytes]) -> set[str]:
    contents = [path.read_bytes() for path in files_of(ledger)]
    return {name for name, needle in needles.items() if any(needle in c for c in contents)}


def test_after_erasure_no_byte_of_salt_value_or_key_is_in_the_files(ledger: LogUnderTest) -> None:
    log, consortium = ledger.create(), ledger.consortium
    event, opening = sealed_dataset(consortium, "d")
    append(log, event, opening)
    with log.database.read() as connection:
        key = bytes(connection.exec_driver_sql("SELECT key FROM vault_key").scalar_one())
        ciphertext = bytes(
            connection.exec_driver_sql("SELECT ciphertext FROM vault_opening").scalar_one()
        )
    needles = {
        "salt": opening.salt,
        "value": NAME.encode(),
        "key": key,
        "ciphertext": ciphertext,
        "commitment": opening.commitment.encode(),
    }
    # The search finds what is there: that it finds nothing later means something.
    assert found_in_files(ledger, needles) == {"key", "ciphertext", "commitment"}
    record(log, [consortium.erasure("e1", [opening.commitment])])
    assert found_in_files(ledger, needles) == {"commitment"}


def test_erasure_reaches_the_files_once_a_slow_reader_is_gone(
    sqlite_ledger: LogUnderTest,
) -> None:
    log, consortium = sqlite_ledger.create(), sqlite_ledger.consortium
    event, opening = sealed_dataset(consortium, "d")
    append(log, event, opening)
    with log.database.read() as reader:
        key = bytes(reader.exec_driver_sql("SELECT key FROM vault_key").scalar_one())
        record(log, [consortium.erasure("e1", [opening.commitment])])
        assert found_in_files(sqlite_ledger, {"key": key}) == {"key"}
    for _ in range(2_000):
        if not found_in_files(sqlite_ledger, {"key": key}):
            break
        log.wait_for_growth(log.size, timeout=0.01)
    assert found_in_files(sqlite_ledger, {"key": key}) == set()


def test_brute_force_over_every_plausible_value_finds_nothing_after_erasure(
    sqlite_ledger: LogUnderTest,
) -> None:
    """Dates of birth are few: with the salt one would be found at once, without it never."""
    log, consortium = sqlite_ledger.create(), sqlite_ledger.consortium
    event, opening = sealed_dataset(consortium, "d", "1964-07-13")
    append(log, event, opening)
    plausible = [
        f"{year}-{month:02}-{day:02}"
        for year, month, day in itertools.product(range(1960, 1970), range(1, 13), range(1, 29))
    ]
    found = log.vault.read(opening.commitment)
    assert isinstance(found, Opened)
    matches = [value for value in plausible if commit(value, found.salt) == opening.commitment]
    assert matches == ["1964-07-13"]
    record(log, [consortium.erasure("e1", [opening.commitment])])
    # All that is left to try are the 32-byte strings that the files still hold.
    blobs = [path.read_bytes() for path in files_of(sqlite_ledger)]
    leaf = log.leaf(1)
    salts = {bytes(32)} | {leaf[at : at + 32] for at in range(len(leaf) - 31)}
    assert not any(opening.salt in blob for blob in blobs)
    assert opening.salt not in salts
    few = sorted(salts)[:20]
    assert not [
        (value, salt)
        for value in plausible
        for salt in few
        if commit(value, salt) == opening.commitment
    ]


def test_only_the_operator_erases(ledger: LogUnderTest) -> None:
    log, consortium = ledger.create(), ledger.consortium
    event, opening = sealed_dataset(consortium, "d")
    append(log, event, opening)
    body = {"erasure": "e", "commitments": [opening.commitment], "legalBasis": "none"}
    by_steward = consortium.event(consortium.stewards[0], "erasure.performed", body)
    assert isinstance(append(log, by_steward), ConcordError)
    assert isinstance(log.vault.read(opening.commitment), Opened)
