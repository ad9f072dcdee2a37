// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IBatchVerifier} from "../interfaces/IBatchVerifier.sol";
import {IInferenceVerifier} from "../interfaces/IInferenceVerifier.sol";
import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {Domains} from "./Domains.sol";

/// @title Asking a verifier that is not trusted
/// @notice It may burn its gas, revert, return too much or nothing. Only one word that is 1 is evidence.
library VerifierCall {
    /// @dev Enough for a pairing check with half as much again, and so for each signal and each further proof of a batch.
    uint256 internal constant BASE_GAS = 300_000;
    uint256 internal constant SIGNAL_GAS = 10_000;
    /// @dev The same for a system other than Groth16: PLONK multiplies 18 points before it pairs two.
    uint256 private constant OTHER_BASE_GAS = 450_000;
    uint256 private constant BATCH_PROOF_GAS = 100_000;
    uint256 private constant BATCH_SIGNAL_GAS = 500;

    /// @dev Most gas a verifier may use.
    function gasCap(uint256 signals) internal pure returns (uint256) {
        return BASE_GAS + SIGNAL_GAS * signals;
    }

    /// @dev Most gas a verifier of some proof system may use.
    function gasCapOf(bytes4 proofSystemId, uint256 signals) internal pure returns (uint256) {
        return (proofSystemId == Domains.GROTH16 ? BASE_GAS : OTHER_BASE_GAS) + SIGNAL_GAS * signals;
    }

    /// @dev Most gas a verifier may use for a batch, given its cap for one proof and the numbers of all proofs and signals.
    function batchGasCap(uint256 singleCap, uint256 proofs, uint256 signals) internal pure returns (uint256) {
        return singleCap + BATCH_PROOF_GAS * proofs + BATCH_SIGNAL_GAS * signals;
    }

    /// @dev Whether the verifier says true. A verifier that reverts, for whatever reason, has not: its error is dropped and
    /// `InferenceVerifier` reports `InvalidProof`. Reverts when it cannot be given the whole cap, because an answer for lack of
    /// gas says nothing about the proof.
    function verify(
        address verifier,
        uint256 cap,
        bytes32 vkHash,
        uint256[] memory signals,
        bytes calldata points
    ) internal view returns (bool valid) {
        return _ask(verifier, cap, abi.encodeCall(IProofVerifier.verify, (vkHash, signals, points)));
    }

    /// @dev The same for many proofs of one key.
    function verifyBatch(
        address verifier,
        uint256 cap,
        bytes32 vkHash,
        uint256[] memory signals,
        bytes memory proofs
    ) internal view returns (bool valid) {
        return _ask(verifier, cap, abi.encodeCall(IBatchVerifier.verifyBatch, (vkHash, signals, proofs)));
    }

    function _ask(address verifier, uint256 cap, bytes memory data) private view returns (bool valid) {
        // What the call can be given at most, less its own cost: 2,600 for a cold account and some change.
        uint256 available = gasleft();
        available = available > 5000 ? available - 5000 : 0;
        available -= available / 64;
        if (available <= cap) revert IInferenceVerifier.InsufficientVerifierGas(available, cap);
        assembly ("memory-safe") {
            let success := staticcall(cap, verifier, add(data, 32), mload(data), 0, 32)
            valid := and(success, and(eq(returndatasize(), 32), eq(mload(0), 1)))
        }
    }
}
