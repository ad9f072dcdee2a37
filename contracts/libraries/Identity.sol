// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Domains} from "./Domains.sol";
import {Schema} from "./Schema.sol";

/// @title Identity of circuits and models
/// @notice Hashes of docs/encodings.md that say which circuit, and which model, a statement is about.
library Identity {
    /// @notice The parts of a circuit hash.
    /// @param r1csHash sha256 of the .r1cs file
    /// @param recipeHash keccak256 of the recipe as canonical JSON
    /// @param setupHash 0 for a setup made by one party, otherwise keccak256 of the ceremony transcript: a claim that
    /// anyone can check and the chain cannot
    /// @param weightsCommitment commitment to private weights, 0 when they are fixed
    /// @param verifierCodeHash extcodehash of the generated verifier, 0 when the shared one serves the model
    /// @param ioSchema the tensors
    struct Manifest {
        bytes32 r1csHash;
        bytes32 recipeHash;
        bytes32 setupHash;
        uint256 weightsCommitment;
        bytes32 verifierCodeHash;
        Schema.IoSchema ioSchema;
    }

    /// @dev The hash that commits to a manifest, whose schema has hash `ioSchemaHash`.
    function circuitHash(Manifest memory manifest, bytes32 ioSchemaHash) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    manifest.r1csHash,
                    ioSchemaHash,
                    manifest.recipeHash,
                    manifest.setupHash,
                    manifest.weightsCommitment,
                    manifest.verifierCodeHash
                )
            );
    }

    /// @dev The content address of a model.
    function modelId(
        address publisher,
        bytes32 modelHash,
        bytes32 circuit,
        bytes32 vkHash,
        bytes4 proofSystemId
    ) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(Domains.MODEL, publisher, modelHash, circuit, vkHash, proofSystemId)));
    }
}
