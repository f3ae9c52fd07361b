"""The collector's settings in a process that serves: measured where they count, in its own."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

from service.app import create_server
from service.memory import THRESHOLDS
from tests.service.conftest import Served
from tests.support.servers import ROOT

_SETTLED = """
import gc, json
import service.app
from service.memory import settle

class Node: pass
node = Node()
node.itself = node
del node
settle()
frozen, left = gc.get_freeze_count(), len(gc.get_objects())
garbage = Node()
garbage.itself = garbage
del garbage
print(json.dumps({
    "frozen": frozen, "left": left, "found": gc.collect(), "thresholds": gc.get_threshold(),
}))
"""


def test_what_starting_made_is_left_out_and_new_cycles_are_still_found() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _SETTLED], cwd=ROOT, check=True, capture_output=True, text=True
    )
    told = json.loads(ran.stdout)
    assert told["frozen"] > 100_000
    assert told["left"] < told["frozen"] / 100
    assert told["found"] >= 1
    assert tuple(told["thresholds"]) == THRESHOLDS


def test_a_server_settles_once_it_listens_and_not_before(served: Served) -> None:
    settings = served.server.settings
    served.server.ask_to_stop()
    served.server.wait()
    listening: list[bool] = []
    server = create_server(settings, on_start=lambda: listening.append(server.started))
    thread = threading.Thread(target=server.run)
    thread.start()
    server.should_exit = True
    thread.join(60)
    assert listening == [True]
