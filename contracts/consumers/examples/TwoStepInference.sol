// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {PinnedModel} from "../../inference/PinnedModel.sol";
import {IInferenceVerifier} from "../../interfaces/IInferenceVerifier.sol";
import {IModelRegistry} from "../../interfaces/IModelRegistry.sol";
import {ProofBlob} from "../../libraries/ProofBlob.sol";
import {Schema} from "../../libraries/Schema.sol";
import {TensorChain} from "../../libraries/TensorChain.sol";

/// @title Two-step inference
/// @notice Remembers, for each account, what a second model made of what a first model made of an input: two proofs, of two
/// models, with a tensor between them that nobody sees. An example: the input is the account's own choice, and so are
/// further inputs of the second model, if it has any.
///
/// The tensor between is a hashed output of the first model and a hashed input of the second, of one format; models that do
/// not fit are refused at deployment. Its commitments have to be equal, so both proofs are about the same tensor.
///
/// A result is held for or against an account. Both proofs therefore name a request that is made of the account and a nonce
/// of its own, and only the account itself sends them: nobody can write another's result, or use up its nonces. Who the
/// proofs name as provers does not matter here.
contract TwoStepInference is PinnedModel {
    /// @notice One inference, as `verifyInference` takes it.
    /// @param inputCommitment commitment to the input
    /// @param output the model's output
    /// @param proof the proof blob, bound to this contract and the request
    struct Step {
        bytes32 inputCommitment;
        bytes output;
        bytes proof;
    }

    /// @notice A verified result.
    /// @param value first element of the second model's output, in its own integers
    /// @param at when it was recorded
    /// @param inputCommitment commitment to the input of the first model
    struct Result {
        int256 value;
        uint64 at;
        bytes32 inputCommitment;
    }

    /// @notice The model of the first step; `modelId` is that of the second.
    uint256 public immutable firstModelId;

    uint256 private immutable _outputSignal;
    uint256 private immutable _inputSignal;

    /// @notice The newest result of an account.
    mapping(address account => Result) public resultOf;

    /// @notice Whether an account has used a nonce.
    mapping(address account => mapping(uint256 nonce => bool)) public isUsed;

    /// @notice Two inferences of an account were verified, and that the second goes on where the first ended.
    /// @param account whose they are
    /// @param nonce the nonce that they used up
    /// @param value first element of the second model's output
    /// @param inputCommitment commitment to the input of the first model
    /// @param linkCommitment commitment to the tensor between
    event Chained(
        address indexed account,
        uint256 indexed nonce,
        int256 value,
        bytes32 inputCommitment,
        bytes32 linkCommitment
    );

    /// @notice A nonce counts once for each account.
    error NonceUsed(address account, uint256 nonce);

    /// @notice Pins both models for good, and the tensor between them.
    /// @param inferenceVerifier_ checks the proofs
    /// @param firstModelId_ the first model
    /// @param outputIndex which of its outputs, a hashed one
    /// @param secondModelId the second model, whose first output is public
    /// @param inputIndex which of its inputs, a hashed one
    constructor(
        IInferenceVerifier inferenceVerifier_,
        uint256 firstModelId_,
        uint256 outputIndex,
        uint256 secondModelId,
        uint256 inputIndex
    ) PinnedModel(inferenceVerifier_, secondModelId) {
        firstModelId = firstModelId_;
        IModelRegistry registry = IModelRegistry(inferenceVerifier_.registry());
        Schema.IoSchema memory first = registry.ioSchemaOf(firstModelId_);
        Schema.IoSchema memory second = registry.ioSchemaOf(secondModelId);
        (_outputSignal, _inputSignal) = TensorChain.link(first.outputs, outputIndex, second.inputs, inputIndex);
    }

    /// @notice Records the result of the sender.
    /// @param nonce a number that the sender has not used
    /// @param first inference of the first model, for the sender's request of this nonce
    /// @param second inference of the second model, for the same request
    function submit(uint256 nonce, Step calldata first, Step calldata second) external {
        if (isUsed[msg.sender][nonce]) revert NonceUsed(msg.sender, nonce);
        isUsed[msg.sender][nonce] = true;
        bytes32 requestId = requestIdOf(msg.sender, nonce);
        ProofBlob.proverFor(first.proof, requestId);
        ProofBlob.proverFor(second.proof, requestId);
        inferenceVerifier.verifyInference(firstModelId, first.inputCommitment, first.output, first.proof);
        inferenceVerifier.verifyInference(modelId, second.inputCommitment, second.output, second.proof);
        bytes32 linkCommitment = TensorChain.requireLinked(first.output, _outputSignal, second.proof, _inputSignal);
        int256 value = _decodeOutput(second.output)[0];
        resultOf[msg.sender] = Result({
            value: value,
            at: uint64(block.timestamp),
            inputCommitment: first.inputCommitment
        });
        emit Chained(msg.sender, nonce, value, first.inputCommitment, linkCommitment);
    }

    /// @notice What both proofs of an account name as their request.
    /// @param account the account
    /// @param nonce its nonce
    /// @return requestId the request
    function requestIdOf(address account, uint256 nonce) public pure returns (bytes32 requestId) {
        return keccak256(abi.encode(account, nonce));
    }
}
