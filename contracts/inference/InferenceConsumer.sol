// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IInferenceVerifier} from "../interfaces/IInferenceVerifier.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {ProofBlob} from "../libraries/ProofBlob.sol";
import {Schema} from "../libraries/Schema.sol";
import {Tensors} from "../libraries/Tensors.sol";

/// @title Base of contracts that act on verified inferences
/// @notice Pins one version of one model, for good. Whatever the registry's owners do, the statement that this contract
/// accepts does not change; a deprecated model stops being accepted.
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
abstract contract InferenceConsumer {
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

    int256 private immutable _outputLo;
    uint256 private immutable _outputBits;
    uint256 private immutable _outputCount;

    /// @notice The model's first output is not public, so it cannot be decoded.
    error OutputNotPublic(uint256 modelId);

    /// @notice Pins a model for good.
    /// @param inferenceVerifier_ checks the proofs
    /// @param modelId_ the model to pin
    constructor(IInferenceVerifier inferenceVerifier_, uint256 modelId_) {
        inferenceVerifier = inferenceVerifier_;
        modelId = modelId_;
        Schema.IoSchema memory schema = IModelRegistry(inferenceVerifier_.registry()).ioSchemaOf(modelId_);
        Schema.TensorSpec memory spec = schema.outputs[0];
        if (spec.visibility != Schema.PUBLIC) revert OutputNotPublic(modelId_);
        Tensors.Format memory format = Tensors.formatOf(spec);
        _outputLo = format.lo;
        _outputBits = format.bits;
        _outputCount = format.count;
    }

    /// @dev Called with a statement that holds. Effects go here; it may be called again with the same statement.
    function _verified(Inference memory inference, bytes calldata output) internal virtual;

    /// @dev Verifies a proof bound to this contract and acts on it. Reverts unless it holds.
    function _consume(bytes32 inputCommitment, bytes calldata output, bytes calldata proof) internal {
        (bytes32 requestId, address prover) = ProofBlob.statement(proof);
        inferenceVerifier.verifyInference(modelId, inputCommitment, output, proof);
        _verified(Inference({requestId: requestId, prover: prover, inputCommitment: inputCommitment}), output);
    }

    /// @dev Format of the first output tensor.
    function _outputFormat() internal view returns (Tensors.Format memory) {
        return Tensors.Format({lo: _outputLo, bits: _outputBits, count: _outputCount});
    }

    /// @dev The first output tensor, as integers; its words come first.
    function _decodeOutput(bytes calldata output) internal view returns (int256[] memory) {
        return Tensors.unpackOutput(output, 0, _outputFormat());
    }
}
