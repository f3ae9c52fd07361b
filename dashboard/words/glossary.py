"""What the few words of the trade mean, shown one click away from where they stand."""

from __future__ import annotations

GLOSSARY: dict[str, str] = {
    "log": "The list of everything that members have signed, in order. Whoever checks notices "
    "if anything in it is changed or taken out.",
    "event": "One signed statement in the log: a registration, a permission, a training run.",
    "grant": "A permission: who may do what with which dataset, for which purpose, from when until "
    "when.",
    "lineage": "Where a model came from: the training runs, data and other models behind it.",
    "verdict": "What the audit says of a model version after looking at everything behind it: "
    "clean, tainted or incomplete.",
    "prospective": "From now on. What was done under the permission before stands.",
    "retroactive": "With effect on the past: every model that was made under the permission "
    "counts as tainted.",
    "sealed": "Readable by those entitled only. The log holds a fingerprint; the text can be "
    "erased for good later.",
    "checkpoint": "The log's signature over how long it is and what it holds. Two different "
    "histories cannot have the same checkpoint.",
    "root": "A fingerprint of the whole log: change one letter anywhere, and it is another one.",
    "receipt": "A small file that proves that an event stands in the log, without asking anyone.",
    "bundle": "A file that proves an audit: the answer with every event it rests on. Anyone can "
    "check it without the server.",
    "digest": "The fingerprint (SHA-256) of a file. The same file always has the same one.",
    "steward": "The member that answers for a dataset and decides who may use it.",
    "wallet": "A program that keeps your key and signs with it when you agree, such as a browser "
    "extension.",
    "keystore": "A file with your key, locked with a passphrase (Web3 Secret Storage, version 3).",
    "duo": "Data Use Ontology: standard terms for what people agreed that their data may be "
    "used for.",
    "verifier key": "The public key of the log. With it anyone checks the log's signatures.",
    "chain id": "A number that belongs to this ledger alone. It is part of what you sign, so that "
    "a signature is worth nothing anywhere else.",
    "quorum": "How many votes must take part, for or abstaining, before a proposal can pass.",
    "approval": "How many of those for and against must be for it.",
    "snapshot": "The moment at which votes are weighed, when voting begins. What changes hands "
    "later does not count in that vote.",
    "timelock": "The waiting time between passing and being carried out, in which everyone can see "
    "what is coming. The contract that keeps it also holds the treasury.",
    "delegation": "Letting somebody else vote with your tokens. The tokens stay yours, and you can "
    "take it back at any time; votes that are open already do not change.",
    "class": "What a proposal is about decides how much agreement it takes: routine the least, "
    "the rules themselves the most. The contract decides which class it is; no proposer can "
    "choose a weaker one.",
    "recount": "Adds up every ballot that the chain holds and compares the sums with what the "
    "contract tells.",
    "anchor": "The log's fingerprint, written into a chain where nobody can change it. From then "
    "on, a rewritten history would contradict it in front of everyone.",
    "release": "The members' decision, kept by a contract, that a model version may be used.",
    "voting power": "The votes that somebody casts: the tokens that were delegated to them, their "
    "own included if they vote themselves.",
}
