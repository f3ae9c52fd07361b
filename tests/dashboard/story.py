"""A small consortium's history to look at: two models, one of them tainted; a request that waits; a
permission that ends soon; and a dataset whose texts attack whoever shows them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from ledger.events import Event
from ledger.events.canonical import JsonObject
from ledger.events.sealed import seal
from tests.support.ledgers import DAY, Consortium, ManualClock, digest_of

HOSTILE_TITLE = (
    '<img src=x onerror="window.hacked=1"> **bold** [go](javascript:window.hacked=2) '
    ":red[x] $\\frac{1}{2}$ https://evil.example"
)
HOSTILE_TEXT = (
    "<script>window.hacked=3</script><b>fat</b> \N{RIGHT-TO-LEFT OVERRIDE}gnp.exe\n# heading\n"
    "![pic](https://evil.example/x.png) <style>body{display:none}</style>"
)


JUSTIFICATION = "A thesis of <b>ours</b> needs them."
SEALED_WHY, OPENING = seal(JUSTIFICATION, salt=bytes(range(32)), data_subject="request-new")


def now_consortium() -> Consortium:
    """A consortium whose clock shows the real time."""
    return Consortium(clock=ManualClock(time.time_ns() // 1_000_000 - 60_000))


def _uses(dataset: str, grant: str) -> JsonObject:
    digest: JsonObject = {"sha256": digest_of(f"{dataset}@1")}
    return {"dataset": dataset, "version": "1", "grant": grant, "digest": digest}


def story(c: Consortium) -> Iterator[Event]:
    """Everything after the first leaf."""
    started = c.at(-DAY)
    for number, place in enumerate(("north", "south", "west")):
        dataset = f"wdbc-{place}"
        title = f"Breast cancer records, {place.capitalize()} Hospital"
        text = "Fine needle aspirates: 30 features and the diagnosis."
        yield c.dataset(dataset, number, title=title, description=text)
        yield c.dataset_version(dataset, "1", number)
        yield c.request(f"request-{place}", dataset)
        yield c.grant(f"grant-{place}", dataset, number, notBefore=started,
                      request=f"request-{place}")  # fmt: skip
    yield c.model("tumour-classifier")
    for version, places in (("1", ("north", "south", "west")), ("2", ("north", "west"))):
        inputs = [_uses(f"wdbc-{p}", f"grant-{p}") for p in places]
        yield c.run_completed(f"train-{version}", [*inputs], [("tumour-classifier", version)])
        yield c.model_version("tumour-classifier", version, run=f"train-{version}")
    yield c.revocation("grant-south", 1, "retroactive")
    yield c.request("request-new", "wdbc-north", 1, justification=SEALED_WHY)
    yield c.grant("grant-short", "wdbc-north", 0, 1, expiresAt=c.at(5 * DAY))
    yield c.dataset("hostile", 2, title=HOSTILE_TITLE, description=HOSTILE_TEXT)
    yield c.model("hostile-model", 1)
