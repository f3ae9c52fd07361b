"""The front door sets up an environment whole, or says so and leaves nothing that looks set up."""

from __future__ import annotations

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from threading import Thread
from types import ModuleType

import pytest

from tests.support.waiting import await_that

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """`./run`, with an environment of its own that an older lock file has made."""
    loader = SourceFileLoader("run", str(REPOSITORY / "run"))
    spec = spec_from_loader("run", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    monkeypatch.setattr(module, "VENV", tmp_path / "venv")
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv/app.stamp").write_text("of an older lock file")
    return module


def test_an_unsupported_python_leaves_the_environment_as_it_is(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "OLDEST", (99, 0))
    with pytest.raises(SystemExit, match="Start it with another one"):
        run.main(["concord"])
    assert (run.VENV / "app.stamp").exists()


def test_a_set_up_that_fails_says_so_and_is_begun_anew_the_next_time(
    run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(run, "VENV", tmp_path / "file/venv")
    with pytest.raises(SystemExit, match="Setting up failed"):
        run.main(["concord"])
    assert not run._is_set_up(run.APP)


def test_without_a_command_it_says_what_there_is(
    run: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run.main([])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert all(f"./run {command} " in told for command in ("demo", "test", "concord", "setup"))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ([], ["-n", "auto", "--maxprocesses", "4", "--dist", "loadscope"]),
        (["tests/x"], ["tests/x"]),
    ],
)
def test_every_test_runs_on_several_cores_unless_pytest_is_told_something(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, said: list[str], told: list[str]
) -> None:
    became: list[tuple[str, ...]] = []
    monkeypatch.setattr(run, "_become", lambda *command: became.append(command))
    (run.VENV / "dev.stamp").write_text(run._fingerprint(run.DEV))
    run.main(["test", *said])
    assert [[*command[1:]] for command in became] == [["-m", "pytest", *told]]


def test_what_the_tests_need_is_added_to_what_a_demo_runs_on(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[tuple[str, ...]] = []
    monkeypatch.setattr(run, "_do", lambda *command: done.append(command))
    (run.VENV / "app.stamp").write_text(run._fingerprint(run.APP))
    run._set_up(run.DEV)
    assert done
    assert not [command for command in done if "--clear" in command]
    assert run._is_set_up(run.DEV)


def test_what_an_older_lock_file_has_made_is_made_anew(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[tuple[str, ...]] = []
    monkeypatch.setattr(run, "_do", lambda *command: done.append(command))
    run._set_up(run.DEV)
    assert "--clear" in done[0]


def test_of_two_that_set_up_at_once_one_waits_and_finds_it_done(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done: list[tuple[str, ...]] = []
    monkeypatch.setattr(run, "_do", lambda *command: done.append(command))
    with run._alone():
        other = Thread(target=run._set_up, args=(run.APP,))
        other.start()
        await_that(lambda: "Waiting for another" in capsys.readouterr().out)
        (run.VENV / "app.stamp").write_text(run._fingerprint(run.APP))
    other.join()
    assert not done
