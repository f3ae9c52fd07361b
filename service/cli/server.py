"""`concord init, serve, demo`: making a ledger, serving it, and seeing all of it at work."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from client import Keystore
from client.home import key_folder
from ledger.errors import InvalidInput
from ledger.events.canonical import JsonObject
from service.cli.addresses import MEMBERS
from service.cli.addresses import guardian as guardian_of
from service.cli.context import Options, options_of
from service.cli.datadir import Data, identity_at
from service.cli.exits import Panel
from service.cli.output import console, errors, print_fields, print_json
from service.environment import read_settings
from service.memory import settle

if TYPE_CHECKING:
    from service.founding import Identity

Host = Annotated[str | None, typer.Option(help="Address to listen on.")]
Port = Annotated[int | None, typer.Option(min=0, max=65_535, help="Port; 0 takes any free one.")]

_MEMBER = re.compile(
    r"(?P<name>[^=]{1,200})=(?P<address>[^:]+):(?P<roles>[a-z,]*)(?::(?P<tokens>[0-9]{1,30}))?"
)
TOKEN = 10**18
"""Smallest units in one voting token."""

DEFAULT_OPERATOR = "operator"


class InvalidMember(InvalidInput):
    """Not of the form `NAME=ADDRESS:role,role`, with `:TOKENS` after it or without."""

    code = "invalid-member"
    remedy = "Write `NAME=ADDRESS:role,role`, with `:TOKENS` after it where there is a DAO."


class DemoNotInstalled(InvalidInput):
    """The demo trains a model, and what it takes is not installed."""

    code = "demo-not-installed"
    remedy = "Install Concord with the extra `demo`, or use `./run demo`."


def init(
    context: typer.Context,
    data: Data = None,
    origin: Annotated[
        str | None,
        typer.Option(help="Name of the log, such as ledger.example.org/concord; random if absent."),
    ] = None,
    operator: Annotated[
        str | None, typer.Option(help="Key of the operator; made if there is none at all.")
    ] = None,
    member: Annotated[
        list[str] | None,
        typer.Option(help="A member from the start, as NAME=ADDRESS:role,role[:TOKENS]; repeat."),
    ] = None,
    tokens: Annotated[
        int, typer.Option(min=1, help="Voting tokens of each member who is named without a number.")
    ] = 1_000,
    guardian: Annotated[
        str,
        typer.Option(
            callback=guardian_of,
            help="Who may cancel a proposal that is voted on or carried: members, by vote; an "
            "address; none, and then its proposer may.",
        ),
    ] = MEMBERS,
    no_dao: Annotated[
        bool, typer.Option("--no-dao", help="No contracts, no votes: the operator admits members.")
    ] = False,
) -> None:
    """Make a new ledger: its folder, the log's key, the DAO, and the first event.

    The DAO is deployed on a chain of its own in the folder, or on the one that CONCORD_CHAIN_URL
    names. Nobody owns it: members decide by vote. Interrupted, it goes on where it was.
    """
    from service.founding import (  # noqa: PLC0415 - the database is slow to import
        DaoTerms,
        found_ledger,
    )

    options = options_of(context)
    settings = read_settings(data=data)
    members = [_member(text) for text in member or ()]
    name = operator or options.key or _only_operator(options)
    identity = found_ledger(
        settings,
        operator=options.signing_key(name),
        members=members,
        origin=origin,
        dao=None if no_dao else DaoTerms(tokens=tokens * TOKEN, guardian=guardian),
        say=lambda words: errors.print(words, markup=False, highlight=False),
    )
    facts: JsonObject = {
        "data": str(settings.data_dir),
        "origin": identity.origin,
        "verifierKey": identity.verifier_key,
        "chainId": identity.chain_id,
        "operator": identity.operator,
        "contracts": dict(identity.contracts),
    }
    if options.as_json:
        print_json(facts)
        return
    _say_made(identity, settings.data_dir, len(members))


def _say_made(identity: Identity, data: Path, members: int) -> None:
    console.print(f"[green]Made[/] a new ledger, {_counted(members, 'member')}.")
    print_fields(
        [
            ("Folder", str(data)),
            ("Origin", identity.origin),
            ("Verifier key", identity.verifier_key),
            ("Operator", identity.operator),
        ]
    )
    if identity.contracts:
        console.print(f"Its DAO stands on chain {identity.chain_id}, and nobody owns it:")
        print_fields(list(identity.contracts.items()))
    console.print("Publish the verifier key: with it, everyone can check what the ledger says.")
    console.print(f"Start it with: concord serve --data {data}", markup=False)
    if members:
        return
    if identity.contracts:
        console.print("The operator holds all votes. Others are admitted by proposal.")
    else:
        console.print("Then let the first one in: concord members admit ADDRESS --role steward")


def _counted(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def _member(text: str) -> JsonObject:
    match = _MEMBER.fullmatch(text)
    if match is None:
        raise InvalidMember(
            f"{text!r} is not of the form NAME=ADDRESS:role,role[:TOKENS], such as "
            '"North Hospital=0x52908400098527886E0F7030069857D2E4169EE7:steward".'
        )
    roles = [role for role in match["roles"].split(",") if role]
    member: JsonObject = {"member": match["address"], "roles": [*roles], "name": match["name"]}
    if match["tokens"] is not None:
        member["tokens"] = int(match["tokens"]) * TOKEN
    return member


def _only_operator(options: Options) -> str | None:
    """Makes the operator's key where there is no key at all."""
    keystore = Keystore(key_folder())
    if keystore.stored():
        return None
    from secrets import token_bytes  # noqa: PLC0415

    from client import SigningKey  # noqa: PLC0415

    passphrase = options.passphrase("New passphrase for the operator's key", confirm=True)
    key = SigningKey(token_bytes(32))
    stored = keystore.save(DEFAULT_OPERATOR, key, passphrase)
    options.unlocked[stored.name] = key
    errors.print(f"Made the operator's key, encrypted: {stored.path}", markup=False)
    return stored.name


