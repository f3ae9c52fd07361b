"""What happens in the demo, told as it happens. Each step is done over HTTP with the client that
everyone uses, signed by the member's own key.

1. Three hospitals register their shards with the real digests of the real files.
2. A lab asks for access; the hospitals grant it.
3. The lab trains a real model, records the run and the model version.
4. The audit is clean, and its bundle verifies with no server.
5. One hospital looks at what a revocation reaches, then revokes, retroactively.
6. The audit shows it; as of before, it is clean still. The lab trains again without that shard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from client import Ledger, SigningKey, drafts
from client.files import describe_file
from ledger.events.canonical import JsonObject
from ledger.verify import verify_bundle
from service.cli.models import print_audit
from service.cli.output import console
from service.cli.times import now_ms
from service.demo.cast import HOSPITALS, LAB
from service.demo.cohort import Shard, Training, train, write_shards

DAY_MS = 86_400_000
MODEL = "tumour-classifier"
PURPOSE = drafts.purpose("HMB", "NPU")
USAGE: JsonObject = {"duo": ["HMB", "NPU"]}


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

    def ledger(self, member: str) -> Ledger:
        """A client that signs as a member and keeps its own trust."""
        return Ledger(self.server, key=self.keys[member], state=self.folder / "trust" / member)


def dataset_of(hospital: str) -> str:
    """Id of a hospital's dataset."""
    return f"wdbc-{hospital.removeprefix('hospital-')}"


def grant_of(hospital: str) -> str:
    """Id of a hospital's grant to the lab."""
    return f"grant-{hospital.removeprefix('hospital-')}"


def tell(stage: Stage) -> None:
    """Plays the whole story, printing each step."""
    shards = write_shards(stage.folder / "shards", [h.name for h in HOSPITALS])
    _register(stage, shards)
    _grant(stage)
    _train(stage, "1", [h.name for h in HOSPITALS], shards)
    before = _audit(stage, "1")
    _revoke(stage)
    _audit(stage, "1")
    console.print(f"As of event {before}, before the revocation:")
    _audit(stage, "1", at=before)
    console.print("\n[bold]The lab trains again, without that shard.[/]")
    kept = [h.name for h in HOSPITALS if h.name != "hospital-south"]
    _train(stage, "2", kept, shards)
    _audit(stage, "2")


def _register(stage: Stage, shards: Mapping[str, Shard]) -> None:
    console.print("\n[bold]1. Three hospitals register their records.[/]")
    for hospital in HOSPITALS:
        shard = shards[hospital.name]
        descriptor = describe_file(shard.file)
        with stage.ledger(hospital.name) as ledger:
            ledger.record(
                drafts.register_dataset(
                    dataset_of(hospital.name),
                    title=f"Breast cancer records, {hospital.title}",
                    description="Fine needle aspirates of breast masses, 30 features, diagnosis.",
                    steward=stage.keys[hospital.name].address,
                    usage=USAGE,
                    license="CC-BY-4.0",
                    personal_data=True,
                )
            )
            recorded = ledger.record(
                drafts.publish_dataset_version(
                    dataset_of(hospital.name),
                    "1",
                    distribution=[descriptor],
                    record_count=shard.records,
                )
            )
        digest = describe_digest(descriptor)
        console.print(
            f"   {hospital.title}: {shard.records} records, SHA-256 {digest}…, "
            f"event {recorded.index}, receipt verified"
        )


def describe_digest(descriptor: JsonObject) -> str:
    """The first hex digits of a descriptor's SHA-256."""
    digest = descriptor["digest"]
    return str(digest["sha256"])[:16] if isinstance(digest, dict) else ""


