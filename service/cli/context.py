"""What every command may need: which server, which key, how to print.

Built once from the global options.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import typer

from client import Keystore, Ledger, SigningKey
from client.home import key_folder, state_folder
from ledger.errors import InvalidInput

DEFAULT_SERVER = "http://127.0.0.1:8080"


class NoKeyChosen(InvalidInput):
    """The command signs, and no key was named."""

    code = "no-key-chosen"


@dataclass(frozen=True, slots=True)
class Options:
    """The global options.

    Attributes:
        server: address of the API.
        key: name or address of the key that signs.
        passphrase_file: its first line opens the key.
        verifier_key: the key that the log must have.
        as_json: print JSON.
    """

    server: str
    key: str | None
    passphrase_file: Path | None
    verifier_key: str | None
    as_json: bool

    def passphrase(self, prompt: str, *, confirm: bool = False) -> str:
        """From `--passphrase-file`, `CONCORD_PASSPHRASE`, or a prompt, in this order."""
        if self.passphrase_file is not None:
            return self.passphrase_file.read_text(encoding="utf-8").split("\n", 1)[0]
        from_environment = os.environ.get("CONCORD_PASSPHRASE")
        if from_environment is not None:
            return from_environment
        return str(typer.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True))

    def signing_key(self) -> SigningKey:
        """The chosen key, unlocked.

        Raises:
            NoKeyChosen: if there is no `--key`, no `CONCORD_KEY` and not exactly one key.
        """
        keystore = Keystore(key_folder())
        name = self.key
        if name is None:
            keys = keystore.stored()
            if len(keys) != 1:
                known = ", ".join(k.name for k in keys) or "none; `concord keys new NAME` makes one"
                raise NoKeyChosen(f"Say which key signs, with --key or CONCORD_KEY. Keys: {known}.")
            name = keys[0].name
        stored = keystore.find(name)
        passphrase = self.passphrase(f"Passphrase of {stored.name}")
        return keystore.unlock(name, passphrase)

    def reader(self) -> Ledger:
        """A client that reads."""
        return Ledger(self.server, verifier_key=self.verifier_key, state=state_folder())

    def writer(self) -> Ledger:
        """A client that signs with the chosen key."""
        return Ledger(
            self.server,
            key=self.signing_key(),
            verifier_key=self.verifier_key,
            state=state_folder(),
        )


def options_of(context: typer.Context) -> Options:
    """The global options of this run."""
    options = context.find_root().obj
    if not isinstance(options, Options):
        raise TypeError("the root command sets the options first")
    return options
