"""The demo's folder: what lies where, whether the story was told to its end, who is using it.

Rules:
- Only a folder that a demo made is ever emptied.
- A story that was interrupted is told afresh; one that was told is not told again.
- One demo at a time uses a folder.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import Conflict, Unavailable

_MARK = ".concord-demo"
_TOLD = "told"


class NotADemo(Conflict):
    """The folder holds something that no demo put there."""

    code = "not-a-demo"
    remedy = "Name another folder with `--data`."


class DemoInUse(Unavailable):
    """Another demo uses the folder."""

    code = "demo-in-use"
    remedy = "Stop the other demo, or name another folder with `--data`."


@dataclass(frozen=True, slots=True)
class DemoFolder:
    """Where a demo keeps what it makes.

    Attributes:
        path: of the folder.
    """

    path: Path

    @property
    def data(self) -> Path:
        """The ledger's data directory."""
        return self.path / "ledger"

    @property
    def home(self) -> Path:
        """What CONCORD_HOME is to be set to: the members' keys, and what is trusted."""
        return self.path / "home"

    @property
    def keys(self) -> Path:
        """The members' keys."""
        return self.home / "keys"

    @property
    def is_told(self) -> bool:
        """Whether the story was told to its end."""
        try:
            return (self.path / _MARK).read_text(encoding="utf-8") == _TOLD
        except FileNotFoundError:
            return False

    def prepare(self, *, fresh: bool) -> None:
        """Makes the folder ready: empty, unless its story was told and is to be kept.

        Raises:
            NotADemo: if it holds something else than a demo.
        """
        if self.is_told and not fresh:
            return
        if not (self.path / _MARK).exists() and any(self.path.iterdir()):
            raise NotADemo(
                f"{self.path} is not empty, and not a demo's folder; name another with --data."
            )
        # The mark stays to the last: whatever is left over is known for a demo's.
        for item in self.path.iterdir():
            if item.name == _MARK:
                continue
            if item.is_dir() and not item.is_symlink():
                shutil.rmtree(item)
            else:
                item.unlink()
        (self.path / _MARK).write_text("begun", encoding="utf-8")

    def finish(self) -> None:
        """Notes that the story was told to its end."""
        (self.path / _MARK).write_text(_TOLD, encoding="utf-8")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Makes the folder where absent, and keeps others from using it meanwhile.

        Raises:
            DemoInUse: if another demo uses it.
        """
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self.path, os.O_RDONLY)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise DemoInUse(
                    f"A demo is running in {self.path}; stop it, or name another folder with "
                    "--data."
                ) from error
            yield
        finally:
            os.close(handle)
