"""Progress bars for long work, on standard error, where a person is watching."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from client.files import Progress as Report
from service.cli.output import errors


@contextmanager
def digesting(file: Path, *, quiet: bool) -> Iterator[Report]:
    """A bar in bytes while a file is digested."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors, transient=True, disable=_is_hidden(quiet)) as progress:
        task = progress.add_task(f"SHA-256 of {file.name}", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def passes(*, quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each of several passes over the same items, named as they come."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors, transient=True, disable=_is_hidden(quiet)) as progress:
        tasks: dict[str, TaskID] = {}

        def report(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(name.capitalize(), total=total)
            progress.update(tasks[name], completed=done, total=total)

        yield report


def _is_hidden(quiet: bool) -> bool:  # noqa: FBT001 - one flag, one question
    return quiet or not errors.is_terminal


@contextmanager
def counting(what: str, *, quiet: bool) -> Iterator[Report]:
    """A bar in items."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors, transient=True, disable=_is_hidden(quiet)) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
