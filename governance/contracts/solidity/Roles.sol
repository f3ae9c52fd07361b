// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/**
 * @title Roles
 * @dev The roles that a member of {MembershipRegistry} can hold, by their ids.
 */
library Roles {
    bytes32 internal constant STEWARD = keccak256("STEWARD_ROLE");
    bytes32 internal constant DEVELOPER = keccak256("DEVELOPER_ROLE");
    bytes32 internal constant GATEWAY = keccak256("GATEWAY_ROLE");
    bytes32 internal constant AUDITOR = keccak256("AUDITOR_ROLE");
    bytes32 internal constant OPERATOR = keccak256("OPERATOR_ROLE");
}
