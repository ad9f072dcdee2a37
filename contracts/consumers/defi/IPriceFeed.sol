// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRoundFeed} from "./IRoundFeed.sol";

/// @title A price feed that keeps its rounds, and says in which unit
/// @notice Rounds are numbered one by one and their times never go back; a round that does not exist has the time 0, or
/// reverts.
interface IPriceFeed is IRoundFeed {
    /// @notice Decimals of an answer.
    /// @return decimals_ how many
    function decimals() external view returns (uint8 decimals_);
}
