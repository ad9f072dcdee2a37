// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
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
    function _feeOf(address, SwapParams calldata, bytes calldata) internal view override returns (uint24) {
        return uint24(currentFee());
    }

    /// @dev Counts what came in, against the reserves that the liquidity in range stands for.
    function _swapped(address, SwapParams calldata params, BalanceDelta delta, bytes calldata) internal override {
        Slot0 slot0 = poolManager.slot0(poolId());
        (uint256 root, uint256 liquidity) = (slot0.sqrtPriceX96(), poolManager.liquidity(poolId()));
        bool forward = params.zeroForOne;
        _history.count(
            FlowHistory.Trade({
                zeroForOne: forward,
                // What comes in is what the sender owes, so it is not positive.
                amountIn: uint256(-int256(forward ? delta.amount0() : delta.amount1())),
                reserveIn: forward ? (liquidity << 96) / root : Math.mulDiv(liquidity, root, 1 << 96),
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
