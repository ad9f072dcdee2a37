// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Domains} from "./Domains.sol";

/// @title Tensor schemas
/// @notice Names, shapes, ranges, scales and visibility of a model's tensors: all that is needed to encode and decode
/// statements without an off-chain file.
library Schema {
    uint8 internal constant PUBLIC = 0;
    uint8 internal constant HASHED = 1;
    uint8 internal constant PRIVATE = 2;

    /// @dev Bits of a field element that packing uses.
    uint256 internal constant WORD_BITS = 252;

    int256 private constant MAX_MAGNITUDE = 1 << 251;
    uint256 private constant MAX_TENSORS = 64;
    uint256 private constant MAX_RANK = 8;
    uint256 private constant MAX_NAME = 64;

    /// @notice A tensor of integers q in [lo, lo + 2^bits − 1], of real value ≈ q · 2^-exponent.
    struct TensorSpec {
        string name;
        uint256[] shape;
        int256 lo;
        uint8 bits;
        int16 exponent;
        uint8 visibility;
    }

    /// @notice The tensors of a model, in signal order.
    struct IoSchema {
        TensorSpec[] outputs;
        TensorSpec[] inputs;
        bool weightsCommitted;
    }

    /// @notice A model has 1 to 64 tensors on either side.
    error BadTensorCount(uint256 outputs, uint256 inputs);

    /// @notice A tensor has an impossible name, rank, dimension, range or visibility, or too many words.
    error BadTensorSpec(bool isInput, uint256 index);

    /// @dev keccak256(abi.encode(DOMAIN_SCHEMA, schema)).
    function hash(IoSchema memory schema) internal pure returns (bytes32) {
        return keccak256(abi.encode(Domains.SCHEMA, schema));
    }

    /// @dev Number of elements of a tensor; a scalar has one.
    function elements(TensorSpec memory spec) internal pure returns (uint256 count) {
        count = 1;
        for (uint256 i = 0; i < spec.shape.length; ++i) {
            count *= spec.shape[i];
        }
    }

    /// @dev Number of words a tensor packs into.
    function words(TensorSpec memory spec) internal pure returns (uint256) {
        uint256 perWord = WORD_BITS / spec.bits;
        return (elements(spec) + perWord - 1) / perWord;
    }

    /// @dev Number of public signals of a tensor.
    function signals(TensorSpec memory spec) internal pure returns (uint256) {
        if (spec.visibility == PRIVATE) return 0;
        return spec.visibility == HASHED ? 1 : words(spec);
    }

    /// @dev Checks a schema and gives its `SignalLayout`.
    function layoutOf(IoSchema memory schema) internal pure returns (bytes memory layout) {
        uint256 outputCount = schema.outputs.length;
        uint256 inputCount = schema.inputs.length;
        if (outputCount == 0 || inputCount == 0 || outputCount > MAX_TENSORS || inputCount > MAX_TENSORS) {
            revert BadTensorCount(outputCount, inputCount);
        }
        uint256 outputs = 0;
        for (uint256 i = 0; i < outputCount; ++i) {
            if (!_isValid(schema.outputs[i]) || schema.outputs[i].visibility == PRIVATE) revert BadTensorSpec(false, i);
            outputs += signals(schema.outputs[i]);
        }
        uint256 inputs = 0;
        bytes memory tail = "";
        for (uint256 i = 0; i < inputCount; ++i) {
            if (!_isValid(schema.inputs[i])) revert BadTensorSpec(true, i);
            uint256 count = signals(schema.inputs[i]);
            inputs += count;
            tail = abi.encodePacked(tail, schema.inputs[i].visibility, uint16(count));
        }
        if (outputs > type(uint16).max || inputs > type(uint16).max) revert BadTensorCount(outputCount, inputCount);
        return abi.encodePacked(uint16(outputs), uint16(inputs), schema.weightsCommitted, tail);
    }

    function _isValid(TensorSpec memory spec) private pure returns (bool) {
        uint256 rank = spec.shape.length;
        if (bytes(spec.name).length > MAX_NAME || rank > MAX_RANK || spec.visibility > PRIVATE) return false;
        if (spec.bits == 0 || spec.bits > WORD_BITS) return false;
        if (spec.lo < -MAX_MAGNITUDE || spec.lo >= MAX_MAGNITUDE) return false;
        uint256 limit = type(uint16).max * (WORD_BITS / spec.bits);
        uint256 count = 1;
        for (uint256 i = 0; i < rank; ++i) {
            uint256 size = spec.shape[i];
            if (size == 0 || size > type(uint32).max) return false;
            count *= size;
            if (count > limit) return false;
        }
        return true;
    }
}
