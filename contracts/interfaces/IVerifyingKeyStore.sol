// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

/// @title Verifying key store
/// @notice Groth16 keys over BN254, by the hash of their canonical bytes. Anyone may store a key; nobody can change or
/// remove one; a key under which proofs mean nothing cannot be stored.
/// @dev A key lives as code, after one STOP byte, at an address that follows from the store and the hash alone (CREATE3
/// with the hash as salt), so that a verifier reads it without a call and without storage.
interface IVerifyingKeyStore is IERC165 {
    /// @notice A key was stored.
    /// @param vkHash its hash
    /// @param pointer where its code is
    /// @param signals number of public signals
    event VerifyingKeyStored(bytes32 indexed vkHash, address pointer, uint256 signals);

    /// @notice No key has this hash.
    error VerifyingKeyNotFound(bytes32 vkHash);

    /// @notice Checks and stores a key; storing it again changes nothing.
    /// @param key α, β, γ, δ, IC_0 … IC_n: 32-byte big-endian words, G2 in EIP-197 order
    /// @return vkHash keccak256 of the key
    function store(bytes calldata key) external returns (bytes32 vkHash);

    /// @notice Reads a key.
    /// @param vkHash its hash
    /// @return key the canonical bytes
    function keyOf(bytes32 vkHash) external view returns (bytes memory key);

    /// @notice Number of public signals of a key.
    /// @param vkHash its hash
    /// @return signals the number, 0 when the key is not stored
    function signalCount(bytes32 vkHash) external view returns (uint256 signals);

    /// @notice Where a key's code is, or would be.
    /// @param vkHash its hash
    /// @return pointer the address
    function pointerOf(bytes32 vkHash) external view returns (address pointer);
}
