// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Bytes} from "@openzeppelin/contracts/utils/Bytes.sol";
import {Identity} from "./Identity.sol";
import {SchemaCodec} from "./SchemaCodec.sol";

/// @title What the registry keeps of a manifest, as bytes
/// @notice r1csHash, recipeHash, setupHash, ioSchemaHash (32 bytes each), uint8 flags, uint16 length of the layout, layout;
/// weightsCommitment (32) if flag 1; verifierCodeHash (32) if flag 2; schema in its short form.
library ManifestRecord {
    uint256 private constant HEAD_BYTES = 131;
    uint256 private constant HAS_WEIGHTS = 1;
    uint256 private constant HAS_VERIFIER = 2;

    /// @notice The part of a manifest that a registration reads.
    struct Summary {
        bytes32 setupHash;
        uint256 weightsCommitment;
        bytes32 verifierCodeHash;
        bytes32 ioSchemaHash;
        bytes layout;
    }

    /// @dev Bytes of a manifest.
    function encode(
        Identity.Manifest memory manifest,
        bytes32 ioSchemaHash,
        bytes memory layout
    ) internal pure returns (bytes memory) {
        bytes memory optional = "";
        uint256 flags = 0;
        if (manifest.weightsCommitment != 0) {
            flags = HAS_WEIGHTS;
            optional = abi.encodePacked(manifest.weightsCommitment);
        }
        if (manifest.verifierCodeHash != 0) {
            flags |= HAS_VERIFIER;
            optional = abi.encodePacked(optional, manifest.verifierCodeHash);
        }
        return
            abi.encodePacked(
                abi.encodePacked(manifest.r1csHash, manifest.recipeHash, manifest.setupHash, ioSchemaHash),
                abi.encodePacked(uint8(flags), uint16(layout.length)),
                layout,
                optional,
                SchemaCodec.encode(manifest.ioSchema)
            );
    }

    /// @dev The part that a registration reads.
    function summaryOf(bytes memory record) internal pure returns (Summary memory summary) {
        summary.setupHash = _word(record, 64);
        summary.ioSchemaHash = _word(record, 96);
        summary.layout = Bytes.slice(record, HEAD_BYTES, HEAD_BYTES + _layoutLength(record));
        (summary.weightsCommitment, summary.verifierCodeHash, ) = _optional(record);
    }

    /// @dev The manifest in full.
    function manifestOf(bytes memory record) internal pure returns (Identity.Manifest memory manifest) {
        manifest.r1csHash = _word(record, 0);
        manifest.recipeHash = _word(record, 32);
        manifest.setupHash = _word(record, 64);
        uint256 schemaAt;
        (manifest.weightsCommitment, manifest.verifierCodeHash, schemaAt) = _optional(record);
        manifest.ioSchema = SchemaCodec.decode(record, schemaAt);
    }

    function _optional(
        bytes memory record
    ) private pure returns (uint256 weightsCommitment, bytes32 verifierCodeHash, uint256 end) {
        uint256 flags = uint256(_word(record, 128)) >> 248;
        end = HEAD_BYTES + _layoutLength(record);
        if (flags & HAS_WEIGHTS != 0) {
            weightsCommitment = uint256(_word(record, end));
            end += 32;
        }
        if (flags & HAS_VERIFIER != 0) {
            verifierCodeHash = _word(record, end);
            end += 32;
        }
    }

    function _layoutLength(bytes memory record) private pure returns (uint256) {
        return uint256(_word(record, 129)) >> 240;
    }

    function _word(bytes memory record, uint256 at) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := mload(add(add(record, 32), at))
        }
    }
}
