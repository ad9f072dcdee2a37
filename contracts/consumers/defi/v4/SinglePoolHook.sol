// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IHooks} from "@uniswap/v4-core/src/interfaces/IHooks.sol";
import {IPoolManager} from "@uniswap/v4-core/src/interfaces/IPoolManager.sol";
import {Hooks} from "@uniswap/v4-core/src/libraries/Hooks.sol";
import {LPFeeLibrary} from "@uniswap/v4-core/src/libraries/LPFeeLibrary.sol";
import {BalanceDelta} from "@uniswap/v4-core/src/types/BalanceDelta.sol";
import {BeforeSwapDelta, BeforeSwapDeltaLibrary} from "@uniswap/v4-core/src/types/BeforeSwapDelta.sol";
import {Currency} from "@uniswap/v4-core/src/types/Currency.sol";
import {PoolId} from "@uniswap/v4-core/src/types/PoolId.sol";
import {PoolKey} from "@uniswap/v4-core/src/types/PoolKey.sol";
import {SwapParams} from "@uniswap/v4-core/src/types/PoolOperation.sol";

/// @title Base of hooks that set the fee of one pool of Uniswap v4
/// @notice Serves one pool, fixed at deployment: two currencies and a tick spacing, with a fee that this hook names for
/// every swap. Nobody else's pool can use it, and nobody can take the place of the pool it was made for. It holds no tokens,
/// changes no amounts and never touches liquidity: the fee is all that it has a say in.
/// @dev v4 reads from the lowest 14 bits of a hook's address which calls it gets, so the address has to be found (CREATE2);
/// the constructor refuses others. These calls are the only ones that exist here, so no other can be answered.
abstract contract SinglePoolHook {
    /// @notice Where the pool is, and the only sender of the calls below.
    IPoolManager public immutable poolManager;

    Currency private immutable _currency0;
    Currency private immutable _currency1;
    int24 private immutable _tickSpacing;
    PoolId private immutable _poolId;

    /// @notice Only the pool manager calls hooks.
    error NotThePoolManager(address sender);

    /// @notice This hook serves another pool.
    error UnknownPool(PoolId poolId);

    /// @dev Lets the manager through, about the one pool.
    modifier onlyServed(PoolKey calldata key) {
        if (msg.sender != address(poolManager)) revert NotThePoolManager(msg.sender);
        PoolId id = key.toId();
        if (PoolId.unwrap(id) != PoolId.unwrap(_poolId)) revert UnknownPool(id);
        _;
    }

    /// @notice Fixes the pool for good. Reverts unless the address asks for the calls of `permissions`.
    /// @param manager the pool manager
    /// @param currencies the two currencies of the pool, in order; 0 is the native coin
    /// @param tickSpacing the pool's tick spacing
    constructor(IPoolManager manager, Currency[2] memory currencies, int24 tickSpacing) {
        Hooks.validateHookPermissions(IHooks(address(this)), permissions());
        (poolManager, _tickSpacing) = (manager, tickSpacing);
        (_currency0, _currency1) = (currencies[0], currencies[1]);
        _poolId = poolKey().toId();
    }

    /// @notice Sees the pool begin; initialising any other with this hook fails here.
    /// @param key the pool
    /// @param tick its first tick
    /// @return selector that of this function
    function afterInitialize(
        address,
        PoolKey calldata key,
        uint160,
        int24 tick
    ) external onlyServed(key) returns (bytes4 selector) {
        _opened(tick);
        return IHooks.afterInitialize.selector;
    }

    /// @notice Names the fee of a swap.
    /// @param sender who called the manager
    /// @param key the pool
    /// @param params the swap
    /// @param hookData what the sender sent along
    /// @return selector that of this function
    /// @return delta nothing
    /// @return fee in millionths of what comes in, with v4's mark that it overrides the stored one
    function beforeSwap(
        address sender,
        PoolKey calldata key,
        SwapParams calldata params,
        bytes calldata hookData
    ) external onlyServed(key) returns (bytes4 selector, BeforeSwapDelta delta, uint24 fee) {
        fee = _feeOf(sender, params, hookData) | LPFeeLibrary.OVERRIDE_FEE_FLAG;
        return (IHooks.beforeSwap.selector, BeforeSwapDeltaLibrary.ZERO_DELTA, fee);
    }

    /// @notice Sees what a swap did.
    /// @param sender who called the manager
    /// @param key the pool
    /// @param params the swap
    /// @param delta what the sender gets (positive) and owes (negative)
    /// @param hookData what the sender sent along
    /// @return selector that of this function
    /// @return unspecifiedDelta nothing
    function afterSwap(
        address sender,
        PoolKey calldata key,
        SwapParams calldata params,
        BalanceDelta delta,
        bytes calldata hookData
    ) external onlyServed(key) returns (bytes4 selector, int128 unspecifiedDelta) {
        _swapped(sender, params, delta, hookData);
        return (IHooks.afterSwap.selector, 0);
    }

    /// @notice Id of the pool.
    /// @return id hash of its key
    function poolId() public view returns (PoolId id) {
        return _poolId;
    }

    /// @notice The pool.
    /// @return key what the manager knows it by
    function poolKey() public view returns (PoolKey memory key) {
        return
            PoolKey({
                currency0: _currency0,
                currency1: _currency1,
                fee: LPFeeLibrary.DYNAMIC_FEE_FLAG,
                tickSpacing: _tickSpacing,
                hooks: IHooks(address(this))
            });
    }

    /// @notice Which calls this hook gets. A hook that gets more than these overrides it.
    /// @return asked the calls
    function permissions() public pure virtual returns (Hooks.Permissions memory asked) {
        (asked.afterInitialize, asked.beforeSwap, asked.afterSwap) = (true, true, true);
    }

    /// @dev Called once, when the pool begins.
    function _opened(int24 tick) internal virtual;

    /// @dev The fee of a swap that is about to be made, in millionths and less than one.
    function _feeOf(
        address sender,
        SwapParams calldata params,
        bytes calldata hookData
    ) internal virtual returns (uint24);

    /// @dev Called after each swap.
    function _swapped(
        address sender,
        SwapParams calldata params,
        BalanceDelta delta,
        bytes calldata hookData
    ) internal virtual;
}
