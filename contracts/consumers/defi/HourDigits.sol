// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";

/// @title Numbers of closed hours, as digits
/// @notice Eight hours of a few numbers each, from −1,024 to 1,023 and clamped to that: digits of 11 bits, as models take
/// them. Hours are shifted into words, the newest lowest.
library HourDigits {
    /// @dev How many hours are kept.
    uint256 internal constant HOURS = 8;

    /// @dev Least value of a digit, which has 11 bits.
    int256 internal constant LO = -1024;
    uint256 internal constant BITS = 11;

    int256 private constant HIGHEST = 1023;

    /// @dev The digit of a number.
    function digit(int256 value) internal pure returns (uint256) {
        return uint256(SignedMath.max(LO, SignedMath.min(HIGHEST, value)) - LO);
    }

    /// @dev The digit of a count.
    function digit(uint256 value) internal pure returns (uint256) {
        return value < uint256(HIGHEST) ? uint256(int256(value) - LO) : uint256(HIGHEST - LO);
    }

    /// @dev Writes the numbers of a word, the lowest first, into a list.
    function read(uint256 digits, uint256 count, int256[] memory list, uint256 at) internal pure {
        for (uint256 i = 0; i < count; ++i) {
            list[at + i] = int256(digits & ((1 << BITS) - 1)) + LO;
            digits >>= BITS;
        }
    }
}
