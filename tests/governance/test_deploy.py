from __future__ import annotations

import itertools

import pytest
from eth_utils import keccak

from governance.addresses import CREATION_ORDER
from governance.contracts import ContractName
from governance.deploy import (
    DeploymentDisturbed,
    DeploymentFailed,
    DeploymentPending,
    deploy,
)
from governance.parameters import ZERO_ADDRESS, ClassParameters, ProposalClass
from governance.plan import DeploymentPlan, plan_deployment
from governance.rights import Right, RightsDiffer, check_rights, planned_rights, read_rights
from ledger.chain.errors import ExecutionReverted, TransactionPending
from ledger.chain.policy import SendingPolicy
from ledger.chain.signing import TransactionDraft
from tests.governance.dao import (
    ALICE,
    CAROL,
    DAVE,
    MALLORY,
    PARAMETERS,
    Dao,
    Member,
    canonical,
)
from tests.support.chains import Backend, anvil_chain, new_signer, start_anvil

ZERO = "0x" + 40 * "0"


@pytest.fixture
def deployer(backend: Backend) -> Member:
    """An account that has done nothing yet."""
    return Member("deployer", backend.new_account())


@pytest.fixture
def plan(backend: Backend, deployer: Member) -> DeploymentPlan:
    return plan_deployment(backend.chain.web3, deployer.signer.address, PARAMETERS)


class Interrupted(Exception):
    """Stands for a crash."""


def stop_after(steps: int) -> object:
    count = itertools.count(1)

    def progress(_name: ContractName, _address: str) -> None:
        if next(count) == steps:
            raise Interrupted

    return progress


def test_the_dao_stands_where_the_plan_says(
    backend: Backend, deployer: Member, plan: DeploymentPlan
) -> None:
    told: list[tuple[ContractName, str]] = []
    addresses = deploy(
        backend.chain,
        deployer.signer,
        plan,
        progress=lambda name, address: told.append((name, address)),
    )
    assert addresses == plan.addresses
    assert told == [(name, addresses.of(name)) for name in CREATION_ORDER]
    for name in CREATION_ORDER:
        assert backend.chain.code(canonical(addresses.of(name)))


def test_the_deployer_owns_nothing_and_every_right_is_the_timelocks(
    backend: Backend, deployer: Member, plan: DeploymentPlan
) -> None:
    at = deploy(backend.chain, deployer.signer, plan)
    rights = read_rights(backend.chain.web3, at, plan.from_block)
    assert deployer.address not in {right.holder for right in rights}
    assert {right for right in rights if right.name in ("owner", "DEFAULT_ADMIN_ROLE")} == {
        Right("ConcordToken", "owner", at.timelock),
        Right("PolicyRegistry", "owner", at.timelock),
        Right("ModelRegistry", "owner", at.timelock),
        Right("MembershipRegistry", "DEFAULT_ADMIN_ROLE", at.timelock),
        Right("TimelockController", "DEFAULT_ADMIN_ROLE", at.timelock),
    }
    assert {right for right in rights if right.contract == "TimelockController"} == {
        Right("TimelockController", "DEFAULT_ADMIN_ROLE", at.timelock),
        Right("TimelockController", "PROPOSER_ROLE", at.governor),
        Right("TimelockController", "CANCELLER_ROLE", at.governor),
        Right("TimelockController", "EXECUTOR_ROLE", ZERO),
    }
    assert {right.holder for right in rights if right.name == "operator"} == {DAVE.address}


def test_no_other_contract_of_the_dao_has_owners_or_roles(dao: Dao) -> None:
    """The rights that `read_rights` knows are all there are: nothing else asks who is calling."""
    for name, contract in (("AnchorRegistry", dao.anchors), ("ConcordGovernor", dao.governor)):
        functions = {entry["name"] for entry in contract.abi if entry["type"] == "function"}
        assert not functions & {"owner", "hasRole", "grantRole", "authority"}, name


