// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {PinnedModel} from "../../inference/PinnedModel.sol";
import {IInferenceVerifier} from "../../interfaces/IInferenceVerifier.sol";
import {Tensors} from "../../libraries/Tensors.sol";
import {ActivityLedger} from "./ActivityLedger.sol";
import {IReputationGate} from "./IReputationGate.sol";

/// @title Reputation gate
/// @notice See {IReputationGate}. No owner.
contract ReputationGate is IReputationGate, ActivityLedger, PinnedModel {
    /// @dev An account's newest snapshot.
    struct Snapshot {
        uint80 inputWord;
        uint48 takenAt;
        uint32 defaulted;
        uint64 nonce;
        bool open;
    }

    /// @dev An account's newest proven score.
    struct Score {
        uint64 value;
        uint48 takenAt;
        uint32 defaulted;
    }

    bytes32 private constant DOMAIN_REQUEST = keccak256("zkml.reputation.request.v1");
    uint256 private constant FEATURE_BITS = 10;

    /// @notice Least score that admits.
    uint256 public immutable threshold;

    /// @notice Least seconds from one request of an account to its next.
    uint256 public immutable requestPeriod;

    /// @notice How many seconds a score holds, from its snapshot.
    uint256 public immutable scoreTtl;

    mapping(address account => Snapshot) private _snapshots;
    mapping(address account => Score) private _scores;

    /// @notice Fixes everything for good.
    /// @param inferenceVerifier_ checks the proofs
    /// @param modelId_ a model with the encoding of `reputation-score`
    /// @param reporters contracts that report what they see
    /// @param threshold_ least score that admits
    /// @param requestPeriod_ least seconds from one request of an account to its next
    /// @param scoreTtl_ how many seconds a score holds, from its snapshot
    constructor(
        IInferenceVerifier inferenceVerifier_,
        uint256 modelId_,
        address[] memory reporters,
        uint256 threshold_,
        uint256 requestPeriod_,
        uint256 scoreTtl_
    ) PinnedModel(inferenceVerifier_, modelId_) ActivityLedger(reporters) {
        if (requestPeriod_ == 0 || scoreTtl_ < requestPeriod_) revert BadTimes(requestPeriod_, scoreTtl_);
        Tensors.Format memory input = _inputFormat();
        Tensors.Format memory output = _outputFormat();
        bool fits = input.lo == 0 && input.bits == FEATURE_BITS && input.count == FEATURES;
        if (!fits || output.lo != 0 || output.bits > 64 || output.count != 1) revert NotAScoreModel(modelId_);
        (threshold, requestPeriod, scoreTtl) = (threshold_, requestPeriod_, scoreTtl_);
    }

    /// @inheritdoc IReputationGate
    function requestScore() external returns (bytes32 requestId) {
        Activity memory activity = _knownActivity(msg.sender);
        if (activity.writtenIn == uint32(block.number)) revert ActedInThisBlock(msg.sender);
        Snapshot memory last = _snapshots[msg.sender];
        uint256 earliest = last.nonce == 0 ? 0 : last.takenAt + requestPeriod;
        if (block.timestamp < earliest) revert RequestTooEarly(msg.sender, earliest);
        int256[] memory features = _featuresOf(activity);
        _snapshots[msg.sender] = Snapshot({
            // Eight digits of ten bits.
            inputWord: uint80(_packInput(features)[0]),
            takenAt: uint48(block.timestamp),
            defaulted: activity.defaulted,
            nonce: last.nonce + 1,
            open: true
        });
        requestId = _requestId(msg.sender, last.nonce + 1);
        emit ScoreRequested(msg.sender, requestId, features, block.timestamp + scoreTtl);
    }

    /// @inheritdoc IReputationGate
    function submitScore(address account, bytes calldata output, bytes calldata proof) external {
        Snapshot memory snapshot = _snapshots[account];
        if (!snapshot.open) revert NoOpenRequest(account);
        bytes32 requestId = _requestId(account, snapshot.nonce);
        uint256 expiresAt = snapshot.takenAt + scoreTtl;
        if (block.timestamp > expiresAt) revert RequestExpired(requestId, expiresAt);
        _snapshots[account].open = false;
        uint256[] memory words = new uint256[](1);
        words[0] = snapshot.inputWord;
        Inference memory inference = _verify(_inputCommitmentOf(words), output, proof);
        if (inference.requestId != requestId) revert WrongRequest(requestId, inference.requestId);
        // From 0 to below 2^64, as the constructor made sure.
        uint64 value = uint64(uint256(_decodeOutput(output)[0]));
        _scores[account] = Score({value: value, takenAt: snapshot.takenAt, defaulted: snapshot.defaulted});
        emit ScoreProven(account, requestId, value, expiresAt);
    }

    /// @inheritdoc IReputationGate
    function isAdmitted(address account) external view returns (bool admitted) {
        Score memory score = _scores[account];
        if (score.takenAt == 0 || block.timestamp > score.takenAt + scoreTtl) return false;
        if (score.value < threshold || activityOf(account).defaulted != score.defaulted) return false;
        return !inferenceVerifier.isStopped(modelId);
    }

    /// @inheritdoc IReputationGate
    function scoreOf(address account) external view returns (uint256 score, uint256 takenAt) {
        return (_scores[account].value, _scores[account].takenAt);
    }

    /// @inheritdoc IReputationGate
    function requestOf(
        address account
    ) external view returns (bytes32 requestId, uint256 inputWord, uint256 expiresAt) {
        Snapshot memory snapshot = _snapshots[account];
        if (!snapshot.open) return (0, 0, 0);
        return (_requestId(account, snapshot.nonce), snapshot.inputWord, snapshot.takenAt + scoreTtl);
    }

    /// @inheritdoc IReputationGate
    function featuresOf(address account) external view returns (int256[] memory features) {
        return _featuresOf(_knownActivity(account));
    }

    function _knownActivity(address account) private view returns (Activity memory activity) {
        activity = activityOf(account);
        if (activity.firstDay == 0) revert UnknownAccount(account);
    }

    /// @dev Chain and gate are in the proof's context.
    function _requestId(address account, uint256 nonce) private pure returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_REQUEST, account, nonce));
    }
}
