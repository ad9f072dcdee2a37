// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Schema} from "../../../contracts/libraries/Schema.sol";
import {Tensors} from "../../../contracts/libraries/Tensors.sol";
import {Test} from "../support/Test.sol";
import {VM} from "../support/Vm.sol";

contract TensorsTest is Test {
    uint256 private constant MAX_COUNT = 24;

    function testFuzz_unpackGivesWhatWasPacked(uint256 seed, uint256 lo, uint256 bits, uint256 count) external pure {
        Tensors.Format memory format = _format(lo, bits, count);
        int256[] memory values = _values(format, seed);
        uint256[] memory words = Tensors.pack(values, format);
        same(words.length, Tensors.wordCount(format), "words");
        int256[] memory again = Tensors.unpack(words, format);
        for (uint256 i = 0; i < values.length; ++i) {
            same(again[i], values[i], "value");
        }
    }

    /// A word is the packing of what it unpacks to, or it is refused: one statement has one encoding.
    function testFuzz_aWordDecodesInOneWay(
        uint256[] memory words,
        uint256 lo,
        uint256 bits,
        uint256 count
    ) external view {
        Tensors.Format memory format = _format(lo, bits, count);
        uint256 length = Tensors.wordCount(format);
        uint256[] memory given = new uint256[](length);
        uint256 perWord = Schema.WORD_BITS / format.bits;
        bool canonical = true;
        for (uint256 i = 0; i < length; ++i) {
            given[i] = words.length == 0 ? 0 : words[i % words.length];
            uint256 used = i + 1 < length ? perWord : format.count - perWord * (length - 1);
            // Half of the words have their unused bits cleared, so that both ways are tried often.
            if (given[i] % 2 == 0) given[i] &= (1 << (used * format.bits)) - 1;
            if (given[i] >> (used * format.bits) != 0) canonical = false;
        }
        try this.unpack(given, format) returns (int256[] memory values) {
            check(canonical, "unused bits are refused");
            uint256[] memory again = Tensors.pack(values, format);
            for (uint256 i = 0; i < length; ++i) {
                same(again[i], given[i], "word");
            }
        } catch (bytes memory reason) {
            check(!canonical, "a canonical word is accepted");
            same(selectorOf(reason), Tensors.UnusedBitsSet.selector, "reason");
        }
    }

    function testFuzz_valuesOutOfRangeAreRefused(
        uint256 seed,
        uint256 lo,
        uint256 bits,
        uint256 count,
        int256 stray
    ) external {
        Tensors.Format memory format = _format(lo, bits, bound(count, 1, MAX_COUNT));
        int256[] memory values = _values(format, seed);
        uint256 at = seed % values.length;
        // The two values just outside of the range, and any other.
        if (seed % 3 == 0) stray = format.lo - 1;
        if (seed % 3 == 1) stray = format.lo + int256(1 << format.bits);
        VM.assume(stray < format.lo || stray >= format.lo + int256(1 << format.bits));
        values[at] = stray;
        VM.expectRevert(abi.encodeWithSelector(Tensors.ValueOutOfRange.selector, at, stray));
        this.pack(values, format);
    }

    function testFuzz_wrongLengthsAreRefused(uint256 lo, uint256 bits, uint256 count, uint256 length) external {
        Tensors.Format memory format = _format(lo, bits, count);
        length = bound(length, 0, MAX_COUNT + 1);
        uint256 expected = Tensors.wordCount(format);
        if (length != format.count) {
            VM.expectRevert(abi.encodeWithSelector(Tensors.WrongLength.selector, format.count, length));
            this.pack(new int256[](length), format);
        }
        if (length != expected) {
            VM.expectRevert(abi.encodeWithSelector(Tensors.WrongLength.selector, expected, length));
            this.unpack(new uint256[](length), format);
        }
    }

    function testFuzz_impossibleWidthsAreRefused(uint256 bits) external {
        bits = bits % 2 == 0 ? 0 : bound(bits, Schema.WORD_BITS + 1, type(uint256).max);
        VM.expectRevert(abi.encodeWithSelector(Tensors.BadDigitWidth.selector, bits));
        this.pack(new int256[](1), Tensors.Format({lo: 0, bits: bits, count: 1}));
    }

    /// A tensor read out of the middle of an output is the tensor that was written there.
    function testFuzz_unpackOutputReadsItsOwnWords(
        uint256 seed,
        uint256 lo,
        uint256 bits,
        uint256 count,
        bytes32[3] memory around
    ) external view {
        Tensors.Format memory format = _format(lo, bits, count);
        int256[] memory values = _values(format, seed);
        bytes memory output = abi.encodePacked(around[0], around[1], Tensors.pack(values, format), around[2]);
        int256[] memory again = this.unpackOutput(output, 2, format);
        for (uint256 i = 0; i < values.length; ++i) {
            same(again[i], values[i], "value");
        }
    }

    function testFuzz_argmaxIsTheFirstGreatest(int256[] memory values) external {
        if (values.length == 0) {
            VM.expectRevert(Tensors.EmptyTensor.selector);
            this.argmax(values);
            return;
        }
        // Few different values make ties.
        if (values.length % 2 == 0) for (uint256 i = 0; i < values.length; ++i) values[i] %= 3;
        uint256 index = Tensors.argmax(values);
        for (uint256 i = 0; i < values.length; ++i) {
            check(i < index ? values[i] < values[index] : values[i] <= values[index], "first greatest");
        }
    }

    function pack(int256[] memory values, Tensors.Format memory format) external pure returns (uint256[] memory) {
        return Tensors.pack(values, format);
    }

    function unpack(uint256[] memory words, Tensors.Format memory format) external pure returns (int256[] memory) {
        return Tensors.unpack(words, format);
    }

    function unpackOutput(
        bytes calldata output,
        uint256 firstWord,
        Tensors.Format memory format
    ) external pure returns (int256[] memory) {
        return Tensors.unpackOutput(output, firstWord, format);
    }

    function argmax(int256[] memory values) external pure returns (uint256) {
        return Tensors.argmax(values);
    }

    /// Any format a schema may hold, with few elements.
    function _format(uint256 lo, uint256 bits, uint256 count) private pure returns (Tensors.Format memory) {
        uint256 half = 1 << 251;
        return
            Tensors.Format({
                lo: int256(bound(lo, 0, 2 * half - 1)) - int256(half),
                bits: bound(bits, 1, Schema.WORD_BITS),
                count: bound(count, 1, MAX_COUNT)
            });
    }

    function _values(Tensors.Format memory format, uint256 seed) private pure returns (int256[] memory values) {
        values = new int256[](format.count);
        for (uint256 i = 0; i < values.length; ++i) {
            uint256 digit = uint256(keccak256(abi.encode(seed, i)));
            // Every fourth is an end of the range.
            if (digit % 8 == 0) digit = 0;
            else if (digit % 8 == 1) digit = type(uint256).max;
            values[i] = format.lo + int256(digit & ((1 << format.bits) - 1));
        }
    }
}
