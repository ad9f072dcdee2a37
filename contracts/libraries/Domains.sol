// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Domain separators of docs/encodings.md
/// @notice Frozen once the first deployment exists; a change of any encoding is a new version string here.
library Domains {
    bytes32 internal constant BATCH = keccak256("zkml.batch.v1");
    bytes32 internal constant CONTEXT = keccak256("zkml.context.v1");
    bytes32 internal constant INPUT = keccak256("zkml.input.v1");
    bytes32 internal constant MODEL = keccak256("zkml.model.v1");
    bytes32 internal constant SCHEMA = keccak256("zkml.schema.v1");
    bytes32 internal constant TENSOR = keccak256("zkml.tensor.v1");

    bytes32 internal constant LEDGER_REQUEST = keccak256("zkml.ledger.request.v1");
    bytes32 internal constant PROMPT = keccak256("zkml.prompt.v1");
    bytes32 internal constant STATEMENT = keccak256("zkml.statement.v1");
    bytes32 internal constant VALIDATION_REQUEST = keccak256("zkml.erc8004.request.v1");

    /// @dev ERC-7992 proof system id.
    bytes4 internal constant GROTH16 = bytes4(keccak256("groth16-bn254-v1"));
}
