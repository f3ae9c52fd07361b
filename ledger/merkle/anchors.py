"""Anchors: roots of the log that a contract holds, and the proof that they extend a receipt's.

What is verified here is that the anchored tree extends the receipt's. Whether the chain holds the
anchor is for whoever can ask it: the transaction must be in that block, from that contract, with
that size and root.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ledger.merkle.checkpoints import Checkpoint
from ledger.merkle.documents import (
    Fields,
    Json,
    take_bytes,
    take_bytes_list,
    take_fields,
    take_integer,
    take_text,
)
from ledger.merkle.encoding import encode_base64
from ledger.merkle.proofs import verify_consistency

_FIELDS: Final = (
    "chainId",
    "contract",
    "blockNumber",
    "blockHash",
    "transactionHash",
    "size",
    "root",
    "consistency",
)
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_HASH: Final = re.compile(r"0x[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Anchor:
    """One anchored root, as a receipt tells of it.

    Attributes:
        chain_id: EIP-155 id of the chain.
        contract: address of the registry, 0x-hex.
        block_number: number of the block that holds the transaction.
        block_hash: hash of that block, 0x-hex.
        transaction_hash: hash of the anchoring transaction, 0x-hex.
        size: number of leaves that is anchored.
        root: root at that size, 32 bytes.
        consistency: RFC 9162 consistency proof from the receipt's size to `size`.
    """

    chain_id: int
    contract: str
    block_number: int
    block_hash: str
    transaction_hash: str
    size: int
    root: bytes
    consistency: tuple[bytes, ...]

    @classmethod
    def parse(cls, value: Json) -> Anchor:
        """Reads the `anchor` of a receipt.

        Raises:
            MalformedReceipt: a field is missing, unknown or of another form.
        """
        fields = take_fields(value, _FIELDS, "an anchor")
        return cls(
            take_integer(fields, "chainId"),
            take_text(fields, "contract", _ADDRESS),
            take_integer(fields, "blockNumber"),
            take_text(fields, "blockHash", _HASH),
            take_text(fields, "transactionHash", _HASH),
            take_integer(fields, "size"),
            take_bytes(fields, "root"),
            take_bytes_list(fields, "consistency"),
        )

    def fields(self) -> Fields:
        """The anchor as a receipt holds it."""
        return {
            "chainId": self.chain_id,
            "contract": self.contract,
            "blockNumber": self.block_number,
            "blockHash": self.block_hash,
            "transactionHash": self.transaction_hash,
            "size": self.size,
            "root": encode_base64(self.root),
            "consistency": [encode_base64(value) for value in self.consistency],
        }


def verify_extends(anchor: Anchor, checkpoint: Checkpoint) -> None:
    """Checks that the anchored tree extends that of a checkpoint.

    Raises:
        SizeShrank: the anchored tree is the smaller one.
        WrongProofLength, WrongRoot, InvalidHash: as `verify_consistency`.
    """
    verify_consistency(
        checkpoint.size, anchor.size, checkpoint.root, anchor.root, anchor.consistency
    )
