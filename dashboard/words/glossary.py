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
}
