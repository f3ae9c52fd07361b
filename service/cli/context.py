"""What every command may need: which server, which key, how to print.

Built once from the global options.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from client import Keystore, Ledger, RetryPolicy, SigningKey
from client.errors import WrongPassphrase
from client.home import key_folder, state_folder
from ledger.errors import InvalidInput
from ledger.merkle import VerifierKey

DEFAULT_SERVER = "http://127.0.0.1:8080"
RETRY = RetryPolicy(attempts=4)
"""A person waits: a little more than a second for a server that is down."""

Search = Annotated[
    str | None, typer.Option(help="Only those in which all these words occur, in any case.")
]
"""Of lists."""


class NoKeyChosen(InvalidInput):
    """The command signs, and no key was named."""

    code = "no-key-chosen"
    remedy = "Name a key with `--key NAME` or `CONCORD_KEY`; `concord keys list` shows them."


class NoPassphrase(InvalidInput):
    """A passphrase is needed, and nobody is there to type it."""

    code = "no-passphrase"
    remedy = "Set `CONCORD_PASSPHRASE_FILE` or `CONCORD_PASSPHRASE`."


class InvalidVerifierKey(InvalidInput):
    """What names the log's key is no verifier key."""

    code = "invalid-verifier-key"
    remedy = "Copy the whole key from where the ledger's operator published it."


@dataclass(frozen=True, slots=True)
class Options:
    """The global options.

    Attributes:
        server: address of the API.
        key: name or address of the key that signs.
        passphrase_file: its first line opens the key.
        verifier_key: the key that the log must have.
        as_json: print JSON.
        unlocked: keys that were unlocked already, by name, so that nobody is asked twice.
    """

    server: str
    key: str | None
    passphrase_file: Path | None
    verifier_key: str | None
    as_json: bool
    unlocked: dict[str, SigningKey] = field(default_factory=dict)

    def passphrase(self, prompt: str, *, confirm: bool = False) -> str:
        """From `--passphrase-file`, `CONCORD_PASSPHRASE`, or a prompt, in this order.

        Raises:
            NoPassphrase: if nobody can be asked, or the file is no text.
        """
        if self.passphrase_file is not None:
            return _first_line(self.passphrase_file)
        from_environment = os.environ.get("CONCORD_PASSPHRASE")
        if from_environment is not None:
            return from_environment
        if not sys.stdin.isatty():
            raise NoPassphrase(
                f"{prompt}: nobody is here to type it; use --passphrase-file or CONCORD_PASSPHRASE."
            )
        try:
            return str(typer.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True))
        except typer.Abort as error:
            raise KeyboardInterrupt from error

    @property
    def passphrase_origin(self) -> str:
        """Where passphrases come from, in a sentence."""
        if self.passphrase_file is not None:
            return f"It is the first line of {self.passphrase_file} (--passphrase-file)."
        if "CONCORD_PASSPHRASE" in os.environ:
            return "It is what CONCORD_PASSPHRASE holds."
        return "It is what was typed."

    def signing_key(self, name: str | None = None) -> SigningKey:
        """A key, unlocked: the named one, or the one that the options choose.

        Raises:
            NoKeyChosen: if there is no `--key`, no `CONCORD_KEY` and not exactly one key.
        """
        keystore = Keystore(key_folder())
        name = name or self.key
        if name is None:
            keys = keystore.stored()
            if len(keys) != 1:
                known = ", ".join(k.name for k in keys) or "none; `concord keys new NAME` makes one"
                raise NoKeyChosen(f"Say which key signs, with --key or CONCORD_KEY. Keys: {known}.")
            name = keys[0].name
        stored = keystore.find(name)
        if stored.name not in self.unlocked:
            passphrase = self.passphrase(f"Passphrase of {stored.name}")
            try:
                self.unlocked[stored.name] = keystore.unlock(stored.name, passphrase)
            except WrongPassphrase as error:
                raise WrongPassphrase(f"{error} {self.passphrase_origin}") from error
        return self.unlocked[stored.name]

    def reader(self) -> Ledger:
        """A client that reads. Where the ledger wants a sign-in, the chosen key signs in; only then
        is its passphrase asked for.
        """
        return Ledger(
            self.server,
            unlock=self._reading_key,
            verifier_key=self.verifier_key,
            state=state_folder(),
            retry=RETRY,
        )

    def writer(self) -> Ledger:
        """A client that signs with the chosen key."""
        return Ledger(
            self.server,
            key=self.signing_key(),
            verifier_key=self.verifier_key,
            state=state_folder(),
            retry=RETRY,
        )

    def _reading_key(self) -> SigningKey:
        try:
            return self.signing_key()
        except NoKeyChosen as error:
            raise NoKeyChosen(
                f"{self.server} shows its contents to members only. {error}"
            ) from error


def _first_line(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").split("\n", 1)[0].removesuffix("\r")
    except UnicodeDecodeError as error:
        raise NoPassphrase(f"{file} is not text; its first line must be the passphrase.") from error


def check_verifier_key(option: str, key: str) -> VerifierKey:
    """The log's key, as the user names it.

    Raises:
        InvalidVerifierKey: naming the option that named it.
    """
    try:
        return VerifierKey.parse(key)
    except InvalidInput as error:
        raise InvalidVerifierKey(
            f"{option} {key!r} is no verifier key: {error}. It looks like "
            "ledger.example.org/concord+530d903a+Ae…; the ledger's operator publishes it."
        ) from error


def options_of(context: typer.Context) -> Options:
    """The global options of this run."""
    options = context.find_root().obj
    if not isinstance(options, Options):
        raise TypeError("the root command sets the options first")
    return options
