"""Connect: who you are, which server this is, and what this page trusts and why."""

from __future__ import annotations

import streamlit as st

from client.fields import flag
from client.fields import text as text_of
from dashboard.components.copying import copyable, verbatim
from dashboard.components.explain import meaning
from dashboard.components.markup import badge, code, facts, line, show, text, when
from dashboard.components.states import guarded
from dashboard.reading.connection import ledger, server, trust
from dashboard.reading.dao import dao, has_dao
from dashboard.signing.identity import connect, disconnect, me
from dashboard.signing.sign_in import is_outside, sign_in
from dashboard.words.terms import ROLES
from dashboard.words.times import now_ms

_WHY = """
When this page first met the log, it noted the log's name, its key and its chain id. They never
change by the server's word.

Every answer that matters is tied to the log's signature. A later state is believed only with a
proof that it extends the earlier one. A server that shows two histories, or an earlier state, is
caught and named, and both signed states are kept.

What you sign is put together on this page and shown by your wallet as the same sentence. Your key
never leaves your browser. The service never signs for anyone.

This page itself is a program on the machine that serves it. If that is not yours, run your own: it
works with any server.
"""


def page() -> None:
    """Draws the page."""
    st.title("Connect")
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Who you are")
        guarded(_who, "who")
    with right:
        st.subheader("Which ledger this is")
        guarded(_which, "which")
    st.subheader("What this page trusts, and why")
    st.markdown(_WHY)
    verbatim(f"python -m dashboard --server {server()}", "own-dashboard")


def _who() -> None:
    if is_outside():
        sign_in("connect")
        return
    user = me()
    if user is None:
        show(line("You can read everything without connecting. Connect to sign: with a wallet in "
                  "this browser, or with a keystore file that stays in it."))  # fmt: skip
        connect("connect-page")
        meaning("wallet", "keystore")
        return
    show(
        line(badge("Connected", "good", "✓"), " ", text(user.name), cls="c-lead"),
        line("With ", text(user.using), "."),
    )
    for role in user.roles:
        show(line(badge(role, "info", "●"), " ", text(ROLES.get(role, "")), "."))
    if not user.roles:
        show(line("This account is no member of this ledger: it can read, and what it signs will "
                  "be refused."))  # fmt: skip
    copyable([("Address", user.address)], "my-address")
    st.button("Disconnect", key="disconnect-here", on_click=disconnect)


def _which() -> None:
    log = trust()
    checkpoint = ledger().checkpoint()
    with st.container(border=True):
        show(
            line(badge("Verified by this page", "good", "✓"), " ", when(now_ms())),
            facts(
                [
                    ("Server", text(server())),
                    ("Log", text(log.origin)),
                    ("Events", text(f"{checkpoint.size:,}")),
                    ("Fingerprint", code(checkpoint.root.hex())),
                    ("Chain id", text(str(log.chain_id))),
                ]
            ),
        )
        copyable([("Verifier key", log.verifier_key), ("Log", log.origin)], "log-ids")
        show(line("Compare the verifier key with the one that the consortium published elsewhere: "
                  "then nobody can show you another log.", cls="c-line c-small"))  # fmt: skip
        meaning("verifier key", "checkpoint", "chain id", "root")
    guarded(_dao, "dao")


def _dao() -> None:
    if is_outside():
        show(line("What else this ledger has, its members see once they have signed in."))
        return
    if not has_dao():
        show(line("This ledger was made without a DAO: there is nothing to vote on."))
        return
    st.subheader("Its DAO")
    found, terms = ledger().dao.contracts(), dao()
    where = "in the service itself" if flag(terms, "isEmbedded") else "outside of the service"
    with st.container(border=True, key="dao"):
        show(
            line(badge("Named by the log", "good", "✓"), " The first event of the log names these "
                 "contracts. What you sign is for them and for no others, whatever a server says."),
            line(text(f"Their chain runs {where}.")),
        )  # fmt: skip
        copyable(
            [
                ("Governor", found.governor),
                ("Token", found.token),
                ("Treasury (timelock)", found.timelock),
                ("Members", found.members),
                ("Models", found.models),
                ("Policies", found.policies),
                ("Anchors", found.anchors),
                ("Chain’s address for wallets", text_of(terms, "rpc")),
            ],
            "contracts",
        )
