// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {BN254} from "./BN254.sol";

/// @title What makes a Groth16 key acceptable
/// @notice Point names in errors: 0 α, 1 β, 2 γ, 3 δ, 4 + i IC_i.
library VerifyingKeys {
    /// @dev Bytes of α, β, γ and δ.
    uint256 internal constant FIXED_BYTES = 448;

    /// @dev A key is code behind a STOP byte, and EIP-170 caps code at 24,576 bytes.
    uint256 internal constant MAX_SIGNALS = (24575 - FIXED_BYTES) / 64 - 1;

    uint256 private constant BETA = 64;
    uint256 private constant GAMMA = 192;
    uint256 private constant DELTA = 320;

    /// @notice A key is 448 + 64 · (signals + 1) bytes, with 1 to 375 signals.
    error BadKeyLength(uint256 length);

    /// @notice A coordinate is not below q.
    error KeyCoordinateNotInField(uint256 point);

    /// @notice α, β, γ, δ or an IC_i with i ≥ 1 is the point at infinity.
    error KeyPointAtInfinity(uint256 point);

    /// @notice A G1 point is not on the curve.
    error KeyPointNotOnCurve(uint256 point);

    /// @notice β, γ or δ is not on the twist or not in the subgroup of order r.
    error KeyPointNotInSubgroup();

    /// @notice γ = ±δ: whoever knows the key can prove anything.
    error GammaEqualsDelta();

    /// @notice δ is ± the generator: nobody contributed to phase 2, and anyone can prove anything.
    error DeltaIsGenerator();

    /// @notice β = ±γ: A = α ± (IC_0 + Σ xᵢ·ICᵢ), B = β, C = 0 proves anything.
    error BetaEqualsGamma();

    /// @notice β = ±δ: A = IC_0 + Σ xᵢ·ICᵢ, B = γ, C = ∓α proves anything.
    error BetaEqualsDelta();

    /// @notice β is ± the generator: nobody contributed to phase 1.
    error BetaIsGenerator();

    /// @notice α is ± the generator: nobody contributed to phase 1.
    error AlphaIsGenerator();

    /// @notice Reverts unless the key can carry soundness.
    /// @dev A negated point is as bad as the point itself, and both have the same x, so x is compared.
    /// @param key canonical key bytes
    /// @return signals number of public signals
    function check(bytes memory key) internal view returns (uint256 signals) {
        signals = countSignals(key.length);
        _checkG1(key, 0, 0);
        for (uint256 point = 1; point < 4; ++point) {
            _checkG2(key, point, BETA + (point - 1) * 128);
        }
        for (uint256 i = 0; i <= signals; ++i) {
            _checkG1(key, 4 + i, FIXED_BYTES + i * 64);
        }
        _checkRelations(key);
        _checkSubgroup(key);
    }

    /// @dev The number of signals of a key of some length.
    function countSignals(uint256 length) internal pure returns (uint256 signals) {
        if (length < FIXED_BYTES + 128 || (length - FIXED_BYTES) % 64 != 0) revert BadKeyLength(length);
        signals = (length - FIXED_BYTES) / 64 - 1;
        if (signals > MAX_SIGNALS) revert BadKeyLength(length);
    }

    function _checkG1(bytes memory key, uint256 point, uint256 at) private pure {
        uint256 x = _word(key, at);
        uint256 y = _word(key, at + 32);
        if (x >= BN254.Q || y >= BN254.Q) revert KeyCoordinateNotInField(point);
        if (x == 0 && y == 0) {
            // IC_0 alone may be infinite: it multiplies the constant 1, so nothing is unbound by it.
            if (point != 4) revert KeyPointAtInfinity(point);
        } else if (!BN254.isOnCurve(x, y)) {
            revert KeyPointNotOnCurve(point);
        }
    }

    function _checkG2(bytes memory key, uint256 point, uint256 at) private pure {
        uint256 union = 0;
        for (uint256 i = 0; i < 128; i += 32) {
            uint256 coordinate = _word(key, at + i);
            if (coordinate >= BN254.Q) revert KeyCoordinateNotInField(point);
            union |= coordinate;
        }
        if (union == 0) revert KeyPointAtInfinity(point);
    }

    /// @dev The relations between points, and to the generators, that let anyone forge or show a missing contribution.
    function _checkRelations(bytes memory key) private pure {
        if (_haveSameX(key, GAMMA, DELTA)) revert GammaEqualsDelta();
        if (_isGeneratorX(key, DELTA)) revert DeltaIsGenerator();
        if (_haveSameX(key, BETA, GAMMA)) revert BetaEqualsGamma();
        if (_haveSameX(key, BETA, DELTA)) revert BetaEqualsDelta();
        if (_isGeneratorX(key, BETA)) revert BetaIsGenerator();
        if (_word(key, 0) == BN254.G1_X) revert AlphaIsGenerator();
    }

    /// @dev Whether two G2 points are equal or opposite.
    function _haveSameX(bytes memory key, uint256 first, uint256 second) private pure returns (bool) {
        return _word(key, first) == _word(key, second) && _word(key, first + 32) == _word(key, second + 32);
    }

    /// @dev Whether a G2 point is ± the generator.
    function _isGeneratorX(bytes memory key, uint256 at) private pure returns (bool) {
        return _word(key, at) == BN254.G2_X1 && _word(key, at + 32) == BN254.G2_X0;
    }

    function _checkSubgroup(bytes memory key) private view {
        bytes memory points = new bytes(384);
        assembly ("memory-safe") {
            mcopy(add(points, 32), add(key, add(32, BETA)), 384)
        }
        if (!BN254.areInG2(points)) revert KeyPointNotInSubgroup();
    }

    function _word(bytes memory key, uint256 at) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(key, 32), at))
        }
    }
}
