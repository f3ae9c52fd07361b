"""Adopting a policy by vote, and reading what was adopted.

What voters have to trust is the digest: content id and contract parameters are compared to the text
with that digest (`adoption_faults`), because no contract does.
"""

from __future__ import annotations

from dataclasses import dataclass

from eth_abi.abi import decode
from eth_typing import Address

from governance.actions import canonical_address
from governance.actions.calls import call_data
from governance.actions.kinds import AdoptPolicy
from governance.addresses import DaoAddresses
from governance.policies.documents import (
    PolicyDocument,
    digest_of,
    parse_document,
)
from governance.proposals.evidence import Evidence, keep_evidence
from governance.reads import Read, Reader
from ledger.audit.errors import InvalidPolicy
from ledger.audit.policies import MAX_POLICY_BYTES
from ledger.chain.errors import ExecutionReverted
from ledger.content.cid import Cid
from ledger.content.reader import read_content
from ledger.content.store import ContentStore
from ledger.errors import IntegrityError
from ledger.events.canonical import InvalidJson


class PolicyDiffers(IntegrityError):
    """What is kept under a policy's content id is not the text that was adopted."""

    code = "policy-differs"


@dataclass(frozen=True, slots=True)
class AdoptedPolicy:
    """A version of a policy, as `PolicyRegistry` has it.

    Attributes:
        name: the key; what is not a name of ours is shown as 0x-hex.
        version: from 1; the highest is in force.
        digest: SHA-256 of the text, 0x-hex.
        adopted_at: second.
        content: where the text is kept; anybody's string.
        parameters: what contracts enforce.
        is_in_force: whether no later version was adopted.
    """

    name: str
    version: int
    digest: str
    adopted_at: int
    content: str
    parameters: bytes
    is_in_force: bool


def keep_policy(store: ContentStore, document: bytes) -> tuple[AdoptPolicy, Evidence]:
    """Check a policy document and put it into the content store, to be adopted by vote.

    Returns:
        The action that adopts it, and the evidence that its proposal names.

    Raises:
        InvalidPolicy, InvalidJson: it is no policy; nothing was kept.
    """
    policy = parse_document(document)
    evidence = keep_evidence(store, "policy", document)
    action = AdoptPolicy(
        policy=policy.name,
        digest=digest_of(document),
        content=str(evidence.content),
        parameters="0x" + policy.parameters.hex(),
    )
    return action, evidence


def adoption_faults(action: AdoptPolicy, document: bytes) -> tuple[str, ...]:
    """What is wrong with adopting a text by an action, in words; empty if nothing is.

    Args:
        action: from anybody's proposal.
        document: the bytes that are kept under its content id.
    """
    if digest_of(document) != action.digest:
        return (f"the text has digest {digest_of(document)}, the action names {action.digest}",)
    try:
        policy = parse_document(document)
    except (InvalidPolicy, InvalidJson) as error:
        return (f"the text is no policy, and would bind nobody: {error}",)
    faults: list[str] = []
    if policy.name != action.policy:
        faults.append(f"the text is policy {policy.name}, the action adopts {action.policy}")
    enforced = "0x" + policy.parameters.hex()
    if enforced != action.parameters:
        faults.append(f"contracts would enforce {action.parameters}, the text asks for {enforced}")
    return tuple(faults)


def read_policies(reader: Reader, at: DaoAddresses) -> list[AdoptedPolicy]:
    """Every version of every policy, by name and version."""
    registry = canonical_address(at.policies)
    (keys,) = decode(["bytes32[]"], reader.read_one(_read(registry, "keys")))
    counts = [
        _number(answer) for answer in reader.read([_read(registry, "versionOf", k) for k in keys])
    ]
    wanted = [
        (key, version, count)
        for key, count in zip(keys, counts, strict=True)
        for version in range(1, count + 1)
    ]
    answers = reader.read([_read(registry, "policyAt", key, n) for key, n, _ in wanted])
    adopted = [
        _adopted(key, version, answer, is_in_force=version == count)
        for (key, version, count), answer in zip(wanted, answers, strict=True)
        if isinstance(answer, bytes)
    ]
    return sorted(adopted, key=lambda policy: (policy.name, policy.version))


def load_policy(store: ContentStore, adopted: AdoptedPolicy) -> PolicyDocument:
    """The text of an adopted policy, checked.

    Raises:
        InvalidCid, ContentNotFound, ContentTooLarge: it is not held here.
        PolicyDiffers: it is another text.
        InvalidPolicy, InvalidJson: it is no policy of ours, and binds nobody.
    """
    document = read_content(store, Cid.parse(adopted.content), limit_bytes=MAX_POLICY_BYTES)
    if digest_of(document) != adopted.digest:
        raise PolicyDiffers(
            f"version {adopted.version} of policy {adopted.name} was adopted with digest "
            f"{adopted.digest}, the text kept has {digest_of(document)}: do not apply it"
        )
    return parse_document(document)


def _read(registry: Address, function: str, *arguments: bytes | int) -> Read:
    return Read(registry, call_data("PolicyRegistry", function, *arguments))


def _number(answer: bytes | ExecutionReverted) -> int:
    return int.from_bytes(answer) if isinstance(answer, bytes) else 0


def _adopted(key: bytes, version: int, answer: bytes, *, is_in_force: bool) -> AdoptedPolicy:
    # `content` as bytes: a string on chain need not be UTF-8.
    ((digest, adopted_at, content, parameters),) = decode(["(bytes32,uint48,bytes,bytes)"], answer)
    text = key.rstrip(b"\0")
    readable = text.isascii() and text.decode("ascii").isprintable()
    return AdoptedPolicy(
        text.decode("ascii") if readable else "0x" + key.hex(),
        version,
        "0x" + digest.hex(),
        adopted_at,
        content.decode("utf-8", errors="replace"),
        parameters,
        is_in_force,
    )
