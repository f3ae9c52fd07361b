"""A consortium to test with: members with keys, a first leaf, signed events, and long histories.

Everything is derived from a seed: the same seed gives the same keys and the same events, so a
failure can be repeated. Nothing here touches a database.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from ledger.events import Domain, Event, SigningKey, build_event, sign
from ledger.events.canonical import JsonObject, JsonValue
from ledger.events.identifiers import format_instant
from ledger.events.sealed import Opening, seal
from ledger.merkle import SigningKey as LogKey

ORIGIN = "ledger.test/concord"
CHAIN_ID = 31_337_000_001
START = 1_790_000_000_000
"""When the tests' clock starts: milliseconds since the epoch, in September 2026."""

DAY = 24 * 60 * 60 * 1000
PURPOSE: JsonObject = {"duo": ["HMB"]}


class ManualClock:
    """A clock that moves when it is told to; calling it gives milliseconds since the epoch."""

    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def move(self, milliseconds: int) -> None:
        self.now += milliseconds


def member_key(name: str) -> SigningKey:
    """The key of the member by that name."""
    return SigningKey(hashlib.sha256(f"concord test key {name}".encode()).digest())


def log_key(origin: str = ORIGIN) -> LogKey:
    """The log's key."""
    return LogKey(origin, hashlib.sha256(b"concord test log key").digest())


