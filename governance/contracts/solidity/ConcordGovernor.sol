// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {GovernorCountingFractional} from "@openzeppelin/contracts/governance/extensions/GovernorCountingFractional.sol";
import {GovernorNoncesKeyed} from "@openzeppelin/contracts/governance/extensions/GovernorNoncesKeyed.sol";
import {GovernorPreventLateQuorum} from "@openzeppelin/contracts/governance/extensions/GovernorPreventLateQuorum.sol";
import {GovernorProposalGuardian} from "@openzeppelin/contracts/governance/extensions/GovernorProposalGuardian.sol";
import {GovernorSettings} from "@openzeppelin/contracts/governance/extensions/GovernorSettings.sol";
import {GovernorTimelockControl} from "@openzeppelin/contracts/governance/extensions/GovernorTimelockControl.sol";
import {GovernorVotes} from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import {GovernorVotesQuorumFraction} from "@openzeppelin/contracts/governance/extensions/GovernorVotesQuorumFraction.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";

import {ProposalClass, ProposalClasses} from "./ProposalClasses.sol";

/**
 * @title ConcordGovernor
 * @dev Decides by vote, and acts through a {TimelockController}, which owns everything.
 *
 * A proposal's class follows from what it would do, and the class sets how much agreement it takes
 * ({ProposalClasses}). With `F`, `A` and `B` the votes for, against and abstaining, `S` the supply
 * at the proposal's snapshot, and all shares in basis points as they stood at that snapshot, a
 * proposal succeeds if
 *
 *     F + B  ≥  S · max(quorumNumerator, quorum of its class) / 10,000        and
 *     F > A  and  F · 10,000  ≥  approval of its class · (F + A)
 *
 * {quorum} keeps the meaning that {IGovernor} gives it, the least that any proposal needs;
 * {proposalQuorum} is what a given proposal needs.
 *
 * NOTE: The class is fixed when the proposal is made, quorum and approval are those of its snapshot.
 * Changing any of them by vote never reaches back to a proposal whose voting has begun.
 *
 * NOTE: A description has to end in `#proposer=0x…` with the proposer's own address. Without it
 * anyone could submit the same proposal first, become its proposer, and cancel it.
 *
 * NOTE: A ballot signed for relaying has no deadline of its own, and a proposal that succeeded can
 * be queued at any later time. An action that should not outlive its reasons carries its own
 * deadline (see {ModelRegistry-release}).
 *
 * WARNING: The guardian can cancel any proposal at any time, but one that does nothing but replace
 * the guardian. Without a guardian (the zero address), proposers can cancel their own proposals at
 * any time.
 *
 * WARNING: A quorum or an approval that cannot be reached in practice locks the class for good, the
 * highest class first.
 */
