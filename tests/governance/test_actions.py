from __future__ import annotations

import json
from collections.abc import Callable
from typing import get_args

import pytest
from eth_abi import encode
from hypothesis import given
from hypothesis import strategies as st

from governance.actions import (
    Action,
    Call,
    InvalidAction,
    NotTheOperator,
    action_of,
    call_of,
    checksum_address,
    class_of_call,
    class_of_calls,
    deployed_classes,
    describe_call,
    parse_action,
    replace_operator,
)
from governance.actions import kinds as k
from governance.actions.names import NoNames, model_token
from governance.addresses import CREATION_ORDER, DaoAddresses
from governance.contracts import artifact
from governance.parameters import ROLES, ZERO_ADDRESS, ProposalClass, role_id
from ledger.events.identifiers import format_instant
from tests.governance.dao import Dao

AT = DaoAddresses.created_by("0x970E8128AB834E8EAC17Ab8E3812F010678CF791", 0)
SOMEBODY = "0x1111111111111111111111111111111111111111"
DIGEST = "0x" + "ab" * 32
UNTIL = "2027-01-31T12:00:00Z"

ADDRESSES = st.binary(min_size=20, max_size=20).map(checksum_address)
DIGESTS = st.binary(min_size=32, max_size=32).map(lambda raw: "0x" + raw.hex())
NAMES = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,31}", fullmatch=True)
ROLE_LISTS = st.lists(st.sampled_from(ROLES), unique=True, max_size=5).map(tuple)
SECONDS = st.integers(0, 2**48 - 1)
INSTANTS = st.integers(0, 253_402_300_799).map(lambda seconds: format_instant(seconds * 1000))
AMOUNTS = st.integers(0, 2**256 - 1).map(str)
SHARES = st.integers(0, 10_000)
APPROVALS = st.integers(5_000, 10_000)
CLASSES = st.sampled_from(get_args(k.ClassName))


def made(kind: Callable[..., Action], **fields: st.SearchStrategy[object]) -> st.SearchStrategy:
    """As `st.builds`, which would look for the fields by their names in JSON."""
    return st.fixed_dictionaries(fields).map(lambda values: kind(**values))


DEMANDS = made(k.ClassDemand, quorum=SHARES, approval=APPROVALS)
ACTIONS: st.SearchStrategy[Action] = st.one_of(
    made(k.Release, model=NAMES, record_leaf=DIGESTS, valid_until=INSTANTS),
    made(k.Withdraw, model=NAMES, record_leaf=DIGESTS, reason=DIGESTS),
    made(k.ClearFlag, model=NAMES, record_leaf=DIGESTS),
    made(k.Reassign, model=NAMES, developer=ADDRESSES),
    made(k.Admit, member=ADDRESSES, roles=ROLE_LISTS, profile_digest=DIGESTS),
    made(k.ChangeRoles, member=ADDRESSES, roles=ROLE_LISTS),
    made(k.ChangeProfile, member=ADDRESSES, profile_digest=DIGESTS),
    made(k.RemoveMember, member=ADDRESSES),
    made(
        k.AdoptPolicy,
        policy=NAMES,
        digest=DIGESTS,
        content=st.from_regex(r"[\x21-\x7e]{0,60}", fullmatch=True),
        parameters=st.binary(max_size=80).map(lambda raw: "0x" + raw.hex()),
    ),
    made(k.SetClass, proposal_class=CLASSES, quorum=SHARES, approval=APPROVALS),
    made(k.SetAllClasses, classes=st.tuples(DEMANDS, DEMANDS, DEMANDS, DEMANDS)),
    made(
        k.SetActionClass,
        target=ADDRESSES,
        selector=st.binary(min_size=4, max_size=4).map(lambda raw: "0x" + raw.hex()),
        proposal_class=CLASSES,
    ),
    made(k.SetVotingDelay, seconds=SECONDS),
    made(k.SetVotingPeriod, seconds=st.integers(0, 2**32 - 1)),
    made(k.SetVoteExtension, seconds=SECONDS),
    made(k.SetProposalThreshold, amount=AMOUNTS),
    made(k.SetLeastQuorum, quorum=SHARES),
    made(k.SetTimelockDelay, seconds=SECONDS),
    made(k.SetGuardian, guardian=ADDRESSES),
    made(k.Pay, to=ADDRESSES, amount=AMOUNTS),
    made(k.PayToken, token=ADDRESSES, to=ADDRESSES, amount=AMOUNTS),
    made(k.Mint, to=ADDRESSES, amount=AMOUNTS),
)
CALLS = st.builds(
    Call,
    target=st.one_of(ADDRESSES, st.sampled_from([AT.of(name) for name in CREATION_ORDER])),
    value=st.integers(0, 2**256 - 1),
    calldata=st.one_of(
        st.binary(max_size=200),
        st.builds(
            lambda selector, rest: selector + rest,
            st.sampled_from(
                [
                    artifact("ModelRegistry").selector("release"),
                    artifact("MembershipRegistry").selector("admit"),
                    artifact("PolicyRegistry").selector("adopt"),
                    bytes.fromhex("a9059cbb"),
                ]
            ),
            st.binary(max_size=256),
        ),
    ),
)


