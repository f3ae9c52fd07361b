"""From a choice to what the chain made of it: shown in words, checked, signed in the browser, sent.

Rules:
- What is signed is checked against what was chosen (`client.dao`) before it is shown for signing.
- A signature that could not be sent stays: sending it again has no second effect, for contracts
  count each ballot and each transaction once.
- Nothing is called done before the service has confirmed it, or a block holds it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import streamlit as st

from client import ConcordError, JsonObject
from client.errors import ServerProblem, Unreachable
from client.fields import flag
from client.fields import text as text_of
from dashboard.components.markup import code, line, show, text
from dashboard.components.signer import (
    SignatureMade,
    TransactionSigned,
    ask_to_send,
    ask_to_sign,
)
from dashboard.components.states import say_what_is_wrong
from dashboard.navigation import link
from dashboard.reading.connection import forget, visit
from dashboard.reading.dao import dao, wallet_chain
from dashboard.reading.names import forget_members
from dashboard.reading.rpc import receipt_of, send_raw
from dashboard.signing.identity import connect, me
from dashboard.words.voting import WHY_NOT

_UNDERTAKEN = "undertaken"
_DONE = "undertaking-done"
_ASK_AGAIN_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Question:
    """What the browser is asked to sign: typed data or a transaction.

    Attributes:
        words: what it does, in sentences.
        typed_data: what `eth_signTypedData_v4` takes; None for a transaction.
        transaction: see `ask_to_send`; None for typed data.
        identity: tells it from others.
    """

    words: tuple[str, ...]
    typed_data: JsonObject | None = None
    transaction: JsonObject | None = None
    identity: str = field(default_factory=lambda: secrets.token_hex(8))


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it.

    Attributes:
        headline: in a few words.
        sentence: what was done; may hold anybody's text.
        file: name and bytes of what is worth keeping.
        target: page, label and query of the link to what came of it.
    """

    headline: str
    sentence: str
    file: tuple[str, bytes] | None = None
    target: tuple[str, str, tuple[tuple[str, str], ...]] | None = None


class Task(Protocol):
    """Something that a person wants done, and must sign for."""

    def question(self, actor: str) -> Question:
        """What is to be signed by that account, checked.

        Raises:
            ConcordError: it cannot be done.
        """
        ...

    def finish(self, actor: str, answer: str) -> Done:
        """Hands on what was signed: a signature, or the hash of a transaction that is in a block.

        Raises:
            ConcordError: it was refused.
        """
        ...


@dataclass(slots=True)
class _Undertaking:
    """A task under way.

    Attributes:
        place: where on the pages it was begun.
        task: what is to be done.
        actor: for whom the question was put together.
        question: what is signed.
        answer: a signature, or a transaction's hash once it was sent.
    """

    place: str
    task: Task
    actor: str = ""
    question: Question | None = None
    answer: str = ""


def undertake(place: str, task: Task) -> None:
    """Asks for a signature at that place, from the next run on."""
    st.session_state[_UNDERTAKEN] = _Undertaking(place, task)
    st.session_state.pop(_DONE, None)


def is_undertaking(place: str) -> bool:
    """Whether a signature is being asked for there."""
    under_way = st.session_state.get(_UNDERTAKEN)
    return isinstance(under_way, _Undertaking) and under_way.place == place


def carry_on(place: str) -> None:
    """Shows what is to be signed, if it was begun at that place, and how to sign it."""
    under_way = st.session_state.get(_UNDERTAKEN)
    if not isinstance(under_way, _Undertaking) or under_way.place != place:
        return
    with st.container(border=True, key=f"signing-{place}"):
        try:
            _drive(under_way)
        except ConcordError as error:
            if not isinstance(error, Unreachable):
                under_way.question, under_way.answer = None, ""
            _say_why_not(error, place)
        if st.button("Cancel", key=f"cancel-{place}", icon=":material/close:"):
            st.session_state.pop(_UNDERTAKEN, None)
            st.rerun()


def _say_why_not(error: ConcordError, place: str) -> None:
    if isinstance(error, ServerProblem) and error.problem in WHY_NOT:
        show(line(text(WHY_NOT[error.problem])))
    else:
        say_what_is_wrong(error, f"signing-{place}")


