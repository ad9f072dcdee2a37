// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IActivityLedger} from "./IActivityLedger.sol";

/// @title Reputation gate
/// @notice Admits an account on a fresh verified score. `requestScore` fixes the account's counters as the model's input;
/// then anyone proves what the model says of them and hands it in with `submitScore`.
///
/// The gate computes the input from its own counters and derives the request id from the account and a nonce, so a proof
/// says one thing only: the score of this account at this snapshot. Its maker chooses nothing but whom to name as prover,
/// and that name is not used; so it does not matter who proves or sends. What does matter is who asks: only the account
/// itself, so nobody else can have it judged, or use up its period. Once asked, the answer can be kept back by nobody.
///
/// Counters have to be closed: an account that was reported on in the current block asks in a later one. So nothing can be
/// done, counted and undone within the transaction that asks. Volume is worth what reporters make it cost.
///
/// A score holds for `scoreTtl` seconds from its snapshot, whenever it was proven, and ends at once when a default is
/// reported after the snapshot. A newer score replaces an older one, also when it is lower. If the model's verification is
/// stopped, nobody is admitted: what was proven is then worth nothing. If the model is deprecated, no score is accepted any
/// more, and admissions run out.
interface IReputationGate is IActivityLedger {
    /// @notice An account asked for its score.
    /// @param account the account
    /// @param requestId what the proof has to be made for, with the gate as the caller
    /// @param features the model's input
    /// @param expiresAt last second of the score
    event ScoreRequested(address indexed account, bytes32 indexed requestId, int256[] features, uint256 expiresAt);

    /// @notice A score was proven.
    /// @param account the account
    /// @param requestId the request that it answers
    /// @param score the score
    /// @param expiresAt last second of it
    event ScoreProven(address indexed account, bytes32 indexed requestId, uint256 score, uint256 expiresAt);

    /// @notice The times are 0, or scores expire before they can be renewed.
    error BadTimes(uint256 requestPeriod, uint256 scoreTtl);

    /// @notice The model does not take eight digits of 10 bits and give one number.
    error NotAScoreModel(uint256 modelId);

    /// @notice Nothing was ever reported of the account.
    error UnknownAccount(address account);

    /// @notice The account was reported on in this block.
    error ActedInThisBlock(address account);

    /// @notice The account asked not long ago.
    error RequestTooEarly(address account, uint256 earliest);

    /// @notice The account waits for no score: it never asked, or has its answer.
    error NoOpenRequest(address account);

    /// @notice The snapshot is too old to be worth a score.
    error RequestExpired(bytes32 requestId, uint256 expiredAt);

    /// @notice The proof was made for another request.
    error WrongRequest(bytes32 expected, bytes32 actual);

    /// @notice Asks for the sender's score: fixes its counters as they are.
    /// @return requestId what the proof has to be made for, with the gate as the caller
    function requestScore() external returns (bytes32 requestId);

    /// @notice Hands in the score an account asked for. Anyone may.
    /// @param account the account
    /// @param output the model's output
    /// @param proof the proof blob, bound to the gate and the request, with any prover
    function submitScore(address account, bytes calldata output, bytes calldata proof) external;

    /// @notice Whether an account is admitted now.
    /// @param account the account
    /// @return admitted whether it has a fresh score of the threshold or more, and no default since
    function isAdmitted(address account) external view returns (bool admitted);

    /// @notice The newest proven score of an account, fresh or not.
    /// @param account the account
    /// @return score the score, 0 if there is none
    /// @return takenAt when its counters were fixed, 0 if there is none
    function scoreOf(address account) external view returns (uint256 score, uint256 takenAt);

    /// @notice The open request of an account, expired or not.
    /// @param account the account
    /// @return requestId its id, 0 if there is none
    /// @return inputWord the model's input, packed
    /// @return expiresAt last second of it and of its score
    function requestOf(address account) external view returns (bytes32 requestId, uint256 inputWord, uint256 expiresAt);

    /// @notice The model's input for an account as things stand.
    /// @param account the account, which has to be known
    /// @return features eight numbers
    function featuresOf(address account) external view returns (int256[] memory features);
}
