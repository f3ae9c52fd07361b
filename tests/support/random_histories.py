"""Random histories of a small consortium: mostly plausible, often careless, sometimes hostile.

Every act is drawn by hypothesis and offered to the rules; what they refuse is left out. Few ids,
few members and short times make acts collide.
"""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from ledger.errors import ConcordError
from ledger.events import SigningKey
from ledger.events.canonical import JsonObject, JsonValue
from ledger.views.records import Dataset, Grant, ModelVersion
from tests.support.histories import DAY, HOUR, History, used
from tests.support.ledgers import digest_of, member_key

DATASETS = ("d0", "d1")
GRANTS = ("g0", "g1", "g2", "g3")
MODELS = ("m0", "m1", "m2")
RUNS = ("r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7")
VERSIONS = ("1", "2")

Act = Callable[[History, st.DrawFn], None]


@st.composite
def histories(draw: st.DrawFn, *, acts: int = 50) -> History:
    """A history with its first leaf, two datasets, two grants on them, and random acts after."""
    history = History()
    history.begin()
    for steward, dataset in enumerate(DATASETS):
        history.dataset(dataset, steward)
        constraints = draw(st.sampled_from([[], [], [_COUNT], [_ELAPSED]]))
        history.grant(
            f"g{steward}", dataset, steward=steward, delegable=True, constraints=constraints
        )
    for act in draw(st.lists(st.sampled_from(_ACTS), min_size=acts // 2, max_size=acts)):
        attempt(history, draw, act)
    return history


def attempt(history: History, draw: st.DrawFn, act: Act) -> None:
    """Tries one act; the rules may refuse it."""
    try:
        act(history, draw)
    except ConcordError:
        return


def published(history: History, size: int | None = None) -> list[tuple[str, str]]:
    """The model versions as of a size."""
    limit = history.size if size is None else size
    return [(v.model, v.version) for v in history.state.all(ModelVersion) if v.index < limit]


_COUNT: JsonObject = {"leftOperand": "count", "operator": "lteq", "rightOperand": 2}
_ELAPSED: JsonObject = {"leftOperand": "elapsedTime", "operator": "lt", "rightOperand": "P3D"}


def _steward_of(history: History, dataset: str) -> SigningKey:
    row = history.state.get(Dataset, dataset)
    return next(s for s in history.consortium.stewards if row and s.address == row.steward)


def _grantor(history: History, draw: st.DrawFn, grant: str) -> SigningKey:
    row = history.state.get(Grant, grant)
    dataset = row.dataset if row else "d0"
    steward = _steward_of(history, dataset)
    return draw(st.sampled_from([steward, steward, steward, history.consortium.labs[0]]))


def _pass_time(history: History, draw: st.DrawFn) -> None:
    history.pass_time(draw(st.sampled_from([1, HOUR, HOUR, DAY, 5 * DAY, 40 * DAY])))


def _give(history: History, draw: st.DrawFn) -> None:
    dataset = draw(st.sampled_from(DATASETS))
    parent = draw(st.sampled_from([None, "g0", "g1"]))
    begin = draw(st.sampled_from([-5 * DAY, 0, 0, DAY]))
    body: JsonObject = {
        "grant": draw(st.sampled_from(GRANTS)),
        "dataset": dataset,
        "assignee": draw(st.sampled_from(history.consortium.labs)).address,
        "actions": draw(st.sampled_from([["train"], ["read"], ["read", "train", "evaluate"]])),
        "purpose": {"duo": draw(st.sampled_from([["HMB"], ["GRU"]]))},
        "notBefore": history.consortium.at(begin),
        "expiresAt": history.consortium.at(begin + draw(st.sampled_from([2, 20])) * DAY),
        "delegable": draw(st.booleans()),
        "constraints": draw(st.sampled_from([[], [_COUNT], [_ELAPSED]])),
    }
    if parent is not None:
        body["parent"] = parent
    versions = draw(st.sampled_from([None, ["1"]]))
    if versions is not None:
        body["versions"] = [*versions]
    signer = history.consortium.labs[0] if parent else _steward_of(history, dataset)
    history.sign(signer, "access.granted", **body)


def _change(history: History, draw: st.DrawFn) -> None:
    kind = draw(st.sampled_from(["suspended", "resumed", "renewed", "revoked", "expired"]))
    grant = draw(st.sampled_from([*GRANTS, "g0", "g0", "g1"]))
    signer = _grantor(history, draw, grant)
    effective = history.consortium.at(draw(st.sampled_from([-3 * DAY, 0, 0, DAY])))
    if kind == "expired":
        history.sign(history.consortium.operator, "access.expired", grant=grant, sweep="s")
        return
    body: JsonObject = {"grant": grant, "effectiveAt": effective}
    if kind == "renewed":
        body["expiresAt"] = history.consortium.at(draw(st.sampled_from([-DAY, DAY, 60 * DAY])))
    if kind == "revoked":
        body["effect"] = draw(st.sampled_from(["prospective", "prospective", "retroactive"]))
    history.sign(signer, f"access.{kind}", **body)


def _use(history: History, draw: st.DrawFn) -> None:
    body: JsonObject = {
        "grant": draw(st.sampled_from(GRANTS)),
        "action": draw(st.sampled_from(["train", "evaluate"])),
        "purpose": {"duo": draw(st.sampled_from([["HMB"], ["GRU"]]))},
    }
    run = draw(st.sampled_from([None, *RUNS]))
    if run is not None:
        body["run"] = run
    history.sign(
        draw(st.sampled_from([*_labs(history), history.consortium.gateway])), "access.used", **body
    )


def _labs(history: History) -> list[SigningKey]:
    return [*history.consortium.labs, member_key("job")]


def _inputs(draw: st.DrawFn) -> list[JsonValue]:
    right = st.builds(used, st.just("d0"), st.just("g0"))
    other = st.builds(used, st.just("d1"), st.just("g1"))
    wild = st.builds(
        used,
        st.sampled_from([*DATASETS, "unknown"]),
        st.sampled_from([None, *GRANTS]),
        st.sampled_from(VERSIONS),
    )
    models = st.builds(
        lambda m, v: {"model": m, "version": v},
        st.sampled_from(MODELS),
        st.sampled_from(VERSIONS),
    )
    return draw(st.lists(st.one_of(right, right, right, other, wild, models), max_size=3))


def _run(history: History, draw: st.DrawFn) -> None:
    kind = draw(st.sampled_from(["started", "completed", "completed", "completed", "failed"]))
    begin = draw(st.sampled_from([-3 * DAY, -HOUR, 0, 2 * DAY]))
    body: JsonObject = {
        "run": draw(st.sampled_from(RUNS)),
        "job": "j",
        "inputs": _inputs(draw),
        "startedAt": history.consortium.at(begin),
    }
    if kind != "started":
        body["endedAt"] = history.consortium.at(begin + draw(st.sampled_from([0, HOUR, 3 * DAY])))
    if kind == "completed":
        model, version = draw(st.sampled_from(MODELS)), draw(st.sampled_from(VERSIONS))
        made = draw(st.sampled_from([f"{model}@{version}", "other"]))
        output: JsonObject = {"model": model, "version": version}
        body["outputs"] = [output | {"digest": {"sha256": digest_of(made)}}]
    history.sign(draw(st.sampled_from(_labs(history))), f"run.{kind}", **body)


def _publish(history: History, draw: st.DrawFn) -> None:
    bases = st.lists(
        st.builds(
            lambda m, v: {"model": m, "version": v},
            st.sampled_from(MODELS),
            st.sampled_from(VERSIONS),
        ),
        max_size=2,
    )
    history.publish(
        draw(st.sampled_from(MODELS)),
        draw(st.sampled_from(VERSIONS)),
        run=draw(st.sampled_from([None, *RUNS])),
        base=draw(bases),
        lab=draw(st.sampled_from([0, 0, 1])),
    )


def _train(history: History, draw: st.DrawFn) -> None:
    history.train(
        draw(st.sampled_from(MODELS)),
        draw(st.sampled_from(VERSIONS)),
        inputs=_inputs(draw),
        run=draw(st.sampled_from(RUNS)),
        lab=draw(st.sampled_from([0, 0, 0, 0, 1])),
    )


def _data(history: History, draw: st.DrawFn) -> None:
    dataset = draw(st.sampled_from(DATASETS))
    signer = _steward_of(history, dataset)
    act = draw(st.sampled_from(["version", "transfer", "withdraw"]))
    if act == "version":
        steward = history.consortium.stewards.index(signer)
        history.record(history.consortium.dataset_version(dataset, "2", steward))
    elif act == "transfer":
        to = draw(st.sampled_from(history.consortium.stewards)).address
        history.sign(signer, "dataset.stewardship_transferred", dataset=dataset, to=to)
    else:
        history.sign(signer, "dataset.withdrawn", dataset=dataset)


def _people(history: History, draw: st.DrawFn) -> None:
    lab = draw(st.sampled_from(history.consortium.labs))
    act = draw(st.sampled_from(["remove", "admit", "authorize", "revoke"]))
    operator = history.consortium.operator
    job = member_key("job").address
    if act == "remove":
        history.sign(operator, "member.removed", member=lab.address)
    elif act == "admit":
        history.sign(operator, "member.admitted", member=lab.address, roles=["developer"])
    elif act == "authorize":
        kinds: list[JsonValue] = ["run.started", "run.completed", "run.failed", "access.used"]
        until = history.consortium.at(30 * DAY)
        history.sign(lab, "key.authorized", key=job, kinds=kinds, until=until)
    else:
        history.sign(lab, "key.revoked", key=job)


_ACTS: list[Act] = [
    _pass_time, _pass_time, _give, _change, _change, _change, _use, _use, _run, _run, _publish,
    _publish, _train, _train, _train, _train, _data, _people,
]  # fmt: skip
