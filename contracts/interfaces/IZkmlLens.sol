// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Schema} from "../libraries/Schema.sol";
import {IERCZKMLRegistry} from "./IERCZKMLRegistry.sol";
import {IModelRegistry} from "./IModelRegistry.sol";

/// @title Batched reads
/// @notice What dApps and daemons want to know of many models and keys, in one call. What is missing gives an empty entry,
/// not a revert. View only, and nothing on chain should depend on it.
interface IZkmlLens {
    /// @notice A model.
    /// @param modelId its id
    /// @param exists whether it is registered; everything else is 0 if not
    /// @param deprecated whether its owner deprecated it
    /// @param owner who owns its lineage
    /// @param pendingOwner who was offered the lineage, or 0
    /// @param lineageId id of the first version
    /// @param version its number, from 1
    /// @param activatesAt second from which it is active, 0 for the first version
    /// @param latestVersion the newest version's number
    /// @param latestModelId the newest version
    /// @param activeVersion the newest active version's number
    /// @param activeModelId the newest active version
    /// @param stopped whether its verifier or key is stopped
    /// @param verifier who checks its proofs: its own verifier, the shared one or that of its route, or 0
    /// @param ownVerifier whether that is its own
    /// @param verifierIntact whether its own verifier still has its code; the shared one's is not pinned
    /// @param signals number of public signals
    /// @param verifierGasCap most gas that one may take for a check
    /// @param setup how its key came about, as its publisher says
    /// @param transcriptHash hash of the ceremony transcript, 0 for a setup by one party
    /// @param ioSchemaHash hash of the io schema
    /// @param commitment what the id stands for
    /// @param ioSchema its tensors
    struct ModelView {
        uint256 modelId;
        bool exists;
        bool deprecated;
        address owner;
        address pendingOwner;
        uint256 lineageId;
        uint256 version;
        uint256 activatesAt;
        uint256 latestVersion;
        uint256 latestModelId;
        uint256 activeVersion;
        uint256 activeModelId;
        bool stopped;
        address verifier;
        bool ownVerifier;
        bool verifierIntact;
        uint256 signals;
        uint256 verifierGasCap;
        IModelRegistry.SetupKind setup;
        bytes32 transcriptHash;
        bytes32 ioSchemaHash;
        IERCZKMLRegistry.ModelCommitment commitment;
        Schema.IoSchema ioSchema;
    }

    /// @notice A verifying key.
    /// @param vkHash its hash
    /// @param signals number of public signals, 0 when it is not stored
    /// @param pointer where it is, or would be
    /// @param key the canonical bytes, empty when it is not stored
    struct KeyView {
        bytes32 vkHash;
        uint256 signals;
        address pointer;
        bytes key;
    }

    /// @notice Models, in the order asked for.
    /// @param modelIds their ids
    /// @return models one entry for each
    function modelsOf(uint256[] calldata modelIds) external view returns (ModelView[] memory models);

    /// @notice Versions of a lineage, by number.
    /// @param lineageId id of the first version
    /// @param first number of the first one wanted, from 1
    /// @param count how many at most
    /// @return modelIds the ids of those there are
    function versionsOf(
        uint256 lineageId,
        uint256 first,
        uint256 count
    ) external view returns (uint256[] memory modelIds);

    /// @notice Keys, in the order asked for.
    /// @param vkHashes their hashes
    /// @return keys one entry for each
    function keysOf(bytes32[] calldata vkHashes) external view returns (KeyView[] memory keys);

    /// @notice The verifier whose models these are.
    /// @return verifier its address
    function inferenceVerifier() external view returns (address verifier);
}
