// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Identity} from "../libraries/Identity.sol";
import {Schema} from "../libraries/Schema.sol";
import {IERCZKMLRegistry} from "./IERCZKMLRegistry.sol";

/// @title Model registry
/// @notice Permissionless and content-addressed. A model id is the hash of everything a model is, its publisher included:
/// it is the same on every chain, and registering someone else's model gives another id.
///
/// Versions: an id never changes its meaning. `updateModel` registers the new commitment under an id of its own and
/// appends it to the same lineage; consumers that pinned the old id notice nothing. An appended version becomes active after
/// a delay, so that whoever follows a lineage sees it before it counts; no inference of it verifies earlier. A lineage has
/// one owner, first its publisher, who appends versions and deprecates single ones.
interface IModelRegistry is IERCZKMLRegistry {
    /// @notice How the key of a model came about, as its publisher says: DEV by one party, who can forge proofs; CEREMONY
    /// by many, with a transcript that anyone can check against its hash and the chain cannot.
    enum SetupKind {
        DEV,
        CEREMONY
    }

    /// @notice What a verifier has to know of a model.
    /// @param vkHash hash of the verifying key
    /// @param ioSchemaHash hash of the io schema
    /// @param weightsCommitment commitment to private weights, 0 when they are fixed
    /// @param verifierCodeHash code hash of the generated verifier, 0 when the shared one serves the model
    /// @param verifier the generated verifier, 0 when the shared one serves the model
    /// @param proofSystemId the proof system
    /// @param deprecated whether the model is deprecated
    /// @param activatesAt second from which the version is active
    /// @param layout its public signals, see `SignalLayout`
    struct VerificationData {
        bytes32 vkHash;
        bytes32 ioSchemaHash;
        uint256 weightsCommitment;
        bytes32 verifierCodeHash;
        address verifier;
        bytes4 proofSystemId;
        bool deprecated;
        uint48 activatesAt;
        bytes layout;
    }

    /// @notice A manifest was published.
    /// @param circuitHash its hash
    /// @param sender who published it
    event ManifestPublished(bytes32 indexed circuitHash, address indexed sender);

    /// @notice A model joined a lineage.
    /// @param lineageId id of the first version
    /// @param modelId id of this version
    /// @param version its number, from 1
    /// @param activatesAt second from which it is active
    event VersionAppended(uint256 indexed lineageId, uint256 indexed modelId, uint256 version, uint256 activatesAt);

    /// @notice A lineage has a new owner in waiting.
    /// @param lineageId id of the first version
    /// @param owner the owner
    /// @param pendingOwner who may accept; 0 withdraws an offer
    event ModelOwnershipTransferStarted(uint256 indexed lineageId, address indexed owner, address indexed pendingOwner);

    /// @notice A lineage has a new owner.
    /// @param lineageId id of the first version
    /// @param oldOwner who owned it
    /// @param newOwner who owns it
    event ModelOwnershipTransferred(uint256 indexed lineageId, address indexed oldOwner, address indexed newOwner);

    /// @notice The key store is none.
    error NotAKeyStore(address keyStore);

    /// @notice The manifest of this circuit was not published.
    error ManifestNotFound(bytes32 circuitHash);

    /// @notice A proof system has an id, and its keys are in the key store.
    error UnknownProofSystem(bytes4 proofSystemId);

    /// @notice The key has another number of public signals than the io schema.
    error SignalCountMismatch(uint256 schemaSignals, uint256 keySignals);

    /// @notice A setup made by one party is refused on this chain.
    error DevSetupRefused(uint256 chainId);

    /// @notice Exactly a model with private weights has a commitment to them, and it is a field element.
    error BadWeightsCommitment(uint256 weightsCommitment);

    /// @notice The verifier does not have the code the manifest names.
    error VerifierCodeMismatch(address verifier, bytes32 expected, bytes32 actual);

    /// @notice The verifier does not implement `IProofVerifier` for the proof system.
    error NotAProofVerifier(address verifier);

    /// @notice The id is taken: this publisher registered this model.
    error ModelAlreadyRegistered(uint256 modelId);

    /// @notice Versions are appended to the newest one only.
    error NotLatestVersion(uint256 modelId, uint256 latestModelId);

    /// @notice The uri is too long.
    error UriTooLong(uint256 length);

    /// @notice The signature is not the publisher's for this registration.
    error InvalidSignature(address publisher);

    /// @notice The signature has expired.
    error SignatureExpired(uint256 deadline);

    /// @notice Only the owner in waiting may accept.
    error NotPendingOwner(uint256 modelId, address caller);

    /// @notice Publishes the parts of a circuit hash in full, for anyone to register models on. Publishing again changes
    /// nothing but the caller's own verifier.
    /// @param manifest the parts
    /// @param verifier the generated verifier that the caller's own registrations use, 0 exactly when
    /// `manifest.verifierCodeHash` is 0 and the shared verifier serves the model
    /// @return circuitHash the hash that commitments name
    function publishManifest(
        Identity.Manifest calldata manifest,
        address verifier
    ) external returns (bytes32 circuitHash);

