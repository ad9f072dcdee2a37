// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRoundFeed} from "./IRoundFeed.sol";

/// @title Prices of a feed at a time
/// @notice What a feed said last before a moment is one price, whoever asks: the caller names the round, and the round after it
/// shows that there was none in between. An aggregator may go on after the proxy has left it, so once the next phase has
/// begun, only its rounds count.
library FeedRounds {
    /// @dev Prices are below 2^112, so that ratios and logarithms of them fit.
    uint256 internal constant PRICE_BITS = 112;
    uint256 private constant PHASE_SHIFT = 64;

    /// @notice The feed's price is 0, negative or too high to be one.
    error BadPrice(int256 answer);

    /// @notice This round is not the last one before the moment, or that cannot be known yet.
    error NotTheLastRound(uint80 roundId, uint256 moment);

    /// @dev The newest price and when it came.
    function latest(IRoundFeed feed) internal view returns (uint256 price, uint256 updatedAt) {
        int256 answer;
        (, answer, , updatedAt, ) = feed.latestRoundData();
        price = _priceOf(answer);
    }

    /// @dev The price of the last round before a moment.
    function lastBefore(IRoundFeed feed, uint80 roundId, uint256 moment) internal view returns (uint256 price) {
        (int256 answer, uint256 updatedAt) = _round(feed, roundId);
        if (updatedAt == 0 || updatedAt >= moment) revert NotTheLastRound(roundId, moment);
        (, uint256 next) = _round(feed, roundId + 1);
        (, uint256 begun) = _round(feed, uint80((((uint256(roundId) >> PHASE_SHIFT) + 1) << PHASE_SHIFT) + 1));
        // The last round of a phase: the next phase has the round after it.
        if (next == 0) next = begun;
        if (next < moment || (begun != 0 && begun < moment)) revert NotTheLastRound(roundId, moment);
        price = _priceOf(answer);
    }

    /// @dev A round, all 0 if there is none. Too little gas for the feed to answer leaves too little to ask once more or to
    /// write anything, so nobody can make a round seem missing.
    function _round(IRoundFeed feed, uint80 id) private view returns (int256, uint256) {
        try feed.getRoundData(id) returns (uint80, int256 answer, uint256, uint256 updatedAt, uint80) {
            return (answer, updatedAt);
        } catch {
            return (0, 0);
        }
    }

    function _priceOf(int256 answer) private pure returns (uint256) {
        if (answer <= 0 || uint256(answer) >> PRICE_BITS != 0) revert BadPrice(answer);
        return uint256(answer);
    }
}
