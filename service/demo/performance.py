"""The demo from its first line to its last: a ledger, a server, the story, and then serving on."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from client import Keystore, Ledger
from ledger.content.location import open_content_store
from ledger.events.canonical import JsonObject
from service.cli.context import Options
from service.cli.datadir import identity_at
from service.cli.output import console, plain, print_fields, print_json
from service.cli.serving import BackgroundServer, address_of, listen, listen_nearby
from service.dao import read_plan
from service.demo.cast import (
    AUDITOR,
    CAST,
    HOSPITALS,
    LAB,
    MODEL,
    OPERATOR,
    PASSPHRASE,
    load_keys,
    make_keys,
)
from service.demo.dashboard import Dashboard, is_installed, open_dashboard
from service.demo.folder import DemoFolder
from service.founding import DaoTerms, Identity, found_ledger
from service.settings import Settings

USUAL_PORT = 8080
VOTERS = (*HOSPITALS, LAB, AUDITOR)
"""Whose votes the demo proposes to cast: that of the first who has not voted yet."""
TERMS = DaoTerms(voting_delay=3_600, vote_extension=0)
"""A day's delay and more would only be passed over; the rest is as a real DAO has it."""


@dataclass(frozen=True, slots=True)
class OpenVote:
    """A proposal that is open for votes.

    Attributes:
        proposal: as the API shows it.
        voter: name of a key that has not voted yet; None if all have.
    """

    proposal: JsonObject
    voter: str | None


def perform(
    options: Options,
    path: Path,
    *,
    host: str,
    port: int | None,
    fresh: bool,
    serve_on: bool,
    with_dashboard: bool = False,
    dashboard_port: int | None = None,
) -> None:
    """Plays the demo.

    Args:
        options: of the command line.
        path: folder of everything that it makes.
        host: address to listen on.
        port: to listen on; 8080 or the next free one where None.
        fresh: whether to tell the story again.
        serve_on: whether to keep serving after it.
        with_dashboard: whether the dashboard is opened, if it is installed and the demo serves on.
        dashboard_port: of the dashboard; 8501 or the next free one where None.

    Raises:
        DemoInUse, NotADemo: about the folder.
        PortTaken: if a port was named and is taken.
        ConcordError: if the ledger refuses what the story does.
    """
    folder = DemoFolder(path)
    console.quiet = options.as_json
    with _terminated_like_interrupted(), folder.held():
        folder.prepare(fresh=fresh)
        settings = _settings(folder, host)
        identity = identity_at(settings) if folder.is_told else _found(folder, settings)
        listener = listen(host, port) if port is not None else listen_nearby(host, USUAL_PORT)
        with ExitStack() as open_parts:
            open_parts.enter_context(listener)
            server = open_parts.enter_context(BackgroundServer(settings, listener))
            address = address_of(listener)
            if port is None and listener.getsockname()[1] != USUAL_PORT:
                console.print(f"Port {USUAL_PORT} is taken; this demo uses another one.")
            dashboard = None
            if serve_on and with_dashboard and is_installed():
                # It starts while the story is told.
                log = folder.path / "dashboard.log"
                dashboard = open_parts.enter_context(
                    open_dashboard(address, home=folder.home, log=log, port=dashboard_port)
                )
            _play(folder, address, settings)
            undecided = _undecided(folder, address)
            _say_what_next(
                options, folder, address, identity, dashboard=dashboard, undecided=undecided
            )
            if serve_on:
                console.print("\n[bold]Serving.[/] Ctrl-C stops it.")
                server.wait()


def _play(folder: DemoFolder, address: str, settings: Settings) -> None:
    """Tells the story, unless it was told."""
    if folder.is_told:
        console.print("The story was told before; --fresh tells it again.")
    else:
        console.print(f"A ledger of its own in {folder.path}, served at {address}.")
        _tell_all(folder, address, settings)
        folder.finish()


def _undecided(folder: DemoFolder, address: str) -> list[OpenVote]:
    """The proposals that are open for votes."""
    keystore = Keystore(folder.keys)
    holders = {role.name: keystore.find(role.name).address for role in VOTERS}
    with Ledger(address, state=folder.home / "trust") as ledger:
        # So that what was verified here is what the commands below trust.
        ledger.checkpoint()
        found = []
        for proposal in ledger.dao.proposals(state="active"):
            cast = {vote["voter"] for vote in ledger.dao.votes(int(str(proposal["proposal"])))}
            left = (name for name, holder in holders.items() if holder not in cast)
            found.append(OpenVote(proposal, next(left, None)))
        return found


