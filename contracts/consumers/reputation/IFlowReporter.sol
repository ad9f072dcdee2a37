// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title What reports trades to a flow ledger
/// @notice A pool, or the hook of one, that also says where its price stood. Ticks are basis points of the price's logarithm.
interface IFlowReporter {
    /// @notice The mean over time of the price in a period that is over.
    /// @param period the period, as `FlowClock` counts them
    /// @return tick the mean, rounded down; it never changes once it can be read
    function closedTick(uint256 period) external view returns (int24 tick);
}
