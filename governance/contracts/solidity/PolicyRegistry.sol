// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

/**
 * @title PolicyRegistry
 * @dev The policies that the DAO has adopted: for each key a list of versions that only ever grows.
 * A version is the SHA-256 of its text, the content id under which the text is kept, and the part
 * of it that contracts enforce.
 *
 * Owned by the timelock: only a vote adopts. The version in force is the last one; there is no
 * repeal, only a new version whose text says that nothing is required any more, and whose
 * parameters are empty.
 *
 * NOTE: `parameters` is defined by the contract that reads it ({ModelRegistry} for `"release"`).
 * This registry does not know its form, and a reader has to refuse what it cannot decode rather
 * than let it pass.
 *
 * WARNING: Nothing here compares `parameters` to the text. A proposal has to show both.
 */
contract PolicyRegistry is Ownable2Step {
    struct Policy {
        bytes32 digest;
        uint48 adoptedAt;
        string content;
        bytes parameters;
    }

    bytes32[] private _keys;
    mapping(bytes32 key => Policy[]) private _versions;

    /// @dev `version` counts from 1.
    event PolicyAdopted(
        bytes32 indexed key,
        uint256 indexed version,
        bytes32 digest,
        string content,
        bytes parameters
    );

    error PolicyRegistryInvalidKey();
    error PolicyRegistryInvalidDigest();
    error PolicyRegistryNoVersion(bytes32 key, uint256 version);

    constructor(address timelock) Ownable(timelock) {}

    /**
     * @dev Adopts a new version of the policy `key`, a short ASCII name padded with zeros. In force
     * at once.
     *
     * Emits a {PolicyAdopted} event.
     */
    function adopt(
        bytes32 key,
        bytes32 digest,
        string calldata content,
        bytes calldata parameters
    ) external onlyOwner returns (uint256 version) {
        if (key == bytes32(0)) {
            revert PolicyRegistryInvalidKey();
        }
        if (digest == bytes32(0)) {
            revert PolicyRegistryInvalidDigest();
        }
        Policy[] storage versions = _versions[key];
        if (versions.length == 0) {
            _keys.push(key);
        }
        versions.push(
            Policy({
                digest: digest,
                adoptedAt: uint48(block.timestamp),
                content: content,
                parameters: parameters
            })
        );
        version = versions.length;
        emit PolicyAdopted(key, version, digest, content, parameters);
    }

    function keys() external view returns (bytes32[] memory) {
        return _keys;
    }

    /// @dev The number of versions, which is the number of the version in force; 0 if `key` was
    /// never adopted.
    function versionOf(bytes32 key) external view returns (uint256) {
        return _versions[key].length;
    }

    /// @dev Version `version` (from 1) of `key`.
    function policyAt(bytes32 key, uint256 version) external view returns (Policy memory) {
        Policy[] storage versions = _versions[key];
        if (version == 0 || version > versions.length) {
            revert PolicyRegistryNoVersion(key, version);
        }
        return versions[version - 1];
    }

    /// @dev What contracts enforce of the version in force; empty if `key` was never adopted.
    function parametersOf(bytes32 key) external view returns (bytes memory parameters) {
        Policy[] storage versions = _versions[key];
        uint256 count = versions.length;
        if (count != 0) {
            parameters = versions[count - 1].parameters;
        }
    }
}