class Directory(NoNames):
    """Names as members chose them."""

    def __init__(self, accounts: dict[str, str], models: dict[int, str]) -> None:
        self.accounts, self.models = accounts, models

    def account(self, address: str) -> str | None:
        return self.accounts.get(address)

    def model(self, token: int) -> str | None:
        return self.models.get(token)


class Everything(NoNames):
    """Knows the models whose names it is asked for in tests."""

    def __init__(self, *models: str) -> None:
        self._models = {model_token(model): model for model in models}

    def account(self, address: str) -> str | None:
        return None

    def model(self, token: int) -> str | None:
        return self._models.get(token)


def named(action: Action) -> Everything:
    model = getattr(action, "model", None)
    return Everything(model) if model else Everything()


# Round trips


@given(ACTIONS)
def test_every_action_comes_back_from_its_call(action: Action) -> None:
    assert action_of(call_of(action, AT), AT, named(action)) == action


@given(ACTIONS)
def test_every_action_comes_back_from_its_json(action: Action) -> None:
    assert parse_action(json.loads(action.model_dump_json(by_alias=True))) == action


@given(ACTIONS)
def test_every_action_has_a_sentence_of_one_line(action: Action) -> None:
    described = describe_call(call_of(action, AT), AT, named(action))
    assert described.sentence.endswith(".")
    assert described.sentence.isprintable()
    assert described.is_understood or action.action == "pay-token"


@given(CALLS)
def test_a_call_is_exactly_what_it_is_said_to_be(call: Call) -> None:
    """Whatever is decoded encodes to the very same call, and no call is lost."""
    assert call_of(action_of(call, AT), AT) == call
    sentence = describe_call(call, AT).sentence
    assert sentence.isprintable()


# Decoding distrusts


def release(**changes: str) -> k.Release:
    fields = {"model": "tumour-classifier", "record_leaf": DIGEST, "valid_until": UNTIL}
    return k.Release(**{**fields, **changes})


def test_a_name_that_does_not_hash_to_the_token_is_not_believed() -> None:
    call = call_of(release(), AT)
    token = model_token("tumour-classifier")
    lying = Directory({}, {token: "harmless-model"})
    decoded = action_of(call, AT, lying)
    assert isinstance(decoded, k.Release)
    assert decoded.model == f"#{token}"
    assert call_of(decoded, AT) == call


def test_trailing_bytes_are_not_hidden() -> None:
    call = call_of(release(), AT)
    longer = Call(call.target, 0, call.calldata + b"\0" * 32)
    assert isinstance(action_of(longer, AT), k.RawCall)
    assert not describe_call(longer, AT).is_understood


