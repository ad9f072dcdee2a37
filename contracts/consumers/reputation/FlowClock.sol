// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Mean ticks of closed periods
/// @notice A price over time, in periods of five minutes. A period's mean weighs each tick by how long it stood, so a tick
/// that begins and ends within one block weighs nothing, whatever moved it: flash loans have no say.
/// @dev Kept are the periods in which the tick was touched, the one before and the one after each: trades touch it, and are
/// judged by the period after theirs. Times are those of blocks.
library FlowClock {
    /// @notice A tick and its past.
    /// @param tick the tick
    /// @param touchedAt since when
    /// @param sum integral of ticks over the current period, up to then
    /// @param closed means of closed periods
    struct Clock {
        int24 tick;
        uint40 touchedAt;
        int64 sum;
        mapping(uint256 period => Mean) closed;
    }

    /// @notice Mean of a period.
    /// @param tick it
    /// @param known whether it is kept
    struct Mean {
        int24 tick;
        bool known;
    }

    /// @dev Seconds of a period.
    uint256 internal constant PERIOD = 5 minutes;

    /// @notice The period is not over, or its mean was not kept.
    error UnknownPeriod(uint256 period);

    /// @dev Begins now, as if the tick had stood since the period began.
    function start(Clock storage self, int24 tick) internal {
        int64 sum = int64(tick * int256(block.timestamp % PERIOD));
        (self.tick, self.touchedAt, self.sum) = (tick, uint40(block.timestamp), sum);
    }

    /// @dev The tick moves now. Up to now it stood where it was.
    function move(Clock storage self, int24 tick) internal {
        (int256 stood, uint256 touchedAt, int256 sum) = (self.tick, self.touchedAt, self.sum);
        uint256 touched = touchedAt / PERIOD;
        uint256 period = current();
        if (touched == period) {
            sum += stood * int256(block.timestamp - touchedAt);
        } else {
            self.closed[touched] = Mean({tick: _mean(stood, touchedAt, sum), known: true});
            // Since then it stood still.
            if (touched + 1 < period) self.closed[touched + 1] = Mean({tick: int24(stood), known: true});
            if (touched + 2 < period) self.closed[period - 1] = Mean({tick: int24(stood), known: true});
            sum = stood * int256(block.timestamp % PERIOD);
        }
        (self.tick, self.touchedAt, self.sum) = (tick, uint40(block.timestamp), int64(sum));
    }

    /// @dev Mean of a period that is over, and is kept or after the last touch.
    function closedTick(Clock storage self, uint256 period) internal view returns (int24) {
        (int24 tick, uint256 touchedAt) = (self.tick, self.touchedAt);
        uint256 touched = touchedAt / PERIOD;
        if (period >= current() || touchedAt == 0) revert UnknownPeriod(period);
        if (period > touched) return tick;
        if (period == touched) return _mean(tick, touchedAt, self.sum);
        Mean memory mean = self.closed[period];
        if (!mean.known) revert UnknownPeriod(period);
        return mean.tick;
    }

    /// @dev Where the price was in the last period that is over, or is now if it began in this one.
    function recentTick(Clock storage self) internal view returns (int24) {
        uint256 before = current() - 1;
        if (self.touchedAt / PERIOD <= before) return closedTick(self, before);
        Mean memory mean = self.closed[before];
        return mean.known ? mean.tick : self.tick;
    }

    /// @dev The period that is not over.
    function current() internal view returns (uint256) {
        return block.timestamp / PERIOD;
    }

    /// @dev a / b, rounded down.
    function floorDiv(int256 a, int256 b) internal pure returns (int256) {
        return a / b - (a % b < 0 ? int256(1) : int256(0));
    }

    /// @dev Mean of a period through which a tick stood from `touchedAt` on.
    function _mean(int256 tick, uint256 touchedAt, int256 sum) private pure returns (int24) {
        uint256 left = PERIOD - (touchedAt % PERIOD);
        return int24(floorDiv(sum + tick * int256(left), int256(PERIOD)));
    }
}
