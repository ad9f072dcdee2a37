// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Receiver of inference results
/// @notice Called once by the coordinator, after the request was settled, with exactly the gas the request names. What it
/// does changes no balance there; when it fails it is not called again.
interface IInferenceCallback {
    /// @notice Takes the result of a request. An implementation checks that the sender is its coordinator and that the
    /// request is one of its own: anyone can open a request that names any callback.
    /// @param requestId the request
    /// @param modelId the model
    /// @param inputCommitment commitment to the input
    /// @param output output words, proven
    function fulfillInference(
        bytes32 requestId,
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output
    ) external;
}
