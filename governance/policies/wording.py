"""What a policy demands, one sentence a rule."""

from __future__ import annotations

from governance.policies.documents import AccessPolicy, PolicyDocument, ReleasePolicy
from governance.wording import duration
from ledger.audit.policies import LongestGrant, PolicyRule, PurposesAllowed
from ledger.events.bodies.base import counted

NOTHING = "It demands nothing."


def demands(policy: PolicyDocument) -> tuple[str, ...]:
    """The sentences, in the order of the document; never none."""
    if isinstance(policy, AccessPolicy):
        return tuple(_of_grants(rule) for rule in policy.rules) or (NOTHING,)
    return _of_releases(policy) or (NOTHING,)


def _of_grants(rule: PolicyRule) -> str:
    where = {
        None: "a dataset",
        True: "a dataset with personal data",
        False: "a dataset without personal data",
    }[rule.personal_data]
    match rule:
        case LongestGrant():
            return f"A grant on {where} runs for at most {counted(rule.days, 'day')}."
        case PurposesAllowed():
            allowed = ", ".join(rule.duo)
            if not allowed:
                return f"A grant on {where} is for no purpose that asks for a permission."
            return f"A grant on {where} is for {allowed} only."
        case _:
            return f"A grant on {where} names the agreement it rests on."


def _of_releases(policy: ReleasePolicy) -> tuple[str, ...]:
    sentences: list[str] = []
    if policy.accepted is not None:
        accepted = " or ".join(sorted(policy.accepted))
        sentences.append(f"The audit of a released model is {accepted}.")
    if policy.evaluations:
        auditors = counted(policy.evaluations, "auditor")
        verb = "finds" if policy.evaluations == 1 else "find"
        sentences.append(f"At least {auditors} {verb} the model's record clean.")
    if policy.attested_for:
        sentences.append(
            f"A model's record stands attested for {duration(policy.attested_for)} before its "
            "release."
        )
    return tuple(sentences)
