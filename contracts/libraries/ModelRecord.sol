// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Bytes} from "@openzeppelin/contracts/utils/Bytes.sol";
import {IERCZKMLRegistry} from "../interfaces/IERCZKMLRegistry.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";

/// @title What the registry keeps of a model, as bytes
/// @notice modelHash, circuitHash, vkHash, ioSchemaHash (32 bytes each), proofSystemId (4), uint8 flags, uint16 length of the
/// layout, layout; weightsCommitment (32) if flag 1; verifierCodeHash (32) and verifier (20) if flag 2; uri. A byte of code
/// costs 200 gas, and most models have neither of the two.
library ModelRecord {
    uint256 private constant HEAD_BYTES = 135;
    uint256 private constant HAS_WEIGHTS = 1;
    uint256 private constant HAS_VERIFIER = 2;

    /// @dev Bytes of a model.
    function encode(
        IERCZKMLRegistry.ModelCommitment memory commitment,
        IModelRegistry.VerificationData memory data
    ) internal pure returns (bytes memory) {
        bytes memory optional = "";
        uint256 flags = 0;
        if (data.weightsCommitment != 0) {
            flags = HAS_WEIGHTS;
            optional = abi.encodePacked(data.weightsCommitment);
        }
        if (data.verifier != address(0)) {
            flags |= HAS_VERIFIER;
            optional = abi.encodePacked(optional, data.verifierCodeHash, data.verifier);
        }
        return
            abi.encodePacked(
                abi.encodePacked(commitment.modelHash, commitment.circuitHash, data.vkHash, data.ioSchemaHash),
                abi.encodePacked(data.proofSystemId, uint8(flags), uint16(data.layout.length)),
                data.layout,
                optional,
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
        commitment.proofSystemId = bytes4(_word(record, 128));
        (uint256 flags, uint256 layoutLength) = _sizes(record);
        uint256 at = HEAD_BYTES + layoutLength;
        if (flags & HAS_WEIGHTS != 0) at += 32;
        if (flags & HAS_VERIFIER != 0) at += 52;
        commitment.uri = string(Bytes.slice(record, at));
    }

    /// @dev The part that verifiers need; `deprecated` and `activatesAt` are not in the record.
    function verificationDataOf(
        bytes memory record
    ) internal pure returns (IModelRegistry.VerificationData memory data) {
        data.vkHash = _word(record, 64);
        data.ioSchemaHash = _word(record, 96);
        data.proofSystemId = bytes4(_word(record, 128));
        (uint256 flags, uint256 layoutLength) = _sizes(record);
        data.layout = Bytes.slice(record, HEAD_BYTES, HEAD_BYTES + layoutLength);
        uint256 at = HEAD_BYTES + layoutLength;
        if (flags & HAS_WEIGHTS != 0) {
            data.weightsCommitment = uint256(_word(record, at));
            at += 32;
        }
        if (flags & HAS_VERIFIER != 0) {
            data.verifierCodeHash = _word(record, at);
            data.verifier = address(bytes20(_word(record, at + 32)));
        }
    }

    /// @dev The circuit hash alone.
    function circuitHashOf(bytes memory record) internal pure returns (bytes32) {
        return _word(record, 32);
    }

    function _sizes(bytes memory record) private pure returns (uint256 flags, uint256 layoutLength) {
        uint256 word = uint256(_word(record, 132));
        return (word >> 248, (word >> 232) & 0xffff);
    }

    function _word(bytes memory record, uint256 at) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := mload(add(add(record, 32), at))
        }
    }
}
