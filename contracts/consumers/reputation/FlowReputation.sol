// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {PinnedModel} from "../../inference/PinnedModel.sol";
import {IInferenceVerifier} from "../../interfaces/IInferenceVerifier.sol";
import {Tensors} from "../../libraries/Tensors.sol";
import {FlowLedger} from "./FlowLedger.sol";
import {IFlowReputation} from "./IFlowReputation.sol";

/// @title Flow reputation
/// @notice See {IFlowReputation}. No owner.
contract FlowReputation is IFlowReputation, FlowLedger, PinnedModel {
    /// @dev A trader's newest snapshot.
    struct Snapshot {
        uint240 inputWord;
        bool open;
        uint48 takenAt;
        uint64 nonce;
        uint72 volumeEnd;
        uint56 earned;
    }

    /// @dev A trader's newest proven score.
    struct Score {
        uint56 value;
        uint24 fee;
        uint48 expiresAt;
        uint72 volumeEnd;
        uint56 earned;
    }

    bytes32 private constant DOMAIN_REQUEST = keccak256("zkml.flow.request.v1");
    uint256 private constant MAX_FEES = 8;
    uint256 private constant MAX_FEE = 100_000;
    /// @dev What it may cost to ask whether the verifier is stopped; it takes a third of it.
    uint256 private constant STOP_GAS = 100_000;

    /// @notice What a fee has to cover above the score.
    uint256 public immutable margin;

    /// @notice Least seconds from one request for a trader to the next.
    uint256 public immutable requestPeriod;

    /// @notice How many seconds a score holds, from its snapshot.
    uint256 public immutable scoreTtl;

    /// @inheritdoc IFlowReputation
    uint24 public immutable highestFee;

    uint24[] private _fees;
    mapping(address trader => Snapshot) private _snapshots;
    mapping(address trader => Score) private _scores;

    /// @notice Fixes everything for good.
    /// @param inferenceVerifier_ checks the proofs
    /// @param modelId_ a model with the encoding of `flow-toxicity`
    /// @param reporters contracts that report trades
    /// @param config bounds and times
    constructor(
        IInferenceVerifier inferenceVerifier_,
        uint256 modelId_,
        address[] memory reporters,
        Config memory config
    ) PinnedModel(inferenceVerifier_, modelId_) FlowLedger(reporters, config.leastVolume) {
        uint256 count = config.fees.length;
        bool fits = count != 0 && count <= MAX_FEES && config.fees[count - 1] <= MAX_FEE;
        if (!fits || config.requestPeriod == 0 || config.scoreTtl < config.requestPeriod) revert BadConfig();
        for (uint256 i = 1; i < count; ++i) {
            if (config.fees[i] <= config.fees[i - 1]) revert BadConfig();
        }
        Tensors.Format memory input = _inputFormat();
        Tensors.Format memory output = _outputFormat();
        fits = input.lo == LO && input.bits == BITS && input.count == 2 * PERIODS;
        if (!fits || output.lo != 0 || output.bits > 56 || output.count != 1) revert NotAFlowModel(modelId_);
        (_fees, highestFee, margin) = (config.fees, config.fees[count - 1], config.margin);
        (requestPeriod, scoreTtl) = (config.requestPeriod, config.scoreTtl);
    }

    /// @inheritdoc IFlowReputation
    function requestScore(address trader) external returns (bytes32 requestId) {
        Snapshot memory last = _snapshots[trader];
        uint256 earliest = last.nonce == 0 ? 0 : last.takenAt + requestPeriod;
        if (block.timestamp < earliest) revert RequestTooEarly(trader, earliest);
        _settleAll(trader);
        if (hasOpenFlow(trader)) revert FlowStillOpen(trader);
        (uint256 digits, uint256 count, uint256 netMoved) = _historyOf(trader);
        if (count < PERIODS) revert HistoryTooShort(trader, count);
        _snapshots[trader] = Snapshot({
            inputWord: uint240(digits),
            open: true,
            takenAt: uint48(block.timestamp),
            nonce: last.nonce + 1,
            volumeEnd: uint72(tradedBy(trader) + _grantOf(trader, netMoved)),
            earned: uint56(earnedBy(trader))
        });
        requestId = _requestId(trader, last.nonce + 1);
        emit ScoreRequested(trader, requestId, digits, block.timestamp + scoreTtl);
    }

    /// @inheritdoc IFlowReputation
    function submitScore(address trader, bytes calldata output, bytes calldata proof) external {
        Snapshot memory snapshot = _snapshots[trader];
        if (!snapshot.open) revert NoOpenRequest(trader);
        bytes32 requestId = _requestId(trader, snapshot.nonce);
        uint256 expiresAt = snapshot.takenAt + scoreTtl;
        if (block.timestamp > expiresAt) revert RequestExpired(requestId, expiresAt);
        _snapshots[trader].open = false;
        uint256[] memory words = new uint256[](1);
        words[0] = snapshot.inputWord;
        Inference memory inference = _verify(_inputCommitmentOf(words), output, proof);
        if (inference.requestId != requestId) revert WrongRequest(requestId, inference.requestId);
        // From 0 to below 2^56, as the constructor made sure.
        uint256 value = uint256(_decodeOutput(output)[0]);
        uint24 fee = _covering(value + margin);
        _scores[trader] = Score({
            value: uint56(value),
            fee: fee,
            expiresAt: uint48(expiresAt),
            volumeEnd: snapshot.volumeEnd,
            earned: snapshot.earned
        });
        emit ScoreProven(trader, requestId, value, fee, expiresAt);
    }

    /// @inheritdoc IFlowReputation
    function feeFor(address trader, uint256 volume) external view returns (uint24 fee) {
        Score memory score = _scores[trader];
        if (block.timestamp > score.expiresAt || score.fee == highestFee) return highestFee;
        // The volume may be any number, so nothing is added to it.
        if (volume > Math.saturatingSub(score.volumeEnd, tradedBy(trader))) return highestFee;
        // A stop contract that reverts or burns its gas must not hold up swaps. With too little gas the fee is the highest, too.
        try inferenceVerifier.isStopped{gas: STOP_GAS}(modelId) returns (bool stopped) {
            return stopped ? highestFee : score.fee;
        } catch {
            return highestFee;
        }
    }

    /// @inheritdoc IFlowReputation
    function scoreOf(
        address trader
    ) external view returns (uint256 score, uint24 fee, uint256 expiresAt, uint256 volumeLeft) {
        Score memory newest = _scores[trader];
        volumeLeft = Math.saturatingSub(newest.volumeEnd, tradedBy(trader));
        return (newest.value, newest.fee, newest.expiresAt, volumeLeft);
    }

    /// @inheritdoc IFlowReputation
    function requestOf(address trader) external view returns (bytes32 requestId, uint256 inputWord, uint256 expiresAt) {
        Snapshot memory snapshot = _snapshots[trader];
        if (!snapshot.open) return (0, 0, 0);
        return (_requestId(trader, snapshot.nonce), snapshot.inputWord, snapshot.takenAt + scoreTtl);
    }

    /// @dev What a history is worth: what is left of the newest proven score, and what was earned since its snapshot. So each unit
    /// is granted once. What counts is the proven score, not the newest snapshot: one that was never proven granted nothing,
    /// so nothing is lost or won by asking and not proving. Without a score, it is the whole history.
    function _grantOf(address trader, uint256 netMoved) private view returns (uint256) {
        Score memory proven = _scores[trader];
        uint256 left = Math.saturatingSub(proven.volumeEnd, tradedBy(trader));
        return Math.min(netMoved, left + earnedBy(trader) - proven.earned);
    }

    /// @dev The lowest fee that covers an amount; the highest if none does.
    function _covering(uint256 amount) private view returns (uint24) {
        for (uint256 i = 0; i < _fees.length; ++i) {
            if (_fees[i] >= amount) return _fees[i];
        }
        return highestFee;
    }

    /// @dev Chain and contract are in the proof's context.
    function _requestId(address trader, uint256 nonce) private pure returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_REQUEST, trader, nonce));
    }
}
