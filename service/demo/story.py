"""What happens in the demo, told as it happens. Each step is done over HTTP with the client that
everyone uses, signed by the member's own key.

1. Three hospitals register their records with the real digests of the real files.
2. A lab asks for access; the hospitals grant it.
3. The lab trains a real model, records the run and the model version.
4. An auditor audits the model: clean, and its bundle verifies with no server.
5. One hospital looks at what a revocation reaches, then revokes, retroactively.
6. The audit shows it; as of before, it is clean still.
7. The lab trains again without those records: clean.

How the members decide on a release is told by `service.demo.decisions`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from client import Ledger, Recorded, SigningKey, drafts
from client.files import describe_file
from ledger.events.canonical import JsonObject
from ledger.verify import verify_bundle
from service.cli.audits import print_audit
from service.cli.output import console, plain
from service.cli.times import now_ms
from service.demo.cast import AUDITOR, HOSPITALS, LAB, MODEL, Role, titles
from service.demo.cohort import Shard, Training, train, write_shards

DAY_MS = 86_400_000
ACTIONS = ("read", "train", "evaluate")
PURPOSE = drafts.purpose("HMB", "NPU")
USAGE: JsonObject = {"duo": ["HMB", "NPU"]}
REVOKING = HOSPITALS[1]


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the story plays.

    Attributes:
        server: address of the API.
        folder: of the demo's files.
        keys: each member's key by name.
    """

    server: str
    folder: Path
    keys: Mapping[str, SigningKey]

    def ledger(self, member: Role) -> Ledger:
        """A client that signs as a member and keeps its own trust."""
        state = self.folder / "trust" / member.name
        return Ledger(self.server, key=self.keys[member.name], state=state)


def place_of(hospital: Role) -> str:
    """What tells a hospital's dataset, request and grant from the others'."""
    return hospital.name.removeprefix("hospital-")


def dataset_of(hospital: Role) -> str:
    """Id of a hospital's dataset."""
    return f"wdbc-{place_of(hospital)}"


def grant_of(hospital: Role) -> str:
    """Id of a hospital's grant to the lab."""
    return f"grant-{place_of(hospital)}"


def tell(stage: Stage) -> None:
    """Plays the whole story, printing each step.

    Raises:
        ConcordError: if the ledger refuses what should be allowed, or proves wrong.
    """
    shards = write_shards(stage.folder / "shards", [h.name for h in HOSPITALS])
    say("1. Three hospitals register their records.")
    for hospital in HOSPITALS:
        _register(stage, hospital, shards[hospital.name])
    say("2. A lab asks for access; the hospitals grant it.")
    for hospital in HOSPITALS:
        _grant(stage, hospital)
    say("3. The lab trains a model and records how it came about.")
    _register_model(stage)
    _train(stage, "1", HOSPITALS, shards)
    say("4. An auditor looks at the model.")
    before = _audit(stage, "1")
    say(f"5. {REVOKING.title} looks at what a revocation reaches, and revokes.")
    _revoke(stage)
    say("6. The auditor looks again, and at how it was before.")
    _audit(stage, "1")
    console.print("As it was before the revocation:")
    _audit(stage, "1", at=before)
    say("7. The lab trains again, without those records.")
    _train(stage, "2", [h for h in HOSPITALS if h != REVOKING], shards)
    _audit(stage, "2")


def say(heading: str) -> None:
    """Prints the heading of a step."""
    console.print(f"\n[bold]{heading}[/]")


def _register(stage: Stage, hospital: Role, shard: Shard) -> None:
    descriptor = describe_file(shard.file)
    with stage.ledger(hospital) as ledger:
        ledger.record(
            drafts.register_dataset(
                dataset_of(hospital),
                title=f"Breast cancer records, {hospital.title}",
                description="Fine needle aspirates of breast masses: 30 features and diagnosis.",
                steward=stage.keys[hospital.name].address,
                usage=USAGE,
                license="CC-BY-4.0",
                personal_data=True,
            )
        )
        recorded = ledger.record(
            drafts.publish_dataset_version(
                dataset_of(hospital), "1", distribution=[descriptor], record_count=shard.records
            )
        )
    console.print(
        f"{hospital.title}: {shard.records} records, SHA-256 {_digest_of(descriptor)[:16]}…, "
        f"{_event(recorded)}"
    )


