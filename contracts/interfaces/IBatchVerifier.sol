// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Batch verifier
/// @notice Checks many proofs under one key for little more than one pairing each.
interface IBatchVerifier {
    /// @notice Checks proofs of one key together. One proof that does not hold fails all, whatever the others are.
    /// @param vkHash keccak256 of the canonical verifying key bytes
    /// @param signals the public signals of every proof, one after the other, each below r
    /// @param proofs the proofs, 256 bytes each, at least one, as `IProofVerifier.verify` takes them
    /// @return valid whether all of them hold
    function verifyBatch(
        bytes32 vkHash,
        uint256[] calldata signals,
        bytes calldata proofs
    ) external view returns (bool valid);
}
