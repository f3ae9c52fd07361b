"""Asking contract wallets (EIP-1271) what they take for their signature.

Rules:
- A block is named, never "latest": whoever asks that block again gets the same answer.
- No code, no question: an account without code at that block is a plain one.
- `isValidSignature(bytes32,bytes)` has `WALLET_GAS` and must answer 0x1626ba7e padded to 32 bytes.
  A revert, an answer of another length, an end of gas: all are a no.
- A node that has the block's state no more (a pruned one) is not a no: it cannot tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from eth_abi.abi import encode
from eth_typing import Address

from ledger.chain.chain import Chain
from ledger.chain.errors import ChainRefused, ExecutionReverted
from ledger.chain.values import BlockRef
from ledger.errors import Unavailable
from ledger.events.envelope import MAX_SIGNATURE_BYTES
from ledger.events.identifiers import Milliseconds, check_address
from ledger.events.wallets import WINDOW_MS, WalletAnswer

WALLET_GAS: Final = 1_000_000
"""Gas of one question. A wallet of ten owners takes a tenth of it; the embedded chain burns it all
in half a second.
"""

MAX_BLOCKS: Final = 256
"""Blocks that are asked of one window, at most: chains with four blocks a second fit."""

_SELECTOR: Final = bytes.fromhex("1626ba7e")
_MAGIC: Final = _SELECTOR.ljust(32, b"\0")


class ChainStateGone(Unavailable):
    """The node answers, but has the state of that block no more, or not yet."""

    code = "chain-state-gone"
    remedy = "Ask a node that keeps the states of old blocks (an archive node)."


def answer_at(
    chain: Chain, account: str, digest: bytes, signature: bytes, *, block: int
) -> WalletAnswer:
    """What an account says of a signature after a block.

    Args:
        chain: that the account is on.
        account: EIP-55.
        digest: what was signed, 32 bytes.
        signature: any bytes.
        block: number.

    Raises:
        ChainUnavailable: the chain does not answer.
        ChainStateGone: the node does not have that block's state.
    """
    address = Address(bytes.fromhex(check_address(account)[2:]))
    try:
        code = chain.code(address, block=block)
    except ChainRefused as error:
        raise ChainStateGone(f"The node cannot tell the state of block {block}: {error}") from error
    if not code:
        return WalletAnswer.PLAIN
    if len(signature) > MAX_SIGNATURE_BYTES:
        return WalletAnswer.REFUSED
    question = _SELECTOR + encode(["bytes32", "bytes"], [digest, signature])
    try:
        answer = chain.call(address, question, block=block, gas=WALLET_GAS)
    except (ExecutionReverted, ChainRefused):
        return WalletAnswer.REFUSED
    return WalletAnswer.TAKEN if answer == _MAGIC else WalletAnswer.REFUSED


class ChainWallets:
    """A `WalletChain` over a chain.

    Args:
        chain: of the ledger's DAO.
    """

    def __init__(self, chain: Chain) -> None:
        self._chain = chain

    @property
    def chain_id(self) -> int:
        """Of the chain that is asked."""
        return self._chain.chain_id

    def ask(
        self, account: str, digest: bytes, signature: bytes, *, at: Milliseconds
    ) -> WalletAnswer:
        """What an account says at the last block whose time is not after `at`."""
        block = self._last_block(at)
        return answer_at(self._chain, account, digest, signature, block=block.number)

    def ask_now(self, account: str, digest: bytes, signature: bytes) -> WalletAnswer:
        """What an account says at the chain's last block."""
        block = self._chain.head().number
        return answer_at(self._chain, account, digest, signature, block=block)

    def ask_before(
        self, account: str, digest: bytes, signature: bytes, *, recorded_at: Milliseconds
    ) -> WalletAnswer:
        """What an account said when an event was recorded."""
        answer = WalletAnswer.PLAIN
        for number in self._blocks_before(recorded_at):
            found = answer_at(self._chain, account, digest, signature, block=number)
            if found is WalletAnswer.TAKEN:
                return found
            if found is WalletAnswer.REFUSED:
                answer = found
        return answer

    def _blocks_before(self, recorded_at: int) -> Iterator[int]:
        """The blocks that were the last one at any time in the window, the newest first."""
        block = self._last_block(recorded_at)
        yield block.number
        for _ in range(MAX_BLOCKS - 1):
            # This block followed its parent when the window had not begun yet.
            if block.number == 0 or block.timestamp * 1000 <= recorded_at - WINDOW_MS:
                return
            block = self._chain.block(block.number - 1)
            yield block.number

    def _last_block(self, at: int) -> BlockRef:
        """The last block whose time is not after `at` (milliseconds); the first of all else."""
        head = self._chain.head()
        if head.timestamp * 1000 <= at:
            return head
        # Times never decrease: [low] is not after `at`, or is the first; [high] is after it.
        low, high = 0, head.number
        while high - low > 1:
            middle = (low + high) // 2
            if self._chain.block(middle).timestamp * 1000 <= at:
                low = middle
            else:
                high = middle
        return self._chain.block(low)
