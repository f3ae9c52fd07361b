// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A contract wallet (EIP-1271) of one owner, which can be told to misbehave
/// @dev Wallet.json is this file under solc 0.8.37, evmVersion cancun, optimizer with 200 runs:
///      solc --standard-json, see "settings" there. Compile again after a change. Anyone may tell it
///      anything: it is for tests only.
contract Wallet {
    enum Mood {
        Honest,
        Reverts,
        BurnsGas,
        AnswersFourBytes,
        AnswersTwoWords,
        AnswersWithDirt,
        AnswersTrue,
        AnswersNothing
    }

    address public owner;
    Mood public mood;
    mapping(bytes32 digest => bool) public approved;

    constructor(address first) {
        owner = first;
    }

    function handOver(address next) external {
        owner = next;
    }

    function behave(Mood next) external {
        mood = next;
    }

    /// From now on the empty signature is good for this digest.
    function approve(bytes32 digest) external {
        approved[digest] = true;
    }

    /// Whatever follows the owner's 65 bytes is ignored.
    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        if (mood == Mood.Reverts) revert("not today");
        if (mood == Mood.BurnsGas) while (true) {}
        if (mood != Mood.Honest) answer();
        if (signature.length == 0) return approved[digest] ? this.isValidSignature.selector : bytes4(0);
        if (signature.length < 65) return 0xffffffff;
        address signer =
            ecrecover(digest, uint8(signature[64]), bytes32(signature[:32]), bytes32(signature[32:64]));
        return signer != address(0) && signer == owner ? this.isValidSignature.selector : bytes4(0xffffffff);
    }

    /// What would be the magic value, or has its first bytes, yet is none.
    function answer() private view {
        bytes32 magic = bytes32(this.isValidSignature.selector);
        uint256 length = 32;
        if (mood == Mood.AnswersFourBytes) length = 4;
        if (mood == Mood.AnswersTwoWords) length = 64;
        if (mood == Mood.AnswersNothing) length = 0;
        if (mood == Mood.AnswersWithDirt) magic |= bytes32(uint256(1));
        if (mood == Mood.AnswersTrue) magic = bytes32(uint256(1));
        assembly {
            mstore(0, magic)
            mstore(32, magic)
            return(0, length)
        }
    }
}
