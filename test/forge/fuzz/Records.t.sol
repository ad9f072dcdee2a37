// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERCZKMLRegistry} from "../../../contracts/interfaces/IERCZKMLRegistry.sol";
import {IModelRegistry} from "../../../contracts/interfaces/IModelRegistry.sol";
import {Identity} from "../../../contracts/libraries/Identity.sol";
import {ManifestRecord} from "../../../contracts/libraries/ManifestRecord.sol";
import {ModelRecord} from "../../../contracts/libraries/ModelRecord.sol";
import {Schema} from "../../../contracts/libraries/Schema.sol";
import {SchemaCodec} from "../../../contracts/libraries/SchemaCodec.sol";
import {SignalLayout} from "../../../contracts/libraries/SignalLayout.sol";
import {Test} from "../support/Test.sol";
import {Schemas} from "../support/Schemas.sol";

/// What the registry keeps as bytes reads back as what was written.
contract RecordsTest is Test {
    function testFuzz_schemasSurvive(uint256 seed, bytes memory before) external pure {
        Schema.IoSchema memory schema = Schemas.random(seed);
        bytes memory data = bytes.concat(before, SchemaCodec.encode(schema));
        same(abi.encode(SchemaCodec.decode(data, before.length)), abi.encode(schema), "schema");
    }

    function testFuzz_layoutsSayWhatSchemasSay(uint256 seed) external pure {
        Schema.IoSchema memory schema = Schemas.random(seed);
        bytes memory layout = Schema.layoutOf(schema);
        (uint256 outputs, uint256 inputs, bool committed) = SignalLayout.header(layout);
        uint256 expected = 0;
        for (uint256 i = 0; i < schema.outputs.length; ++i) expected += Schema.signals(schema.outputs[i]);
        same(outputs, expected, "outputs");
        expected = 0;
        for (uint256 i = 0; i < schema.inputs.length; ++i) {
            (uint256 visibility, uint256 signals) = SignalLayout.tensor(layout, i);
            same(visibility, schema.inputs[i].visibility, "visibility");
            same(signals, Schema.signals(schema.inputs[i]), "signals");
            expected += signals;
        }
        same(inputs, expected, "inputs");
        check(committed == schema.weightsCommitted, "weights");
        same(SignalLayout.tensors(layout), schema.inputs.length, "tensors");
        same(SignalLayout.total(layout), outputs + inputs + (committed ? 2 : 1), "total");
    }

    function testFuzz_manifestsSurvive(uint256 seed, bytes32[5] memory parts) external pure {
        Identity.Manifest memory manifest = _manifest(seed, parts);
        bytes memory layout = Schema.layoutOf(manifest.ioSchema);
        bytes32 schemaHash = Schema.hash(manifest.ioSchema);
        bytes memory data = ManifestRecord.encode(manifest, schemaHash, layout);
        same(abi.encode(ManifestRecord.manifestOf(data)), abi.encode(manifest), "manifest");
        ManifestRecord.Summary memory summary = ManifestRecord.summaryOf(data);
        same(summary.setupHash, manifest.setupHash, "setupHash");
        same(summary.weightsCommitment, manifest.weightsCommitment, "weightsCommitment");
        same(summary.verifierCodeHash, manifest.verifierCodeHash, "verifierCodeHash");
        same(summary.ioSchemaHash, schemaHash, "ioSchemaHash");
        same(summary.layout, layout, "layout");
    }

    function testFuzz_modelsSurvive(
        uint256 seed,
        IERCZKMLRegistry.ModelCommitment memory commitment,
        bytes32[3] memory parts,
        address verifier
    ) external pure {
        IModelRegistry.VerificationData memory data;
        data.vkHash = commitment.vkHash;
        data.ioSchemaHash = parts[0];
        // Most models have neither a weights commitment nor a verifier of their own; a code hash is a verifier's.
        if (seed % 2 == 0) data.weightsCommitment = uint256(parts[1]);
        if (seed % 3 == 0 && verifier != address(0)) {
            data.verifierCodeHash = parts[2];
            data.verifier = verifier;
        }
        data.proofSystemId = commitment.proofSystemId;
        data.layout = Schema.layoutOf(Schemas.random(seed));
        bytes memory record = ModelRecord.encode(commitment, data);
        same(abi.encode(ModelRecord.commitmentOf(record)), abi.encode(commitment), "commitment");
        same(abi.encode(ModelRecord.verificationDataOf(record)), abi.encode(data), "verification data");
        same(ModelRecord.circuitHashOf(record), commitment.circuitHash, "circuitHash");
    }

    /// Every part of a manifest is in the circuit hash.
    function testFuzz_anotherManifestIsAnotherCircuit(uint256 seed, bytes32[5] memory parts, uint8 part) external pure {
        bytes32 before = _circuitHash(_manifest(seed, parts));
        Identity.Manifest memory manifest = _manifest(seed, parts);
        part %= 8;
        if (part == 0) manifest.r1csHash ^= bytes32(uint256(1));
        if (part == 1) manifest.recipeHash ^= bytes32(uint256(1));
        if (part == 2) manifest.setupHash ^= bytes32(uint256(1));
        if (part == 3) manifest.weightsCommitment ^= 1;
        if (part == 4) manifest.verifierCodeHash ^= bytes32(uint256(1));
        if (part == 5) manifest.ioSchema.weightsCommitted = !manifest.ioSchema.weightsCommitted;
        if (part == 6) manifest.ioSchema.outputs[0].lo ^= 1;
        if (part == 7) manifest.ioSchema.inputs[seed % manifest.ioSchema.inputs.length].exponent ^= 1;
        check(_circuitHash(manifest) != before, "another circuit");
    }

    function testFuzz_anotherPartIsAnotherModel(
        address publisher,
        bytes32 modelHash,
        bytes32 circuit,
        bytes32 vkHash,
        bytes4 system,
        uint8 part
    ) external pure {
        uint256 before = Identity.modelId(publisher, modelHash, circuit, vkHash, system);
        part %= 5;
        if (part == 0) publisher = address(uint160(publisher) ^ 1);
        if (part == 1) modelHash ^= bytes32(uint256(1));
        if (part == 2) circuit ^= bytes32(uint256(1));
        if (part == 3) vkHash ^= bytes32(uint256(1));
        if (part == 4) system ^= bytes4(uint32(1));
        check(Identity.modelId(publisher, modelHash, circuit, vkHash, system) != before, "another model");
    }

    function _manifest(uint256 seed, bytes32[5] memory parts) private pure returns (Identity.Manifest memory) {
        return
            Identity.Manifest({
                r1csHash: parts[0],
                recipeHash: parts[1],
                setupHash: parts[2],
                weightsCommitment: seed % 2 == 0 ? uint256(parts[3]) : 0,
                verifierCodeHash: seed % 3 == 0 ? parts[4] : bytes32(0),
                ioSchema: Schemas.random(seed)
            });
    }

    function _circuitHash(Identity.Manifest memory manifest) private pure returns (bytes32) {
        return Identity.circuitHash(manifest, Schema.hash(manifest.ioSchema));
    }
}
