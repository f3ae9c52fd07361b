"""The DAO of a ledger, opened: its chain, its contracts, and what follows them in the background.

Rules:
- A ledger whose first leaf names no contracts has no DAO, and nothing of this is opened.
- What works in the background stops for good at what only people can mend, and says so by name at
  `/readyz`; while a part only does not answer, it goes on trying.
- Nothing here decides anything: contracts do, and the log records it.
"""

from __future__ import annotations

from dataclasses import dataclass

from governance.addresses import DaoAddresses
from governance.plan import DeploymentPlan
from governance.proposals import ChainProposals, StatusReader
from ledger.chain.chain import Chain
from ledger.chain.rpc import RpcEndpoint
from ledger.chain.signing import KeySigner
from ledger.content.store import ContentStore
from service.background import Background


@dataclass(frozen=True, slots=True)
class Dao:
    """Everything that a request about the DAO may need. Safe to use from any thread.

    Attributes:
        chain: where the contracts are.
        plan: what it was deployed with; the votes have changed it since.
        addresses: of the contracts, as the first leaf names them.
        content: policies, texts and evidence.
        signer: the relayer's; pays, where a chain asks for fees, and decides nothing.
        proposals: as they were made; `refresh` takes note of new ones.
        statuses: where proposals are now.
        rpc: answers JSON-RPC.
        background: mirror, anchorers and keeper; `wake` them after a transaction was sent.
    """

    chain: Chain
    plan: DeploymentPlan
    addresses: DaoAddresses
    content: ContentStore
    signer: KeySigner
    proposals: ChainProposals
    statuses: StatusReader
    rpc: RpcEndpoint
    background: Background
