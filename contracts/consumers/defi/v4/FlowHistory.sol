// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {HourDigits} from "../HourDigits.sol";

/// @title What a hook saw of its pool in the last eight closed hours
/// @notice For each hour: imbalance (what came in of token 0 less what came in of token 1) and volume, both in basis points
/// of the root of the price; volatility, the root of the sum of squared moves from block to block, in ticks; trades; and the fee, in
/// tenths of a basis point. The input of the model `amm-spread`.
/// @dev What a trade is measured by is how far it moves the root of the price, as a part of the higher root. For liquidity over
/// the full range that is what comes in as a part of the reserve, to first order. Nothing of it depends on where in the range
/// liquidity is or whose it is: a move there counts as much as the same move back, and no trade counts more than 1. So what
/// somebody adds for trades of his own cannot make them count more; but where others have little, moves are cheap.
///
/// The price at the end of a block is the price when a later block trades first. Moves within a block, there and back,
/// leave no volatility. An hour is closed by the first call after it.
library FlowHistory {
    /// @notice What is not closed yet: one word, all that most trades write.
    /// @param hour the current hour, counted from 1970
    /// @param blockNumber block of the last trade
    /// @param blockTick tick when that block began
    /// @param tick tick after the last trade
    /// @param volume volume of the current hour, in millionths
    /// @param imbalance imbalance of the current hour, in the same
    /// @param variance sum of squared moves of the current hour's closed blocks
    /// @param trades trades of the current hour
    /// @param fee fee of the last trade, in millionths
    struct Current {
        uint24 hour;
        uint40 blockNumber;
        int24 blockTick;
        int24 tick;
        uint32 volume;
        int32 imbalance;
        uint40 variance;
        uint16 trades;
        uint24 fee;
    }

    /// @notice Closed hours.
    /// @param recent the four newest, as digits
    /// @param opened hour in which this began
    /// @param older the four before
    struct Closed {
        uint224 recent;
        uint32 opened;
        uint224 older;
    }

    /// @notice A trade.
    /// @param zeroForOne whether token 0 came in
    /// @param isPaid whether anything came in; through a range without liquidity the price moves for nothing
    /// @param rootBefore root of the price before it
    /// @param rootAfter root of the price after it, on the side that `zeroForOne` says
    /// @param tick tick after it
    /// @param fee what it paid, in millionths
    struct Trade {
        bool zeroForOne;
        bool isPaid;
        uint160 rootBefore;
        uint160 rootAfter;
        int24 tick;
        uint24 fee;
    }

    /// @notice The hours.
    /// @param current what is not closed yet
    /// @param closed what is
    struct History {
        Current current;
        Closed closed;
    }

    /// @dev Numbers of an hour.
    uint256 internal constant PER_HOUR = 5;

    /// @dev Smaller trades move volume but are not counted: a tenth of a basis point. What is counted costs something.
    uint256 private constant DUST = 10;

    uint256 private constant UNIT = 1e6;
    uint256 private constant UNIT_PER_BP = 100;
    uint256 private constant FEE_PER_DIGIT = 10;
    uint256 private constant MAX_VOLUME = type(uint32).max;
    int256 private constant MAX_IMBALANCE = type(int32).max;
    uint256 private constant MAX_VARIANCE = type(uint40).max;
    uint256 private constant MAX_TRADES = type(uint16).max;

    uint256 private constant BITS = HourDigits.BITS;
    uint256 private constant HOUR_BITS = PER_HOUR * HourDigits.BITS;
    uint256 private constant WORD_BITS = HOUR_BITS * 4;
    /// @dev Four hours of nothing.
    uint224 private constant QUIET = uint224(((1 << WORD_BITS) - 1) / ((1 << BITS) - 1)) * 1024;

    /// @dev Begins now.
    function open(History storage self, int24 tick) internal {
        uint256 hour = block.timestamp / 1 hours;
        Current memory current;
        (current.hour, current.blockNumber) = (uint24(hour), uint40(block.number));
        (current.blockTick, current.tick) = (tick, tick);
        self.current = current;
        self.closed = Closed({recent: QUIET, opened: uint32(hour), older: QUIET});
    }

    /// @dev Counts a trade, after closing the hours before it.
    function count(History storage self, Trade memory trade) internal {
        Current memory current = self.current;
        if (_isPast(current)) self.closed = _close(current, self.closed);
        if (current.blockNumber != block.number) {
            _closeBlock(current);
            current.blockNumber = uint40(block.number);
        }
        uint256 part = _part(trade);
        current.volume = uint32(Math.min(current.volume + part, MAX_VOLUME));
        int256 sum = current.imbalance + (trade.zeroForOne ? int256(part) : -int256(part));
        current.imbalance = int32(SignedMath.max(-MAX_IMBALANCE, SignedMath.min(MAX_IMBALANCE, sum)));
        if (part >= DUST) current.trades = uint16(Math.min(uint256(current.trades) + 1, MAX_TRADES));
        (current.tick, current.fee) = (trade.tick, trade.fee);
        self.current = current;
    }

    /// @dev Closes the past hours, and gives the numbers of the closed ones.
    function close(History storage self) internal returns (int256[] memory) {
        (Current memory current, Closed memory closed) = (self.current, self.closed);
        if (_isPast(current)) {
            closed = _close(current, closed);
            (self.current, self.closed) = (current, closed);
        }
        return _numbers(closed);
    }

    /// @dev The five numbers of each closed hour, the newest first; none if this has not begun.
    function values(History storage self) internal view returns (int256[] memory list) {
        (Current memory current, Closed memory closed) = (self.current, self.closed);
        if (closed.opened == 0) return list;
        if (_isPast(current)) closed = _close(current, closed);
        return _numbers(closed);
    }

    /// @dev What a trade counts, in millionths.
    function _part(Trade memory trade) private pure returns (uint256) {
        if (!trade.isPaid) return 0;
        (uint256 low, uint256 high) = (trade.rootBefore, trade.rootAfter);
        if (trade.zeroForOne) (low, high) = (high, low);
        return ((high - low) * UNIT) / high;
    }

    function _isPast(Current memory current) private view returns (bool) {
        return current.hour != block.timestamp / 1 hours;
    }

    /// @dev Closes the past hours, in place. The last block of the last one that was traded in is closed with it.
    function _close(Current memory current, Closed memory closed) private view returns (Closed memory) {
        _closeBlock(current);
        _push(closed, _digits(current));
        (current.volume, current.imbalance, current.variance, current.trades) = (0, 0, 0, 0);
        uint256 hour = block.timestamp / 1 hours;
        uint256 idle = Math.min(hour - current.hour - 1, HourDigits.HOURS);
        if (idle > 0) {
            // Hours that nobody traded in.
            uint256 digits = _digits(current);
            for (uint256 i = 0; i < idle; ++i) {
                _push(closed, digits);
            }
        }
        current.hour = uint24(hour);
        return closed;
    }

    function _closeBlock(Current memory current) private pure {
        int256 move = int256(current.tick) - current.blockTick;
        current.variance = uint40(Math.min(current.variance + uint256(move * move), MAX_VARIANCE));
        current.blockTick = current.tick;
    }

    function _digits(Current memory current) private pure returns (uint256 digits) {
        digits = HourDigits.digit(int256(current.imbalance) / int256(UNIT_PER_BP));
        digits |= HourDigits.digit(uint256(current.volume) / UNIT_PER_BP) << BITS;
        digits |= HourDigits.digit(Math.sqrt(current.variance)) << (2 * BITS);
        digits |= HourDigits.digit(uint256(current.trades)) << (3 * BITS);
        digits |= HourDigits.digit(uint256(current.fee) / FEE_PER_DIGIT) << (4 * BITS);
    }

    function _push(Closed memory closed, uint256 digits) private pure {
        uint256 mask = (1 << WORD_BITS) - 1;
        uint256 leaving = closed.recent >> (WORD_BITS - HOUR_BITS);
        closed.older = uint224(((uint256(closed.older) << HOUR_BITS) & mask) | leaving);
        closed.recent = uint224(((uint256(closed.recent) << HOUR_BITS) & mask) | digits);
    }

    function _numbers(Closed memory closed) private pure returns (int256[] memory list) {
        uint256 half = (PER_HOUR * HourDigits.HOURS) / 2;
        list = new int256[](2 * half);
        HourDigits.read(closed.recent, half, list, 0);
        HourDigits.read(closed.older, half, list, half);
    }
}
