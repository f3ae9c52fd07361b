"""Every error raised on purpose, listed: what `/problems/{code}` and docs/problems.md say.

    python -m service.http.catalogue [--output docs/problems.md]

Rules:
- The classes are the source: code, what it means (the first line of the docstring), what to do next
  (`remedy`). Nothing is told twice, so nothing can differ.
- A code means one thing. The client may have a class for what a server told it, under its code.
"""

from __future__ import annotations

import argparse
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from ledger.errors import ConcordError
from service.http.problems import status_of

_PACKAGES = ("ledger", "governance", "service", "client")
# They run when they are imported, or are Alembic's to import.
_NOT_IMPORTED = ("__main__", "migrations")
_ELSEWHERE = ("client.", "service.cli.", "service.demo.", "service.environment")


@dataclass(frozen=True, slots=True)
class Entry:
    """One error.

    Attributes:
        code: the last part of a problem's `type`.
        status: HTTP status that it is answered with.
        meaning: what it is, a sentence.
        remedy: what to do next, a sentence or two.
        is_answered: whether the service may answer it; others are raised by the client, the
            command line or the demo alone.
    """

    code: str
    status: int
    meaning: str
    remedy: str
    is_answered: bool


def load_all() -> None:
    """Imports every module, so that every class of error is there."""
    for package in _PACKAGES:
        path = import_module(package).__path__
        for module in pkgutil.walk_packages(path, f"{package}."):
            if not any(name in module.name for name in _NOT_IMPORTED):
                import_module(module.name)


def error_classes(root: type[ConcordError] = ConcordError) -> Iterator[type[ConcordError]]:
    """A class of errors and all below it that are imported, each once."""
    seen: set[type[ConcordError]] = set()
    waiting = [root]
    while waiting:
        error = waiting.pop()
        if error not in seen:
            seen.add(error)
            yield error
            waiting.extend(error.__subclasses__())


def entries() -> dict[str, Entry]:
    """What is imported, by code, in the order of the codes."""
    found: dict[str, Entry] = {}
    for error in sorted(error_classes(), key=_order):
        found.setdefault(error.code, _entry(error))
    return dict(sorted(found.items()))


def text_of(entry: Entry) -> str:
    """What is answered under a problem's `type`."""
    return f"{entry.code} ({entry.status})\n\n{entry.meaning}\n\nWhat to do: {entry.remedy}\n"


def page() -> str:
    """docs/problems.md."""
    load_all()
    told = entries().values()
    answered = [entry for entry in told if entry.is_answered and entry.status != 500]
    failures = [entry for entry in told if entry.is_answered and entry.status == 500]
    elsewhere = [entry for entry in told if not entry.is_answered]
    lines = [*_HEAD, *_table(answered), *_FAILURES, *_table(failures), *_LOCAL, *_table(elsewhere)]
    return "\n".join(lines) + "\n"


_HEAD = (
    "# Problems",
    "",
    "Written by `python -m service.http.catalogue`; a test compares.",
    "Every refusal has a stable `code`.",
    "The service answers RFC 9457 problem details whose `type` is `/problems/<code>`: open that",
    "path at the service, and it says what stands here. `detail` has the values. The command line",
    "prints code and detail, and ends with one of the exit codes of docs/cli.md.",
    "",
    "## Answered by the service",
    "",
)
_FAILURES = (
    "",
    "## What must never be",
    "",
    "Data that contradict themselves, or a fault in the program. The service answers 500 and",
    "tells nothing of the inside; its log, `concord fsck` and `concord verify` name the code.",
    "",
)
_LOCAL = (
    "",
    "## Raised by the client, the command line and the demo",
    "",
)


def _entry(error: type[ConcordError]) -> Entry:
    meaning = (error.__doc__ or "").partition("\n\n")[0]
    return Entry(
        code=error.code,
        status=status_of(error.__new__(error)),
        meaning=" ".join(meaning.split()),
        remedy=error.remedy,
        is_answered=not error.__module__.startswith(_ELSEWHERE),
    )


def _order(error: type[ConcordError]) -> tuple[bool, str, str]:
    return error.__module__.startswith(_ELSEWHERE), error.__module__, error.__qualname__


def _table(listed: list[Entry]) -> list[str]:
    with_status = any(entry.is_answered for entry in listed)
    titles = ("code", *(("status",) if with_status else ()), "what it means", "what to do")
    rows = [titles, ("---",) * len(titles)]
    for entry in listed:
        status = (str(entry.status),) if with_status else ()
        rows.append((f"`{entry.code}`", *status, entry.meaning, entry.remedy))
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]


def main() -> None:
    """Writes the page."""
    parser = argparse.ArgumentParser(description="Writes the page of all problems.")
    parser.add_argument("--output", type=Path, default=Path("docs/problems.md"))
    parser.parse_args().output.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
