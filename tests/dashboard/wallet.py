"""A browser wallet that announces itself by EIP-6963 and really signs, with eth-account."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx
from eth_account import Account
from eth_account.messages import encode_defunct
from playwright.sync_api import BrowserContext

from ledger.events import SigningKey

_SCRIPT = """
(() => {
  const provider = {
    request: ({ method, params }) => window.concordTestWallet(method, params ?? []).then((text) => {
      const answer = JSON.parse(text);
      if (answer.error) throw Object.assign(new Error(), answer.error);
      return answer.result;
    }),
  };
  const info = Object.freeze({
    uuid: "350670db-19fa-4704-a166-e52e178b59d2", name: "Test Wallet", rdns: "example.wallet.test",
    icon: "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>",
  });
  const announce = () => window.dispatchEvent(
    new CustomEvent("eip6963:announceProvider", { detail: Object.freeze({ info, provider }) }));
  window.addEventListener("eip6963:requestProvider", announce);
  announce();
})();
"""


@dataclass
class Wallet:
    """What the wallet's owner has set up, and what it was asked.

    Attributes:
        key: of its only account.
        chain_id: the chain that it is on.
        known_chains: those that it can switch to without adding them.
        rpc: where it sends transactions.
        rejects: methods that its owner declines.
        asked: (method, parameters), in order.
    """

    key: SigningKey
    chain_id: int
    known_chains: set[int] = field(default_factory=set)
    rpc: str = ""
    rejects: set[str] = field(default_factory=set)
    asked: list[tuple[str, list[object]]] = field(default_factory=list)

    def install(self, context: BrowserContext) -> None:
        """Puts it into every page of a browser."""
        context.expose_function("concordTestWallet", self._answer)
        context.add_init_script(_SCRIPT)

    @property
    def methods(self) -> list[str]:
        """What it was asked to do."""
        return [method for method, _ in self.asked]

    def signed(self) -> list[dict[str, object]]:
        """The typed data that it signed."""
        return [
            json.loads(str(parameters[1]))
            for method, parameters in self.asked
            if method == "eth_signTypedData_v4"
        ]

    def _answer(self, method: str, parameters: list[object]) -> str:
        self.asked.append((method, parameters))
        if method in self.rejects:
            return _error(4001, "User rejected the request.")
        try:
            return json.dumps({"result": self._do(method, parameters)})
        except LookupError:
            return _error(4902, "Unrecognized chain ID.")

    def _do(self, method: str, parameters: list[object]) -> object:
        if method in {"eth_requestAccounts", "eth_accounts"}:
            return [self.key.address.lower()]
        if method == "eth_chainId":
            return hex(self.chain_id)
        if method in {"wallet_switchEthereumChain", "wallet_addEthereumChain"}:
            assert isinstance(parameters[0], dict)
            wanted = int(parameters[0]["chainId"], 16)
            if method == "wallet_addEthereumChain":
                self.known_chains.add(wanted)
            elif wanted not in self.known_chains:
                raise LookupError(wanted)
            else:
                self.chain_id = wanted
            return None
        if method == "eth_sendTransaction":
            assert isinstance(parameters[0], dict)
            return self._send(parameters[0])
        if method == "personal_sign":
            message = encode_defunct(hexstr=str(parameters[0]))
            return "0x" + bytes(Account.sign_message(message, self.key.secret).signature).hex()
        assert method == "eth_signTypedData_v4"
        typed = json.loads(str(parameters[1]))
        # As real wallets do: nothing is signed for another chain than the active one.
        assert typed["domain"]["chainId"] == self.chain_id
        signed = Account.sign_typed_data(self.key.secret, full_message=typed)
        return "0x" + bytes(signed.signature).hex()

    def _send(self, wanted: Mapping[str, str]) -> object:
        assert wanted["from"].lower() == self.key.address.lower()
        transaction = {
            "to": wanted["to"],
            "data": wanted["data"],
            "value": int(wanted["value"], 16),
            "gas": int(wanted["gas"], 16),
            "chainId": self.chain_id,
            "nonce": int(str(self._ask("eth_getTransactionCount", self.key.address, "latest")), 16),
            "maxFeePerGas": 0,
            "maxPriorityFeePerGas": 0,
        }
        raw = Account.sign_transaction(transaction, self.key.secret).raw_transaction
        return self._ask("eth_sendRawTransaction", "0x" + raw.hex())

    def _ask(self, method: str, *parameters: str) -> object:
        question = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        return httpx.post(self.rpc, json=question, timeout=60).json()["result"]


def _error(code: int, message: str) -> str:
    return json.dumps({"error": {"code": code, "message": message}})
