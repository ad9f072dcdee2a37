// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRoundFeed} from "./IRoundFeed.sol";

/// @title Volatility of a feed's daily closes
/// @notice Keeps the last 30 moves from close to close. The close of a day is what the feed said last before the day was over
/// (UTC): anyone hands it in, and nobody can choose its price.
///
/// Days are closed in order, and without the close of yesterday or the day before the volatility is not known. If nobody closes one
/// for seven days, whoever comes then may leave days out, of its choice; a move over several days counts as one, over all of them, and
/// what went up and down within it is not seen. So a keeper that stops, or a day of which the feed has no proof, holds up nothing
/// for good, and while the volatility is known no day is left out.
interface IRealisedVolatility {
    /// @notice A day has its close.
    /// @param day days since 1970
    /// @param roundId the feed's last round of it
    /// @param price the close
    event DayClosed(uint256 indexed day, uint80 roundId, uint256 price);

    /// @notice This day is not over, or not the one to be closed.
    error WrongDay(uint256 day, uint256 expected);

    /// @notice There are too few closes, or the newest one is too old.
    error VolatilityNotKnown(uint256 lastDay, uint256 moves);

    /// @notice Closes a day. Anyone may.
    /// @param day days since 1970: the one after the last close, unless nobody closed one for seven days
    /// @param roundId the feed's last round before the day's end
    function poke(uint256 day, uint80 roundId) external;

    /// @notice The newest close.
    /// @return day days since 1970; the day before the first one to be closed, as long as there is none
    /// @return price the close, 0 if there is none
    function lastClose() external view returns (uint256 day, uint256 price);

    /// @notice Volatility a year, rounded up: the root of the mean square of the moves of the logarithm.
    /// @return bps in basis points
    function volatility() external view returns (uint256 bps);

    /// @notice Where prices come from.
    /// @return priceFeed the feed
    function feed() external view returns (IRoundFeed priceFeed);
}
