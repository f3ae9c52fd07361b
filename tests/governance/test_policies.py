from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from eth_abi import encode

from governance.actions import kinds as k
from governance.policies import (
    AccessPolicy,
    AdoptedText,
    PolicyDiffers,
    ReleaseFacts,
    ReleasePolicy,
    adoption_faults,
    audit_policies,
    digest_of,
    grant_refusals,
    keep_policy,
    load_policy,
    parse_document,
    read_policies,
    read_release_facts,
    release_refusals,
    renewal_refusals,
)
from governance.proposals import Outcome, ProposalRefused, execute, queue, read_evidence, simulate
from governance.reads import Reader
from ledger.audit.errors import InvalidPolicy
from ledger.audit.policies import broken_rules
from ledger.content.embedded import EmbeddedContentStore
from ledger.content.errors import InvalidCid
from ledger.events.bodies.access import AccessGranted, AccessRenewed
from ledger.events.canonical import InvalidJson
from ledger.events.identifiers import parse_instant
from ledger.views.records import Dataset, Grant, GrantChange
from tests.governance.dao import ALICE, BOB, CAROL, DAVE, MALLORY, TIMELOCK_DELAY, Dao
from tests.governance.proposing import (
    MODEL,
    attested,
    drafted,
    instant_after,
    proposed,
    submitted,
    votable,
)

DAY = 86_400


def document(policy: str, *rules: dict[str, object]) -> bytes:
    return json.dumps({"v": 1, "policy": policy, "rules": list(rules)}).encode()


CLEAN = {"rule": "verdict-required", "accepted": ["clean"]}
TWO = {"rule": "evaluations-required", "count": 2}
A_DAY = {"rule": "attested-for", "seconds": DAY}
RELEASE = document("release", CLEAN, TWO, A_DAY)
YEAR = document("longest-grant", {"rule": "longest-grant", "days": 365})
PERSONAL = document(
    "personal-data",
    {"rule": "purposes-allowed", "duo": ["HMB", "DS"], "personalData": True},
    {"rule": "terms-required", "personalData": True},
)


@pytest.fixture
def store(tmp_path: Path) -> EmbeddedContentStore:
    return EmbeddedContentStore(tmp_path / "content")


# Documents


def test_a_release_policy_says_what_the_contract_enforces() -> None:
    policy = parse_document(RELEASE)
    assert policy == ReleasePolicy(RELEASE, frozenset({"clean"}), 2, DAY)
    assert policy.parameters == encode(["uint256", "uint256"], [2, DAY])


def test_a_policy_without_rules_requires_nothing() -> None:
    assert parse_document(document("release")).parameters == b""
    assert parse_document(document("release", CLEAN)).parameters == b""
    assert parse_document(document("longest-grant")) == AccessPolicy(
        document("longest-grant"), "longest-grant", ()
    )


def test_other_policies_are_the_audits() -> None:
    policy = parse_document(PERSONAL)
    assert isinstance(policy, AccessPolicy)
    assert [rule.rule for rule in policy.rules] == ["purposes-allowed", "terms-required"]
    assert policy.parameters == b""


@pytest.mark.parametrize(
    "raw",
    [
        document("release", TWO, TWO),
        document("release", {"rule": "longest-grant", "days": 5}),
        document("longest-grant", TWO),
        document("release", {"rule": "evaluations-required", "count": 0}),
        document("release", {"rule": "evaluations-required", "count": "2"}),
        document("release", {"rule": "attested-for", "seconds": 2**32}),
        document("release", {"rule": "verdict-required", "accepted": []}),
        document("release", {"rule": "verdict-required", "accepted": ["fine"]}),
        document("release", {**TWO, "extra": 1}),
        document("Release"),
        document("x" * 33),
        json.dumps({"v": 2, "policy": "release", "rules": []}).encode(),
        json.dumps({"policy": "release"}).encode(),
        b" " * (1 << 20) + RELEASE,
    ],
)
def test_what_is_no_policy_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidPolicy):
        parse_document(raw)


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"\xff", b'{"policy": NaN}', b'{"policy": "release", "policy": "x"}']
)
def test_what_is_no_json_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidJson):
        parse_document(raw)


# Adoption


def test_a_policy_is_kept_and_named_for_a_vote(store: EmbeddedContentStore) -> None:
    action, evidence = keep_policy(store, RELEASE)
    assert read_evidence(store, evidence) == RELEASE
    assert action == k.AdoptPolicy(
        policy="release",
        digest=digest_of(RELEASE),
        content=str(evidence.content),
        parameters="0x" + encode(["uint256", "uint256"], [2, DAY]).hex(),
    )
    assert adoption_faults(action, RELEASE) == ()


def test_what_is_no_policy_is_not_kept(store: EmbeddedContentStore) -> None:
    with pytest.raises(InvalidPolicy):
        keep_policy(store, document("release", TWO, TWO))


