// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC165, IERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {ERC165Checker} from "@openzeppelin/contracts/utils/introspection/ERC165Checker.sol";
import {IERCZKMLVerifier} from "../interfaces/IERCZKMLVerifier.sol";
import {IInferenceVerifier} from "../interfaces/IInferenceVerifier.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {ISharedVerifier} from "../interfaces/ISharedVerifier.sol";
import {IVerifierEmergencyStop} from "../interfaces/IVerifierEmergencyStop.sol";
import {IVerifierRouter} from "../interfaces/IVerifierRouter.sol";
import {ProofBlob} from "../libraries/ProofBlob.sol";
import {SignalLayout} from "../libraries/SignalLayout.sol";
import {Signals} from "../libraries/Signals.sol";
import {Statement} from "../libraries/Statement.sol";
import {Supports} from "../libraries/Supports.sol";
import {VerifierCall} from "../libraries/VerifierCall.sol";

/// @title Inference verifier
/// @notice See {IInferenceVerifier}. No owner, no storage.
contract InferenceVerifier is IInferenceVerifier, ERC165 {
    /// @inheritdoc IERCZKMLVerifier
    address public immutable registry;

    /// @inheritdoc IInferenceVerifier
    address public immutable sharedVerifier;

    /// @inheritdoc IInferenceVerifier
    address public immutable router;

    bytes4 private immutable _sharedProofSystem;

    /// @notice Pins the registry and the verifier or router for good.
    /// @param registry_ where models are looked up
    /// @param proofVerifier the verifier of models that have none of their own, or a router to such verifiers
    constructor(address registry_, address proofVerifier) {
        Supports.requireRegistry(registry_);
        registry = registry_;
        if (ERC165Checker.supportsInterface(proofVerifier, type(IVerifierRouter).interfaceId)) {
            router = proofVerifier;
            return;
        }
        if (!Supports.isSharedVerifier(proofVerifier)) revert NotAProofVerifier(proofVerifier);
        if (ERC165Checker.supportsInterface(proofVerifier, type(IVerifierEmergencyStop).interfaceId)) {
            revert VerifierIsStoppable(proofVerifier);
        }
        address registryStore = IModelRegistry(registry_).keyStore();
        address verifierStore = ISharedVerifier(proofVerifier).keyStore();
        if (registryStore != verifierStore) revert KeyStoreMismatch(registryStore, verifierStore);
        sharedVerifier = proofVerifier;
        _sharedProofSystem = IProofVerifier(proofVerifier).proofSystemId();
    }

    /// @inheritdoc IERCZKMLVerifier
    function verifyInference(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof
    ) external {
        uint256 context = _contextOf(proof, msg.sender, modelId);
        _checkStatement(_usableModel(modelId), inputCommitment, output, proof, context);
        emit InferenceVerified(modelId, inputCommitment, output, msg.sender);
    }

    /// @inheritdoc IInferenceVerifier
    function verifyInferenceBatch(uint256 modelId, BatchItem[] calldata items) external {
        checkInferenceBatch(modelId, items, msg.sender);
        for (uint256 i = 0; i < items.length; ++i) {
            emit InferenceVerified(modelId, items[i].inputCommitment, items[i].output, msg.sender);
        }
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

    /// @inheritdoc IInferenceVerifier
    function checkInference(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof,
        address caller
    ) external view {
        uint256 context = _contextOf(proof, caller, modelId);
        _checkStatement(_usableModel(modelId), inputCommitment, output, proof, context);
    }

    /// @inheritdoc IInferenceVerifier
    function checkPendingInference(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof,
        address caller
    ) external view {
        uint256 context = _contextOf(proof, caller, modelId);
        _checkStatement(_activeModel(modelId), inputCommitment, output, proof, context);
    }

    /// @inheritdoc IInferenceVerifier
    function checkForeignInference(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof,
        uint256 chainId,
        address caller
    ) external view {
        if (chainId == block.chainid || chainId == 0) revert NotForeign(chainId);
        uint256 context = _contextAt(chainId, proof, caller, modelId);
        _checkStatement(_usableModel(modelId), inputCommitment, output, proof, context);
    }

    /// @inheritdoc IInferenceVerifier
    function firstInvalid(
        uint256 modelId,
        BatchItem[] calldata items,
        address caller
    ) external view returns (uint256 index, bytes memory reason) {
        for (; index < items.length; ++index) {
            BatchItem calldata item = items[index];
            bytes memory call = abi.encodeCall(
                this.checkInference,
                (modelId, item.inputCommitment, item.output, item.proof, caller)
            );
            (bool success, bytes memory error) = address(this).staticcall(call);
            if (success) continue;
            // Running out of gas says nothing about the proof.
            if (error.length == 0 || bytes4(error) == InsufficientVerifierGas.selector) {
                revert InsufficientVerifierGas(gasleft(), 0);
            }
            return (index, error);
        }
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
        return Signals.context(block.chainid, caller, requestId, modelId, prover);
    }

    /// @inheritdoc IInferenceVerifier
    function isStopped(uint256 modelId) external view returns (bool stopped) {
        if (router == address(0)) return false;
        IModelRegistry.VerificationData memory model = IModelRegistry(registry).verificationData(modelId);
        return IVerifierRouter(router).isStopped(model.proofSystemId, model.vkHash);
    }

    /// @inheritdoc IInferenceVerifier
    function verifierGasCap(uint256 modelId) external view returns (uint256 gasCap) {
        IModelRegistry.VerificationData memory model = IModelRegistry(registry).verificationData(modelId);
        uint256 signals = SignalLayout.total(model.layout);
        bool own = model.verifier != address(0);
        if (router == address(0)) {
            if (!own) _requireSharedSystem(model.proofSystemId);
            return VerifierCall.gasCapOf(model.proofSystemId, signals);
        }
        uint256 routeCap = IVerifierRouter(router).gasCapOf(model.proofSystemId, signals);
        return own ? VerifierCall.gasCapOf(model.proofSystemId, signals) : routeCap;
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
        _checkStatement(_usableModel(modelId), inputCommitment, output, proof, Signals.PORTABLE);
    }

    /// @inheritdoc IInferenceVerifier
    function checkInferenceBatch(uint256 modelId, BatchItem[] calldata items, address caller) public view {
        if (items.length == 0) revert EmptyBatch();
        IModelRegistry.VerificationData memory model = _usableModel(modelId);
        if (model.verifier != address(0)) revert BatchNotSupported(modelId);
        uint256 perProof = SignalLayout.total(model.layout);
        uint256[] memory signals = new uint256[](perProof * items.length);
        bytes memory proofs = new bytes(256 * items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            (uint256[] memory own, bytes calldata points) = _statementOf(model, modelId, items[i], caller);
            assembly ("memory-safe") {
                let size := shl(5, perProof)
                mcopy(add(add(signals, 0x20), mul(i, size)), add(own, 0x20), size)
                calldatacopy(add(add(proofs, 0x20), shl(8, i)), points.offset, 0x100)
            }
        }
        if (!_verifyBatch(model, perProof, signals, proofs)) revert InvalidProof();
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return
            interfaceId == type(IERCZKMLVerifier).interfaceId ||
            interfaceId == type(IInferenceVerifier).interfaceId ||
            super.supportsInterface(interfaceId);
    }

    /// @dev Builds every signal and asks the model's verifier.
    function _checkStatement(
        IModelRegistry.VerificationData memory model,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof,
        uint256 context
    ) private view {
        uint256[] memory signals = Statement.signalsOf(model, inputCommitment, output, proof, context);
        if (!_verify(model, signals, ProofBlob.points(proof))) revert InvalidProof();
    }

    /// @dev Signals and points of one proof of a batch.
    function _statementOf(
        IModelRegistry.VerificationData memory model,
        uint256 modelId,
        BatchItem calldata item,
        address caller
    ) private view returns (uint256[] memory signals, bytes calldata points) {
        points = item.proof;
        uint256 context = _contextOf(points, caller, modelId);
        if (!ProofBlob.isShort(points)) revert ProofBlob.MalformedProof(points.length);
        signals = Statement.signalsOf(model, item.inputCommitment, item.output, points, context);
    }

    /// @dev Checks the form of a blob and gives the context of what it says it is for.
    function _contextOf(bytes calldata proof, address caller, uint256 modelId) private view returns (uint256) {
        return _contextAt(block.chainid, proof, caller, modelId);
    }

    /// @dev The same, on a given chain.
    function _contextAt(
        uint256 chainId,
        bytes calldata proof,
        address caller,
        uint256 modelId
    ) private pure returns (uint256) {
        (bytes32 requestId, address prover) = ProofBlob.statement(proof);
        return Signals.context(chainId, caller, requestId, modelId, prover);
    }

    function _usableModel(uint256 modelId) private view returns (IModelRegistry.VerificationData memory model) {
        model = _activeModel(modelId);
        if (model.deprecated) revert VerificationRefused_ModelDeprecated(modelId);
    }

    function _activeModel(uint256 modelId) private view returns (IModelRegistry.VerificationData memory model) {
        model = IModelRegistry(registry).verificationData(modelId);
        if (block.timestamp < model.activatesAt) revert ModelNotActive(modelId, model.activatesAt);
    }

    function _verify(
        IModelRegistry.VerificationData memory model,
        uint256[] memory signals,
        bytes calldata points
    ) private view returns (bool) {
        address verifier = model.verifier;
        if (router != address(0)) {
            if (verifier == address(0)) {
                return IVerifierRouter(router).verify(model.proofSystemId, model.vkHash, signals, points);
            }
            IVerifierRouter(router).requireLive(model.proofSystemId, model.vkHash);
        }
        if (verifier == address(0)) {
            _requireSharedSystem(model.proofSystemId);
            verifier = sharedVerifier;
        } else if (verifier.codehash != model.verifierCodeHash) {
            revert VerifierCodeChanged(verifier, model.verifierCodeHash, verifier.codehash);
        }
        uint256 cap = VerifierCall.gasCapOf(model.proofSystemId, signals.length);
        return VerifierCall.verify(verifier, cap, model.vkHash, signals, points);
    }

    function _verifyBatch(
        IModelRegistry.VerificationData memory model,
        uint256 perProof,
        uint256[] memory signals,
        bytes memory proofs
    ) private view returns (bool) {
        if (router != address(0)) {
            return IVerifierRouter(router).verifyBatch(model.proofSystemId, model.vkHash, signals, proofs);
        }
        _requireSharedSystem(model.proofSystemId);
        uint256 cap = VerifierCall.batchGasCap(VerifierCall.gasCap(perProof), proofs.length / 256, signals.length);
        return VerifierCall.verifyBatch(sharedVerifier, cap, model.vkHash, signals, proofs);
    }

    function _requireSharedSystem(bytes4 proofSystemId) private view {
        if (proofSystemId != _sharedProofSystem) revert UnsupportedProofSystem(proofSystemId);
    }
}
