"""However an audit gets its rows, and whenever it is asked, it answers the same."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlmodel import SQLModel

import ledger.store.tables  # noqa: F401 - defines every table
from ledger.audit import (
    ModelAudit,
    RowSource,
    audit,
    audit_json,
    gather,
)
from ledger.errors import ConcordError
from ledger.events import decode_leaf
from ledger.merkle import leaf_hash
from ledger.store.evidence import SqlRows
from ledger.store.sql_state import SqlState
from ledger.verify import audit_whole_log
from ledger.views.projections import project
from ledger.views.records import ModelVersion
from tests.support.histories import History
from tests.support.random_histories import histories, published
from tests.support.roads import check_version, replayed

pytestmark = pytest.mark.slow

random_ledgers = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def gathered(source: RowSource, history: History, model: str, version: str) -> ModelAudit:
    found = gather(source, model=model, version=version, manifests={}, limit=1000)
    return audit(
        found.state, model=model, version=version, tree=history.tree(), within=found.within
    )


@random_ledgers
@given(histories(), st.data())
def test_an_answer_as_of_then_is_the_answer_of_the_log_as_it_was(
    history: History, data: st.DataObject
) -> None:
    size = data.draw(st.integers(1, history.size))
    earlier = replayed(history, size)
    for model, version in published(history, size):
        then = audit(earlier, model=model, version=version, tree=history.tree(size))
        assert audit_json(history.audit(model, version, size=size)) == audit_json(then)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories())
def test_the_database_gives_the_answer_of_all_rows(history: History) -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        SQLModel.metadata.create_all(connection)
        state = SqlState()
        state.begin(connection)
        for index, leaf in enumerate(history.leaves):
            recorded = decode_leaf(leaf, index)
            project(
                recorded.event,
                index=index,
                recorded_at=recorded.recorded_at,
                leaf_hash=leaf_hash(leaf),
                state=state,
            )
            state.accept()
        state.flush()
        for model, version in published(history):
            answer = gathered(SqlRows(connection), history, model, version)
            assert audit_json(answer) == audit_json(history.audit(model, version))
    engine.dispose()


@random_ledgers
@given(histories(), st.data())
def test_a_bundle_and_the_whole_log_give_the_same_answer(
    history: History, data: st.DataObject
) -> None:
    versions = published(history)
    if not versions:
        return
    model, version = data.draw(st.sampled_from(versions))
    first = next(
        v.index for v in history.state.all(ModelVersion) if (v.model, v.version) == (model, version)
    )
    size = data.draw(st.integers(first + 1, history.size))
    answer = check_version(history, model, version, size, {})
    keys = [history.consortium.log_key.verifier]
    whole = audit_whole_log(
        history.leaves, history.checkpoint(), keys, model=model, version=version, size=size
    )
    assert whole == answer


@random_ledgers
@given(histories(), st.sampled_from(["g0", "g1", "g2", "g3"]))
def test_no_retroactive_revocation_makes_a_tainted_model_clean(
    history: History, grant: str
) -> None:
    before = {key: history.audit(*key) for key in published(history)}
    for steward in history.consortium.stewards:
        body = {"grant": grant, "effectiveAt": history.consortium.at(), "effect": "retroactive"}
        try:
            history.sign(steward, "access.revoked", **body)
            break
        except ConcordError:
            continue
    for key, answer in before.items():
        after = history.audit(*key)
        if answer.verdict == "tainted":
            assert after.verdict == "tainted"
        errors = {(f.path, f.severity) for f in answer.findings if f.severity == "error"}
        assert errors <= {(f.path, f.severity) for f in after.findings}
