// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IProofVerifier} from "../../../contracts/interfaces/IProofVerifier.sol";
import {IVerifyingKeyStore} from "../../../contracts/interfaces/IVerifyingKeyStore.sol";
import {BN254} from "../../../contracts/libraries/BN254.sol";
import {Artifacts} from "../support/Artifacts.sol";
import {Test} from "../support/Test.sol";
import {TrapdoorProver} from "../support/TrapdoorProver.sol";
import {VM} from "../support/Vm.sol";

contract Groth16VerifierTest is Test {
    uint256 private constant MAX_SIGNALS = 5;

    IVerifyingKeyStore private immutable _store = IVerifyingKeyStore(
        Artifacts.deploy("verification", "VerifyingKeyStore", "")
    );
    IProofVerifier private immutable _verifier = IProofVerifier(
        Artifacts.deploy("verification", "Groth16Verifier", abi.encode(_store))
    );

    function testFuzz_aProofOfAnyStatementPasses(uint256 seed, uint256 count, uint256[5] memory values) external {
        (bytes32 vkHash, uint256[] memory signals, bytes memory proof) = _statement(seed, count, values);
        check(_verifier.verify(vkHash, signals, proof), "holds");
        check(_verifier.verify(vkHash, signals, TrapdoorProver.malleate(proof)), "so does its other form");
    }

    function testFuzz_aChangedSignalFails(
        uint256 seed,
        uint256 count,
        uint256[5] memory values,
        uint256 at,
        uint256 other
    ) external {
        (bytes32 vkHash, uint256[] memory signals, bytes memory proof) = _statement(seed, count, values);
        at %= signals.length;
        other = other % 3 == 0 ? addmod(signals[at], 1, BN254.R) : other % BN254.R;
        VM.assume(other != signals[at]);
        signals[at] = other;
        check(!_verifier.verify(vkHash, signals, proof), "another statement");
    }

    function testFuzz_anAliasOfASignalReverts(
        uint256 seed,
        uint256 count,
        uint256[5] memory values,
        uint256 at,
        uint256 times
    ) external {
        (bytes32 vkHash, uint256[] memory signals, bytes memory proof) = _statement(seed, count, values);
        at %= signals.length;
        // x + r, …, as often as a word has room
        signals[at] += BN254.R * bound(times, 1, (type(uint256).max - signals[at]) / BN254.R);
        VM.expectRevert(abi.encodeWithSelector(IProofVerifier.SignalNotInField.selector, at, signals[at]));
        _verifier.verify(vkHash, signals, proof);
    }

    function testFuzz_aChangedByteFails(
        uint256 seed,
        uint256 count,
        uint256[5] memory values,
        uint256 at,
        uint8 change
    ) external {
        (bytes32 vkHash, uint256[] memory signals, bytes memory proof) = _statement(seed, count, values);
        at %= proof.length;
        proof[at] = bytes1(uint8(proof[at]) ^ (change == 0 ? 1 : change));
        _fails(vkHash, signals, proof);
    }

    function testFuzz_anAliasOfACoordinateFails(
        uint256 seed,
        uint256 count,
        uint256[5] memory values,
        uint256 at
    ) external {
        (bytes32 vkHash, uint256[] memory signals, bytes memory proof) = _statement(seed, count, values);
        uint256[8] memory words = abi.decode(proof, (uint256[8]));
        words[at % 8] += BN254.Q;
        _fails(vkHash, signals, abi.encode(words));
    }

    /// Points that no honest prover makes: infinity, and parts of other proofs of the same and of other statements.
    function testFuzz_mixedProofsFail(uint256 seed, uint256[5] memory values, uint256 parts) external {
        (bytes32 vkHash, uint256[] memory signals, bytes memory proof) = _statement(seed, 3, values);
        TrapdoorProver.Key memory key = TrapdoorProver.generate(3, seed);
        bytes memory other = TrapdoorProver.prove(key, signals, uint256(keccak256(abi.encode(seed))));
        // A point is kept, taken from the other proof, or infinite.
        uint256[8] memory mixed = abi.decode(proof, (uint256[8]));
        uint256[8] memory second = abi.decode(other, (uint256[8]));
        for (uint256 i = 0; i < 8; ++i) {
            uint256 choice =
                (parts >>
                    (
                        i < 2
                            ? 0
                            : i < 6
                                ? 8
                                : 16
                    )) % 3;
            if (choice != 0) mixed[i] = choice == 1 ? second[i] : 0;
        }
        bytes32 result = keccak256(abi.encode(mixed));
        VM.assume(result != keccak256(proof) && result != keccak256(other));
        _fails(vkHash, signals, abi.encode(mixed));
    }

    function testFuzz_anotherKeyFails(uint256 seed, uint256 otherSeed, uint256[5] memory values) external {
        VM.assume(seed != otherSeed);
        (, uint256[] memory signals, bytes memory proof) = _statement(seed, 3, values);
        bytes32 other = _store.store(TrapdoorProver.encode(TrapdoorProver.generate(3, otherSeed)));
        check(!_verifier.verify(other, signals, proof), "another key");
    }

    function testFuzz_misuseReverts(uint256 seed, uint256[5] memory values, uint256 length, bytes32 unknown) external {
        (bytes32 vkHash, uint256[] memory signals, bytes memory proof) = _statement(seed, 3, values);
        length = bound(length, 0, 6);
        if (length != signals.length) {
            VM.expectRevert(abi.encodeWithSelector(IProofVerifier.WrongSignalCount.selector, 3, length));
            _verifier.verify(vkHash, new uint256[](length), proof);
        }
        VM.assume(unknown != vkHash);
        VM.expectRevert(abi.encodeWithSelector(IProofVerifier.UnknownVerifyingKey.selector, unknown));
        _verifier.verify(unknown, signals, proof);
        bytes memory cut = new bytes(uint256(unknown) % 256);
        VM.expectRevert(abi.encodeWithSelector(IProofVerifier.WrongProofLength.selector, cut.length));
        _verifier.verify(vkHash, signals, cut);
    }

    /// However little gas there is, a proof that holds is never called wrong.
    function testFuzz_starvationIsNoVerdict(
        uint256 seed,
        uint256 count,
        uint256[5] memory values,
        uint256 gas_
    ) external {
        (bytes32 vkHash, uint256[] memory signals, bytes memory proof) = _statement(seed, count, values);
        try _verifier.verify{gas: bound(gas_, 0, 400_000)}(vkHash, signals, proof) returns (bool valid) {
            check(valid, "holds");
        } catch {}
    }

    /// Fails, and not at the cost of all gas.
    function _fails(bytes32 vkHash, uint256[] memory signals, bytes memory proof) private view {
        uint256 before = gasleft();
        check(!_verifier.verify(vkHash, signals, proof), "no proof of it");
        check(before - gasleft() < 400_000, "bounded cost");
    }

    /// A key for `count` signals, stored, with values for them and a proof.
    function _statement(
        uint256 seed,
        uint256 count,
        uint256[5] memory values
    ) private returns (bytes32 vkHash, uint256[] memory signals, bytes memory proof) {
        count = bound(count, 1, MAX_SIGNALS);
        TrapdoorProver.Key memory key = TrapdoorProver.generate(count, seed);
        vkHash = _store.store(TrapdoorProver.encode(key));
        signals = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) signals[i] = values[i] % BN254.R;
        proof = TrapdoorProver.prove(key, signals, seed ^ values[0]);
    }
}
