// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {InferenceVerifier} from "../inference/InferenceVerifier.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {Domains} from "../libraries/Domains.sol";
import {Identity} from "../libraries/Identity.sol";
import {ProofBlob} from "../libraries/ProofBlob.sol";
import {Schema} from "../libraries/Schema.sol";
import {SignalLayout} from "../libraries/SignalLayout.sol";
import {Signals} from "../libraries/Signals.sol";
import {Statement} from "../libraries/Statement.sol";
import {Tensors} from "../libraries/Tensors.sol";
import {VerifyingKeys} from "../libraries/VerifyingKeys.sol";
import {MockProofVerifier} from "./MockProofVerifier.sol";

/// @title Inference verifier for consumers' own tests
/// @notice The real `InferenceVerifier` over a real registry: everything is checked as in production, down to the pairing,
/// for which `sharedVerifier`, a `MockProofVerifier`, stands in. `addModel` says that a model with some tensors exists,
/// `accept` that a statement about it verifies. Works on chains 1337 and 31337 and nowhere else.
contract MockInferenceVerifier is InferenceVerifier {
    /// @notice What a statement says.
    /// @param modelId the model
    /// @param caller the contract that will verify it; 0 for a portable statement, whose request and prover are 0 too
    /// @param requestId what it is made for
    /// @param prover who is credited
    /// @param inputs one list an input tensor: all elements of a public one, the commitment alone of a hashed one, nothing
    /// of a private one
    /// @param outputs one list an output tensor, likewise
    struct Inference {
        uint256 modelId;
        address caller;
        bytes32 requestId;
        address prover;
        int256[][] inputs;
        int256[][] outputs;
    }

    /// @notice A statement as contracts take it.
    /// @param inputCommitment commitment to the input
    /// @param output output signals, 32 bytes each
    /// @param proof the proof blob, with points that prove nothing
    /// @param vkHash the model's key
    /// @param signals every public signal
    struct EncodedInference {
        bytes32 inputCommitment;
        bytes output;
        bytes proof;
        bytes32 vkHash;
        uint256[] signals;
    }

    uint256 private _count;

    /// @notice A model was added.
    /// @param modelId its id
    event MockModelAdded(uint256 indexed modelId);

    /// @notice The number of lists is not that of tensors, or the length of one is not its tensor's.
    error WrongShape(uint256 expected, uint256 actual);

    /// @notice Deploys the mock proof verifier, and so refuses public chains.
    /// @param registry_ a `ModelRegistry` over a `MockKeyStore`
    constructor(
        address registry_
    ) InferenceVerifier(registry_, address(new MockProofVerifier(IModelRegistry(registry_).keyStore()))) {}

    /// @notice Registers a model, as another one each time, owned by this contract. Tests that need other details register
    /// with `registry` themselves, under any key that `MockKeyStore` takes.
    /// @param schema its tensors
    /// @return modelId its id
    function addModel(Schema.IoSchema calldata schema) external returns (uint256 modelId) {
        bytes32 seed = keccak256(abi.encode(++_count));
        Identity.Manifest memory manifest;
        manifest.setupHash = seed;
        manifest.ioSchema = schema;
        if (schema.weightsCommitted) manifest.weightsCommitment = 1;
        uint256 signals = SignalLayout.total(Schema.layoutOf(manifest.ioSchema));
        bytes memory key = abi.encodePacked(seed, new bytes(VerifyingKeys.FIXED_BYTES + 64 * (signals + 1) - 32));
        modelId = IModelRegistry(registry).publishModel(seed, Domains.GROTH16, "", key, manifest, address(0));
        emit MockModelAdded(modelId);
    }

    /// @notice Deprecates a model that was added here.
    /// @param modelId the model
    function deprecateModel(uint256 modelId) external {
        IModelRegistry(registry).deprecateModel(modelId);
    }

    /// @notice Makes a statement verify.
    /// @param inference what it says
    /// @return encoded its encoding, for the contract under test
    function accept(Inference calldata inference) external returns (EncodedInference memory encoded) {
        encoded = encode(inference);
        MockProofVerifier(sharedVerifier).setAnswer(encoded.vkHash, encoded.signals, MockProofVerifier.Answer.HOLDS);
    }

    /// @notice Commitment and signals of a statement in encoded form. For `encode`, which has no calldata.
    /// @param modelId the model
    /// @param output output signals
    /// @param proof the proof blob
    /// @param context the context signal
    /// @return inputCommitment commitment to the input words in the blob
    /// @return vkHash the model's key
    /// @return signals every public signal
    function describe(
        uint256 modelId,
        bytes calldata output,
        bytes calldata proof,
        uint256 context
    ) external view returns (bytes32 inputCommitment, bytes32 vkHash, uint256[] memory signals) {
        IModelRegistry.VerificationData memory model = IModelRegistry(registry).verificationData(modelId);
        bytes calldata words = ProofBlob.inputWords(proof);
        inputCommitment = Signals.inputCommitment(model.layout, model.ioSchemaHash, words);
        signals = Statement.signalsOf(model, inputCommitment, output, proof, context);
        vkHash = model.vkHash;
    }

    /// @notice Encodes a statement, which need not verify.
    /// @param inference what it says
    /// @return encoded its encoding, for the contract under test
    function encode(Inference calldata inference) public view returns (EncodedInference memory encoded) {
        (bytes32 requestId, address prover) = (inference.requestId, inference.prover);
        Schema.IoSchema memory schema = IModelRegistry(registry).ioSchemaOf(inference.modelId);
        uint256[8] memory points;
        uint256[] memory words = _pack(schema.inputs, inference.inputs);
        encoded.output = abi.encodePacked(_pack(schema.outputs, inference.outputs));
        encoded.proof = abi.encode(points, words, requestId, prover);
        uint256 context =
            inference.caller == address(0)
                ? Signals.PORTABLE
                : this.contextOf(inference.caller, requestId, inference.modelId, prover);
        (encoded.inputCommitment, encoded.vkHash, encoded.signals) = this.describe(
            inference.modelId,
            encoded.output,
            encoded.proof,
            context
        );
    }

    function _pack(
        Schema.TensorSpec[] memory specs,
        int256[][] calldata values
    ) private pure returns (uint256[] memory words) {
        if (values.length != specs.length) revert WrongShape(specs.length, values.length);
        for (uint256 i = 0; i < specs.length; ++i) {
            if (specs[i].visibility == Schema.PUBLIC) {
                words = _concat(words, Tensors.pack(values[i], Tensors.formatOf(specs[i])));
                continue;
            }
            uint256 expected = Schema.signals(specs[i]);
            if (values[i].length != expected) revert WrongShape(expected, values[i].length);
            words = _concat(words, abi.decode(abi.encode(values[i]), (uint256[])));
        }
    }

    function _concat(uint256[] memory first, uint256[] memory second) private pure returns (uint256[] memory words) {
        words = new uint256[](first.length + second.length);
        for (uint256 i = 0; i < words.length; ++i) {
            words[i] = i < first.length ? first[i] : second[i - first.length];
        }
    }
}