contract ConcordGovernor is
    GovernorSettings,
    GovernorCountingFractional,
    GovernorVotesQuorumFraction,
    GovernorPreventLateQuorum,
    GovernorProposalGuardian,
    GovernorNoncesKeyed,
    GovernorTimelockControl,
    ProposalClasses
{
    /// @dev `quorumNumerator` in basis points; times in seconds; `proposalThreshold` in the token's
    /// smallest unit.
    struct Parameters {
        string name;
        IVotes token;
        TimelockController timelock;
        uint48 votingDelay;
        uint32 votingPeriod;
        uint48 voteExtension;
        uint256 proposalThreshold;
        uint256 quorumNumerator;
        address guardian;
    }

    mapping(uint256 proposalId => bool) private _replacesGuardianOnly;

    constructor(
        Parameters memory parameters,
        ClassParameters[CLASS_COUNT] memory classes,
        ActionClass[] memory actions
    )
        Governor(parameters.name)
        GovernorSettings(
            parameters.votingDelay,
            parameters.votingPeriod,
            parameters.proposalThreshold
        )
        GovernorVotes(parameters.token)
        GovernorVotesQuorumFraction(parameters.quorumNumerator)
        GovernorPreventLateQuorum(parameters.voteExtension)
        GovernorTimelockControl(parameters.timelock)
    {
        _setProposalGuardian(parameters.guardian);
        _setAllClassParameters(classes);
        for (uint256 i = 0; i < actions.length; ++i) {
            _setActionClass(actions[i].target, actions[i].selector, actions[i].class);
        }
    }

    /// @dev Shares are in basis points.
    function quorumDenominator() public pure override returns (uint256) {
        return BASIS_POINTS;
    }

    /// @dev The votes (for and abstaining) that `proposalId` needs, by its class at its snapshot.
    function proposalQuorum(uint256 proposalId) public view returns (uint256) {
        uint256 snapshot = proposalSnapshot(proposalId);
        uint256 supply = token().getPastTotalSupply(snapshot);
        uint256 share = classParametersAt(proposalClass(proposalId), snapshot).quorum;
        uint256 floor = quorum(snapshot);
        uint256 needed = (supply * share) / BASIS_POINTS;
        return needed > floor ? needed : floor;
    }

    /// @dev The share of for in for and against that `proposalId` needs, by its class at its
    /// snapshot.
    function proposalApproval(uint256 proposalId) public view returns (uint256) {
        return classParametersAt(proposalClass(proposalId), proposalSnapshot(proposalId)).approval;
    }

    /// @inheritdoc GovernorTimelockControl
    function state(
        uint256 proposalId
    ) public view override(Governor, GovernorTimelockControl) returns (ProposalState) {
        return super.state(proposalId);
    }

    /// @inheritdoc GovernorPreventLateQuorum
    function proposalDeadline(
        uint256 proposalId
    ) public view override(Governor, GovernorPreventLateQuorum) returns (uint256) {
        return super.proposalDeadline(proposalId);
    }

    /// @inheritdoc GovernorTimelockControl
    function proposalNeedsQueuing(
        uint256 proposalId
    ) public view override(Governor, GovernorTimelockControl) returns (bool) {
        return super.proposalNeedsQueuing(proposalId);
    }

    /// @inheritdoc GovernorSettings
    function proposalThreshold()
        public
        view
        override(Governor, GovernorSettings)
        returns (uint256)
    {
        return super.proposalThreshold();
    }

    function _quorumReached(
        uint256 proposalId
    ) internal view override(Governor, GovernorCountingFractional) returns (bool) {
        (, uint256 forVotes, uint256 abstainVotes) = proposalVotes(proposalId);
        return forVotes + abstainVotes >= proposalQuorum(proposalId);
    }

    function _voteSucceeded(
        uint256 proposalId
    ) internal view override(Governor, GovernorCountingFractional) returns (bool) {
        (uint256 againstVotes, uint256 forVotes, ) = proposalVotes(proposalId);
        return
            forVotes > againstVotes &&
            forVotes * BASIS_POINTS >= proposalApproval(proposalId) * (forVotes + againstVotes);
    }

    function _propose(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        string memory description,
        address proposer
    ) internal override returns (uint256 proposalId) {
        proposalId = super._propose(targets, values, calldatas, description, proposer);
        _classify(proposalId, classOf(targets, values, calldatas));
        _replacesGuardianOnly[proposalId] =
            targets.length == 1 &&
            targets[0] == address(this) &&
            bytes4(calldatas[0]) == this.setProposalGuardian.selector;
    }

    /// @dev Valid for `proposer` and not for anybody else, here the zero address, which cannot
    /// propose.
    function _isValidDescriptionForProposer(
        address proposer,
        string memory description
    ) internal view override returns (bool) {
        return
            super._isValidDescriptionForProposer(proposer, description) &&
            !super._isValidDescriptionForProposer(address(0), description);
    }

    /// @dev The guardian cannot cancel their own replacement (but withdraw it while pending, as any
    /// proposer).
    function _validateCancel(
        uint256 proposalId,
        address caller
    ) internal view override(Governor, GovernorProposalGuardian) returns (bool) {
        if (_replacesGuardianOnly[proposalId] && caller == proposalGuardian()) {
            return
                state(proposalId) == ProposalState.Pending &&
                caller == proposalProposer(proposalId);
        }
        return super._validateCancel(proposalId, caller);
    }

    function _protectsTarget(address target) internal view override returns (bool) {
        return target == address(this) || target == timelock();
    }

    function _checkClassGovernance() internal override {
        _checkGovernance();
    }

    function _classClock() internal view override returns (uint48) {
        return clock();
    }

    function _tallyUpdated(
        uint256 proposalId
    ) internal override(Governor, GovernorPreventLateQuorum) {
        super._tallyUpdated(proposalId);
    }

    function _validateVoteSig(
        uint256 proposalId,
        uint8 support,
        address voter,
        bytes memory signature
    ) internal override(Governor, GovernorNoncesKeyed) returns (bool) {
        return super._validateVoteSig(proposalId, support, voter, signature);
    }

    function _validateExtendedVoteSig(
        uint256 proposalId,
        uint8 support,
        address voter,
        string memory reason,
        bytes memory params,
        bytes memory signature
    ) internal override(Governor, GovernorNoncesKeyed) returns (bool) {
        return
            super._validateExtendedVoteSig(proposalId, support, voter, reason, params, signature);
    }

    function _useCheckedNonce(
        address owner,
        uint256 nonce
    ) internal override(Nonces, GovernorNoncesKeyed) {
        super._useCheckedNonce(owner, nonce);
    }

    function _queueOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint48) {
        return super._queueOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _executeOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) {
        super._executeOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _cancel(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint256) {
        return super._cancel(targets, values, calldatas, descriptionHash);
    }

    function _executor()
        internal
        view
        override(Governor, GovernorTimelockControl)
        returns (address)
    {
        return super._executor();
    }
}
