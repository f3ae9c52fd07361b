"""What the log holds sealed: shown to those who may read it, once they have signed for it.

What was opened belongs to the account that asked: it is shown until that one disconnects, and to
nobody else.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import streamlit as st

from client import JsonObject
from client.fields import inner, wording
from client.fields import text as text_of
from client.sealed import SealedQuestion, sealed_question
from dashboard.components.markup import badge, line, show, tag, text
from dashboard.reading.connection import ledger, trust
from dashboard.signing.identity import me
from dashboard.signing.transactions import Done, Question, carry_on, is_undertaking, undertake
from dashboard.signing.undertakings import SessionLost
from dashboard.words.times import now_ms

_WHO = "Its signer, the dataset’s steward, auditors and the operator can read it."
_WORDS = (
    "Let me read what is sealed here. This shows who asks; it records nothing and moves nothing."
)


@dataclass(slots=True)
class ReadSealed:
    """Reading one value.

    Attributes:
        commitment: base64, as it stands in the log.
        asked: the question that is signed.
    """

    commitment: str
    asked: SealedQuestion | None = None

    def question(self, actor: str) -> Question:
        """Who asks for what."""
        self.asked = sealed_question(
            self.commitment, reader=actor, trust=trust(), issued_at=now_ms()
        )
        return Question((_WORDS,), typed_data=self.asked.typed_data)

    def finish(self, actor: str, answer: str) -> Done:
        """The value, checked against the commitment; kept for the account that asked."""
        user = me()
        if self.asked is None or user is None or user.address != actor:
            raise SessionLost("Begin again: the page no longer knows what was to be read.")
        value = ledger().open_sealed(self.asked, answer)
        words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        user.opened[self.commitment] = words
        return Done("Opened.", words)


def show_sealable(title: str, item: JsonObject, name: str, place: str) -> None:
    """A text that its author may have sealed, and reading it.

    Args:
        title: what it is, such as `Why`.
        item: of the API, or an event's body.
        name: of the field.
        place: tells several on a page apart.
    """
    commitment = text_of(inner(item, name), "$sealed")
    if not commitment or inner(item, name).get("erased") is True:
        show(line(f"{title}: ", text(wording(item, name) or "not said")))
        return
    user, place = me(), f"sealed-{place}"
    if user is not None and commitment in user.opened:
        show(
            line(f"{title}: ", badge("Opened for you", "good", "✓")),
            tag("div", text(user.opened[commitment]), cls="c-text c-quote"),
        )
        return
    show(line(f"{title}: ", badge("Sealed", "calm", "■"), f" {_WHO}"))
    carry_on(place)
    if not is_undertaking(place) and st.button("Read it", key=f"read-{place}",
                                               icon=":material/lock_open:"):  # fmt: skip
        undertake(place, ReadSealed(commitment))
        st.rerun()
