"""`concord request, deny, grant, renew, suspend, resume, revoke, use, grants`."""

from __future__ import annotations

import secrets
from typing import Annotated

import typer

from client import drafts
from ledger.events.canonical import JsonObject
from ledger.events.identifiers import parse_instant
from service.cli.addresses import address
from service.cli.context import options_of
from service.cli.exits import Panel
from service.cli.names import names_of, with_names
from service.cli.output import print_json, print_rows
from service.cli.reading import parse_json
from service.cli.receipt_files import ReceiptFile
from service.cli.recording import record
from service.cli.times import moment, now_ms

GrantId = Annotated[str, typer.Argument(help="Id of the grant.")]
Actions = Annotated[
    list[str], typer.Option("--action", help="read, train, evaluate, derive, distribute; repeat.")
]
Duo = Annotated[list[str], typer.Option("--duo", help="Purpose as DUO code, such as HMB; repeat.")]
Disease = Annotated[str | None, typer.Option(help="With DS: CURIE, such as MONDO:0007254.")]
Broader = Annotated[
    list[str] | None, typer.Option(help="A broader disease term that you vouch for; repeat.")
]
Reason = Annotated[str | None, typer.Option(help="Why; sealed unless --public-reason.")]
PublicReason = Annotated[bool, typer.Option(help="Leave the reason readable for ever.")]
At = Annotated[str, typer.Option("--at", help="From when: now, 2027-01-31, or 30d from now.")]


def new_id(prefix: str) -> str:
    """An id that nobody chose."""
    return f"{prefix}-{secrets.token_hex(4)}"


def request(
    context: typer.Context,
    dataset: Annotated[str, typer.Argument(help="Which dataset.")],
    actions: Actions,
    duo: Duo,
    until: Annotated[str, typer.Option(help="2027-01-31, or 90d from now.")] = "365d",
    justification: Annotated[str | None, typer.Option(help="Why; always sealed.")] = None,
    disease: Disease = None,
    broader: Broader = None,
    request_id: Annotated[str | None, typer.Option("--id", help="Id of the request.")] = None,
    receipt: ReceiptFile = None,
) -> None:
    """Ask a dataset's steward for access."""
    draft = drafts.request_access(
        request_id or new_id("request"),
        dataset=dataset,
        actions=actions,
        purpose=drafts.purpose(*duo, disease=disease, broader=broader or ()),
        until=moment(until, now_ms()),
        justification=justification,
    )
    record(context, draft, receipt=receipt)


def deny(
    context: typer.Context,
    request_id: Annotated[str, typer.Argument(help="Which request.")],
    amend: Annotated[
        bool, typer.Option("--amend", help="Return it for amendment instead.")
    ] = False,
    reason: Reason = None,
    public_reason: PublicReason = False,
) -> None:
    """Deny a request, or return it for amendment."""
    draft = drafts.answer_request(
        request_id, deny=not amend, reason=reason, public_reason=public_reason
    )
    record(context, draft)


def grant(
    context: typer.Context,
    dataset: Annotated[str, typer.Argument(help="Which dataset.")],
    assignee: Annotated[
        str, typer.Argument(callback=address, help="Address of the member who may.")
    ],
    actions: Actions,
    duo: Duo,
    until: Annotated[str, typer.Option(help="2027-01-31, or 90d from now.")],
    start: Annotated[str, typer.Option("--from", help="From when.")] = "now",
    version: Annotated[list[str] | None, typer.Option(help="Only this version; repeat.")] = None,
    constraint: Annotated[
        list[str] | None, typer.Option(help="ODRL constraint as JSON; repeat.")
    ] = None,
    request_id: Annotated[
        str | None, typer.Option("--request", help="The request it answers.")
    ] = None,
    terms: Annotated[str | None, typer.Option(help="SHA-256 of the agreement.")] = None,
    delegable: Annotated[
        bool, typer.Option("--delegable", help="The assignee may grant within it.")
    ] = False,
    parent: Annotated[
        str | None, typer.Option(help="The delegable grant that this is made under.")
    ] = None,
    disease: Disease = None,
    broader: Broader = None,
    grant_id: Annotated[str | None, typer.Option("--id", help="Id of the grant.")] = None,
    receipt: ReceiptFile = None,
) -> None:
    """Grant access: who may do what with which dataset, for a purpose, for a time."""
    now = now_ms()
    draft = drafts.grant_access(
        grant_id or new_id("grant"),
        dataset=dataset,
        assignee=assignee,
        actions=actions,
        purpose=drafts.purpose(*duo, disease=disease, broader=broader or ()),
        not_before=moment(start, now),
        expires_at=moment(until, now),
        versions=version,
        constraints=[parse_json(c, "--constraint") for c in constraint or ()],
        request=request_id,
        terms=terms,
        delegable=delegable,
        parent=parent,
    )
    record(context, draft, receipt=receipt)


