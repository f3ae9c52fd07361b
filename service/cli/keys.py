"""`concord keys`: make, list and import signing keys."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated

import typer

from client import Keystore, SigningKey
from client.errors import InvalidKeystore, WrongPassphrase
from client.home import key_folder
from client.keystore import open_keyfile
from ledger.errors import InvalidInput
from service.cli.context import options_of
from service.cli.output import console, print_fields, print_json, print_rows

app = typer.Typer(no_args_is_help=True, help="Make, list and import signing keys.")


class InvalidSecret(InvalidInput):
    """Neither a keystore file nor a private key in hex."""

    code = "invalid-secret"
    remedy = "Hand in a keystore V3 file, or 64 hex digits."


@app.command("new")
def new_key(
    context: typer.Context, name: Annotated[str, typer.Argument(help="File name of the key.")]
) -> None:
    """Make a key and keep it encrypted (keystore V3, mode 0600)."""
    _save(context, name, SigningKey(secrets.token_bytes(32)))


@app.command("import")
def import_key(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="File name of the key.")],
    file: Annotated[
        Path, typer.Argument(help="Keystore V3 file, or one with a private key in hex.")
    ],
) -> None:
    """Import a key from a keystore file, or from a file with 64 hex digits."""
    options = options_of(context)
    content = file.read_bytes()
    if content.lstrip().startswith(b"{"):
        try:
            key = open_keyfile(content, options.passphrase(f"Passphrase of {file.name}"))
        except (InvalidKeystore, WrongPassphrase) as error:
            raise type(error)(f"{file}: {error}") from error
    else:
        try:
            key = SigningKey(bytes.fromhex(content.decode().strip().removeprefix("0x")))
        except (ValueError, UnicodeDecodeError) as error:
            raise InvalidSecret(
                f"{file} is neither a keystore V3 file nor a private key of 64 hex digits."
            ) from error
    _save(context, name, key)


@app.command("list")
def list_keys(context: typer.Context) -> None:
    """List the keys there are."""
    rows = [
        {"name": k.name, "address": k.address, "path": str(k.path)}
        for k in Keystore(key_folder()).stored()
    ]
    if options_of(context).as_json:
        print_json(rows)
        return
    columns = [("Name", "name"), ("Address", "address"), ("File", "path")]
    print_rows(columns, [{**row} for row in rows], empty="No keys yet: concord keys new NAME")


def _save(context: typer.Context, name: str, key: SigningKey) -> None:
    options = options_of(context)
    passphrase = options.passphrase(f"New passphrase for {name}", confirm=True)
    stored = Keystore(key_folder()).save(name, key, passphrase)
    if options.as_json:
        print_json({"name": stored.name, "address": stored.address, "path": str(stored.path)})
        return
    console.print("Kept, encrypted. Back the file up: nobody can make it again.")
    print_fields([("Name", stored.name), ("Address", stored.address), ("File", str(stored.path))])
