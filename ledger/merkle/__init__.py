"""RFC 9162 tree, proofs, tiles, signed notes and checkpoints; pure, no I/O.

Read from the bottom: `hashing`, `proofs` (what a proof consists of and whether it holds), `tree`,
`tiles` and `prover` (the same from stored tiles), `growth` (appending to them); `keys`, `notes`,
`checkpoints`, `handover` (from one key of a log to the next); `tlog_proof` and `receipts` put both
together.
"""

from ledger.merkle.anchors import Anchor, verify_extends
from ledger.merkle.checkpoints import Checkpoint, open_checkpoint, sign_checkpoint
from ledger.merkle.entries import MAX_ENTRY_BYTES, decode_entry_bundle, encode_entry_bundle
from ledger.merkle.growth import Tile, TileEdge
from ledger.merkle.handover import (
    Handover,
    KeyPeriod,
    key_history,
    open_handover,
    sign_handover,
)
from ledger.merkle.hashing import EMPTY_ROOT, LeafHash, leaf_hash, node_hash
from ledger.merkle.keys import SigningKey, VerifierKey
from ledger.merkle.notes import Note, open_note, parse_note, sign_note
from ledger.merkle.proofs import (
    consistency_nodes,
    inclusion_nodes,
    root_from_inclusion,
    verify_consistency,
    verify_inclusion,
)
from ledger.merkle.prover import (
    FetchedTiles,
    TileReader,
    consistency_proof,
    frontier_at,
    inclusion_proof,
    inclusion_proofs,
    root_at,
)
from ledger.merkle.receipts import (
    Receipt,
    VerifiedReceipt,
    build_receipt,
    parse_receipt,
    verify_receipt,
)
from ledger.merkle.tiles import (
    EntriesAddress,
    TileAddress,
    TileCoordinate,
    changed_tile_addresses,
    entries_addresses,
    parse_tile_path,
    partial_tile_addresses,
    tile_addresses,
)
from ledger.merkle.tlog_proof import TlogProof, verify_tlog_proof
from ledger.merkle.tree import CompactRange, MerkleTree

__all__ = [
    "EMPTY_ROOT",
    "MAX_ENTRY_BYTES",
    "Anchor",
    "Checkpoint",
    "CompactRange",
    "EntriesAddress",
    "FetchedTiles",
    "Handover",
    "KeyPeriod",
    "LeafHash",
    "MerkleTree",
    "Note",
    "Receipt",
    "SigningKey",
    "Tile",
    "TileAddress",
    "TileCoordinate",
    "TileEdge",
    "TileReader",
    "TlogProof",
    "VerifiedReceipt",
    "VerifierKey",
    "build_receipt",
    "changed_tile_addresses",
    "consistency_nodes",
    "consistency_proof",
    "decode_entry_bundle",
    "encode_entry_bundle",
    "entries_addresses",
    "frontier_at",
    "inclusion_nodes",
    "inclusion_proof",
    "inclusion_proofs",
    "key_history",
    "leaf_hash",
    "node_hash",
    "open_checkpoint",
    "open_handover",
    "open_note",
    "parse_note",
    "parse_receipt",
    "parse_tile_path",
    "partial_tile_addresses",
    "root_at",
    "root_from_inclusion",
    "sign_checkpoint",
    "sign_handover",
    "sign_note",
    "tile_addresses",
    "verify_consistency",
    "verify_extends",
    "verify_inclusion",
    "verify_receipt",
    "verify_tlog_proof",
]
