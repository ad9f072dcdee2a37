// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ICrossChainInferenceRelay} from "../interfaces/ICrossChainInferenceRelay.sol";
import {IInferenceVerifier} from "../interfaces/IInferenceVerifier.sol";
import {ForeignStatements} from "../libraries/ForeignStatements.sol";
import {Supports} from "../libraries/Supports.sol";

/// @title Cross-chain inference relay
/// @notice See {ICrossChainInferenceRelay}. No owner.
contract CrossChainInferenceRelay is ICrossChainInferenceRelay {
    /// @inheritdoc ICrossChainInferenceRelay
    address public immutable inferenceVerifier;

    mapping(bytes32 statementId => bool) private _proven;

    /// @notice Pins the verifier for good.
    /// @param inferenceVerifier_ what checks the proofs
    constructor(address inferenceVerifier_) {
        Supports.requireInferenceVerifier(inferenceVerifier_);
        inferenceVerifier = inferenceVerifier_;
    }

    /// @inheritdoc ICrossChainInferenceRelay
    function prove(
        ForeignStatements.Statement calldata statement,
        bytes calldata output,
        bytes calldata proof
    ) external returns (bytes32 statementId) {
        ForeignStatements.requireNamedBy(statement, proof);
        IInferenceVerifier(inferenceVerifier).checkForeignInference(
            statement.modelId,
            statement.inputCommitment,
            output,
            proof,
            statement.chainId,
            statement.caller
        );
        return _record(statement, output);
    }

    /// @inheritdoc ICrossChainInferenceRelay
    function provePortable(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof
    ) external returns (bytes32 statementId) {
        IInferenceVerifier(inferenceVerifier).checkInferencePortable(modelId, inputCommitment, output, proof);
        return _record(ForeignStatements.portable(modelId, inputCommitment), output);
    }

    /// @inheritdoc ICrossChainInferenceRelay
    function isProven(
        ForeignStatements.Statement calldata statement,
        bytes calldata output
    ) external view returns (bool proven) {
        if (!_proven[ForeignStatements.idOf(statement, output)]) return false;
        return !IInferenceVerifier(inferenceVerifier).isStopped(statement.modelId);
    }

    function _record(
        ForeignStatements.Statement memory statement,
        bytes calldata output
    ) private returns (bytes32 statementId) {
        statementId = ForeignStatements.idOf(statement, output);
        if (_proven[statementId]) return statementId;
        _proven[statementId] = true;
        emit StatementProven(statementId, statement.chainId, statement.caller, statement, output);
    }
}
