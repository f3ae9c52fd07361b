"""`concord`: the command line.

Global options (`--server --key --passphrase-file --verifier-key --json`) may stand anywhere. Exit
codes are in `service.cli.exits` and in docs/cli.md.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from client.errors import ServerProblem
from client.wire import RETRIED_STATUSES
from ledger.errors import (
    ConcordError,
    Conflict,
    IntegrityError,
    InvalidInput,
    NotFound,
    Refused,
    Unavailable,
)
from service.cli import (
    access,
    audits,
    content,
    datasets,
    keys,
    log,
    members,
    models,
    proposing,
    relayer,
    requests,
    restoring,
    rules,
    server,
    upkeep,
    verify,
    votes,
)
from service.cli.context import DEFAULT_SERVER, Options, check_verifier_key
from service.cli.exits import Exit, Panel
from service.cli.output import errors, plain, print_json

_WITH_VALUE = frozenset({"--server", "--key", "--passphrase-file", "--verifier-key"})
_FLAGS = frozenset({"--json"})

app = typer.Typer(
    name="concord",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Who may use which data, which model came out of it, who decided its release: with proof.",
    epilog="Global options may stand anywhere. Exit codes: 0 done, 2 usage, 3 refused, 4 invalid, "
    "5 unavailable, 6 not proven, 10 tainted, 11 incomplete.",
)


def _say_version(is_asked: bool) -> None:  # noqa: FBT001 - so typer calls it
    if is_asked:
        typer.echo(f"concord {version('concord')}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    server_address: Annotated[
        str, typer.Option("--server", envvar="CONCORD_SERVER", help="Address of the API.")
    ] = DEFAULT_SERVER,
    key: Annotated[
        str | None,
        typer.Option("--key", envvar="CONCORD_KEY", help="Name or address of the signing key."),
    ] = None,
    passphrase_file: Annotated[
        Path | None,
        typer.Option(envvar="CONCORD_PASSPHRASE_FILE", help="File whose first line opens the key."),
    ] = None,
    verifier_key: Annotated[
        str | None,
        typer.Option(envvar="CONCORD_VERIFIER_KEY", help="The key that the log must have."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    _is_version_asked: Annotated[
        bool,
        typer.Option(
            "--version", callback=_say_version, is_eager=True, help="Print the version and end."
        ),
    ] = False,
) -> None:
    """Reads the global options."""
    context.obj = Options(server_address, key, passphrase_file, verifier_key, as_json)
    if verifier_key is not None:
        check_verifier_key("--verifier-key", verifier_key)


app.add_typer(keys.app, name="keys", rich_help_panel=Panel.PEOPLE)
app.add_typer(datasets.app, name="dataset", rich_help_panel=Panel.ACCESS)
server.register(app)
access.register(app)
requests.register(app)
models.register(app)
audits.register(app)
members.register(app)
proposing.register(app)
votes.register(app)
rules.register(app)
log.register(app)
verify.register(app)
upkeep.register(app)
restoring.register(app)
app.add_typer(relayer.app, name="relayer", rich_help_panel=Panel.LEDGER)
content.register(app)


def hoist_global_options(arguments: list[str]) -> list[str]:
    """Moves global options to the front, so that they may stand anywhere before `--`."""
    hoisted: list[str] = []
    rest: list[str] = []
    position = 0
    while position < len(arguments):
        argument = arguments[position]
        if argument == "--":
            rest += arguments[position:]
            break
        name, equals, _ = argument.partition("=")
        if argument in _FLAGS or (name in _WITH_VALUE and equals):
            hoisted.append(argument)
        elif argument in _WITH_VALUE and position + 1 < len(arguments):
            hoisted += arguments[position : position + 2]
            position += 1
        else:
            rest.append(argument)
        position += 1
    return hoisted + rest


def exit_code_of(error: ConcordError) -> Exit:
    """The exit code that an error ends the command with."""
    if isinstance(error, ServerProblem):
        return _exit_code_of_status(error.status)
    if isinstance(error, Unavailable):
        return Exit.UNAVAILABLE
    if isinstance(error, IntegrityError):
        return Exit.NOT_PROVEN
    if isinstance(error, InvalidInput):
        return Exit.INVALID
    if isinstance(error, Refused | Conflict | NotFound):
        return Exit.REFUSED
    return Exit.FAILED


def _exit_code_of_status(status: int) -> Exit:
    if status in RETRIED_STATUSES:
        return Exit.UNAVAILABLE
    if status in {400, 413, 415, 422}:
        return Exit.INVALID
    return Exit.REFUSED if 400 <= status < 500 else Exit.FAILED


def main() -> None:
    """Runs the command line of this process."""
    arguments = hoist_global_options(sys.argv[1:])
    as_json = "--json" in arguments
    try:
        app(arguments, prog_name="concord")
    except ConcordError as error:
        if isinstance(error, ServerProblem):
            _report(error.problem, error.detail, as_json=as_json)
        else:
            _report(error.code, str(error), as_json=as_json)
        sys.exit(exit_code_of(error))
    except OSError as error:
        _report("file-error", _about_file(error), as_json=as_json)
        sys.exit(Exit.FAILED)


def _about_file(error: OSError) -> str:
    """What is wrong with a file, and what to do."""
    name = error.filename
    match error:
        case FileNotFoundError():
            return f"There is no {name}; check the path."
        case PermissionError():
            return f"{name} may not be read or written by you; check its permissions."
        case IsADirectoryError():
            return f"{name} is a folder; name a file."
        case NotADirectoryError():
            return f"{name} is not in a folder; check the path."
    return f"{name or 'A file'} cannot be read or written: {error.strerror or error}."


def _report(code: str, message: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"error": {"code": code, "detail": message}})
    else:
        errors.print("[red]Error:[/] ", end="")
        errors.print(plain(message), markup=False, end="")
        errors.print(f" [dim]\\[{code}][/]")


if __name__ == "__main__":
    main()
