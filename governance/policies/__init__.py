"""Policies: documents that members adopt by vote and that bind from then on.

Read from the bottom: `documents` (their form), `adoption` (from a text to a vote, and back),
`enforcement` (what they refuse; pure), `book` (their texts at hand), `admission` (grants turned
away), `wording` (what they demand, in words).
"""

from governance.policies.admission import PoliciesLoading, PolicyAdmission, PolicyBroken
from governance.policies.adoption import (
    AdoptedPolicy,
    PolicyDiffers,
    adoption_faults,
    keep_policy,
    load_policy,
    read_policies,
)
from governance.policies.book import PolicyBook, PolicyTextMissing, adopted_versions
from governance.policies.documents import (
    RELEASE,
    AccessPolicy,
    AdoptedText,
    PolicyDocument,
    ReleasePolicy,
    audit_policies,
    digest_of,
    parse_document,
)
from governance.policies.enforcement import (
    PolicyBreach,
    ReleaseFacts,
    grant_refusals,
    read_release_facts,
    release_refusals,
    renewal_refusals,
)
from governance.policies.wording import demands

__all__ = [
    "RELEASE",
    "AccessPolicy",
    "AdoptedPolicy",
    "AdoptedText",
    "PoliciesLoading",
    "PolicyAdmission",
    "PolicyBook",
    "PolicyBreach",
    "PolicyBroken",
    "PolicyDiffers",
    "PolicyDocument",
    "PolicyTextMissing",
    "ReleaseFacts",
    "ReleasePolicy",
    "adopted_versions",
    "adoption_faults",
    "audit_policies",
    "demands",
    "digest_of",
    "grant_refusals",
    "keep_policy",
    "load_policy",
    "parse_document",
    "read_policies",
    "read_release_facts",
    "release_refusals",
    "renewal_refusals",
]
