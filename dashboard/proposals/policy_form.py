"""Adopting a policy: its text is chosen as a file, kept by the ledger, named by its fingerprint.

The content id and the digest are worked out here, from the file's own bytes; who keeps the file is
a member that has signed in. A text that is kept already can be named instead.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass

import streamlit as st

from client import JsonObject
from client.dao import EvidenceNamed
from client.fields import number, objects
from client.fields import text as text_of
from client.files import content_id
from dashboard.components.explain import hint
from dashboard.components.markup import code, line, show, text
from dashboard.proposals.drafted import Drafted, say_missing
from dashboard.proposals.keeping import is_kept

RELEASE = "release"
LARGEST_MB = 1
_DIGEST = re.compile(r"(0x)?[0-9a-f]{64}")
_HEX = re.compile(r"0x([0-9a-f]{2})*")


@dataclass(frozen=True, slots=True)
class PolicyText:
    """A policy's text and what a proposal says of it.

    Attributes:
        document: its bytes.
        name: under which it is adopted.
        parameters: what contracts enforce of it, 0x-hex: for `release` the auditors who must find
            a record clean and the seconds from attestation to release, each in 32 bytes.
    """

    document: bytes
    name: str
    parameters: str

    @property
    def content(self) -> str:
        """Its content id."""
        return content_id(self.document)

    @property
    def digest(self) -> str:
        """SHA-256, 0x-hex."""
        return "0x" + hashlib.sha256(self.document).hexdigest()


def read_policy(document: bytes) -> PolicyText | None:
    """A file as a policy's text; None where it names no policy. Whether its rules hold up is tried
    by the service before anything is signed.
    """
    try:
        found = json.loads(document)
    except ValueError:
        return None
    if not isinstance(found, dict) or not text_of(found, "policy"):
        return None
    return PolicyText(document, text_of(found, "policy"), _parameters(found))


def _parameters(policy: JsonObject) -> str:
    if text_of(policy, "policy") != RELEASE:
        return "0x"
    rules = {text_of(rule, "rule"): rule for rule in objects(policy, "rules")}
    enforced = [
        number(rules.get("evaluations-required", {}), "count"),
        number(rules.get("attested-for", {}), "seconds"),
    ]
    # abi.encode(uint256, uint256); beyond their range the service refuses the text.
    return "0x" + "".join(f"{max(0, n):064x}" for n in enforced) if any(enforced) else "0x"


def adopt_policy() -> Drafted | None:
    """The form."""
    file = st.file_uploader(
        "The policy’s text (JSON)", type=["json"], max_upload_size=LARGEST_MB, key="policy-file"
    )
    if file is None:
        with st.expander("Its text is kept already", icon=":material/inventory_2:"):
            return _kept_before()
    policy = read_policy(file.getvalue())
    if policy is None:
        st.warning("This file names no policy: it must be JSON with a field “policy”.",
                   icon=":material/edit:")  # fmt: skip
        return None
    show(
        line("Policy ", text(policy.name), ", ", f"{len(policy.document):,} bytes."),
        line("Its content id: ", code(policy.content), cls="c-line c-small"),
    )
    return _drafted(policy) if is_kept(policy.document, "keep-policy") else None


def _drafted(policy: PolicyText) -> Drafted:
    action: JsonObject = {
        "action": "adopt-policy",
        "policy": policy.name,
        "digest": policy.digest,
        "content": policy.content,
        "parameters": policy.parameters,
    }
    return Drafted(action, evidence=(EvidenceNamed("policy", policy.content),))


def _kept_before() -> Drafted | None:
    name = st.text_input(
        "Name of the policy", RELEASE, key="policy-name", max_chars=32,
        help="“release” says what a release takes; every other name is about permissions.",
    ).strip()  # fmt: skip
    content = st.text_input("Content id of its text", key="policy-content").strip()
    digest = st.text_input(
        "SHA-256 of its text, 64 hex digits", key="policy-digest", help=hint("digest")
    ).strip()
    parameters = st.text_input(
        "What contracts enforce of it, in hex", "0x", key="policy-hex"
    ).strip().lower()  # fmt: skip
    if not name or not content or not _DIGEST.fullmatch(digest) or not _HEX.fullmatch(parameters):
        say_missing("a file, or a name, the content id and the digest of the text")
        return None
    action: JsonObject = {
        "action": "adopt-policy",
        "policy": name,
        "digest": "0x" + digest.removeprefix("0x"),
        "content": content,
        "parameters": parameters,
    }
    return Drafted(action, evidence=(EvidenceNamed("policy", content),))