def renew(
    context: typer.Context,
    grant_id: GrantId,
    until: Annotated[str, typer.Option(help="The new end: 2027-01-31, or 90d from now.")],
    at: At = "now",
    reason: Reason = None,
    public_reason: PublicReason = False,
) -> None:
    """Give a grant another end."""
    now = now_ms()
    draft = drafts.renew_grant(
        grant_id,
        expires_at=moment(until, now),
        effective_at=moment(at, now),
        reason=reason,
        public_reason=public_reason,
    )
    record(context, draft)


def suspend(
    context: typer.Context,
    grant_id: GrantId,
    at: At = "now",
    reason: Reason = None,
    public_reason: PublicReason = False,
) -> None:
    """Suspend a grant until it is resumed."""
    effective = moment(at, now_ms())
    draft = drafts.suspend_grant(
        grant_id, effective_at=effective, reason=reason, public_reason=public_reason
    )
    record(context, draft)


def resume(
    context: typer.Context,
    grant_id: GrantId,
    at: At = "now",
    reason: Reason = None,
    public_reason: PublicReason = False,
) -> None:
    """Resume a suspended grant."""
    effective = moment(at, now_ms())
    draft = drafts.resume_grant(
        grant_id, effective_at=effective, reason=reason, public_reason=public_reason
    )
    record(context, draft)


def revoke(
    context: typer.Context,
    grant_id: GrantId,
    retroactive: Annotated[
        bool, typer.Option("--retroactive", help="Taint every model made under it, too.")
    ] = False,
    at: At = "now",
    reason: Reason = None,
    public_reason: PublicReason = False,
    receipt: ReceiptFile = None,
) -> None:
    """Revoke a grant for good. `concord impact` shows beforehand what it reaches."""
    draft = drafts.revoke_grant(
        grant_id,
        effective_at=moment(at, now_ms()),
        retroactive=retroactive,
        reason=reason,
        public_reason=public_reason,
    )
    record(context, draft, receipt=receipt)


def use(
    context: typer.Context,
    grant_id: GrantId,
    action: Annotated[str, typer.Option(help="read, train, evaluate, derive, distribute.")],
    duo: Duo,
    run: Annotated[str | None, typer.Option(help="The run it was part of.")] = None,
    records: Annotated[int | None, typer.Option(help="How many records were read.")] = None,
    bytes_read: Annotated[
        int | None, typer.Option("--bytes", help="How many bytes were read.")
    ] = None,
    disease: Disease = None,
    broader: Broader = None,
) -> None:
    """Record that data was used under a grant."""
    draft = drafts.use_grant(
        grant_id,
        action=action,
        purpose=drafts.purpose(*duo, disease=disease, broader=broader or ()),
        run=run,
        records=records,
        bytes_read=bytes_read,
    )
    record(context, draft)


def grants(
    context: typer.Context,
    dataset: Annotated[str | None, typer.Option(help="Only of this dataset.")] = None,
    assignee: Annotated[str | None, typer.Option(help="Only of this member.")] = None,
) -> None:
    """List grants."""
    options = options_of(context)
    with options.reader() as ledger:
        rows = list(ledger.items("/v1/grants", dataset=dataset, assignee=assignee))
        names = {} if options.as_json else names_of(ledger)
    if options.as_json:
        print_json(rows)
        return
    columns = [
        ("Grant", "grant"), ("Dataset", "dataset"), ("Assignee", "assignee"),
        ("Actions", "actions"), ("Until", "expiresAt"), ("Status", "status"),
    ]  # fmt: skip
    shown = [_as_of(row, now_ms()) for row in with_names(rows, names, "assignee")]
    print_rows(columns, shown, empty="No grants match.")


def _as_of(grant: JsonObject, now: int) -> JsonObject:
    """A grant whose time is over is `expired`, also where no event says so."""
    try:
        is_over = grant["status"] == "active" and parse_instant(str(grant["expiresAt"])) <= now
    except (KeyError, ValueError):
        return grant
    return grant | {"status": "expired"} if is_over else grant


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    for command in (request, deny, grant, renew, suspend, resume, revoke, use, grants):
        app.command(rich_help_panel=Panel.ACCESS)(command)
