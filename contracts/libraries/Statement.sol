// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERCZKMLVerifier} from "../interfaces/IERCZKMLVerifier.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {ProofBlob} from "./ProofBlob.sol";
import {SignalLayout} from "./SignalLayout.sol";
import {Signals} from "./Signals.sol";

/// @title Statements
/// @notice From the arguments of `verifyInference` to the public signals.
library Statement {
    /// @dev Every signal of a statement about a model. Reverts unless output and input have the lengths that the model's
    /// schema fixes, the input is the one committed to, and every signal is below r. `proof` is a blob that
    /// `ProofBlob.statement` accepted.
    function signalsOf(
        IModelRegistry.VerificationData memory model,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof,
        uint256 context
    ) internal pure returns (uint256[] memory signals) {
        bytes calldata inputWords = ProofBlob.inputWords(proof);
        signals = _build(model, output, inputWords, context);
        if (inputCommitment != Signals.inputCommitment(model.layout, model.ioSchemaHash, inputWords)) {
            revert IERCZKMLVerifier.InputCommitmentMismatch();
        }
    }

    function _build(
        IModelRegistry.VerificationData memory model,
        bytes calldata output,
        bytes calldata inputWords,
        uint256 context
    ) private pure returns (uint256[] memory) {
        (uint256 outputs, uint256 inputs, bool weightsCommitted) = SignalLayout.header(model.layout);
        if (output.length != outputs * 32) revert IERCZKMLVerifier.OutputMismatch();
        if (inputWords.length != inputs * 32) revert IERCZKMLVerifier.ModelMismatch();
        return Signals.build(output, inputWords, weightsCommitted, model.weightsCommitment, context);
    }
}
