// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {FeedRounds} from "./FeedRounds.sol";
import {IRealisedVolatility} from "./IRealisedVolatility.sol";
import {IRoundFeed} from "./IRoundFeed.sol";
import {PriceLog} from "./PriceLog.sol";

/// @title Realised volatility
/// @notice See {IRealisedVolatility}. Squares of the last moves stand in a ring with their sum, so asking costs the same
/// however long the window is.
abstract contract RealisedVolatility is IRealisedVolatility {
    using FeedRounds for IRoundFeed;

    /// @dev A move from one close to the next.
    struct Move {
        uint64 square;
        uint32 elapsed;
    }

    /// @dev The newest close, and sums over the ring.
    struct Window {
        uint112 price;
        uint32 day;
        uint48 pokedAt;
        uint32 moves;
    }

    struct Sums {
        uint128 squares;
        uint128 elapsed;
    }

    /// @notice How many moves the volatility is of.
    uint256 public constant MOVES = 30;

    /// @notice While somebody closes one, no day is left out; after so many seconds without, days may be. The volatility is
    /// long unknown by then.
    uint256 public constant SKIP_AFTER = 7 days;

    /// @notice Days from the newest close to today, at most.
    uint256 public constant MAX_LAG = 2;

    uint256 private constant DAYS_A_YEAR = 365;

    /// @inheritdoc IRealisedVolatility
    IRoundFeed public immutable feed;

    Window private _window;
    Sums private _sums;
    mapping(uint256 slot => Move) private _ring;

    /// @notice Fixes the feed for good. The first day to be closed lies far enough back that history fills the window at once.
    /// @param feed_ where prices come from
    constructor(IRoundFeed feed_) {
        feed = feed_;
        _window.day = uint32(_today() - MOVES - 2);
        _window.pokedAt = uint48(block.timestamp);
    }

    /// @inheritdoc IRealisedVolatility
    function poke(uint256 day, uint80 roundId) external {
        Window memory window = _window;
        uint256 next = window.day + 1;
        bool skips = day > next && block.timestamp >= window.pokedAt + SKIP_AFTER;
        if ((day != next && !skips) || day >= _today()) revert WrongDay(day, next);
        uint256 price = feed.lastBefore(roundId, (day + 1) * 1 days);
        if (window.price != 0) _record(window, price, day - window.day);
        (window.price, window.day, window.pokedAt) = (uint112(price), uint32(day), uint48(block.timestamp));
        _window = window;
        emit DayClosed(day, roundId, price);
    }

    /// @inheritdoc IRealisedVolatility
    function lastClose() external view returns (uint256 day, uint256 price) {
        return (_window.day, _window.price);
    }

    /// @inheritdoc IRealisedVolatility
    function volatility() public view returns (uint256 bps) {
        Window memory window = _window;
        if (window.moves < MOVES || window.day + MAX_LAG < _today())
            revert VolatilityNotKnown(window.day, window.moves);
        Sums memory sums = _sums;
        return Math.sqrt(Math.ceilDiv(sums.squares * DAYS_A_YEAR, sums.elapsed), Math.Rounding.Ceil);
    }

    /// @dev Puts a move in the place of the oldest one.
    function _record(Window memory window, uint256 price, uint256 elapsed) private {
        int256 ticks = PriceLog.ticks(PriceLog.log2(price, window.price));
        // Below 2^20 ticks for prices of 112 bits.
        uint64 square = uint64(uint256(ticks * ticks));
        uint256 slot = window.moves % MOVES;
        Move memory oldest = _ring[slot];
        Sums memory sums = _sums;
        sums.squares = sums.squares + square - oldest.square;
        sums.elapsed = sums.elapsed + uint32(elapsed) - oldest.elapsed;
        _sums = sums;
        _ring[slot] = Move({square: square, elapsed: uint32(elapsed)});
        ++window.moves;
    }

    function _today() private view returns (uint256) {
        return block.timestamp / 1 days;
    }
}
