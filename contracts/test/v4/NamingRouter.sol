// SPDX-License-Identifier: MIT
/* solhint-disable use-natspec */
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IPoolManager} from "@uniswap/v4-core/src/interfaces/IPoolManager.sol";
import {IUnlockCallback} from "@uniswap/v4-core/src/interfaces/callback/IUnlockCallback.sol";
import {BalanceDelta} from "@uniswap/v4-core/src/types/BalanceDelta.sol";
import {Currency} from "@uniswap/v4-core/src/types/Currency.sol";
import {PoolKey} from "@uniswap/v4-core/src/types/PoolKey.sol";
import {SwapParams} from "@uniswap/v4-core/src/types/PoolOperation.sol";
import {INamingRouter} from "../../consumers/reputation/INamingRouter.sol";

/// @title Swaps for whoever calls and says who that is, for tests
contract NamingRouter is INamingRouter, IUnlockCallback {
    IPoolManager public immutable manager;

    address public transient msgSender;

    error NotTheManager(address sender);
    error Busy();

    constructor(IPoolManager manager_) {
        manager = manager_;
    }

    function swap(PoolKey calldata key, SwapParams calldata params, bytes calldata hookData) external {
        if (msgSender != address(0)) revert Busy();
        msgSender = msg.sender;
        manager.unlock(abi.encode(key, params, hookData));
        msgSender = address(0);
    }

    function unlockCallback(bytes calldata data) external returns (bytes memory) {
        if (msg.sender != address(manager)) revert NotTheManager(msg.sender);
        (PoolKey memory key, SwapParams memory params, bytes memory hookData) = abi.decode(
            data,
            (PoolKey, SwapParams, bytes)
        );
        BalanceDelta delta = manager.swap(key, params, hookData);
        _square(key.currency0, delta.amount0());
        _square(key.currency1, delta.amount1());
        return "";
    }

    function _square(Currency currency, int128 amount) private {
        if (amount < 0) {
            manager.sync(currency);
            // solhint-disable-next-line check-send-result
            IERC20(Currency.unwrap(currency)).transferFrom(msgSender, address(manager), uint128(-amount));
            manager.settle();
        } else if (amount > 0) {
            manager.take(currency, msgSender, uint128(amount));
        }
    }
}