def _tell_all(folder: DemoFolder, address: str, settings: Settings) -> None:
    # What trains models is slow to import, and a second demo trains none.
    from service.demo.decisions import assemble, decide  # noqa: PLC0415
    from service.demo.story import Stage, say, tell  # noqa: PLC0415

    stage = Stage(address, folder.path, load_keys(folder.keys))
    tell(stage)
    content = open_content_store(settings.content_url, settings.data_dir)
    try:
        plan = read_plan(settings)
        with assemble(stage.server, plan, stage.keys, MODEL, stage.ledger) as assembly:
            decide(
                assembly,
                content,
                stage.folder / "bundles",
                model=MODEL,
                reader=lambda: stage.ledger(AUDITOR),
                say=say,
            )
    finally:
        content.close()


def _settings(folder: DemoFolder, host: str) -> Settings:
    """The demo's own, whatever the environment says of another ledger."""
    return Settings(
        data_dir=folder.data,
        host=host,
        origin=None,
        database_url=None,
        log_key_file=None,
        public_url=None,
        chain_url=None,
        chain_development=True,
        relayer_key_file=None,
        content_url="",
        anchor_leaves=1,
        anchor_chains=(),
        mirror_seconds=0.2,
        anchor_check_seconds=0.2,
        keeper_seconds=0.2,
    )


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Lets SIGTERM unwind what is open, as Ctrl-C does."""

    def end(number: int, frame: FrameType | None) -> None:
        del frame
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _found(folder: DemoFolder, settings: Settings) -> Identity:
    keys = make_keys(folder.keys)
    members: list[JsonObject] = [
        {"member": keys[role.name].address, "roles": [*role.roles], "name": role.title}
        for role in CAST
    ]
    return found_ledger(settings, operator=keys[OPERATOR.name], members=members, dao=TERMS)


def _say_what_next(
    options: Options,
    folder: DemoFolder,
    address: str,
    identity: Identity,
    *,
    dashboard: Dashboard | None,
    undecided: Sequence[OpenVote],
) -> None:
    commands = _commands(folder, address)
    pages = dashboard.address if dashboard is not None and dashboard.answers() else None
    if options.as_json:
        print_json(
            {
                "server": address,
                "docs": f"{address}/docs",
                "dashboard": pages,
                "origin": identity.origin,
                "verifierKey": identity.verifier_key,
                "home": str(folder.home),
                "keys": str(folder.keys),
                "passphrase": PASSPHRASE,
                "bundles": str(folder.path / "bundles"),
                "commands": commands,
                "openProposals": [str(each.proposal["proposal"]) for each in undecided],
            }
        )
        return
    console.print()
    if dashboard is not None and pages is None:
        console.print(f"The dashboard did not start; {dashboard.log} says why.", markup=False)
    print_fields(
        [
            *([("Dashboard", pages)] if pages is not None else []),
            ("API", address),
            ("OpenAPI page", f"{address}/docs"),
            ("Verifier key", identity.verifier_key),
            ("Members' keys", str(folder.keys)),
            ("Their passphrase", PASSPHRASE),
        ]
    )
    console.print("\nTry, in another terminal:")
    for command in commands:
        console.print(f"  {command}", markup=False)
    for each in undecided:
        _say_how_to_vote(each, folder, address, pages)


def _say_how_to_vote(vote: OpenVote, folder: DemoFolder, address: str, pages: str | None) -> None:
    number = vote.proposal["proposal"]
    title, until = plain(vote.proposal["title"]), plain(vote.proposal["deadline"])
    console.print(f"\nOpen for votes until {until} by the chain's clock: {title}.", markup=False)
    if vote.voter is None:
        console.print("All members have voted.")
        return
    if pages is not None:
        console.print(
            f"Vote in the dashboard: {pages}/proposals?proposal={number}\n"
            f"with keystore file {folder.keys / f'{vote.voter}.json'}, passphrase {PASSPHRASE}.",
            markup=False,
        )
    program, home, server = _program(folder, address)
    command = f"{program} vote {number} for --key {vote.voter}{server}"
    console.print(
        f"Vote in a terminal:\nCONCORD_PASSPHRASE={PASSPHRASE} {home} {command}", markup=False
    )


def _commands(folder: DemoFolder, address: str) -> list[str]:
    """Three commands that work as they stand."""
    program, home, server = _program(folder, address)
    bundle = shlex.quote(str(folder.path / "bundles" / f"{MODEL}-1.json"))
    return [
        f"{home} {program} audit {MODEL} 1{server}",
        f"{home} {program} impact wdbc-north{server}",
        f"{home} {program} verify {bundle}",
    ]


def _program(folder: DemoFolder, address: str) -> tuple[str, str, str]:
    """How the command line is called, what goes before that, and its last option."""
    # Whoever came in by the front door has no `concord` on their path.
    program = "./run concord" if sys.argv[0].endswith("main.py") else "concord"
    home = f"CONCORD_HOME={shlex.quote(str(folder.home))}"
    server = "" if address.endswith(f":{USUAL_PORT}") else f" --server {address}"
    return program, home, server
