"""Nothing is ever signed that does not extend what was signed before."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ledger.log.errors import HistoryRewritten
from ledger.log.signer import Signer
from ledger.merkle import MerkleTree, leaf_hash, open_checkpoint
from ledger.store.head import Head
from tests.support.ledgers import log_key

KEY = log_key()
TREE = MerkleTree([leaf_hash(bytes([n])) for n in range(8)])
OTHER = MerkleTree([leaf_hash(bytes([n, n])) for n in range(8)])


def head(size: int, tree: MerkleTree = TREE) -> Head:
    return Head(size, tree.root(size), 0)


@pytest.fixture(params=["file", "memory"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return tmp_path / "checkpoint.last" if request.param == "file" else None


def test_heads_that_grow_or_stay_are_signed(path: Path | None) -> None:
    signer = Signer(KEY, path)
    for size in (0, 0, 1, 4, 4, 8):
        note = signer.sign(head(size))
        checkpoint = open_checkpoint(note, [KEY.verifier])
        assert (checkpoint.size, checkpoint.root) == (size, TREE.root(size))
        if path is not None and size:
            assert path.read_text(encoding="utf-8") == note


@pytest.mark.parametrize(
    ("last", "refused"),
    [
        (head(5), head(4)),
        (head(5), head(5, OTHER)),
        (head(5), head(0)),
        (head(5), head(4, OTHER)),
        (head(1), head(1, OTHER)),
    ],
)
def test_a_smaller_head_and_another_one_of_the_same_size_are_never_signed(
    path: Path | None, last: Head, refused: Head
) -> None:
    signer = Signer(KEY, path)
    signed = signer.sign(last)
    for _ in range(2):
        with pytest.raises(HistoryRewritten, match=f"Size {refused.size} does not extend"):
            signer.sign(refused)
    if path is not None:
        assert path.read_text(encoding="utf-8") == signed
        with pytest.raises(HistoryRewritten, match=f"the last signed size {last.size}"):
            Signer(KEY, path).sign(refused)
    assert signer.sign(last) == signed


def test_a_checkpoint_is_on_the_disk_before_it_takes_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "checkpoint.last"
    signer = Signer(KEY, path)
    kept = signer.sign(head(1))
    real, synced = os.fsync, []

    def fsync(file: int) -> None:
        synced.append((os.fstat(file).st_size, path.read_text(encoding="utf-8")))
        real(file)

    monkeypatch.setattr(os, "fsync", fsync)
    note = signer.sign(head(2))
    assert synced == [(len(note.encode()), kept)]
    assert path.read_text(encoding="utf-8") == note


def test_the_last_checkpoint_of_another_log_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.last"
    Signer(log_key("other.test/log"), path).sign(head(3))
    with pytest.raises(HistoryRewritten, match=r"checkpoint of other\.test/log, not of"):
        Signer(KEY, path)