def test_another_encoding_of_the_same_values_stays_raw() -> None:
    """An array that begins later than a compiler would put it: read by contracts all the same."""
    selector = artifact("MembershipRegistry").selector("changeRoles")
    head = encode(["address", "uint256"], [SOMEBODY, 96])
    calldata = selector + head + bytes(32) + encode(["uint256"], [0])
    assert isinstance(action_of(Call(AT.membership, 0, calldata), AT), k.RawCall)


def test_coins_sent_along_with_a_call_are_told() -> None:
    call = call_of(k.RemoveMember(member=SOMEBODY), AT)
    described = describe_call(Call(call.target, 5 * 10**17, call.calldata), AT)
    assert isinstance(described.action, k.RawCall)
    assert "sending 0.5 coins" in described.sentence
    assert "remove(" in described.sentence


def test_the_same_selector_of_another_contract_is_not_ours() -> None:
    call = call_of(release(), AT)
    described = describe_call(Call(checksum_address(SOMEBODY), 0, call.calldata), AT)
    assert isinstance(described.action, k.RawCall)
    assert "nobody here can read" in described.sentence


def test_a_transfer_of_an_unknown_contract_is_not_called_a_payment() -> None:
    call = call_of(k.PayToken(token=SOMEBODY, to=AT.models, amount="7"), AT)
    described = describe_call(call, AT)
    assert "if the contract at" in described.sentence
    assert not described.is_understood


def test_a_role_that_does_not_exist_stays_raw() -> None:
    calldata = artifact("MembershipRegistry").selector("changeRoles") + encode(
        ["address", "bytes32[]"], [SOMEBODY, [role_id("steward"), b"\x01" * 32]]
    )
    described = describe_call(Call(AT.membership, 0, calldata), AT)
    assert isinstance(described.action, k.RawCall)
    assert "changeRoles(member = " in described.sentence


def test_a_function_without_a_kind_of_its_own_is_shown_with_its_arguments() -> None:
    calldata = artifact("TimelockController").selector("grantRole") + encode(
        ["bytes32", "address"], [bytes(32), SOMEBODY]
    )
    described = describe_call(Call(AT.timelock, 0, calldata), AT)
    assert described.sentence == (
        f"Call grantRole(role = 0x{64 * '0'}, account = {SOMEBODY}) of the treasury (timelock) "
        f"({AT.timelock})."
    )
    assert not described.is_understood


def test_hostile_names_do_not_rearrange_a_sentence() -> None:
    hostile = "Friend\u202e) pay\n<script>alert(1)</script>" + "x" * 500
    described = describe_call(
        call_of(k.RemoveMember(member=SOMEBODY), AT), AT, Directory({SOMEBODY: hostile}, {})
    )
    assert described.sentence.isprintable()
    assert "<U+202E>" in described.sentence
    assert SOMEBODY in described.sentence
    assert len(described.sentence) < 300


# Sentences


def test_a_profile_is_told_by_the_name_in_it_where_somebody_has_it() -> None:
    class Profile(NoNames):
        def profile(self, digest: str) -> str | None:
            return "Lake \u202eHospital" if digest == DIGEST else None

    admit = call_of(k.Admit(member=SOMEBODY, roles=("steward",), profile_digest=DIGEST), AT)
    called = f'Admit {SOMEBODY}, called "Lake <U+202E>Hospital" by its profile, as a member'
    assert describe_call(admit, AT, Profile()).sentence.startswith(called)
    assert describe_call(admit, AT).sentence.startswith(f"Admit {SOMEBODY} as a member")
    change = call_of(k.ChangeProfile(member=SOMEBODY, profile_digest=DIGEST), AT)
    told = describe_call(change, AT, Profile()).sentence
    assert told.endswith(f'digest {DIGEST}, which calls it "Lake <U+202E>Hospital".')


