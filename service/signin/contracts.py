"""Contract accounts: does the contract take a signature for its own (EIP-1271)?"""

from __future__ import annotations

from ledger.events.wallets import WalletAnswer, WalletChain


def contract_takes(wallets: WalletChain, account: str, digest: bytes, signature: str) -> bool:
    """Whether a contract takes a signature for its own now; never for an account without code.

    Args:
        wallets: asks the chain that the contract is on.
        account: its address, EIP-55.
        digest: what was signed, 32 bytes.
        signature: 0x-hex.

    Raises:
        Unavailable: the chain does not answer.
    """
    try:
        raw = bytes.fromhex(signature.removeprefix("0x"))
    except ValueError:
        return False
    return wallets.ask_now(account, digest, raw) is WalletAnswer.TAKEN
