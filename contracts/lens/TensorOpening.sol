// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {ITensorOpening} from "../interfaces/ITensorOpening.sol";
import {BN254} from "../libraries/BN254.sol";
import {PoseidonT6} from "../libraries/PoseidonT6.sol";
import {Schema} from "../libraries/Schema.sol";
import {Signals} from "../libraries/Signals.sol";
import {Supports} from "../libraries/Supports.sol";
import {Tensors} from "../libraries/Tensors.sol";

/// @title Openings of tensor commitments
/// @notice See {ITensorOpening}. No owner, no storage.
contract TensorOpening is ITensorOpening {
    /// @inheritdoc ITensorOpening
    address public immutable registry;

    /// @notice Pins the registry for good.
    /// @param registry_ where formats of tensors are looked up
    constructor(address registry_) {
        Supports.requireRegistry(registry_);
        registry = registry_;
    }

    /// @inheritdoc ITensorOpening
    function tensorCommitment(
        int256 lo,
        uint256 bits,
        uint256 count,
        uint256[] calldata words,
        uint256 salt
    ) external pure returns (uint256 commitment) {
        return _commit(Tensors.Format({lo: lo, bits: bits, count: count}), words, salt);
    }

    /// @inheritdoc ITensorOpening
    function opens(
        uint256 commitment,
        int256 lo,
        uint256 bits,
        uint256 count,
        uint256[] calldata words,
        uint256 salt
    ) external pure returns (bool opened) {
        return _commit(Tensors.Format({lo: lo, bits: bits, count: count}), words, salt) == commitment;
    }

    /// @inheritdoc ITensorOpening
    function openTensor(
        uint256 modelId,
        bool isInput,
        uint256 index,
        uint256 commitment,
        uint256[] calldata words,
        uint256 salt
    ) external view returns (int256[] memory values) {
        Tensors.Format memory format = _hashedFormat(modelId, isInput, index);
        uint256 opened = _commit(format, words, salt);
        if (opened != commitment) revert WrongOpening(commitment, opened);
        return Tensors.unpack(words, format);
    }

    function _hashedFormat(
        uint256 modelId,
        bool isInput,
        uint256 index
    ) private view returns (Tensors.Format memory format) {
        Schema.IoSchema memory schema = IModelRegistry(registry).ioSchemaOf(modelId);
        Schema.TensorSpec[] memory specs = isInput ? schema.inputs : schema.outputs;
        if (index >= specs.length) revert NoSuchTensor(modelId, isInput, index);
        if (specs[index].visibility != Schema.HASHED) revert TensorNotHashed(modelId, isInput, index);
        return Tensors.formatOf(specs[index]);
    }

    /// @dev Poseidon chain over tag, salt and words, all below r: packed words are below 2^252.
    function _commit(
        Tensors.Format memory format,
        uint256[] calldata words,
        uint256 salt
    ) private pure returns (uint256 commitment) {
        if (salt >= BN254.R) revert SaltNotInField(salt);
        Tensors.requirePacked(words, format);
        uint256[] memory inputs = new uint256[](words.length + 2);
        inputs[0] = Signals.tensorTag(format.lo, format.bits, format.count);
        inputs[1] = salt;
        for (uint256 i = 0; i < words.length; ++i) {
            inputs[i + 2] = words[i];
        }
        return PoseidonT6.chain(inputs);
    }
}
