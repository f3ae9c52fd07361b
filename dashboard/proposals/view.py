"""One proposal: where it stands, what it would do, what speaks for and against it, voting on it."""

from __future__ import annotations

import streamlit as st

from client import JsonObject
from client.fields import flag, inner, number, objects, optional_number, texts
from client.fields import text as text_of
from dashboard.components.copying import copyable, verbatim
from dashboard.components.explain import meaning
from dashboard.components.markup import (
    Markup,
    badge,
    code,
    facts,
    label,
    line,
    show,
    table,
    tag,
    text,
    when,
)
from dashboard.components.states import guarded
from dashboard.navigation import link
from dashboard.proposals.evidence import evidence
from dashboard.proposals.steps import OVER, next_step
from dashboard.proposals.tallies import tally
from dashboard.proposals.votes import vote_box, votes
from dashboard.reading.connection import forget, read, read_now
from dashboard.reading.names import members, named, readable
from dashboard.reading.titles import model_title, version_of
from dashboard.signing.transactions import show_outcome
from dashboard.words.amounts import coins, units
from dashboard.words.times import instant_ms, now_ms
from dashboard.words.voting import CLASSES, HAPPENED, STATES

REFRESH_SECONDS = 2
_OUTCOMES = {
    "succeeds": ("Would succeed", "good", "✓"),
    "fails": ("Would fail", "bad", "✕"),
    "untried": ("Cannot be tried", "open", "?"),
}


def state_badge(proposal: JsonObject) -> Markup:
    """Where it is in its life."""
    state = text_of(proposal, "state")
    return badge(*STATES.get(state, (state, "calm", "·")))


def class_badge(proposal: JsonObject) -> Markup:
    """How much agreement it takes."""
    name = text_of(proposal, "class")
    return badge(CLASSES.get(name, (name, ""))[0], "info", "§")


def read_at(proposal: JsonObject) -> int | None:
    """The chain's clock when the proposal was read: all its times are by that one."""
    return instant_ms(text_of(proposal, "now"))


def proposal_view(proposal: str) -> None:
    """Everything about one proposal."""
    item = read(f"/v1/proposals/{proposal}")
    title = text_of(item, "title") or f"Proposal {proposal[:8]}, without a title"
    st.title(label(title), anchor=False)
    show(
        line("Proposed by ", named(text_of(item, "proposer")), ", ",
             when(instant_ms(text_of(inner(item, "created"), "at")), read_at(item)), "."),
    )  # fmt: skip
    left, right = st.columns([3, 2], gap="large")
    with left:
        _actions(item)
        evidence(item)
        _body(item)
        vote_box(item)
        if text_of(item, "state") not in OVER:
            _simulation(proposal)
    with right:
        _standing(proposal, _stage(item))
        show_outcome(f"cancel-{proposal}")
        next_step(item)
        _timeline(item)
    votes(proposal, read_at(item))
    _raw(item)


def _stage(item: JsonObject) -> tuple[str, bool]:
    """What decides which buttons there are: the state, and whether the next step is due."""
    return text_of(item, "state"), flag(item, "isDue")


@st.fragment(run_every=REFRESH_SECONDS)
def _standing(proposal: str, drawn: tuple[str, bool]) -> None:
    """State and tally, read again and again; a new stage draws the whole page."""
    st.subheader("Where it stands")
    guarded(lambda: _draw_standing(proposal, drawn), "standing")


def _draw_standing(proposal: str, drawn: tuple[str, bool]) -> None:
    item = read_now(f"/v1/proposals/{proposal}")
    if _stage(item) != drawn:
        forget()
        st.rerun()
    with st.container(border=True, key="standing"):
        show(
            line(state_badge(item), " ", class_badge(item)),
            line(text(text_of(item, "waitsFor"))),
            tally(item),
            line("Read ", when(now_ms()), ", again every two seconds.",
                 cls="c-line c-small c-soft"),
        )  # fmt: skip
        meaning("quorum", "approval", "snapshot", "timelock", "class")


