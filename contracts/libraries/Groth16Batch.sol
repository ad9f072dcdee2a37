// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {BN254} from "./BN254.sol";
import {Domains} from "./Domains.sol";

/// @title Many Groth16 proofs of one key in one pairing check
/// @notice A random linear combination of the verification equations, in the exponent:
///
///     ∏ᵢ e(ρᵢ·Aᵢ, Bᵢ) = e(α, β)^Σρᵢ · e(Σᵢ ρᵢ·IC(xᵢ), γ) · e(Σᵢ ρᵢ·Cᵢ, δ)
///
/// Why a bad proof fails the batch: write each proof's equation as eᵢ = 1 in a group of prime order r. The check is
/// ∏ eᵢ^ρᵢ = 1. If some eᵢ ≠ 1, then for any choice of the other coefficients at most one value of ρᵢ mod r passes. The ρᵢ
/// are 128 bits of keccak256(seed, i), and the seed hashes the domain, the key, the number of proofs, every proof and every
/// signal: they are fixed only after everything that could be chosen. With the hash as a random oracle, each attempt passes
/// with probability 2^-128 or so; ρ₀ = 1 loses nothing, because scaling all coefficients does not change the check (a bad
/// proof 0 alone never passes; with another bad proof i, ρᵢ decides).
///
/// Everything is taken in one group of order r: the precompiles refuse points off the curve and, in G2, out of the
/// subgroup, and coordinates that are not below q (EIP-196, EIP-197). Signals are below r before they are combined, or x and
/// x + r would be one statement.
library Groth16Batch {
    /// @dev One and a half times the price of 45,000 and 34,000 a pair, and of the curve operations (6,000 and 150).
    uint256 private constant PAIRING_BASE_GAS = 67_500;
    uint256 private constant PAIR_GAS = 51_000;
    uint256 private constant MUL_GAS = 9000;
    uint256 private constant ADD_GAS = 500;

    /// @dev Whether all proofs hold. `key` points at canonical key bytes in memory, for signals.length / count signals a
    /// proof; signals are below r; `proofs` is count · 256 bytes, count ≥ 1.
    function verify(
        uint256 key,
        bytes32 vkHash,
        uint256[] calldata signals,
        bytes calldata proofs
    ) internal view returns (bool valid) {
        uint256 count = proofs.length / 256;
        uint256 perProof = signals.length / count;
        _requireGas(count, perProof);
        uint256[] memory rho = _coefficients(vkHash, count, signals, proofs);
        uint256[] memory scalars = _combineSignals(rho, perProof, signals);
        // Pairs: one a proof, then (α, β), (IC, γ) and (C, δ), whose G1 points are negated instead of the A's.
        uint256[] memory pairs = new uint256[](count * 6 + 18);
        bool good = _combineProofs(pairs, rho, proofs);
        _combineKey(pairs, key, scalars, count);
        return good && _pair(pairs);
    }

    /// @dev Everything below is given its full cap, so a precompile that fails has been given a bad point, not too little.
    function _requireGas(uint256 count, uint256 perProof) private view {
        uint256 pairing = PAIRING_BASE_GAS + PAIR_GAS * (count + 3);
        uint256 work = (2 * MUL_GAS + ADD_GAS + 3000 + 200 * perProof) * count + (MUL_GAS + ADD_GAS) * (perProof + 2);
        // 1/64 stays behind at every call.
        uint256 needed = ((pairing + work) * 65) / 64 + 30_000;
        if (gasleft() < needed) revert IProofVerifier.InsufficientGas();
    }

    /// @dev ρ₀ = 1, ρᵢ = low 128 bits of keccak256(seed, i), never 0.
    function _coefficients(
        bytes32 vkHash,
        uint256 count,
        uint256[] calldata signals,
        bytes calldata proofs
    ) private pure returns (uint256[] memory rho) {
        bytes32 seed = keccak256(abi.encodePacked(Domains.BATCH, vkHash, count, proofs, signals));
        rho = new uint256[](count);
        rho[0] = 1;
        assembly ("memory-safe") {
            mstore(0, seed)
            for {
                let i := 1
            } lt(i, count) {
                i := add(i, 1)
            } {
                mstore(0x20, i)
                let low := and(keccak256(0, 0x40), 0xffffffffffffffffffffffffffffffff)
                mstore(add(add(rho, 0x20), shl(5, i)), add(low, iszero(low)))
            }
        }
    }

    /// @dev Σ ρᵢ, then Σ ρᵢ·xᵢⱼ for every signal j, modulo r.
    function _combineSignals(
        uint256[] memory rho,
        uint256 perProof,
        uint256[] calldata signals
    ) private pure returns (uint256[] memory scalars) {
        scalars = new uint256[](perProof + 1);
        uint256 r = BN254.R;
        assembly ("memory-safe") {
            let count := mload(rho)
            let at := signals.offset
            for {
                let i := 1
            } iszero(gt(i, count)) {
                i := add(i, 1)
            } {
                let coefficient := mload(add(rho, shl(5, i)))
                let slot := add(scalars, 0x20)
                mstore(slot, addmod(mload(slot), coefficient, r))
                for {
                    let end := add(at, shl(5, perProof))
                } lt(at, end) {
                    at := add(at, 0x20)
                } {
                    slot := add(slot, 0x20)
                    mstore(slot, addmod(mload(slot), mulmod(coefficient, calldataload(at), r), r))
                }
            }
        }
    }

    /// @dev Writes (ρᵢ·Aᵢ, Bᵢ) into the first pairs and −Σ ρᵢ·Cᵢ as the last pair's G1 point. False for a bad point.
    function _combineProofs(
        uint256[] memory pairs,
        uint256[] memory rho,
        bytes calldata proofs
    ) private view returns (bool good) {
        good = true;
        assembly ("memory-safe") {
            let count := mload(rho)
            let pair := add(pairs, 0x20)
            let sum := add(pair, add(mul(count, 0xc0), 0x180))
            let term := mload(0x40)
            let proof := proofs.offset
            // ρ₀ is 1: A₀ and C₀ stand as they are, and the pairing and the first addition judge them.
            calldatacopy(pair, proof, 0xc0)
            calldatacopy(sum, add(proof, 0xc0), 0x40)
            for {
                let i := 2
            } iszero(gt(i, count)) {
                i := add(i, 1)
            } {
                pair := add(pair, 0xc0)
                proof := add(proof, 0x100)
                let coefficient := mload(add(rho, shl(5, i)))
                calldatacopy(pair, proof, 0xc0)
                mcopy(term, pair, 0x40)
                mstore(add(term, 0x40), coefficient)
                good := and(good, staticcall(MUL_GAS, 7, term, 0x60, pair, 0x40))
                good := and(good, eq(returndatasize(), 0x40))
                calldatacopy(term, add(proof, 0xc0), 0x40)
                good := and(good, staticcall(MUL_GAS, 7, term, 0x60, add(term, 0x40), 0x40))
                good := and(good, eq(returndatasize(), 0x40))
                mcopy(term, sum, 0x40)
                good := and(good, staticcall(ADD_GAS, 6, term, 0x80, sum, 0x40))
                good := and(good, eq(returndatasize(), 0x40))
                if iszero(good) {
                    break
                }
            }
        }
        _negate(pairs, pairs.length - 6);
    }

    /// @dev Writes (−Σρᵢ·α, β), (−IC, γ) and δ into the last pairs. The key's points are known to be good.
    function _combineKey(uint256[] memory pairs, uint256 key, uint256[] memory scalars, uint256 count) private view {
        bool good = true;
        assembly ("memory-safe") {
            let pair := add(add(pairs, 0x20), mul(count, 0xc0))
            let term := mload(0x40)
            mcopy(term, key, 0x40)
            mstore(add(term, 0x40), mload(add(scalars, 0x20)))
            good := and(good, staticcall(MUL_GAS, 7, term, 0x60, pair, 0x40))
            good := and(good, eq(returndatasize(), 0x40))
            mcopy(add(pair, 0x40), add(key, 64), 0x80)

            let sum := add(pair, 0xc0)
            let point := add(key, 448)
            for {
                let at := add(scalars, 0x20)
                let end := add(at, shl(5, mload(scalars)))
            } lt(at, end) {
                at := add(at, 0x20)
            } {
                mcopy(term, point, 0x40)
                mstore(add(term, 0x40), mload(at))
                good := and(good, staticcall(MUL_GAS, 7, term, 0x60, add(term, 0x40), 0x40))
                good := and(good, eq(returndatasize(), 0x40))
                mcopy(term, sum, 0x40)
                good := and(good, staticcall(ADD_GAS, 6, term, 0x80, sum, 0x40))
                good := and(good, eq(returndatasize(), 0x40))
                point := add(point, 0x40)
            }
            mcopy(add(pair, 0x100), add(key, 192), 0x80)
            mcopy(add(pair, 0x1c0), add(key, 320), 0x80)
        }
        if (!good) revert IProofVerifier.InsufficientGas();
        _negate(pairs, count * 6);
        _negate(pairs, count * 6 + 6);
    }

    /// @dev (x, y) at an index becomes (x, −y), and −0 is 0. A y that is not below q stays, for the pairing to refuse.
    function _negate(uint256[] memory pairs, uint256 index) private pure {
        uint256 y = pairs[index + 1];
        if (y < BN254.Q && y != 0) pairs[index + 1] = BN254.Q - y;
    }

    function _pair(uint256[] memory pairs) private view returns (bool valid) {
        uint256 cap = PAIRING_BASE_GAS + PAIR_GAS * (pairs.length / 6);
        assembly ("memory-safe") {
            let at := mload(0x40)
            let success := staticcall(cap, 8, add(pairs, 0x20), shl(5, mload(pairs)), at, 0x20)
            valid := and(and(success, eq(returndatasize(), 0x20)), eq(mload(at), 1))
        }
    }
}