def _grant(stage: Stage) -> None:
    console.print("\n[bold]2. The lab asks for access; the hospitals grant it.[/]")
    now = now_ms()
    for hospital in HOSPITALS:
        request = f"request-{hospital.name.removeprefix('hospital-')}"
        with stage.ledger(LAB.name) as lab:
            lab.record(
                drafts.request_access(
                    request,
                    dataset=dataset_of(hospital.name),
                    actions=["read", "train", "evaluate"],
                    purpose=PURPOSE,
                    until=now + 365 * DAY_MS,
                    justification="A classifier of breast masses for second opinions.",
                )
            )
        with stage.ledger(hospital.name) as steward:
            recorded = steward.record(
                drafts.grant_access(
                    grant_of(hospital.name),
                    dataset=dataset_of(hospital.name),
                    assignee=stage.keys[LAB.name].address,
                    actions=["read", "train", "evaluate"],
                    purpose=PURPOSE,
                    not_before=now - 1000,
                    expires_at=now + 180 * DAY_MS,
                    request=request,
                )
            )
        console.print(
            f"   {hospital.title} grants read, train and evaluate for 180 days, "
            f"event {recorded.index}"
        )


def _train(
    stage: Stage, version: str, hospitals: list[str], shards: Mapping[str, Shard]
) -> Training:
    if version == "1":
        console.print("\n[bold]3. The lab trains a model and records how it came about.[/]")
    with stage.ledger(LAB.name) as lab:
        if version == "1":
            lab.record(
                drafts.register_model(
                    MODEL,
                    title="Classifier of breast masses",
                    owner=stage.keys[LAB.name].address,
                    license="Apache-2.0",
                    task="tabular-classification",
                )
            )
        parameters: JsonObject = {"model": "logistic regression", "max_iter": 1000}
        with lab.run(
            "train-tumour-classifier", run=f"train-{version}", parameters=parameters
        ) as run:
            for name in hospitals:
                run.used(dataset_of(name), "1", grant=grant_of(name), file=shards[name].file)
            files = [shards[name].file for name in hospitals]
            output = stage.folder / "models" / f"{MODEL}-{version}.joblib"
            result = train(files, stage.folder / "shards" / "holdout.csv", output)
            run.measured(accuracy=result.accuracy, auc=result.auc)
            run.produced(MODEL, version, file=output)
    console.print(
        f"   {MODEL} {version}: trained on {result.records} records of {len(hospitals)} hospitals, "
        f"accuracy {result.accuracy:.1%}, AUC {result.auc:.3f}, events "
        f"{run.receipts[0].index} to {run.receipts[-1].index}"
    )
    return result


def _audit(stage: Stage, version: str, at: int | None = None) -> int:
    """Prints the audit, verifies its bundle with no server; returns the last event's index."""
    with stage.ledger("auditor") as auditor:
        trust = auditor.connect()
        path = f"/v1/models/{MODEL}/versions/{version}/audit"
        bundle = auditor.fetch_document(path, bundle="true", at=at)
        answer = auditor.fetch(path, at=at)
    if at is None:
        console.print(f"\n[bold]The audit of {MODEL} {version}[/]")
    print_audit(answer)
    file = stage.folder / "bundles" / f"{MODEL}-{version}{'' if at is None else f'-at-{at}'}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(bundle)
    verified = verify_bundle(bundle, trust.keys)
    console.print(
        f"   [green]Verified with no server[/]: {len(verified.events)} events, each signed and in "
        f"the log at size {verified.checkpoint.size}; the verdict follows from them ({file.name})."
    )
    return verified.checkpoint.size - 1


def _revoke(stage: Stage) -> None:
    console.print("\n[bold]5. South Hospital looks at what a revocation reaches, and revokes.[/]")
    with stage.ledger("hospital-south") as steward:
        reach = steward.fetch(f"/v1/datasets/{dataset_of('hospital-south')}/impact")
        models = reach.get("models")
        count = len(models) if isinstance(models, list) else 0
        console.print(f"   It would reach {count} model version(s).")
        recorded = steward.record(
            drafts.revoke_grant(
                grant_of("hospital-south"),
                effective_at=now_ms(),
                retroactive=True,
                reason="The ethics board withdrew its approval.",
            )
        )
    console.print(f"   Revoked retroactively, event {recorded.index}; the reason is sealed.")
