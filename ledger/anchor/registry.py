"""The contract `AnchorRegistry`, as far as anchoring needs it: its calls, its log, its errors.

Encoded by hand, for the compiled contracts belong to the governance above; a test compares every
signature here to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_typing import Address

from ledger.anchor.errors import WrongRegistry
from ledger.chain.chain import Chain
from ledger.chain.errors import ExecutionReverted
from ledger.chain.signing import TransactionDraft
from ledger.chain.values import ChainLog
from ledger.events.identifiers import to_checksum_address
from ledger.keccak import keccak

ANCHOR: Final = "anchor(uint64,bytes32,bytes32[])"
LATEST: Final = "latest()"
ROOT_AT: Final = "rootAt(uint64)"
ORIGIN_DIGEST: Final = "originDigest()"
ANCHORED: Final = "Anchored(uint64,uint64,bytes32)"
NO_ANCHOR: Final = "AnchorRegistryNoAnchor(uint64)"
NOT_GROWN: Final = "AnchorRegistrySizeNotGrown(uint64,uint64)"
NOT_OPERATOR: Final = "AnchorRegistryUnauthorizedOperator(address)"

_WORD = 32


@dataclass(frozen=True, slots=True)
class LatestAnchor:
    """The last anchor that the contract took, confirmed or not.

    Attributes:
        number: how many there are; 0 means none, and then all is zero.
        size: number of leaves.
        anchored_at: chain time, seconds since the epoch.
        root: 32 bytes.
    """

    number: int
    size: int
    anchored_at: int
    root: bytes


@dataclass(frozen=True, slots=True)
class AnchoredLog:
    """One anchor, as the contract's log tells it."""

    number: int
    size: int
    root: bytes
    source: ChainLog


class AnchorRegistry:
    """One registry on one chain.

    Args:
        chain: where it is.
        address: of the contract.
    """

    def __init__(self, chain: Chain, address: Address) -> None:
        self.chain = chain
        self.address = address

    @property
    def name(self) -> str:
        """Its address in EIP-55."""
        return to_checksum_address(self.address)

    def latest(self) -> LatestAnchor:
        """The last anchor.

        Raises:
            WrongRegistry: there is no such contract.
            ChainUnavailable: the chain does not answer.
        """
        number, size, anchored_at, root = self._ask(
            LATEST, b"", ("uint64", "uint64", "uint48", "bytes32")
        )
        return LatestAnchor(int(number), int(size), int(anchored_at), bytes(root))

    def root_at(self, size: int) -> bytes | None:
        """The root anchored for exactly that size; None if there is none. Raises as `latest`."""
        try:
            (root,) = self._ask(ROOT_AT, encode(["uint64"], [size]), ("bytes32",))
        except ExecutionReverted as error:
            if is_error(error, NO_ANCHOR):
                return None
            raise
        return bytes(root)

    def origin_digest(self) -> bytes:
        """SHA-256 of the origin of the log whose roots these are. Raises as `latest`."""
        (digest,) = self._ask(ORIGIN_DIGEST, b"", ("bytes32",))
        return bytes(digest)

    def anchoring(self, size: int, root: bytes, proof: Sequence[bytes]) -> TransactionDraft:
        """The transaction that anchors a root."""
        arguments = encode(["uint64", "bytes32", "bytes32[]"], [size, root, list(proof)])
        return TransactionDraft(to=self.address, data=selector(ANCHOR) + arguments)

    def read(self, log: ChainLog) -> AnchoredLog:
        """An anchor from the contract's log.

        Raises:
            WrongRegistry: the log is no anchor's.
        """
        is_anchor = (
            log.address == self.address
            and len(log.topics) == 3
            and log.topics[0] == keccak(ANCHORED.encode())
            and len(log.data) == _WORD
        )
        if not is_anchor:
            raise WrongRegistry(f"{self.name} writes logs that no registry of anchors writes")
        number, size = (int.from_bytes(topic) for topic in log.topics[1:])
        return AnchoredLog(number, size, log.data, log)

    def _ask(self, signature: str, arguments: bytes, types: tuple[str, ...]) -> tuple[bytes, ...]:
        answer = self.chain.call(self.address, selector(signature) + arguments)
        try:
            values: tuple[bytes, ...] = decode(types, answer)
        except DecodingError as error:
            raise WrongRegistry(
                f"{self.name} on chain {self.chain.chain_id} does not answer {signature}: it is "
                "no registry of anchors, check the address"
            ) from error
        return values


def selector(signature: str) -> bytes:
    """The four bytes that choose a function, or name an error."""
    return keccak(signature.encode())[:4]


def is_error(error: ExecutionReverted, signature: str) -> bool:
    """Whether a contract reverted with this custom error."""
    return error.output[:4] == selector(signature)
