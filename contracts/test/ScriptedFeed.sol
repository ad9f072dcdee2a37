// SPDX-License-Identifier: MIT
/* solhint-disable use-natspec */
pragma solidity ^0.8.28;

import {IRoundFeed} from "../consumers/defi/IRoundFeed.sol";

/// @title A feed whose rounds a test writes
contract ScriptedFeed is IRoundFeed {
    struct Round {
        int256 answer;
        uint256 updatedAt;
    }

    uint80 public latestId = 1 << 64;
    mapping(uint80 id => Round) private _rounds;

    error NoDataPresent();

    /// @dev A round of the present phase, which came at some time.
    function push(int256 answer, uint256 updatedAt) external {
        _rounds[++latestId] = Round(answer, updatedAt);
    }

    /// @dev A round of any phase, which need not be the present one.
    function pushAt(uint80 id, int256 answer, uint256 updatedAt) external {
        _rounds[id] = Round(answer, updatedAt);
    }

    /// @dev A new aggregator behind the proxy.
    function nextPhase() external {
        latestId = ((latestId >> 64) + 1) << 64;
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return getRoundData(latestId);
    }

    function getRoundData(uint80 id) public view returns (uint80, int256, uint256, uint256, uint80) {
        Round memory round = _rounds[id];
        if (round.updatedAt == 0) revert NoDataPresent();
        return (id, round.answer, round.updatedAt, round.updatedAt, id);
    }
}
