// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IModelFee} from "../IModelFee.sol";

/// @title A hook of Uniswap v4 whose fee a model proposes
/// @notice Names the fee of every swap of one pool: a {IModelFee}, over what the hook itself saw of that pool's swaps in its
/// last eight closed hours. Swaps always go through, at the fallback fee if need be: no proof, prover, model or verifier can
/// stop one. It holds no tokens, and cannot touch amounts or liquidity.
interface IDynamicFeeHook is IModelFee {
    /// @notice What an inference would be about now: of each of the last eight closed hours, the newest first, imbalance and
    /// volume in basis points of the root of the price, volatility in ticks, trades, and the fee in tenths of a basis point. Empty
    /// before the pool begins.
    /// @return values forty numbers
    function closedHours() external view returns (int256[] memory values);
}
