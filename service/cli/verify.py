"""`concord verify`: receipts, bundles, ballots and whole logs, checked with no server of ours.

The log's verifier key comes from `--verifier-key` (or `--key`, as nothing is signed here), else
from what is trusted of the log that the document names. With `--rpc` chains are asked, too: whether
they hold the anchor, or counted the ballot.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from client.errors import ForkedLog, RolledBackLog
from client.home import state_folder
from client.trust import Trust
from client.trust_store import TrustStore
from ledger.errors import InvalidInput
from ledger.events import RecordedEvent
from ledger.events.canonical import JsonObject
from ledger.events.identifiers import check_address
from ledger.events.wallets import WalletChain
from ledger.merkle import Anchor, Checkpoint, parse_note, parse_receipt
from service.cli.audits import VERDICT_EXITS, print_audit
from service.cli.context import Options, check_verifier_key, options_of
from service.cli.documents import Document, UnknownDocument, kind_of
from service.cli.exits import Exit, Panel
from service.cli.nodes import Nodes, opened
from service.cli.output import console, plain, print_fields, print_json, print_unconfirmed
from service.cli.progress import counting
from service.cli.tiles import Source, checkpoint_of, entries_of, folder_source, remote_source
from service.cli.verify_anchors import AnchorCheck, check_anchor, print_anchor
from service.cli.verify_votes import verify_ballot, verify_delegation

if TYPE_CHECKING:
    from ledger.verify import ReplayedLog, VerifiedBundle, VerifiedEvent


class NoVerifierKey(InvalidInput):
    """Nothing says which key the log must have."""

    code = "no-verifier-key"
    remedy = "Give `--verifier-key`, as the log's operator has published it."


class InvalidRegistry(InvalidInput):
    """`--registry` is no address."""

    code = "invalid-registry"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the user wants to know beyond the document.

    Attributes:
        options: the global options.
        log: the whole log, a folder or an address.
        nodes: that may be asked; None where none was named.
        registry: of the log's anchors, where the user knows it.
    """

    options: Options
    log: str | None
    nodes: Nodes | None
    registry: str | None


def verify(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(help="A receipt, a bundle, or a ballot's receipt.")
    ] = None,
    log: Annotated[
        str | None,
        typer.Option(
            help="Replay this whole log too, a folder of exported tiles or a server's address: "
            "proves that a bundle left nothing out. Without FILE, the log itself is verified."
        ),
    ] = None,
    rpc: Annotated[
        list[str] | None,
        typer.Option(
            help="Ask the chain at this node's JSON-RPC whether it holds the anchor, or counted "
            "the ballot; repeat for several nodes or chains."
        ),
    ] = None,
    registry: Annotated[
        str | None,
        typer.Option(help="With --rpc: the log's registry of anchors, as the consortium names it."),
    ] = None,
    confirmations: Annotated[
        int, typer.Option(min=0, help="With --rpc: blocks that must follow one before it counts.")
    ] = 0,
) -> None:
    """Verify a receipt, a bundle or a ballot offline or on its chain, or a whole log.

    Exit code 0 proven, 6 not proven, 11 proven in part; for a bundle 10 tainted, 11 incomplete.
    """
    options = options_of(context)
    with opened(rpc or [], confirmations=confirmations) as nodes:
        asked = _Asked(options, log, nodes if rpc else None, _address(registry))
        if file is not None:
            _verify_document(asked, file.read_bytes())
        elif log is not None:
            _verify_log(asked, log)
        else:
            raise UnknownDocument("Name a file to verify, or a whole log with --log.")


def _address(registry: str | None) -> str | None:
    try:
        return None if registry is None else check_address(registry)
    except ValueError as error:
        raise InvalidRegistry(f"--registry {registry}: {error}.") from error


def _verify_document(asked: _Asked, document: bytes) -> None:
    match kind_of(document):
        case Document.RECEIPT:
            _verify_receipt(asked, document)
        case Document.BUNDLE:
            _verify_bundle(asked, document)
        case Document.BALLOT:
            verify_ballot(document, asked.nodes, as_json=asked.options.as_json)
        case Document.DELEGATION:
            verify_delegation(document, asked.nodes, as_json=asked.options.as_json)


