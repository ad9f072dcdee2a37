// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Logarithm of a price
/// @notice log2 with 24 binary decimals, rounded down, and differences of it in ticks: whole basis points of the natural
/// logarithm. Whole bits come from the highest bit set, the others from squaring the rest 24 times. An error of one unit
/// is 0.0004 ticks. About 3,500 gas.
library PriceLog {
    /// @dev Binary decimals.
    uint256 internal constant DECIMALS = 24;

    /// @dev Quotients are taken with so many binary decimals: 112 + 143 bits fit in a word, and the least quotient of two
    /// numbers of 112 bits still has 31 bits of precision.
    uint256 private constant SHIFT = 143;

    /// @dev 10^16 · ln 2.
    int256 private constant LN2 = 6931471805599453;

    /// @dev One tick, in the units of a logarithm times LN2: 10^-4 · 10^16 · 2^24.
    int256 private constant TICK = int256(1e12 << DECIMALS);

    /// @dev log2(a / b) for numbers from 1 to 2^112 − 1.
    function log2(uint256 a, uint256 b) internal pure returns (int256 result) {
        uint256 ratio = (a << SHIFT) / b;
        uint256 whole = Math.log2(ratio);
        // From here on 1 ≤ rest < 2 with 127 binary decimals, so that its square fits.
        uint256 rest = whole > 127 ? ratio >> (whole - 127) : ratio << (127 - whole);
        uint256 digits = 0;
        for (uint256 i = 0; i < DECIMALS; ++i) {
            rest = (rest * rest) >> 127;
            uint256 carry = rest >> 128;
            rest >>= carry;
            digits = (digits << 1) | carry;
        }
        return (int256(whole) - int256(SHIFT)) * int256(1 << DECIMALS) + int256(digits);
    }

    /// @dev A difference of logarithms in ticks, to the nearest one.
    function ticks(int256 difference) internal pure returns (int256) {
        int256 scaled = difference * LN2 + TICK / 2;
        // Division rounds towards 0; this has to round down.
        return scaled / TICK - (scaled < 0 && scaled % TICK != 0 ? int256(1) : int256(0));
    }
}
