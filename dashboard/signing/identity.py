"""Who is using the dashboard: an account that the browser showed. It gives no rights; signatures
do.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from client.wallets import account_address
from dashboard.components.signer import Connected, ask_to_connect
from dashboard.reading.connection import end_visit
from dashboard.reading.names import name_of, roles_of

_ME = "me"


@dataclass(frozen=True, slots=True)
class Me:
    """The account that signs.

    Attributes:
        address: in EIP-55.
        using: what it signs with.
        opened: what it was shown of what the log holds sealed, by commitment.
    """

    address: str
    using: str
    opened: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def name(self) -> str:
        """What others call it."""
        return name_of(self.address)

    @property
    def roles(self) -> list[str]:
        """What it may do now."""
        return roles_of(self.address)


def me() -> Me | None:
    """The connected account, if any."""
    value = st.session_state.get(_ME)
    return value if isinstance(value, Me) else None


def connect(key: str) -> None:
    """Shows how to connect; runs the page again once it is done.

    Raises:
        InvalidIdentifier: the wallet's account is no address.
    """
    answer = ask_to_connect(key)
    if isinstance(answer, Connected):
        st.session_state[_ME] = Me(account_address(answer.address), answer.using)
        st.rerun()


def disconnect() -> None:
    """Forgets the account, and signs it out; the wallet keeps it."""
    end_visit()
    st.session_state.pop(_ME, None)