def test_the_deployer_has_no_right_at_any_moment(
    backend: Backend, deployer: Member, plan: DeploymentPlan
) -> None:
    """A deployer's key that is stolen half way through is worth nothing."""
    for steps in range(1, len(CREATION_ORDER) + 1):
        with pytest.raises(Interrupted):
            deploy(backend.chain, deployer.signer, plan, progress=stop_after(steps))
        for name in CREATION_ORDER[:steps]:
            contract = plan.addresses.contract(backend.chain.web3, name)
            functions = {entry["name"] for entry in contract.abi if entry["type"] == "function"}
            if "owner" in functions:
                assert contract.functions.owner().call() == plan.addresses.timelock
            if "hasRole" in functions:
                assert not contract.functions.hasRole(bytes(32), deployer.address).call()


@pytest.mark.parametrize("steps", range(1, len(CREATION_ORDER) + 1))
def test_an_interrupted_deployment_goes_on_where_it_stopped(
    backend: Backend, deployer: Member, plan: DeploymentPlan, steps: int
) -> None:
    with pytest.raises(Interrupted):
        deploy(backend.chain, deployer.signer, plan, progress=stop_after(steps))
    kept = DeploymentPlan.model_validate_json(plan.model_dump_json())
    deploy(backend.chain, deployer.signer, kept)
    nonce = backend.chain.web3.eth.get_transaction_count(deployer.address)
    assert nonce == plan.first_nonce + len(CREATION_ORDER)


def test_deploying_again_sends_nothing(
    backend: Backend, deployer: Member, plan: DeploymentPlan
) -> None:
    deploy(backend.chain, deployer.signer, plan)
    before = backend.chain.head().number
    assert deploy(backend.chain, deployer.signer, plan) == plan.addresses
    assert backend.chain.head().number == before


def test_an_account_that_was_used_before_deploys_too(backend: Backend, deployer: Member) -> None:
    backend.chain.send(TransactionDraft(to=MALLORY.signer.address), deployer.signer)
    plan = plan_deployment(backend.chain.web3, deployer.signer.address, PARAMETERS)
    assert plan.first_nonce == 1
    deploy(backend.chain, deployer.signer, plan)


def test_a_transaction_in_between_is_noticed(
    backend: Backend, deployer: Member, plan: DeploymentPlan
) -> None:
    with pytest.raises(Interrupted):
        deploy(backend.chain, deployer.signer, plan, progress=stop_after(2))
    backend.chain.send(TransactionDraft(to=MALLORY.signer.address), deployer.signer)
    with pytest.raises(DeploymentFailed, match="no AnchorRegistry"):
        deploy(backend.chain, deployer.signer, plan)


@pytest.mark.anvil
def test_a_transaction_that_no_block_has_taken_yet_is_waited_for() -> None:
    impatient = SendingPolicy(give_up_after_seconds=0.2)
    with start_anvil("--no-mining") as url:
        backend = Backend("anvil", anvil_chain(url, sending=impatient), new_signer())
        deployer = backend.new_account()
        plan = plan_deployment(backend.chain.web3, deployer.address, PARAMETERS)
        for step in range(len(CREATION_ORDER)):
            with pytest.raises(TransactionPending):
                deploy(backend.chain, deployer, plan)
            with pytest.raises(DeploymentPending, match=CREATION_ORDER[step]):
                deploy(backend.chain, deployer, plan)
            backend.request("evm_mine")
        assert deploy(backend.chain, deployer, plan) == plan.addresses


def test_a_plan_for_another_account_chain_or_time_is_refused(
    backend: Backend, deployer: Member, plan: DeploymentPlan
) -> None:
    chain = backend.chain
    with pytest.raises(DeploymentDisturbed, match="is for"):
        deploy(chain, MALLORY.signer, plan)
    with pytest.raises(DeploymentDisturbed, match="chain"):
        deploy(chain, deployer.signer, plan.model_copy(update={"chain_id": 1}))
    with pytest.raises(DeploymentDisturbed, match="reset"):
        deploy(chain, deployer.signer, plan.model_copy(update={"first_nonce": 5}))


