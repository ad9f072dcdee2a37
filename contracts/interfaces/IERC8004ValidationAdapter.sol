// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title ERC-8004 validator by verified inference
/// @notice Answers an agent's claim «this model gave this output for an input with this commitment» with 100 once somebody
/// shows a proof of it, bound to this contract and the request. It never answers 0: a proof shows what holds, and nothing
/// shows that there is none. Silence is no verdict.
///
/// A request says all that is claimed, the agent included: requestHash = keccak256 of `requestOf`. So a proof for
/// another model, input, output or agent answers nothing, and copying a request for another agent is useless. What 100 is
/// worth is what the model is worth: anyone can register one, so read `modelId` from the request or `InferenceValidated`.
interface IERC8004ValidationAdapter {
    /// @notice What an agent claims, apart from the output.
    /// @param agentId the agent
    /// @param modelId the registered model it says it ran
    /// @param inputCommitment commitment to the input
    /// @param salt any number, to tell apart requests that claim the same
    struct Claim {
        uint256 agentId;
        uint256 modelId;
        bytes32 inputCommitment;
        bytes32 salt;
    }

    /// @notice A claim was proven and answered.
    /// @param requestHash the request
    /// @param agentId the agent
    /// @param modelId the model
    /// @param inputCommitment commitment to the input
    /// @param output output signals, 32 bytes each
    /// @param prover whom the proof's maker named, which authenticates nobody
    event InferenceValidated(
        bytes32 indexed requestHash,
        uint256 indexed agentId,
        uint256 indexed modelId,
        bytes32 inputCommitment,
        bytes output,
        address prover
    );

    /// @notice The request was answered; it is answered once.
    error AlreadyAnswered(bytes32 requestHash);

    /// @notice The registry has no such request of this agent to this validator.
    error NotRequested(bytes32 requestHash, address validator, uint256 agentId);

    /// @notice Answers a request with 100. Anyone may call.
    /// @param claim what the agent claims
    /// @param output the output it claims
    /// @param proof the proof blob, bound to this contract and the request hash
    function validate(Claim calldata claim, bytes calldata output, bytes calldata proof) external;

    /// @notice Whether a request was answered.
    /// @param requestHash the request
    /// @return answered whether it was
    function isAnswered(bytes32 requestHash) external view returns (bool answered);

    /// @notice The request of a claim: what a request URI has to give, and a request hash is the hash of.
    /// @param claim what the agent claims
    /// @param output the output it claims
    /// @return request abi.encode(domain, chain id, adapter, registry, claim, keccak256(output))
    function requestOf(Claim calldata claim, bytes calldata output) external view returns (bytes memory request);

    /// @notice What checks the proofs.
    /// @return verifier its address
    function inferenceVerifier() external view returns (address verifier);

    /// @notice The ERC-8004 registry that is answered to.
    /// @return registry its address
    function validationRegistry() external view returns (address registry);
}
