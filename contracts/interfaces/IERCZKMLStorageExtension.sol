// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title ERC-7992 storage extension
/// @notice Verified inferences, kept. ERC-165 id 0x29c6ba89.
interface IERCZKMLStorageExtension {
    /// @notice An inference was stored.
    /// @param inferenceId its id
    event InferenceStored(bytes32 indexed inferenceId);

    /// @notice Verifies an inference and stores it.
    /// @param modelId the registered model
    /// @param inputCommitment commitment to the input
    /// @param output output signals, 32 bytes each
    /// @param proof the proof blob
    /// @return inferenceId keccak256(abi.encodePacked(modelId, inputCommitment, output))
    function verifyAndStoreInference(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof
    ) external returns (bytes32 inferenceId);

    /// @notice A stored inference.
    /// @param inferenceId its id
    /// @return modelId the model
    /// @return inputCommitment commitment to the input
    /// @return output output signals, 32 bytes each
    function getInference(
        bytes32 inferenceId
    ) external view returns (uint256 modelId, bytes32 inputCommitment, bytes memory output);
}