def test_a_constructor_that_refuses_uses_no_nonce(
    backend: Backend, deployer: Member, plan: DeploymentPlan
) -> None:
    """The parameters are checked before; this is what stands behind them."""
    classes = {each: ClassParameters(quorum=0, approval=5_000) for each in ProposalClass}
    classes[ProposalClass.ROUTINE] = ClassParameters(quorum=9, approval=5_000)
    wrong = plan.model_copy(
        update={"parameters": PARAMETERS.model_copy(update={"classes": classes})}
    )
    with pytest.raises(ExecutionReverted) as caught:
        deploy(backend.chain, deployer.signer, wrong)
    assert caught.value.output[:4] == keccak(text="ProposalClassesOutOfOrder(uint8)")[:4]
    assert (
        backend.chain.web3.eth.get_transaction_count(deployer.address)
        == plan.first_nonce + len(CREATION_ORDER) - 1
    )


def test_a_right_too_many_and_a_missing_one_are_both_named(dao: Dao) -> None:
    expected = planned_rights(dao.plan)
    assert check_rights(dao.chain.web3, dao.plan) == expected
    proposer = dao.timelock.functions.PROPOSER_ROLE().call()
    dao.carry_out(
        dao.timelock.functions.grantRole(proposer, MALLORY.address),
        dao.membership.functions.remove(CAROL.address),
        dao.token.functions.transferOwnership(ALICE.address),
    )
    with pytest.raises(RightsDiffer) as caught:
        check_rights(dao.chain.web3, dao.plan)
    assert f"not planned: TimelockController PROPOSER_ROLE {MALLORY.address}" in str(caught.value)
    assert f"missing: MembershipRegistry auditor {CAROL.address}" in str(caught.value)
    assert f"not planned: ConcordToken pendingOwner {ALICE.address}" in str(caught.value)


def test_a_registry_for_another_log_is_noticed(dao: Dao) -> None:
    other = PARAMETERS.model_copy(update={"origin": "ledger.test/other"})
    with pytest.raises(RightsDiffer, match="another log"):
        check_rights(dao.chain.web3, dao.plan.model_copy(update={"parameters": other}))


def test_the_guardian_of_the_plan_is_a_right_of_the_plan(
    backend: Backend, deployer: Member
) -> None:
    parameters = PARAMETERS.model_copy(update={"guardian": CAROL.address})
    plan = plan_deployment(backend.chain.web3, deployer.signer.address, parameters)
    at = deploy(backend.chain, deployer.signer, plan)
    rights = read_rights(backend.chain.web3, at, plan.from_block)
    assert Right("ConcordGovernor", "proposalGuardian", CAROL.address) in rights


def test_a_dao_may_be_founded_without_a_guardian(backend: Backend, deployer: Member) -> None:
    parameters = PARAMETERS.model_copy(update={"guardian": ZERO_ADDRESS})
    plan = plan_deployment(backend.chain.web3, deployer.signer.address, parameters)
    at = deploy(backend.chain, deployer.signer, plan)
    rights = read_rights(backend.chain.web3, at, plan.from_block)
    assert "proposalGuardian" not in {right.name for right in rights}


def test_a_guardian_who_was_exchanged_is_noticed(dao: Dao) -> None:
    assert Right("ConcordGovernor", "proposalGuardian", dao.at.timelock) in planned_rights(dao.plan)
    dao.carry_out(dao.governor.functions.setProposalGuardian(CAROL.address))
    with pytest.raises(RightsDiffer) as caught:
        check_rights(dao.chain.web3, dao.plan)
    named = f"missing: ConcordGovernor proposalGuardian {dao.at.timelock}"
    assert named in str(caught.value)
    assert f"not planned: ConcordGovernor proposalGuardian {CAROL.address}" in str(caught.value)
