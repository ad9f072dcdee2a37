// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Identity} from "./Identity.sol";
import {SchemaCodec} from "./SchemaCodec.sol";

/// @title What the registry keeps of a manifest, as bytes
/// @notice r1csHash, recipeHash, setupHash, weightsCommitment, verifierCodeHash, ioSchemaHash (32 bytes each), uint16 length
/// of the layout, layout, schema in its short form.
library ManifestRecord {
    uint256 private constant HEAD_BYTES = 194;

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
        return
            abi.encodePacked(
                abi.encodePacked(manifest.r1csHash, manifest.recipeHash, manifest.setupHash),
                abi.encodePacked(manifest.weightsCommitment, manifest.verifierCodeHash, ioSchemaHash),
                uint16(layout.length),
                layout,
                SchemaCodec.encode(manifest.ioSchema)
            );
    }

    /// @dev The part that a registration reads.
    function summaryOf(bytes memory record) internal pure returns (Summary memory summary) {
        summary.setupHash = _word(record, 64);
        summary.weightsCommitment = uint256(_word(record, 96));
        summary.verifierCodeHash = _word(record, 128);
        summary.ioSchemaHash = _word(record, 160);
        uint256 length = _layoutLength(record);
        bytes memory layout = new bytes(length);
        assembly ("memory-safe") {
            mcopy(add(layout, 32), add(add(record, 32), HEAD_BYTES), length)
        }
        summary.layout = layout;
    }

    /// @dev The manifest in full.
    function manifestOf(bytes memory record) internal pure returns (Identity.Manifest memory manifest) {
        manifest.r1csHash = _word(record, 0);
        manifest.recipeHash = _word(record, 32);
        manifest.setupHash = _word(record, 64);
        manifest.weightsCommitment = uint256(_word(record, 96));
        manifest.verifierCodeHash = _word(record, 128);
        manifest.ioSchema = SchemaCodec.decode(record, HEAD_BYTES + _layoutLength(record));
    }

    function _layoutLength(bytes memory record) private pure returns (uint256) {
        return uint256(_word(record, 192)) >> 240;
    }

    function _word(bytes memory record, uint256 at) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := mload(add(add(record, 32), at))
        }
    }
}