def serve(
    context: typer.Context,
    data: Data = None,
    host: Host = None,
    port: Port = None,
    migrate: Annotated[
        bool, typer.Option("--migrate", help="Upgrade the database's schema first.")
    ] = False,
) -> None:
    """Serve a ledger until told to stop (Ctrl-C, SIGTERM).

    Everything else is set by environment variables that begin with CONCORD_; docs/operations.md
    lists them.
    """
    from service.app import create_server  # noqa: PLC0415 - slow to import
    from service.cli.serving import address_of, listen  # noqa: PLC0415

    options = options_of(context)
    settings = read_settings(data=data, host=host, port=port)
    identity = identity_at(settings, migrate=migrate)
    with listen(settings.host, settings.port) as listener:
        url = address_of(listener)

        def begin() -> None:
            _say_served(url, identity, as_json=options.as_json)
            settle()

        server = create_server(settings, on_start=begin)
        try:
            server.run([listener])
        except SystemExit:
            if (refusal := server.refusal()) is None:
                raise
            raise refusal from None


def _say_served(url: str, identity: Identity, *, as_json: bool) -> None:
    """Not before it listens: whoever waits for the address, a script, may use it at once."""
    if as_json:
        facts: JsonObject = {
            "server": url,
            "origin": identity.origin,
            "verifierKey": identity.verifier_key,
        }
        print_json(facts)
        return
    print_fields(
        [
            ("API", url),
            ("OpenAPI page", f"{url}/docs"),
            ("Origin", identity.origin),
            ("Verifier key", identity.verifier_key),
        ]
    )


def demo(
    context: typer.Context,
    data: Annotated[Path, typer.Option(help="Folder of everything that the demo makes.")] = Path(
        "concord-data/demo"
    ),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Port = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Tell the story again from its start.")
    ] = False,
    exit_: Annotated[
        bool, typer.Option("--exit", help="Stop after the story instead of serving on.")
    ] = False,
    dashboard: Annotated[
        bool, typer.Option("--dashboard/--no-dashboard", help="Open the dashboard as well.")
    ] = True,
    dashboard_port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Port of the dashboard; 0 any free one.")
    ] = None,
) -> None:
    """See it at work on real data: three hospitals, a lab, one revocation, and the audit.

    Makes a ledger of its own, tells the story over HTTP with real signatures, and keeps serving,
    with the dashboard beside it where that is installed.
    """
    if find_spec("sklearn") is None:
        raise DemoNotInstalled("The demo needs scikit-learn: pip install 'concord[demo]'.")
    from service.demo.performance import perform  # noqa: PLC0415 - slow to import

    perform(
        options_of(context),
        data,
        host=host,
        port=port,
        fresh=fresh,
        serve_on=not exit_,
        with_dashboard=dashboard,
        dashboard_port=dashboard_port,
    )


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    for command in (init, serve, demo):
        app.command(rich_help_panel=Panel.LEDGER)(command)
