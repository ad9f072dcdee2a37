// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERCZKMLRegistry} from "../interfaces/IERCZKMLRegistry.sol";
import {IInferenceVerifier} from "../interfaces/IInferenceVerifier.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {IVerifierRouter} from "../interfaces/IVerifierRouter.sol";
import {IVerifyingKeyStore} from "../interfaces/IVerifyingKeyStore.sol";
import {IZkmlLens} from "../interfaces/IZkmlLens.sol";
import {SignalLayout} from "../libraries/SignalLayout.sol";
import {Supports} from "../libraries/Supports.sol";

/// @title Batched reads
/// @notice See {IZkmlLens}. No owner, no storage.
contract ZkmlLens is IZkmlLens {
    /// @inheritdoc IZkmlLens
    address public immutable inferenceVerifier;

    IModelRegistry private immutable _registry;
    IVerifyingKeyStore private immutable _keyStore;

    /// @notice Pins what is read for good.
    /// @param inferenceVerifier_ the verifier whose models these are
    constructor(address inferenceVerifier_) {
        Supports.requireInferenceVerifier(inferenceVerifier_);
        inferenceVerifier = inferenceVerifier_;
        _registry = IModelRegistry(IInferenceVerifier(inferenceVerifier_).registry());
        _keyStore = IVerifyingKeyStore(_registry.keyStore());
    }

    /// @inheritdoc IZkmlLens
    function modelsOf(uint256[] calldata modelIds) external view returns (ModelView[] memory models) {
        models = new ModelView[](modelIds.length);
        for (uint256 i = 0; i < modelIds.length; ++i) {
            models[i].modelId = modelIds[i];
            if (_fillIdentity(models[i])) {
                _fillVersions(models[i]);
                _fillVerification(models[i]);
                _fillSetup(models[i]);
            }
        }
    }

    /// @inheritdoc IZkmlLens
    function versionsOf(
        uint256 lineageId,
        uint256 first,
        uint256 count
    ) external view returns (uint256[] memory modelIds) {
        modelIds = new uint256[](count);
        uint256 found = 0;
        while (found < count) {
            uint256 modelId = _registry.modelAt(lineageId, first + found);
            if (modelId == 0) break;
            modelIds[found] = modelId;
            ++found;
        }
        assembly ("memory-safe") {
            mstore(modelIds, found)
        }
    }

    /// @inheritdoc IZkmlLens
    function keysOf(bytes32[] calldata vkHashes) external view returns (KeyView[] memory keys) {
        keys = new KeyView[](vkHashes.length);
        for (uint256 i = 0; i < vkHashes.length; ++i) {
            bytes32 vkHash = vkHashes[i];
            uint256 signals = _keyStore.signalCount(vkHash);
            keys[i] = KeyView({
                vkHash: vkHash,
                signals: signals,
                pointer: _keyStore.pointerOf(vkHash),
                key: signals == 0 ? bytes("") : _keyStore.keyOf(vkHash)
            });
        }
    }

    /// @dev Only a model that is missing is an empty entry; a call that failed otherwise, as for want of gas, is none.
    function _fillIdentity(ModelView memory model) private view returns (bool exists) {
        try _registry.getModel(model.modelId) returns (
            IERCZKMLRegistry.ModelCommitment memory commitment,
            bool deprecated,
            address owner
        ) {
            model.exists = true;
            model.commitment = commitment;
            model.deprecated = deprecated;
            model.owner = owner;
            return true;
        } catch (bytes memory reason) {
            if (bytes4(reason) == IERCZKMLRegistry.ModelNotFound.selector) return false;
            assembly ("memory-safe") {
                revert(add(reason, 32), mload(reason))
            }
        }
    }

    function _fillVersions(ModelView memory model) private view {
        (model.lineageId, model.version, model.latestVersion) = _registry.versionOf(model.modelId);
        (model.activeVersion, model.activeModelId) = _registry.activeVersionOf(model.lineageId);
        model.latestModelId = _registry.modelAt(model.lineageId, model.latestVersion);
        model.pendingOwner = _registry.pendingOwnerOf(model.modelId);
    }

    function _fillVerification(ModelView memory model) private view {
        IModelRegistry.VerificationData memory data = _registry.verificationData(model.modelId);
        IInferenceVerifier verifier = IInferenceVerifier(inferenceVerifier);
        model.ownVerifier = data.verifier != address(0);
        address serving = _verifierFor(data.proofSystemId);
        model.verifier = model.ownVerifier ? data.verifier : serving;
        model.verifierIntact = !model.ownVerifier || data.verifier.codehash == data.verifierCodeHash;
        // A verifier of the model's own is not asked either where its proof system has no route.
        bool checked = serving != address(0) || (model.ownVerifier && verifier.router() == address(0));
        if (checked) model.verifierGasCap = verifier.verifierGasCap(model.modelId);
        model.signals = SignalLayout.total(data.layout);
        model.activatesAt = data.activatesAt;
        model.ioSchemaHash = data.ioSchemaHash;
        model.stopped = verifier.isStopped(model.modelId);
    }

    /// @dev Who checks proofs of a proof system for models without a verifier of their own; 0 when nobody does.
    function _verifierFor(bytes4 proofSystemId) private view returns (address) {
        address router = IInferenceVerifier(inferenceVerifier).router();
        if (router != address(0)) {
            (IVerifierRouter.RouteConfig memory route, ) = IVerifierRouter(router).routeOf(proofSystemId);
            return route.verifier;
        }
        address shared = IInferenceVerifier(inferenceVerifier).sharedVerifier();
        return IProofVerifier(shared).proofSystemId() == proofSystemId ? shared : address(0);
    }

    function _fillSetup(ModelView memory model) private view {
        (model.setup, model.transcriptHash) = _registry.setupOf(model.modelId);
        model.ioSchema = _registry.ioSchemaOf(model.modelId);
    }
}