def _digest_of(descriptor: JsonObject) -> str:
    digest = descriptor["digest"]
    return str(digest["sha256"]) if isinstance(digest, dict) else ""


def _event(recorded: Recorded) -> str:
    return f"event {recorded.index}, receipt verified"


def _grant(stage: Stage, hospital: Role) -> None:
    now = now_ms()
    request = f"request-{place_of(hospital)}"
    with stage.ledger(LAB) as lab:
        lab.record(
            drafts.request_access(
                request,
                dataset=dataset_of(hospital),
                actions=ACTIONS,
                purpose=PURPOSE,
                until=now + 365 * DAY_MS,
                justification="A classifier of breast masses for second opinions.",
            )
        )
    with stage.ledger(hospital) as steward:
        recorded = steward.record(
            drafts.grant_access(
                grant_of(hospital),
                dataset=dataset_of(hospital),
                assignee=stage.keys[LAB.name].address,
                actions=ACTIONS,
                purpose=PURPOSE,
                not_before=now - 1000,
                expires_at=now + 180 * DAY_MS,
                request=request,
            )
        )
    console.print(
        f"{hospital.title} lets {LAB.title} read, train and evaluate for 180 days: "
        f"{_event(recorded)}"
    )


def _register_model(stage: Stage) -> None:
    with stage.ledger(LAB) as lab:
        lab.record(
            drafts.register_model(
                MODEL,
                title="Classifier of breast masses",
                owner=stage.keys[LAB.name].address,
                license="Apache-2.0",
                task="tabular-classification",
            )
        )


def _train(
    stage: Stage, version: str, hospitals: Sequence[Role], shards: Mapping[str, Shard]
) -> Training:
    parameters: JsonObject = {"model": "logistic regression", "max_iter": 1000}
    with (
        stage.ledger(LAB) as lab,
        lab.run("train-tumour-classifier", run=f"train-{version}", parameters=parameters) as run,
    ):
        for hospital in hospitals:
            file = shards[hospital.name].file
            run.used(dataset_of(hospital), "1", grant=grant_of(hospital), file=file)
        result = train(
            [shards[hospital.name].file for hospital in hospitals],
            stage.folder / "shards" / "holdout.csv",
            stage.folder / "models" / f"{MODEL}-{version}.joblib",
        )
        run.measured(accuracy=result.accuracy, auc=result.auc)
        run.produced(MODEL, version, file=result.file)
    console.print(
        f"{MODEL} {version}: trained on {result.records} records of {len(hospitals)} hospitals, "
        f"accuracy {result.accuracy:.1%}, AUC {result.auc:.3f}, events {run.receipts[0].index} to "
        f"{run.receipts[-1].index}"
    )
    return result


def _audit(stage: Stage, version: str, at: int | None = None) -> int:
    """Prints the audit, verifies its bundle with no server; returns the last event's index."""
    path = f"/v1/models/{MODEL}/versions/{version}/audit"
    with stage.ledger(AUDITOR) as auditor:
        trust = auditor.connect()
        bundle = auditor.fetch_document(path, bundle="true", at=at)
        print_audit(auditor.fetch(path, at=at), titles(stage.keys))
    file = stage.folder / "bundles" / f"{MODEL}-{version}{'' if at is None else f'-at-{at}'}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(bundle)
    verified = verify_bundle(bundle, trust.keys)
    console.print(
        f"[green]Verified with no server[/]: {len(verified.events)} events, each signed and in "
        f"the log; the verdict follows from them ({file.name})."
    )
    return verified.answer.tree.size - 1


def _revoke(stage: Stage) -> None:
    with stage.ledger(REVOKING) as steward:
        path = f"/v1/datasets/{dataset_of(REVOKING)}/impact"
        reach = steward.fetch(path, grant=grant_of(REVOKING))
        console.print(plain(reach.get("sentence")), markup=False)
        recorded = steward.record(
            drafts.revoke_grant(
                grant_of(REVOKING),
                effective_at=now_ms(),
                retroactive=True,
                reason="The ethics board withdrew its approval.",
            )
        )
    console.print(f"Revoked retroactively: {_event(recorded)}. The reason is sealed.")
