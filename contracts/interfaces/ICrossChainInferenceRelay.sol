// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ForeignStatements} from "../libraries/ForeignStatements.sol";

/// @title Cross-chain inference relay
/// @notice Statements of other chains, proven here: the proof that was made for chain S is verified again, against the
/// same content-addressed model on this chain. No bridge is trusted, and none is needed.
///
/// A statement says: somebody made a proof for this contract, request and prover on chain S, and it holds. It does not say
/// that S knows of it, that the request exists there, or that the contract there accepted it. It never answers a
/// request of this chain: a proof bound to this chain is refused.
interface ICrossChainInferenceRelay {
    /// @notice A statement of another chain was proven; with chain 0, one that is bound to no chain.
    /// @param statementId its id
    /// @param chainId the chain
    /// @param caller the contract there
    /// @param statement all of it
    /// @param output output signals, 32 bytes each
    event StatementProven(
        bytes32 indexed statementId,
        uint256 indexed chainId,
        address indexed caller,
        ForeignStatements.Statement statement,
        bytes output
    );

    /// @notice Records a statement. Recording it again, with whatever valid proof, changes nothing.
    /// @param statement a statement of another chain; its model is registered here too
    /// @param output output signals, 32 bytes each
    /// @param proof the proof blob that was made for it
    /// @return statementId the statement's id
    function prove(
        ForeignStatements.Statement calldata statement,
        bytes calldata output,
        bytes calldata proof
    ) external returns (bytes32 statementId);

    /// @notice Records a statement that is bound to nothing: chain, caller, request and prover are 0 in it.
    /// @param modelId the model, registered here
    /// @param inputCommitment commitment to the input
    /// @param output output signals, 32 bytes each
    /// @param proof a portable proof blob
    /// @return statementId the statement's id
    function provePortable(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof
    ) external returns (bytes32 statementId);

    /// @notice Whether a statement was proven here, and its model is not stopped: once its verifier or key is, old proofs are
    /// worth nothing.
    /// @param statement the statement
    /// @param output output signals, 32 bytes each
    /// @return proven whether it was
    function isProven(
        ForeignStatements.Statement calldata statement,
        bytes calldata output
    ) external view returns (bool proven);

    /// @notice What checks the proofs.
    /// @return verifier its address
    function inferenceVerifier() external view returns (address verifier);
}
