// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IVerifyingKeyStore} from "../../../contracts/interfaces/IVerifyingKeyStore.sol";
import {BN254} from "../../../contracts/libraries/BN254.sol";
import {VerifyingKeys} from "../../../contracts/libraries/VerifyingKeys.sol";
import {Artifacts} from "../support/Artifacts.sol";
import {G2Points} from "../support/G2Points.sol";
import {Test} from "../support/Test.sol";
import {TrapdoorProver} from "../support/TrapdoorProver.sol";
import {VM} from "../support/Vm.sol";

contract VerifyingKeysTest is Test {
    uint256 private constant MAX_SIGNALS = 5;
    uint256 private constant BETA = 64;
    uint256 private constant GAMMA = 192;
    uint256 private constant DELTA = 320;
    uint256 private constant IC = 448;

    IVerifyingKeyStore private immutable _store = IVerifyingKeyStore(
        Artifacts.deploy("verification", "VerifyingKeyStore", "")
    );

    function testFuzz_soundKeysAreStoredAndReadBack(uint256 seed, uint256 signals) external {
        signals = bound(signals, 1, MAX_SIGNALS);
        bytes memory key = _key(seed, signals);
        bytes32 vkHash = _store.store(key);
        same(vkHash, keccak256(key), "hash");
        same(_store.keyOf(vkHash), key, "key");
        same(_store.signalCount(vkHash), signals, "signals");
        same(_store.pointerOf(vkHash).code, bytes.concat(hex"00", key), "code");
        same(_store.store(key), vkHash, "storing again changes nothing");
    }

    /// A changed byte takes a point off its curve, whichever it is: nothing near a sound key is a key.
    function testFuzz_aChangedByteIsRefused(uint256 seed, uint256 signals, uint256 at, uint8 change) external {
        bytes memory key = _key(seed, bound(signals, 1, MAX_SIGNALS));
        at %= key.length;
        key[at] = bytes1(uint8(key[at]) ^ (change == 0 ? 1 : change));
        VM.expectRevert();
        _store.store(key);
        same(_store.signalCount(keccak256(key)), 0, "not stored");
    }

    function testFuzz_otherLengthsAreRefused(uint256 seed, uint256 signals, uint256 length) external {
        bytes memory key = _key(seed, bound(signals, 1, MAX_SIGNALS));
        length = bound(length, 0, key.length + 63);
        VM.assume(length < IC + 128 || (length - IC) % 64 != 0);
        bytes memory other = new bytes(length);
        for (uint256 i = 0; i < length && i < key.length; ++i) other[i] = key[i];
        _refuse(other, abi.encodeWithSelector(VerifyingKeys.BadKeyLength.selector, length));
    }

    function testFuzz_coordinatesAreReduced(uint256 seed, uint256 signals, uint256 word) external {
        signals = bound(signals, 1, MAX_SIGNALS);
        bytes memory key = _key(seed, signals);
        word %= key.length / 32;
        uint256 value = _read(key, word * 32);
        // The same point to whoever reduces: x + q fits a word.
        _write(key, word * 32, abi.encode(value + BN254.Q));
        _refuse(key, abi.encodeWithSelector(VerifyingKeys.KeyCoordinateNotInField.selector, _pointOf(word * 32)));
    }

    function testFuzz_infinityIsRefusedButForIc0(uint256 seed, uint256 signals, uint256 point) external {
        signals = bound(signals, 1, MAX_SIGNALS);
        bytes memory key = _key(seed, signals);
        point %= 5 + signals;
        bool isG2 = point >= 1 && point <= 3;
        uint256 at =
            point == 0
                ? 0
                : isG2
                    ? BETA + (point - 1) * 128
                    : IC + (point - 4) * 64;
        _write(key, at, new bytes(isG2 ? 128 : 64));
        if (point == 4) same(_store.signalCount(_store.store(key)), signals, "IC_0 may be infinite");
        else _refuse(key, abi.encodeWithSelector(VerifyingKeys.KeyPointAtInfinity.selector, point));
    }

    function testFuzz_strayPointsAreRefused(uint256 seed, uint256 signals, uint256 which) external {
        bytes memory key = _key(seed, bound(signals, 1, MAX_SIGNALS));
        _write(key, BETA + (seed % 3) * 128, G2Points.strayAt(which % G2Points.STRAYS));
        _refuse(key, abi.encodeWithSelector(VerifyingKeys.KeyPointNotInSubgroup.selector));
    }

    /// The relations that let anyone forge, with either sign.
    function testFuzz_forgeableRelationsAreRefused(uint256 seed, uint256 signals, uint8 kind, bool negated) external {
        bytes memory key = _key(seed, bound(signals, 1, MAX_SIGNALS));
        (uint256 at, bytes memory point, bytes4 expected) = _relation(key, kind % 6);
        if (negated && at == 0) point = abi.encode(uint256(1), BN254.Q - 2);
        else if (negated) point = G2Points.negate(point);
        _write(key, at, point);
        _refuse(key, abi.encodeWithSelector(expected));
    }

    /// The curve check is the precompile's own.
    function testFuzz_curveCheckAgreesWithThePrecompile(uint256 k, uint256 x, uint256 y, uint8 kind) external view {
        (x, y) = (x % BN254.Q, y % BN254.Q);
        if (kind % 2 == 0) (x, y) = abi.decode(TrapdoorProver.multiply(k), (uint256, uint256));
        if (kind % 4 == 2) y = addmod(y, 1, BN254.Q);
        VM.assume(x != 0 || y != 0);
        (bool success, ) = address(6).staticcall(abi.encode(x, y, uint256(0), uint256(0)));
        check(BN254.isOnCurve(x, y) == success, "on the curve");
    }

    function testFuzz_subgroupCheckFindsOneStrayAmongMany(uint256 seed, uint256 count, uint256 bad) external view {
        count = bound(count, 1, 6);
        bytes memory points;
        for (uint256 i = 0; i < count; ++i) {
            bytes memory point = G2Points.pointAt(TrapdoorProver.scalar(seed, i) % G2Points.COUNT);
            points = bytes.concat(points, i % 2 == 0 ? point : G2Points.negate(point));
        }
        check(BN254.areInG2(points), "all are");
        _write(points, (bad % count) * 128, G2Points.strayAt(bad % G2Points.STRAYS));
        check(!BN254.areInG2(points), "one is not");
    }

    /// What the other tests lean on: the points computed once have the logarithms they are said to have.
    function test_pointsHaveTheirLogarithms() external view {
        for (uint256 i = 0; i < G2Points.COUNT; ++i) {
            // e(k·G1, G2) · e(−G1, k·G2) = 1
            bytes memory input = abi.encodePacked(
                TrapdoorProver.multiply(G2Points.logOf(i)),
                G2Points.generator(),
                abi.encode(uint256(1), BN254.Q - 2),
                G2Points.pointAt(i)
            );
            (bool success, bytes memory result) = address(8).staticcall(input);
            check(success && abi.decode(result, (bool)), "logarithm");
        }
    }

    /// Where a point has to go to make a forgeable key, and how that is called.
    function _relation(
        bytes memory key,
        uint256 kind
    ) private pure returns (uint256 at, bytes memory point, bytes4 expected) {
        if (kind == 0) return (DELTA, _slice(key, GAMMA, 128), VerifyingKeys.GammaEqualsDelta.selector);
        if (kind == 1) return (GAMMA, _slice(key, BETA, 128), VerifyingKeys.BetaEqualsGamma.selector);
        if (kind == 2) return (DELTA, _slice(key, BETA, 128), VerifyingKeys.BetaEqualsDelta.selector);
        if (kind == 3) return (DELTA, G2Points.generator(), VerifyingKeys.DeltaIsGenerator.selector);
        if (kind == 4) return (BETA, G2Points.generator(), VerifyingKeys.BetaIsGenerator.selector);
        return (0, abi.encode(uint256(1), uint256(2)), VerifyingKeys.AlphaIsGenerator.selector);
    }

    function _refuse(bytes memory key, bytes memory reason) private {
        VM.expectRevert(reason);
        _store.store(key);
        same(_store.signalCount(keccak256(key)), 0, "not stored");
    }

    function _key(uint256 seed, uint256 signals) private view returns (bytes memory) {
        return TrapdoorProver.encode(TrapdoorProver.generate(signals, seed));
    }

    /// Index of the point that holds the coordinate at some byte, as errors name it.
    function _pointOf(uint256 at) private pure returns (uint256) {
        if (at < BETA) return 0;
        return at < IC ? 1 + (at - BETA) / 128 : 4 + (at - IC) / 64;
    }

    function _read(bytes memory data, uint256 at) private pure returns (uint256) {
        return uint256(bytes32(_slice(data, at, 32)));
    }

    function _slice(bytes memory data, uint256 at, uint256 length) private pure returns (bytes memory part) {
        part = new bytes(length);
        assembly ("memory-safe") {
            mcopy(add(part, 32), add(add(data, 32), at), length)
        }
    }

    function _write(bytes memory data, uint256 at, bytes memory part) private pure {
        check(at + part.length <= data.length, "write in range");
        assembly ("memory-safe") {
            mcopy(add(add(data, 32), at), add(part, 32), mload(part))
        }
    }
}
