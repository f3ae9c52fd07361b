"""How far the chains have been read, and which roots they hold.

No views of the log: an anchor is made *of* the log, and where the reading goes on is nobody's act.
Both can be read from the chains again.
"""

from __future__ import annotations

from sqlalchemy import Index
from sqlmodel import SQLModel

from ledger.store.columns import Integer64, KeyInteger, KeyWord, Name


class ChainCursorRow(SQLModel, table=True):
    """The last block whose logs somebody took.

    Attributes:
        reader: who: `mirror`, or `anchors` and the registry's address.
        chain_id: of which chain.
        block_number: of the block.
        block_hash: 0x-hex; another one at this height means a reorganisation.
    """

    __tablename__ = "chain_cursor"

    reader: KeyWord
    chain_id: KeyInteger
    block_number: Integer64
    block_hash: Name


class AnchorRow(SQLModel, table=True):
    """One root of the log that a contract holds, confirmed.

    Attributes:
        contract: the registry, EIP-55.
        size: number of leaves.
        root: root at that size, 32 bytes.
        number: of the anchor in the registry, from 1.
        block_number: of the block that holds the transaction.
        block_hash: of that block, 0x-hex.
        block_time: of that block, milliseconds since the epoch.
        transaction_hash: 0x-hex.
    """

    __tablename__ = "anchor"
    __table_args__ = (Index("ix_anchor_size", "size", "chain_id"),)

    chain_id: KeyInteger
    contract: KeyWord
    size: KeyInteger
    root: bytes
    number: Integer64
    block_number: Integer64
    block_hash: Name
    block_time: Integer64
    transaction_hash: Name
