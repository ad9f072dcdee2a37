// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";

/// @title Real values with 18 decimals, and integers with a power-of-two scale
/// @notice Exact: products have 512 bits, and nothing is rounded before the end.
library FixedPoint {
    /// @dev The real number 1.
    uint256 internal constant WAD = 1e18;

    /// @dev WAD · 2^196 < 2^256 ≤ WAD · 2^197.
    int256 internal constant MIN_EXPONENT = -196;
    int256 internal constant MAX_EXPONENT = 255;

    /// @notice The exponent of a scale is outside [-196, 255].
    error ExponentOutOfRange(int256 exponent);

    /// @dev value · 2^exponent as a whole number, towards −∞, and what is left, in parts of `unit`. Nothing of that means
    /// anything unless it `fits` in 255 bits and a sign.
    function toScale(
        int256 value,
        int256 exponent
    ) internal pure returns (int256 whole, uint256 rest, uint256 unit, bool fits) {
        _requireExponent(exponent);
        unit = exponent < 0 ? WAD << uint256(-exponent) : WAD;
        (whole, rest, fits) = _floorDiv(value, exponent < 0 ? 1 : 1 << uint256(exponent), unit);
    }

    /// @dev q · 2^-exponent with 18 decimals, the same way.
    function fromScale(
        int256 q,
        int256 exponent
    ) internal pure returns (int256 whole, uint256 rest, uint256 unit, bool fits) {
        _requireExponent(exponent);
        unit = exponent < 0 ? 1 : 1 << uint256(exponent);
        (whole, rest, fits) = _floorDiv(q, exponent < 0 ? WAD << uint256(-exponent) : WAD, unit);
    }

    /// @dev Whether whole + rest / unit rounds up: half up, ⌊x + 1/2⌋.
    function roundsUp(uint256 rest, uint256 unit) internal pure returns (bool) {
        return rest >= unit - rest;
    }

    /// @dev ⌊a · factor / divisor⌋ and the rest, below the divisor.
    function _floorDiv(
        int256 a,
        uint256 factor,
        uint256 divisor
    ) private pure returns (int256 whole, uint256 rest, bool fits) {
        uint256 size = SignedMath.abs(a);
        (uint256 high, ) = Math.mul512(size, factor);
        if (high >= divisor) return (0, 0, false);
        uint256 quotient = Math.mulDiv(size, factor, divisor);
        if (quotient >= uint256(type(int256).max)) return (0, 0, false);
        rest = mulmod(size, factor, divisor);
        if (a >= 0) return (int256(quotient), rest, true);
        return rest == 0 ? (-int256(quotient), 0, true) : (-int256(quotient) - 1, divisor - rest, true);
    }

    function _requireExponent(int256 exponent) private pure {
        if (exponent < MIN_EXPONENT || exponent > MAX_EXPONENT) revert ExponentOutOfRange(exponent);
    }
}
