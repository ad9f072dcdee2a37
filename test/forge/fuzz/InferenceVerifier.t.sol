// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERCZKMLVerifier} from "../../../contracts/interfaces/IERCZKMLVerifier.sol";
import {IInferenceVerifier} from "../../../contracts/interfaces/IInferenceVerifier.sol";
import {IModelRegistry} from "../../../contracts/interfaces/IModelRegistry.sol";
import {IProofVerifier} from "../../../contracts/interfaces/IProofVerifier.sol";
import {IVerifierEmergencyStop} from "../../../contracts/interfaces/IVerifierEmergencyStop.sol";
import {IVerifierRouter} from "../../../contracts/interfaces/IVerifierRouter.sol";
import {BN254} from "../../../contracts/libraries/BN254.sol";
import {Test} from "../support/Test.sol";
import {TrapdoorProver} from "../support/TrapdoorProver.sol";
import {VM} from "../support/Vm.sol";
import {Statement, World} from "../support/World.sol";

contract InferenceVerifierTest is Test {
    World private immutable _world = new World();
    IInferenceVerifier private immutable _verifier = _world.verifier();
    address private immutable _publisher = address(0xA11CE);
    uint256 private immutable _model = _world.register(_publisher, 1);
    uint256 private immutable _otherModel = _world.register(_publisher, 2);

    function testFuzz_aProofPassesForItsStatement(uint256 seed) external {
        Statement memory s = _statement(seed);
        bytes memory proof = _world.prove(s, seed);
        _check(s, proof);
        bytes32 commitment = _world.inputCommitment(s);
        bytes memory output = _world.outputOf(s);
        VM.prank(s.caller);
        _verifier.verifyInference(s.modelId, commitment, output, proof);
        // Malleable, as every Groth16 proof: nothing may hang on the bytes of a proof.
        _check(s, _world.encode(s, TrapdoorProver.malleate(_points(proof))));
    }

    function testFuzz_noOtherChain(uint256 seed, uint64 chain) external {
        Statement memory s = _statement(seed);
        bytes memory proof = _world.prove(s, seed);
        VM.assume(chain != 31337 && chain != 0);
        VM.chainId(chain);
        _refuse(s, proof, IERCZKMLVerifier.InvalidProof.selector);
        // What binds is the chain, not the machine: back home it holds.
        VM.chainId(31337);
        _check(s, proof);
    }

    function testFuzz_noOtherContractRequestProverOrModel(uint256 seed, uint256 change, uint8 part) external view {
        Statement memory s = _statement(seed);
        bytes memory points = _points(_world.prove(s, seed));
        if (change == 0) change = 1;
        if (part % 4 == 0) s.caller = address(uint160(s.caller) ^ (uint160(change) | 1));
        if (part % 4 == 1) s.requestId ^= bytes32(change);
        if (part % 4 == 2) s.prover = address(uint160(s.prover) ^ (uint160(change) | 1));
        if (part % 4 == 3) s.modelId = _otherModel;
        _refuse(s, _world.encode(s, points), IERCZKMLVerifier.InvalidProof.selector);
    }

    function testFuzz_noOtherOutputOrInput(uint256 seed, uint256 at, uint256 other) external view {
        Statement memory s = _statement(seed);
        bytes memory points = _points(_world.prove(s, seed));
        other %= BN254.R;
        at %= 3;
        uint256[] memory words = at == 0 ? s.output : s.input;
        VM.assume(words[at / 2] != other);
        words[at / 2] = other;
        _refuse(s, _world.encode(s, points), IERCZKMLVerifier.InvalidProof.selector);
    }

    function testFuzz_noAlias(uint256 seed, uint256 at, uint256 times) external view {
        Statement memory s = _statement(seed);
        bytes memory points = _points(_world.prove(s, seed));
        at %= 3;
        uint256[] memory words = at == 0 ? s.output : s.input;
        // x + r stands for the same field element
        words[at / 2] += BN254.R * bound(times, 1, (type(uint256).max - words[at / 2]) / BN254.R);
        _refuse(s, _world.encode(s, points), IProofVerifier.SignalNotInField.selector);
    }

    function testFuzz_noOtherCommitment(uint256 seed, bytes32 commitment) external view {
        Statement memory s = _statement(seed);
        bytes memory proof = _world.prove(s, seed);
        bytes memory output = _world.outputOf(s);
        VM.assume(commitment != _world.inputCommitment(s));
        try _verifier.checkInference(s.modelId, commitment, output, proof, s.caller) {
            check(false, "another input");
        } catch (bytes memory reason) {
            same(selectorOf(reason), IERCZKMLVerifier.InputCommitmentMismatch.selector, "reason");
        }
    }

    /// No byte of a blob is free.
    function testFuzz_noChangedByte(uint256 seed, uint256 at, uint8 change) external view {
        Statement memory s = _statement(seed);
        bytes memory proof = _world.prove(s, seed);
        at %= proof.length;
        proof[at] = bytes1(uint8(proof[at]) ^ (change == 0 ? 1 : change));
        check(!_passes(s, proof), "changed byte");
    }

    function testFuzz_noUnknownModel(uint256 seed, uint256 modelId) external view {
        Statement memory s = _statement(seed);
        VM.assume(modelId != _model && modelId != _otherModel);
        s.modelId = modelId;
        check(!_passes(s, _world.prove(s, seed)), "unknown model");
    }

    /// Bound and portable proofs never stand for each other.
    function testFuzz_boundIsNotPortable(uint256 seed) external view {
        Statement memory s = _statement(seed);
        bytes memory bound_ = _world.prove(s, seed);
        bytes memory portable = _world.provePortable(s, seed);
        check(_passesPortable(s, portable), "portable as portable");
        check(!_passesPortable(s, bound_), "bound as portable");
        // Without the names either: the signal differs.
        Statement memory nameless = _statement(seed);
        (nameless.requestId, nameless.prover) = (bytes32(0), address(0));
        check(!_passesPortable(s, _world.encode(nameless, _points(bound_))), "nameless bound as portable");
        check(!_passes(nameless, portable), "portable as bound");
        check(!_passes(s, _world.encode(s, _points(portable))), "named portable as bound");
        check(_passes(nameless, _world.prove(nameless, seed)), "request 0 and prover 0 are names too");
    }

    function testFuzz_noDeprecatedModel(uint256 seed) external {
        Statement memory s = _statement(seed);
        bytes memory proof = _world.prove(s, seed);
        IModelRegistry registry = _world.registry();
        VM.prank(_publisher);
        registry.deprecateModel(s.modelId);
        check(!_passes(s, proof), "deprecated");
    }

    /// However little gas there is, a proof that holds is never called invalid; directly and through the router.
    function testFuzz_starvationIsNoVerdict(uint256 seed, uint256 gas_) external view {
        Statement memory s = _statement(seed);
        bytes memory proof = _world.prove(s, seed);
        bytes32 commitment = _world.inputCommitment(s);
        bytes memory output = _world.outputOf(s);
        IInferenceVerifier verifier = seed % 2 == 0 ? _verifier : _world.routed();
        gas_ = bound(gas_, 0, 600_000);
        try verifier.checkInference{gas: gas_}(s.modelId, commitment, output, proof, s.caller) {} catch (
            bytes memory reason
        ) {
            check(selectorOf(reason) != IERCZKMLVerifier.InvalidProof.selector, "no verdict");
        }
    }

    /// A stop ends the routed verifier and leaves the direct one alone.
    function testFuzz_aStopEndsWhatIsRouted(uint256 seed, bool keyOnly) external {
        Statement memory s = _statement(seed);
        bytes memory proof = _world.prove(s, seed);
        bytes32 commitment = _world.inputCommitment(s);
        bytes memory output = _world.outputOf(s);
        IInferenceVerifier routed = _world.routed();
        routed.checkInference(s.modelId, commitment, output, proof, s.caller);
        IVerifierEmergencyStop stop = _world.stop();
        if (keyOnly) {
            uint256[] memory signals = new uint256[](4);
            signals[0] = BN254.R - 1;
            stop.stopKey(_world.vkHash(), signals, _world.points(signals, seed));
        } else {
            address guardian = _world.GUARDIAN();
            VM.prank(guardian);
            stop.stop();
        }
        check(routed.isStopped(s.modelId), "stopped");
        bytes4 system = _world.GROTH16();
        bytes32 vkHash = _world.vkHash();
        VM.expectRevert(abi.encodeWithSelector(IVerifierRouter.RouteStopped.selector, system, vkHash));
        routed.checkInference(s.modelId, commitment, output, proof, s.caller);
        _check(s, proof);
    }

    function _check(Statement memory s, bytes memory proof) private view {
        _verifier.checkInference(s.modelId, _world.inputCommitment(s), _world.outputOf(s), proof, s.caller);
    }

    function _refuse(Statement memory s, bytes memory proof, bytes4 expected) private view {
        bytes32 commitment = _world.inputCommitment(s);
        bytes memory output = _world.outputOf(s);
        try _verifier.checkInference(s.modelId, commitment, output, proof, s.caller) {
            check(false, "passed");
        } catch (bytes memory reason) {
            same(selectorOf(reason), expected, "reason");
        }
    }

    function _passes(Statement memory s, bytes memory proof) private view returns (bool) {
        bytes32 commitment = _world.inputCommitment(s);
        bytes memory output = _world.outputOf(s);
        try _verifier.checkInference(s.modelId, commitment, output, proof, s.caller) {
            return true;
        } catch {
            return false;
        }
    }

    function _passesPortable(Statement memory s, bytes memory proof) private view returns (bool) {
        bytes32 commitment = _world.inputCommitment(s);
        bytes memory output = _world.outputOf(s);
        try _verifier.checkInferencePortable(s.modelId, commitment, output, proof) {
            return true;
        } catch {
            return false;
        }
    }

    function _points(bytes memory proof) private pure returns (bytes memory points) {
        points = new bytes(256);
        assembly ("memory-safe") {
            mcopy(add(points, 32), add(proof, 32), 256)
        }
    }

    function _statement(uint256 seed) private view returns (Statement memory s) {
        s.modelId = _model;
        s.caller = address(uint160(_word(seed, 0)));
        s.requestId = bytes32(_word(seed, 1));
        s.prover = address(uint160(_word(seed, 2)));
        s.output = new uint256[](1);
        s.output[0] = _word(seed, 3);
        s.input = new uint256[](2);
        s.input[0] = _word(seed, 4);
        s.input[1] = _word(seed, 5);
    }

    function _word(uint256 seed, uint256 index) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, index))) % BN254.R;
    }
}
