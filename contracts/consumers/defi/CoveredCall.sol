// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Arithmetic of covered calls
/// @notice A call is on one unit of the underlying, which also pays for it. Shares of the spot are in hundredths of a basis
/// point. Prices have 112 bits at most, amounts 128. What is rounded favours who wrote the call.
library CoveredCall {
    /// @dev The whole spot.
    uint256 internal constant UNIT = 1e6;
    uint256 internal constant BPS = 1e4;

    /// @dev What is paid at expiry, in the underlying: (S − K) / S of the amount, always less than all of it.
    function payoff(uint256 amount, uint256 strike, uint256 spot) internal pure returns (uint256) {
        if (spot <= strike) return 0;
        return Math.mulDiv(amount, spot - strike, spot);
    }

    /// @dev What a quote costs now, in the underlying. A quote is a value in money, `share` of the spot it was taken at; a
    /// call gains at most what the spot gains, so adding that leaves a buyer nothing of a rise. At least what the call would
    /// pay now, and always the spread on top; at most the whole amount.
    function premium(
        uint256 share,
        uint256 quotedAt,
        uint256 spot,
        uint256 strike,
        uint256 spread,
        uint256 amount
    ) internal pure returns (uint256) {
        uint256 value = share * quotedAt + Math.saturatingSub(spot, quotedAt) * UNIT;
        value = Math.max(value, Math.saturatingSub(spot, strike) * UNIT) + spread * spot;
        return Math.min(amount, Math.mulDiv(amount, value, spot * UNIT, Math.Rounding.Ceil));
    }

    /// @dev How far a price is from another one, in basis points of that.
    function moveOf(uint256 spot, uint256 from) internal pure returns (uint256) {
        uint256 gap = spot > from ? spot - from : from - spot;
        return Math.mulDiv(gap, BPS, from, Math.Rounding.Ceil);
    }
}
