"""Views of runs, models and the relations between them."""

from __future__ import annotations

from sqlmodel import SQLModel

from ledger.store.columns import (
    Integer64,
    KeyInteger,
    KeyWord,
    LongText,
    Name,
    OptionalInteger64,
    OptionalLongText,
    OptionalName,
    Texts,
)
from ledger.store.tables.views import indexed, view_of
from ledger.views import records


@view_of(records.Run)
class RunRow(SQLModel, table=True):
    """See `records.Run`."""

    __tablename__ = "run"
    __table_args__ = indexed("run", ("developer", "run"))

    run: KeyWord
    job: LongText
    developer: Name
    status: Name
    started_at: Integer64
    ended_at: OptionalInteger64
    inputs_manifest: OptionalName
    ended_index: OptionalInteger64
    recorded_at: Integer64
    index: Integer64


@view_of(records.RunChange)
class RunChangeRow(SQLModel, table=True):
    """See `records.RunChange`."""

    __tablename__ = "run_change"
    __table_args__ = indexed("run_change", ("run", "index"))

    index: KeyInteger
    run: KeyWord
    change: Name
    developer: Name
    started_at: Integer64
    ended_at: OptionalInteger64
    inputs_manifest: OptionalName
    spatial: OptionalLongText
    recorded_at: Integer64


@view_of(records.RunInput)
class RunInputRow(SQLModel, table=True):
    """See `records.RunInput`."""

    __tablename__ = "run_input"
    __table_args__ = indexed("run_input", ("run",), ("node",), ("grant",))

    index: KeyInteger
    position: KeyInteger
    run: Name
    node: Name
    grant: OptionalName
    digest: OptionalName


@view_of(records.RunOutput)
class RunOutputRow(SQLModel, table=True):
    """See `records.RunOutput`."""

    __tablename__ = "run_output"
    __table_args__ = indexed("run_output", ("run",), ("node",))

    index: KeyInteger
    position: KeyInteger
    run: Name
    node: Name
    digest: Name


@view_of(records.Model)
class ModelRow(SQLModel, table=True):
    """See `records.Model`."""

    __tablename__ = "model"
    __table_args__ = indexed("model", ("owner", "model"))

    model: KeyWord
    title: LongText
    owner: Name
    license: LongText
    task: OptionalLongText
    index: Integer64


@view_of(records.ModelVersion)
class ModelVersionRow(SQLModel, table=True):
    """See `records.ModelVersion`."""

    __tablename__ = "model_version"
    __table_args__ = indexed("model_version", ("run",), ("leaf_hash",))

    model: KeyWord
    version: KeyWord
    digest: Name
    artifact: LongText
    relation: Name
    run: OptionalName
    base: Texts
    card: OptionalName
    leaf_hash: Name
    index: Integer64


@view_of(records.ReleaseChange)
class ReleaseChangeRow(SQLModel, table=True):
    """See `records.ReleaseChange`."""

    __tablename__ = "release_change"
    __table_args__ = indexed("release_change", ("model", "index"))

    index: KeyInteger
    model: KeyWord
    version: OptionalName
    change: Name
    record_leaf: Name
    valid_until: OptionalInteger64
    recorded_at: Integer64


@view_of(records.Edge)
class EdgeRow(SQLModel, table=True):
    """See `records.Edge`."""

    __tablename__ = "edge"
    __table_args__ = indexed("edge", ("source",), ("target",))

    index: KeyInteger
    position: KeyInteger
    relation: Name
    source: Name
    target: Name
