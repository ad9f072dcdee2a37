// SPDX-License-Identifier: MIT
/* solhint-disable use-natspec */
pragma solidity ^0.8.28;

import {IPriceFeed} from "../consumers/defi/IPriceFeed.sol";

/// @title A feed that anyone writes, for tests and demos
contract MockPriceFeed is IPriceFeed {
    struct Round {
        int192 answer;
        uint64 updatedAt;
    }

    uint8 public immutable decimals;
    Round[] private _rounds;

    constructor(uint8 decimals_) {
        decimals = decimals_;
        // Round 0 does not exist.
        _rounds.push(Round(0, 0));
    }

    function push(int192 answer, uint64 updatedAt) external {
        _rounds.push(Round(answer, updatedAt));
    }

    function pushMany(int192[] calldata answers, uint64[] calldata times) external {
        for (uint256 i = 0; i < answers.length; ++i) {
            _rounds.push(Round(answers[i], times[i]));
        }
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return getRoundData(uint80(_rounds.length - 1));
    }

    function getRoundData(uint80 roundId) public view returns (uint80, int256, uint256, uint256, uint80) {
        if (roundId >= _rounds.length) return (roundId, 0, 0, 0, 0);
        Round memory round = _rounds[roundId];
        return (roundId, round.answer, round.updatedAt, round.updatedAt, roundId);
    }
}
