// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Bytes kept as code
/// @notice Cheaper than storage to write and to read. The first byte is STOP, so the code does nothing when called.
library CodeStore {
    /// @dev EIP-170 caps code at 24,576 bytes.
    uint256 internal constant MAX_BYTES = 24575;

    /// @notice The data could not be deployed.
    error CodeStoreFailed(uint256 length);

    /// @dev Deploys a contract whose code is STOP and the data.
    function write(bytes memory data) internal returns (address pointer) {
        bytes memory code = initCode(data);
        assembly ("memory-safe") {
            pointer := create(0, add(code, 32), mload(code))
        }
        if (pointer == address(0)) revert CodeStoreFailed(data.length);
    }

    /// @dev Init code that deploys STOP and the data.
    function initCode(bytes memory data) internal pure returns (bytes memory) {
        if (data.length > MAX_BYTES) revert CodeStoreFailed(data.length);
        // PUSH2 length, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN; then the code, from byte 10 on.
        return abi.encodePacked(hex"61", uint16(data.length + 1), hex"80600a5f395ff3", hex"00", data);
    }

    /// @dev Reads what was written; a pointer without code reads as empty.
    function read(address pointer) internal view returns (bytes memory data) {
        uint256 size = pointer.code.length;
        if (size < 2) return data;
        data = new bytes(size - 1);
        assembly ("memory-safe") {
            extcodecopy(pointer, add(data, 32), 1, sub(size, 1))
        }
    }
}
