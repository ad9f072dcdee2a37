// SPDX-License-Identifier: MIT
/* solhint-disable use-natspec */
pragma solidity ^0.8.28;

import {FlowHistory} from "../../consumers/defi/v4/FlowHistory.sol";

/// @title A history that begins anywhere, for tests
contract FlowHistoryHarness {
    using FlowHistory for FlowHistory.History;

    FlowHistory.History private _history;

    constructor() {
        _history.open(0);
    }

    /// @dev As if the hour had come this far.
    function set(uint32 volume, int32 imbalance, uint40 variance, uint16 trades) external {
        FlowHistory.Current storage current = _history.current;
        (current.volume, current.imbalance) = (volume, imbalance);
        (current.variance, current.trades) = (variance, trades);
    }

    function count(FlowHistory.Trade calldata trade) external {
        _history.count(trade);
    }

    function currentHour() external view returns (FlowHistory.Current memory current) {
        return _history.current;
    }
}
