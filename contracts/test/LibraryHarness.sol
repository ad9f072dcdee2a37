// SPDX-License-Identifier: MIT
/* solhint-disable use-natspec */
pragma solidity ^0.8.28;

import {Domains} from "../libraries/Domains.sol";
import {Identity} from "../libraries/Identity.sol";
import {ProofBlob} from "../libraries/ProofBlob.sol";
import {Requests} from "../libraries/Requests.sol";
import {Schema} from "../libraries/Schema.sol";
import {SchemaCodec} from "../libraries/SchemaCodec.sol";
import {SignalLayout} from "../libraries/SignalLayout.sol";
import {Signals} from "../libraries/Signals.sol";
import {Tensors} from "../libraries/Tensors.sol";
import {VerifyingKeys} from "../libraries/VerifyingKeys.sol";

/// @title Internal functions of the libraries, for tests
contract LibraryHarness {
    function pack(int256[] calldata values, Tensors.Format calldata format) external pure returns (uint256[] memory) {
        return Tensors.pack(values, format);
    }

    function unpack(uint256[] calldata words, Tensors.Format calldata format) external pure returns (int256[] memory) {
        return Tensors.unpack(words, format);
    }

    function unpackOutput(
        bytes calldata output,
        uint256 firstWord,
        Tensors.Format calldata format
    ) external pure returns (int256[] memory) {
        return Tensors.unpackOutput(output, firstWord, format);
    }

    function argmax(int256[] calldata values) external pure returns (uint256) {
        return Tensors.argmax(values);
    }

    function quantize(int256 value, int256 exponent, Tensors.Format calldata format) external pure returns (int256) {
        return Tensors.quantize(value, exponent, format);
    }

    function quantizeClamped(
        int256 value,
        int256 exponent,
        Tensors.Format calldata format
    ) external pure returns (int256) {
        return Tensors.quantizeClamped(value, exponent, format);
    }

    function dequantize(int256 q, int256 exponent) external pure returns (int256) {
        return Tensors.dequantize(q, exponent);
    }

    function context(
        uint256 chainId,
        address caller,
        bytes32 requestId,
        uint256 modelId,
        address prover
    ) external pure returns (uint256) {
        return Signals.context(chainId, caller, requestId, modelId, prover);
    }

    function tensorTag(int256 lo, uint256 bits, uint256 count) external pure returns (uint256) {
        return Signals.tensorTag(lo, bits, count);
    }

    function publicCommitment(bytes32 ioSchemaHash, bytes calldata words) external pure returns (bytes32) {
        return Signals.publicCommitment(ioSchemaHash, words);
    }

    function inputCommitment(Schema.IoSchema calldata schema, bytes calldata words) external pure returns (bytes32) {
        Schema.IoSchema memory copy = schema;
        return Signals.inputCommitment(Schema.layoutOf(copy), Schema.hash(copy), words);
    }

    function schemaHash(Schema.IoSchema calldata schema) external pure returns (bytes32) {
        return Schema.hash(schema);
    }

    function layoutOf(
        Schema.IoSchema calldata schema
    ) external pure returns (uint256 outputs, uint256 inputs, bool weightsCommitted, uint256 total) {
        bytes memory layout = Schema.layoutOf(schema);
        (outputs, inputs, weightsCommitted) = SignalLayout.header(layout);
        total = SignalLayout.total(layout);
    }

    function storedSchemaHash(Schema.IoSchema calldata schema) external pure returns (bytes32) {
        bytes memory stored = abi.encodePacked(bytes3("..."), SchemaCodec.encode(schema));
        return Schema.hash(SchemaCodec.decode(stored, 3));
    }

    function circuitHashOf(Identity.Manifest calldata manifest) external pure returns (bytes32) {
        Identity.Manifest memory copy = manifest;
        return Identity.circuitHash(copy, Schema.hash(copy.ioSchema));
    }

    function modelIdOf(
        address publisher,
        bytes32 modelHash,
        bytes32 circuit,
        bytes32 vkHash,
        bytes4 proofSystemId
    ) external pure returns (uint256) {
        return Identity.modelId(publisher, modelHash, circuit, vkHash, proofSystemId);
    }

    function openProof(
        bytes calldata proof
    ) external pure returns (bytes32 requestId, address prover, bytes memory words) {
        (requestId, prover) = ProofBlob.statement(proof);
        words = ProofBlob.inputWords(proof);
    }

    function checkKey(bytes calldata key) external view returns (uint256 signals, bytes32 vkHash) {
        return (VerifyingKeys.check(key), keccak256(key));
    }

    function requestHash(Requests.Request calldata request) external pure returns (bytes32) {
        return Requests.hashStruct(request);
    }

    function requestPriceAt(Requests.Request calldata request, uint256 time) external pure returns (uint256) {
        return Requests.priceAt(request, time);
    }

    function requestLockExpiry(Requests.Request calldata request, uint256 lockedAt) external pure returns (uint256) {
        return Requests.lockExpiry(request, lockedAt);
    }

    /// @dev In alphabetical order, like the vectors.
    function domains() external pure returns (bytes32[10] memory) {
        return
            [
                Domains.BATCH,
                Domains.CONTEXT,
                Domains.INPUT,
                Domains.LEDGER_REQUEST,
                Domains.MODEL,
                Domains.PROMPT,
                Domains.SCHEMA,
                Domains.STATEMENT,
                Domains.TENSOR,
                Domains.VALIDATION_REQUEST
            ];
    }
}