@pytest.mark.parametrize(
    ("changes", "text", "words"),
    [
        ({}, YEAR, "the text has digest"),
        ({"parameters": "0x"}, RELEASE, "contracts would enforce 0x, the text asks for 0x00"),
        ({"policy": "other"}, RELEASE, "the text is policy release, the action adopts other"),
        ({"digest": digest_of(b"{}")}, b"{}", "the text is no policy"),
        ({"digest": digest_of(b"x")}, b"x", "the text is no policy"),
    ],
)
def test_an_adoption_that_does_not_do_what_its_text_says_is_told(
    store: EmbeddedContentStore, changes: dict[str, str], text: bytes, words: str
) -> None:
    action, _ = keep_policy(store, RELEASE)
    faults = adoption_faults(action.model_copy(update=changes), text)
    assert len(faults) == 1
    assert words in faults[0]


def accept(dao: Dao, *actions: k.Action) -> None:
    record = proposed(dao, *actions, title=f"At {dao.now()}")
    dao.accept(votable(record))
    execute(dao.chain, MALLORY.signer, record, dao.at)


def test_adopted_policies_are_read_back(dao: Dao, store: EmbeddedContentStore) -> None:
    reader = Reader(dao.chain)
    assert read_policies(reader, dao.at) == []
    for text in (RELEASE, YEAR, document("release", TWO)):
        action, _ = keep_policy(store, text)
        accept(dao, action)
    found = read_policies(reader, dao.at)
    assert [(each.name, each.version, each.is_in_force) for each in found] == [
        ("longest-grant", 1, True),
        ("release", 1, False),
        ("release", 2, True),
    ]
    assert load_policy(store, found[1]) == parse_document(RELEASE)
    assert found[2].parameters == encode(["uint256", "uint256"], [2, 0])
    assert found[0].adopted_at <= dao.now()
    with pytest.raises(PolicyDiffers, match="do not apply it"):
        load_policy(store, replace(found[0], digest=digest_of(RELEASE)))
    with pytest.raises(InvalidCid):
        load_policy(store, replace(found[0], content="nowhere"))


def test_what_others_adopted_is_shown_as_it_is(dao: Dao) -> None:
    dao.carry_out(dao.policies.functions.adopt(b"\xff" * 32, b"\x01" * 32, "\u202ex", b"\x02"))
    (found,) = read_policies(Reader(dao.chain), dao.at)
    assert (found.name, found.content, found.parameters) == (
        "0x" + "ff" * 32,
        "\u202ex",
        b"\x02",
    )


# Releases


def test_an_adopted_release_policy_bites(dao: Dao, store: EmbeddedContentStore) -> None:
    action, _ = keep_policy(store, RELEASE)
    accept(dao, action)
    leaf = attested(dao)
    reader = Reader(dao.chain)
    policy = parse_document(RELEASE)
    assert isinstance(policy, ReleasePolicy)

    def lacks(release_at: int, verdict: str = "clean") -> tuple[str, ...]:
        facts = read_release_facts(reader, dao.at, leaf)
        return release_refusals(policy, verdict=verdict, facts=facts, release_at=release_at)  # type: ignore[arg-type]

    missing = lacks(dao.now(), "tainted")
    assert [words.split(",")[0] for words in missing[:2]] == [
        "its audit is tainted",
        "0 auditors found its record clean",
    ]
    assert "the release policy allows it from" in missing[2]
    release = k.Release(model=MODEL, record_leaf=leaf, valid_until=instant_after(dao, 30 * DAY))
    (tried,) = simulate(dao.chain, dao.at, drafted(dao, release).calls).actions
    assert tried.outcome is Outcome.FAILS
    assert tried.reason == ("0 auditors found the record clean, and the release policy asks for 2")
    token, raw = dao.models.functions.modelOf(MODEL).call(), bytes.fromhex(leaf[2:])
    for auditor in (CAROL, DAVE):
        dao.send(auditor, dao.models.functions.evaluate(token, raw, 1, b"\x01" * 32))
    record = submitted(dao, drafted(dao, release))
    dao.open(votable(record))
    dao.vote(ALICE, votable(record))
    dao.vote(BOB, votable(record))
    dao.close()
    queue(dao.chain, MALLORY.signer, record, dao.at)
    dao.advance(TIMELOCK_DELAY + 1)
    assert len(lacks(dao.now())) == 1
    with pytest.raises(ProposalRefused, match="the release policy allows it from"):
        execute(dao.chain, MALLORY.signer, record, dao.at)
    dao.advance(DAY)
    assert lacks(dao.now()) == ()
    execute(dao.chain, MALLORY.signer, record, dao.at)


def test_a_release_lacks_what_the_contract_would_ask_for() -> None:
    fine = ReleaseFacts(attested_at=100, is_flagged=False, clean_evaluations=0)
    arguments = {"verdict": "tainted", "release_at": 100}
    assert release_refusals(None, facts=fine, **arguments) == ()  # type: ignore[arg-type]
    (lack,) = release_refusals(None, facts=replace(fine, attested_at=0), **arguments)  # type: ignore[arg-type]
    assert "attest it first" in lack
    (lack,) = release_refusals(None, facts=replace(fine, is_flagged=True), **arguments)  # type: ignore[arg-type]
    assert "flag" in lack


