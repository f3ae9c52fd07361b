"""Sizes of the contracts and gas of what members, auditors and the operator do with them.

    python -m benchmarks.contract_gas [--output docs/contract-gas.md]

Prints the tables and writes them to docs/contract-gas.md. Keys, times and chain are fixed, so a
second run gives the same file, and a changed file is a changed contract. Gas is what the receipt
says on the embedded chain (Prague rules), which charges by the same schedule as any EVM chain.

Limits: code of at most 24,576 bytes (EIP-170), creation code of at most 49,152 (EIP-3860).
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from governance.addresses import CREATION_ORDER
from governance.contracts import CONTRACT_NAMES, artifact
from governance.deploy import creation_code
from ledger.chain.connect import embedded
from ledger.chain.signing import TransactionDraft
from ledger.events.envelope import encode_leaf
from ledger.events.identifiers import Milliseconds
from ledger.merkle.hashing import leaf_hash
from ledger.merkle.tree import MerkleTree
from tests.governance.dao import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    DEPLOYER,
    FOR,
    FRACTIONAL,
    MALLORY,
    TIMELOCK_DELAY,
    TOKEN,
    Dao,
    Proposal,
    found,
    member,
)
from tests.support.chains import Backend, embedded_node
from tests.support.examples import ISSUED_AT, body_of, signed_event

CODE_LIMIT, CREATION_LIMIT = 24_576, 49_152
START = 1_790_000_000
MODEL = "tumour-classifier"
SIZES = (1, 1_000, 10_000, 20_000, 1_000_000)
ADDED = 100
"""Leaves between two anchors."""

Row = tuple[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("docs/contract-gas.md"))
    text = report()
    print(text)
    parser.parse_args().output.write_text(text, "utf-8")


def report() -> str:
    """The whole document."""
    with tempfile.TemporaryDirectory() as directory:
        node = embedded_node(Path(directory) / "chain", clock=lambda: START)
        backend = Backend("embedded", embedded(node), DEPLOYER.signer)
        dao = found(backend)
        sections = (
            ("Sizes", ("contract", "code, bytes", "of the limit"), sizes()),
            ("Deployment", ("contract", "gas"), deployment(dao)),
            ("Anchoring", ("last anchored size → size", "gas"), anchoring(dao)),
            ("Models", ("operation", "gas"), models(dao)),
            ("Votes", ("operation", "gas"), votes(dao)),
        )
        parts = [table(title, head, rows) for title, head, rows in sections]
        backend.chain.close()
    return (
        "# Contract sizes and gas\n\n"
        "Written by `python -m benchmarks.contract_gas`; a test compares. The embedded chain is "
        "fee-free: there gas is time, some 4 ms for 100,000. On other chains it is money.\n\n"
        + "\n".join(parts)
    )


def table(title: str, head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [head, ("---", *("---:" for _ in head[1:])), *rows]
    return f"## {title}\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def sizes() -> Iterator[tuple[str, ...]]:
    for name in CONTRACT_NAMES:
        compiled = artifact(name)
        size = len(compiled.deployed_bytecode)
        assert size <= CODE_LIMIT
        assert len(compiled.bytecode) <= CREATION_LIMIT
        yield f"`{name}`", f"{size:,}", f"{size / CODE_LIMIT:.0%}"


def deployment(dao: Dao) -> Iterator[Row]:
    """Each creation once more: the same code and arguments, at other addresses."""
    total = 0
    for name in CREATION_ORDER:
        draft = TransactionDraft(to=None, data=creation_code(name, dao.plan))
        gas = dao.chain.send(draft, MALLORY.signer).gas_used
        total += gas
        yield f"`{name}`", f"{gas:,}"
    yield "all", f"{total:,}"


def anchoring(dao: Dao) -> Iterator[Row]:
    """Two anchors at each size: one to get there, one that is measured."""
    tree = MerkleTree([leaf_hash(number.to_bytes(4)) for number in range(SIZES[-1] + ADDED)])
    last = 0
    for size in SIZES:
        for target in (size, size + ADDED):
            if target == last:
                continue
            proof = list(tree.consistency(last, target)) if last else []
            function = dao.anchors.functions.anchor(target, tree.root(target), proof)
            gas = dao.send(DAVE, function).gas_used
            if last in (0, size):
                yield f"{last:,} → {target:,} ({len(proof)} hashes)", f"{gas:,}"
            last = target


def models(dao: Dao) -> Iterator[Row]:
    """A model's way from registration to withdrawal, in a log of 20,000 records."""
    event = signed_event("model.version_published", body_of("model.version_published", model=MODEL))
    entry = encode_leaf(event, Milliseconds(ISSUED_AT))
    record = leaf_hash(entry)
    filler = [leaf_hash(number.to_bytes(4)) for number in range(19_999)]
    log = MerkleTree([*filler[:12_345], record, *filler[12_345:]])
    dao = found(dao.backend)
    functions = dao.models.functions
    dao.send(DAVE, dao.anchors.functions.anchor(log.size, log.root(), []))
    model = functions.modelOf(MODEL).call()
    until = START + 10**9
    for label, sender, function in (
        ("register a model", BOB, functions.register(MODEL, 500)),
        (
            f"attest a record of {len(entry):,} bytes, one of {log.size:,}",
            MALLORY,
            functions.attest(model, entry, log.size, 12_345, list(log.inclusion(12_345))),
        ),
        ("evaluate", CAROL, functions.evaluate(model, record, 1, record)),
        ("flag", DAVE, functions.flag(model, record, record)),
    ):
        yield label, f"{dao.send(sender, function).gas_used:,}"
    for label, calls in (
        (
            "execute: clear the flag and release",
            (functions.clearFlag(model, record), functions.release(model, record, until)),
        ),
        ("execute: withdraw", (functions.withdraw(model, record, record),)),
    ):
        yield label, f"{dao.carry_out(*calls).gas_used:,}"


