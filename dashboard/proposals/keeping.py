"""Files that a proposal names by their fingerprint: the ledger keeps them for members.

Who keeps a file is a member that has signed in; everyone can read it then.
"""

from __future__ import annotations

import streamlit as st

from client.files import content_id
from dashboard.components.markup import badge, line, show
from dashboard.reading.connection import ledger, visit
from dashboard.signing.sign_in import sign_in

_KEPT = "kept-files"
_WHY_SIGN_IN = (
    "**The ledger keeps texts for members who have signed in.** Everyone can read them then; that "
    "the text is there binds nobody before the vote."
)


def is_kept(document: bytes, place: str) -> bool:
    """Whether the ledger keeps a file; asks for what it takes where it does not.

    Args:
        document: the file's bytes.
        place: tells several on a page apart.

    Raises:
        ConcordError: the ledger does not take it.
    """
    kept: set[str] = st.session_state.setdefault(_KEPT, set())
    content = content_id(document)
    if content not in kept:
        if visit() is None:
            sign_in(place, why=_WHY_SIGN_IN)
            return False
        with st.spinner("The ledger is keeping the text."):
            ledger().dao.upload(document)
        kept.add(content)
    show(line(badge("Kept", "good", "✓"), " The ledger holds the text under its content id."))
    return True
