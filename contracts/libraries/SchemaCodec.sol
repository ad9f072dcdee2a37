// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Bytes} from "@openzeppelin/contracts/utils/Bytes.sol";
import {Schema} from "./Schema.sol";

/// @title Schemas as short byte strings, for storing them as code
/// @notice uint8 weightsCommitted, uint8 outputs, uint8 inputs, then every tensor: uint8 length and bytes of the name, uint8
/// rank, uint32 a dimension, int256 lo, uint8 bits, int16 exponent, uint8 visibility. Only for schemas that
/// `Schema.layoutOf` accepted.
library SchemaCodec {
    /// @dev The short form of a checked schema.
    function encode(Schema.IoSchema memory schema) internal pure returns (bytes memory data) {
        data = abi.encodePacked(schema.weightsCommitted, uint8(schema.outputs.length), uint8(schema.inputs.length));
        for (uint256 i = 0; i < schema.outputs.length; ++i) {
            data = _append(data, schema.outputs[i]);
        }
        for (uint256 i = 0; i < schema.inputs.length; ++i) {
            data = _append(data, schema.inputs[i]);
        }
    }

    /// @dev The schema whose short form starts at `at`.
    function decode(bytes memory data, uint256 at) internal pure returns (Schema.IoSchema memory schema) {
        schema.weightsCommitted = _read(data, at, 1) == 1;
        schema.outputs = new Schema.TensorSpec[](_read(data, at + 1, 1));
        schema.inputs = new Schema.TensorSpec[](_read(data, at + 2, 1));
        at += 3;
        for (uint256 i = 0; i < schema.outputs.length; ++i) {
            at = _readTensor(data, at, schema.outputs[i]);
        }
        for (uint256 i = 0; i < schema.inputs.length; ++i) {
            at = _readTensor(data, at, schema.inputs[i]);
        }
    }

    function _append(bytes memory data, Schema.TensorSpec memory spec) private pure returns (bytes memory) {
        bytes memory shape = "";
        for (uint256 i = 0; i < spec.shape.length; ++i) {
            shape = abi.encodePacked(shape, uint32(spec.shape[i]));
        }
        bytes memory head = abi.encodePacked(
            uint8(bytes(spec.name).length),
            spec.name,
            uint8(spec.shape.length),
            shape
        );
        return abi.encodePacked(data, head, spec.lo, spec.bits, spec.exponent, spec.visibility);
    }

    function _readTensor(
        bytes memory data,
        uint256 at,
        Schema.TensorSpec memory spec
    ) private pure returns (uint256 next) {
        uint256 nameLength = _read(data, at, 1);
        spec.name = string(Bytes.slice(data, at + 1, at + 1 + nameLength));
        at += 1 + nameLength;
        spec.shape = new uint256[](_read(data, at, 1));
        ++at;
        for (uint256 i = 0; i < spec.shape.length; ++i) {
            spec.shape[i] = _read(data, at, 4);
            at += 4;
        }
        spec.lo = int256(_read(data, at, 32));
        spec.bits = uint8(_read(data, at + 32, 1));
        spec.exponent = int16(uint16(_read(data, at + 33, 2)));
        spec.visibility = uint8(_read(data, at + 35, 1));
        return at + 36;
    }

    /// @dev A big-endian integer of `size` bytes.
    function _read(bytes memory data, uint256 at, uint256 size) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(sub(256, shl(3, size)), mload(add(add(data, 32), at)))
        }
    }
}
