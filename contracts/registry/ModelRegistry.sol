// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ERC165, IERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {ERC165Checker} from "@openzeppelin/contracts/utils/introspection/ERC165Checker.sol";
import {IERCZKMLRegistry} from "../interfaces/IERCZKMLRegistry.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {IVerifyingKeyStore} from "../interfaces/IVerifyingKeyStore.sol";
import {BN254} from "../libraries/BN254.sol";
import {CodeStore} from "../libraries/CodeStore.sol";
import {DevChains} from "../libraries/DevChains.sol";
import {Domains} from "../libraries/Domains.sol";
import {Identity} from "../libraries/Identity.sol";
import {ManifestRecord} from "../libraries/ManifestRecord.sol";
import {ModelRecord} from "../libraries/ModelRecord.sol";
import {Schema} from "../libraries/Schema.sol";
import {SignalLayout} from "../libraries/SignalLayout.sol";
import {Lineages} from "./Lineages.sol";

/// @title Model registry
/// @notice See {IModelRegistry}. The contract itself has no owner and cannot be paused or changed.
contract ModelRegistry is Lineages, ERC165, EIP712 {
    uint256 private constant MAX_URI_BYTES = 1024;

    bytes32 private constant REGISTRATION_TYPEHASH = keccak256(
        "Registration(address publisher,bytes32 modelHash,bytes32 circuitHash,bytes32 vkHash,bytes4 proofSystemId,string uri,address verifier,uint256 deadline)"
    );

    /// @inheritdoc IModelRegistry
    address public immutable keyStore;

    /// @inheritdoc IModelRegistry
    bool public immutable allowDev;

    mapping(bytes32 circuitHash => address record) private _manifests;
    mapping(address publisher => mapping(bytes32 circuitHash => address verifier)) private _verifiers;

    /// @notice Pins the key store for good.
    /// @param keyStore_ the verifying keys models may name
    /// @param allowDev_ whether setups made by one party are allowed on any chain; never for value
    constructor(address keyStore_, bool allowDev_) EIP712("zkml ModelRegistry", "1") {
        if (!ERC165Checker.supportsInterface(keyStore_, type(IVerifyingKeyStore).interfaceId)) {
            revert NotAKeyStore(keyStore_);
        }
        keyStore = keyStore_;
        allowDev = allowDev_;
    }

    /// @inheritdoc IERCZKMLRegistry
    function registerModel(ModelCommitment calldata commitment) external returns (uint256 modelId) {
        modelId = _register(msg.sender, commitment, _verifiers[msg.sender][commitment.circuitHash]);
        _openLineage(modelId, msg.sender);
    }

    /// @inheritdoc IModelRegistry
    function publishModel(
        bytes32 modelHash,
        bytes4 proofSystemId,
        string calldata uri,
        bytes calldata key,
        Identity.Manifest calldata manifest,
        address verifier
    ) external returns (uint256 modelId) {
        ModelCommitment memory commitment = ModelCommitment({
            modelHash: modelHash,
            circuitHash: publishManifest(manifest, verifier),
            vkHash: IVerifyingKeyStore(keyStore).store(key),
            proofSystemId: proofSystemId,
            uri: uri
        });
        modelId = _register(msg.sender, commitment, verifier);
        _openLineage(modelId, msg.sender);
    }

    /// @inheritdoc IModelRegistry
    function registerFor(
        address publisher,
        ModelCommitment calldata commitment,
        address verifier,
        uint256 deadline,
        bytes calldata signature
    ) external returns (uint256 modelId) {
        if (block.timestamp > deadline) revert SignatureExpired(deadline);
        bytes32 digest = _hashTypedDataV4(_registrationHash(publisher, commitment, verifier, deadline));
        if (!SignatureChecker.isValidSignatureNow(publisher, digest, signature)) revert InvalidSignature(publisher);
        modelId = _register(publisher, commitment, verifier);
        _openLineage(modelId, publisher);
    }

    /// @inheritdoc IERCZKMLRegistry
    function updateModel(uint256 modelId, ModelCommitment calldata newCommitment) external {
        uint256 lineageId = _requireNewest(modelId);
        uint256 newId = _register(msg.sender, newCommitment, _verifiers[msg.sender][newCommitment.circuitHash]);
        _append(lineageId, newId);
        emit ModelUpdated(modelId, ModelRecord.commitmentOf(_record(modelId)), newCommitment);
    }

    /// @inheritdoc IERCZKMLRegistry
    function getModel(
        uint256 modelId
    ) external view returns (ModelCommitment memory commitment, bool deprecated, address owner) {
        commitment = ModelRecord.commitmentOf(_record(modelId));
        deprecated = _models[modelId].deprecated;
        owner = _lineages[_lineageOf(modelId)].owner;
    }

    /// @inheritdoc IModelRegistry
    function verificationData(uint256 modelId) external view returns (VerificationData memory data) {
        Version storage model = _models[modelId];
        (address record, bool deprecated, uint48 activatesAt) = (model.record, model.deprecated, model.activatesAt);
        if (record == address(0)) revert ModelNotFound(modelId);
        data = ModelRecord.verificationDataOf(CodeStore.read(record));
        data.deprecated = deprecated;
        data.activatesAt = activatesAt;
    }

    /// @inheritdoc IModelRegistry
    function publishManifest(
        Identity.Manifest calldata manifest,
        address verifier
    ) public returns (bytes32 circuitHash) {
        Identity.Manifest memory copy = manifest;
        bytes32 ioSchemaHash = Schema.hash(copy.ioSchema);
        circuitHash = Identity.circuitHash(copy, ioSchemaHash);
        _requireVerifier(verifier, copy.verifierCodeHash);
        if (_manifests[circuitHash] == address(0)) {
            bytes memory layout = Schema.layoutOf(copy.ioSchema);
            uint256 weights = copy.weightsCommitment;
            if (copy.ioSchema.weightsCommitted != (weights != 0) || weights >= BN254.R) {
                revert BadWeightsCommitment(weights);
            }
            _manifests[circuitHash] = CodeStore.write(ManifestRecord.encode(copy, ioSchemaHash, layout));
            emit ManifestPublished(circuitHash, msg.sender);
        }
        if (verifier != address(0)) _verifiers[msg.sender][circuitHash] = verifier;
    }

    /// @inheritdoc IModelRegistry
    function getManifest(bytes32 circuitHash) public view returns (Identity.Manifest memory manifest) {
        return ManifestRecord.manifestOf(_manifest(circuitHash));
    }

    /// @inheritdoc IModelRegistry
    function ioSchemaOf(uint256 modelId) external view returns (Schema.IoSchema memory schema) {
        return getManifest(ModelRecord.circuitHashOf(_record(modelId))).ioSchema;
    }

    /// @inheritdoc IModelRegistry
    function isPublished(bytes32 circuitHash) external view returns (bool published) {
        return _manifests[circuitHash] != address(0);
    }

    /// @inheritdoc IModelRegistry
    function setupOf(uint256 modelId) external view returns (SetupKind kind, bytes32 transcriptHash) {
        bytes memory manifest = _manifest(ModelRecord.circuitHashOf(_record(modelId)));
        transcriptHash = ManifestRecord.summaryOf(manifest).setupHash;
        return (transcriptHash == 0 ? SetupKind.DEV : SetupKind.CEREMONY, transcriptHash);
    }

    /// @inheritdoc IModelRegistry
    function modelIdOf(address publisher, ModelCommitment calldata commitment) external pure returns (uint256 modelId) {
        return _modelIdOf(publisher, commitment);
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return
            interfaceId == type(IERCZKMLRegistry).interfaceId ||
            interfaceId == type(IModelRegistry).interfaceId ||
            super.supportsInterface(interfaceId);
    }

    /// @dev Checks a model against its manifest, key and verifier, and writes its record.
    function _register(
        address publisher,
        ModelCommitment memory commitment,
        address verifier
    ) private returns (uint256 modelId) {
        modelId = _modelIdOf(publisher, commitment);
        if (_models[modelId].record != address(0)) revert ModelAlreadyRegistered(modelId);
        if (commitment.proofSystemId == 0) revert UnknownProofSystem(commitment.proofSystemId);
        if (bytes(commitment.uri).length > MAX_URI_BYTES) revert UriTooLong(bytes(commitment.uri).length);
        ManifestRecord.Summary memory manifest = ManifestRecord.summaryOf(_manifest(commitment.circuitHash));
        if (manifest.setupHash == 0 && !allowDev && !DevChains.isDev()) revert DevSetupRefused(block.chainid);
        // The store has Groth16 keys only. A model of another system has a verifier of its own, whose code is its key.
        if (verifier == address(0) || commitment.proofSystemId == Domains.GROTH16) {
            _requireKey(commitment.vkHash, SignalLayout.total(manifest.layout));
        }
        _requireVerifier(verifier, manifest.verifierCodeHash);
        if (verifier != address(0) && IProofVerifier(verifier).proofSystemId() != commitment.proofSystemId) {
            revert NotAProofVerifier(verifier);
        }
        VerificationData memory data = VerificationData({
            vkHash: commitment.vkHash,
            ioSchemaHash: manifest.ioSchemaHash,
            weightsCommitment: manifest.weightsCommitment,
            verifierCodeHash: manifest.verifierCodeHash,
            verifier: verifier,
            proofSystemId: commitment.proofSystemId,
            deprecated: false,
            activatesAt: 0,
            layout: manifest.layout
        });
        _models[modelId].record = CodeStore.write(ModelRecord.encode(commitment, data));
        emit ModelRegistered(modelId, publisher, commitment);
    }

    function _modelIdOf(address publisher, ModelCommitment memory commitment) private pure returns (uint256) {
        return
            Identity.modelId(
                publisher,
                commitment.modelHash,
                commitment.circuitHash,
                commitment.vkHash,
                commitment.proofSystemId
            );
    }

    /// @dev A Groth16 key is stored, and so checked, whichever verifier serves it.
    function _requireKey(bytes32 vkHash, uint256 signals) private view {
        uint256 keySignals = IVerifyingKeyStore(keyStore).signalCount(vkHash);
        if (keySignals == 0) revert IVerifyingKeyStore.VerifyingKeyNotFound(vkHash);
        if (keySignals != signals) revert SignalCountMismatch(signals, keySignals);
    }

    /// @dev No verifier exactly when the code hash is 0; otherwise a contract with that code that verifies proofs.
    function _requireVerifier(address verifier, bytes32 codeHash) private view {
        bytes32 actual = verifier == address(0) ? bytes32(0) : verifier.codehash;
        if (actual != codeHash || (verifier != address(0) && verifier.code.length == 0)) {
            revert VerifierCodeMismatch(verifier, codeHash, actual);
        }
        if (verifier != address(0) && !ERC165Checker.supportsInterface(verifier, type(IProofVerifier).interfaceId)) {
            revert NotAProofVerifier(verifier);
        }
    }

    function _record(uint256 modelId) private view returns (bytes memory) {
        address record = _models[modelId].record;
        if (record == address(0)) revert ModelNotFound(modelId);
        return CodeStore.read(record);
    }

    function _manifest(bytes32 circuitHash) private view returns (bytes memory) {
        address record = _manifests[circuitHash];
        if (record == address(0)) revert ManifestNotFound(circuitHash);
        return CodeStore.read(record);
    }

    function _registrationHash(
        address publisher,
        ModelCommitment calldata commitment,
        address verifier,
        uint256 deadline
    ) private pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    REGISTRATION_TYPEHASH,
                    publisher,
                    commitment.modelHash,
                    commitment.circuitHash,
                    commitment.vkHash,
                    commitment.proofSystemId,
                    keccak256(bytes(commitment.uri)),
                    verifier,
                    deadline
                )
            );
    }
}
