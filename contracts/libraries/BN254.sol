// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title BN254, as far as a verifying key has to be judged
/// @notice The curve of EIP-196 and EIP-197: y² = x³ + 3 over F_q, groups of order r. The point at infinity is all zeros.
library BN254 {
    /// @dev Base field modulus.
    uint256 internal constant Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583;

    /// @dev Scalar field modulus, the order of G1 and G2.
    uint256 internal constant R = 21888242871839275222246405745257275088548364400416034343698204186575808495617;

    /// @dev x of the G1 generator (1, 2).
    uint256 internal constant G1_X = 1;

    /// @dev x of the G2 generator, c1 and c0.
    uint256 internal constant G2_X1 = 11559732032986387107991004021392285783925812861821192530917403151452391805634;
    uint256 internal constant G2_X0 = 10857046999023057135944570762232829481370756359578518086990519993285655852781;

    address private constant EC_PAIRING = address(8);

    /// @dev Whether reduced, non-zero coordinates satisfy y² = x³ + 3. G1 has cofactor 1, so that is membership.
    function isOnCurve(uint256 x, uint256 y) internal pure returns (bool) {
        return mulmod(y, y, Q) == addmod(mulmod(mulmod(x, x, Q), x, Q), 3, Q);
    }

    /// @dev Whether each of some G2 points is on the twist and of order r (or infinite). The pairing precompile must
    /// reject any other point, whatever it is paired with (EIP-197), so each is paired with the infinite G1 point and
    /// every product is 1. `points` has four words a point, in EIP-197 order.
    function areInG2(bytes memory points) internal view returns (bool valid) {
        uint256 count = points.length / 128;
        bytes memory input = new bytes(count * 192);
        for (uint256 i = 0; i < count; ++i) {
            assembly ("memory-safe") {
                mcopy(add(input, add(96, mul(i, 192))), add(points, add(32, mul(i, 128))), 128)
            }
        }
        (bool success, bytes memory result) = EC_PAIRING.staticcall(input);
        return success && result.length == 32 && abi.decode(result, (uint256)) == 1;
    }
}