def votes(dao: Dao) -> Iterator[Row]:
    newcomer = member("newcomer")
    proposal = dao.draft(dao.membership.functions.admit(newcomer.address, [], bytes(32)))
    yield "propose one action", f"{dao.send(ALICE, dao.proposing(proposal)).gas_used:,}"
    dao.open(proposal)
    yield from ballots(dao, proposal)
    dao.close()
    queued = dao.send(MALLORY, dao.governor.functions.queue(*proposal.full))
    yield "queue", f"{queued.gas_used:,}"
    dao.advance(TIMELOCK_DELAY + 1)
    yield "execute: admit a member", f"{dao.execute(proposal).gas_used:,}"
    transfer = dao.token.functions.transfer(newcomer.address, TOKEN)
    yield "transfer, first receipt", f"{dao.send(ALICE, transfer).gas_used:,}"
    dao.advance(1)
    yield "transfer, later", f"{dao.send(ALICE, transfer).gas_used:,}"
    delegation = dao.token.functions.delegate(BOB.address)
    yield "delegate", f"{dao.send(ALICE, delegation).gas_used:,}"


def ballots(dao: Dao, proposal: Proposal) -> Iterator[Row]:
    yield "vote by transaction", f"{dao.vote(ALICE, proposal).gas_used:,}"
    signature = dao.sign_ballot(BOB, proposal, FOR)
    yield "vote by signature", f"{dao.cast(BOB, proposal, FOR, signature).gas_used:,}"
    params = b"".join((each * TOKEN).to_bytes(16) for each in (10, 20, 30))
    extended = dao.sign_extended_ballot(CAROL, proposal, FRACTIONAL, "Partly.", params)
    cast = dao.governor.functions.castVoteWithReasonAndParamsBySig(
        proposal.id, FRACTIONAL, CAROL.address, "Partly.", params, extended
    )
    yield "split vote by signature with a reason", f"{dao.send(MALLORY, cast).gas_used:,}"


if __name__ == "__main__":
    main()