def _verify_receipt(asked: _Asked, document: bytes) -> None:
    options, nodes = asked.options, asked.nodes
    origin = Checkpoint.parse(parse_note(parse_receipt(document).proof.checkpoint).text).origin
    trust = _trusted(options, origin)
    chain_id = trust.chain_id or None
    wallets = None if nodes is None else nodes.wallets(chain_id)
    verified, unconfirmed = _event_of(document, trust, wallets)
    if asked.log is not None:
        _replay(options, asked.log, trust, verified.checkpoint)
    anchored = _check_anchor(asked, verified.anchor, verified.checkpoint, [verified.recorded])
    event = verified.recorded.event
    code = Exit.INCOMPLETE if unconfirmed or anchored.is_missing else Exit.OK
    if options.as_json:
        known: JsonObject = {"proven": not unconfirmed, "unconfirmed": [*unconfirmed]}
        print_json(_receipt_json(verified) | known | anchored.to_json())
        raise typer.Exit(code)
    console.print(
        f"[green]Proven[/]: event {verified.recorded.index} stands in the log {origin}, "
        f"as signed at size {verified.checkpoint.size}."
    )
    signer = event.actor if verified.signature_checked else f"{event.actor} (not checked)"
    fields = [("Kind", event.kind), ("Signed by", signer), ("What", event.summary)]
    print_fields([*fields, ("Event id", event.id.hex())])
    print_unconfirmed(unconfirmed)
    if unconfirmed:
        console.print(f"If {event.actor} is no contract wallet, the event is forged.")
    _say_replayed(asked)
    print_anchor(anchored)
    if not verified.signature_checked and not unconfirmed:
        console.print(
            "The signer's own signature needs the chain id of the ledger, which is known once "
            "this ledger was visited: concord log show."
        )
    raise typer.Exit(code)


def _event_of(
    document: bytes, trust: Trust, wallets: WalletChain | None
) -> tuple[VerifiedEvent, tuple[int, ...]]:
    """The event of a receipt, and its index where only its chain could confirm who signed it."""
    from ledger.audit.errors import UnconfirmedSignature  # noqa: PLC0415 - slow to import
    from ledger.verify import verify_receipt  # noqa: PLC0415

    chain_id = trust.chain_id or None
    try:
        return verify_receipt(document, trust.keys, chain_id=chain_id, wallets=wallets), ()
    except UnconfirmedSignature:
        verified = verify_receipt(document, trust.keys)
        return verified, (verified.recorded.index,)


def _check_anchor(
    asked: _Asked, anchor: Anchor | None, signed: Checkpoint, events: Sequence[RecordedEvent]
) -> AnchorCheck:
    return check_anchor(anchor, signed, asked.nodes, registry=asked.registry, events=events)


def _receipt_json(verified: VerifiedEvent) -> JsonObject:
    recorded = verified.recorded
    return {
        "document": "receipt",
        "origin": verified.checkpoint.origin,
        "index": recorded.index,
        "eventId": recorded.event.id.hex(),
        "recordedAt": recorded.recorded_at,
        "kind": recorded.event.kind,
        "actor": recorded.event.actor,
        "summary": recorded.event.summary,
        "size": verified.checkpoint.size,
        "root": verified.checkpoint.root.hex(),
        "signatureChecked": verified.signature_checked,
    }


def _verify_bundle(asked: _Asked, document: bytes) -> None:
    from ledger.audit import audit_json, parse_bundle  # noqa: PLC0415 - slow to import
    from ledger.verify import verify_bundle  # noqa: PLC0415

    options, log, nodes = asked.options, asked.log, asked.nodes
    bundle = parse_bundle(document)
    origin = Checkpoint.parse(parse_note(bundle.checkpoint).text).origin
    trust = _trusted(options, origin)
    wallets = _wallets(nodes, trust)
    verified = verify_bundle(document, trust.keys, wallets=wallets)
    if log is not None:
        _confirm(options, log, trust, verified)
    anchored = _check_anchor(asked, verified.anchor, verified.checkpoint, verified.events)
    answer = audit_json(verified.answer)
    if options.as_json:
        print_json(
            {
                "proven": True,
                "document": "bundle",
                "origin": origin,
                "size": verified.checkpoint.size,
                "root": verified.checkpoint.root.hex(),
                "events": len(verified.events),
                "nothingLeftOut": log is not None,
                **anchored.to_json(),
                "answer": answer,
            }
        )
    else:
        how = "all but those named below" if verified.unconfirmed else "each"
        console.print(
            f"[green]Proven[/]: {len(verified.events)} events, {how} signed, and in the log "
            f"{origin} at size {verified.checkpoint.size}. The verdict follows from them:"
        )
        print_audit(answer)
        _say_replayed(asked)
        print_anchor(anchored)
        if log is None:
            console.print("[dim]That nothing was left out is shown by --log, the whole log.[/]")
    code = VERDICT_EXITS[verified.answer.verdict]
    if code is Exit.OK and anchored.is_missing:
        code = Exit.INCOMPLETE
    raise typer.Exit(code)


