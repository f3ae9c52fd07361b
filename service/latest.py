"""What lists show of model versions: each model's newest one, and verdicts of many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ledger.store.columns import ColumnValue
from ledger.views.records import ModelVersion
from service.auditing import audit_version, policies_at
from service.parts import Parts
from service.verdicts import Judged, VersionKey


def latest_of(
    parts: Parts,
    models: Sequence[str],
    newest: Mapping[ColumnValue, tuple[ModelVersion, int]],
) -> list[dict[str, object]]:
    """`versions` and `latest` of each of these models, in their order.

    Args:
        parts: of the service.
        models: their ids.
        newest: of each model that has versions the newest, and how many they are.

    Raises:
        Unavailable: database or content store do not answer.
    """
    rows = [(model, *newest[model]) for model in models if model in newest]
    verdicts = verdicts_of(parts, [(model, row.version) for model, row, _ in rows])
    found: dict[str, dict[str, object]] = {
        model: {"versions": count, "latest": _latest(row, verdicts.get((model, row.version)))}
        for model, row, count in rows
    }
    return [found.get(model, {"versions": 0, "latest": None}) for model in models]


def _latest(row: ModelVersion, judged: Judged | None) -> dict[str, object]:
    return {
        "version": row.version,
        "verdict": judged and judged.verdict,
        "verdictSize": judged and judged.size,
        "index": row.index,
    }


def verdicts_of(parts: Parts, versions: Sequence[VersionKey]) -> Mapping[VersionKey, Judged]:
    """The verdicts of versions, each with the size it holds for; see `service.verdicts`.

    Raises:
        UnknownVersion: one of them is not published.
        Unavailable: database or content store do not answer.
    """
    if not versions:
        return {}
    size = parts.log.size
    with parts.log.database.read() as connection:
        held = policies_at(parts, connection)
    policies = frozenset(f"{each.policy}@{each.version}" for each in held)

    def judge(version: VersionKey) -> Judged:
        answer = audit_version(parts, *version, size)
        return Judged(answer.verdict, size, answer.is_complete, policies)

    return parts.verdicts.of(versions, judge, size=size, policies=policies)
