// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Arithmetic of a constant-product pool
/// @notice Reserves and amounts of 112 bits at most. Whoever trades, adds or removes bears the rounding; the pool never.
library ConstantProduct {
    /// @dev A fee of 1: fees are in millionths.
    uint256 internal constant FEE_UNIT = 1e6;

    /// @dev What a trade gives: the fee stays in the pool, and the product of the reserves never falls.
    function amountOut(
        uint256 amountIn,
        uint256 reserveIn,
        uint256 reserveOut,
        uint256 fee
    ) internal pure returns (uint256) {
        uint256 weighted = amountIn * (FEE_UNIT - fee);
        return (weighted * reserveOut) / (reserveIn * FEE_UNIT + weighted);
    }

    /// @dev Most shares that two amounts pay for, rounded down.
    function sharesFor(
        uint256 amount0,
        uint256 amount1,
        uint256 reserve0,
        uint256 reserve1,
        uint256 supply
    ) internal pure returns (uint256) {
        return Math.min(Math.mulDiv(amount0, supply, reserve0), Math.mulDiv(amount1, supply, reserve1));
    }

    /// @dev What shares cost of a reserve: rounded up.
    function costOf(uint256 shares, uint256 reserve, uint256 supply) internal pure returns (uint256) {
        return Math.mulDiv(shares, reserve, supply, Math.Rounding.Ceil);
    }

    /// @dev What shares give of a reserve: rounded down.
    function valueOf(uint256 shares, uint256 reserve, uint256 supply) internal pure returns (uint256) {
        return Math.mulDiv(shares, reserve, supply);
    }
}
