// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {BN254} from "../../../contracts/libraries/BN254.sol";
import {G2Points} from "./G2Points.sol";

/// @title Proofs of any statement
/// @notice A key whose logarithms are known stands in for circuit, setup and prover: a proof is A = a·G1, B = b·G2 and
/// C = c·G1 with a·b = α·β + (IC_0 + Σ xᵢ·ICᵢ)·γ + c·δ. B is one of a few points computed once; a is random; c follows.
library TrapdoorProver {
    /// @notice Logarithms of a key; β, γ and δ as indexes of `G2Points`.
    struct Key {
        uint256 alpha;
        uint256 beta;
        uint256 gamma;
        uint256 delta;
        uint256[] ic;
    }

    error PrecompileFailed(address precompile);

    /// @dev A key for some signals; the same seed gives the same key.
    function generate(uint256 signals, uint256 seed) internal pure returns (Key memory key) {
        key.alpha = scalar(seed, 0);
        uint256 n = G2Points.COUNT;
        key.beta = scalar(seed, 1) % n;
        key.gamma = (key.beta + 1 + (scalar(seed, 2) % (n - 1))) % n;
        key.delta = (key.gamma + 1) % n;
        if (key.delta == key.beta) key.delta = (key.delta + 1) % n;
        key.ic = new uint256[](signals + 1);
        for (uint256 i = 0; i <= signals; ++i) {
            key.ic[i] = scalar(seed, 3 + i);
        }
    }

    /// @dev The canonical bytes: α, β, γ, δ, IC_0 … IC_n.
    function encode(Key memory key) internal view returns (bytes memory data) {
        data = abi.encodePacked(
            multiply(key.alpha),
            G2Points.pointAt(key.beta),
            G2Points.pointAt(key.gamma),
            G2Points.pointAt(key.delta)
        );
        for (uint256 i = 0; i < key.ic.length; ++i) {
            data = abi.encodePacked(data, multiply(key.ic[i]));
        }
    }

    /// @dev A, B and C, 256 bytes. Other randomness gives another proof of the same statement.
    function prove(
        Key memory key,
        uint256[] memory signals,
        uint256 randomness
    ) internal view returns (bytes memory points) {
        uint256 r = BN254.R;
        uint256 index = randomness % G2Points.COUNT;
        uint256 a = scalar(randomness, 0);
        uint256 combined = key.ic[0];
        for (uint256 i = 0; i < signals.length; ++i) {
            combined = addmod(combined, mulmod(signals[i], key.ic[i + 1], r), r);
        }
        uint256 right = addmod(
            mulmod(key.alpha, G2Points.logOf(key.beta), r),
            mulmod(combined, G2Points.logOf(key.gamma), r),
            r
        );
        uint256 c = addmod(mulmod(a, G2Points.logOf(index), r), r - right, r);
        c = mulmod(c, invert(G2Points.logOf(key.delta)), r);
        return abi.encodePacked(multiply(a), G2Points.pointAt(index), multiply(c));
    }

    /// @dev (−A, −B, C) of a proof, which holds exactly when the proof does.
    function malleate(bytes memory points) internal pure returns (bytes memory other) {
        other = bytes.concat(points);
        _negateWord(other, 32);
        _negateWord(other, 128);
        _negateWord(other, 160);
    }

    /// @dev k·(1, 2).
    function multiply(uint256 k) internal view returns (bytes memory point) {
        return _call(address(7), abi.encode(uint256(1), uint256(2), k));
    }

    /// @dev 1 / x modulo r, as x^(r − 2).
    function invert(uint256 x) internal view returns (uint256) {
        bytes memory input = abi.encode(uint256(32), uint256(32), uint256(32), x, BN254.R - 2, BN254.R);
        return uint256(bytes32(_call(address(5), input)));
    }

    /// @dev A scalar from 1 to r − 1.
    function scalar(uint256 seed, uint256 index) internal pure returns (uint256) {
        return 1 + (uint256(keccak256(abi.encode("zkml.trapdoor", seed, index))) % (BN254.R - 1));
    }

    function _negateWord(bytes memory data, uint256 at) private pure {
        uint256 q = BN254.Q;
        assembly ("memory-safe") {
            let word := add(add(data, 32), at)
            mstore(word, mod(sub(q, mload(word)), q))
        }
    }

    function _call(address precompile, bytes memory input) private view returns (bytes memory output) {
        bool success;
        (success, output) = precompile.staticcall(input);
        if (!success || output.length == 0) revert PrecompileFailed(precompile);
    }
}
