// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Compact layout of a model's public signals
/// @notice bytes: uint16 output signals, uint16 input signals, uint8 weights committed (0 or 1), then three bytes an input
/// tensor: uint8 visibility, uint16 signals.
library SignalLayout {
    uint256 internal constant HEADER_BYTES = 5;
    uint256 internal constant TENSOR_BYTES = 3;

    /// @dev Number of output signals, of input signals, and whether the weights commitment is a signal.
    function header(
        bytes memory layout
    ) internal pure returns (uint256 outputs, uint256 inputs, bool weightsCommitted) {
        uint256 word;
        assembly ("memory-safe") {
            word := mload(add(layout, 32))
        }
        outputs = word >> 240;
        inputs = (word >> 224) & 0xffff;
        weightsCommitted = (word >> 216) & 0xff == 1;
    }

    /// @dev Number of all public signals, the context included.
    function total(bytes memory layout) internal pure returns (uint256) {
        (uint256 outputs, uint256 inputs, bool weightsCommitted) = header(layout);
        return outputs + inputs + (weightsCommitted ? 2 : 1);
    }

    /// @dev Number of input tensors.
    function tensors(bytes memory layout) internal pure returns (uint256) {
        return (layout.length - HEADER_BYTES) / TENSOR_BYTES;
    }

    /// @dev Visibility and number of signals of an input tensor.
    function tensor(bytes memory layout, uint256 index) internal pure returns (uint256 visibility, uint256 signals) {
        uint256 word;
        uint256 at = 32 + HEADER_BYTES + index * TENSOR_BYTES;
        assembly ("memory-safe") {
            word := mload(add(layout, at))
        }
        visibility = word >> 248;
        signals = (word >> 232) & 0xffff;
    }
}
