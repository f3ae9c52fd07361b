"""One guided form for each kind of action: what it asks, and the action that it makes.

A form answers the action in the API's form, or None while something is missing; then it says what.
Nothing here decides anything: the service tries the action, and contracts judge it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import streamlit as st

from client import JsonObject, JsonValue
from client.dao import EvidenceNamed, MemberProfile
from client.fields import flag, inner, wording
from client.fields import text as text_of
from client.wallets import account_address
from dashboard.components.explain import hint
from dashboard.models.lineage import newest
from dashboard.models.verdicts import path_of
from dashboard.navigation import asked
from dashboard.proposals.drafted import Drafted, say_missing
from dashboard.proposals.keeping import is_kept
from dashboard.proposals.policy_form import adopt_policy
from dashboard.reading.connection import every, read
from dashboard.reading.dao import dao
from dashboard.reading.names import members, name_of, roles_of
from dashboard.words.amounts import parse_tokens
from dashboard.words.terms import ROLES
from dashboard.words.times import as_instant
from dashboard.words.voting import CLASSES

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_HEX = re.compile(r"0x([0-9a-fA-F]{2})*")
_USUAL_RELEASE_DAYS = 365
_BASIS_POINTS = 100  # in one percent
MOST_MODELS = 1_000
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of action that can be proposed.

    Attributes:
        title: in the list of kinds.
        form: draws the fields.
    """

    title: str
    form: Callable[[], Drafted | None] = field(repr=False)


# Models


def _release() -> Drafted | None:
    chosen = _model_version("release")
    today = datetime.now(UTC).date()
    until = st.date_input(
        "Released if carried out until the end of",
        today + timedelta(days=_USUAL_RELEASE_DAYS), min_value=today, format="YYYY-MM-DD",
        key="release-until",
    )  # fmt: skip
    if chosen is None or not isinstance(until, date):
        say_missing("a model and its version")
        return None
    model, version, leaf = chosen
    ends = datetime(until.year, until.month, until.day, 23, 59, 59, tzinfo=UTC)
    action: JsonObject = {
        "action": "release",
        "model": model,
        "recordLeaf": leaf,
        "validUntil": as_instant(round(ends.timestamp()) * 1000),
    }
    bundle = EvidenceNamed("audit-bundle", model=model, version=version)
    return Drafted(action, evidence=(bundle,))


def _withdraw() -> Drafted | None:
    chosen = _model_version("withdraw")
    reason = st.text_area(
        "Why (public; becomes part of the proposal’s text)", key="withdraw-reason"
    ).strip()
    if chosen is None or not reason:
        say_missing("a model, its version and a reason")
        return None
    model, version, leaf = chosen
    digest = "0x" + hashlib.sha256(reason.encode()).hexdigest()
    action: JsonObject = {
        "action": "withdraw",
        "model": model,
        "recordLeaf": leaf,
        "reason": digest,
    }
    return Drafted(action, remark=f"Why {model}, version {version}, is to be withdrawn:\n{reason}")


def _model_version(key: str) -> tuple[str, str, str] | None:
    """Model, version and the leaf of its record."""
    titles = {text_of(m, "model"): wording(m, "title") for m in every("/v1/models", MOST_MODELS)}
    wanted = asked("model")
    model = st.selectbox(
        "Model", list(titles), format_func=lambda m: f"{titles[m]} ({m})", key=f"{key}-model",
        index=list(titles).index(wanted) if wanted in titles else None,
        placeholder="Choose a model",
    )  # fmt: skip
    if model is None:
        return None
    found = newest(list(every(f"/v1/models/{model}/versions", MOST_MODELS)))
    names = [text_of(item, "version") for item in found]
    version = st.selectbox(
        "Version", names, key=f"{key}-version-{model}",
        index=names.index(asked("version")) if asked("version") in names else 0,
    )  # fmt: skip
    if not version:
        return None
    leaf = text_of(read(path_of(model, version)), "leafHash").removeprefix("0x")
    return model, version, f"0x{leaf}"


# Members


def _admit() -> Drafted | None:
    member = _account("Account of the new member", "admit-account")
    roles = _roles("admit-roles", [])
    name = st.text_input(
        "What it is called (optional, public for ever)", max_chars=_LONGEST_NAME, key="admit-name",
        help="Goes into a small file, the member’s profile, which the ledger keeps. The proposal "
        "names the file by its fingerprint. Without it, pages show the account’s address.",
    ).strip()  # fmt: skip
    if member is None:
        say_missing("an account, 0x and 40 hex digits")
        return None
    action: JsonObject = {"action": "admit", "member": member, "roles": roles}
    if not name:
        return Drafted(action)
    profile = MemberProfile(name)
    if not is_kept(profile.document, "keep-profile"):
        return None
    evidence = EvidenceNamed("document", profile.content)
    return Drafted(action | {"profileDigest": profile.digest}, evidence=(evidence,))


def _change_roles() -> Drafted | None:
    member = _member("change-member")
    if member is None:
        say_missing("a member")
        return None
    roles = _roles(f"change-roles-{member}", roles_of(member))
    return Drafted({"action": "change-roles", "member": member, "roles": roles})


def _remove() -> Drafted | None:
    member = _member("remove-member")
    if member is None:
        say_missing("a member")
        return None
    return Drafted({"action": "remove-member", "member": member})