def test_a_version_is_called_what_the_log_calls_it_and_by_its_record() -> None:
    class Versions(Everything):
        def version(self, model: str, record: str) -> str | None:
            return "2\u202e" if (model, record) == (release().model, DIGEST) else None

    told = describe_call(call_of(release(), AT), AT, Versions(release().model)).sentence
    assert "version 2<U+202E> (record " + DIGEST + ")" in told
    assert "the version with record" in describe_call(call_of(release(), AT), AT).sentence


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        (
            release(),
            (
                f"Release model tumour-classifier: the version with record {DIGEST}, if executed "
                f"by {UNTIL}."
            ),
        ),
        (
            k.Admit(member=SOMEBODY, roles=("steward", "auditor")),
            (
                f'Admit "Charité" ({SOMEBODY}) as a member with the roles steward and auditor, and '
                "no other."
            ),
        ),
        (
            k.ChangeRoles(member=SOMEBODY, roles=()),
            f'Let "Charité" ({SOMEBODY}) be a member without a role.',
        ),
        (
            k.Pay(to=SOMEBODY, amount=str(15 * 10**17)),
            f'Pay 1.5 coins from the treasury to "Charité" ({SOMEBODY}).',
        ),
        (
            k.Mint(to=AT.timelock, amount=str(10**18)),
            (
                "Make 1 token (voting power) and give them to the treasury (timelock) "
                f"({AT.timelock})."
            ),
        ),
        (
            k.SetClass(proposal_class="membership", quorum=2_500, approval=6_667),
            "Ask for a quorum of 25 % and an approval of 66.67 % in membership proposals.",
        ),
        (
            k.SetActionClass(
                target=ZERO_ADDRESS, selector="0x00000000", proposal_class="membership"
            ),
            "Treat payments as membership.",
        ),
        (
            k.SetGuardian(guardian=ZERO_ADDRESS),
            "Let nobody cancel proposals but their proposers, who may even after the vote.",
        ),
        (
            k.SetGuardian(guardian=AT.timelock),
            "Once voting has begun, let nobody cancel proposals but the members, by vote.",
        ),
        (
            k.SetVotingPeriod(seconds=604_800),
            "Let voting last 7 days (604,800 seconds).",
        ),
        (
            k.AdoptPolicy(
                policy="release",
                digest=DIGEST,
                content="bafy",
                parameters="0x" + encode(["uint256", "uint256"], [2, 86_400]).hex(),
            ),
            (
                f"Adopt a new version of policy release: the text with SHA-256 {DIGEST} (content "
                "bafy); contracts enforce that 2 auditors find a record clean and that 1 day pass "
                "between its attestation and its release."
            ),
        ),
    ],
)
def test_a_sentence_says_what_the_call_does(action: Action, sentence: str) -> None:
    names = Directory(
        {SOMEBODY: "Charité"}, {model_token("tumour-classifier"): "tumour-classifier"}
    )
    assert describe_call(call_of(action, AT), AT, names).sentence == sentence


def test_policy_parameters_in_the_wrong_form_are_told() -> None:
    action = k.AdoptPolicy(policy="release", digest=DIGEST, content="", parameters="0x01")
    assert "blocks every release" in describe_call(call_of(action, AT), AT).sentence


# JSON


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"action": "abolish"}, "action"),
        ({"model": "m"}, "action"),
        ({"action": "pay", "to": SOMEBODY, "amount": 5}, "amount"),
        ({"action": "pay", "to": SOMEBODY.replace("1", "a"), "amount": "5"}, "checksum"),
        ({"action": "pay", "to": SOMEBODY, "amount": "-5"}, "amount"),
        ({"action": "pay", "to": SOMEBODY, "amount": "5", "memo": "x"}, "memo"),
        ({"action": "change-roles", "member": SOMEBODY, "roles": ["king"]}, "roles"),
        ({"action": "change-roles", "member": SOMEBODY, "roles": 2 * ["auditor"]}, "twice"),
        (
            {"action": "set-class", "proposalClass": "routine", "quorum": 1, "approval": 4_999},
            "approval",
        ),
        (
            {
                "action": "release",
                "model": "m",
                "recordLeaf": DIGEST,
                "validUntil": "2027-01-31T12:00:00.5Z",
            },
            "whole seconds",
        ),
        ("release", "object"),
    ],
)
def test_what_is_no_action_is_refused_by_name(value: object, words: str) -> None:
    with pytest.raises(InvalidAction, match=words):
        parse_action(value)


