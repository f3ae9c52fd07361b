"""Running `concord`: in this process where only its words count, else in one of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest

from client import Keystore, SigningKey
from service.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
PASSPHRASE = "correct horse"
FAST = 1 << 4
"""Scrypt's work factor in tests, where nobody attacks."""


@dataclass(frozen=True)
class Result:
    """What a command left.

    Attributes:
        code: exit code.
        out: standard output.
        err: standard error.
    """

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)

    def check(self, code: int = 0) -> Self:
        """Itself, if the command ended with this code."""
        assert self.code == code, f"exit code {self.code}\n{self.out}\n{self.err}"
        return self


@dataclass
class Commands:
    """A user at the command line, with a home of their own.

    Attributes:
        home: CONCORD_HOME.
        folder: the current directory.
        environment: more variables.
    """

    home: Path
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]
    environment: dict[str, str] = field(default_factory=dict)

    def keep(self, name: str, key: SigningKey) -> None:
        """Keeps a key, quickly."""
        Keystore(self.home / "keys", work_factor=FAST).save(name, key, PASSPHRASE)

    def variables(self) -> dict[str, str]:
        """The environment."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("CONCORD_")}
        own = {"CONCORD_HOME": str(self.home), "CONCORD_PASSPHRASE": PASSPHRASE}
        return clean | own | self.environment

    def __call__(self, *arguments: object) -> Result:
        """Runs a command in this process."""
        with self.monkeypatch.context() as patch:
            for name in list(os.environ):
                if name.startswith("CONCORD_"):
                    patch.delenv(name)
            for name, value in self.variables().items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["concord", *map(str, arguments)])
            patch.chdir(self.folder)
            self.capture.readouterr()
            try:
                main()
            except SystemExit as ended:
                code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
            else:
                code = 0
            captured = self.capture.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return Result(code, captured.out, captured.err)

    def start(self, *arguments: object, **variables: str) -> Command:
        """Starts a command in a process of its own."""
        return Command(
            [sys.executable, "-m", "service.cli.main", *map(str, arguments)],
            self.folder,
            self.variables() | variables,
        )


class Command:
    """A command that runs. Use it as a context: it is over afterwards."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        # -m finds the packages from anywhere.
        environment = environment | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._printed = threading.Condition()
        self._text = {"out": "", "err": ""}
        self._readers = [
            threading.Thread(target=self._read, args=(name, stream), daemon=True)
            for name, stream in (("out", self._process.stdout), ("err", self._process.stderr))
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self.end()

    def _read(self, name: str, stream: Any) -> None:
        for line in stream:
            with self._printed:
                self._text[name] += line
                self._printed.notify_all()
        with self._printed:
            self._printed.notify_all()

    @property
    def out(self) -> str:
        """Standard output so far."""
        with self._printed:
            return self._text["out"]

    def wait_for(self, words: str, seconds: float = 120) -> None:
        """Waits until it has printed something on either stream."""
        deadline = time.monotonic() + seconds
        with self._printed:
            while words not in self._text["out"] + self._text["err"]:
                left = deadline - time.monotonic()
                over = self._process.poll() is not None and not any(
                    reader.is_alive() for reader in self._readers
                )
                assert left > 0, f"never printed {words!r}: {self._text}"
                assert not over, f"ended without {words!r}: {self._text}"
                self._printed.wait(min(left, 0.1))

    def interrupt(self) -> None:
        """Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def terminate(self) -> None:
        """SIGTERM."""
        self._process.terminate()

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()

    def end(self, seconds: float = 240) -> Result:
        """Waits until it is over."""
        code = self._process.wait(seconds)
        for reader in self._readers:
            reader.join(30)
        return Result(code, self._text["out"], self._text["err"])
