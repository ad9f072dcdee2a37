// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERCZKMLStorageExtension} from "./IERCZKMLStorageExtension.sol";

/// @title Inference ledger
/// @notice Verified results, stored once and read by many without verifying again. Anyone may record a result; what it is
/// a result of was fixed before, by whoever opened the request.
///
/// Bound results belong to a request: a consumer opens it under a nonce of its own, which it can use once. A proof counts
/// only if it names this ledger, the request, its model and the chain, so nobody can record it elsewhere or for another
/// request.
///
/// Beside them the ledger keeps facts, by ERC-7992's storage extension: this model gives this output for an input with this
/// commitment. Any proof shows a fact, one bound to this ledger (`verifyAndStoreInference`) or to nothing
/// (`recordPortable`); storing is idempotent, and a fact has no age. It never answers a request.
///
/// What reads say: a proof was valid when the result was recorded, and the result is no older than its consumer allowed.
/// Once a model is deprecated, nothing new is opened or recorded for it; what was recorded stays true, and readable until it
/// expires. Once its verifier or key is stopped, old proofs are worth nothing either: reads revert, and facts read as not
/// proven. That is never so with a direct verifier, which nobody can stop.
interface IInferenceLedger is IERCZKMLStorageExtension {
    /// @notice A recorded result of a request.
    /// @param modelId the model
    /// @param inputCommitment commitment to the input
    /// @param consumer who opened the request
    /// @param prover whom the proof's maker named, which authenticates nobody
    /// @param requestedAt when the request was opened, from which its age counts
    /// @param expiresAt last second at which the result can be read
    /// @param recordedAt when it was recorded
    /// @param output output signals, 32 bytes each
    struct Result {
        uint256 modelId;
        bytes32 inputCommitment;
        address consumer;
        address prover;
        uint48 requestedAt;
        uint48 expiresAt;
        uint48 recordedAt;
        bytes output;
    }

    /// @notice A request as it stands.
    /// @param modelId the model
    /// @param inputCommitment commitment to the input
    /// @param consumer who opened it, 0 when there is no such request
    /// @param requestedAt when it was opened
    /// @param expiresAt last second at which a result can be recorded and read
    /// @param recordedAt when the result was recorded, 0 while there is none
    /// @param consumed whether its consumer used it up
    struct Request {
        uint256 modelId;
        bytes32 inputCommitment;
        address consumer;
        uint48 requestedAt;
        uint48 expiresAt;
        uint48 recordedAt;
        bool consumed;
    }

    /// @notice A request was opened.
    /// @param requestId the request
    /// @param consumer who opened it
    /// @param modelId the model
    /// @param inputCommitment commitment to the input
    /// @param nonce the consumer's nonce, now used
    /// @param expiresAt last second of the request and its result
    event RequestOpened(
        bytes32 indexed requestId,
        address indexed consumer,
        uint256 indexed modelId,
        bytes32 inputCommitment,
        uint256 nonce,
        uint256 expiresAt
    );

    /// @notice A result was recorded.
    /// @param requestId the request
    /// @param modelId the model
    /// @param prover whom the proof's maker named
    /// @param output output signals, 32 bytes each
    event ResultRecorded(bytes32 indexed requestId, uint256 indexed modelId, address indexed prover, bytes output);

    /// @notice A consumer used its result up.
    /// @param requestId the request
    /// @param consumer who opened it
    event ResultConsumed(bytes32 indexed requestId, address indexed consumer);

    /// @notice The consumer used this nonce.
    error NonceUsed(address consumer, uint256 nonce);

    /// @notice A request is open for one second to 365 days.
    error BadTimeToLive(uint256 ttl);

    /// @notice No such request.
    error RequestNotFound(bytes32 requestId);

    /// @notice The request and its result have expired.
    error RequestExpired(bytes32 requestId, uint256 expiresAt);

    /// @notice No such fact is stored.
    error InferenceNotFound(bytes32 inferenceId);

    /// @notice The request has another result already. The first one stays.
    error ResultAlreadyRecorded(bytes32 requestId);

    /// @notice The request has no result yet.
    error ResultMissing(bytes32 requestId);

    /// @notice Only who opened the request may use its result up.
    error NotTheConsumer(bytes32 requestId, address caller);

    /// @notice The result is used up.
    error ResultUsed(bytes32 requestId);

    /// @notice Opens a request of the caller's. Its age counts from now.
    /// @param modelId a registered model that is active, not deprecated and not stopped
    /// @param inputCommitment commitment to the input
    /// @param nonce any number the caller has not used; once used, it is used whatever becomes of the request
    /// @param ttl how many seconds the request and its result hold
    /// @return requestId what a proof has to be made for, with this ledger as the caller
    function open(
        uint256 modelId,
        bytes32 inputCommitment,
        uint256 nonce,
        uint256 ttl
    ) external returns (bytes32 requestId);

    /// @notice Records the result of a request. Recording the same result again, with whatever proof, changes nothing and
    /// checks nothing.
    /// @param requestId the request
    /// @param output output signals, 32 bytes each
    /// @param proof the proof blob, bound to this ledger and the request
    function record(bytes32 requestId, bytes calldata output, bytes calldata proof) external;

    /// @notice Uses the result of the caller's request up, once. Others still read it.
    /// @param requestId the request
    /// @return result the result
    function consume(bytes32 requestId) external returns (Result memory result);

    /// @notice `verifyAndStoreInference` for a portable proof. Either verifies its proof always, as the ERC demands, and
    /// stores a fact for good; storing it again changes nothing.
    /// @param modelId the model
    /// @param inputCommitment commitment to the input
    /// @param output output signals, 32 bytes each
    /// @param proof a portable proof blob
    /// @return inferenceId keccak256(abi.encodePacked(modelId, inputCommitment, output))
    function recordPortable(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof
    ) external returns (bytes32 inferenceId);

    /// @notice The result of a request. Reverts when there is none, it has expired, or the model is stopped.
    /// @param requestId the request
    /// @return result the result
    function resultOf(bytes32 requestId) external view returns (Result memory result);

    /// @notice A request as it stands; all zero when there is none.
    /// @param requestId the request
    /// @return request the request
    function requestOf(bytes32 requestId) external view returns (Request memory request);

    /// @notice Whether a fact is stored, and its model not stopped. With private inputs it says that some input gives this
    /// output.
    /// @param modelId the model
    /// @param inputCommitment commitment to the input
    /// @param output output signals, 32 bytes each
    /// @return proven whether it is
    function isProven(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output
    ) external view returns (bool proven);

    /// @notice Whether a consumer used a nonce.
    /// @param consumer the consumer
    /// @param nonce the nonce
    /// @return used whether it did
    function isNonceUsed(address consumer, uint256 nonce) external view returns (bool used);

    /// @notice The id a request has or would have.
    /// @param consumer who opens it
    /// @param modelId the model
    /// @param inputCommitment commitment to the input
    /// @param nonce the consumer's nonce
    /// @return requestId the id
    function requestIdOf(
        address consumer,
        uint256 modelId,
        bytes32 inputCommitment,
        uint256 nonce
    ) external view returns (bytes32 requestId);

    /// @notice What checks the proofs.
    /// @return verifier its address
    function inferenceVerifier() external view returns (address verifier);
}
