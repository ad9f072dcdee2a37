// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {InferenceConsumer} from "../../inference/InferenceConsumer.sol";
import {SnapshotConsumer} from "../../inference/SnapshotConsumer.sol";
import {IInferenceCoordinator} from "../../interfaces/IInferenceCoordinator.sol";
import {Tensors} from "../../libraries/Tensors.sol";
import {HourDigits} from "./HourDigits.sol";
import {IModelFee} from "./IModelFee.sol";

/// @title Base of contracts whose fee a model proposes
/// @notice See {IModelFee}.
/// @dev A contract adds the history that it asks about, by `_closeHours`.
abstract contract ModelFee is IModelFee, SnapshotConsumer, ReentrancyGuard {
    /// @notice What is fixed at deployment; fees in millionths.
    /// @param minFee least fee that an inference can set
    /// @param maxFee highest fee that an inference can set
    /// @param fallbackFee the fee while there is no fresh inference
    /// @param feeTtl seconds that a fee holds, from its snapshot
    /// @param updatePeriod least seconds from one answered snapshot to the next, an hour at least
    struct Config {
        uint24 minFee;
        uint24 maxFee;
        uint24 fallbackFee;
        uint32 feeTtl;
        uint32 updatePeriod;
    }

    /// @notice No fee is higher: a tenth.
    uint256 public constant FEE_LIMIT = 100_000;

    /// @notice Least gas of the callback that sets the fee; it takes two thirds of that.
    uint256 public constant MIN_CALLBACK_GAS = 100_000;

    /// @notice Least fee that an inference can set.
    uint256 public immutable minFee;

    /// @notice Highest fee that an inference can set.
    uint256 public immutable maxFee;

    /// @notice The fee while there is no fresh inference.
    uint256 public immutable fallbackFee;

    /// @notice Seconds that a fee holds, from its snapshot.
    uint256 public immutable feeTtl;

    uint24 private _fee;
    uint64 private _expiresAt;

    /// @dev What is offered for an inference. Nothing writes it after the constructor.
    Terms private _terms;

    /// @notice Fixes everything for good.
    /// @param coordinator_ where inferences are asked for
    /// @param modelId_ a model with one output, the fee in millionths
    /// @param digitsPerHour how many numbers the model takes of each hour
    /// @param config bounds and times
    /// @param terms_ what is offered for an inference, in the native coin, and the bond, which is not 0. If no prover finds that worth its while, the
    /// fallback fee holds for ever
    constructor(
        IInferenceCoordinator coordinator_,
        uint256 modelId_,
        uint256 digitsPerHour,
        Config memory config,
        Terms memory terms_
    ) InferenceConsumer(coordinator_, modelId_) SnapshotConsumer(config.updatePeriod) {
        bool ordered = config.minFee <= config.fallbackFee && config.fallbackFee <= config.maxFee;
        bool timely = config.updatePeriod >= 1 hours && config.feeTtl >= config.updatePeriod;
        // A result that comes in its last second still has to hold for one.
        bool fitting = terms_.token == address(0) && terms_.lifetime < config.feeTtl;
        if (!ordered || config.maxFee > FEE_LIMIT || !timely || !fitting) revert BadConfig();
        // Without a bond anyone may lock each request and never answer, for nothing.
        if (terms_.callbackGas < MIN_CALLBACK_GAS || terms_.bond == 0) revert BadConfig();
        Tensors.Format memory input = _inputFormat();
        if (
            input.lo != HourDigits.LO ||
            input.bits != HourDigits.BITS ||
            input.count != digitsPerHour * HourDigits.HOURS ||
            _outputFormat().count != 1
        ) revert NotAFeeModel(modelId_);
        (minFee, maxFee, fallbackFee, feeTtl) = (config.minFee, config.maxFee, config.fallbackFee, config.feeTtl);
        // Written here so that the first callback costs no more than later ones.
        _fee = config.fallbackFee;
        _terms = terms_;
    }

    /// @inheritdoc IModelFee
    function updateFee() external payable nonReentrant returns (bytes32 requestId) {
        if (msg.value != 0) coordinator.deposit{value: msg.value}(address(0), msg.value);
        uint256 missing = updateCost();
        if (missing != 0) revert RequestUnderpaid(missing);
        return _requestFromState(_closeHours(), _terms);
    }

    /// @notice What is offered for an inference.
    /// @return terms_ the terms
    function terms() external view returns (Terms memory terms_) {
        return _terms;
    }

    /// @inheritdoc IModelFee
    function updateCost() public view returns (uint256 missing) {
        return Math.saturatingSub(_terms.maxPrice, coordinator.balanceOf(address(0), address(this)));
    }

    /// @inheritdoc IModelFee
    function currentFee() public view returns (uint256 fee) {
        return block.timestamp > _expiresAt ? fallbackFee : _fee;
    }

    /// @dev Closes the hours that are past, and gives the digits of the last eight, the newest hour first. Reverts with
    /// HistoryTooShort while there are fewer.
    function _closeHours() internal virtual returns (int256[] memory values);

    /// @dev Bounds what was proven. How long it holds follows from the snapshot, not from when this is called.
    function _fulfillSnapshot(Snapshot memory snapshot, bytes calldata output) internal override {
        int256 proposed = SignedMath.max(0, _decodeOutput(output)[0]);
        uint256 fee = Math.max(minFee, Math.min(maxFee, uint256(proposed)));
        uint256 expiresAt = snapshot.takenAt + feeTtl;
        (_fee, _expiresAt) = (uint24(fee), uint64(expiresAt));
        emit FeeUpdated(snapshot.requestId, uint256(proposed), fee, expiresAt);
    }

    /// @dev Reverts unless eight hours are closed besides the one in which a history began; `opened` 0: it has not begun.
    function _requireHours(uint256 opened) internal view {
        uint256 readyAt = opened == 0 ? type(uint256).max : (opened + HourDigits.HOURS + 1) * 1 hours;
        if (block.timestamp < readyAt) revert HistoryTooShort(readyAt);
    }
}
