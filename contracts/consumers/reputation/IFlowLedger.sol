// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title What traders did, and what their trades cost the pool
/// @notice For each trader, the last twelve periods of five minutes in which it traded: the markout (how far the price went
/// on in the trader's direction after the trades, in ticks, weighted by volume) and the volume. Trades come from reporters,
/// contracts fixed at deployment that saw them; whoever reads the ledger trusts those.
///
/// A trade is made between two ticks and judged by the mean tick of the period after its own, which only stands when that is
/// over. So the price of no single block decides, and all trades of a period count as one: cutting a trade into pieces
/// fills no window, and trades there and back within a period cancel where `netMoved` is asked.
///
/// A trade counts in a history by how far it moved the price, as volume of a pool of a liquidity fixed at deployment, and
/// never for more than was traded. So whoever trades with liquidity of its own, put there for the moment, moves no price and
/// earns no history.
interface IFlowLedger {
    /// @notice A trader traded.
    /// @param trader the trader
    /// @param reporter who says so
    /// @param period when
    /// @param ticks sum of the ticks before and after
    /// @param volume in units of the ledger
    /// @param moved what it counts for in the history; positive if it raised the price
    event TradeReported(
        address indexed trader,
        address indexed reporter,
        uint256 period,
        int256 ticks,
        uint256 volume,
        int256 moved
    );

    /// @notice A period of a trader entered its history.
    /// @param trader the trader
    /// @param reporter who reported its trades
    /// @param period the period
    /// @param markout ticks that the price went on, within what the model's input holds
    /// @param moved what its trades count for, in both directions together
    event PeriodSettled(
        address indexed trader,
        address indexed reporter,
        uint256 period,
        int256 markout,
        uint256 moved
    );

    /// @notice There are no reporters, more than four, the same twice, or one of them is 0.
    error BadReporters();

    /// @notice Only reporters write.
    error NotAReporter(address sender);

    /// @notice Reports a trade that was just made.
    /// @param trader who traded
    /// @param ticks sum of the ticks before and after
    /// @param volume its size in units of the ledger
    /// @param moved what it counts for in the history, at most its size; positive if it raised the price
    function report(address trader, int256 ticks, uint256 volume, int256 moved) external;

    /// @notice Enters what is due into a trader's history. Anyone may call; asking for a score does it, too.
    /// @param trader the trader
    function settle(address trader) external;

    /// @notice What a trader's history says, the newest period first; what was settled, that is.
    /// @param trader the trader
    /// @return count how many of the twelve periods there are
    /// @return features twenty-four numbers: markout and logarithm of what its trades count for; least values where there is none
    /// @return netMoved sum of what was bought or sold and not reversed within each period
    function flowOf(address trader) external view returns (uint256 count, int256[] memory features, uint256 netMoved);

    /// @notice All that a trader ever traded, settled or not.
    /// @param trader the trader
    /// @return volume the sum, in units of the ledger
    function tradedBy(address trader) external view returns (uint256 volume);

    /// @notice What all periods that ever entered a trader's history moved the price, net within each.
    /// @param trader the trader
    /// @return volume the sum, in units of the ledger; never less than the `netMoved` of `flowOf`
    function earnedBy(address trader) external view returns (uint256 volume);

    /// @notice Whether some trades of a trader are not in its history yet, due or not.
    /// @param trader the trader
    /// @return open whether there are
    function hasOpenFlow(address trader) external view returns (bool open);

    /// @notice Whether an address may report.
    /// @param reporter the address
    /// @return allowed whether it may
    function isReporter(address reporter) external view returns (bool allowed);
}
