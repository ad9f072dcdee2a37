// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IBatchVerifier} from "../../../contracts/interfaces/IBatchVerifier.sol";
import {IERCZKMLVerifier} from "../../../contracts/interfaces/IERCZKMLVerifier.sol";
import {IInferenceVerifier} from "../../../contracts/interfaces/IInferenceVerifier.sol";
import {IProofVerifier} from "../../../contracts/interfaces/IProofVerifier.sol";
import {BN254} from "../../../contracts/libraries/BN254.sol";
import {Test} from "../support/Test.sol";
import {TrapdoorProver} from "../support/TrapdoorProver.sol";
import {VM} from "../support/Vm.sol";
import {Statement, World} from "../support/World.sol";

contract BatchTest is Test {
    uint256 private constant SIGNALS = 4;

    World private immutable _world = new World();
    IProofVerifier private immutable _single = _world.shared();
    IBatchVerifier private immutable _batch = IBatchVerifier(address(_single));
    bytes32 private immutable _vkHash = _world.vkHash();

    /// A batch holds exactly when each of its proofs does.
    function testFuzz_holdsExactlyWhenAllDo(uint256 seed, uint256 count, uint256 faults) external view {
        count = bound(count, 1, 4);
        bytes memory proofs;
        uint256[] memory signals = new uint256[](count * SIGNALS);
        bool all = true;
        for (uint256 i = 0; i < count; ++i) {
            uint256[] memory own = _signals(seed, i);
            bytes memory proof = _world.points(own, uint256(keccak256(abi.encode(seed, i))));
            // Four bits a proof; most proofs are good, so that good batches come up too.
            uint256 fault = (faults >> (4 * i)) & 15;
            if (fault == 1) own[seed % SIGNALS] = addmod(own[seed % SIGNALS], 1, BN254.R);
            if (fault == 2) proof = _shifted(proof, 1 + (seed % 1000));
            if (fault == 3) proof = TrapdoorProver.malleate(proof);
            if (fault == 4) proof[seed % 256] ^= 0x01;
            if (fault == 5) proof = new bytes(256);
            all = all && _single.verify(_vkHash, own, proof);
            for (uint256 j = 0; j < SIGNALS; ++j) signals[i * SIGNALS + j] = own[j];
            proofs = bytes.concat(proofs, proof);
        }
        check(_batch.verifyBatch(_vkHash, signals, proofs) == all, "all or nothing");
    }

    /// Errors that would cancel in a plain product do not cancel: C + D here and C − D there, whatever D and wherever.
    function testFuzz_errorsNeverCancel(
        uint256 seed,
        uint256 count,
        uint256 first,
        uint256 second,
        uint256 d
    ) external view {
        count = bound(count, 2, 4);
        first %= count;
        second = (first + 1 + (second % (count - 1))) % count;
        d = 1 + (d % (BN254.R - 1));
        bytes memory proofs;
        uint256[] memory signals = new uint256[](count * SIGNALS);
        for (uint256 i = 0; i < count; ++i) {
            uint256[] memory own = _signals(seed, i);
            bytes memory proof = _world.points(own, seed ^ i);
            if (i == first) proof = _shifted(proof, d);
            if (i == second) proof = _shifted(proof, BN254.R - d);
            for (uint256 j = 0; j < SIGNALS; ++j) signals[i * SIGNALS + j] = own[j];
            proofs = bytes.concat(proofs, proof);
        }
        check(!_batch.verifyBatch(_vkHash, signals, proofs), "two wrongs");
    }

    /// Neither do swapped proofs, nor swapped statements.
    function testFuzz_orderBinds(uint256 seed) external view {
        uint256[] memory a = _signals(seed, 0);
        uint256[] memory b = _signals(seed, 1);
        bytes memory proofs = bytes.concat(_world.points(b, seed), _world.points(a, seed));
        uint256[] memory signals = new uint256[](2 * SIGNALS);
        for (uint256 j = 0; j < SIGNALS; ++j) (signals[j], signals[SIGNALS + j]) = (a[j], b[j]);
        check(!_batch.verifyBatch(_vkHash, signals, proofs), "swapped");
        for (uint256 j = 0; j < SIGNALS; ++j) (signals[j], signals[SIGNALS + j]) = (b[j], a[j]);
        check(_batch.verifyBatch(_vkHash, signals, proofs), "in order");
    }

    function testFuzz_aliasesAndWrongSizesRevert(uint256 seed, uint256 at, uint256 cut) external {
        uint256[] memory signals = new uint256[](2 * SIGNALS);
        for (uint256 j = 0; j < 2 * SIGNALS; ++j) signals[j] = _signals(seed, j / SIGNALS)[j % SIGNALS];
        bytes memory proofs = bytes.concat(
            _world.points(_signals(seed, 0), seed),
            _world.points(_signals(seed, 1), seed)
        );
        at %= signals.length;
        signals[at] += BN254.R;
        VM.expectRevert(abi.encodeWithSelector(IProofVerifier.SignalNotInField.selector, at, signals[at]));
        _batch.verifyBatch(_vkHash, signals, proofs);
        signals[at] -= BN254.R;
        bytes memory shorter = new bytes(cut % proofs.length);
        VM.expectRevert();
        _batch.verifyBatch(_vkHash, signals, shorter);
    }

    /// However little gas there is, a batch that holds is never called wrong.
    function testFuzz_starvationIsNoVerdict(uint256 seed, uint256 gas_) external view {
        uint256[] memory signals = new uint256[](2 * SIGNALS);
        for (uint256 j = 0; j < 2 * SIGNALS; ++j) signals[j] = _signals(seed, j / SIGNALS)[j % SIGNALS];
        bytes memory proofs = bytes.concat(
            _world.points(_signals(seed, 0), seed),
            _world.points(_signals(seed, 1), seed)
        );
        try _batch.verifyBatch{gas: bound(gas_, 0, 700_000)}(_vkHash, signals, proofs) returns (bool valid) {
            check(valid, "holds");
        } catch {}
    }

    /// Through the inference verifier, with the helper that finds the bad one.
    function testFuzz_firstInvalidFindsIt(uint256 seed, uint256 count, uint256 bad) external {
        count = bound(count, 1, 4);
        // Often none is bad.
        bad %= count + 1;
        uint256 modelId = _world.register(address(0xA11CE), 1);
        IInferenceVerifier verifier = _world.verifier();
        IInferenceVerifier.BatchItem[] memory items = new IInferenceVerifier.BatchItem[](count);
        for (uint256 i = 0; i < count; ++i) items[i] = _item(modelId, seed, i, i == bad);
        (uint256 index, bytes memory reason) = verifier.firstInvalid(modelId, items, address(this));
        same(index, bad, "first invalid");
        if (bad != count) same(selectorOf(reason), IERCZKMLVerifier.InvalidProof.selector, "reason");
        try verifier.checkInferenceBatch(modelId, items, address(this)) {
            same(bad, count, "all hold");
        } catch (bytes memory error) {
            check(bad != count, "one does not");
            same(selectorOf(error), IERCZKMLVerifier.InvalidProof.selector, "batch reason");
        }
    }

    /// Nor by the inference verifier, which asks through a router with a cap.
    function testFuzz_starvationIsNoVerdictThroughTheRouter(uint256 seed, uint256 gas_) external {
        uint256 modelId = _world.register(address(0xA11CE), 1);
        IInferenceVerifier verifier = seed % 2 == 0 ? _world.verifier() : _world.routed();
        IInferenceVerifier.BatchItem[] memory items = new IInferenceVerifier.BatchItem[](1 + (seed % 3));
        for (uint256 i = 0; i < items.length; ++i) items[i] = _item(modelId, seed, i, false);
        gas_ = bound(gas_, 0, 1_000_000);
        try verifier.checkInferenceBatch{gas: gas_}(modelId, items, address(this)) {} catch (bytes memory reason) {
            check(selectorOf(reason) != IERCZKMLVerifier.InvalidProof.selector, "no verdict");
        }
        verifier.checkInferenceBatch(modelId, items, address(this));
    }

    function _item(
        uint256 modelId,
        uint256 seed,
        uint256 index,
        bool bad
    ) private view returns (IInferenceVerifier.BatchItem memory) {
        uint256[] memory words = _signals(seed, index);
        Statement memory s = Statement({
            modelId: modelId,
            caller: address(this),
            requestId: bytes32(seed),
            prover: address(uint160(seed)),
            output: new uint256[](1),
            input: new uint256[](2)
        });
        (s.output[0], s.input[0], s.input[1]) = (words[0], words[1], words[2]);
        bytes memory proof = _world.prove(s, seed ^ index);
        // A bad one claims another output.
        if (bad) s.output[0] = addmod(s.output[0], 1, BN254.R);
        return IInferenceVerifier.BatchItem(_world.inputCommitment(s), _world.outputOf(s), proof);
    }

    /// The same proof with C + d·G1.
    function _shifted(bytes memory proof, uint256 d) private view returns (bytes memory other) {
        uint256[8] memory words = abi.decode(proof, (uint256[8]));
        bytes memory step = TrapdoorProver.multiply(d);
        (bool success, bytes memory sum) = address(6).staticcall(abi.encodePacked(words[6], words[7], step));
        check(success, "addition");
        (words[6], words[7]) = abi.decode(sum, (uint256, uint256));
        return abi.encode(words);
    }

    function _signals(uint256 seed, uint256 index) private pure returns (uint256[] memory signals) {
        signals = new uint256[](SIGNALS);
        for (uint256 j = 0; j < SIGNALS; ++j) signals[j] = uint256(keccak256(abi.encode(seed, index, j))) % BN254.R;
    }
}
