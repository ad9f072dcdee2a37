// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Schema} from "../../../contracts/libraries/Schema.sol";

/// @title Valid schemas from a seed
library Schemas {
    /// @dev One to three tensors on either side, of any kind a model may have.
    function random(uint256 seed) internal pure returns (Schema.IoSchema memory schema) {
        schema.outputs = new Schema.TensorSpec[](1 + _draw(seed, 0, 3));
        schema.inputs = new Schema.TensorSpec[](1 + _draw(seed, 1, 3));
        schema.weightsCommitted = _draw(seed, 2, 2) == 1;
        for (uint256 i = 0; i < schema.outputs.length; ++i) {
            schema.outputs[i] = _tensor(uint256(keccak256(abi.encode(seed, "output", i))), 2);
        }
        for (uint256 i = 0; i < schema.inputs.length; ++i) {
            schema.inputs[i] = _tensor(uint256(keccak256(abi.encode(seed, "input", i))), 3);
        }
    }

    function _tensor(uint256 seed, uint256 visibilities) private pure returns (Schema.TensorSpec memory spec) {
        bytes memory name = new bytes(_draw(seed, 0, 65));
        for (uint256 i = 0; i < name.length; ++i) name[i] = bytes1(uint8(seed >> (i % 32)));
        spec.name = string(name);
        spec.shape = new uint256[](_draw(seed, 1, 9));
        for (uint256 i = 0; i < spec.shape.length; ++i) spec.shape[i] = 1 + _draw(seed, 100 + i, i == 0 ? 300 : 3);
        spec.bits = uint8(1 + _draw(seed, 2, Schema.WORD_BITS));
        spec.lo = int256(_draw(seed, 3, 1 << 252)) - int256(1 << 251);
        spec.exponent = int16(uint16(_draw(seed, 4, 1 << 16)));
        spec.visibility = uint8(_draw(seed, 5, visibilities));
        // The most words a tensor may have is a limit of the library; a scalar is always within.
        if (Schema.words(spec) > 10_000) spec.shape = new uint256[](0);
    }

    function _draw(uint256 seed, uint256 index, uint256 count) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, index))) % count;
    }
}
