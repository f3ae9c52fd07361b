"""The DAO behind the ledger: its terms, and the contracts that signatures are for.

Rules:
- What is signed names a contract and a chain. Both are taken from the log's own first event, proven
  here, and not from what the server says today.
- What the chain's node answers is shown, never trusted with a decision: contracts decide.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from client import ConcordError, JsonObject
from client.errors import ServerProblem
from client.proofs import prove_event
from dashboard.connection import ledger, read, server, trust
from dashboard.fields import inner, text

NO_DAO = "no-dao"
"""Code of the problem that a ledger without contracts answers."""


class UntrustedContracts(ConcordError):
    """The server names other contracts than the log."""

    code = "untrusted-contracts"


@dataclass(frozen=True, slots=True)
class Contracts:
    """What signatures are for.

    Attributes:
        chain_id: EIP-155.
        governor: EIP-55; ballots.
        token: EIP-55; delegations.
    """

    chain_id: int
    governor: str
    token: str


def dao() -> JsonObject:
    """The DAO's terms and contracts, as the server tells them.

    Raises:
        ConcordError: there is none, or nobody answers.
    """
    return read("/v1/dao")


def has_dao() -> bool:
    """Whether the ledger has contracts.

    Raises:
        ConcordError: nobody answers.
    """
    try:
        dao()
    except ServerProblem as error:
        if error.problem == NO_DAO:
            return False
        raise
    return True


@st.cache_data(ttl=3_600, max_entries=16, show_spinner=False)
def _named_in_the_log(address: str) -> dict[str, str]:
    del address  # part of what it is kept under
    first = prove_event(ledger().receipt(0), trust()).event
    named = inner(inner(first, "body"), "contracts")
    return {name: str(value) for name, value in named.items()}


def contracts() -> Contracts:
    """The contracts, as the first event of the log names them.

    Raises:
        UntrustedContracts: it names none, or the server says otherwise.
        ConcordError: the proof does not hold, or nobody answers.
    """
    named, told = _named_in_the_log(server()), dao()
    governor, token = named.get("ConcordGovernor", ""), named.get("ConcordToken", "")
    said = inner(told, "contracts")
    if not governor or (governor, token) != (text(said, "governor"), text(said, "token")):
        raise UntrustedContracts(
            "The server names other contracts than the first event of the log. Nothing was signed; "
            "ask whoever runs the server."
        )
    return Contracts(trust().chain_id, governor, token)


def wallet_chain() -> JsonObject:
    """What `wallet_addEthereumChain` takes for the DAO's chain."""
    return {
        "chainId": hex(trust().chain_id),
        "chainName": f"Concord {trust().origin}",
        "rpcUrls": [f"{server()}/rpc"],
        "nativeCurrency": {"name": "Ether", "symbol": "ETH", "decimals": 18},
    }
