// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC165, IERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {ERC165Checker} from "@openzeppelin/contracts/utils/introspection/ERC165Checker.sol";
import {IERCZKMLVerifier} from "../interfaces/IERCZKMLVerifier.sol";
import {IInferenceVerifier} from "../interfaces/IInferenceVerifier.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {ISharedVerifier} from "../interfaces/ISharedVerifier.sol";
import {ProofBlob} from "../libraries/ProofBlob.sol";
import {SignalLayout} from "../libraries/SignalLayout.sol";
import {Signals} from "../libraries/Signals.sol";
import {VerifierCall} from "../libraries/VerifierCall.sol";

/// @title Inference verifier
/// @notice See {IInferenceVerifier}. No owner, no storage.
contract InferenceVerifier is IInferenceVerifier, ERC165 {
    /// @inheritdoc IERCZKMLVerifier
    address public immutable registry;

    /// @inheritdoc IInferenceVerifier
    address public immutable sharedVerifier;

    bytes4 private immutable _sharedProofSystem;

    /// @notice Pins the registry and the shared verifier for good.
    /// @param registry_ where models are looked up
    /// @param sharedVerifier_ the verifier of models that have none of their own
    constructor(address registry_, address sharedVerifier_) {
        if (!ERC165Checker.supportsInterface(registry_, type(IModelRegistry).interfaceId)) {
            revert NotARegistry(registry_);
        }
        if (
            !ERC165Checker.supportsInterface(sharedVerifier_, type(IProofVerifier).interfaceId) ||
            !ERC165Checker.supportsInterface(sharedVerifier_, type(ISharedVerifier).interfaceId)
        ) revert NotAProofVerifier(sharedVerifier_);
        address registryStore = IModelRegistry(registry_).keyStore();
        address verifierStore = ISharedVerifier(sharedVerifier_).keyStore();
        if (registryStore != verifierStore) revert KeyStoreMismatch(registryStore, verifierStore);
        registry = registry_;
        sharedVerifier = sharedVerifier_;
        _sharedProofSystem = IProofVerifier(sharedVerifier_).proofSystemId();
    }

    /// @inheritdoc IERCZKMLVerifier
    function verifyInference(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof
    ) external {
        _check(modelId, inputCommitment, output, proof, msg.sender);
        emit InferenceVerified(modelId, inputCommitment, output, msg.sender);
    }

    /// @inheritdoc IInferenceVerifier
    function checkInference(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof,
        address caller
    ) external view {
        _check(modelId, inputCommitment, output, proof, caller);
    }

    /// @inheritdoc IInferenceVerifier
    function verifyInferencePortable(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof
    ) external {
        checkInferencePortable(modelId, inputCommitment, output, proof);
        emit PortableInferenceVerified(modelId, inputCommitment, output, msg.sender);
    }

    /// @inheritdoc IERCZKMLVerifier
    function proofSystemOf(uint256 modelId) external view returns (bytes4 proofSystemId) {
        return IModelRegistry(registry).verificationData(modelId).proofSystemId;
    }

    /// @inheritdoc IInferenceVerifier
    function contextOf(
        address caller,
        bytes32 requestId,
        uint256 modelId,
        address prover
    ) external view returns (uint256 context) {
        return Signals.context(caller, requestId, modelId, prover);
    }

    /// @inheritdoc IInferenceVerifier
    function verifierGasCap(uint256 signals) external pure returns (uint256 gasCap) {
        return VerifierCall.gasCap(signals);
    }

    /// @inheritdoc IInferenceVerifier
    function checkInferencePortable(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof
    ) public view {
        (bytes32 requestId, address prover) = ProofBlob.statement(proof);
        if (requestId != 0 || prover != address(0)) revert NotPortable(requestId, prover);
        _checkStatement(modelId, inputCommitment, output, proof, Signals.PORTABLE);
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return
            interfaceId == type(IERCZKMLVerifier).interfaceId ||
            interfaceId == type(IInferenceVerifier).interfaceId ||
            super.supportsInterface(interfaceId);
    }

    /// @dev Checks a bound proof.
    function _check(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof,
        address caller
    ) private view {
        (bytes32 requestId, address prover) = ProofBlob.statement(proof);
        uint256 context = Signals.context(caller, requestId, modelId, prover);
        _checkStatement(modelId, inputCommitment, output, proof, context);
    }

    /// @dev Builds every signal and asks the model's verifier.
    function _checkStatement(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof,
        uint256 context
    ) private view {
        IModelRegistry.VerificationData memory model = IModelRegistry(registry).verificationData(modelId);
        if (model.deprecated) revert VerificationRefused_ModelDeprecated(modelId);
        uint256[] memory signals = _signals(model, output, ProofBlob.inputWords(proof), context);
        bytes32 commitment = Signals.inputCommitment(model.layout, model.ioSchemaHash, ProofBlob.inputWords(proof));
        if (commitment != inputCommitment) revert InputCommitmentMismatch();
        if (!VerifierCall.verify(_verifierOf(model), model.vkHash, signals, ProofBlob.points(proof))) {
            revert InvalidProof();
        }
    }

    function _signals(
        IModelRegistry.VerificationData memory model,
        bytes calldata output,
        bytes calldata inputWords,
        uint256 context
    ) private pure returns (uint256[] memory) {
        (uint256 outputs, uint256 inputs, bool weightsCommitted) = SignalLayout.header(model.layout);
        if (output.length != outputs * 32) revert OutputMismatch();
        if (inputWords.length != inputs * 32) revert ModelMismatch();
        uint256[] memory extra = new uint256[](weightsCommitted ? 1 : 0);
        if (weightsCommitted) extra[0] = model.weightsCommitment;
        return Signals.build(output, inputWords, extra, context);
    }

    /// @dev The shared verifier, or the generated one while it still has its code.
    function _verifierOf(IModelRegistry.VerificationData memory model) private view returns (address verifier) {
        verifier = model.verifier;
        if (verifier == address(0)) {
            if (model.proofSystemId != _sharedProofSystem) revert UnsupportedProofSystem(model.proofSystemId);
            return sharedVerifier;
        }
        bytes32 codeHash = verifier.codehash;
        if (codeHash != model.verifierCodeHash) revert VerifierCodeChanged(verifier, model.verifierCodeHash, codeHash);
    }
}
