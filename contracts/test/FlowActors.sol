// SPDX-License-Identifier: MIT
/* solhint-disable one-contract-per-file, use-natspec */
pragma solidity ^0.8.28;

import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {FlowClock} from "../consumers/reputation/FlowClock.sol";
import {IFlowLedger} from "../consumers/reputation/IFlowLedger.sol";
import {IFlowReporter} from "../consumers/reputation/IFlowReporter.sol";
import {IFlowReputation} from "../consumers/reputation/IFlowReputation.sol";

/// @title A reporter that says what it is told, for tests
contract FlowBoard is IFlowReporter {
    struct Trade {
        address trader;
        int256 ticks;
        int256 volume;
    }

    mapping(uint256 period => int24) private _ticks;

    function set(uint256 period, int24 tick) external {
        _ticks[period] = tick;
    }

    /// @dev Reports the trades of a period, after setting the mean of the one before.
    function play(IFlowLedger ledger, uint256 period, int24 tick, Trade[] calldata trades) external {
        _ticks[period - 1] = tick;
        for (uint256 i = 0; i < trades.length; ++i) {
            _report(ledger, trades[i]);
        }
    }

    /// @dev A trade of which only a part moved the price.
    function playInPart(IFlowLedger ledger, Trade calldata trade, int256 moved) external {
        ledger.report(trade.trader, trade.ticks, SignedMath.abs(trade.volume), moved);
    }

    /// @dev A trader that trades and asks at once.
    function playAndAsk(IFlowReputation reputation, Trade calldata trade) external {
        _report(reputation, trade);
        reputation.requestScore(trade.trader);
    }

    function closedTick(uint256 period) external view returns (int24) {
        return _ticks[period];
    }

    function _report(IFlowLedger ledger, Trade calldata trade) private {
        ledger.report(trade.trader, trade.ticks, SignedMath.abs(trade.volume), trade.volume);
    }
}

/// @title A tick that anyone moves, for tests
contract FlowClockHarness {
    using FlowClock for FlowClock.Clock;

    FlowClock.Clock private _clock;

    function start(int24 tick) external {
        _clock.start(tick);
    }

    /// @dev Several moves within one block, as of one transaction.
    function move(int24[] calldata ticks) external {
        for (uint256 i = 0; i < ticks.length; ++i) {
            _clock.move(ticks[i]);
        }
    }

    function closedTick(uint256 period) external view returns (int24) {
        return _clock.closedTick(period);
    }

    function recentTick() external view returns (int24) {
        return _clock.recentTick();
    }

    function floorDiv(int256 a, int256 b) external pure returns (int256) {
        return FlowClock.floorDiv(a, b);
    }
}
