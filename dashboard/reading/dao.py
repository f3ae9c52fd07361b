"""The DAO behind the ledger: its terms as they are now, and the chain that wallets must be on."""

from __future__ import annotations

import streamlit as st

from client import JsonObject
from client.errors import ServerProblem
from client.fields import text
from dashboard.reading.connection import SETTLED_SECONDS, kept_for, read, server, trust
from dashboard.words.times import instant_ms

NO_DAO = "no-dao"
"""Code of the problem that a ledger without contracts answers."""


def dao() -> JsonObject:
    """The DAO's terms and contracts, as the server tells them.

    Raises:
        ConcordError: there is none, or nobody answers.
    """
    return read("/v1/dao")


def has_dao() -> bool:
    """Whether the ledger has contracts: it has them from its first event on, or never.

    Raises:
        ConcordError: nobody answers.
    """
    return _has_dao(kept_for())


@st.cache_resource(ttl=SETTLED_SECONDS, max_entries=100, show_spinner=False)
def _has_dao(reader: str) -> bool:
    del reader  # part of what it is kept under
    try:
        dao()
    except ServerProblem as error:
        if error.problem == NO_DAO:
            return False
        raise
    return True


def chain_now() -> int | None:
    """The clock of the DAO's chain, milliseconds since the epoch: its times are by that one."""
    return instant_ms(text(dao(), "now"))


def wallet_chain() -> JsonObject:
    """What `wallet_addEthereumChain` takes: the chain whose id every signature carries."""
    return {
        "chainId": hex(trust().chain_id),
        "chainName": f"Concord {trust().origin}",
        "rpcUrls": [f"{server()}/rpc"],
        "nativeCurrency": {"name": "Ether", "symbol": "ETH", "decimals": 18},
    }
