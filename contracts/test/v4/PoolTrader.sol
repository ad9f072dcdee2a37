// SPDX-License-Identifier: MIT
/* solhint-disable use-natspec */
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IPoolManager} from "@uniswap/v4-core/src/interfaces/IPoolManager.sol";
import {IUnlockCallback} from "@uniswap/v4-core/src/interfaces/callback/IUnlockCallback.sol";
import {BalanceDelta} from "@uniswap/v4-core/src/types/BalanceDelta.sol";
import {Currency} from "@uniswap/v4-core/src/types/Currency.sol";
import {PoolKey} from "@uniswap/v4-core/src/types/PoolKey.sol";
import {ModifyLiquidityParams, SwapParams} from "@uniswap/v4-core/src/types/PoolOperation.sol";

/// @title Swaps and moves liquidity for whoever calls, with their ERC-20 tokens, for tests
/// @dev Several actions of one call happen in one lock, in their order, as a searcher's would. Positions belong to this
/// contract and are told apart by a salt made of the caller's address.
contract PoolTrader is IUnlockCallback {
    struct Action {
        bool isSwap;
        SwapParams swap;
        ModifyLiquidityParams liquidity;
        bytes hookData;
    }

    IPoolManager public immutable manager;

    error NotTheManager(address sender);

    constructor(IPoolManager manager_) {
        manager = manager_;
    }

    function swap(
        PoolKey calldata key,
        SwapParams calldata params,
        bytes calldata hookData
    ) external returns (BalanceDelta delta) {
        Action[] memory actions = new Action[](1);
        (actions[0].isSwap, actions[0].swap, actions[0].hookData) = (true, params, hookData);
        return _run(key, actions);
    }

    function modifyLiquidity(
        PoolKey calldata key,
        int24 tickLower,
        int24 tickUpper,
        int256 liquidityDelta
    ) external returns (BalanceDelta delta) {
        Action[] memory actions = new Action[](1);
        actions[0].liquidity = ModifyLiquidityParams(tickLower, tickUpper, liquidityDelta, 0);
        return _run(key, actions);
    }

    function run(PoolKey calldata key, Action[] calldata actions) external returns (BalanceDelta delta) {
        return _run(key, actions);
    }

    function unlockCallback(bytes calldata data) external returns (bytes memory) {
        if (msg.sender != address(manager)) revert NotTheManager(msg.sender);
        (address account, PoolKey memory key, Action[] memory actions) = abi.decode(data, (address, PoolKey, Action[]));
        BalanceDelta delta;
        for (uint256 i = 0; i < actions.length; ++i) {
            delta = delta + _act(account, key, actions[i]);
        }
        _square(account, key.currency0, delta.amount0());
        _square(account, key.currency1, delta.amount1());
        return abi.encode(delta);
    }

    function _run(PoolKey calldata key, Action[] memory actions) private returns (BalanceDelta) {
        return abi.decode(manager.unlock(abi.encode(msg.sender, key, actions)), (BalanceDelta));
    }

    function _act(address account, PoolKey memory key, Action memory action) private returns (BalanceDelta delta) {
        if (action.isSwap) return manager.swap(key, action.swap, action.hookData);
        action.liquidity.salt = bytes32(uint256(uint160(account)));
        (delta, ) = manager.modifyLiquidity(key, action.liquidity, action.hookData);
    }

    function _square(address account, Currency currency, int128 amount) private {
        if (amount < 0) {
            manager.sync(currency);
            // solhint-disable-next-line check-send-result
            IERC20(Currency.unwrap(currency)).transferFrom(account, address(manager), uint128(-amount));
            manager.settle();
        } else if (amount > 0) {
            manager.take(currency, account, uint128(amount));
        }
    }
}
