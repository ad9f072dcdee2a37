// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IInferenceVerifier} from "../interfaces/IInferenceVerifier.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {Domains} from "../libraries/Domains.sol";
import {ProofBlob} from "../libraries/ProofBlob.sol";
import {Schema} from "../libraries/Schema.sol";
import {Tensors} from "../libraries/Tensors.sol";

/// @title Base of contracts that pin a model
/// @notice Pins one version of one model, for good, and verifies its inferences. Whatever the model's owner does, the
/// statement that this contract accepts does not change; a deprecated model stops being accepted.
/// @dev What a proof does and does not say: somebody ran this model on an input with this commitment and got this output,
/// for this contract, request and prover. It does not say where the input came from. A contract that needs a true input
/// computes it from chain state or requires its issuer's signature over the commitment.
///
/// `prover` is chosen by whoever made the proof: safe to pay, not safe to hold something against or for an account unless
/// that account itself sends it or signed. A contract that does so requires msg.sender == prover, as `ClassGate` does, or
/// the prover's signature over the request; or else anyone names a victim, and uses up its request ids.
///
/// Proofs are malleable and, unless a contract asks for more, may be sent by anyone. Key what happens once on
/// (prover, requestId), and pay the prover, not the sender: then copying a proof is useless.
///
/// This base takes proofs made for this very contract. To ask the market for an inference instead, see `InferenceConsumer`.
abstract contract PinnedModel {
    /// @notice A verified statement.
    /// @param requestId what the proof was made for
    /// @param prover whom its maker named, which authenticates nobody
    /// @param inputCommitment commitment to the input
    struct Inference {
        bytes32 requestId;
        address prover;
        bytes32 inputCommitment;
    }

    /// @notice Checks the proofs.
    IInferenceVerifier public immutable inferenceVerifier;

    /// @notice The pinned model.
    uint256 public immutable modelId;

    bytes32 private immutable _ioSchemaHash;

    int256 private immutable _outputLo;
    uint256 private immutable _outputBits;
    uint256 private immutable _outputCount;

    int256 private immutable _inputLo;
    uint256 private immutable _inputBits;
    /// @dev 0 unless the model has exactly one input tensor and it is public.
    uint256 private immutable _inputCount;

    /// @notice The model's first output is not public, so it cannot be decoded.
    error OutputNotPublic(uint256 modelId);

    /// @notice The model does not have exactly one input tensor, a public one, so there is no way here to build its input.
    error InputNotPublic(uint256 modelId);

    /// @notice Pins a model for good.
    /// @param inferenceVerifier_ checks the proofs
    /// @param modelId_ the model to pin
    constructor(IInferenceVerifier inferenceVerifier_, uint256 modelId_) {
        inferenceVerifier = inferenceVerifier_;
        modelId = modelId_;
        IModelRegistry registry = IModelRegistry(inferenceVerifier_.registry());
        Schema.IoSchema memory schema = registry.ioSchemaOf(modelId_);
        _ioSchemaHash = Schema.hash(schema);
        Schema.TensorSpec memory spec = schema.outputs[0];
        if (spec.visibility != Schema.PUBLIC) revert OutputNotPublic(modelId_);
        Tensors.Format memory format = Tensors.formatOf(spec);
        _outputLo = format.lo;
        _outputBits = format.bits;
        _outputCount = format.count;
        spec = schema.inputs[0];
        bool buildable = schema.inputs.length == 1 && spec.visibility == Schema.PUBLIC;
        format = Tensors.formatOf(spec);
        _inputLo = format.lo;
        _inputBits = format.bits;
        _inputCount = buildable ? format.count : 0;
    }

    /// @dev Verifies a proof bound to this contract; reverts unless it holds. The same statement may come again, under the
    /// same or other proof bytes: what happens once is the caller's to key.
    function _verify(
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof
    ) internal returns (Inference memory inference) {
        (bytes32 requestId, address prover) = ProofBlob.statement(proof);
        inferenceVerifier.verifyInference(modelId, inputCommitment, output, proof);
        return Inference({requestId: requestId, prover: prover, inputCommitment: inputCommitment});
    }

    /// @dev Format of the first output tensor.
    function _outputFormat() internal view returns (Tensors.Format memory) {
        return Tensors.Format({lo: _outputLo, bits: _outputBits, count: _outputCount});
    }

    /// @dev The first output tensor, as integers; its words come first.
    function _decodeOutput(bytes calldata output) internal view returns (int256[] memory) {
        return Tensors.unpackOutput(output, 0, _outputFormat());
    }

    /// @dev Format of the input tensor. Reverts unless it is the only one and public.
    function _inputFormat() internal view returns (Tensors.Format memory) {
        if (_inputCount == 0) revert InputNotPublic(modelId);
        return Tensors.Format({lo: _inputLo, bits: _inputBits, count: _inputCount});
    }

    /// @dev Words of an input that this contract computed.
    function _packInput(int256[] memory values) internal view returns (uint256[] memory words) {
        return Tensors.pack(values, _inputFormat());
    }

    /// @dev Commitment to packed words: what a verified statement about exactly this input carries.
    function _inputCommitmentOf(uint256[] memory words) internal view returns (bytes32) {
        if (_inputCount == 0) revert InputNotPublic(modelId);
        return keccak256(abi.encode(Domains.INPUT, _ioSchemaHash, words));
    }
}
