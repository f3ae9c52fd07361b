// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/**
 * @title MerkleLog
 * @dev Verifies the inclusion and consistency proofs of RFC 9162 §2.1.3 and §2.1.4 (the same as RFC
 * 6962) with the SHA-256 precompile. It holds no state and decides nothing: a proof is right, or
 * the call reverts and says why.
 *
 * Both proofs walk one path. With `inner = bitLength(index ^ (size - 1))` the path from a leaf to
 * the root first takes `inner` steps in which the sibling may stand on either side, as the bits of
 * `index` say, then one step for each bit set in `index >> inner`, in which the sibling always
 * stands on the left (the right border of the tree). The number of hashes follows from the sizes
 * alone, so a proof of any other length is refused before anything is hashed.
 *
 * NOTE: A leaf is `SHA-256(0x00 ‖ entry)`, a node `SHA-256(0x01 ‖ left ‖ right)`. The prefixes are
 * what keeps a node from being passed off as a leaf: never hand in a "leaf" that was hashed without
 * its prefix.
 *
 * WARNING: These functions say nothing about *which* root is to be trusted. A caller has to take
 * the root from a place that its own rules guard, such as {AnchorRegistry}.
 */
library MerkleLog {
    /// @dev There is no leaf `index` in a tree of `size` leaves.
    error MerkleLogIndexOutOfRange(uint64 index, uint64 size);

    /// @dev A tree of `size` leaves cannot have grown from one of `earlierSize` leaves; an empty
    /// one proves nothing.
    error MerkleLogSizeOutOfRange(uint64 earlierSize, uint64 size);

    /// @dev The sizes call for `expected` hashes.
    error MerkleLogWrongProofLength(uint256 length, uint256 expected);

    /// @dev The proof leads to `computed` and not to `root`.
    error MerkleLogRootMismatch(bytes32 computed, bytes32 root);

    /// @dev `SHA-256(0x00 ‖ entry)`.
    function leafHash(bytes memory entry) internal pure returns (bytes32) {
        return sha256(bytes.concat(hex"00", entry));
    }

    /// @dev Reverts unless `leaf` is number `index` (from 0) of the `size` leaves under `root`.
    function verifyInclusion(
        bytes32 leaf,
        uint64 index,
        uint64 size,
        bytes32[] calldata proof,
        bytes32 root
    ) internal view {
        if (index >= size) {
            revert MerkleLogIndexOutOfRange(index, size);
        }
        (uint256 inner, uint256 border) = _path(index, size);
        _requireLength(proof, inner + border);

        bytes32 computed = leaf;
        for (uint256 i = 0; i < inner; ++i) {
            computed =
                (index >> i) & 1 == 0 ? _node(computed, proof[i]) : _node(proof[i], computed);
        }
        for (uint256 i = inner; i < proof.length; ++i) {
            computed = _node(proof[i], computed);
        }
        _requireRoot(computed, root);
    }

    /**
     * @dev Reverts unless the tree of `size` leaves under `root` begins with exactly the
     * `earlierSize` leaves under `earlierRoot`. Equal sizes have an empty proof and equal roots.
     *
     * NOTE: Every tree extends the empty one, so there is nothing to verify for `earlierSize == 0`:
     * it is refused, and the caller has to decide what a first root means.
     */
    function verifyConsistency(
        uint64 earlierSize,
        bytes32 earlierRoot,
        uint64 size,
        bytes32 root,
        bytes32[] calldata proof
    ) internal view {
        if (earlierSize == 0 || earlierSize > size) {
            revert MerkleLogSizeOutOfRange(earlierSize, size);
        }
        if (earlierSize == size) {
            _requireLength(proof, 0);
            _requireRoot(earlierRoot, root);
            return;
        }

        // The path of the earlier tree's last leaf, from the largest complete subtree that ends
        // with it: both trees share that subtree. Its hash opens the proof, unless it is the whole
        // earlier tree, whose root is known.
        (uint256 inner, uint256 border) = _path(earlierSize - 1, size);
        uint256 shift = _trailingZeros(earlierSize);
        inner -= shift;
        uint256 start = _isPowerOfTwo(earlierSize) ? 0 : 1;
        _requireLength(proof, start + inner + border);

        bytes32 earlierComputed = start == 0 ? earlierRoot : proof[0];
        bytes32 computed = earlierComputed;
        uint256 bits = uint256(earlierSize - 1) >> shift;
        for (uint256 i = 0; i < inner; ++i) {
            bytes32 sibling = proof[start + i];
            if ((bits >> i) & 1 == 0) {
                computed = _node(computed, sibling); // leaves that the earlier tree did not have
            } else {
                computed = _node(sibling, computed);
                earlierComputed = _node(sibling, earlierComputed);
            }
        }
        for (uint256 i = start + inner; i < proof.length; ++i) {
            computed = _node(proof[i], computed);
            earlierComputed = _node(proof[i], earlierComputed);
        }
        _requireRoot(earlierComputed, earlierRoot);
        _requireRoot(computed, root);
    }

    function _path(uint64 index, uint64 size) private pure returns (uint256 inner, uint256 border) {
        uint256 differing = uint256(index) ^ uint256(size - 1);
        inner = differing == 0 ? 0 : Math.log2(differing) + 1;
        for (uint256 rest = uint256(index) >> inner; rest != 0; rest &= rest - 1) {
            ++border;
        }
    }

    function _isPowerOfTwo(uint64 value) private pure returns (bool) {
        return value & (value - 1) == 0;
    }

    function _trailingZeros(uint256 value) private pure returns (uint256) {
        return Math.log2(value & (~value + 1));
    }

    function _requireLength(bytes32[] calldata proof, uint256 expected) private pure {
        if (proof.length != expected) {
            revert MerkleLogWrongProofLength(proof.length, expected);
        }
    }

    function _requireRoot(bytes32 computed, bytes32 root) private pure {
        if (computed != root) {
            revert MerkleLogRootMismatch(computed, root);
        }
    }

    /// @dev `sha256(abi.encodePacked(0x01, left, right))` without allocating memory at each step.
    function _node(bytes32 left, bytes32 right) private view returns (bytes32 hash) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore8(free, 0x01)
            mstore(add(free, 0x01), left)
            mstore(add(free, 0x21), right)
            // Arguments are evaluated from the right: first the call, then the size of what it
            // returned. The precompile at address 2 fails for want of gas only.
            if iszero(
                and(eq(returndatasize(), 0x20), staticcall(gas(), 0x02, free, 0x41, 0x00, 0x20))
            ) {
                revert(0x00, 0x00)
            }
            hash := mload(0x00)
        }
    }
}
