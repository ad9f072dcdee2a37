// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {PriceLog} from "./PriceLog.sol";

/// @title The last 64 daily moves of a price
/// @notice Moves are whole basis points of the logarithm between the closing prices of one day and the next that had any. Kept in a
/// ring, sixteen a slot. `features` is the input of the model `risk-engine`.
library PriceHistory {
    /// @notice Closed days.
    /// @param moves the moves; number n is at n modulo 64
    /// @param price closing price of the last day, 0 before the first
    /// @param roundId round of the feed that closed it
    /// @param day the last day, counted from 1970
    /// @param count how many moves there have been
    struct History {
        int16[64] moves;
        uint112 price;
        uint80 roundId;
        uint32 day;
        uint32 count;
    }

    /// @dev How many moves are kept, and how many numbers are made of them.
    uint256 internal constant DAYS = 64;
    uint256 internal constant FEATURES = 12;

    /// @dev Least and highest of those numbers, which have 13 bits.
    int256 internal constant LO = -4096;
    int256 internal constant HIGHEST = 4095;
    uint256 internal constant BITS = 13;

    int256 private constant MOST_MOVE = 8191;

    /// @dev Volatility is in quarters of a basis point, and at least ten of them: a price that stands still says nothing.
    uint256 private constant UNIT = 4;
    uint256 private constant LEAST_SIGMA = 40;

    /// @dev Other features are multiples of the volatility, in 128ths.
    int256 private constant RATIO = int256(UNIT * 128);

    /// @dev RiskMetrics' decay of daily variance, in hundredths, and what keeps decimals of the variance.
    uint256 private constant DECAY = 94;
    uint256 private constant SCALE = 1024;

    /// @dev Adds a closed day.
    function push(History storage self, uint256 price, uint80 roundId, uint256 day) internal {
        uint256 last = self.price;
        if (last != 0) {
            int256 move = PriceLog.ticks(PriceLog.log2(price, last));
            self.moves[self.count % DAYS] = int16(SignedMath.max(-MOST_MOVE, SignedMath.min(MOST_MOVE, move)));
            ++self.count;
        }
        (self.price, self.roundId, self.day) = (uint112(price), roundId, uint32(day));
    }

    /// @dev The moves, the newest first. There have to be 64.
    function newestFirst(History storage self) internal view returns (int256[] memory moves) {
        moves = new int256[](DAYS);
        int16[64] memory ring = self.moves;
        uint256 newest = self.count - 1;
        for (uint256 i = 0; i < DAYS; ++i) {
            unchecked {
                // Never below 0: there are more moves than that.
                moves[i] = ring[(newest - i) % DAYS];
            }
        }
    }

    /// @dev Volatility, and in multiples of it: the last move; root mean squares of 5, 10, 21 and 64 days; the worst move of 5
    /// and 21; the fall from the highest close of 21 and 64; the sum of 5 and 21. Divisions round towards 0.
    function features(int256[] memory moves) internal pure returns (int256[] memory values) {
        int256 sigma = int256(_sigma(moves));
        values = new int256[](FEATURES);
        values[0] = sigma;
        values[1] = _ratio(moves[0] * RATIO, sigma);
        (uint256 squares, int256 sum, int256 worst, int256 highest) = (0, 0, 0, 0);
        for (uint256 i = 0; i < DAYS; ++i) {
            int256 move = moves[i];
            unchecked {
                // A move has 14 bits, so nothing here comes near 256.
                squares += uint256(move * move);
                sum += move;
                if (worst < -move) worst = -move;
                if (highest < -sum) highest = -sum;
            }
            uint256 length = i + 1;
            if (length == 5) {
                values[2] = _ratio(_root(squares, length), sigma);
                values[6] = _ratio(worst * RATIO, sigma);
                values[10] = _ratio(sum * RATIO, sigma);
            } else if (length == 10) {
                values[3] = _ratio(_root(squares, length), sigma);
            } else if (length == 21) {
                values[4] = _ratio(_root(squares, length), sigma);
                values[7] = _ratio(worst * RATIO, sigma);
                values[8] = _ratio(highest * RATIO, sigma);
                values[11] = _ratio(sum * RATIO, sigma);
            }
        }
        values[5] = _ratio(_root(squares, DAYS), sigma);
        values[9] = _ratio(highest * RATIO, sigma);
    }

    /// @dev Exponentially weighted volatility, from the oldest move to the newest.
    function _sigma(int256[] memory moves) private pure returns (uint256) {
        uint256 variance = 0;
        for (uint256 i = DAYS; i > 0; --i) {
            unchecked {
                // A weighted mean of squares of 28 bits, times 2^14.
                uint256 square = uint256(moves[i - 1] * moves[i - 1]) * (UNIT * UNIT * SCALE);
                variance = (DECAY * variance + (100 - DECAY) * square) / 100;
            }
        }
        return Math.max(LEAST_SIGMA, Math.min(Math.sqrt(variance / SCALE), uint256(HIGHEST)));
    }

    /// @dev Root of a mean square, to a 64th of a basis point, times RATIO.
    function _root(uint256 squares, uint256 length) private pure returns (int256) {
        return (int256(Math.sqrt((squares * 4096) / length)) * RATIO) / 64;
    }

    function _ratio(int256 value, int256 sigma) private pure returns (int256) {
        return SignedMath.max(LO, SignedMath.min(HIGHEST, value / sigma));
    }
}
