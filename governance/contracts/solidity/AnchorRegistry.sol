// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MembershipRegistry} from "./MembershipRegistry.sol";
import {MerkleLog} from "./MerkleLog.sol";
import {Roles} from "./Roles.sol";

/**
 * @title AnchorRegistry
 * @dev The roots of one event log, each proven to extend the one before it. A log whose history was
 * rewritten has no consistency proof from the last anchored root, so it can never be anchored here
 * again: whoever holds an old receipt can show the fork.
 *
 * Append only. Nobody owns this contract, and no vote changes or removes an anchor.
 *
 * WARNING: The first anchor cannot be proven against anything: whoever holds the operator's role at
 * that time chooses it. Anchor a small tree early, and compare its root before trusting the
 * registry.
 *
 * NOTE: An anchor says that this log had this root at the latest at this block's time. It does not
 * say that its entries are true, and a leaf added since the last anchor is not covered yet.
 */
contract AnchorRegistry {
    /// @dev `number` counts the anchors, this one included.
    struct Latest {
        uint64 number;
        uint64 size;
        uint48 anchoredAt;
    }

    /// @dev Who holds the operator's role, and so may anchor.
    MembershipRegistry public immutable membership;

    /// @dev SHA-256 of the log's origin line: which log this is.
    bytes32 public immutable originDigest;

    Latest private _latest;
    mapping(uint64 size => bytes32 root) private _roots;

    /// @dev `number` counts from 1.
    event Anchored(uint64 indexed number, uint64 indexed size, bytes32 root);

    error AnchorRegistryUnauthorizedOperator(address account);

    /// @dev An anchor must cover more leaves than the last one.
    error AnchorRegistrySizeNotGrown(uint64 lastSize, uint64 size);

    /// @dev Zero stands for "no root" in {rootAt}.
    error AnchorRegistryInvalidRoot();

    error AnchorRegistryNoAnchor(uint64 size);

    constructor(MembershipRegistry membership_, bytes32 originDigest_) {
        membership = membership_;
        originDigest = originDigest_;
    }

    /**
     * @dev Anchors the tree of `size` leaves under `root`. `proof` is the consistency proof from
     * the last anchored size, and empty for the first anchor.
     *
     * Requirements:
     *
     * - the caller holds OPERATOR_ROLE in {membership}.
     * - `size` is larger than the last anchored size.
     * - `proof` shows that the tree extends the last anchored one; see
     * {MerkleLog-verifyConsistency}.
     *
     * Emits an {Anchored} event.
     */
    function anchor(uint64 size, bytes32 root, bytes32[] calldata proof) external {
        if (!membership.hasRole(Roles.OPERATOR, msg.sender)) {
            revert AnchorRegistryUnauthorizedOperator(msg.sender);
        }
        if (root == bytes32(0)) {
            revert AnchorRegistryInvalidRoot();
        }
        Latest memory last = _latest;
        if (size <= last.size) {
            revert AnchorRegistrySizeNotGrown(last.size, size);
        }
        if (last.number != 0) {
            MerkleLog.verifyConsistency(last.size, _roots[last.size], size, root, proof);
        } else if (proof.length != 0) {
            revert MerkleLog.MerkleLogWrongProofLength(proof.length, 0);
        }

        uint64 number = last.number + 1;
        _latest = Latest({number: number, size: size, anchoredAt: uint48(block.timestamp)});
        _roots[size] = root;
        emit Anchored(number, size, root);
    }

    /// @dev The last anchor, and how many there are; all zeros while there is none. Earlier ones
    /// are in the {Anchored} events, and their roots in {rootAt}.
    function latest()
        external
        view
        returns (uint64 number, uint64 size, uint48 anchoredAt, bytes32 root)
    {
        Latest memory last = _latest;
        return (last.number, last.size, last.anchoredAt, _roots[last.size]);
    }

    /// @dev The root anchored for exactly this size. Reverts if there is none.
    function rootAt(uint64 size) public view returns (bytes32 root) {
        root = _roots[size];
        if (root == bytes32(0)) {
            revert AnchorRegistryNoAnchor(size);
        }
    }

    /// @dev Reverts unless `leaf` is number `index` of the tree anchored at `size`.
    function verifyInclusion(
        bytes32 leaf,
        uint64 index,
        uint64 size,
        bytes32[] calldata proof
    ) external view {
        MerkleLog.verifyInclusion(leaf, index, size, proof, rootAt(size));
    }

    /**
     * @dev Reverts unless the tree anchored at `size` begins with the `earlierSize` leaves under
     * `earlierRoot`: how the holder of any older checkpoint learns that the anchored log is still
     * the same log.
     */
    function verifyConsistency(
        uint64 earlierSize,
        bytes32 earlierRoot,
        uint64 size,
        bytes32[] calldata proof
    ) external view {
        MerkleLog.verifyConsistency(earlierSize, earlierRoot, size, rootAt(size), proof);
    }
}
