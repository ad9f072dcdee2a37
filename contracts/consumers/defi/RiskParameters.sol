// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Risk parameters of a collateral, and how they may move
/// @notice All that is stored is a target of the liquidation threshold, and how the threshold falls to it. The maximum loan-to-value is a
/// buffer below the target. Everything is in basis points of the collateral's value.
library RiskParameters {
    /// @notice What is fixed at deployment.
    /// @param minThreshold least threshold that an inference can set
    /// @param maxThreshold highest threshold that an inference can set
    /// @param fallbackThreshold the threshold without a fresh inference, if it is lower than the last one
    /// @param buffer how far the maximum loan-to-value is below the threshold, not 0
    /// @param reserve what is kept of the model's number for a liquidator's bonus and for slippage
    /// @param maxRise most that one inference raises the threshold by
    /// @param maxFall most that one inference lowers the threshold by
    /// @param fallPerDay most that the threshold falls by in a day
    /// @param ttl seconds that parameters hold, from the end of the last day they are made of
    /// @param maxPriceAge oldest price that is used, seconds
    struct Limits {
        uint16 minThreshold;
        uint16 maxThreshold;
        uint16 fallbackThreshold;
        uint16 buffer;
        uint16 reserve;
        uint16 maxRise;
        uint16 maxFall;
        uint16 fallPerDay;
        uint32 ttl;
        uint32 maxPriceAge;
    }

    /// @notice What moves.
    /// @param target where the threshold goes
    /// @param from where it was at `since`, not below the target
    /// @param since when it began to fall
    /// @param expiresAt last second of the inference, not before `since`
    struct Parameters {
        uint16 target;
        uint16 from;
        uint40 since;
        uint40 expiresAt;
    }

    /// @dev All of something.
    uint256 internal constant BPS = 10_000;

    /// @dev Whether limits make sense.
    function areSound(Limits memory limits) internal pure returns (bool) {
        // Without a buffer a maximal loan is liquidatable as soon as it bears interest.
        bool ordered =
            limits.buffer != 0 &&
                limits.buffer < limits.minThreshold &&
                limits.minThreshold <= limits.fallbackThreshold &&
                limits.fallbackThreshold <= limits.maxThreshold &&
                limits.maxThreshold < BPS;
        bool moving = limits.maxRise != 0 && limits.maxFall != 0 && limits.fallPerDay != 0;
        return ordered && moving && limits.ttl >= 1 days && limits.maxPriceAge != 0;
    }

    /// @dev Parameters before any inference.
    function initial(Limits memory limits) internal pure returns (Parameters memory) {
        uint16 threshold = limits.fallbackThreshold;
        return Parameters({target: threshold, from: threshold, since: 0, expiresAt: 0});
    }

    /// @dev Parameters after an inference said `proposed`. Rises hold at once, falls come by and by.
    function next(
        Parameters memory self,
        Limits memory limits,
        uint256 proposed,
        uint256 expiresAt
    ) internal view returns (Parameters memory) {
        uint256 old = targetNow(self, limits);
        uint256 target = Math.saturatingSub(proposed, limits.reserve);
        target = _within(target, limits.minThreshold, limits.maxThreshold);
        target = _within(target, Math.saturatingSub(old, limits.maxFall), old + limits.maxRise);
        return
            Parameters({
                target: uint16(target),
                from: uint16(Math.max(target, thresholdNow(self, limits))),
                since: uint40(block.timestamp),
                expiresAt: uint40(expiresAt)
            });
    }

    /// @dev Where the threshold goes as things stand.
    function targetNow(Parameters memory self, Limits memory limits) internal view returns (uint256) {
        return block.timestamp > self.expiresAt ? Math.min(self.target, limits.fallbackThreshold) : self.target;
    }

    /// @dev The threshold. Once the inference has expired it falls on, from where it then was.
    function thresholdNow(Parameters memory self, Limits memory limits) internal view returns (uint256 threshold) {
        uint256 expiresAt = self.expiresAt;
        uint256 end = Math.min(block.timestamp, expiresAt);
        threshold = _fall(self.from, self.target, limits.fallPerDay, end - self.since);
        if (block.timestamp > expiresAt) {
            uint256 lower = Math.min(self.target, limits.fallbackThreshold);
            threshold = _fall(threshold, lower, limits.fallPerDay, block.timestamp - expiresAt);
        }
    }

    function _fall(uint256 from, uint256 to, uint256 perDay, uint256 elapsed) private pure returns (uint256) {
        return Math.max(to, Math.saturatingSub(from, (perDay * elapsed) / 1 days));
    }

    function _within(uint256 value, uint256 least, uint256 most) private pure returns (uint256) {
        return Math.max(least, Math.min(most, value));
    }
}