def _drive(under_way: _Undertaking) -> None:
    actor = me()
    if actor is None:
        st.markdown("**Who is signing?** Connect your wallet or open your keystore file first.")
        connect("connect-to-sign")
        return
    if under_way.question is None or under_way.actor != actor.address:
        under_way.question = under_way.task.question(actor.address)
        under_way.actor, under_way.answer = actor.address, ""
    question = under_way.question
    if under_way.answer:
        _finish(under_way, question)
        return
    st.markdown("**You are about to sign:**")
    if question.typed_data is not None:
        signed = ask_to_sign(
            f"signer-{under_way.place}", request=question.identity, actor=actor.address,
            typed_data=question.typed_data, chain=wallet_chain(), words=question.words,
        )  # fmt: skip
        if isinstance(signed, SignatureMade):
            under_way.answer = signed.signature
            _finish(under_way, question)
    elif question.transaction is not None:
        _say_what_wallets_miss()
        sent = ask_to_send(
            f"signer-{under_way.place}", request=question.identity, actor=actor.address,
            transaction=question.transaction, chain=wallet_chain(), words=question.words,
        )  # fmt: skip
        if isinstance(sent, TransactionSigned):
            if sent.raw:
                send_raw(sent.raw)
            under_way.answer = sent.hash.lower()
            _finish(under_way, question)
    show(line(f"As {actor.name}, with {actor.using}.", cls="c-line c-small c-soft"))


def _say_what_wallets_miss() -> None:
    """Where the chain is the service's own and for members: a wallet cannot sign in to it."""
    if visit() is None or not flag(dao(), "isEmbedded"):
        return
    show(
        line("This chain shows its blocks to members only, and a browser wallet cannot sign in "
             "there: it can send, but not try the transaction first, and it may refuse. Then use a "
             "keystore file here, or ", code("concord propose"), ".", cls="c-line c-small"),
    )  # fmt: skip


def _finish(under_way: _Undertaking, question: Question) -> None:
    if question.transaction is not None and not _is_in_a_block(under_way.answer):
        _await_block(under_way.answer)
        return
    with st.spinner("Waiting for the ledger."):
        done = under_way.task.finish(under_way.actor, under_way.answer)
    forget()
    forget_members()
    st.session_state.pop(_UNDERTAKEN, None)
    st.session_state[_DONE] = (under_way.place, done)
    st.rerun()


class TransactionReverted(ConcordError):
    """The transaction is in a block, and the contract refused it."""

    code = "transaction-reverted"


def _is_in_a_block(transaction_hash: str) -> bool:
    receipt = receipt_of(transaction_hash)
    if receipt is None:
        return False
    if text_of(receipt, "status") != "0x1":
        raise TransactionReverted(
            "The chain has taken the transaction, and the contract refused it. Nothing changed."
        )
    return True


@st.fragment(run_every=_ASK_AGAIN_SECONDS)
def _await_block(transaction_hash: str) -> None:
    """Draws the page again as soon as a block holds the transaction."""
    show(line("Sent. Waiting until a block holds it; this page looks every second."))
    try:
        is_there = receipt_of(transaction_hash) is not None
    except ConcordError:
        return
    if is_there:
        st.rerun()


def show_outcome(place: str, then: Callable[[], None] | None = None) -> None:
    """Says what was done last, if it was begun at that place.

    Args:
        place: as of `undertake`.
        then: draws what follows from it.
    """
    found = st.session_state.get(_DONE)
    if not isinstance(found, tuple) or found[0] != place or not isinstance(found[1], Done):
        return
    done = found[1]
    with st.container(border=True, key=f"done-{place}"):
        st.success(f"**{done.headline}**", icon=":material/verified:")
        show(line(text(done.sentence)))
        if done.file is not None:
            st.download_button(
                "Download the receipt", done.file[1], file_name=done.file[0],
                mime="application/json", icon=":material/download:", key=f"receipt-{place}",
                on_click="ignore",
            )  # fmt: skip
        if done.target is not None:
            room, label, query = done.target
            link(room, label, **dict(query))
        if then is not None:
            then()


def summed(sentences: Sequence[str]) -> tuple[str, ...]:
    """Sentences for the signer, the first dozen of them."""
    shown = tuple(sentences[:12])
    more = len(sentences) - len(shown)
    return (*shown, f"And {more} more.") if more > 0 else shown