def _wallets(nodes: Nodes | None, trust: Trust) -> WalletChain | None:
    """Asks contract wallets on the log's chain; the only one that was named, where its id is not
    known: the replay compares it with the first leaf's.
    """
    if nodes is None:
        return None
    named = {chain.chain_id for chain in nodes.chains.values()}
    known = trust.chain_id or (named.pop() if len(named) == 1 else None)
    return nodes.wallets(known)


def _verify_log(asked: _Asked, log: str) -> None:
    options = asked.options
    with _source(options, log) as source:
        origin = Checkpoint.parse(parse_note(checkpoint_of(source)).text).origin
    trust = _trusted(options, origin)
    replayed = _replay(options, log, trust, None, _wallets(asked.nodes, trust))
    checkpoint = replayed.checkpoint
    if options.as_json:
        print_json(
            {
                "proven": True,
                "document": "log",
                "origin": origin,
                "size": checkpoint.size,
                "root": checkpoint.root.hex(),
                "unconfirmed": [*replayed.unconfirmed],
            }
        )
        return
    how = "all but those named below are" if replayed.unconfirmed else "each is"
    console.print(
        f"[green]Proven[/]: all {checkpoint.size} events of {origin} were replayed; {how} signed, "
        "each is authorised, and together they give the signed root."
    )
    print_fields([("Root", checkpoint.root.hex())])
    print_unconfirmed(replayed.unconfirmed)


def _say_replayed(asked: _Asked) -> None:
    if asked.log is not None:
        console.print(f"[green]Confirmed[/] by replaying the whole log in {plain(asked.log)}.")


def _replay(
    options: Options,
    log: str,
    trust: Trust,
    held: Checkpoint | None,
    wallets: WalletChain | None = None,
) -> ReplayedLog:
    """Replays a log, and ties a checkpoint that the user holds to it."""
    from ledger.verify import replay_log  # noqa: PLC0415 - slow to import

    sizes = () if held is None else (held.size,)
    with (
        _source(options, log) as source,
        counting("Replaying", quiet=options.as_json) as progress,
    ):
        note = checkpoint_of(source)
        size = Checkpoint.parse(parse_note(note).text).size
        entries = entries_of(source, size, progress)
        replayed = replay_log(entries, note, trust.keys, sizes=sizes, wallets=wallets)
    if held is not None:
        _check_held(replayed, held)
    return replayed


def _check_held(replayed: ReplayedLog, held: Checkpoint) -> None:
    tree = replayed.trees.get(held.size)
    if tree is None:
        raise RolledBackLog(
            f"The log has {replayed.checkpoint.size} events; the receipt was signed at "
            f"{held.size}. Events are missing, or the files are old: export them again."
        )
    if tree.root != held.root:
        raise ForkedLog(
            f"The log's root at size {held.size} is {tree.root.hex()}, the receipt's is "
            f"{held.root.hex()}: two histories were signed. Keep both."
        )


def _confirm(options: Options, log: str, trust: Trust, verified: VerifiedBundle) -> None:
    from ledger.verify import confirm_with_log  # noqa: PLC0415 - slow to import

    with (
        _source(options, log) as source,
        counting("Replaying", quiet=options.as_json) as progress,
    ):
        note = checkpoint_of(source)
        size = Checkpoint.parse(parse_note(note).text).size
        confirm_with_log(verified, entries_of(source, size, progress), note, trust.keys)


def _source(options: Options, log: str) -> AbstractContextManager[Source]:
    if log.startswith(("http://", "https://")):
        signing = None if _names_log(options.key) else options.key
        return remote_source(replace(options, server=log, key=signing))
    return folder_source(Path(log))


def _names_log(key: str | None) -> bool:
    """Whether `--key` names the log's verifier key; a signing key's name has no `+`."""
    return key is not None and "+" in key


def _trusted(options: Options, origin: str) -> Trust:
    """Which key the log must have, and what else is known of it; chain id 0 where it is not."""
    named = options.verifier_key or (options.key if _names_log(options.key) else None)
    known = TrustStore(state_folder()).read(origin)
    if named is not None:
        key = check_verifier_key(
            "--key" if options.verifier_key is None else "--verifier-key", named
        )
        if known is not None and known.verifier_key == named:
            return known
        return Trust(key.name, str(key), chain_id=0)
    if known is None:
        raise NoVerifierKey(
            f"The document is of the log {origin}, which was never visited from here. Name its "
            "key with --verifier-key; the ledger's operator publishes it."
        )
    return known


def register(root: typer.Typer) -> None:
    """Adds the command of this module."""
    root.command(rich_help_panel=Panel.QUESTIONS)(verify)
