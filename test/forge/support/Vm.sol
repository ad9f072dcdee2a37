// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

/// @title The cheat codes our tests use
/// @notice forge answers at the address of `VM`; signatures as its reference documents them.
interface Vm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    function addr(uint256 privateKey) external pure returns (address account);

    function sign(uint256 privateKey, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);

    function assume(bool condition) external pure;

    function chainId(uint256 id) external;

    function warp(uint256 timestamp) external;

    function roll(uint256 number) external;

    function deal(address account, uint256 balance) external;

    function etch(address account, bytes calldata code) external;

    function label(address account, string calldata name) external;

    function prank(address sender) external;

    function startPrank(address sender) external;

    function stopPrank() external;

    function expectRevert() external;

    function expectRevert(bytes4 selector) external;

    function expectRevert(bytes calldata data) external;

    function readFile(string calldata path) external view returns (string memory data);

    function parseJsonBytes(string calldata json, string calldata key) external pure returns (bytes memory);

    function recordLogs() external;

    function getRecordedLogs() external returns (Log[] memory logs);

    function snapshotState() external returns (uint256 id);

    function revertToState(uint256 id) external returns (bool success);

    function toString(uint256 value) external pure returns (string memory text);

    function toString(int256 value) external pure returns (string memory text);

    function toString(address value) external pure returns (string memory text);

    function toString(bytes32 value) external pure returns (string memory text);

    function toString(bytes calldata value) external pure returns (string memory text);
}

Vm constant VM = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);
