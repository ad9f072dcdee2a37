// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title ERC-7992 registry
/// @notice Commitments to machine-learning models, by id. ERC-165 id 0xd28519b1.
/// @dev The ERC as printed does not compile: `ModelDeprecated` is an event and an error. The event keeps its name, the
/// error is `ModelIsDeprecated`. Functions, and so the ERC-165 id, are unchanged.
interface IERCZKMLRegistry {
    /// @notice What a model id stands for.
    /// @param modelHash sha256 of the ONNX file
    /// @param circuitHash hash of the manifest: circuit, io schema, recipe, setup, weights, verifier
    /// @param vkHash keccak256 of the canonical verifying key bytes
    /// @param proofSystemId proof system, bytes4(keccak256(name-curve-version))
    /// @param uri optional off-chain metadata
    struct ModelCommitment {
        bytes32 modelHash;
        bytes32 circuitHash;
        bytes32 vkHash;
        bytes4 proofSystemId;
        string uri;
    }

    /// @notice A model got an id.
    /// @param modelId the id
    /// @param owner who owns it
    /// @param commitment what the id stands for
    event ModelRegistered(uint256 indexed modelId, address indexed owner, ModelCommitment commitment);

    /// @notice A model got a successor. The id keeps its old commitment for ever, the new one has an id of its own.
    /// @param modelId the old version
    /// @param oldCommitment what it stands for
    /// @param newCommitment what the new version stands for
    event ModelUpdated(uint256 indexed modelId, ModelCommitment oldCommitment, ModelCommitment newCommitment);

    /// @notice A model must not be used any more.
    /// @param modelId the model
    event ModelDeprecated(uint256 indexed modelId);

    /// @notice No model has this id.
    error ModelNotFound(uint256 modelId);

    /// @notice Only the owner of a model may do this.
    error NotModelOwner(uint256 modelId, address caller);

    /// @notice The model is deprecated already.
    error ModelIsDeprecated(uint256 modelId);

    /// @notice Registers a model under the caller's name.
    /// @param commitment the model
    /// @return modelId its id
    function registerModel(ModelCommitment calldata commitment) external returns (uint256 modelId);

    /// @notice Appends a version to a model; only for its owner.
    /// @param modelId the newest version so far
    /// @param newCommitment the new version
    function updateModel(uint256 modelId, ModelCommitment calldata newCommitment) external;

    /// @notice Deprecates one version, for good; only for its owner.
    /// @param modelId the version
    function deprecateModel(uint256 modelId) external;

    /// @notice Looks a model up.
    /// @param modelId the model
    /// @return commitment what it commits to
    /// @return deprecated whether its owner deprecated it
    /// @return owner who may append versions and deprecate
    function getModel(
        uint256 modelId
    ) external view returns (ModelCommitment memory commitment, bool deprecated, address owner);
}
