"""One valid body of every kind, with every optional field filled in, and keys that sign them.

The bodies hang together (the grant answers the request, the run used the grant) but are examples of
form: nothing here says that the rules would let them in, in any order.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping
from types import MappingProxyType

from ledger.events import BODIES, Domain, Event, SigningKey, build_event, sign
from ledger.events.canonical import JsonObject
from ledger.events.sealed import seal

DOMAIN = Domain(4_201_337_001_337, "ledger.example/test")
ISSUED_AT = 1_790_000_000_000
"""2026-09-21T14:13:20Z."""


def signing_key(name: str) -> SigningKey:
    """The same key for the same name, in every run."""
    return SigningKey(hashlib.sha256(f"test key of {name}".encode()).digest())


STEWARD = signing_key("steward")
LAB = signing_key("lab")
OPERATOR = signing_key("operator")
GATEWAY = signing_key("gateway")


def nonce(number: int) -> bytes:
    """A nonce that is another for every number."""
    return hashlib.sha256(f"test nonce {number}".encode()).digest()


SEALED: JsonObject = seal(
    "the reviewer knows the patient", salt=bytes(range(32)), data_subject="subject-1"
)[0]
"""A well-formed seal."""

_A, _B = "aa" * 32, "bb" * 32
_START, _END = "2026-10-01T08:00:00Z", "2027-10-01T08:00:00Z"
_CID = "bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"

_PURPOSE: JsonObject = {
    "duo": ["DS", "NPU"],
    "disease": {"term": "MONDO:0007254", "broader": ["MONDO:0004992"]},
}
_FILE: JsonObject = {
    "digest": {"sha256": _A},
    "name": "records.csv",
    "uri": "https://hospital.example/records.csv",
    "mediaType": "text/csv",
    "size": 48_213,
    "annotations": {"split": "train"},
}
_CONSTRAINT: JsonObject = {
    "leftOperand": "count",
    "operator": "lteq",
    "rightOperand": 5,
}
_RULE: JsonObject = {"action": "use", "constraint": [_CONSTRAINT]}
_CHAIN: JsonObject = {
    "chainId": DOMAIN.chain_id,
    "contract": OPERATOR.address,
    "blockNumber": 17,
    "blockHash": "0x" + _A,
    "transactionHash": "0x" + _B,
    "logIndex": 3,
    "blockTime": _START,
}
_MEMBER: JsonObject = {
    "member": STEWARD.address,
    "roles": ["steward", "auditor"],
    "name": "St. Anna Hospital",
    "profile": _FILE,
}
_REASON: JsonObject = {"effectiveAt": _START, "reason": "Consent was withdrawn."}
_RUN: JsonObject = {
    "run": "run-1",
    "job": "train tumour classifier",
    "inputs": [
        {
            "dataset": "tumours",
            "version": "1.0",
            "grant": "grant-1",
            "digest": {"sha256": _A},
        },
        {"model": "base", "version": "3", "digest": {"sha256": _B}},
    ],
    "inputsManifest": _FILE,
    "source": _FILE,
    "parameters": {"learning rate": 0.001, "tiefe": {"größe": [1, None, True, "x"]}},
    "environment": {"python": "3.11.9", "Gerät": "zwei Kerne"},
    "startedAt": "2026-10-02T08:00:00Z",
}
_PROPOSAL = str(2**255 + 12_345)
_AMOUNT = "1000000000000000000"

_EXAMPLES: dict[str, JsonObject] = {
    "ledger.created": {
        "ledger": "ledger",
        "origin": DOMAIN.origin,
        "chainId": DOMAIN.chain_id,
        "contracts": {"ConcordGovernor": OPERATOR.address},
        "logKey": "ledger.example/test+c7a1e0f2+AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=",
        "members": [_MEMBER],
        "mirror": OPERATOR.address,
    },
    "member.admitted": _MEMBER | {"chain": _CHAIN},
    "member.roles_changed": {
        "member": STEWARD.address,
        "roles": ["steward"],
        "chain": _CHAIN,
    },
    "member.removed": {
        "member": STEWARD.address,
        "reason": "The hospital has closed.",
        "chain": _CHAIN,
    },
    "key.authorized": {
        "key": GATEWAY.address,
        "kinds": ["access.used", "run.completed"],
        "until": _END,
        "label": "Gateway of the records room",
    },
    "key.revoked": {"key": GATEWAY.address, "reason": "The gateway was replaced."},
    "dataset.registered": {
        "dataset": "tumours",
        "title": "Breast tumours, hospital A",
        "license": "CC-BY-4.0",
        "usage": {
            "duo": ["DS", "NPU"],
            "diseases": [{"term": "MONDO:0007254", "broader": ["MONDO:0004992"]}],
            "odrl": {"permission": [_RULE], "prohibition": [_RULE]},
        },
        "personalData": True,
        "steward": STEWARD.address,
        "description": "Features computed from images of fine needle aspirates.",
    },
    "dataset.version_published": {
        "dataset": "tumours",
        "version": "1.0",
        "distribution": [_FILE],
        "recordCount": 190,
        "croissant": _CID,
        "revisionOf": "0.9",
    },
    "dataset.stewardship_transferred": {"dataset": "tumours", "to": LAB.address},
    "dataset.withdrawn": {"dataset": "tumours", "reason": "Superseded."},
    "access.requested": {
        "request": "request-1",
        "dataset": "tumours",
        "actions": ["read", "train"],
        "purpose": _PURPOSE,
        "until": _END,
        "justification": SEALED,
    },
    "access.returned": {"request": "request-1", "reason": "Please name the disease."},
    "access.denied": {"request": "request-1", "reason": "Outside the consent."},
    "access.granted": {
        "grant": "grant-1",
        "dataset": "tumours",
        "versions": ["1.0"],
        "assignee": LAB.address,
        "actions": ["read", "train"],
        "purpose": _PURPOSE,
        "constraints": [_CONSTRAINT],
        "notBefore": _START,
        "expiresAt": _END,
        "request": "request-1",
        "terms": _B,
        "delegable": True,
        "parent": "grant-0",
    },
    "access.renewed": _REASON | {"grant": "grant-1", "expiresAt": _END},
    "access.suspended": _REASON | {"grant": "grant-1"},
    "access.resumed": _REASON | {"grant": "grant-1"},
    "access.revoked": _REASON | {"grant": "grant-1", "effect": "retroactive"},
    "access.expired": {"grant": "grant-1", "sweep": "sweep-2027-10-01"},
    "access.emergency_opened": {
        "emergency": "emergency-1",
        "dataset": "tumours",
        "until": _END,
        "justification": SEALED,
    },
    "access.emergency_reviewed": {
        "emergency": "emergency-1",
        "verdict": "justified",
        "reason": "A life was at stake.",
    },
    "access.used": {
        "grant": "grant-1",
        "action": "train",
        "purpose": _PURPOSE,
        "run": "run-1",
        "records": 190,
        "bytes": 48_213,
        "decision": "decision-1",
    },
    "model.registered": {
        "model": "tumour-classifier",
        "title": "Tumour classifier",
        "owner": LAB.address,
        "license": "Apache-2.0",
        "task": "classification",
    },
    "run.started": _RUN,
    "run.completed": _RUN
    | {
        "outputs": [{"model": "tumour-classifier", "version": "1.0", "digest": {"sha256": _A}}],
        "endedAt": "2026-10-02T09:00:00Z",
        "metrics": {"accuracy": 0.97, "loss": 1e-7},
    },
    "run.failed": _RUN
    | {
        "endedAt": "2026-10-02T09:00:00Z",
        "reason": "Out of memory.",
        "metrics": {"accuracy": None},
    },
    "model.version_published": {
        "model": "tumour-classifier",
        "version": "1.0",
        "artifact": _FILE,
        "relation": "finetuned",
        "run": "run-1",
        "base": [{"model": "base", "version": "3"}],
        "card": _CID,
    },
    "proposal.created": {
        "proposal": _PROPOSAL,
        "proposer": LAB.address,
        "calls": [{"target": OPERATOR.address, "value": "0", "calldata": "0x8456cb59"}],
        "descriptionHash": "0x" + _A,
        "voteStart": _START,
        "voteEnd": _END,
        "chain": _CHAIN,
        "title": "Release the tumour classifier",
        "description": _CID,
        "proposalClass": "constitutional",
        "callsOmitted": 2,
    },
    "vote.cast": {
        "proposal": _PROPOSAL,
        "voter": LAB.address,
        "support": 1,
        "weight": _AMOUNT,
        "chain": _CHAIN,
        "reason": "The audit is clean.",
        "params": "0x" + _A,
        "reasonDigest": "0x" + _B,
    },
    "proposal.queued": {"proposal": _PROPOSAL, "eta": _START, "chain": _CHAIN},
    "proposal.executed": {"proposal": _PROPOSAL, "chain": _CHAIN},
    "proposal.canceled": {"proposal": _PROPOSAL, "chain": _CHAIN},
    "policy.adopted": {
        "policy": "release",
        "version": 2,
        "digest": "0x" + _A,
        "chain": _CHAIN,
        "content": _CID,
        "parameters": "0x" + _B,
    },
    "model.released": {
        "model": "tumour-classifier",
        "recordLeaf": "0x" + _A,
        "validUntil": _END,
        "chain": _CHAIN,
        "version": "1.0",
        "policyVersion": 2,
    },
    "model.withdrawn": {
        "model": "tumour-classifier",
        "recordLeaf": "0x" + _A,
        "chain": _CHAIN,
        "version": "1.0",
        "reasonDigest": "0x" + _B,
    },
    "token.transferred": {
        "from": OPERATOR.address,
        "to": LAB.address,
        "amount": _AMOUNT,
        "chain": _CHAIN,
    },
    "delegation.changed": {
        "delegator": LAB.address,
        "fromDelegate": LAB.address,
        "toDelegate": STEWARD.address,
        "chain": _CHAIN,
    },
    "erasure.performed": {
        "erasure": "erasure-1",
        "commitments": [str(SEALED["$sealed"])],
        "legalBasis": "GDPR article 17 (1) (b)",
    },
}

EXAMPLES: Mapping[str, JsonObject] = MappingProxyType(_EXAMPLES)
"""Kind to a body with every field. Shared: take a copy with `body_of` before changing one."""


def body_of(kind: str, **changes: object) -> JsonObject:
    """A copy of the kind's example, with top-level fields replaced."""
    body: JsonObject = copy.deepcopy(EXAMPLES[kind])
    return body | changes  # type: ignore[return-value]


def required_only(kind: str) -> JsonObject:
    """The kind's example without its optional fields."""
    required = {
        field.alias for field in BODIES[kind].__pydantic_fields__.values() if field.is_required()
    }
    body = {name: value for name, value in body_of(kind).items() if name in required}
    # Every other relation needs a base, which is optional to this one.
    return body | {"relation": "trained"} if "relation" in body else body


def signed_event(
    kind: str,
    body: JsonObject | None = None,
    *,
    key: SigningKey = STEWARD,
    domain: Domain = DOMAIN,
    issued_at: int = ISSUED_AT,
    number: int = 0,
) -> Event:
    """An event of the kind, signed.

    Args:
        kind: which kind.
        body: the kind's example where absent.
        key: who signs.
        domain: for which ledger.
        issued_at: by the signer's clock.
        number: what its nonce is made from.
    """
    event = build_event(
        body=body_of(kind) if body is None else body,
        kind=kind,
        actor=key.address,
        issued_at=issued_at,
        nonce=nonce(number),
    )
    return sign(event, key, domain)
