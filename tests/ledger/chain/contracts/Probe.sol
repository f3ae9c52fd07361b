// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Shows a test what the EVM sees and how a node answers
/// @dev Probe.json is this file under solc 0.8.37, evmVersion cancun, optimizer with 200 runs:
///      solc --standard-json, see "settings" there. Compile again after a change.
contract Probe {
    event Stamped(address indexed sender, uint256 indexed serial, uint256 time);
    event Noted(bytes32 indexed topic, uint256 number);

    error ProbeRefused(uint256 code, string reason);

    uint256 public serial;
    uint256 public lastTime;
    mapping(uint256 => uint256) public slots;

    constructor() payable {}

    receive() external payable {}

    /// Remembers the block's time and tells it.
    function stamp() external returns (uint256) {
        serial += 1;
        lastTime = block.timestamp;
        emit Stamped(msg.sender, serial, block.timestamp);
        return serial;
    }

    /// As stamp, but for the given serial only: reverts when another came first.
    function stampExactly(uint256 expected) external {
        if (expected != serial + 1) revert ProbeRefused(expected, "out of turn");
        serial += 1;
        emit Stamped(msg.sender, serial, block.timestamp);
    }

    function note(bytes32 topic, uint256 first, uint256 count) external {
        for (uint256 i = 0; i < count; ++i) emit Noted(topic, first + i);
    }

    function fill(uint256 first, uint256 count, uint256 value) external {
        for (uint256 i = 0; i < count; ++i) slots[first + i] = value;
    }

    function environment()
        external
        view
        returns (uint256 time, uint256 number, uint256 chain, uint256 baseFee, uint256 price, address sender)
    {
        return (block.timestamp, block.number, block.chainid, block.basefee, tx.gasprice, msg.sender);
    }

    function ancestor(uint256 number) external view returns (bytes32) {
        return blockhash(number);
    }

    function refuse(uint256 code, string calldata reason) external pure {
        revert ProbeRefused(code, reason);
    }

    function complain(string calldata reason) external pure {
        require(false, reason);
    }

    function divide(uint256 a, uint256 b) external pure returns (uint256) {
        return a / b;
    }

    function revertSilently() external pure {
        assembly {
            revert(0, 0)
        }
    }

    function loopForever() external view {
        while (gasleft() > 0) {}
    }

    function recurse(uint256 depth) external view returns (uint256) {
        if (depth == 0) return 0;
        return this.recurse(depth - 1) + 1;
    }

    /// Succeeds only if it was given at least that much gas, whatever it uses.
    function wantGas(uint256 amount) external {
        require(gasleft() >= amount, "more gas, please");
        lastTime = amount;
    }

    function send(address payable to) external payable {
        (bool done, ) = to.call{value: msg.value}("");
        require(done, "not accepted");
    }
}
