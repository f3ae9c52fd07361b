"""How much may be paid for a transaction, and how long may be waited for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SendingPolicy:
    """How much may be paid and how long may be waited.

    Attributes:
        max_fee_wei_per_gas: the ceiling of base fee and tip together.
        gas_margin_percent: added to the node's gas estimate.
        gas_margin: added to it as well. Nodes estimate at the last block's time; contracts that
            keep a checkpoint a second (ERC-6372) write over one that is of that very second, and
            a new one for each party, some 22,100 gas each, as soon as the second is another.
        first_poll_seconds: between two looks for a block at first, and while receipts arrive.
        longest_poll_seconds: between two looks at the most.
        replace_after_seconds: without inclusion, before higher fees are offered.
        replace_percent: by how much they are raised; nodes want at least 10.
        displaced_after_seconds: with its nonce used and no receipt, before a transaction counts as
            displaced; nodes behind one address may differ by some blocks for a moment.
        give_up_after_seconds: without inclusion, before TransactionPending.
        last_wait_seconds: likewise, once the process is being stopped: a container is killed
            thirty seconds after it was asked to end.
    """

    max_fee_wei_per_gas: int = 500 * 10**9
    gas_margin_percent: int = 20
    gas_margin: int = 100_000
    first_poll_seconds: float = 0.02
    longest_poll_seconds: float = 2.0
    replace_after_seconds: float = 45.0
    replace_percent: int = 25
    displaced_after_seconds: float = 15.0
    give_up_after_seconds: float = 300.0
    last_wait_seconds: float = 10.0