# Classes


@pytest.mark.parametrize(
    ("call", "level"),
    [
        (call_of(release(), AT), ProposalClass.ROUTINE),
        (call_of(k.RemoveMember(member=SOMEBODY), AT), ProposalClass.MEMBERSHIP),
        (call_of(k.Pay(to=SOMEBODY, amount="1"), AT), ProposalClass.TREASURY),
        (call_of(k.PayToken(token=AT.token, to=SOMEBODY, amount="1"), AT), ProposalClass.TREASURY),
        (call_of(k.Mint(to=SOMEBODY, amount="1"), AT), ProposalClass.CONSTITUTIONAL),
        (call_of(k.SetTimelockDelay(seconds=1), AT), ProposalClass.CONSTITUTIONAL),
        (Call(checksum_address(SOMEBODY), 0, b"\x01\x02\x03"), ProposalClass.CONSTITUTIONAL),
    ],
)
def test_a_call_has_the_class_it_was_deployed_with(call: Call, level: ProposalClass) -> None:
    assert class_of_call(call, AT, deployed_classes(AT)) == level


@pytest.fixture(scope="module")
def module_dao(backend: object) -> Dao:
    from tests.governance.dao import found  # a DAO that no test here changes

    return found(backend)  # type: ignore[arg-type]


def test_the_contract_gives_every_call_the_same_class(module_dao: Dao) -> None:
    at = module_dao.at
    settings = deployed_classes(at)
    actions: list[Action] = [
        release(),
        k.RemoveMember(member=SOMEBODY),
        k.Pay(to=SOMEBODY, amount="1"),
        k.PayToken(token=at.token, to=SOMEBODY, amount="1"),
        k.PayToken(token=SOMEBODY, to=SOMEBODY, amount="1"),
        k.Mint(to=SOMEBODY, amount="1"),
        k.SetVotingDelay(seconds=1),
        k.RawCall(target=SOMEBODY, calldata="0x010203"),
        k.RawCall(target=at.models, value="1", calldata="0x" + "00" * 4),
        k.RawCall(target=ZERO_ADDRESS, calldata="0x" + "00" * 4),
    ]
    calls = [call_of(action, at) for action in actions]
    class_of = module_dao.governor.functions.classOf
    for call in calls:
        told = class_of([call.target], [call.value], [call.calldata]).call()
        assert told == class_of_call(call, at, settings), call
    together = class_of(
        [each.target for each in calls[:3]],
        [each.value for each in calls[:3]],
        [each.calldata for each in calls[:3]],
    ).call()
    assert together == class_of_calls(calls[:3], at, settings) == ProposalClass.TREASURY


# The operator


def test_the_operator_is_replaced_without_a_gap() -> None:
    appointment, dismissal = replace_operator(
        SOMEBODY, ("operator", "auditor"), AT.models, ("steward",)
    )
    assert appointment == k.ChangeRoles(member=AT.models, roles=("steward", "operator"))
    assert dismissal == k.ChangeRoles(member=SOMEBODY, roles=("auditor",))


def test_an_operator_who_is_no_member_is_admitted() -> None:
    appointment, _ = replace_operator(SOMEBODY, ("operator",), AT.models, None)
    assert appointment == k.Admit(member=AT.models, roles=("operator",))


@pytest.mark.parametrize(("roles", "successor"), [((), AT.models), (("operator",), SOMEBODY)])
def test_only_the_operator_is_replaced_and_by_somebody_else(
    roles: tuple[()], successor: str
) -> None:
    with pytest.raises(NotTheOperator):
        replace_operator(SOMEBODY, roles, successor, None)
