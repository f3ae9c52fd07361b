// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {AccessControlEnumerable} from "@openzeppelin/contracts/access/extensions/AccessControlEnumerable.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";

import {Roles} from "./Roles.sol";

/**
 * @title MembershipRegistry
 * @dev Who belongs to the consortium and in which roles. Members are admitted, changed and removed
 * by the timelock alone, that is by a vote; a member may lay a role down on their own.
 *
 * DEFAULT_ADMIN_ROLE belongs to the timelock. It is no member's role: it is granted and revoked as
 * in {AccessControl}, by its holder, and is what a move to another timelock changes.
 *
 * NOTE: Roles say nothing about voting power, which is {ConcordToken}'s. Removing a member takes
 * their roles away, not their tokens.
 *
 * NOTE: `profileDigest` is the SHA-256 of a document that is kept elsewhere. Never put a digest of
 * a person's name or address here: such a digest can be guessed, and nothing here can be erased.
 */
contract MembershipRegistry is AccessControlEnumerable {
    using EnumerableSet for EnumerableSet.AddressSet;

    bytes32 public constant STEWARD_ROLE = Roles.STEWARD;
    bytes32 public constant DEVELOPER_ROLE = Roles.DEVELOPER;
    bytes32 public constant GATEWAY_ROLE = Roles.GATEWAY;
    bytes32 public constant AUDITOR_ROLE = Roles.AUDITOR;
    bytes32 public constant OPERATOR_ROLE = Roles.OPERATOR;

    struct Admission {
        address member;
        bytes32[] roles;
        bytes32 profileDigest;
    }

    EnumerableSet.AddressSet private _members;
    mapping(address member => bytes32 digest) private _profileDigests;

    event MemberAdmitted(address indexed member, bytes32[] roles, bytes32 profileDigest);
    event MemberRolesChanged(address indexed member, bytes32[] roles);
    event MemberProfileChanged(address indexed member, bytes32 profileDigest);
    event MemberRemoved(address indexed member);

    error MembershipRegistryInvalidMember(address account);
    error MembershipRegistryAlreadyMember(address account);
    error MembershipRegistryNotMember(address account);
    error MembershipRegistryUnknownRole(bytes32 role);

    /// @dev A member's role changes through {admit}, {changeRoles} and {remove}, which tell the
    /// whole story in one event.
    error MembershipRegistryDirectRoleChange(bytes32 role);

    /// @dev `founders` are members from the start: there is nobody yet who could vote them in.
    constructor(address timelock, Admission[] memory founders) {
        _grantRole(DEFAULT_ADMIN_ROLE, timelock);
        for (uint256 i = 0; i < founders.length; ++i) {
            _admit(founders[i].member, founders[i].roles, founders[i].profileDigest);
        }
    }

    /// @dev The five roles that a member can hold.
    function memberRoles() public pure returns (bytes32[] memory roles) {
        roles = new bytes32[](5);
        roles[0] = STEWARD_ROLE;
        roles[1] = DEVELOPER_ROLE;
        roles[2] = GATEWAY_ROLE;
        roles[3] = AUDITOR_ROLE;
        roles[4] = OPERATOR_ROLE;
    }

    /// @dev Admits `member` with `roles`, which may be empty. Emits a {MemberAdmitted} event.
    function admit(
        address member,
        bytes32[] calldata roles,
        bytes32 profileDigest
    ) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _admit(member, roles, profileDigest);
    }

    /// @dev From now on `member` has exactly `roles`. Emits a {MemberRolesChanged} event.
    function changeRoles(
        address member,
        bytes32[] calldata roles
    ) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _requireMember(member);
        _setRoles(member, roles);
        emit MemberRolesChanged(member, rolesOf(member));
    }

    /// @dev Emits a {MemberProfileChanged} event.
    function changeProfile(
        address member,
        bytes32 profileDigest
    ) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _requireMember(member);
        _profileDigests[member] = profileDigest;
        emit MemberProfileChanged(member, profileDigest);
    }

    /// @dev Removes `member` and all their roles; they may be admitted again. Emits a
    /// {MemberRemoved} event.
    function remove(address member) external onlyRole(DEFAULT_ADMIN_ROLE) {
        if (!_members.remove(member)) {
            revert MembershipRegistryNotMember(member);
        }
        delete _profileDigests[member];
        _setRoles(member, new bytes32[](0));
        emit MemberRemoved(member);
    }

    function isMember(address account) external view returns (bool) {
        return _members.contains(account);
    }

    /// @dev NOTE: Unbounded; for reading from outside, not from another contract.
    function members() external view returns (address[] memory) {
        return _members.values();
    }

    function profileDigestOf(address member) external view returns (bytes32) {
        return _profileDigests[member];
    }

    /// @dev The roles that `account` holds as a member, in the order of {memberRoles}.
    function rolesOf(address account) public view returns (bytes32[] memory held) {
        bytes32[] memory all = memberRoles();
        uint256 count = 0;
        for (uint256 i = 0; i < all.length; ++i) {
            if (hasRole(all[i], account)) {
                all[count++] = all[i];
            }
        }
        held = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            held[i] = all[i];
        }
    }

    /// @inheritdoc AccessControl
    function grantRole(
        bytes32 role,
        address account
    ) public override(AccessControl, IAccessControl) {
        _requireAdminRole(role);
        super.grantRole(role, account);
    }

    /// @inheritdoc AccessControl
    function revokeRole(
        bytes32 role,
        address account
    ) public override(AccessControl, IAccessControl) {
        _requireAdminRole(role);
        super.revokeRole(role, account);
    }

    /**
     * @dev Lays down the caller's own role. Emits a {MemberRolesChanged} event if it is a member's
     * role.
     *
     * WARNING: If the timelock renounces DEFAULT_ADMIN_ROLE, nobody can ever be admitted or removed
     * again.
     */
    function renounceRole(
        bytes32 role,
        address callerConfirmation
    ) public override(AccessControl, IAccessControl) {
        bool held = hasRole(role, callerConfirmation);
        super.renounceRole(role, callerConfirmation);
        if (held && role != DEFAULT_ADMIN_ROLE) {
            emit MemberRolesChanged(callerConfirmation, rolesOf(callerConfirmation));
        }
    }

    function _admit(address member, bytes32[] memory roles, bytes32 profileDigest) private {
        if (member == address(0)) {
            revert MembershipRegistryInvalidMember(member);
        }
        if (!_members.add(member)) {
            revert MembershipRegistryAlreadyMember(member);
        }
        _profileDigests[member] = profileDigest;
        _setRoles(member, roles);
        emit MemberAdmitted(member, rolesOf(member), profileDigest);
    }

    function _setRoles(address member, bytes32[] memory roles) private {
        bytes32[] memory all = memberRoles();
        for (uint256 i = 0; i < roles.length; ++i) {
            if (!_contains(all, roles[i])) {
                revert MembershipRegistryUnknownRole(roles[i]);
            }
        }
        for (uint256 i = 0; i < all.length; ++i) {
            if (_contains(roles, all[i])) {
                _grantRole(all[i], member);
            } else {
                _revokeRole(all[i], member);
            }
        }
    }

    function _requireMember(address account) private view {
        if (!_members.contains(account)) {
            revert MembershipRegistryNotMember(account);
        }
    }

    function _requireAdminRole(bytes32 role) private pure {
        if (role != DEFAULT_ADMIN_ROLE) {
            revert MembershipRegistryDirectRoleChange(role);
        }
    }

    function _contains(bytes32[] memory roles, bytes32 role) private pure returns (bool) {
        for (uint256 i = 0; i < roles.length; ++i) {
            if (roles[i] == role) {
                return true;
            }
        }
        return false;
    }
}
