// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERCZKMLRegistry} from "../interfaces/IERCZKMLRegistry.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";

/// @title What the registry keeps of a model, as bytes
/// @notice modelHash, circuitHash, vkHash, ioSchemaHash, weightsCommitment, verifierCodeHash (32 bytes each), verifier (20),
/// proofSystemId (4), uint16 length of the layout, layout, uri.
library ModelRecord {
    uint256 private constant HEAD_BYTES = 218;

    /// @dev Bytes of a model.
    function encode(
        IERCZKMLRegistry.ModelCommitment memory commitment,
        IModelRegistry.VerificationData memory data
    ) internal pure returns (bytes memory) {
        return
            abi.encodePacked(
                abi.encodePacked(commitment.modelHash, commitment.circuitHash, data.vkHash, data.ioSchemaHash),
                abi.encodePacked(data.weightsCommitment, data.verifierCodeHash, data.verifier, data.proofSystemId),
                uint16(data.layout.length),
                data.layout,
                commitment.uri
            );
    }

    /// @dev The part that ERC-7992 shows.
    function commitmentOf(
        bytes memory record
    ) internal pure returns (IERCZKMLRegistry.ModelCommitment memory commitment) {
        commitment.modelHash = _word(record, 0);
        commitment.circuitHash = _word(record, 32);
        commitment.vkHash = _word(record, 64);
        commitment.proofSystemId = bytes4(_word(record, 212));
        uint256 at = HEAD_BYTES + _layoutLength(record);
        commitment.uri = string(_slice(record, at, record.length - at));
    }

    /// @dev The part that verifiers need; `deprecated` is not in the record.
    function verificationDataOf(
        bytes memory record
    ) internal pure returns (IModelRegistry.VerificationData memory data) {
        data.vkHash = _word(record, 64);
        data.ioSchemaHash = _word(record, 96);
        data.weightsCommitment = uint256(_word(record, 128));
        data.verifierCodeHash = _word(record, 160);
        data.verifier = address(bytes20(_word(record, 192)));
        data.proofSystemId = bytes4(_word(record, 212));
        data.layout = _slice(record, HEAD_BYTES, _layoutLength(record));
    }

    /// @dev The circuit hash alone.
    function circuitHashOf(bytes memory record) internal pure returns (bytes32) {
        return _word(record, 32);
    }

    function _layoutLength(bytes memory record) private pure returns (uint256) {
        return uint256(_word(record, 216)) >> 240;
    }

    function _word(bytes memory record, uint256 at) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := mload(add(add(record, 32), at))
        }
    }

    function _slice(bytes memory record, uint256 at, uint256 length) private pure returns (bytes memory slice) {
        slice = new bytes(length);
        assembly ("memory-safe") {
            mcopy(add(slice, 32), add(add(record, 32), at), length)
        }
    }
}
