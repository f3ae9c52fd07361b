"""Proofs in front of the reader: an event, two sizes, an uploaded file. All checked here."""

from __future__ import annotations

import json

import streamlit as st

from client import ConcordError, JsonObject
from client.errors import WrongReceipt
from client.fields import inner
from client.fields import text as text_of
from client.proofs import (
    BundleProof,
    ConsistencyProof,
    EventProof,
    prove_consistency,
    prove_document,
    prove_event,
)
from dashboard.components.copying import copyable, verbatim
from dashboard.components.explain import meaning
from dashboard.components.markup import Markup, badge, code, facts, line, show, tag, text, when
from dashboard.components.working import is_started, outcome, start
from dashboard.models.verdicts import verdict_badge
from dashboard.navigation import link
from dashboard.reading.connection import ledger, trust
from dashboard.reading.names import named, named_within, readable
from dashboard.reading.titles import dataset_title, model_title, proposal_title
from dashboard.signing.sealed import show_sealable
from dashboard.words.findings import ONLY_ITS_CHAIN, signed_in_words
from dashboard.words.kinds import kind_in_words

_LARGEST_UPLOAD_MB = 64
_TITLES = {"justification": "Why", "reason": "Why"}
"""Fields that authors seal, in words."""


def event_view(index: int) -> None:
    """One event: what it says, who signed it, and the proof that it is in the log."""
    receipt = ledger().receipt(index)
    proof = prove_event(receipt, trust())
    event = proof.event
    st.title(f"Event {index}")
    show(
        line(text(readable(text_of(event, "summary"))), cls="c-lead"),
        line(
            tag("strong", text(kind_in_words(text_of(event, "kind")))), f" {_by(proof)} ",
            named_within(text_of(event, "actor")), ", recorded ", when(proof.recorded_at), ".",
        ),
    )  # fmt: skip
    _about(event)
    _sealed_in(event, index)
    st.subheader("Is it really in the log?")
    _checks(proof)
    _path(proof)
    st.download_button(
        "Download the receipt", receipt, f"receipt-{index}.json", "application/json",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip
    show(line("Anyone can check it with no server:"))
    verbatim(
        f"concord verify receipt-{index}.json --verifier-key '{trust().verifier_key}'",
        "verify-command",
    )
    _raw(proof)
    meaning("event", "receipt", "root", "checkpoint")
    _neighbours(index, ledger().checkpoint().size)


def _about(event: JsonObject) -> None:
    body = inner(event, "body")
    dataset, model = text_of(body, "dataset"), text_of(body, "model")
    proposal = text_of(body, "proposal")
    if dataset:
        link("datasets", dataset_title(dataset), icon=":material/database:", dataset=dataset)
    if model:
        link("models", model_title(model), icon=":material/deployed_code:", model=model)
    if proposal:
        link("proposals", proposal_title(proposal), icon=":material/how_to_vote:",
             proposal=proposal)  # fmt: skip


def _sealed_in(event: JsonObject, index: int) -> None:
    body = inner(event, "body")
    for name in body:
        if "$sealed" in inner(body, name):
            show_sealable(_TITLES.get(name, name.capitalize()), body, name, f"{index}-{name}")


def _checks(proof: EventProof) -> None:
    size = proof.checkpoint.size
    done = badge("Checked", "good", "✓")
    now = ledger().checkpoint()
    grown = []
    if now.size > size:
        found = prove_consistency(size, now.size, now, ledger().fetch_document)
        _must_begin(proof, found)
        words = (
            f" Those {size:,} are the first of the {now.size:,} events that the log signs now, "
            f"unchanged: {len(found.hashes)} fingerprints prove it."
        )
        grown = [line(done, words)]
    show(
        _signed(proof),
        line(done, f" {len(proof.steps)} steps lead from this event to the fingerprint of all "
                   f"{size:,} events."),
        line(done, " The log has signed that fingerprint."),
        *grown,
        line(done, " That log is the one this page has trusted since it first saw it."),
        line("Checked on this page just now, from the bytes that the server sent.",
             cls="c-line c-small c-soft"),
    )  # fmt: skip


def _by(proof: EventProof) -> str:
    return "in the name of" if proof.unconfirmed else "by"


def _signed(proof: EventProof) -> Markup:
    signer = named(text_of(proof.event, "actor"))
    if proof.unconfirmed:
        return line(badge("Not checked", "open", "?"), " ", signer, f" {ONLY_ITS_CHAIN}")
    signed = " has signed exactly this sentence and its details."
    return line(badge("Checked", "good", "✓"), " ", signer, signed)


def _must_begin(proof: EventProof, found: ConsistencyProof) -> None:
    """What was compared must be the log that the receipt was made for.

    Raises:
        WrongReceipt: it is another one.
    """
    if found.first_root != proof.checkpoint.root:
        raise WrongReceipt("The receipt was made for another log than the one that is signed now.")


def _path(proof: EventProof) -> None:
    with st.expander("Show every step", icon=":material/account_tree:"):
        rows = [("This event’s fingerprint", code(proof.leaf_hash.hex()))]
        for at, step in enumerate(proof.steps, start=1):
            side = "on the left" if step.side == "left" else "on the right"
            rows.append((f"Step {at}: neighbour {side}", code(step.sibling.hex())))
            rows.append(("together", code(step.result.hex())))
        rows.append(("Signed by the log", code(proof.checkpoint.root.hex())))
        show(facts(rows))


def _raw(proof: EventProof) -> None:
    with st.expander("Everything that was signed", icon=":material/data_object:"):
        copyable(
            [
                ("Event id", proof.event_id),
                ("Signature", text_of(proof.event, "signature")),
                ("Actor", text_of(proof.event, "actor")),
                ("Leaf hash", proof.leaf_hash.hex()),
            ],
            "ids-of-event",
        )
        verbatim(json.dumps(proof.event, ensure_ascii=False, indent=2), "signed-event")
        show(line("The checkpoint, as the log signed it:"))
        verbatim(proof.note, "signed-checkpoint")


def _neighbours(index: int, size: int) -> None:
    with st.container(horizontal=True):
        if index > 0:
            link("audit", f"Event {index - 1}", icon=":material/chevron_left:", event=index - 1)
        if index + 1 < size:
            link("audit", f"Event {index + 1}", icon=":material/chevron_right:", event=index + 1)


def compare_sizes() -> None:
    """Shows that the log of one size is the beginning of the log of another."""
    checkpoint = ledger().checkpoint()
    show(
        line(
            "Take two moments of the log, by its number of events. This page shows that the later "
            "one only added to the earlier one: nothing was changed or taken out between."
        )
    )
    with st.form("sizes", border=False):
        left, right = st.columns(2)
        first = left.number_input("Earlier size", 1, checkpoint.size, max(1, checkpoint.size // 2))
        second = right.number_input("Later size", 1, checkpoint.size, checkpoint.size)
        if not st.form_submit_button("Compare", type="primary"):
            return
    if first > second:
        st.warning("The earlier size is the larger one; swap them.", icon=":material/swap_horiz:")
        return
    found = prove_consistency(first, second, checkpoint, ledger().fetch_document)
    st.success(
        f"**The first {first:,} events are the same in both.** {len(found.hashes)} fingerprints "
        f"prove it, and both lead to the state of {checkpoint.size:,} events that the log signed.",
        icon=":material/verified:",
    )
    show(
        facts(
            [
                (f"Fingerprint at {first:,}", code(found.first_root.hex())),
                (f"Fingerprint at {second:,}", code(found.second_root.hex())),
                (f"Signed at {checkpoint.size:,}", code(checkpoint.root.hex())),
            ]
        )
    )
    meaning("root", "checkpoint")


def verify_upload() -> None:
    """Checks a receipt or a bundle that somebody was given."""
    show(line("Somebody gave you a receipt or the proof of an audit? Check it here. "
              "The file is read by this dashboard and goes nowhere else."))  # fmt: skip
    file = st.file_uploader(
        "Receipt or proof (JSON)", type=["json"], max_upload_size=_LARGEST_UPLOAD_MB
    )
    if file is None:
        return
    key = f"upload-{file.file_id}"
    if not is_started(key):
        document, log = file.getvalue(), trust()
        start(key, lambda: prove_document(document, log))
    try:
        outcome(key, "Checking every event of it…", _proven)
    except ConcordError as error:
        st.error("**This file proves nothing.**", icon=":material/gpp_bad:")
        show(line(text(str(error))))


def _proven(proof: EventProof | BundleProof) -> None:
    if isinstance(proof, BundleProof):
        _bundle(proof)
    else:
        _receipt(proof)


def _receipt(proof: EventProof) -> None:
    who = named(text_of(proof.event, "actor"))
    if proof.unconfirmed:
        st.warning("**It is in the log. Who signed it was not checked.**", icon=":material/rule:")
        show(line(who, f" {ONLY_ITS_CHAIN}"), line("To ask it: ",
             code("concord verify FILE --rpc NODE"), cls="c-line c-soft"))  # fmt: skip
    else:
        st.success(
            "**It holds.** Every step was checked. The event is signed by its member.",
            icon=":material/verified:",
        )
    show(
        line(text(readable(text_of(proof.event, "summary"))), cls="c-lead"),
        line("Event ", text(str(proof.index)), f" of this log, {_by(proof)} ", who,
             ", recorded ", when(proof.recorded_at), "."),
    )  # fmt: skip
    link("audit", "Open the event", event=proof.index)


def _bundle(proof: BundleProof) -> None:
    st.success(
        f"**It holds.** Every step was checked. {signed_in_words(proof.unconfirmed)}.",
        icon=":material/verified:",
    )
    show(
        line(verdict_badge(proof.verdict), " ", text(f"{proof.model}, version {proof.version}"),
             cls="c-lead"),
        line(f"As of event {proof.size - 1:,}. {proof.events} events were replayed, and gave the "
             "same verdict."),
        line("It does not prove that nothing was left out; replay the whole log for that: ",
             code("concord verify FILE --log SERVER"), cls="c-line c-soft"),
    )  # fmt: skip
    link("models", "Open the model", model=proof.model, version=proof.version)
