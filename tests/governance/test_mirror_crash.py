"""kill -9 between a block and its events, again and again: told once, in order, nothing missing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.chain.connect import connect
from tests.governance.conftest import Founded
from tests.governance.dao import Dao
from tests.governance.mirrored import MirroredLog, mirrored_log, told_in_log, told_on_chain
from tests.support.chains import Backend, everyone

ROOT = Path(__file__).resolve().parents[2]
STEPS_BEFORE_THE_KILL = (1, 4, 9)


@pytest.mark.slow
def test_killed_at_any_time_the_mirror_tells_everything_once_and_in_order(
    founded: Founded, dao: Dao, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(dao.plan.model_dump_json())
    with mirrored_log(dao, tmp_path) as mirrored:
        mirrored.log.close()
        url = _url_of(founded, dao, tmp_path / "killed")
        for steps in STEPS_BEFORE_THE_KILL:
            _run_until_killed(mirrored, url, plan, steps)
        mirrored.log = mirrored.under_test.open()
        chain = connect(url, chain_id=dao.plan.chain_id, is_permitted=everyone, confirmations=0)
        reopened = Dao(Backend(dao.backend.name, chain, dao.backend.operator), dao.plan)
        expected, before = told_on_chain(reopened), told_in_log(mirrored.events())
        assert len(expected) > 50
        assert before == expected[: len(before)]
        mirrored.mirror(chain).catch_up()
        assert told_in_log(mirrored.events()) == expected
        chain.close()


def _url_of(founded: Founded, dao: Dao, directory: Path) -> str:
    """The DAO's chain; embedded a copy of it, for one process has it open at a time."""
    if dao.backend.name == "anvil":
        return str(dao.chain.provider.endpoint_uri)  # type: ignore[attr-defined]
    directory.mkdir()
    shutil.copy(founded.directory / "data.mdb", directory)
    return f"embedded:{directory}"


def _run_until_killed(mirrored: MirroredLog, url: str, plan: Path, steps: int) -> None:
    under_test = mirrored.under_test
    database = under_test.database.writer.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.governance.mirroring", url, database]
    command += [str(under_test.last_signed), str(plan)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [line for line, _ in zip(process.stdout, range(steps), strict=False)]
        process.kill()
    assert len(lines) == steps
