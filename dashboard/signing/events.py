"""From an intention to a verified receipt: shown as a sentence, signed in the browser, sent,
proven.

Rules:
- What is signed is put together here and not by the server; the sentence on the page is the one
  that the wallet shows.
- Nothing is sent but what the connected wallet signed: a key's signature is checked here, that of a
  contract wallet by the service, which asks its chain. The receipt is verified before anything is
  called done.
- An intention that was signed can be sent again without being recorded twice.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from client import ConcordError, Draft, JsonObject, Recorded, Unsigned
from client.answers import Signed
from client.errors import Unreachable
from client.wallets import prepare
from dashboard.components.markup import line, show, text
from dashboard.components.signer import SignatureMade, ask_to_sign
from dashboard.components.states import say_what_is_wrong
from dashboard.navigation import link
from dashboard.reading.connection import forget, ledger, server, trust
from dashboard.reading.names import forget_members, readable
from dashboard.signing.identity import connect, me
from dashboard.words.times import now_ms

_INTENDED = "intended"
_DONE = "done"


@dataclass(slots=True)
class _Intention:
    """Something to be signed.

    Attributes:
        place: where on the pages it was begun.
        draft: what is to be said.
        unsigned: the same, put together for the account that is connected.
        signed: what came back, until it is recorded.
    """

    place: str
    draft: Draft
    unsigned: Unsigned | None = None
    signed: Signed | None = None


def begin(place: str, draft: Draft) -> None:
    """Asks for a signature at that place, from the next run on."""
    st.session_state[_INTENDED] = _Intention(place, draft)
    st.session_state.pop(_DONE, None)


def is_signing(place: str) -> bool:
    """Whether a signature is being asked for there."""
    intention = st.session_state.get(_INTENDED)
    return isinstance(intention, _Intention) and intention.place == place


def new_id(prefix: str) -> str:
    """An id that nobody has taken: the prefix and twelve random hex digits."""
    return f"{prefix[:100]}-{secrets.token_hex(6)}"


def sign_here(place: str) -> None:
    """Shows what is to be signed, if it was begun at that place, and how to sign it."""
    intention = st.session_state.get(_INTENDED)
    if not isinstance(intention, _Intention) or intention.place != place:
        return
    with st.container(border=True, key=f"signing-{place}"):
        try:
            _drive(intention)
        except ConcordError as error:
            say_what_is_wrong(error, f"signing-{place}")
        if st.button("Cancel", key=f"cancel-{place}", icon=":material/close:"):
            st.session_state.pop(_INTENDED, None)
            st.rerun()


def _drive(intention: _Intention) -> None:
    actor = me()
    if actor is None:
        st.markdown("**Who is signing?** Connect your wallet or open your keystore file first.")
        connect("connect-to-sign")
        return
    unsigned = _prepared(intention, actor.address)
    st.markdown("**You are about to sign:**")
    show(
        line(text(readable(unsigned.summary)), cls="c-lead"),
        line(
            f"As {actor.name}. Your wallet shows the same sentence, with addresses in place of "
            "names and times to the second. It becomes part of the log for good.",
            cls="c-line c-small c-soft",
        ),
    )
    if intention.signed is not None:
        _send(intention, intention.signed)
        return
    answer = ask_to_sign(
        f"signer-{intention.place}",
        request=unsigned.event.id.hex(),
        actor=actor.address,
        typed_data=unsigned.typed_data,
        chain=_chain(unsigned),
    )
    if isinstance(answer, SignatureMade):
        intention.signed = unsigned.signed(answer.signature)
        _send(intention, intention.signed)


def _prepared(intention: _Intention, actor: str) -> Unsigned:
    if intention.unsigned is None or intention.unsigned.event.actor != actor:
        intention.unsigned = prepare(
            intention.draft,
            actor=actor,
            trust=trust(),
            issued_at=now_ms(),
            random=secrets.token_bytes,
        )
        intention.signed = None
    return intention.unsigned


def _chain(unsigned: Unsigned) -> JsonObject:
    """The chain that wallets must be on: the one whose id the signature carries."""
    return {
        "chainId": hex(unsigned.domain.chain_id),
        "chainName": f"Concord {unsigned.domain.origin}",
        "rpcUrls": [f"{server()}/rpc"],
        "nativeCurrency": {"name": "Ether", "symbol": "ETH", "decimals": 18},
    }


def _send(intention: _Intention, signed: Signed) -> None:
    try:
        with st.spinner("The ledger is recording it."):
            recorded = ledger().send(signed)
    except Unreachable as error:
        # Signed already: it can be sent again as it is, and is recorded once.
        say_what_is_wrong(error, f"sending-{intention.place}")
        return
    except ConcordError:
        intention.unsigned = intention.signed = None
        raise
    forget()
    forget_members()
    st.session_state.pop(_INTENDED, None)
    st.session_state[_DONE] = (intention.place, signed.event.summary, recorded)
    st.rerun()


def show_done(place: str, then: Callable[[], None] | None = None) -> None:
    """Says what was recorded last, if it was begun at that place, with its receipt.

    Args:
        place: as of `begin`.
        then: draws what follows from it.
    """
    done = st.session_state.get(_DONE)
    if not isinstance(done, tuple) or done[0] != place:
        return
    _, summary, recorded = done
    assert isinstance(recorded, Recorded)  # noqa: S101 - only `_send` puts it there
    with st.container(border=True, key=f"done-{place}"):
        st.success(
            f"**Recorded as event {recorded.index}.** The receipt was checked: it is in the log.",
            icon=":material/verified:",
        )
        show(line(text(readable(str(summary)))))
        st.download_button(
            "Download the receipt",
            recorded.receipt,
            file_name=f"receipt-{recorded.index}.json",
            mime="application/json",
            icon=":material/download:",
            key=f"receipt-{place}",
            on_click="ignore",
        )
        link("audit", f"See event {recorded.index} and its proof", event=recorded.index)
        if then is not None:
            then()
