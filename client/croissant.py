"""Reading MLCommons Croissant: a dataset's files and digests from its JSON-LD description.

Croissant 1.0 (https://docs.mlcommons.org/croissant/docs/croissant-spec.html): `distribution` lists
`cr:FileObject`s with `contentUrl`, `encodingFormat`, `contentSize` and `sha256`, and `cr:FileSet`s,
which name no bytes of their own. A FileObject contained in another one is covered by the
container's digest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from client.errors import InvalidCroissant
from ledger.events.canonical import JsonObject, JsonValue, parse_object

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Croissant:
    """What Concord takes from a Croissant file.

    Attributes:
        name: as published.
        description: where given.
        license: SPDX id or URL; the first, where several are given.
        version: where given.
        distribution: ResourceDescriptors of the files with bytes of their own.
    """

    name: str
    description: str | None
    license: str | None
    version: str | None
    distribution: tuple[JsonObject, ...]


def read_croissant(document: bytes) -> Croissant:
    """Reads a Croissant JSON-LD document.

    Raises:
        InvalidCroissant: naming the file object and what is wrong with it.
        InvalidJson: if it is not JSON.
    """
    # Editors on Windows put a byte order mark in front.
    value = parse_object(document.removeprefix(b"\xef\xbb\xbf"))
    if not _is_a(value, "Dataset"):
        sort = value.get("@type")
        raise InvalidCroissant(f"@type is {sort!r}; a Croissant document is a sc:Dataset.")
    entries = value.get("distribution", [])
    if not isinstance(entries, list):
        entries = [entries]
    files = []
    for entry in entries:
        if not isinstance(entry, dict):
            raise InvalidCroissant("An entry of distribution is not an object.")
        if _is_a(entry, "FileObject") and not entry.get("containedIn"):
            files.append(_descriptor(entry))
    if not files:
        raise InvalidCroissant(
            "distribution names no file with bytes of its own: no FileObject outside a container."
        )
    name = _text(value, "name")
    if name is None:
        raise InvalidCroissant("The document has no name.")
    return Croissant(
        name=name,
        description=_text(value, "description"),
        license=_license(value.get("license")),
        version=_version(value.get("version")),
        distribution=tuple(files),
    )


def _is_a(value: JsonObject, sort: str) -> bool:
    types = value.get("@type")
    names = types if isinstance(types, list) else [types]
    return any(str(name).rsplit(":", 1)[-1].rsplit("/", 1)[-1] == sort for name in names)


def _version(value: JsonValue) -> str | None:
    """A version as text; some write it as a number."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number or (isinstance(value, str) and value) else None


def _descriptor(entry: JsonObject) -> JsonObject:
    name = _text(entry, "name") or _text(entry, "@id") or "unnamed"
    digest = entry.get("sha256")
    if digest is None:
        raise InvalidCroissant(f"File {name!r} has no sha256: compute the digest and put it in.")
    # One digit 64 times is nobody's digest.
    is_digest = isinstance(digest, str) and _SHA256.fullmatch(digest.lower())
    if not isinstance(digest, str) or not is_digest or len(set(digest)) == 1:
        raise InvalidCroissant(
            f"sha256 of file {name!r} is {digest!r}, which is no SHA-256 digest (64 hex digits). "
            "Some are published with placeholders: compute the digest and put it in."
        )
    descriptor: JsonObject = {"name": name, "digest": {"sha256": digest.lower()}}
    uri = _text(entry, "contentUrl")
    if uri is not None:
        descriptor["uri"] = uri
    media_type = _text(entry, "encodingFormat")
    if media_type is not None:
        descriptor["mediaType"] = media_type
    size = _size(entry.get("contentSize"))
    if size is not None:
        descriptor["size"] = size
    return descriptor


def _size(value: JsonValue) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value >= 0 else None
    if not isinstance(value, str):
        return None
    # "1.2 MB" is a rounded figure for readers, not a size in bytes.
    match = re.fullmatch(r"(\d+)\s*B?", value.strip(), re.ASCII)
    return int(match[1]) if match else None


def _text(value: JsonObject, name: str) -> str | None:
    item = value.get(name)
    return item if isinstance(item, str) and item else None


def _license(value: JsonValue) -> str | None:
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = value.get("url") or value.get("@id") or value.get("name")
    return value if isinstance(value, str) else None