def digest_of(text: str) -> str:
    """SHA-256 in hex, standing for the digest of some file."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass
class Consortium:
    """Three hospitals, two labs, a gateway, an auditor and the operator, of one ledger.

    Attributes:
        clock: what `issuedAt` is taken from.
        seed: of the nonces and the choices.
    """

    clock: ManualClock = field(default_factory=ManualClock)
    seed: int = 1
    origin: str = ORIGIN
    contracts: JsonObject = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.domain = Domain(CHAIN_ID, self.origin)
        self.operator = member_key("operator")
        self.mirror = member_key("mirror")
        self.stewards = [member_key(f"hospital-{n}") for n in range(3)]
        self.labs = [member_key(f"lab-{n}") for n in range(2)]
        self.gateway = member_key("gateway")
        self.auditor = member_key("auditor")
        self.outsider = member_key("outsider")

    @property
    def log_key(self) -> LogKey:
        return log_key(self.origin)

    def nonce(self) -> bytes:
        return self.random.randbytes(32)

    def at(self, milliseconds: int = 0) -> str:
        """The clock's time and so much more, as bodies write it."""
        return format_instant(self.clock.now + milliseconds)

    def event(
        self,
        signer: SigningKey,
        kind: str,
        body: JsonObject,
        *,
        nonce: bytes | None = None,
        issued_at: int | None = None,
    ) -> Event:
        """A signed event."""
        unsigned = build_event(
            body=body,
            kind=kind,
            actor=signer.address,
            issued_at=self.clock.now if issued_at is None else issued_at,
            nonce=self.nonce() if nonce is None else nonce,
        )
        return sign(unsigned, signer, self.domain)

    def sealed(self, value: JsonValue, subject: str) -> tuple[JsonObject, Opening]:
        """A sealed field and its opening."""
        return seal(value, salt=self.random.randbytes(32), data_subject=subject)

    def genesis(self) -> Event:
        """The first leaf."""
        members: list[JsonValue] = [
            {"member": s.address, "roles": ["steward"], "name": f"Hospital {n}"}
            for n, s in enumerate(self.stewards)
        ]
        members += [
            {"member": s.address, "roles": ["developer"], "name": f"Lab {n}"}
            for n, s in enumerate(self.labs)
        ]
        members.append({"member": self.gateway.address, "roles": ["gateway"]})
        members.append({"member": self.auditor.address, "roles": ["auditor"]})
        return self.event(
            self.operator,
            "ledger.created",
            {
                "ledger": "ledger",
                "origin": self.origin,
                "chainId": CHAIN_ID,
                "contracts": self.contracts,
                "logKey": str(self.log_key.verifier),
                "members": members,
                "mirror": self.mirror.address,
            },
        )

    def dataset(self, dataset: str, steward: int = 0, **fields: JsonValue) -> Event:
        key = self.stewards[steward]
        body: JsonObject = {
            "dataset": dataset,
            "title": f"Records of {dataset}",
            "license": "CC-BY-4.0",
            "usage": {"duo": ["HMB"]},
            "personalData": True,
            "steward": key.address,
        }
        return self.event(key, "dataset.registered", body | fields)

    def dataset_version(self, dataset: str, version: str, steward: int = 0) -> Event:
        return self.event(
            self.stewards[steward],
            "dataset.version_published",
            {
                "dataset": dataset,
                "version": version,
                "distribution": [
                    {"digest": {"sha256": digest_of(f"{dataset}@{version}")}, "name": "records.csv"}
                ],
                "recordCount": 569,
            },
        )

    def request(self, request: str, dataset: str, lab: int = 0, **fields: JsonValue) -> Event:
        body: JsonObject = {
            "request": request,
            "dataset": dataset,
            "actions": ["read", "train"],
            "purpose": PURPOSE,
            "until": self.at(90 * DAY),
        }
        return self.event(self.labs[lab], "access.requested", body | fields)

    def grant(
        self, grant: str, dataset: str, steward: int = 0, lab: int = 0, **fields: JsonValue
    ) -> Event:
        body: JsonObject = {
            "grant": grant,
            "dataset": dataset,
            "assignee": self.labs[lab].address,
            "actions": ["read", "train"],
            "purpose": PURPOSE,
            "notBefore": self.at(),
            "expiresAt": self.at(90 * DAY),
            "delegable": False,
        }
        return self.event(self.stewards[steward], "access.granted", body | fields)

    def use(self, grant: str, lab: int = 0, **fields: JsonValue) -> Event:
        body: JsonObject = {"grant": grant, "action": "train", "purpose": PURPOSE, "records": 100}
        return self.event(self.labs[lab], "access.used", body | fields)

    def revocation(self, grant: str, steward: int = 0, effect: str = "prospective") -> Event:
        return self.event(
            self.stewards[steward],
            "access.revoked",
            {"grant": grant, "effectiveAt": self.at(), "effect": effect},
        )

    def model(self, model: str, lab: int = 0) -> Event:
        key = self.labs[lab]
        return self.event(
            key,
            "model.registered",
            {"model": model, "title": f"Model {model}", "owner": key.address, "license": "MIT"},
        )

    def run_completed(
        self,
        run: str,
        inputs: list[JsonValue],
        outputs: list[tuple[str, str]],
        lab: int = 0,
        **fields: JsonValue,
    ) -> Event:
        made: list[JsonValue] = [
            {"model": m, "version": v, "digest": {"sha256": digest_of(f"{m}@{v}")}}
            for m, v in outputs
        ]
        body: JsonObject = {
            "run": run,
            "job": "train-classifier",
            "inputs": inputs,
            "outputs": made,
            "startedAt": self.at(-60_000),
            "endedAt": self.at(),
            "metrics": {"accuracy": 0.97},
        }
        return self.event(self.labs[lab], "run.completed", body | fields)

    def model_version(self, model: str, version: str, lab: int = 0, **fields: JsonValue) -> Event:
        body: JsonObject = {
            "model": model,
            "version": version,
            "artifact": {"digest": {"sha256": digest_of(f"{model}@{version}")}},
            "relation": "trained",
        }
        return self.event(self.labs[lab], "model.version_published", body | fields)

    def erasure(self, erasure: str, commitments: list[str]) -> Event:
        return self.event(
            self.operator,
            "erasure.performed",
            {
                "erasure": erasure,
                "commitments": [*commitments],
                "legalBasis": "GDPR article 17",
            },
        )

    def chain_reference(self, log_index: int) -> JsonObject:
        """Where on chain something happened: in the only contract that this ledger names."""
        return {
            "chainId": CHAIN_ID,
            "contract": self.random_contract,
            "blockNumber": 1 + log_index // 3,
            "blockHash": "0x" + digest_of(f"block {log_index // 3}"),
            "transactionHash": "0x" + digest_of(f"transaction {log_index}"),
            "logIndex": log_index,
        }

    def rich_history(self) -> Iterator[tuple[Event, tuple[Opening, ...]]]:
        """Every sort of event at least once, with openings, on a ledger that names a contract."""
        self.contracts = {"registry": self.random_contract}
        yield self.genesis(), ()
        title, opening = self.sealed("Registry of Ms A.", "person-1")
        yield self.dataset("d", title=title), (opening,)
        yield self.dataset_version("d", "1"), ()
        yield self.dataset_version("d", "2"), ()
        yield self.dataset("e", 1, usage={"duo": ["GRU", "NPU"]}), ()
        yield from ((event, ()) for event in self._keys_and_transfers())
        yield from self._requests_and_emergencies()
        yield from ((event, ()) for event in self._delegation())
        yield from ((event, ()) for event in self._decisions_on_chain())
        yield from ((event, ()) for event in self._block(7))
        yield self.erasure("erasure-1", [opening.commitment]), ()

    @property
    def random_contract(self) -> str:
        return member_key("contract").address

    def _keys_and_transfers(self) -> Iterator[Event]:
        lab, job = self.labs[0], member_key("job-1")
        yield self.event(
            lab,
            "key.authorized",
            {
                "key": job.address,
                "kinds": ["run.started", "run.completed", "run.failed"],
                "until": self.at(DAY),
            },
        )
        run: JsonObject = {"run": "job-run", "job": "fit", "inputs": [], "startedAt": self.at()}
        yield self.event(job, "run.started", run)
        yield self.event(job, "run.failed", run | {"endedAt": self.at(5), "reason": "no memory"})
        yield self.event(lab, "key.revoked", {"key": job.address})
        to = self.stewards[2].address
        steward = self.stewards[1]
        yield self.event(steward, "dataset.stewardship_transferred", {"dataset": "e", "to": to})
        yield self.event(
            self.stewards[2], "dataset.withdrawn", {"dataset": "e", "reason": "consent ended"}
        )

    def _requests_and_emergencies(self) -> Iterator[tuple[Event, tuple[Opening, ...]]]:
        why, opening = self.sealed({"why": "a trial", "who": "Dr B."}, "person-2")
        yield self.request("r1", "d", justification=why), (opening,)
        steward = self.stewards[0]
        returned: JsonObject = {"request": "r1", "reason": "which cohort?"}
        yield self.event(steward, "access.returned", returned), ()
        yield self.event(steward, "access.denied", {"request": "r1"}), ()
        why, opening = self.sealed("bleeding", "person-1")
        opened: JsonObject = {
            "emergency": "em",
            "dataset": "d",
            "until": self.at(DAY),
            "justification": why,
        }
        yield self.event(self.gateway, "access.emergency_opened", opened), (opening,)
        reviewed: JsonObject = {"emergency": "em", "verdict": "justified"}
        yield self.event(steward, "access.emergency_reviewed", reviewed), ()

    def _delegation(self) -> Iterator[Event]:
        yield self.grant("g", "d", delegable=True, versions=["1", "2"])
        lab, other = self.labs
        yield self.event(
            lab,
            "access.granted",
            {
                "grant": "g2",
                "dataset": "d",
                "assignee": other.address,
                "actions": ["read"],
                "purpose": PURPOSE,
                "versions": ["1"],
                "notBefore": self.at(),
                "expiresAt": self.at(DAY),
                "delegable": False,
                "parent": "g",
            },
        )
        yield self.use("g2", 1, action="read")
        yield self.revocation("g2", effect="retroactive")
        yield self.grant("g3", "d", expiresAt=self.at(1))
        self.clock.move(10)
        expired: JsonObject = {"grant": "g3", "sweep": "sweep-1"}
        yield self.event(self.operator, "access.expired", expired)

    def _decisions_on_chain(self) -> Iterator[Event]:
        new, lab = member_key("hospital-9").address, self.labs[0].address
        decided: list[tuple[str, JsonObject]] = [
            ("member.admitted", {"member": new, "roles": ["steward"], "name": "Hospital 9"}),
            ("member.roles_changed", {"member": new, "roles": ["steward", "auditor"]}),
            ("member.removed", {"member": new}),
            ("proposal.queued", {"proposal": "77", "eta": self.at(DAY)}),
            ("proposal.executed", {"proposal": "77"}),
            ("proposal.canceled", {"proposal": "78"}),
            (
                "vote.cast",
                {"proposal": "77", "voter": lab, "support": 1, "weight": "1" + "0" * 18},
            ),
            ("policy.adopted", {"policy": "p", "version": 1, "digest": "0x" + digest_of("p")}),
            (
                "model.released",
                {"model": "m", "recordLeaf": "0x" + digest_of("m"), "validUntil": self.at(DAY)},
            ),
            ("model.withdrawn", {"model": "m", "recordLeaf": "0x" + digest_of("m")}),
            ("token.transferred", {"from": lab, "to": new, "amount": "5"}),
            ("delegation.changed", {"delegator": lab, "fromDelegate": lab, "toDelegate": new}),
            (
                "proposal.created",
                {
                    "proposal": "77",
                    "proposer": lab,
                    "calls": [],
                    "descriptionHash": "0x" + digest_of("text"),
                    "voteStart": self.at(),
                    "voteEnd": self.at(DAY),
                },
            ),
        ]
        for n, (kind, body) in enumerate(decided):
            chain = {"chain": self.chain_reference(n)}
            yield self.event(self.mirror, kind, body | chain)

    def history(self, count: int) -> Iterator[Event]:
        """The first leaf and a long, plausible history after it: `count` events in all.

        Of a hundred events some eighty are uses, as in a consortium at work; the rest registers,
        publishes, asks, grants, revokes, trains and publishes models.
        """
        yield self.genesis()
        for block in range((count + 98) // 100):
            events = self._block(block)
            yield from (
                e for e, _ in zip(events, range(min(100, count - 1 - block * 100)), strict=False)
            )

    def _block(self, block: int) -> Iterator[Event]:
        """A hundred events around one dataset, one grant and one model."""
        steward, lab = block % 3, block % 2
        dataset, request, grant = f"records-{block}", f"request-{block}", f"grant-{block}"
        model, run = f"model-{block}", f"run-{block}"
        yield self.dataset(dataset, steward)
        yield self.dataset_version(dataset, "1", steward)
        yield self.dataset_version(dataset, "2", steward)
        yield self.request(request, dataset, lab)
        yield self.grant(grant, dataset, steward, lab, request=request)
        yield self.model(model, lab)
        for _ in range(40):
            yield self.use(grant, lab, run=run)
        used: JsonObject = {
            "dataset": dataset,
            "version": "1",
            "grant": grant,
            "digest": {"sha256": digest_of(f"{dataset}@1")},
        }
        inputs: list[JsonValue] = [used]
        base: list[JsonValue] = []
        if block >= 2:
            base = [{"model": f"model-{block - 2}", "version": "1"}]
            inputs += base
        yield self.run_completed(run, inputs, [(model, "1")], lab)
        relation = "finetuned" if base else "trained"
        yield self.model_version(model, "1", lab, run=run, relation=relation, base=base)
        for _ in range(40):
            yield self.use(grant, lab)
        for _ in range(8):
            yield self.use(grant, lab, action="read")
        yield self.event(
            self.stewards[steward],
            "access.suspended",
            {"grant": grant, "effectiveAt": self.at()},
        )
        yield self.event(
            self.stewards[steward], "access.resumed", {"grant": grant, "effectiveAt": self.at()}
        )
        yield self.event(
            self.stewards[steward],
            "access.renewed",
            {"grant": grant, "expiresAt": self.at(120 * DAY), "effectiveAt": self.at()},
        )
        yield self.revocation(grant, steward)
