// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IPoolManager} from "@uniswap/v4-core/src/interfaces/IPoolManager.sol";
import {BalanceDelta} from "@uniswap/v4-core/src/types/BalanceDelta.sol";
import {Currency} from "@uniswap/v4-core/src/types/Currency.sol";
import {SwapParams} from "@uniswap/v4-core/src/types/PoolOperation.sol";
import {Slot0} from "@uniswap/v4-core/src/types/Slot0.sol";
import {IInferenceCoordinator} from "../../../interfaces/IInferenceCoordinator.sol";
import {ModelFee} from "../ModelFee.sol";
import {FlowHistory} from "./FlowHistory.sol";
import {IDynamicFeeHook} from "./IDynamicFeeHook.sol";
import {PoolState} from "./PoolState.sol";
import {SinglePoolHook} from "./SinglePoolHook.sol";

/// @title Dynamic fee hook
/// @notice See {IDynamicFeeHook}.
contract DynamicFeeHook is IDynamicFeeHook, ModelFee, SinglePoolHook {
    using FlowHistory for FlowHistory.History;
    using PoolState for IPoolManager;

    FlowHistory.History private _history;

    /// @dev Root of the price before the swap that is being made.
    uint160 private transient _root;

    /// @notice Fixes everything for good.
    /// @param coordinator_ where inferences are asked for
    /// @param modelId_ a model with the encoding of `amm-spread`
    /// @param manager the pool manager
    /// @param currencies the two currencies of the pool, in order
    /// @param tickSpacing the pool's tick spacing
    /// @param config bounds and times
    /// @param terms_ what the hook offers for an inference, in the native coin
    constructor(
        IInferenceCoordinator coordinator_,
        uint256 modelId_,
        IPoolManager manager,
        Currency[2] memory currencies,
        int24 tickSpacing,
        Config memory config,
        Terms memory terms_
    )
        ModelFee(coordinator_, modelId_, FlowHistory.PER_HOUR, config, terms_)
        SinglePoolHook(manager, currencies, tickSpacing)
    {}

    /// @inheritdoc IDynamicFeeHook
    function closedHours() external view returns (int256[] memory values) {
        return _history.values();
    }

    /// @dev Called once, when the pool begins.
    function _opened(int24 tick) internal override {
        _history.open(tick);
    }

    /// @dev The same fee for everyone.
    function _feeOf(address, SwapParams calldata, bytes calldata) internal override returns (uint24) {
        _root = poolManager.slot0(poolId()).sqrtPriceX96();
        return uint24(currentFee());
    }

    /// @dev Counts how far the swap moved the price.
    function _swapped(address, SwapParams calldata params, BalanceDelta delta, bytes calldata) internal override {
        Slot0 slot0 = poolManager.slot0(poolId());
        _history.count(
            FlowHistory.Trade({
                zeroForOne: params.zeroForOne,
                // What comes in is what the sender owes, so it is not positive.
                isPaid: (params.zeroForOne ? delta.amount0() : delta.amount1()) != 0,
                rootBefore: _root,
                rootAfter: slot0.sqrtPriceX96(),
                tick: slot0.tick(),
                fee: uint24(currentFee())
            })
        );
    }

    /// @dev Closes the hours before this one: nothing of this hour counts yet.
    function _closeHours() internal override returns (int256[] memory values) {
        _requireHours(_history.closed.opened);
        return _history.close();
    }
}
