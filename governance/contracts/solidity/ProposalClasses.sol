// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

/// @dev From the least to the most demanding.
enum ProposalClass {
    Routine,
    Membership,
    Treasury,
    Constitutional
}

/**
 * @title ProposalClasses
 * @dev How much agreement a proposal takes, by what it would do and never by what its proposer
 * says.
 *
 * An action is a call to a target. Its class is the one set for the pair (target, selector); a call
 * that sends value is at least of the class set for plain payments, the pair (zero address, zero
 * selector); a pair that was never set is Constitutional. A proposal has the class of its most
 * demanding action.
 *
 * A class demands at least as much as the one before it, in quorum and in approval: this is checked
 * on every change, so that "most demanding" can never be outwitted.
 *
 * NOTE: Calls to the governor and to the timelock are always Constitutional. A lower class that
 * could change the rules of a higher one would be the higher one.
 *
 * NOTE: The class is fixed when a proposal is made; what the class demands is read as of the
 * proposal's snapshot.
 */
abstract contract ProposalClasses {
    using Checkpoints for Checkpoints.Trace208;

    /// @dev Both in basis points: `quorum` of the supply, `approval` of the votes for and against.
    struct ClassParameters {
        uint16 quorum;
        uint16 approval;
    }

    struct ActionClass {
        address target;
        bytes4 selector;
        ProposalClass class;
    }

    uint256 internal constant BASIS_POINTS = 10_000;
    uint256 internal constant CLASS_COUNT = 4;
    uint256 private constant LEAST_APPROVAL = 5_000;

    // As a distance below the most demanding class, so that what was never set is of that class.
    mapping(address target => mapping(bytes4 selector => uint8)) private _relief;
    mapping(ProposalClass class => Checkpoints.Trace208) private _parameters;
    mapping(uint256 proposalId => ProposalClass) private _proposalClasses;

    event ActionClassSet(address indexed target, bytes4 indexed selector, ProposalClass class);
    event ClassParametersSet(ProposalClass indexed class, uint16 quorum, uint16 approval);
    event ProposalClassified(uint256 indexed proposalId, ProposalClass class);

    /// @dev `quorum` is at most 10,000 basis points, `approval` between 5,000 and 10,000.
    error ProposalClassesInvalidParameters(uint16 quorum, uint16 approval);

    /// @dev `class` would demand less than the class before it.
    error ProposalClassesOutOfOrder(ProposalClass class);

    /// @dev Calls to the governor and the timelock are Constitutional, whatever the vote.
    error ProposalClassesProtectedTarget(address target);

    /// @dev Sets the class of calls to `target` with `selector`; for plain payments, both are zero.
    /// Governance only.
    function setActionClass(address target, bytes4 selector, ProposalClass class) external {
        _checkClassGovernance();
        _setActionClass(target, selector, class);
    }

    /// @dev Sets what `class` demands of proposals whose snapshot is yet to come. Governance only.
    function setClassParameters(ProposalClass class, ClassParameters calldata parameters) external {
        _checkClassGovernance();
        _pushParameters(class, parameters);
        _checkOrder();
    }

    /**
     * @dev Sets what all classes demand at once: for a change that would be out of order class by
     * class. Governance only.
     */
    function setAllClassParameters(ClassParameters[CLASS_COUNT] calldata parameters) external {
        _checkClassGovernance();
        _setAllClassParameters(parameters);
    }

    /// @dev The class of one pair.
    function actionClass(address target, bytes4 selector) public view returns (ProposalClass) {
        return ProposalClass(uint8(type(ProposalClass).max) - _relief[target][selector]);
    }

    /// @dev The class that a proposal of these calls has. The arrays are of equal length.
    function classOf(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas
    ) public view returns (ProposalClass class) {
        for (uint256 i = 0; i < targets.length; ++i) {
            class = _stricter(class, _classOfCall(targets[i], values[i], calldatas[i]));
        }
    }

    /// @dev Routine for a proposal that does not exist, too.
    function proposalClass(uint256 proposalId) public view returns (ProposalClass) {
        return _proposalClasses[proposalId];
    }

    /// @dev What `class` demands now.
    function classParameters(ProposalClass class) external view returns (ClassParameters memory) {
        return _unpack(_parameters[class].latest());
    }

    /// @dev What `class` demanded at `timepoint`, or demands now if that is yet to come.
    function classParametersAt(
        ProposalClass class,
        uint256 timepoint
    ) public view returns (ClassParameters memory) {
        return _unpack(_parameters[class].upperLookupRecent(SafeCast.toUint48(timepoint)));
    }

    function _classify(uint256 proposalId, ProposalClass class) internal {
        _proposalClasses[proposalId] = class;
        emit ProposalClassified(proposalId, class);
    }

    function _setActionClass(address target, bytes4 selector, ProposalClass class) internal {
        if (_protectsTarget(target)) {
            revert ProposalClassesProtectedTarget(target);
        }
        _relief[target][selector] = uint8(type(ProposalClass).max) - uint8(class);
        emit ActionClassSet(target, selector, class);
    }

    function _setAllClassParameters(ClassParameters[CLASS_COUNT] memory parameters) internal {
        for (uint8 i = 0; i < CLASS_COUNT; ++i) {
            _pushParameters(ProposalClass(i), parameters[i]);
        }
        _checkOrder();
    }

    /// @dev Reverts unless governance is calling.
    function _checkClassGovernance() internal virtual;

    function _classClock() internal view virtual returns (uint48);

    /// @dev Whether calls to `target` have to stay in the most demanding class.
    function _protectsTarget(address target) internal view virtual returns (bool);

    function _classOfCall(
        address target,
        uint256 value,
        bytes memory data
    ) private view returns (ProposalClass class) {
        // The timelock may have been replaced after a class was set for calls to the new one.
        if (_protectsTarget(target) || (data.length != 0 && data.length < 4)) {
            return type(ProposalClass).max;
        }
        class = data.length == 0 ? ProposalClass.Routine : actionClass(target, bytes4(data));
        if (value != 0 || data.length == 0) {
            class = _stricter(class, actionClass(address(0), bytes4(0)));
        }
    }

    function _pushParameters(ProposalClass class, ClassParameters memory parameters) private {
        if (
            parameters.quorum > BASIS_POINTS ||
            parameters.approval > BASIS_POINTS ||
            parameters.approval < LEAST_APPROVAL
        ) {
            revert ProposalClassesInvalidParameters(parameters.quorum, parameters.approval);
        }
        _parameters[class].push(
            _classClock(),
            (uint208(parameters.quorum) << 16) | parameters.approval
        );
        emit ClassParametersSet(class, parameters.quorum, parameters.approval);
    }

    function _checkOrder() private view {
        for (uint8 i = 1; i < CLASS_COUNT; ++i) {
            ClassParameters memory lower = _unpack(_parameters[ProposalClass(i - 1)].latest());
            ClassParameters memory upper = _unpack(_parameters[ProposalClass(i)].latest());
            if (upper.quorum < lower.quorum || upper.approval < lower.approval) {
                revert ProposalClassesOutOfOrder(ProposalClass(i));
            }
        }
    }

    function _unpack(uint208 packed) private pure returns (ClassParameters memory) {
        return ClassParameters({quorum: uint16(packed >> 16), approval: uint16(packed)});
    }

    function _stricter(ProposalClass a, ProposalClass b) private pure returns (ProposalClass) {
        return a > b ? a : b;
    }
}
