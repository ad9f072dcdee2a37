// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IInferenceVerifier} from "../interfaces/IInferenceVerifier.sol";
import {IProofVerifier} from "../interfaces/IProofVerifier.sol";

/// @title Asking a verifier that is not trusted
/// @notice It may burn its gas, revert, return too much or nothing. Only one word that is 1 is evidence.
library VerifierCall {
    /// @dev Enough for a pairing check with half as much again, and so for each signal.
    uint256 private constant BASE_GAS = 300_000;
    uint256 private constant SIGNAL_GAS = 10_000;

    /// @dev Most gas a verifier may use.
    function gasCap(uint256 signals) internal pure returns (uint256) {
        return BASE_GAS + SIGNAL_GAS * signals;
    }

    /// @dev Whether the verifier says true. A verifier that reverts, for whatever reason, has not: its error is dropped and
    /// `InferenceVerifier` reports `InvalidProof`. Reverts when it cannot be given the whole cap, because an answer for lack of
    /// gas says nothing about the proof.
    function verify(
        address verifier,
        bytes32 vkHash,
        uint256[] memory signals,
        bytes calldata points
    ) internal view returns (bool valid) {
        bytes memory data = abi.encodeCall(IProofVerifier.verify, (vkHash, signals, points));
        uint256 cap = gasCap(signals.length);
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
