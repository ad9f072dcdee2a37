// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

/// @title Proof verifier
/// @notice Decides whether a proof of one proof system shows a statement under a verifying key. Misuse reverts, a proof
/// that does not hold returns false, and only `true` is evidence.
/// @dev Implementations have no owner and keep no state that could change an answer. The exception is an emergency stop
/// before one, which answers as it does until it is stopped, and then never again.
interface IProofVerifier is IERC165 {
    /// @notice This verifier does not serve the key.
    error UnknownVerifyingKey(bytes32 vkHash);

    /// @notice The key has a different number of public signals.
    error WrongSignalCount(uint256 expected, uint256 actual);

    /// @notice A public signal is not below r, so it would alias another statement.
    error SignalNotInField(uint256 index, uint256 value);

    /// @notice A proof is 256 bytes: A, B, C in EIP-197 order; of PLONK and FFLONK 768.
    error WrongProofLength(uint256 actual);

    /// @notice A precompile could not be given the gas it may need, or this chain lacks it, so nothing is known about the
    /// proof.
    error InsufficientGas();

    /// @notice The key comes from a setup that anyone can forge under, and this is a public chain.
    error DevKeyOnPublicChain(uint256 chainId);

    /// @notice Checks a proof.
    /// @param vkHash keccak256 of the canonical verifying key bytes
    /// @param signals every public signal, each below r
    /// @param proof the proof: for Groth16, eight words A.x, A.y, B.x.c1, B.x.c0, B.y.c1, B.y.c0, C.x, C.y; for PLONK and
    /// FFLONK, 24 words as snarkjs' verifiers take them
    /// @return valid whether the proof holds
    function verify(
        bytes32 vkHash,
        uint256[] calldata signals,
        bytes calldata proof
    ) external view returns (bool valid);

    /// @notice Which proof system this verifies, bytes4(keccak256(name-curve-version)).
    /// @return id its ERC-7992 id
    function proofSystemId() external view returns (bytes4 id);
}
