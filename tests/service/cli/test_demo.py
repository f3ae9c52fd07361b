"""The demo: what a stranger sees first. All of it in processes of its own."""

from __future__ import annotations

import json
import re
import shutil
import signal
from pathlib import Path

import httpx
import pytest

from service.demo.cast import PASSPHRASE
from service.demo.folder import DemoFolder, DemoInUse, NotADemo
from tests.support.commands import Commands, Result

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


def demo(user: Commands, *arguments: object) -> Result:
    with user.start("demo", "--port", 0, *arguments) as command:
        return command.end()


def facts_of(result: Result) -> dict[str, str]:
    return dict(re.findall(r"^([A-Z][A-Za-z' ]+?)  +(\S.*)$", result.out, flags=re.MULTILINE))


def test_the_whole_story_is_told_and_proven_and_its_commands_work_with_no_server(
    user: Commands,
) -> None:
    told = demo(user, "--exit").check()
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
    bundles = user.folder / "concord-data" / "demo" / "bundles"
    codes = {path.name: user("verify", path).code for path in sorted(bundles.iterdir())}
    assert set(codes.values()) == {0, 10}
    assert codes["tumour-classifier-1.json"] == 10
    assert codes["tumour-classifier-2.json"] == 0
    document = json.loads((bundles / "tumour-classifier-1.json").read_text())
    document["answer"]["verdict"] = "clean"
    (user.folder / "lie.json").write_text(json.dumps(document))
    user("verify", "lie.json").check(6)


def test_a_second_demo_serves_at_once_and_a_fresh_one_tells_it_again(user: Commands) -> None:
    demo(user, "--exit", "--data", "d").check()
    again = demo(user, "--exit", "--data", "d").check()
    assert "The story was told before" in again.out
    assert HEADINGS[0] not in again.out
    key = facts_of(again)["Verifier key"]
    fresh = demo(user, "--exit", "--data", "d", "--fresh").check()
    assert HEADINGS[6] in fresh.out
    assert facts_of(fresh)["Verifier key"] != key


@pytest.mark.parametrize("how", ["interrupt", "terminate"])
def test_a_demo_serves_on_until_it_is_told_to_stop(user: Commands, how: str) -> None:
    with user.start("demo", "--port", 0) as command:
        command.wait_for("Serving.")
        url = re.search(r"^API +(\S+)$", command.out, re.MULTILINE)
        assert url is not None
        assert httpx.get(f"{url[1]}/docs").status_code == 200
        assert httpx.get(f"{url[1]}/v1/log").json()["size"] == 21
        getattr(command, how)()
        result = command.end()
    assert "Traceback" not in result.err
    assert result.code == (130 if how == "interrupt" else 128 + signal.SIGTERM)


@pytest.mark.parametrize("how", ["interrupt", "kill"])
def test_a_story_that_was_interrupted_is_told_afresh(user: Commands, how: str) -> None:
    with user.start("demo", "--port", 0, "--data", "d") as command:
        command.wait_for(HEADINGS[1])
        getattr(command, how)()
        result = command.end()
    assert "Traceback" not in result.err
    assert result.code == (130 if how == "interrupt" else -9)
    assert HEADINGS[6] in demo(user, "--exit", "--data", "d").check().out


def test_with_json_the_facts_are_one_document(user: Commands) -> None:
    answer = demo(user, "--exit", "--json").check().json
    assert set(answer) == {
        "server", "docs", "origin", "verifierKey", "home", "keys", "passphrase", "bundles",
        "commands",
    }  # fmt: skip


def test_a_port_that_is_taken_is_named_or_passed_by(user: Commands) -> None:
    from service.cli.serving import PortTaken, listen, listen_nearby

    with listen("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match="--port"):
            listen("127.0.0.1", port)
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
