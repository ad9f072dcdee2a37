// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title ERC-8004 validation registry
/// @notice Where agents ask validators to check their work, and validators answer. The part of the ERC's ABI that a
/// validator needs, as of its text with a string `tag`.
interface IERC8004ValidationRegistry {
    /// @notice An agent asks a validator.
    /// @param validatorAddress the validator
    /// @param agentId the agent
    /// @param requestURI where the request is
    /// @param requestHash keccak256 of the request, and its id
    event ValidationRequest(
        address indexed validatorAddress,
        uint256 indexed agentId,
        string requestURI,
        bytes32 indexed requestHash
    );

    /// @notice A validator answers.
    /// @param validatorAddress the validator
    /// @param agentId the agent
    /// @param requestHash the request
    /// @param response 0 to 100
    /// @param responseURI where more about it is
    /// @param responseHash what commits to that
    /// @param tag a category
    event ValidationResponse(
        address indexed validatorAddress,
        uint256 indexed agentId,
        bytes32 indexed requestHash,
        uint8 response,
        string responseURI,
        bytes32 responseHash,
        string tag
    );

    /// @notice Asks a validator; only for the agent's owner or operator.
    /// @param validatorAddress the validator
    /// @param agentId the agent
    /// @param requestURI where the request is
    /// @param requestHash keccak256 of the request
    function validationRequest(
        address validatorAddress,
        uint256 agentId,
        string calldata requestURI,
        bytes32 requestHash
    ) external;

    /// @notice Answers; only for the validator asked.
    /// @param requestHash the request
    /// @param response 0 to 100
    /// @param responseURI where more about it is
    /// @param responseHash what commits to that
    /// @param tag a category
    function validationResponse(
        bytes32 requestHash,
        uint8 response,
        string calldata responseURI,
        bytes32 responseHash,
        string calldata tag
    ) external;

    /// @notice A request as it stands.
    /// @param requestHash the request
    /// @return validatorAddress the validator asked
    /// @return agentId the agent
    /// @return response the newest answer
    /// @return responseHash its hash
    /// @return tag its category
    /// @return lastUpdate when it was given
    function getValidationStatus(
        bytes32 requestHash
    )
        external
        view
        returns (
            address validatorAddress,
            uint256 agentId,
            uint8 response,
            bytes32 responseHash,
            string memory tag,
            uint256 lastUpdate
        );
}