def _actions(item: JsonObject) -> None:
    is_done = text_of(item, "state") == "executed"
    st.subheader("What it did" if is_done else "What it would do")
    with st.container(border=True, key="actions"):
        for action in objects(item, "actions"):
            show(
                line(text(readable(text_of(action, "sentence"))), cls="c-lead"),
                *(line(badge("Take care", "open", "!"), " ", text(readable(warning)))
                  for warning in texts(action, "warnings")),
                *(line(text(demand), cls="c-line c-quote") for demand in texts(action, "demands")),
            )  # fmt: skip
            _about(inner(action, "action"), is_done=is_done)
        omitted = number(item, "actionsOmitted")
        if omitted:
            show(
                line(badge("Take care", "open", "!"), text(f" {omitted} more are not shown here."))
            )
        about = CLASSES.get(text_of(item, "class"), ("", "what nobody here knows"))[1]
        show(line(class_badge(item), " ", text(f"The class for {about}."), cls="c-line c-small"))


def _about(action: JsonObject, *, is_done: bool) -> None:
    model, member = text_of(action, "model"), text_of(action, "member")
    if model and not model.startswith("#"):
        version = version_of(model, text_of(action, "recordLeaf"))
        where = {"model": model} | ({"version": version} if version else {})
        link("models", model_title(model, version), icon=":material/deployed_code:", **where)
    if member in members() or (member and is_done):
        link("members", "Open the member", icon=":material/person:", member=member)


def _body(item: JsonObject) -> None:
    body = text_of(item, "body")
    st.subheader("In the proposer’s words")
    if not body:
        show(line("Nothing more was said.", cls="c-line c-soft"))
        return
    show(tag("div", text(body), cls="c-text"))


def _simulation(proposal: str) -> None:
    st.subheader("Try it")
    show(line("What would happen if it were carried out now. Nothing is changed by trying."))
    if st.button("Try it now", key=f"try-{proposal}", icon=":material/science:"):
        guarded(lambda: simulation(read_now(f"/v1/proposals/{proposal}/simulation")), "simulation")


def simulation(tried: JsonObject) -> None:
    """What trying came to."""
    for action in objects(tried, "actions"):
        reason = text_of(action, "reason")
        show(
            line(
                badge(*_OUTCOMES.get(text_of(action, "outcome"), ("Unknown", "calm", "·"))), " ",
                text(readable(text_of(action, "sentence"))),
            ),
            *([line("Because ", text(readable(reason)), ".")] if reason else []),
            *([line("An earlier action of this proposal may be what it needs.")]
              if flag(action, "mayDepend") else []),
        )  # fmt: skip
        changes = [
            (
                text(readable(text_of(change, "what"))),
                text(readable(text_of(change, "before"))),
                text(readable(text_of(change, "after"))),
            )
            for change in objects(action, "changes")
        ]
        if changes:
            show(table(("What", "Now", "Then"), changes, "What would change"))
    show(line(f"Tried on the state of block {number(tried, 'blockNumber'):,}.",
              cls="c-line c-small c-soft"))  # fmt: skip


def _timeline(item: JsonObject) -> None:
    st.subheader("What has happened")
    with st.container(border=True, key="timeline"):
        for step in objects(item, "timeline"):
            state, at = text_of(step, "state"), instant_ms(text_of(step, "at"))
            now = read_at(item)
            to_come = at is not None and now is not None and at > now
            mark = badge("To come", "calm", "◷") if to_come else badge("Done", "good", "✓")
            show(line(mark, " ", text(HAPPENED.get(state, state)), ", ", when(at, now), "."))
            index = optional_number(inner(step, "chain"), "index")
            if index is not None:
                link("audit", f"Proof: event {index}", icon=":material/verified:", event=index)


def _raw(item: JsonObject) -> None:
    with st.expander("Everything as the contracts have it", icon=":material/data_object:"):
        copyable(
            [
                ("Proposal", text_of(item, "proposal")),
                ("Description hash", text_of(item, "descriptionHash")),
            ],
            "ids-of-proposal",
        )
        for at, action in enumerate(objects(item, "actions"), start=1):
            show(
                line(tag("strong", text(f"Action {at}"))),
                facts(
                    [
                        ("Contract", code(text_of(action, "target"))),
                        ("Function", code(text_of(action, "function") or "not known")),
                        ("Sends", text(coins(units(text_of(action, "value"))))),
                        ("Data", code(text_of(action, "calldata"))),
                    ]
                ),
            )
        show(line(tag("strong", text("Description, as it stands on the chain"))))
        verbatim(text_of(item, "description"), "description")
