// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IActivityLedger} from "./IActivityLedger.sol";

/// @title Activity ledger
/// @notice See {IActivityLedger}. Two slots an account.
abstract contract ActivityLedger is IActivityLedger {
    /// @dev How many features there are, and the highest value of each.
    uint256 internal constant FEATURES = 8;
    uint256 internal constant HIGHEST = 1023;

    /// @inheritdoc IActivityLedger
    mapping(address reporter => bool) public isReporter;

    mapping(address account => Activity) private _activities;

    /// @notice Fixes the reporters for good.
    /// @param reporters contracts that report what they see
    constructor(address[] memory reporters) {
        if (reporters.length == 0) revert BadReporters();
        for (uint256 i = 0; i < reporters.length; ++i) {
            if (reporters[i] == address(0)) revert BadReporters();
            isReporter[reporters[i]] = true;
        }
    }

    /// @inheritdoc IActivityLedger
    function reportInteraction(address account, uint128 volume) external {
        Activity storage activity = _touch(account);
        uint32 today = _today();
        if (activity.interactions == 0 || activity.lastDay != today) ++activity.activeDays;
        activity.lastDay = today;
        ++activity.interactions;
        // A sum that saturates, so that no volume reported once can make later reports fail.
        activity.volume = uint128(Math.min(uint256(activity.volume) + volume, type(uint128).max));
        emit InteractionReported(account, msg.sender, volume);
    }

    /// @inheritdoc IActivityLedger
    function reportDebt(address account, Debt debt) external {
        Activity storage activity = _touch(account);
        if (debt == Debt.ON_TIME) ++activity.onTime;
        else if (debt == Debt.LATE) ++activity.late;
        else ++activity.defaulted;
        emit DebtReported(account, msg.sender, debt);
    }

    /// @inheritdoc IActivityLedger
    function activityOf(address account) public view returns (Activity memory activity) {
        return _activities[account];
    }

    /// @dev The input of the model `reputation-score`, as its card has it.
    function _featuresOf(Activity memory activity) internal view returns (int256[] memory features) {
        uint256 today = _today();
        uint256 age = today - activity.firstDay;
        uint256 idle = activity.interactions == 0 ? age : today - activity.lastDay;
        features = new int256[](FEATURES);
        features[0] = _bounded(age);
        features[1] = _bounded(activity.activeDays);
        features[2] = _bounded(activity.interactions);
        features[3] = _bounded(Math.log2(1 + uint256(activity.volume)));
        features[4] = _bounded(activity.onTime);
        features[5] = _bounded(activity.late);
        features[6] = _bounded(activity.defaulted);
        features[7] = _bounded(idle);
    }

    /// @dev The record of an account, now written to in this block.
    function _touch(address account) private returns (Activity storage activity) {
        if (!isReporter[msg.sender]) revert NotAReporter(msg.sender);
        activity = _activities[account];
        if (activity.firstDay == 0) activity.firstDay = _today();
        activity.writtenIn = uint32(block.number);
    }

    function _today() private view returns (uint32) {
        return uint32(block.timestamp / 1 days);
    }

    function _bounded(uint256 value) private pure returns (int256) {
        return int256(Math.min(value, HIGHEST));
    }
}
