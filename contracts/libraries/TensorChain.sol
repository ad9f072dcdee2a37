// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ProofBlob} from "./ProofBlob.sol";
import {Schema} from "./Schema.sol";

/// @title Chains of inferences
/// @notice One inference goes on where another ended if a hashed output of the first has the commitment of a hashed input of
/// the second: both are about the same tensor, which nobody else sees. A commitment fixes lo, bits and number of elements, but
/// not what one unit is worth; so the schemas have to agree on that, which is checked once, when the models are chosen.
library TensorChain {
    /// @notice A tensor that is to be linked does not exist.
    error LinkMissing(bool isInput, uint256 index);

    /// @notice A tensor that is to be linked is not hashed.
    error LinkNotHashed(bool isInput, uint256 index);

    /// @notice Output and input differ in lo, bits, number of elements or exponent.
    error LinkFormatsDiffer(uint256 outputIndex, uint256 inputIndex);

    /// @notice The second inference is about another tensor than the one the first ended with.
    error LinkBroken(bytes32 outputCommitment, bytes32 inputCommitment);

    /// @dev Which signals have to be equal; reverts unless the tensors can be linked. Shapes may differ: elements are
    /// row-major.
    function link(
        Schema.TensorSpec[] memory outputs,
        uint256 outputIndex,
        Schema.TensorSpec[] memory inputs,
        uint256 inputIndex
    ) internal pure returns (uint256 outputSignal, uint256 inputSignal) {
        outputSignal = _signalOf(outputs, false, outputIndex);
        inputSignal = _signalOf(inputs, true, inputIndex);
        Schema.TensorSpec memory from = outputs[outputIndex];
        Schema.TensorSpec memory to = inputs[inputIndex];
        bool same =
            from.lo == to.lo &&
                from.bits == to.bits &&
                from.exponent == to.exponent &&
                Schema.elements(from) == Schema.elements(to);
        if (!same) revert LinkFormatsDiffer(outputIndex, inputIndex);
    }

    /// @dev The commitment that both inferences have; reverts if there are two. Only for the output of the first and the
    /// proof blob of the second that were verified for the models of `link`.
    function requireLinked(
        bytes calldata output,
        uint256 outputSignal,
        bytes calldata proof,
        uint256 inputSignal
    ) internal pure returns (bytes32 commitment) {
        commitment = bytes32(output[outputSignal * 32:]);
        bytes32 next = bytes32(ProofBlob.inputWords(proof)[inputSignal * 32:]);
        if (commitment != next) revert LinkBroken(commitment, next);
    }

    /// @dev Place of a tensor's commitment among the signals of its side.
    function _signalOf(
        Schema.TensorSpec[] memory specs,
        bool isInput,
        uint256 index
    ) private pure returns (uint256 signal) {
        if (index >= specs.length) revert LinkMissing(isInput, index);
        if (specs[index].visibility != Schema.HASHED) revert LinkNotHashed(isInput, index);
        for (uint256 i = 0; i < index; ++i) {
            signal += Schema.signals(specs[i]);
        }
    }
}