    /// @notice Registers a model in one call: stores its key, publishes its manifest and registers it under the caller's
    /// name, with the same id as in three calls. What is stored or published already costs nothing again.
    /// @param modelHash sha256 of the ONNX file
    /// @param proofSystemId the proof system
    /// @param uri optional off-chain metadata
    /// @param key canonical verifying key bytes
    /// @param manifest the parts of the circuit hash
    /// @param verifier the generated verifier, 0 for the shared one
    /// @return modelId the id
    function publishModel(
        bytes32 modelHash,
        bytes4 proofSystemId,
        string calldata uri,
        bytes calldata key,
        Identity.Manifest calldata manifest,
        address verifier
    ) external returns (uint256 modelId);

    /// @notice Registers a model in the name of a publisher who signed it (EIP-712, or ERC-1271 for contracts). A signature
    /// has no nonce, cannot be cancelled before its deadline, and opens a lineage of its own: whoever holds it may register
    /// the model at any time until then.
    /// @param publisher who signed
    /// @param commitment the model
    /// @param verifier the generated verifier, 0 for the shared one
    /// @param deadline last second at which the signature holds
    /// @param signature the publisher's signature
    /// @return modelId the id, the same as if the publisher had called `registerModel`
    function registerFor(
        address publisher,
        ModelCommitment calldata commitment,
        address verifier,
        uint256 deadline,
        bytes calldata signature
    ) external returns (uint256 modelId);

    /// @notice Offers a lineage to a new owner, who has to accept; zero withdraws the offer.
    /// @param modelId any version
    /// @param newOwner the new owner
    function transferModelOwnership(uint256 modelId, address newOwner) external;

    /// @notice Accepts a lineage.
    /// @param modelId any version
    function acceptModelOwnership(uint256 modelId) external;

    /// @notice What a verifier has to know of a model.
    /// @param modelId the model
    /// @return data its data
    function verificationData(uint256 modelId) external view returns (VerificationData memory data);

    /// @notice A published manifest.
    /// @param circuitHash its hash
    /// @return manifest its parts
    function getManifest(bytes32 circuitHash) external view returns (Identity.Manifest memory manifest);

    /// @notice The io schema of a model.
    /// @param modelId the model
    /// @return schema its tensors
    function ioSchemaOf(uint256 modelId) external view returns (Schema.IoSchema memory schema);

    /// @notice Whether a manifest was published.
    /// @param circuitHash its hash
    /// @return published whether it was
    function isPublished(bytes32 circuitHash) external view returns (bool published);

    /// @notice Where a model stands in its lineage.
    /// @param modelId the model
    /// @return lineageId id of the first version
    /// @return version its number, from 1
    /// @return latest the newest version's number
    function versionOf(uint256 modelId) external view returns (uint256 lineageId, uint256 version, uint256 latest);

    /// @notice A version by number.
    /// @param lineageId id of the first version
    /// @param version number, from 1
    /// @return modelId the version's id, 0 when there is none
    function modelAt(uint256 lineageId, uint256 version) external view returns (uint256 modelId);

    /// @notice The newest version of a lineage that is active, deprecated or not: what a follower of the lineage uses.
    /// @param lineageId id of the first version
    /// @return version its number
    /// @return modelId its id
    function activeVersionOf(uint256 lineageId) external view returns (uint256 version, uint256 modelId);

    /// @notice Second from which a version is active.
    /// @param modelId the model
    /// @return timestamp the second, 0 for the first version of a lineage
    function activationOf(uint256 modelId) external view returns (uint256 timestamp);

    /// @notice How a model's key came about, as its publisher says.
    /// @param modelId the model
    /// @return kind by one party or in a ceremony
    /// @return transcriptHash keccak256 of the ceremony transcript, 0 for one party
    function setupOf(uint256 modelId) external view returns (SetupKind kind, bytes32 transcriptHash);

    /// @notice Who was offered a lineage.
    /// @param modelId any version
    /// @return owner the owner in waiting, or 0
    function pendingOwnerOf(uint256 modelId) external view returns (address owner);

    /// @notice The id a model has or would have.
    /// @param publisher its publisher
    /// @param commitment the model
    /// @return modelId its id
    function modelIdOf(address publisher, ModelCommitment calldata commitment) external pure returns (uint256 modelId);

    /// @notice How long an appended version waits until it is active.
    /// @return delay seconds
    function activationDelay() external view returns (uint256 delay);

    /// @notice The verifying keys models may name.
    /// @return store the key store
    function keyStore() external view returns (address store);

    /// @notice Whether setups made by one party are allowed on any chain.
    /// @return allowed as deployed
    function allowDev() external view returns (bool allowed);
}
