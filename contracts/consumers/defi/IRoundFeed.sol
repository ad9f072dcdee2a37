// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title A price feed of numbered rounds
/// @notice What is read of Chainlink's `AggregatorV3Interface`: any feed or proxy of that form will do. A proxy's round ids
/// are (phase << 64) + round, and a new phase begins at round 1.
interface IRoundFeed {
    /// @notice The newest round.
    /// @return roundId its id
    /// @return answer the price
    /// @return startedAt when it began
    /// @return updatedAt when the price came
    /// @return answeredInRound not used
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);

    /// @notice A round of the past. One that does not exist reverts or has 0 for `updatedAt`.
    /// @param id its id
    /// @return roundId its id
    /// @return answer the price
    /// @return startedAt when it began
    /// @return updatedAt when the price came
    /// @return answeredInRound not used
    function getRoundData(
        uint80 id
    )
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}
