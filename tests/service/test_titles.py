"""What many things are called, in one answer."""

from __future__ import annotations

from service.schemas.audits import TitlesView
from tests.service.conftest import Served, problem_code


def called(served: Served, *nodes: str) -> list[tuple[str, str | None]]:
    answer = served.get("/v1/titles", of=",".join(nodes))
    view = TitlesView.model_validate_json(answer.content)
    return [(item.node, item.title) for item in view.items]


def test_titles_come_in_the_order_asked_for_and_each_once(trained: Served) -> None:
    assert called(
        trained, "run:run-1", "model:tumours", "dataset:records", "model:tumours", "dataset:tumours"
    ) == [
        ("run:run-1", "train-classifier"),
        ("model:tumours", "Model tumours"),
        ("dataset:records", "Records of records"),
        ("dataset:tumours", None),
    ]


def test_a_title_that_is_sealed_is_not_told(trained: Served) -> None:
    title, opening = trained.consortium.sealed("Registry of Ms A.", "person-1")
    sealed = trained.consortium.dataset("sealed", title=title)
    assert trained.send(sealed, opening).status_code == 201
    assert called(trained, "dataset:sealed") == [("dataset:sealed", None)]


def test_names_of_no_sort_that_has_titles_or_too_many_are_refused(trained: Served) -> None:
    many = ",".join(f"model:m{n}" for n in range(101))
    for wrong in (many, "", "tumours", "grant:g", "model:tumours@1", "model:tumours,", "model:A"):
        assert problem_code(trained.get("/v1/titles", of=wrong), 400) == "invalid-parameter", wrong
