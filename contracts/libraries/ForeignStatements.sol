// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ProofBlob} from "./ProofBlob.sol";

/// @title Statements of other chains
/// @notice What a proof bound to a chain, caller, request and prover says, written down elsewhere.
library ForeignStatements {
    /// @notice A statement, apart from its output. `chainId`, `caller`, `requestId` and `prover` are 0 for a portable one,
    /// which is bound to none of them.
    /// @param chainId the chain the proof is bound to
    /// @param caller the contract there that the proof is bound to
    /// @param requestId the request there
    /// @param prover whom the proof's maker named, which authenticates nobody
    /// @param modelId the model, the same on every chain
    /// @param inputCommitment commitment to the input
    struct Statement {
        uint256 chainId;
        address caller;
        bytes32 requestId;
        address prover;
        uint256 modelId;
        bytes32 inputCommitment;
    }

    /// @notice The proof names another request or prover than the statement.
    error StatementMismatch(bytes32 requestId, address prover);

    /// @notice A statement bound to no chain is bound to no caller, request and prover either.
    error NotPortableStatement(address caller, bytes32 requestId, address prover);

    /// @dev Reverts unless the proof blob names the statement's request and prover.
    function requireNamedBy(Statement calldata statement, bytes calldata proof) internal pure {
        (bytes32 requestId, address prover) = ProofBlob.statement(proof);
        if (requestId != statement.requestId || prover != statement.prover) revert StatementMismatch(requestId, prover);
    }

    /// @dev A statement bound to nothing.
    function portable(uint256 modelId, bytes32 inputCommitment) internal pure returns (Statement memory statement) {
        statement.modelId = modelId;
        statement.inputCommitment = inputCommitment;
    }

    /// @dev Whether the statement is bound to nothing; reverts if only the chain is missing.
    function isPortable(Statement memory statement) internal pure returns (bool) {
        if (statement.chainId != 0) return false;
        if (statement.caller != address(0) || statement.requestId != 0 || statement.prover != address(0)) {
            revert NotPortableStatement(statement.caller, statement.requestId, statement.prover);
        }
        return true;
    }

    /// @dev Id of a statement and its output; only ever a key of such ids, so it needs no domain.
    function idOf(Statement memory statement, bytes memory output) internal pure returns (bytes32) {
        return keccak256(abi.encode(statement, keccak256(output)));
    }
}