def _member(key: str) -> str | None:
    active = [address for address, item in members().items() if flag(item, "active")]
    return st.selectbox(
        "Member", active, format_func=name_of, index=None, placeholder="Choose a member", key=key
    )


def _roles(key: str, held: list[str]) -> list[JsonValue]:
    chosen = st.multiselect(
        "Roles, these and no others", list(ROLES), default=[r for r in ROLES if r in held],
        format_func=lambda role: f"{role}: {ROLES[role]}", key=key,
    )  # fmt: skip
    return [role for role in ROLES if role in chosen]


def _account(label: str, key: str) -> str | None:
    typed = st.text_input(label, placeholder="0x…", key=key).strip()
    return account_address(typed) if _ADDRESS.fullmatch(typed) else None


# Money


def _payee(key: str) -> str | None:
    others = [*members(), ""]
    chosen = st.selectbox(
        "To", others, format_func=lambda a: name_of(a) if a else "Another account …", index=None,
        placeholder="Choose who gets it", key=f"{key}-to",
    )  # fmt: skip
    return _account("Account", f"{key}-account") if chosen == "" else chosen


def _amount(label: str, key: str) -> str | None:
    typed = st.text_input(label, placeholder="such as 12 or 0.5", key=key)
    amount = parse_tokens(typed)
    return str(amount) if amount else None


def _pay() -> Drafted | None:
    to, amount = _payee("pay"), _amount("Coins of the chain", "pay-amount")
    if to is None or amount is None:
        say_missing("who gets it, and how much")
        return None
    return Drafted({"action": "pay", "to": to, "amount": amount})


def _pay_token() -> Drafted | None:
    to, amount = _payee("pay-token"), _amount("Voting tokens", "pay-token-amount")
    if to is None or amount is None:
        say_missing("who gets it, and how much")
        return None
    token = text_of(inner(dao(), "contracts"), "token")
    return Drafted({"action": "pay-token", "token": token, "to": to, "amount": amount})


def _mint() -> Drafted | None:
    to, amount = _payee("mint"), _amount("New voting tokens", "mint-amount")
    if to is None or amount is None:
        say_missing("who gets it, and how much")
        return None
    return Drafted({"action": "mint", "to": to, "amount": amount})


# Rules


def _set_class() -> Drafted | None:
    chosen = st.selectbox(
        "Class", list(CLASSES), key="class-name", help=hint("class"),
        format_func=lambda name: f"{CLASSES[name][0]}: {CLASSES[name][1]}",
    )  # fmt: skip
    left, right = st.columns(2)
    quorum = left.number_input(
        "Quorum, % of all tokens", 0.0, 100.0, 30.0, 0.01, key="class-quorum", help=hint("quorum")
    )
    approval = right.number_input(
        "Approval, % of those for and against", 50.0, 100.0, 50.0, 0.01, key="class-approval",
        help=hint("approval"),
    )  # fmt: skip
    if chosen is None:
        return None
    action: JsonObject = {
        "action": "set-class",
        "proposalClass": chosen,
        "quorum": round(quorum * _BASIS_POINTS),
        "approval": round(approval * _BASIS_POINTS),
    }
    return Drafted(action)


_TIMES = {
    "set-voting-delay": "From a proposal to the beginning of voting",
    "set-voting-period": "How long voting lasts",
    "set-vote-extension": "How long voting stays open after a late quorum",
    "set-timelock-delay": "Waiting time between passing and being carried out",
}
_UNITS = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}


def _set_time() -> Drafted | None:
    chosen = st.selectbox("Which time", list(_TIMES), format_func=_TIMES.__getitem__, key="time")
    left, right = st.columns(2)
    count = left.number_input("How long", 0, 10_000, 7, key="time-count")
    unit = right.selectbox("Unit", list(_UNITS), key="time-unit")
    if chosen is None or unit is None:
        return None
    return Drafted({"action": chosen, "seconds": int(count) * _UNITS[unit]})


def _raw_call() -> Drafted | None:
    target = _account("Contract", "call-target")
    value = _amount("Coins to send (optional)", "call-value") or "0"
    data = st.text_area("Call data, in hex", "0x", key="call-data").strip()
    if target is None or not _HEX.fullmatch(data):
        say_missing("a contract’s address, and call data in hex")
        return None
    action: JsonObject = {
        "action": "call",
        "target": target,
        "value": value,
        "calldata": data.lower(),
    }
    return Drafted(action)


KINDS: Mapping[str, Kind] = {
    "release": Kind("Release a model version", _release),
    "withdraw": Kind("Take a release back", _withdraw),
    "admit": Kind("Admit a member", _admit),
    "change-roles": Kind("Change a member’s roles", _change_roles),
    "remove-member": Kind("Remove a member", _remove),
    "adopt-policy": Kind("Adopt a policy", adopt_policy),
    "pay-token": Kind("Pay voting tokens from the treasury", _pay_token),
    "pay": Kind("Pay coins from the treasury", _pay),
    "mint": Kind("Make new voting tokens", _mint),
    "set-class": Kind("Change how much agreement a class takes", _set_class),
    "set-time": Kind("Change a time of voting", _set_time),
    "call": Kind("Any other call of a contract", _raw_call),
}
"""What can be proposed, by its name in addresses."""
