"""The data of the demo: the breast-cancer records that ship inside scikit-learn (569 real cases,
Wisconsin 1995), split between three hospitals, and the model that a lab trains on them.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SEED = 7
"""Splits and training are the same each time, so two people see the same figures."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One hospital's records.

    Attributes:
        file: CSV, a header line, one record a line, the diagnosis last.
        records: number of records.
    """

    file: Path
    records: int


@dataclass(frozen=True, slots=True)
class Training:
    """What came out of a training run. Figures are on records that no hospital handed out."""

    file: Path
    accuracy: float
    auc: float
    records: int


def write_shards(folder: Path, hospitals: Sequence[str]) -> dict[str, Shard]:
    """Writes one CSV file a hospital, and `holdout.csv`, which stays with the lab for testing.

    Args:
        folder: made where absent.
        hospitals: names, each a file's name.

    Returns:
        Each hospital's shard.
    """
    folder.mkdir(parents=True, exist_ok=True)
    records = load_breast_cancer()
    rows = np.column_stack([records.data, records.target])
    header = [name.replace(" ", "_") for name in records.feature_names] + ["benign"]
    rest, holdout = train_test_split(rows, test_size=0.25, random_state=SEED, stratify=rows[:, -1])
    _write(folder / "holdout.csv", header, holdout)
    shards = {}
    for name, part in zip(hospitals, np.array_split(rest, len(hospitals)), strict=True):
        file = folder / f"{name}.csv"
        _write(file, header, part)
        shards[name] = Shard(file, len(part))
    return shards


def train(files: Sequence[Path], holdout: Path, output: Path) -> Training:
    """Trains a logistic regression on the hospitals' files and tests it on the holdout.

    Args:
        files: CSV shards.
        holdout: CSV that was not trained on.
        output: where the fitted pipeline goes (joblib).
    """
    rows = np.vstack([_read(file) for file in files])
    test = _read(holdout)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000, random_state=SEED))
    model.fit(rows[:, :-1], rows[:, -1])
    output.parent.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, output)
    scores = model.predict_proba(test[:, :-1])[:, 1]
    return Training(
        file=output,
        accuracy=round(float(accuracy_score(test[:, -1], scores > 0.5)), 4),
        auc=round(float(roc_auc_score(test[:, -1], scores)), 4),
        records=len(rows),
    )


def _write(file: Path, header: Sequence[str], rows: np.ndarray) -> None:
    with file.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(header)
        writer.writerows([*(repr(float(v)) for v in row[:-1]), int(row[-1])] for row in rows)


def _read(file: Path) -> np.ndarray:
    return np.loadtxt(file, delimiter=",", skiprows=1, ndmin=2)