# Grants

DATASET = Dataset(
    dataset="tumours",
    title="Tumours",
    description=None,
    license="CC-BY-4.0",
    usage='{"duo":["GRU"]}',
    personal_data=True,
    steward=ALICE.address,
    withdrawn_index=None,
    withdrawn_at=None,
    index=1,
)
PUBLIC = replace(DATASET, personal_data=False)


def granted(days: int = 30, duo: tuple[str, ...] = ("HMB",), **more: object) -> AccessGranted:
    return AccessGranted.model_validate(
        {
            "grant": "g",
            "dataset": "tumours",
            "assignee": BOB.address,
            "actions": ["train"],
            "purpose": {"duo": list(duo)},
            "notBefore": "2026-01-01T00:00:00Z",
            "expiresAt": f"2026-{1 + days // 28:02d}-{1 + days % 28:02d}T00:00:00Z"
            if days < 330
            else f"{2026 + days // 330}-02-01T00:00:00Z",
            "delegable": False,
            **more,
        }
    )


def adopted(*documents: bytes, name: str | None = None) -> list[AdoptedText]:
    return [
        AdoptedText(name or json.loads(text)["policy"], version, 10 * version, text)
        for version, text in enumerate(documents, 1)
    ]


def test_a_grant_that_would_break_a_policy_is_refused_with_its_name() -> None:
    policies = audit_policies(adopted(YEAR, PERSONAL))
    assert grant_refusals(policies, PUBLIC, granted()) == ()
    (long,) = grant_refusals(policies, PUBLIC, granted(days=700))
    assert (long.policy, long.version) == ("longest-grant", 1)
    assert "365 is the most" in long.reason
    breaches = grant_refusals(policies, DATASET, granted(duo=("GRU", "NPUNCU")))
    assert [(each.policy, each.version) for each in breaches] == 2 * [("personal-data", 2)]
    assert grant_refusals(policies, DATASET, granted(terms="ab" * 32)) == ()


def test_a_renewal_is_measured_from_when_it_takes_effect() -> None:
    policies = audit_policies(adopted(YEAR))
    body = AccessRenewed.model_validate(
        {
            "grant": "g",
            "expiresAt": "2028-01-01T00:00:00Z",
            "effectiveAt": "2026-12-01T00:00:00Z",
        }
    )
    (breach,) = renewal_refusals(policies, DATASET, _row(granted()), body)
    assert "renewed for 396 days" in breach.reason
    later = body.model_copy(update={"effective_at": "2027-02-01T00:00:00Z"})
    assert renewal_refusals(policies, DATASET, _row(granted()), later) == ()


def _row(body: AccessGranted) -> Grant:
    return Grant(
        grant=body.grant,
        dataset=body.dataset,
        granted_by=ALICE.address,
        assignee=body.assignee,
        actions=tuple(body.actions),
        purpose=json.dumps({"duo": list(body.purpose.duo)}),
        constraints="[]",
        versions=None,
        not_before=0,
        expires_at=0,
        request=None,
        terms=body.terms,
        delegable=False,
        parent=None,
        status="active",
        index=50,
    )


@pytest.mark.parametrize("days", [30, 300, 700])
@pytest.mark.parametrize("duo", [("HMB",), ("GRU",), ("POA", "NPU")])
@pytest.mark.parametrize("dataset", [DATASET, PUBLIC])
def test_what_is_refused_is_exactly_what_the_audit_would_find(
    days: int, duo: tuple[str, ...], dataset: Dataset
) -> None:
    policies = audit_policies(adopted(YEAR, PERSONAL))
    body = granted(days, duo)
    start, end = parse_instant(body.not_before), parse_instant(body.expires_at)
    row = replace(_row(body), not_before=start, expires_at=end)
    change = GrantChange(
        index=50,
        grant="g",
        change="granted",
        effective_at=start,
        expires_at=end,
        effect=None,
        recorded_at=start,
    )
    found = broken_rules(policies, dataset, row, [change])
    refused = grant_refusals(policies, dataset, body)
    assert [(p.policy, reason) for p, _, reason in found] == [
        (each.policy, each.reason) for each in refused
    ]


def test_the_latest_version_binds_and_an_empty_one_repeals() -> None:
    month = document("longest-grant", {"rule": "longest-grant", "days": 20})
    assert grant_refusals(audit_policies(adopted(YEAR, month)), PUBLIC, granted())
    assert not grant_refusals(
        audit_policies(adopted(month, document("longest-grant"))), PUBLIC, granted()
    )


def test_texts_that_are_no_access_policies_bind_no_grant() -> None:
    texts = [*adopted(RELEASE), *adopted(b"{}", b"nonsense", YEAR, name="another")]
    assert audit_policies(texts) == []
