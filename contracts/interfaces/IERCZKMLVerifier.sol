// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title ERC-7992 verifier
/// @notice Checks proofs of inferences of registered models. ERC-165 id 0x5df65472.
interface IERCZKMLVerifier {
    /// @notice A proof was valid.
    /// @param modelId the model
    /// @param inputCommitment commitment to the input
    /// @param output output signals, 32 bytes each
    /// @param caller who asked
    event InferenceVerified(
        uint256 indexed modelId,
        bytes32 indexed inputCommitment,
        bytes output,
        address indexed caller
    );

    /// @notice The proof does not prove this statement.
    error InvalidProof();

    /// @notice The proof blob does not have the shape this model's statements have.
    error ModelMismatch();

    /// @notice The input words in the proof are not those committed to.
    error InputCommitmentMismatch();

    /// @notice The output does not have the length the model's schema fixes.
    error OutputMismatch();

    /// @notice No verifier for this proof system.
    error UnsupportedProofSystem(bytes4 proofSystemId);

    /// @notice The model is deprecated.
    error VerificationRefused_ModelDeprecated(uint256 modelId);

    /// @notice Reverts unless `proof` shows that the model maps an input with this commitment to `output`, bound to the
    /// chain, the caller, and the request and prover named in it.
    /// @param modelId the registered model
    /// @param inputCommitment commitment to the input
    /// @param output output signals, 32 bytes each
    /// @param proof abi.encode(uint256[8] points, uint256[] inputWords, bytes32 requestId, address prover)
    function verifyInference(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof
    ) external;

    /// @notice Proof system of a registered model.
    /// @param modelId the model
    /// @return proofSystemId its id
    function proofSystemOf(uint256 modelId) external view returns (bytes4 proofSystemId);

    /// @notice The registry models are looked up in.
    /// @return registryAddress its address
    function registry() external view returns (address registryAddress);
}
