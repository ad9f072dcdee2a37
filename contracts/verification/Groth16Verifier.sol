// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Create3} from "@openzeppelin/contracts/utils/Create3.sol";
import {ERC165, IERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {ERC165Checker} from "@openzeppelin/contracts/utils/introspection/ERC165Checker.sol";
import {IBatchVerifier} from "../interfaces/IBatchVerifier.sol";
import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {ISharedVerifier} from "../interfaces/ISharedVerifier.sol";
import {IVerifyingKeyStore} from "../interfaces/IVerifyingKeyStore.sol";
import {BN254} from "../libraries/BN254.sol";
import {Domains} from "../libraries/Domains.sol";
import {Groth16Batch} from "../libraries/Groth16Batch.sol";

/// @title Shared Groth16 verifier
/// @notice Checks proofs over BN254 under any key of one key store: e(A, B) = e(α, β) · e(IC_0 + Σ xᵢ·ICᵢ, γ) · e(C, δ).
/// A proof with a malformed point returns false; misuse reverts.
///
/// Gas of precompiles: each call is given one and a half times its present price and no more, so that a bad point cannot
/// burn everything, and a moderate repricing breaks nothing. Failing with less than that proves nothing and reverts.
///
/// A call to an account without code succeeds and returns nothing. So the size of every answer is checked, and a chain
/// without these precompiles verifies nothing.
contract Groth16Verifier is ISharedVerifier, IBatchVerifier, ERC165 {
    /// @dev A pairing of four pairs costs 181,000.
    uint256 private constant PAIRING_GAS = 271_500;

    /// @inheritdoc ISharedVerifier
    address public immutable keyStore;

    /// @notice Pins the key store for good.
    /// @param keyStore_ the store whose keys are served
    constructor(address keyStore_) {
        if (!ERC165Checker.supportsInterface(keyStore_, type(IVerifyingKeyStore).interfaceId)) {
            revert NotAKeyStore(keyStore_);
        }
        keyStore = keyStore_;
    }

    /// @inheritdoc IProofVerifier
    function verify(
        bytes32 vkHash,
        uint256[] calldata signals,
        bytes calldata proof
    ) external view returns (bool valid) {
        if (proof.length != 256) revert WrongProofLength(proof.length);
        uint256 key = _loadKey(vkHash, signals.length);
        _requireInField(signals);
        uint256 input = _combine(key, signals);
        return _pair(key, input, proof);
    }

    /// @inheritdoc IBatchVerifier
    function verifyBatch(
        bytes32 vkHash,
        uint256[] calldata signals,
        bytes calldata proofs
    ) external view returns (bool valid) {
        uint256 count = proofs.length / 256;
        if (count == 0 || proofs.length % 256 != 0) revert WrongProofLength(proofs.length);
        uint256 perProof = signals.length / count;
        uint256 key = _loadKey(vkHash, perProof);
        if (perProof * count != signals.length) revert WrongSignalCount(perProof * count, signals.length);
        _requireInField(signals);
        return Groth16Batch.verify(key, vkHash, signals, proofs);
    }

    /// @inheritdoc IProofVerifier
    function proofSystemId() external pure returns (bytes4 id) {
        return Domains.GROTH16;
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override(ERC165, IERC165) returns (bool) {
        return
            interfaceId == type(IProofVerifier).interfaceId ||
            interfaceId == type(ISharedVerifier).interfaceId ||
            interfaceId == type(IBatchVerifier).interfaceId ||
            super.supportsInterface(interfaceId);
    }

    /// @dev Copies a key into memory and returns where it is. What the store deployed is a checked key with this hash.
    function _loadKey(bytes32 vkHash, uint256 signals) private view returns (uint256 key) {
        address pointer = Create3.computeAddress(vkHash, keyStore);
        uint256 size = pointer.code.length;
        if (size == 0) revert UnknownVerifyingKey(vkHash);
        uint256 expected = (size - 513) / 64;
        if (signals != expected) revert WrongSignalCount(expected, signals);
        assembly ("memory-safe") {
            key := mload(0x40)
            mstore(0x40, add(key, size))
            extcodecopy(pointer, key, 1, sub(size, 1))
        }
    }

    /// @dev Refuses signals that would alias others modulo r.
    function _requireInField(uint256[] calldata signals) private pure {
        uint256 r = BN254.R;
        uint256 index = signals.length;
        assembly ("memory-safe") {
            for {
                let i := 0
            } lt(i, signals.length) {
                i := add(i, 1)
            } {
                if iszero(lt(calldataload(add(signals.offset, shl(5, i))), r)) {
                    index := i
                    break
                }
            }
        }
        if (index != signals.length) revert SignalNotInField(index, signals[index]);
    }

    /// @dev IC_0 + Σ xᵢ·ICᵢ, as a pointer to two words. The points are known to be good, so only starvation (the
    /// prices are 6,000 and 150) or a chain without these precompiles can make them fail.
    function _combine(uint256 key, uint256[] calldata signals) private view returns (uint256 sum) {
        bool enough = true;
        assembly ("memory-safe") {
            sum := mload(0x40)
            mstore(0x40, add(sum, 0xa0))
            let term := add(sum, 0x40)
            let point := add(key, 448)
            mcopy(sum, point, 0x40)
            let end := add(signals.offset, shl(5, signals.length))
            for {
                let at := signals.offset
            } lt(at, end) {
                at := add(at, 0x20)
            } {
                point := add(point, 0x40)
                mcopy(term, point, 0x40)
                mstore(add(term, 0x40), calldataload(at))
                enough := and(enough, staticcall(9000, 7, term, 0x60, term, 0x40))
                enough := and(enough, eq(returndatasize(), 0x40))
                enough := and(enough, staticcall(500, 6, sum, 0x80, sum, 0x40))
                enough := and(enough, eq(returndatasize(), 0x40))
            }
        }
        if (!enough) revert InsufficientGas();
    }

    /// @dev e(−A, B) · e(α, β) · e(input, γ) · e(C, δ) = 1.
    function _pair(uint256 key, uint256 input, bytes calldata proof) private view returns (bool valid) {
        bool starved;
        assembly ("memory-safe") {
            let q := 21888242871839275222246405745257275088696311157297823662689037894645226208583
            let at := mload(0x40)
            calldatacopy(at, proof.offset, 0xc0)
            let y := mload(add(at, 0x20))
            // −A is (x, q − y); a y that is not below q would alias another one, and −0 is 0. Every other coordinate is
            // checked by the precompile.
            if lt(y, q) {
                mstore(add(at, 0x20), mod(sub(q, y), q))
                mcopy(add(at, 0xc0), key, 0xc0)
                mcopy(add(at, 0x180), input, 0x40)
                mcopy(add(at, 0x1c0), add(key, 192), 0x80)
                calldatacopy(add(at, 0x240), add(proof.offset, 0xc0), 0x40)
                mcopy(add(at, 0x280), add(key, 320), 0x80)
                let available := gas()
                let success := staticcall(PAIRING_GAS, 8, at, 0x300, at, 0x20)
                valid := and(and(success, eq(returndatasize(), 0x20)), eq(mload(at), 1))
                starved := and(iszero(success), lt(sub(available, shr(6, available)), add(PAIRING_GAS, 1000)))
            }
        }
        if (starved) revert InsufficientGas();
    }
}
