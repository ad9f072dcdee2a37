// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IInferenceVerifier} from "../../../contracts/interfaces/IInferenceVerifier.sol";
import {IProofVerifier} from "../../../contracts/interfaces/IProofVerifier.sol";
import {BN254} from "../../../contracts/libraries/BN254.sol";
import {Schema} from "../../../contracts/libraries/Schema.sol";
import {Signals} from "../../../contracts/libraries/Signals.sol";
import {Schemas} from "../support/Schemas.sol";
import {Test} from "../support/Test.sol";
import {VM} from "../support/Vm.sol";
import {World} from "../support/World.sol";

contract SignalsTest is Test {
    struct Binding {
        uint64 chain;
        address caller;
        bytes32 requestId;
        uint256 modelId;
        address prover;
    }

    IInferenceVerifier private immutable _verifier = new World().verifier();

    /// Two bindings have one context exactly when they are the same binding.
    function testFuzz_contextsAreInjective(Binding memory a, Binding memory b, uint8 shared) external {
        // Often all parts but one agree: what is forgotten in the hash shows then.
        if (shared & 1 != 0) b.chain = a.chain;
        if (shared & 2 != 0) b.caller = a.caller;
        if (shared & 4 != 0) b.requestId = a.requestId;
        if (shared & 8 != 0) b.modelId = a.modelId;
        if (shared & 16 != 0) b.prover = a.prover;
        bool equal = keccak256(abi.encode(a)) == keccak256(abi.encode(b));
        check((_context(a) == _context(b)) == equal, "one binding, one context");
    }

    function testFuzz_oneDifferenceIsAnotherContext(Binding memory a, uint8 part, uint256 change) external {
        Binding memory b = abi.decode(abi.encode(a), (Binding));
        if (change == 0) change = 1;
        if (part % 5 == 0) b.chain ^= uint64(change) | 1;
        if (part % 5 == 1) b.caller = address(uint160(b.caller) ^ (uint160(change) | 1));
        if (part % 5 == 2) b.requestId ^= bytes32(change);
        if (part % 5 == 3) b.modelId ^= change;
        if (part % 5 == 4) b.prover = address(uint160(b.prover) ^ (uint160(change) | 1));
        check(_context(a) != _context(b), "another context");
    }

    function testFuzz_contextsAreSignalsAndNeverPortable(Binding memory a) external {
        uint256 context = _context(a);
        check(context < 1 << 248 && context < BN254.R, "in the field");
        check(context != Signals.PORTABLE, "bound");
    }

    function testFuzz_signalsAreOutputsInputsWeightsContext(
        uint256[] memory outputs,
        uint256[] memory inputs,
        bool committed,
        uint256 weights,
        uint256 context
    ) external view {
        uint256[] memory all = new uint256[](outputs.length + inputs.length + (committed ? 2 : 1));
        uint256 at = 0;
        for (uint256 i = 0; i < outputs.length; ++i) all[at++] = outputs[i] %= BN254.R;
        for (uint256 i = 0; i < inputs.length; ++i) all[at++] = inputs[i] %= BN254.R;
        if (committed) all[at++] = weights %= BN254.R;
        all[at] = context %= BN254.R;
        uint256[] memory built = this.build(
            abi.encodePacked(outputs),
            abi.encodePacked(inputs),
            committed,
            weights,
            context
        );
        same(abi.encode(built), abi.encode(all), "signals");
    }

    /// x + r would be another word for x: it never becomes a signal.
    function testFuzz_aliasesAreRefused(uint256[] memory words, uint256 at, uint256 context) external {
        if (words.length == 0) words = new uint256[](1);
        for (uint256 i = 0; i < words.length; ++i) words[i] %= BN254.R;
        context %= BN254.R;
        at %= words.length + 1;
        uint256 alias_;
        if (at == words.length) context = alias_ = context + BN254.R;
        else words[at] = alias_ = words[at] + BN254.R;
        VM.expectRevert(abi.encodeWithSelector(IProofVerifier.SignalNotInField.selector, at, alias_));
        this.build(abi.encodePacked(words), "", false, 0, context);
    }

    function testFuzz_publicCommitmentIsTheHashOfSchemaAndWords(bytes32 schema, uint256[] memory words) external view {
        same(
            this.publicCommitment(schema, abi.encodePacked(words)),
            keccak256(abi.encode(keccak256("zkml.input.v1"), schema, words)),
            "commitment"
        );
    }

    /// One tensor's commitment is the model's; several are hashed together; a private one is 0.
    function testFuzz_inputCommitmentFollowsTheSchema(uint256 seed, bytes32 hash) external view {
        Schema.IoSchema memory schema = Schemas.random(seed);
        bytes32[] memory values = new bytes32[](schema.inputs.length);
        bytes memory words;
        for (uint256 i = 0; i < values.length; ++i) {
            // A scalar where a tensor would be long.
            if (Schema.signals(schema.inputs[i]) > 50) schema.inputs[i].shape = new uint256[](0);
            uint256[] memory own = new uint256[](Schema.signals(schema.inputs[i]));
            for (uint256 j = 0; j < own.length; ++j) own[j] = uint256(keccak256(abi.encode(seed, i, j)));
            words = bytes.concat(words, abi.encodePacked(own));
            if (schema.inputs[i].visibility == Schema.HASHED) values[i] = bytes32(own[0]);
            if (schema.inputs[i].visibility == Schema.PUBLIC) {
                values[i] = keccak256(abi.encode(keccak256("zkml.input.v1"), hash, own));
            }
        }
        bytes32 expected = values.length == 1 ? values[0] : keccak256(abi.encode(values));
        same(this.inputCommitment(Schema.layoutOf(schema), hash, words), expected, "commitment");
    }

    function inputCommitment(bytes memory layout, bytes32 hash, bytes calldata words) external pure returns (bytes32) {
        return Signals.inputCommitment(layout, hash, words);
    }

    function build(
        bytes calldata output,
        bytes calldata input,
        bool committed,
        uint256 weights,
        uint256 context
    ) external pure returns (uint256[] memory) {
        return Signals.build(output, input, committed, weights, context);
    }

    function publicCommitment(bytes32 schema, bytes calldata words) external pure returns (bytes32) {
        return Signals.publicCommitment(schema, words);
    }

    /// Asked of the verifier: within one call, the compiler may read the chain id once.
    function _context(Binding memory a) private returns (uint256) {
        VM.chainId(a.chain);
        return _verifier.contextOf(a.caller, a.requestId, a.modelId, a.prover);
    }
}
