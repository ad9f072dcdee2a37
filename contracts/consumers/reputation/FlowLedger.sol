// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {FlowClock} from "./FlowClock.sol";
import {IFlowLedger} from "./IFlowLedger.sol";
import {IFlowReporter} from "./IFlowReporter.sol";

/// @title Flow ledger
/// @notice See {IFlowLedger}. Three slots a trader, and two for each reporter that it trades with.
abstract contract FlowLedger is IFlowLedger {
    /// @dev Trades of one period, until it is settled.
    struct Open {
        uint32 period;
        uint64 gross;
        int64 net;
        int96 weighted;
    }

    /// @dev Settled periods, the newest lowest: digits of the model's input, and what was not reversed within them.
    struct History {
        uint240 digits;
        uint8 count;
        uint256 nets;
    }

    /// @dev What a trader ever traded, and what of it entered its history as net move.
    struct Totals {
        uint128 traded;
        uint128 earned;
    }

    /// @dev Periods of a history, and the format of the model's input: two digits for each.
    uint256 internal constant PERIODS = 12;
    int256 internal constant LO = -512;
    uint256 internal constant BITS = 10;

    int256 private constant HIGHEST = 511;
    uint256 private constant NET_BITS = 21;
    uint256 private constant MAX_REPORTERS = 4;
    /// @dev Keeps sums far from overflowing: no trade counts for more, and no tick lies beyond.
    uint256 private constant MAX_TRADE = 1 << 40;
    int256 private constant MAX_TICKS = 1 << 21;

    /// @notice Least volume for a period to enter a history.
    uint256 public immutable leastVolume;

    /// @inheritdoc IFlowLedger
    mapping(address reporter => bool) public isReporter;

    address[] private _reporters;
    mapping(address trader => Totals) private _totals;
    mapping(address trader => History) private _histories;
    mapping(address trader => mapping(address reporter => Open[2])) private _open;

    /// @notice Fixes the reporters for good.
    /// @param reporters contracts that report trades
    /// @param leastVolume_ least volume for a period to enter a history
    constructor(address[] memory reporters, uint256 leastVolume_) {
        if (reporters.length == 0 || reporters.length > MAX_REPORTERS) revert BadReporters();
        for (uint256 i = 0; i < reporters.length; ++i) {
            if (reporters[i] == address(0) || isReporter[reporters[i]]) revert BadReporters();
            isReporter[reporters[i]] = true;
        }
        (_reporters, leastVolume) = (reporters, Math.max(1, leastVolume_));
    }

    /// @inheritdoc IFlowLedger
    function report(address trader, int256 ticks, uint256 volume, int256 moved) external {
        if (!isReporter[msg.sender]) revert NotAReporter(msg.sender);
        _settle(trader, msg.sender);
        uint256 size = Math.min(volume, MAX_TRADE);
        int256 weight = SignedMath.max(-int256(size), SignedMath.min(int256(size), moved));
        int256 place = SignedMath.max(-MAX_TICKS, SignedMath.min(MAX_TICKS, ticks));
        uint256 period = FlowClock.current();
        // What else was in this place is two periods old, and settled by now.
        Open storage open = _open[trader][msg.sender][period & 1];
        open.period = uint32(period);
        open.gross += uint64(SignedMath.abs(weight));
        open.net += int64(weight);
        open.weighted += int96(weight * place);
        _totals[trader].traded += uint128(size);
        emit TradeReported(trader, msg.sender, period, ticks, volume, moved);
    }

    /// @inheritdoc IFlowLedger
    function settle(address trader) external {
        _settleAll(trader);
    }

    /// @inheritdoc IFlowLedger
    function flowOf(address trader) external view returns (uint256 count, int256[] memory features, uint256 netMoved) {
        History memory history = _histories[trader];
        features = new int256[](2 * PERIODS);
        for (uint256 i = 0; i < features.length; ++i) {
            features[i] = int256((history.digits >> (BITS * i)) & ((1 << BITS) - 1)) + LO;
        }
        return (history.count, features, _sum(history.nets));
    }

    /// @inheritdoc IFlowLedger
    function tradedBy(address trader) public view returns (uint256 volume) {
        return _totals[trader].traded;
    }

    /// @inheritdoc IFlowLedger
    function earnedBy(address trader) public view returns (uint256 volume) {
        return _totals[trader].earned;
    }

    /// @inheritdoc IFlowLedger
    function hasOpenFlow(address trader) public view returns (bool open) {
        for (uint256 i = 0; i < _reporters.length; ++i) {
            Open[2] storage both = _open[trader][_reporters[i]];
            if (both[0].period | both[1].period != 0) return true;
        }
    }

    /// @dev Enters what is due from every reporter.
    function _settleAll(address trader) internal {
        for (uint256 i = 0; i < _reporters.length; ++i) {
            _settle(trader, _reporters[i]);
        }
    }

    /// @dev The model's input, how many periods it has, and their net volume.
    function _historyOf(address trader) internal view returns (uint256 digits, uint256 count, uint256 netMoved) {
        History memory history = _histories[trader];
        return (history.digits, history.count, _sum(history.nets));
    }

    /// @dev Enters what is due from one reporter, the older period first.
    function _settle(address trader, address reporter) private {
        Open[2] storage both = _open[trader][reporter];
        uint256 older = both[0].period <= both[1].period ? 0 : 1;
        _settleOne(trader, reporter, both, older);
        _settleOne(trader, reporter, both, 1 - older);
    }

    /// @dev Due are trades whose following period is over.
    function _settleOne(address trader, address reporter, Open[2] storage both, uint256 place) private {
        Open memory open = both[place];
        if (open.period == 0 || open.period + 2 > FlowClock.current()) return;
        delete both[place];
        if (open.gross < leastVolume) return;
        int256 level = IFlowReporter(reporter).closedTick(open.period + 1);
        int256 gross = int256(uint256(open.gross));
        // Both ticks of a trade are in `weighted`, so that its price is the mean of them; rounded to the nearest tick.
        int256 markout = FlowClock.floorDiv(2 * level * open.net - open.weighted + gross, 2 * gross);
        markout = SignedMath.max(LO, SignedMath.min(HIGHEST, markout));
        History storage history = _histories[trader];
        uint256 digits = uint256(markout - LO) | (uint256(int256(Math.log2(open.gross)) - LO) << BITS);
        history.digits = uint240((uint256(history.digits) << (2 * BITS)) | digits);
        history.count = uint8(Math.min(history.count + 1, PERIODS));
        uint256 net = Math.min(SignedMath.abs(open.net), (1 << NET_BITS) - 1);
        history.nets = ((history.nets << NET_BITS) | net) & ((1 << (NET_BITS * PERIODS)) - 1);
        _totals[trader].earned += uint128(net);
        emit PeriodSettled(trader, reporter, open.period, markout, open.gross);
    }

    function _sum(uint256 nets) private pure returns (uint256 total) {
        for (uint256 i = 0; i < PERIODS; ++i) {
            total += (nets >> (NET_BITS * i)) & ((1 << NET_BITS) - 1);
        }
    }
}
