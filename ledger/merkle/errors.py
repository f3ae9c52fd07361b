"""What can be wrong with a tree, proof, tile, note, checkpoint or receipt, one class each.

`InvalidInput` where a text or an argument does not have the form its specification asks for;
`IntegrityError` where the form is right and the content contradicts itself or the signature.
"""

from __future__ import annotations

from ledger.errors import IntegrityError, InvalidInput


class InvalidHash(InvalidInput):
    """A hash that is not 32 bytes long."""

    code = "invalid-hash"


class InvalidSize(InvalidInput):
    """A tree size that is negative, or larger than any log (2^63 - 1)."""

    code = "invalid-size"


class IndexBeyondSize(InvalidInput):
    """An index that is negative, or not smaller than the size of the tree."""

    code = "index-beyond-size"
    remedy = "Ask for an index below the size."


class InvalidCompactRange(InvalidInput):
    """Subtree roots that cannot belong to a tree of the size they come with."""

    code = "invalid-compact-range"


class SizeShrank(IntegrityError):
    """A tree that is smaller than an earlier one of the same log."""

    code = "size-shrank"


class WrongProofLength(IntegrityError):
    """A proof with more or fewer hashes than its index and sizes ask for."""

    code = "wrong-proof-length"


class WrongRoot(IntegrityError):
    """A proof that leads to another root than the one it is checked against."""

    code = "wrong-root"


class InvalidTilePath(InvalidInput):
    """A path that is not that of a tile or of an entry bundle."""

    code = "invalid-tile-path"


class InvalidEntryBundle(InvalidInput):
    """Bytes that are not the entry bundle of the width they should have."""

    code = "invalid-entry-bundle"


class EntryTooLong(InvalidInput):
    """An entry of more than 65,535 bytes, which no entry bundle can hold."""

    code = "entry-too-long"
    remedy = "Put what is long into a document and name it by its digest."


class TileIncomplete(IntegrityError):
    """A stored tile that is missing, or holds fewer hashes than the size of the tree implies."""

    code = "tile-incomplete"


class MalformedKey(InvalidInput):
    """A verifier or private key string that is not of the form of a signed note's key."""

    code = "malformed-key"
    remedy = (
        "Copy the whole verifier key, `name+hash+key`, as `GET /v1/log` or `concord log show` "
        "tells it."
    )


class MalformedNote(InvalidInput):
    """Bytes that are not a signed note."""

    code = "malformed-note"


class TooManySignatures(InvalidInput):
    """A note with more signatures than anyone has a reason to add."""

    code = "too-many-signatures"
    remedy = "Remove signatures of keys that nobody here knows."


class InvalidSignature(IntegrityError):
    """A signature of a known key that does not fit the text."""

    code = "note-signature-invalid"


class NoKnownSignature(IntegrityError):
    """A note that none of the known keys has signed."""

    code = "no-known-signature"


class MalformedCheckpoint(InvalidInput):
    """A text that is not a checkpoint."""

    code = "malformed-checkpoint"


class WrongOrigin(IntegrityError):
    """A checkpoint of one log, signed with the key of another."""

    code = "wrong-origin"


class MalformedHandover(InvalidInput):
    """A text that is not the handover of a log from one key to the next."""

    code = "malformed-handover"


class BrokenKeyHistory(IntegrityError):
    """Handovers that do not lead from a log's first key to the one that is trusted."""

    code = "broken-key-history"
    remedy = (
        "Rely on no key but the one that you trust; ask the operator for the file of handovers, "
        "`log.key.handovers`."
    )


class MalformedProof(InvalidInput):
    """A text that is not a C2SP tlog-proof."""

    code = "malformed-proof"


class MalformedReceipt(InvalidInput):
    """A document that is not a receipt."""

    code = "malformed-receipt"
    remedy = "Take the receipt as the service answered it, without a change."
