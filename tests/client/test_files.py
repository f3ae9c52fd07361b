"""Describing files by digest."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from client.files import CHUNK_BYTES, describe_file, sha256_of


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3_500_000])
def test_a_digest_is_that_of_the_bytes_and_progress_ends_at_their_number(
    tmp_path: Path, size: int
) -> None:
    content = hashlib.shake_128(b"seed").digest(size)
    file = tmp_path / "data.bin"
    file.write_bytes(content)
    seen: list[tuple[int, int]] = []
    digest = sha256_of(file, lambda done, total: seen.append((done, total)))
    assert digest == hashlib.sha256(content).hexdigest()
    assert seen == sorted(seen)
    assert all(total == size for _, total in seen)
    assert not seen if size == 0 else seen[-1] == (size, size)


def test_a_description_is_what_in_toto_calls_a_resource_descriptor(tmp_path: Path) -> None:
    file = tmp_path / "records.csv"
    file.write_text("a,b\n1,2\n")
    assert describe_file(file, uri="https://hospital.example/records.csv") == {
        "name": "records.csv",
        "digest": {"sha256": hashlib.sha256(b"a,b\n1,2\n").hexdigest()},
        "size": 8,
        "mediaType": "text/csv",
        "uri": "https://hospital.example/records.csv",
    }


def test_a_file_of_unknown_type_has_no_media_type(tmp_path: Path) -> None:
    file = tmp_path / "model.concordtest"
    file.write_bytes(b"x")
    assert set(describe_file(file)) == {"name", "digest", "size"}


def test_a_file_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        describe_file(tmp_path / "none")
    with pytest.raises(IsADirectoryError):
        describe_file(tmp_path)
