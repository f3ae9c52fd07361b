"""Croissant files as they are published, those with placeholders among them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from client.croissant import read_croissant
from client.errors import InvalidCroissant
from ledger.events import parse_body
from ledger.events.canonical import InvalidJson

DIGEST = "0b033707ea49365a5ffdd14615825511c7dbb6b36a0a2f1e4b2e5e8a9a6a7d3c"

# Shaped as the Titanic example of the MLCommons repository.
TITANIC: dict[str, Any] = {
    "@context": {"@language": "en", "@vocab": "https://schema.org/", "cr": "http://mlcommons.org/"},
    "@type": "sc:Dataset",
    "name": "Titanic",
    "conformsTo": "http://mlcommons.org/croissant/1.0",
    "description": "The original Titanic dataset, describing the status of individual passengers.",
    "license": "afl-3.0",
    "url": "https://www.openml.org/d/40945",
    "version": "1.0.0",
    "distribution": [
        {
            "@type": "cr:FileObject",
            "@id": "passengers.csv",
            "name": "passengers.csv",
            "contentSize": "117743 B",
            "contentUrl": "data/titanic.csv",
            "encodingFormat": "text/csv",
            "sha256": DIGEST.upper(),
        },
        {
            "@type": "cr:FileObject",
            "@id": "genders.csv",
            "contentUrl": "data/genders.csv",
            "encodingFormat": "text/csv",
            "sha256": DIGEST,
        },
    ],
    "recordSet": [
        {"@type": "cr:RecordSet", "@id": "passengers", "key": {"@id": "passengers/name"}}
    ],
}

# Shaped as what Hugging Face publishes for every dataset: a repository, and file sets in it.
HUGGING_FACE: dict[str, Any] = {
    "@type": "sc:Dataset",
    "name": "mnist",
    "license": ["https://choosealicense.com/licenses/mit/", "mit"],
    "distribution": [
        {
            "@type": "cr:FileObject",
            "@id": "repo",
            "name": "repo",
            "contentUrl": "https://huggingface.co/datasets/mnist/tree/refs%2Fconvert%2Fparquet",
            "encodingFormat": "git+https",
            "sha256": "https://github.com/mlcommons/croissant/issues/80",
        },
        {
            "@type": "cr:FileSet",
            "@id": "parquet-files-for-config-mnist",
            "containedIn": {"@id": "repo"},
            "encodingFormat": "application/x-parquet",
            "includes": "mnist/*/*.parquet",
        },
    ],
}


def document(value: dict[str, Any], **changes: Any) -> bytes:
    return json.dumps({**value, **changes}).encode()


def file(**changes: Any) -> dict[str, Any]:
    return {"@type": "cr:FileObject", "name": "a.csv", "sha256": DIGEST, **changes}


def test_an_example_of_mlcommons_is_read() -> None:
    found = read_croissant(document(TITANIC))
    assert (found.name, found.license, found.version) == ("Titanic", "afl-3.0", "1.0.0")
    assert found.description is not None
    assert found.distribution == (
        {
            "name": "passengers.csv",
            "digest": {"sha256": DIGEST},
            "uri": "data/titanic.csv",
            "mediaType": "text/csv",
            "size": 117_743,
        },
        {
            "name": "genders.csv",
            "digest": {"sha256": DIGEST},
            "uri": "data/genders.csv",
            "mediaType": "text/csv",
        },
    )


def test_what_is_read_can_be_published() -> None:
    found = read_croissant(document(TITANIC))
    body = {"dataset": "titanic", "version": found.version, "distribution": [*found.distribution]}
    assert parse_body("dataset.version_published", body).subject == "titanic"


@pytest.mark.parametrize(
    "placeholder",
    [
        "https://github.com/mlcommons/croissant/issues/80",
        "TODO",
        "",
        "0" * 64,
        "f" * 64,
        DIGEST[:-1],
        DIGEST + "0",
        DIGEST[:-1] + "g",
        f" {DIGEST}",
        7,
        [DIGEST],
        {"@value": DIGEST},
        None,
    ],
)
def test_a_sha256_that_is_no_digest_is_refused_by_the_files_name(placeholder: object) -> None:
    bad = file(name="images.zip", sha256=placeholder)
    with pytest.raises(InvalidCroissant, match=r"'images\.zip'"):
        read_croissant(document(TITANIC, distribution=[file(), bad]))


def test_a_file_without_a_digest_is_refused_by_its_name() -> None:
    bad = {"@type": "cr:FileObject", "@id": "images.zip", "md5": "d41d8cd98f00b204e9800998ecf8427e"}
    with pytest.raises(InvalidCroissant, match=r"'images\.zip' has no sha256"):
        read_croissant(document(TITANIC, distribution=[bad]))


def test_the_placeholder_of_hugging_face_is_refused_and_told() -> None:
    with pytest.raises(InvalidCroissant, match=r"'repo' is 'https://github.com/mlcommons"):
        read_croissant(document(HUGGING_FACE))


def test_with_a_digest_in_its_place_the_file_set_is_covered_by_its_container() -> None:
    repaired = json.loads(document(HUGGING_FACE))
    repaired["distribution"][0]["sha256"] = DIGEST
    found = read_croissant(document(repaired))
    assert [item["name"] for item in found.distribution] == ["repo"]
    assert found.license == "https://choosealicense.com/licenses/mit/"


@pytest.mark.parametrize("container", [{"@id": "all.zip"}, "all.zip", ["all.zip"]])
def test_a_file_inside_a_container_needs_no_digest_of_its_own(container: object) -> None:
    inside = {"@type": "cr:FileObject", "name": "inside.csv", "containedIn": container}
    found = read_croissant(document(TITANIC, distribution=[file(name="all.zip"), inside]))
    assert [item["name"] for item in found.distribution] == ["all.zip"]


@pytest.mark.parametrize(
    "sort",
    [
        "cr:FileObject",
        "FileObject",
        "http://mlcommons.org/croissant/FileObject",
        ["sc:MediaObject", "cr:FileObject"],
    ],
)
def test_a_file_object_is_known_by_every_spelling_of_its_type(sort: object) -> None:
    found = read_croissant(document(TITANIC, distribution=file(**{"@type": sort})))
    assert len(found.distribution) == 1


@pytest.mark.parametrize(
    "sort", ["sc:Dataset", "Dataset", "https://schema.org/Dataset", ["sc:Dataset"]]
)
def test_a_dataset_is_known_by_every_spelling_of_its_type(sort: object) -> None:
    assert read_croissant(document(TITANIC, **{"@type": sort})).name == "Titanic"


@pytest.mark.parametrize("sort", [None, "sc:Person", [], {}, 7, "cr:FileObject"])
def test_what_is_no_dataset_is_refused(sort: object) -> None:
    with pytest.raises(InvalidCroissant, match="@type"):
        read_croissant(document(TITANIC, **{"@type": sort}))


@pytest.mark.parametrize(
    "distribution", [[], None, {}, ["text"], 7, [{"@type": "cr:FileSet", "includes": "*.csv"}]]
)
def test_a_dataset_without_files_is_refused(distribution: object) -> None:
    with pytest.raises(InvalidCroissant):
        read_croissant(document(TITANIC, distribution=distribution))


@pytest.mark.parametrize("name", [None, "", 7])
def test_a_dataset_without_a_name_is_refused(name: object) -> None:
    with pytest.raises(InvalidCroissant, match="name"):
        read_croissant(document(TITANIC, name=name))


@pytest.mark.parametrize(
    ("size", "bytes_"),
    [
        (117_743, 117_743),
        ("117743", 117_743),
        ("117743 B", 117_743),
        ("1.2 MB", None),
        ("", None),
        (None, None),
        (True, None),
        (-1, None),
        (1.5, None),
        ("²", None),
    ],
)
def test_a_size_counts_only_if_it_is_exact(size: object, bytes_: int | None) -> None:
    found = read_croissant(document(TITANIC, distribution=[file(contentSize=size)]))
    assert found.distribution[0].get("size") == bytes_


@pytest.mark.parametrize(
    ("value", "text"),
    [("2.0", "2.0"), (1, "1"), (1.5, "1.5"), (None, None), (True, None), ([], None)],
)
def test_a_version_may_be_a_number(value: object, text: str | None) -> None:
    assert read_croissant(document(TITANIC, version=value)).version == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("mit", "mit"),
        (["mit", "apache-2.0"], "mit"),
        ({"@type": "CreativeWork", "url": "https://x.test/l"}, "https://x.test/l"),
        ({"name": "CC0"}, "CC0"),
        ([], None),
        ({}, None),
        (None, None),
        (7, None),
    ],
)
def test_a_license_is_found_in_every_shape(value: object, text: str | None) -> None:
    assert read_croissant(document(TITANIC, license=value)).license == text


def test_a_byte_order_mark_is_passed_over() -> None:
    assert read_croissant(b"\xef\xbb\xbf" + document(TITANIC)).name == "Titanic"


@pytest.mark.parametrize("content", [b"", b"text", b"[]", b'{"a": 1, "a": 2}', b"\xff"])
def test_what_is_no_json_object_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidJson):
        read_croissant(content)
