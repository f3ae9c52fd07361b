"""Members' commands against a real server: what they record, print and end with."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from typing import Any

import httpx
import pytest

from client.files import content_id
from ledger.events.identifiers import parse_instant
from tests.service.cli.conftest import World, write_files
from tests.support.commands import PASSPHRASE, ROOT, Commands
from tests.support.examples import GATEWAY, signing_key


def kinds(user: Commands) -> list[str]:
    return [item["event"]["kind"] for item in user("log", "list", "--json").check().json]


def last(user: Commands) -> dict[str, Any]:
    body: dict[str, Any] = user("log", "list", "--json").json[-1]["event"]["body"]
    return body


def test_the_version_is_the_projects(world: World, user: Commands) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    said = user("--version").check().out
    assert said == f"concord {project['version']}\n"
    openapi = httpx.get(f"{world.url}/openapi.json").json()
    assert openapi["info"]["version"] == project["version"]


def test_the_main_job_is_recorded_event_by_event(world: World, user: Commands) -> None:
    write_files(user.folder)
    lab = world.address("lab")
    figures = "--parameters parameters.json --metrics metrics.json"
    for line in (
        "dataset register d --title Records --license CC-BY-4.0 --duo HMB --key hospital",
        "dataset publish d 1 records.csv --records 1 --key hospital",
        "request d --action train --duo HMB --id r --justification secret --key lab",
        f"grant d {lab} --action train --duo HMB --until 30d --id g --request r --key hospital",
        "model register m --title Model --license MIT --key lab",
        f"run train --used d@1@g --produced m@1 --artifact model.bin {figures} --key lab",
    ):
        user(*line.split()).check()
    assert kinds(user) == [
        "ledger.created",
        "dataset.registered",
        "dataset.version_published",
        "access.requested",
        "access.granted",
        "model.registered",
        "run.started",
        "run.completed",
        "model.version_published",
    ]
    user("audit", "m", "1").check(0)


def test_a_recorded_event_says_what_was_signed_and_that_its_receipt_holds(
    world: World, user: Commands
) -> None:
    result = user(
        *("dataset", "register", "d", "--title", "T", "--license", "MIT", "--duo", "HMB"),
        *("--key", "hospital", "--receipt", "r.json"),
    ).check()
    address = world.address("hospital")
    assert f"Signing as {address}: Register dataset d" in result.out
    assert "Recorded as event 1; its receipt is verified." in result.out
    assert user("verify", "r.json").check().out.startswith("Proven: event 1 ")


def test_nothing_is_recorded_where_its_receipt_could_not_be_kept(
    world: World, user: Commands
) -> None:
    (user.folder / "kept.json").write_text("an older one")
    terms = ("--title", "T", "--license", "MIT", "--duo", "HMB", "--key", "hospital")
    for slip in ("no-such-folder/r.json", "."):
        refused = user("dataset", "register", "d", *terms, "--receipt", slip)
        assert refused.code != 0
        assert "[file-error]" in refused.err
        assert slip in refused.err
    wrong = user("dataset", "register", "d", "--license", "MIT", "--receipt", "kept.json")
    assert wrong.code != 0
    assert (user.folder / "kept.json").read_text() == "an older one"
    assert kinds(user) == ["ledger.created"]


def test_with_json_one_document_with_the_receipt_is_printed(world: World, user: Commands) -> None:
    result = user(
        *("--json", "model", "register", "m", "--title", "T", "--license", "MIT", "--key", "lab")
    ).check()
    assert set(result.json) == {"index", "eventId", "recordedAt", "duplicate", "receipt"}
    assert result.json["receipt"]["index"] == result.json["index"] == 1
    assert result.err == ""


def test_what_a_signer_may_not_have_meant_is_said_and_recorded_all_the_same(
    history: World, user: Commands
) -> None:
    past = ("--from", "2020-01-01", "--until", "2020-02-01", "--key", "hospital", "--json")
    grant = ("grant", "d", history.address("lab"), "--action", "train", "--duo", "HMB")
    done = user(*grant, "--id", "old", "--version", "1", "--version", "9", *past).check()
    assert done.json["index"]
    assert "Note: The grant ends at 2020-02-01T00:00:00Z, which is past" in done.err
    assert "Dataset d has no version 9 yet" in done.err
    renewed = user("renew", "g", "--until", "2021-01-01", "--key", "hospital").check(4)
    assert "lies before the grant begins" in renewed.err
    said = user(*grant, "--id", "new", "--version", "1", "--until", "30d", "--key", "hospital")
    assert said.check().err == ""


def test_every_step_of_a_grants_life_can_be_taken(history: World, user: Commands) -> None:
    for line in (
        "use g --action train --duo HMB --records 5 --bytes 100 --run run-1 --key lab",
        "suspend g --reason secret --key hospital",
        "resume g --key hospital",
        "renew g --until 2027-12-31 --key hospital",
        "revoke g --retroactive --reason secret --key hospital",
        "request d --action read --duo HMB --id r2 --key lab",
        "deny r2 --amend --key hospital",
        "request d --action read --duo HMB --id r3 --until 90d --key lab",
        "deny r3 --reason no --public-reason --key hospital",
        "dataset withdraw d --key hospital",
    ):
        user(*line.split()).check()
    assert kinds(user)[9:] == [
        "access.used",
        "access.suspended",
        "access.resumed",
        "access.renewed",
        "access.revoked",
        "access.requested",
        "access.returned",
        "access.requested",
        "access.denied",
        "dataset.withdrawn",
    ]
    assert "secret" not in user("log", "list", "--json").out


def test_a_dataset_is_handed_over_with_its_grants_by_its_steward_alone(
    history: World, user: Commands
) -> None:
    clinic = signing_key("clinic")
    user.keep("clinic", clinic)
    stranger = user("dataset", "transfer", "d", clinic.address, "--key", "hospital").check(4)
    assert "is not a member with the role steward" in stranger.err
    user(*("members", "admit", clinic.address, "--role", "steward", "--key", "operator")).check()
    others = user("dataset", "transfer", "d", clinic.address, "--key", "clinic").check(3)
    assert "is the steward of dataset d" in others.err
    slip = user("dataset", "transfer", "d", clinic.address[:-1], "--key", "hospital").check(4)
    assert "invalid-address" in slip.err

    handed = ("dataset", "transfer", "d", clinic.address, "--receipt", "r.json")
    done = user(*handed, "--key", "hospital").check()
    assert f"Transfer the stewardship of dataset d to {clinic.address}." in done.out
    assert user("verify", "r.json").check().out.startswith("Proven")
    assert kinds(user)[-1] == "dataset.stewardship_transferred"
    (listed,) = user("dataset", "list", "--json").check().json
    assert listed["steward"] == clinic.address

    user("suspend", "g", "--key", "hospital").check(3)
    user("suspend", "g", "--key", "clinic").check()


def test_a_grant_whose_time_is_over_is_listed_as_expired(history: World, user: Commands) -> None:
    past = ("--from", "2020-01-01", "--until", "2021-01-01", "--key", "hospital")
    user(
        *("grant", "d", history.address("lab"), "--action", "read", "--duo", "HMB"),
        *("--id", "over", *past),
    ).check()
    states = {line.split()[0]: line.split()[-1] for line in user("grants").check().out.splitlines()}
    assert (states["g"], states["over"]) == ("active", "expired")


def test_members_and_keys_come_and_go(world: World, user: Commands) -> None:
    stranger = GATEWAY.address
    user(
        "members", "admit", stranger, "--role", "auditor", "--name", "A", "--key", "operator"
    ).check()
    user("members", "roles", stranger, "--role", "steward", "--key", "operator").check()
    listed = {m["member"]: m for m in user("members", "list", "--json").check().json}
    assert (listed[stranger]["roles"], listed[stranger]["active"]) == (["steward"], True)
    user("members", "remove", stranger, "--reason", "gone", "--key", "operator").check()
    assert not {m["member"]: m for m in user("members", "list", "--json").json}[stranger]["active"]
    other = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
    authorize = ("key", "authorize", other, "--kind", "access.used", "--until", "90d")
    user(*authorize, "--label", "Gateway", "--key", "hospital").check()
    user("key", "revoke", other, "--key", "hospital").check()
    assert kinds(user)[-2:] == ["key.authorized", "key.revoked"]


def test_a_steward_sees_what_was_asked_for_and_reads_why(history: World, user: Commands) -> None:
    user("request", "d", "--action", "read", "--duo", "HMB", "--id", "q", "--key", "lab").check()
    listed = user("requests", "--dataset", "d").check().out
    assert re.search(r"r +d +Lab \(0x\w+…\) +train", listed)
    assert [each["request"] for each in user("requests", "--status", "open", "--json").json] == [
        "q"
    ]
    assert "No requests match." in user("requests", "--dataset", "other").check().out
    (asked,) = (each for each in user("requests", "--json").json if each["request"] == "r")
    event = str(asked["index"])
    assert "secret" not in user("log", "event", event).check().out
    assert user("unseal", event, "--key", "hospital", "--json").json == {"justification": "secret"}
    assert "secret" in user("unseal", event, "--key", "hospital").check().out
    assert "holds nothing sealed" in user("unseal", "1", "--key", "hospital").check().out
    user("keys", "new", "stranger").check()
    assert "not-for-reader" in user("unseal", event, "--key", "stranger").check(3).err


def test_a_sealed_value_is_erased_by_the_operator(history: World, user: Commands) -> None:
    request = next(
        item["event"]["body"]
        for item in user("log", "list", "--json").json
        if item["event"]["kind"] == "access.requested"
    )
    commitment = request["justification"]["$sealed"]
    user("erase", commitment, "--legal-basis", "GDPR", "--key", "operator").check()
    assert last(user)["commitments"] == [commitment]
    user("erase", commitment, "--legal-basis", "GDPR", "--key", "operator").check(3)


@pytest.mark.parametrize("as_json", [False, True])
def test_an_audit_ends_with_the_verdict(history: World, user: Commands, as_json: bool) -> None:
    more = ["--json"] if as_json else []
    clean = user("audit", "m", "1", *more).check(0)
    user("revoke", "g", "--retroactive", "--key", "hospital").check()
    tainted = user("audit", "m", "1", *more).check(10)
    before = user("audit", "m", "1", "--at", "8", *more).check(0)
    if as_json:
        verdicts = [r.json["verdict"] for r in (clean, tainted, before)]
        assert verdicts == ["clean", "tainted", "clean"]
    else:
        assert "m 1 is clean, as of event 8." in clean.out
        assert re.search(r"dataset +d 1 +g ✓ +2", clean.out)
        assert "m 1 is tainted, as of event 9." in tainted.out
        assert "✗ grant-revoked-after-use" in tainted.out
        assert "given by Hospital (0x" in tainted.out
        assert before.out == clean.out


def test_an_audit_with_an_unknown_input_is_incomplete(history: World, user: Commands) -> None:
    publish = ("model", "publish", "m", "2", "model.bin", "--relation", "finetuned")
    user(*publish, "--base", "nobody-knows@1", "--key", "lab").check()
    assert "? input-unresolved" in user("audit", "m", "2", "--bundle", "b.json").check(11).out
    user("verify", "b.json").check(11)


def test_lineage_and_impact_tell_what_is_linked(history: World, user: Commands) -> None:
    lineage = user("lineage", "m", "1").check().out
    assert "agent:Hospital (0x" in lineage
    assert re.search(r"run:run-1 +used +dataset:d@1 ", lineage)
    shallow = user("lineage", "m", "1", "--depth", "1", "--json").check().json
    assert shallow["isComplete"] is False
    assert not any(node["sort"] == "dataset" for node in shallow["nodes"])
    impact = user("impact", "d", "--grant", "g").check().out
    assert "Revoking grant g reaches 1 run and 1 model version" in impact
    assert user("impact", "d", "--json").check().json["models"][0]["node"] == "model:m@1"


@pytest.mark.parametrize(
    "line",
    [
        "dataset list",
        "model list",
        "members list",
        "grants",
        "grants --dataset d",
        "keys list",
        "log show",
        "log list",
        "log list --kind access.granted",
        "log event 3",
        "lineage m 1 --descendants",
        "impact d",
        "receipt 2",
    ],
)
def test_what_reads_prints_for_people_or_as_json(history: World, user: Commands, line: str) -> None:
    assert user(*line.split()).check().out
    assert user(*line.split(), "--json").check().json


def test_events_can_be_picked(history: World, user: Commands) -> None:
    def indices(*filters: str) -> list[int]:
        return [item["index"] for item in user("log", "list", "--json", *filters).check().json]

    assert indices("--kind", "access.granted") == [4]
    assert indices("--subject", "d") == [1, 2]
    assert indices("--since", "7") == [7, 8]
    assert indices("--until", "1") == [0, 1]
    assert indices("--limit", "2") == [0, 1]
    assert "No events match." in user("log", "list", "--kind", "vote.cast").check().out


def test_ids_that_nobody_chose_are_made_up(world: World, user: Commands) -> None:
    user(
        *("dataset", "register", "d", "--title", "T", "--license", "MIT", "--duo", "HMB"),
        *("--key", "hospital"),
    ).check()
    for _ in range(2):
        user("request", "d", "--action", "read", "--duo", "HMB", "--key", "lab").check()
    requests = [
        item["event"]["subject"]
        for item in user("log", "list", "--kind", "access.requested", "--json").json
    ]
    assert len(set(requests)) == 2
    assert all(re.fullmatch(r"request-[0-9a-f]{8}", request) for request in requests)


def test_times_may_be_dates_instants_and_durations(history: World, user: Commands) -> None:
    for text, wanted in (
        ("2027-12-31", "2027-12-31T00:00:00Z"),
        ("2027-12-31T12:00:00Z", "2027-12-31T12:00:00Z"),
    ):
        user("renew", "g", "--until", text, "--key", "hospital").check()
        assert last(user)["expiresAt"] == wanted
    user("renew", "g", "--until", "2w", "--key", "hospital").check()
    body = last(user)
    span = parse_instant(str(body["expiresAt"])) - parse_instant(str(body["effectiveAt"]))
    assert span == 14 * 86_400_000


def test_a_croissant_file_gives_title_licence_and_version(world: World, user: Commands) -> None:
    document = {
        "@type": "sc:Dataset",
        "name": "Titanic",
        "license": "afl-3.0",
        "version": "1.0",
        "distribution": [{"@type": "cr:FileObject", "name": "a.csv", "sha256": "ab" * 32}],
    }
    (user.folder / "c.json").write_text(json.dumps(document))
    register = ("dataset", "register", "t", "--croissant", "c.json", "--duo", "GRU")
    registered = user(*register, "--key", "hospital").check()
    assert kinds(user)[1:] == ["dataset.registered", "dataset.version_published"]
    assert user("dataset", "list", "--json").json[0]["title"] == "Titanic"
    assert user("dataset", "list", "--search", "TITAN", "--json").json[0]["dataset"] == "t"
    assert "No dataset fits." in user("dataset", "list", "--search", "iceberg").check().out
    version = user("log", "event", "2", "--json").json["event"]["body"]
    assert version["croissant"] == content_id((user.folder / "c.json").read_bytes())
    assert registered.err == ""
    kept = httpx.get(f"{world.url}/v1/content/{version['croissant']}")
    assert kept.content == (user.folder / "c.json").read_bytes()
    document["distribution"][0]["sha256"] = "TODO"  # type: ignore[index]
    (user.folder / "c.json").write_text(json.dumps(document))
    refused = user("dataset", "register", "u", *register[3:], "--key", "hospital").check(4)
    assert "'a.csv' is 'TODO'" in refused.err
    assert len(kinds(user)) == 3


def test_inputs_without_room_in_the_event_are_told_where_they_are(
    history: World, user: Commands
) -> None:
    used = [word for n in range(1100) for word in ("--used", f"d{n}@1@g")]
    result = user("run", "many", *used, "--id", "many-1", "--key", "lab", "--json").check()
    kept = user.folder / "many-1.inputs.jsonl"
    named = last(user)["inputsManifest"]
    assert named["digest"]["sha256"] == hashlib.sha256(kept.read_bytes()).hexdigest()
    assert result.json["run"] == "many-1"
    assert result.err == ""
    content = named["uri"].removeprefix("ipfs://")
    assert httpx.get(f"{history.url}/v1/content/{content}").content == kept.read_bytes()


def test_an_impact_names_the_runs_whose_manifest_is_gone(history: World, user: Commands) -> None:
    used = [word for n in range(1100) for word in ("--used", f"d{n}@1@g")]
    user("run", "many", *used, "--id", "many-1", "--key", "lab").check()
    complete = user("impact", "d").check().out
    assert "Unread manifests" not in complete
    assert "Not complete" not in complete
    content = last(user)["inputsManifest"]["uri"].removeprefix("ipfs://")
    (history.data / "content" / "blocks" / content[-3:-1] / content).unlink()
    told = user("impact", "d").check().out
    assert re.search(r"Unread manifests of +many-1", told)
    assert "Not complete" in told


def test_with_croissant_and_json_one_document_is_printed(world: World, user: Commands) -> None:
    document = {
        "@type": "sc:Dataset",
        "name": "T",
        "license": "MIT",
        "distribution": [{"@type": "cr:FileObject", "name": "a.csv", "sha256": "ab" * 32}],
    }
    (user.folder / "c.json").write_text(json.dumps(document))
    register = ("dataset", "register", "t", "--croissant", "c.json", "--duo", "GRU", "--json")
    answer = user(*register, "--key", "hospital").check().json
    assert [item["index"] for item in answer] == [1, 2]


def test_global_options_may_stand_anywhere(world: World, user: Commands) -> None:
    url = user.environment.pop("CONCORD_SERVER")
    for line in (
        f"--server {url} --json dataset list",
        f"dataset --server {url} list --json",
        f"dataset list --json --server={url}",
    ):
        assert user(*line.split()).check().json == []


def test_the_passphrase_comes_from_a_file_or_the_environment(world: World, user: Commands) -> None:
    model = ("model", "register", "--title", "T", "--license", "MIT", "--key", "lab")
    user.environment["CONCORD_PASSPHRASE"] = "wrong"
    user(*model, "m0").check(4)
    for number, ending in enumerate(("", "\n", "\r\n", "\nsecond line\n"), 1):
        (user.folder / "secret").write_text(PASSPHRASE + ending, newline="")
        user(*model, f"m{number}", "--passphrase-file", "secret").check()


def test_untrusted_text_cannot_steer_the_terminal(world: World, user: Commands) -> None:
    title = "[red]x[/red] \x1b]0;owned\x07 \u202eevil"
    register = ("dataset", "register", "d", "--license", "MIT", "--duo", "HMB", "--key", "hospital")
    result = user(*register, "--title", title)
    if result.code == 0:
        out = user("dataset", "list").check().out
        assert "[red]x[/red]" in out
        assert "\x1b" not in out
        assert "\u202e" not in out
    else:
        result.check(4)
    plain = ("dataset", "register", "e", "--license", "MIT", "--duo", "HMB", "--key", "hospital")
    user(*plain, "--title", "[red]x[/red] [link=http://a]").check()
    assert "[red]x[/red] [link=http://a]" in user("dataset", "list").check().out
