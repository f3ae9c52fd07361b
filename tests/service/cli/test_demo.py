"""The demo: what a stranger sees first. All of it in processes of its own."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from service.cli.serving import PortTaken, listen, listen_nearby
from service.demo.cast import PASSPHRASE
from service.demo.dashboard import open_dashboard
from service.demo.folder import DemoFolder, DemoInUse, NotADemo
from tests.support.commands import ROOT, Command, Commands, Result

pytestmark = pytest.mark.slow

HEADINGS = [
    "1. Three hospitals register their records.",
    "2. A lab asks for access; the hospitals grant it.",
    "3. The lab trains a model and records how it came about.",
    "4. An auditor looks at the model.",
    "5. South Hospital looks at what a revocation reaches, and revokes.",
    "6. The auditor looks again, and at how it was before.",
    "7. The lab trains again, without those records.",
]


TOLD = Path("concord-data") / "demo"


def demo(user: Commands, *arguments: object) -> Result:
    with user.start("demo", "--port", 0, *arguments) as command:
        return command.end()


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """The whole story, told once: the folder it was told in, and what was printed."""
    folder = tmp_path_factory.mktemp("demo")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CONCORD_")}
    arguments = ["-m", "service.cli.main", "demo", "--port", "0", "--exit"]
    with Command([sys.executable, *arguments], folder, environment) as command:
        return folder, command.end(240).check()


@pytest.fixture
def told(first: tuple[Path, Result], user: Commands) -> Result:
    """What was printed; the user has a copy of what was made."""
    shutil.copytree(first[0], user.folder, dirs_exist_ok=True)
    return first[1]


def facts_of(result: Result) -> dict[str, str]:
    return dict(re.findall(r"^([A-Z][A-Za-z' ]+?)  +(\S.*)$", result.out, flags=re.MULTILINE))


def test_the_whole_story_is_told_and_proven_and_its_commands_work_with_no_server(
    told: Result, user: Commands
) -> None:
    positions = [told.out.index(heading) for heading in HEADINGS]
    assert positions == sorted(positions)
    assert told.out.count("Verified with no server") == 4
    verdicts = re.findall(r"^tumour-classifier (\d) is (\w+), as of event", told.out, re.MULTILINE)
    assert verdicts == [("1", "clean"), ("1", "tainted"), ("1", "clean"), ("2", "clean")]
    assert "accuracy 9" in told.out
    assert "✗ grant-revoked-after-use" in told.out
    facts = facts_of(told)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", facts["API"])
    assert facts["OpenAPI page"] == facts["API"] + "/docs"
    assert facts["Verifier key"].startswith("concord.local/")
    assert facts["Their passphrase"] == PASSPHRASE
    keys = user.folder / facts["Members' keys"]
    names = {"operator", "hospital-north", "hospital-south", "hospital-west", "tumour-lab"}
    assert {path.stem for path in keys.iterdir()} == names | {"auditor"}
    # What is printed can be pasted, and what needs no server works with the server stopped.
    commands = re.findall(r"^  CONCORD_HOME=(\S+) \S+ concord (.+)$", told.out, re.MULTILINE)
    assert len(commands) == 3
    user.home = user.folder / commands[2][0]
    user(*commands[2][1].split()).check(10)
    check_bundles(user)


def check_bundles(user: Commands) -> None:
    """Every bundle of the demo verifies offline; one that was touched does not."""
    bundles = user.folder / TOLD / "bundles"
    codes = {path.name: user("verify", path).code for path in sorted(bundles.iterdir())}
    assert set(codes.values()) == {0, 10}
    assert codes["tumour-classifier-1.json"] == 10
    assert codes["tumour-classifier-2.json"] == 0
    document = json.loads((bundles / "tumour-classifier-1.json").read_text())
    document["answer"]["verdict"] = "clean"
    (user.folder / "lie.json").write_text(json.dumps(document))
    user("verify", "lie.json").check(6)


def test_a_second_demo_tells_nothing_again(told: Result, user: Commands) -> None:
    again = demo(user, "--exit").check()
    assert "The story was told before" in again.out
    assert HEADINGS[0] not in again.out
    assert facts_of(again)["Verifier key"] == facts_of(told)["Verifier key"]


def test_a_fresh_demo_tells_it_again_on_another_ledger(told: Result, user: Commands) -> None:
    fresh = demo(user, "--exit", "--fresh").check()
    assert HEADINGS[6] in fresh.out
    assert facts_of(fresh)["Verifier key"] != facts_of(told)["Verifier key"]


def test_the_front_pages_tour_and_training_script_run_as_they_stand(
    told: Result, user: Commands
) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    tour = next(
        block for block in re.findall(r"```sh\n(.*?)```", readme, re.DOTALL) if "$PWD" in block
    )
    [script] = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    lines = re.findall(r"\./run concord ((?:(?!&&|  #).)+)", tour)
    assert len(lines) >= 8
    with user.start("demo", "--port", 0, "--no-dashboard") as command:
        command.wait_for("Serving.")
        url = facts_of(Result(0, command.out, ""))["API"]
        user.home = user.folder / TOLD / "home"
        user.environment = {"CONCORD_PASSPHRASE": PASSPHRASE, "CONCORD_SERVER": url}
        codes = [user(*shlex.split(line)).code for line in lines]
        assert codes == [10, 0, 10, 0, 0, 0, 0, 0]
        script = script.replace("http://127.0.0.1:8080", url)
        with Command([sys.executable, "-c", script], user.folder, user.variables()) as training:
            training.end().check()
        user("audit", "tumour-classifier", "3").check(0)


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/_stcore/health", timeout=5).text == "ok"
    except httpx.TransportError:
        return False


@pytest.mark.parametrize(
    ("how", "code", "ports"),
    [
        # Where no port is named for the dashboard, a free one is found as well.
        ("interrupt", 130, ("--port", 0)),
        ("terminate", 128 + signal.SIGTERM, ("--port", 0, "--dashboard-port", 0)),
        ("kill", -signal.SIGKILL, ("--port", 0, "--dashboard-port", 0)),
    ],
)
def test_a_demo_and_its_dashboard_serve_on_until_it_ends_however_that_ends(
    told: Result, user: Commands, how: str, code: int, ports: tuple[object, ...]
) -> None:
    with user.start("demo", *ports) as command:
        command.wait_for("Serving.")
        facts = facts_of(Result(0, command.out, ""))
        assert answers(facts["Dashboard"])
        assert httpx.get(facts["OpenAPI page"]).status_code == 200
        assert httpx.get(f"{facts['API']}/v1/log").json()["size"] >= 21
        keystore = re.search(r"^with keystore file (\S+), passphrase", command.out, re.MULTILINE)
        assert keystore is not None
        assert (user.folder / keystore[1]).is_file()
        assert f"{facts['Dashboard']}/proposals?proposal=" in command.out
        getattr(command, how)()
        result = command.end()
    assert "Traceback" not in result.err
    assert result.code == code
    deadline = time.monotonic() + 30
    while answers(facts["Dashboard"]):
        assert time.monotonic() < deadline, "the dashboard outlived its demo"
    with pytest.raises(httpx.TransportError):
        httpx.get(facts["OpenAPI page"])


def test_one_proposal_is_left_open_and_the_printed_command_votes_on_it(
    told: Result, user: Commands
) -> None:
    assert "12. One more admission is proposed" in told.out
    with user.start("demo", "--port", 0, "--no-dashboard") as command:
        command.wait_for("Serving.")
        found = re.search(
            r"^CONCORD_PASSPHRASE=(\S+) CONCORD_HOME=(\S+) \S+ concord (vote .+)$",
            command.out,
            re.MULTILINE,
        )
        assert found is not None, command.out
        passphrase, home, arguments = found.groups()
        user.home = user.folder / home
        user.environment["CONCORD_PASSPHRASE"] = passphrase
        assert "1000 votes for" in user(*arguments.split()).check().out
        server = arguments.split()[-1]
        listed = user("proposals", "--state", "active", "--server", server, "--json").check().json
        assert [proposal["proposal"] for proposal in listed] == [arguments.split()[1]]
        # Days are left to whoever comes later.
        now, deadline = (datetime.fromisoformat(listed[0][name]) for name in ("now", "deadline"))
        assert deadline - now > timedelta(days=1)
        shown = user("proposals", arguments.split()[1], "--server", server, "--json").check().json
        assert [vote["support"] for vote in shown["votes"]] == ["for"]
        command.terminate()
        command.end()
    with user.start("demo", "--port", 0, "--no-dashboard") as command:
        command.wait_for("Serving.")
        assert "--key hospital-south" in command.out, "whoever has voted cannot vote again"
        command.terminate()
        command.end()


def test_a_demo_without_a_dashboard_names_none(told: Result, user: Commands) -> None:
    assert "Dashboard" not in facts_of(told)
    with user.start("demo", "--port", 0, "--no-dashboard") as command:
        command.wait_for("Serving.")
        assert "Dashboard" not in command.out
        command.interrupt()
        command.end()


def test_a_story_that_is_interrupted_ends_without_a_trace_of_python(user: Commands) -> None:
    with user.start("demo", "--port", 0, "--data", "d") as command:
        command.wait_for(HEADINGS[1])
        command.interrupt()
        result = command.end()
    assert result.code == 130
    assert "Traceback" not in result.err
    assert not DemoFolder(user.folder / "d").is_told


def test_a_story_that_was_killed_is_told_afresh(user: Commands) -> None:
    with user.start("demo", "--port", 0, "--data", "d") as command:
        command.wait_for(HEADINGS[1])
        command.kill()
        assert command.end().code == -signal.SIGKILL
    assert HEADINGS[6] in demo(user, "--exit", "--data", "d").check().out


def test_with_json_the_facts_are_one_document(told: Result, user: Commands) -> None:
    answer = demo(user, "--exit", "--json").check().json
    assert set(answer) >= {
        "server", "docs", "origin", "verifierKey", "home", "keys", "passphrase", "bundles",
        "commands", "dashboard", "openProposals",
    }  # fmt: skip
    assert answer["verifierKey"] == facts_of(told)["Verifier key"]


def test_a_port_that_is_taken_is_named_or_passed_by(told: Result, user: Commands) -> None:
    with listen("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match="with --port"):
            listen("127.0.0.1", port)
        log = user.folder / "dashboard.log"
        with (
            pytest.raises(PortTaken, match="with --dashboard-port"),
            open_dashboard("http://127.0.0.1:1", home=user.folder, log=log, port=port),
        ):
            pytest.fail("it opened on a port that is taken")
        with listen_nearby("127.0.0.1", port) as other:
            assert other.getsockname()[1] != port
        with user.start("demo", "--port", port, "--exit") as command:
            result = command.end()
        assert f"Port {port}" in result.check(5).err


def test_only_a_demos_folder_is_emptied(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("years of work")
    for fresh in (False, True):
        with pytest.raises(NotADemo, match="not empty"):
            DemoFolder(precious).prepare(fresh=fresh)
    assert (precious / "thesis.txt").read_text() == "years of work"


def test_what_a_demos_folder_links_to_is_not_emptied(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("x")
    folder = DemoFolder(tmp_path / "d")
    with folder.held():
        folder.prepare(fresh=False)
        (folder.path / "link").symlink_to(outside)
        folder.prepare(fresh=True)
    assert not (folder.path / "link").exists()
    assert (outside / "file").read_text() == "x"


def test_one_demo_at_a_time_uses_a_folder(tmp_path: Path) -> None:
    folder = DemoFolder(tmp_path / "d")
    with folder.held(), pytest.raises(DemoInUse, match="--data"), DemoFolder(folder.path).held():
        pytest.fail("two demos in one folder")
    with folder.held():
        folder.finish()
    assert folder.is_told
    shutil.rmtree(folder.path)
