"""Whole logs with no server, and what dishonest operators write into them."""

from __future__ import annotations

import dataclasses

import pytest

from ledger.audit import parse_policy
from ledger.audit.answer import Code
from ledger.audit.errors import (
    BundleContradiction,
    ForgedEvent,
    LogContradiction,
    UnauthorisedEvent,
)
from ledger.events.canonical import JsonObject
from ledger.events.wallets import WalletAnswer, WalletChain
from ledger.merkle.errors import WrongRoot
from ledger.verify import audit_whole_log, replay_log, verify_bundle
from tests.support.bundles import KEYS, POLICY, bundle_of
from tests.support.histories import DAY, History, used
from tests.support.ledgers import CHAIN_ID, Consortium, ManualClock, member_key


def granted() -> History:
    history = History()
    history.begin()
    history.dataset("d")
    history.grant("g", "d")
    history.pass_time(DAY)
    return history


def test_an_event_that_the_rules_forbid_is_named() -> None:
    history = granted()
    lab = history.consortium.labs[0]
    now = history.consortium.at()
    body: JsonObject = {"grant": "g", "effectiveAt": now, "effect": "prospective"}
    forced = history.force(history.consortium.event(lab, "access.revoked", body))
    history.train(inputs=[used("d", "g")])
    with pytest.raises(UnauthorisedEvent, match=f"Event {forced} should never"):
        verify_bundle(bundle_of(history, history.audit()), KEYS)


def test_an_event_that_its_actor_did_not_sign_is_named() -> None:
    history = granted()
    genuine = history.consortium.run_completed("r", [used("d", "g")], [("m", "1")])
    other = history.consortium.model("m")
    forged = history.force(dataclasses.replace(genuine, signature=other.signature))
    history.publish("m", "1", run="r")
    with pytest.raises(ForgedEvent, match=f"Event {forged} is not genuine"):
        verify_bundle(bundle_of(history, history.audit()), KEYS)
    with pytest.raises(ForgedEvent, match=f"Event {forged} is not genuine"):
        replay_log(history.leaves, history.checkpoint(), KEYS)


def test_a_clock_that_runs_back_is_named() -> None:
    history = granted()
    history.pass_time(-2 * DAY)
    history.train(inputs=[used("d", "g")])
    with pytest.raises(LogContradiction, match="never runs back"):
        verify_bundle(bundle_of(history, history.audit()), KEYS)


def test_another_logs_first_leaf_is_refused() -> None:
    history = granted()
    stranger = History(Consortium(origin="other.test/log"))
    stranger.begin()
    with pytest.raises(LogContradiction, match=r"is of other.test/log, the checkpoint of"):
        replay_log(stranger.leaves, history.checkpoint(), KEYS)


def test_a_log_without_its_first_leaf_is_refused() -> None:
    history = granted()
    with pytest.raises(LogContradiction, match=r"ledger.created, is missing"):
        replay_log(history.leaves[1:], history.checkpoint(), KEYS)


def test_altered_leaves_lead_to_another_root(rich: tuple[History, bytes]) -> None:
    history, _ = rich
    other = History(Consortium(ManualClock(), seed=2, contracts=history.consortium.contracts))
    other.begin()
    leaves = [*other.leaves, *history.leaves[1:]]
    with pytest.raises(WrongRoot, match="were altered, or are of another log"):
        replay_log(leaves, history.checkpoint(), KEYS)


def test_missing_leaves_are_told(rich: tuple[History, bytes]) -> None:
    history, _ = rich
    with pytest.raises(LogContradiction, match=f"end after {history.size - 1}"):
        replay_log(history.leaves[:-1], history.checkpoint(), KEYS)


def test_leaves_beyond_the_checkpoint_are_not_read(rich: tuple[History, bytes]) -> None:
    history, _ = rich
    log = replay_log([*history.leaves, b"junk"], history.checkpoint(), KEYS)
    assert log.checkpoint.size == history.size


def test_trees_of_earlier_sizes_come_with_it(rich: tuple[History, bytes]) -> None:
    history, _ = rich
    log = replay_log(history.leaves, history.checkpoint(), KEYS, sizes=(1, 5))
    assert [log.trees[size] for size in (1, 5)] == [history.tree(1), history.tree(5)]


def test_a_size_beyond_the_checkpoint_is_refused(rich: tuple[History, bytes]) -> None:
    history, _ = rich
    with pytest.raises(LogContradiction, match="leaves only"):
        audit_whole_log(
            history.leaves,
            history.checkpoint(),
            KEYS,
            model="m",
            version="1",
            size=history.size + 1,
        )


def test_a_policy_that_was_not_adopted_is_refused(rich: tuple[History, bytes]) -> None:
    history, _ = rich
    looser = parse_policy(POLICY.replace(b"30", b"300"), version=1, index=1)
    with pytest.raises(BundleContradiction, match="Event 1 does not adopt"):
        audit_whole_log(
            history.leaves,
            history.checkpoint(),
            KEYS,
            model="m",
            version="1",
            policies=(looser,),
        )


class Turncoat:
    """A chain whose contract took every signature, and today takes none."""

    chain_id = CHAIN_ID

    def ask(self, *_: object, **__: object) -> WalletAnswer:
        return WalletAnswer.REFUSED

    ask_now = ask

    def ask_before(self, *_: object, **__: object) -> WalletAnswer:
        return WalletAnswer.TAKEN


@pytest.mark.parametrize(
    ("wallets", "code"),
    [(None, Code.SIGNATURE_UNCONFIRMED), (Turncoat(), Code.SIGNATURE_WITHDRAWN)],
)
def test_signatures_that_only_the_chain_knows_are_told_up_to_the_size_and_no_further(
    wallets: WalletChain | None, code: Code
) -> None:
    contract = member_key("mirror").address
    history = History(Consortium(contracts={"PolicyRegistry": contract}))
    history.begin()
    history.dataset("d")
    history.grant("g", "d")
    history.train(inputs=[used("d", "g")])
    c = history.consortium
    signature = c.dataset("x").signature
    doubtful = [
        history.force(dataclasses.replace(c.dataset(name), signature=signature)) for name in "ef"
    ]

    def told(size: int | None) -> list[int]:
        answer = audit_whole_log(
            history.leaves, history.checkpoint(), KEYS,
            model="m", version="1", size=size, wallets=wallets,
        )  # fmt: skip
        return [index for each in answer.findings if each.code is code for index in each.events]

    assert [told(size) for size in (*doubtful, history.size, None)] == [
        [], doubtful[:1], doubtful, doubtful,
    ]  # fmt: skip
