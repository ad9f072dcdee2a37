// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {HourDigits} from "./HourDigits.sol";
import {PriceLog} from "./PriceLog.sol";

/// @title What a pool saw in its last eight closed hours
/// @notice For each hour the move of the price, in ticks, and the volume, in basis points of the reserve: the input of
/// the model `fee-mlp`. The eight hours are one word, two digits of 11 bits each, the newest lowest.
/// @dev An hour is closed by the first call after it, with the reserves as they stood before that call did anything: what
/// happens in the current hour, the current transaction above all, does not count yet. Volume counts trades there and back,
/// those of one transaction too.
library TradeHistory {
    /// @notice The hours.
    /// @param closed closed hours, as digits
    /// @param volume volume of the current hour, in 10^-8 of the reserve
    /// @param hour the current hour, counted from 1970
    /// @param opened hour in which this began
    /// @param price logarithm of the price when the last hour was closed
    struct History {
        uint176 closed;
        uint80 volume;
        uint48 hour;
        uint48 opened;
        int64 price;
    }

    /// @dev Numbers of an hour: move and volume.
    uint256 internal constant PER_HOUR = 2;

    uint256 private constant HOURS = HourDigits.HOURS;
    uint256 private constant BITS = HourDigits.BITS;
    uint256 private constant VOLUME_UNIT = 1e8;
    uint256 private constant VOLUME_PER_BP = 1e4;
    /// @dev Keeps a sum of trades from overflowing; far above what a digit can say.
    uint256 private constant MAX_TRADE = 1 << 40;
    /// @dev Eight hours of move 0 and volume 0: sixteen digits of 1,024.
    uint176 private constant QUIET = uint176(((1 << 176) - 1) / ((1 << BITS) - 1)) * 1024;

    /// @dev The history of a pool that opens now.
    function open(uint256 reserve0, uint256 reserve1) internal view returns (History memory) {
        uint48 hour = uint48(block.timestamp / 1 hours);
        int64 price = int64(PriceLog.log2(reserve1, reserve0));
        return History({closed: QUIET, volume: 0, hour: hour, opened: hour, price: price});
    }

    /// @dev The history with all past hours closed, given the reserves since the last trade.
    function close(History memory self, uint256 reserve0, uint256 reserve1) internal view returns (History memory) {
        uint256 hour = block.timestamp / 1 hours;
        uint256 elapsed = hour - self.hour;
        if (elapsed == 0) return self;
        int256 price = PriceLog.log2(reserve1, reserve0);
        uint256 volume = (self.volume + VOLUME_PER_BP / 2) / VOLUME_PER_BP;
        uint176 closed = _push(self.closed, PriceLog.ticks(price - self.price), volume);
        // Hours that nobody traded in.
        for (uint256 i = 1; i < elapsed && i <= HOURS; ++i) {
            closed = _push(closed, 0, 0);
        }
        (self.closed, self.volume, self.hour, self.price) = (closed, 0, uint48(hour), int64(price));
        return self;
    }

    /// @dev Counts a trade of the current hour.
    function count(History memory self, uint256 amountIn, uint256 reserveIn) internal pure {
        self.volume += uint80(Math.min((amountIn * VOLUME_UNIT) / reserveIn, MAX_TRADE));
    }

    /// @dev Move and volume of each closed hour, the newest first.
    function values(History memory self) internal pure returns (int256[] memory list) {
        list = new int256[](PER_HOUR * HOURS);
        HourDigits.read(self.closed, list.length, list, 0);
    }

    function _push(uint176 closed, int256 move, uint256 volume) private pure returns (uint176) {
        uint256 digits = HourDigits.digit(move) | (HourDigits.digit(volume) << BITS);
        return (closed << uint176(PER_HOUR * BITS)) | uint176(digits);
    }
}
