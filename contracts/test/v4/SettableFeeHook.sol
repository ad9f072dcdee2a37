// SPDX-License-Identifier: MIT
/* solhint-disable use-natspec */
pragma solidity ^0.8.28;

import {IPoolManager} from "@uniswap/v4-core/src/interfaces/IPoolManager.sol";
import {BalanceDelta} from "@uniswap/v4-core/src/types/BalanceDelta.sol";
import {Currency} from "@uniswap/v4-core/src/types/Currency.sol";
import {SwapParams} from "@uniswap/v4-core/src/types/PoolOperation.sol";
import {PoolState} from "../../consumers/defi/v4/PoolState.sol";
import {SinglePoolHook} from "../../consumers/defi/v4/SinglePoolHook.sol";

/// @title A hook with a fee that anyone sets, for tests
contract SettableFeeHook is SinglePoolHook {
    using PoolState for IPoolManager;

    uint24 public fee;

    event Opened(int24 tick);
    event FeeAsked(address sender, int256 amountSpecified, int24 tick, bytes hookData);
    event Swapped(address sender, int128 amount0, int128 amount1, int24 tick);

    constructor(
        IPoolManager manager,
        Currency[2] memory currencies,
        int24 tickSpacing
    ) SinglePoolHook(manager, currencies, tickSpacing) {}

    function setFee(uint24 fee_) external {
        fee = fee_;
    }

    function _opened(int24 tick) internal override {
        emit Opened(tick);
    }

    function _feeOf(
        address sender,
        SwapParams calldata params,
        bytes calldata hookData
    ) internal override returns (uint24) {
        emit FeeAsked(sender, params.amountSpecified, poolManager.slot0(poolId()).tick(), hookData);
        return fee;
    }

    function _swapped(address sender, SwapParams calldata, BalanceDelta delta, bytes calldata) internal override {
        emit Swapped(sender, delta.amount0(), delta.amount1(), poolManager.slot0(poolId()).tick());
    }
}
