// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC165, IERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {Bytes} from "@openzeppelin/contracts/utils/Bytes.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";
import {IERCZKMLStorageExtension} from "../interfaces/IERCZKMLStorageExtension.sol";
import {IInferenceLedger} from "../interfaces/IInferenceLedger.sol";
import {IInferenceVerifier} from "../interfaces/IInferenceVerifier.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {CodeStore} from "../libraries/CodeStore.sol";
import {Domains} from "../libraries/Domains.sol";
import {ProofBlob} from "../libraries/ProofBlob.sol";
import {Supports} from "../libraries/Supports.sol";
import {UsableModel} from "../libraries/UsableModel.sol";

/// @title Inference ledger
/// @notice See {IInferenceLedger}. No owner.
/// @dev Results are kept whole, prover first, as code: many contracts read them, and code is cheaper than storage to write
/// and to read, at every length.
contract InferenceLedger is IInferenceLedger, ERC165 {
    using BitMaps for BitMaps.BitMap;

    /// @dev Four slots, the last one only once there is a result.
    struct Entry {
        uint256 modelId;
        bytes32 inputCommitment;
        address consumer;
        uint48 requestedAt;
        uint48 expiresAt;
        address record;
        uint48 recordedAt;
        bool consumed;
    }

    uint256 private constant MAX_TTL = 365 days;
    uint256 private constant PROVER_BYTES = 20;

    /// @inheritdoc IInferenceLedger
    address public immutable inferenceVerifier;

    IModelRegistry private immutable _registry;

    mapping(bytes32 requestId => Entry) private _entries;
    mapping(address consumer => BitMaps.BitMap) private _nonces;
    mapping(bytes32 inferenceId => address record) private _inferences;

    /// @notice Pins the verifier for good.
    /// @param inferenceVerifier_ what checks the proofs
    constructor(address inferenceVerifier_) {
        Supports.requireInferenceVerifier(inferenceVerifier_);
        inferenceVerifier = inferenceVerifier_;
        _registry = IModelRegistry(IInferenceVerifier(inferenceVerifier_).registry());
    }

    /// @inheritdoc IInferenceLedger
    function open(
        uint256 modelId,
        bytes32 inputCommitment,
        uint256 nonce,
        uint256 ttl
    ) external returns (bytes32 requestId) {
        if (ttl == 0 || ttl > MAX_TTL) revert BadTimeToLive(ttl);
        if (_nonces[msg.sender].get(nonce)) revert NonceUsed(msg.sender, nonce);
        UsableModel.requireUsable(IInferenceVerifier(inferenceVerifier), _registry, modelId);
        _nonces[msg.sender].set(nonce);
        requestId = requestIdOf(msg.sender, modelId, inputCommitment, nonce);
        Entry storage entry = _entries[requestId];
        entry.modelId = modelId;
        entry.inputCommitment = inputCommitment;
        entry.consumer = msg.sender;
        entry.requestedAt = uint48(block.timestamp);
        entry.expiresAt = uint48(block.timestamp + ttl);
        emit RequestOpened(requestId, msg.sender, modelId, inputCommitment, nonce, block.timestamp + ttl);
    }

    /// @inheritdoc IInferenceLedger
    function record(bytes32 requestId, bytes calldata output, bytes calldata proof) external {
        Entry storage entry = _liveEntry(requestId);
        if (entry.recordedAt != 0) {
            if (keccak256(_outputOf(entry)) != keccak256(output)) revert ResultAlreadyRecorded(requestId);
            return;
        }
        address prover = ProofBlob.proverFor(proof, requestId);
        IInferenceVerifier(inferenceVerifier).verifyInference(entry.modelId, entry.inputCommitment, output, proof);
        entry.record = CodeStore.write(abi.encodePacked(prover, output));
        entry.recordedAt = uint48(block.timestamp);
        emit ResultRecorded(requestId, entry.modelId, prover, output);
    }

    /// @inheritdoc IInferenceLedger
    function consume(bytes32 requestId) external returns (Result memory result) {
        result = resultOf(requestId);
        if (result.consumer != msg.sender) revert NotTheConsumer(requestId, msg.sender);
        Entry storage entry = _entries[requestId];
        if (entry.consumed) revert ResultUsed(requestId);
        entry.consumed = true;
        emit ResultConsumed(requestId, msg.sender);
    }

    /// @inheritdoc IERCZKMLStorageExtension
    function verifyAndStoreInference(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof
    ) external returns (bytes32 inferenceId) {
        IInferenceVerifier(inferenceVerifier).verifyInference(modelId, inputCommitment, output, proof);
        return _store(modelId, inputCommitment, output);
    }

    /// @inheritdoc IInferenceLedger
    function recordPortable(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof
    ) external returns (bytes32 inferenceId) {
        IInferenceVerifier(inferenceVerifier).verifyInferencePortable(modelId, inputCommitment, output, proof);
        return _store(modelId, inputCommitment, output);
    }

    /// @inheritdoc IERCZKMLStorageExtension
    function getInference(
        bytes32 inferenceId
    ) external view returns (uint256 modelId, bytes32 inputCommitment, bytes memory output) {
        address pointer = _inferences[inferenceId];
        if (pointer == address(0)) revert InferenceNotFound(inferenceId);
        bytes memory data = CodeStore.read(pointer);
        assembly ("memory-safe") {
            modelId := mload(add(data, 0x20))
            inputCommitment := mload(add(data, 0x40))
        }
        _requireNotStopped(modelId);
        output = Bytes.slice(data, 64);
    }

    /// @inheritdoc IInferenceLedger
    function requestOf(bytes32 requestId) external view returns (Request memory request) {
        Entry storage entry = _entries[requestId];
        request.modelId = entry.modelId;
        request.inputCommitment = entry.inputCommitment;
        request.consumer = entry.consumer;
        request.requestedAt = entry.requestedAt;
        request.expiresAt = entry.expiresAt;
        request.recordedAt = entry.recordedAt;
        request.consumed = entry.consumed;
    }

    /// @inheritdoc IInferenceLedger
    function isProven(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output
    ) external view returns (bool proven) {
        if (_inferences[_inferenceId(modelId, inputCommitment, output)] == address(0)) return false;
        return !IInferenceVerifier(inferenceVerifier).isStopped(modelId);
    }

    /// @inheritdoc IInferenceLedger
    function isNonceUsed(address consumer, uint256 nonce) external view returns (bool used) {
        return _nonces[consumer].get(nonce);
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return
            interfaceId == type(IERCZKMLStorageExtension).interfaceId ||
            interfaceId == type(IInferenceLedger).interfaceId ||
            super.supportsInterface(interfaceId);
    }

    /// @inheritdoc IInferenceLedger
    function resultOf(bytes32 requestId) public view returns (Result memory result) {
        Entry storage entry = _liveEntry(requestId);
        if (entry.recordedAt == 0) revert ResultMissing(requestId);
        _requireNotStopped(entry.modelId);
        bytes memory data = CodeStore.read(entry.record);
        result.modelId = entry.modelId;
        result.inputCommitment = entry.inputCommitment;
        result.consumer = entry.consumer;
        result.prover = address(bytes20(data));
        result.requestedAt = entry.requestedAt;
        result.expiresAt = entry.expiresAt;
        result.recordedAt = entry.recordedAt;
        result.output = Bytes.slice(data, PROVER_BYTES);
    }

    /// @inheritdoc IInferenceLedger
    function requestIdOf(
        address consumer,
        uint256 modelId,
        bytes32 inputCommitment,
        uint256 nonce
    ) public view returns (bytes32 requestId) {
        return
            keccak256(
                abi.encode(
                    Domains.LEDGER_REQUEST,
                    block.chainid,
                    address(this),
                    consumer,
                    modelId,
                    inputCommitment,
                    nonce
                )
            );
    }

    /// @dev A request that exists and has not expired.
    function _liveEntry(bytes32 requestId) private view returns (Entry storage entry) {
        entry = _entries[requestId];
        if (entry.consumer == address(0)) revert RequestNotFound(requestId);
        if (block.timestamp > entry.expiresAt) revert RequestExpired(requestId, entry.expiresAt);
    }

    function _outputOf(Entry storage entry) private view returns (bytes memory) {
        return Bytes.slice(CodeStore.read(entry.record), PROVER_BYTES);
    }

    /// @dev Stores a fact that was verified, once.
    function _store(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output
    ) private returns (bytes32 inferenceId) {
        inferenceId = _inferenceId(modelId, inputCommitment, output);
        if (_inferences[inferenceId] != address(0)) return inferenceId;
        _inferences[inferenceId] = CodeStore.write(abi.encodePacked(modelId, inputCommitment, output));
        emit InferenceStored(inferenceId);
    }

    function _requireNotStopped(uint256 modelId) private view {
        if (IInferenceVerifier(inferenceVerifier).isStopped(modelId)) revert IInferenceVerifier.ModelStopped(modelId);
    }

    /// @dev ERC-7992's id.
    function _inferenceId(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output
    ) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(modelId, inputCommitment, output));
    }
}
