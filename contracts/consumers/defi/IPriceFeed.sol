// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title A price feed that keeps its rounds
/// @notice The part of Chainlink's `AggregatorV3Interface` that is needed here. Rounds are numbered one by one and their times
/// never go back; a round that does not exist has the time 0, or reverts.
interface IPriceFeed {
    /// @notice Decimals of an answer.
    /// @return decimals_ how many
    function decimals() external view returns (uint8 decimals_);

    /// @notice A round.
    /// @param roundId_ its number
    /// @return roundId its number
    /// @return answer the price
    /// @return startedAt when it began
    /// @return updatedAt when its answer came
    /// @return answeredInRound of no use any more
    function getRoundData(
        uint80 roundId_
    )
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);

    /// @notice The newest round.
    /// @return roundId its number
    /// @return answer the price
    /// @return startedAt when it began
    /// @return updatedAt when its answer came
    /// @return answeredInRound of no use any more
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}
