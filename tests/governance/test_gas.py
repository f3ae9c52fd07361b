"""Gas for contracts that keep a checkpoint a second: what a node estimates is of a second ago."""

from __future__ import annotations

from typing import Any

import pytest
from web3.providers.base import JSONBaseProvider

from ledger.chain.errors import TransactionFailed
from ledger.chain.policy import SendingPolicy
from ledger.chain.signing import TransactionDraft
from tests.governance.dao import ALICE, BOB, Dao, canonical, encoded
from tests.ledger.chain.adversary import Adversary, remote


class LateClock(Adversary):
    """A node that estimates at the last block's time, and seals its next block a second later."""

    def make_request(self, method: str, params: object) -> Any:
        if method != "eth_estimateGas":
            return super().make_request(method, params)
        head = self.provider.make_request("eth_getBlockByNumber", ["latest", False])["result"]
        self._next_block_at(int(head["timestamp"], 16))
        response = super().make_request(method, params)
        self._next_block_at(int(head["timestamp"], 16) + 1)
        return response

    def _next_block_at(self, timestamp: int) -> None:
        self.provider.make_request("evm_setNextBlockTimestamp", [timestamp])


@pytest.fixture
def transfer(dao: Dao) -> TransactionDraft:
    if dao.backend.name != "anvil":
        pytest.skip("the embedded chain is asked for no estimates")
    function = dao.token.functions.transfer(BOB.address, 1)
    dao.send(ALICE, function)
    return TransactionDraft(to=canonical(function.address), data=encoded(function))


def _provider(dao: Dao) -> JSONBaseProvider:
    assert isinstance(dao.chain.provider, JSONBaseProvider)
    return dao.chain.provider


def test_a_transfer_right_after_another_has_gas_for_the_checkpoints_of_the_next_second(
    dao: Dao, transfer: TransactionDraft
) -> None:
    chain = remote(LateClock(_provider(dao)))
    for _ in range(3):
        assert chain.send(transfer, ALICE.signer).block_number > 0


def test_without_that_margin_it_would_be_included_and_fail(
    dao: Dao, transfer: TransactionDraft
) -> None:
    chain = remote(LateClock(_provider(dao)), policy=SendingPolicy(gas_margin=0))
    with pytest.raises(TransactionFailed):
        chain.send(transfer, ALICE.signer)
