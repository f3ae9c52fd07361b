"""Manifests: a run's further inputs, one JSON object a line, as in the body's `inputs`.

Named by their SHA-256. A line that is no input is told by its number and leaves the answer
incomplete; the others count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from ledger.events.bodies.models import DatasetInput, RunInput
from ledger.events.canonical import InvalidJson, parse_object
from ledger.views.records import dataset_node, model_node

_INPUT: TypeAdapter[RunInput] = TypeAdapter(RunInput)


@dataclass(frozen=True, slots=True)
class ListedInput:
    """An input of a run, wherever it is listed.

    Attributes:
        node: lineage node of the dataset or model version.
        grant: the grant that the run relies on.
        digest: SHA-256 (hex) of what the run saw.
        index: of the run's event that lists it, or names the manifest that does.
    """

    node: str
    grant: str | None
    digest: str | None
    index: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that was read.

    Attributes:
        inputs: in its order.
        bad_lines: numbers, from 1, of lines that are no input.
        cut: whether reading stopped at the limit.
    """

    inputs: tuple[ListedInput, ...]
    bad_lines: tuple[int, ...]
    cut: bool


def supplied(documents: Iterable[bytes]) -> Mapping[str, bytes]:
    """Manifests by their SHA-256 (hex): what names them, and so what proves them."""
    return {hashlib.sha256(document).hexdigest(): document for document in documents}


def read_manifest(document: bytes, *, index: int, limit: int) -> Manifest:
    """Reads the inputs that a manifest lists.

    Args:
        document: JSON lines, UTF-8.
        index: of the run's event that names it.
        limit: the most lines that are read.
    """
    inputs: list[ListedInput] = []
    bad: list[int] = []
    cut = False
    for number, line in enumerate(_lines(document), start=1):
        if number > limit:
            cut = True
            break
        if not line.strip():
            continue
        try:
            inputs.append(_listed(_INPUT.validate_python(parse_object(line)), index))
        except (InvalidJson, ValidationError):
            bad.append(number)
    return Manifest(tuple(inputs), tuple(bad), cut)


def _lines(document: bytes) -> Iterable[bytes]:
    begin = 0
    while begin < len(document):
        end = document.find(b"\n", begin)
        end = len(document) if end < 0 else end
        yield document[begin:end]
        begin = end + 1


def _listed(item: RunInput, index: int) -> ListedInput:
    digest = item.digest.sha256 if item.digest else None
    if isinstance(item, DatasetInput):
        return ListedInput(dataset_node(item.dataset, item.version), item.grant, digest, index)
    return ListedInput(model_node(item.model, item.version), None, digest, index)
