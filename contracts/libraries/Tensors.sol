// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FixedPoint} from "./FixedPoint.sol";
import {Schema} from "./Schema.sol";

/// @title Tensors as integers
/// @notice Packing of docs/encodings.md: little-endian digits q − lo in base 2^bits, ⌊252 / bits⌋ a word. A word decodes in
/// at most one way: digits that no element uses must be 0.
library Tensors {
    /// @notice Format of one tensor.
    /// @param lo least value
    /// @param bits width of a digit
    /// @param count number of elements
    struct Format {
        int256 lo;
        uint256 bits;
        uint256 count;
    }

    /// @notice A digit has 1 to 252 bits.
    error BadDigitWidth(uint256 bits);

    /// @notice The number of values or words is not the format's.
    error WrongLength(uint256 expected, uint256 actual);

    /// @notice A value is outside [lo, lo + 2^bits − 1].
    error ValueOutOfRange(uint256 index, int256 value);

    /// @notice A word has bits set that no element of the tensor uses.
    error UnusedBitsSet(uint256 wordIndex);

    /// @notice A real value has no integer in the format, or an integer no real value of 18 decimals in 256 bits.
    error NotRepresentable(int256 value, int256 exponent);

    /// @notice There is no greatest of no elements.
    error EmptyTensor();

    /// @dev Format of a registered tensor.
    function formatOf(Schema.TensorSpec memory spec) internal pure returns (Format memory) {
        return Format({lo: spec.lo, bits: spec.bits, count: Schema.elements(spec)});
    }

    /// @dev How many words a tensor takes.
    function wordCount(Format memory format) internal pure returns (uint256) {
        uint256 perWord = _digitsPerWord(format.bits);
        return (format.count + perWord - 1) / perWord;
    }

    /// @dev Packs values into words.
    function pack(int256[] memory values, Format memory format) internal pure returns (uint256[] memory words) {
        uint256 perWord = _digitsPerWord(format.bits);
        if (values.length != format.count) revert WrongLength(format.count, values.length);
        words = new uint256[](wordCount(format));
        for (uint256 i = 0; i < values.length; ++i) {
            unchecked {
                // Wraps to a huge digit when the value is below lo or far above it, which the comparison refuses.
                uint256 digit = uint256(values[i]) - uint256(format.lo);
                if (values[i] < format.lo || digit >> format.bits != 0) revert ValueOutOfRange(i, values[i]);
                words[i / perWord] |= digit << (format.bits * (i % perWord));
            }
        }
    }

    /// @dev Unpacks words, each of which must be the packing of its elements.
    function unpack(uint256[] memory words, Format memory format) internal pure returns (int256[] memory values) {
        uint256 perWord = _digitsPerWord(format.bits);
        uint256 expected = wordCount(format);
        if (words.length != expected) revert WrongLength(expected, words.length);
        values = new int256[](format.count);
        uint256 mask = (1 << format.bits) - 1;
        for (uint256 w = 0; w < expected; ++w) {
            uint256 word = words[w];
            uint256 first = w * perWord;
            uint256 end = first + perWord < format.count ? first + perWord : format.count;
            for (uint256 i = first; i < end; ++i) {
                values[i] = int256(word & mask) + format.lo;
                word >>= format.bits;
            }
            if (word != 0) revert UnusedBitsSet(w);
        }
    }

    /// @dev Reverts unless words are the packing of some tensor of a format: `unpack` without the elements.
    function requirePacked(uint256[] calldata words, Format memory format) internal pure {
        uint256 expected = wordCount(format);
        if (words.length != expected) revert WrongLength(expected, words.length);
        uint256 perWord = _digitsPerWord(format.bits);
        uint256 left = format.count;
        for (uint256 w = 0; w < expected; ++w) {
            uint256 digits = left < perWord ? left : perWord;
            if (words[w] >> (digits * format.bits) != 0) revert UnusedBitsSet(w);
            left -= digits;
        }
    }

    /// @dev Unpacks a tensor, whose first word has index `firstWord`, out of an ERC-7992 output.
    function unpackOutput(
        bytes calldata output,
        uint256 firstWord,
        Format memory format
    ) internal pure returns (int256[] memory) {
        uint256[] memory words = new uint256[](wordCount(format));
        uint256 end = (firstWord + words.length) * 32;
        if (output.length < end) revert WrongLength(end, output.length);
        for (uint256 i = 0; i < words.length; ++i) {
            uint256 at = (firstWord + i) * 32;
            words[i] = uint256(bytes32(output[at:at + 32]));
        }
        return unpack(words, format);
    }

    /// @dev Index of the greatest element; the lowest one on ties.
    function argmax(int256[] memory values) internal pure returns (uint256 index) {
        if (values.length == 0) revert EmptyTensor();
        for (uint256 i = 1; i < values.length; ++i) {
            if (values[i] > values[index]) index = i;
        }
    }

    /// @dev The integer of a real value with 18 decimals: ⌊value · 2^exponent + 1/2⌋. Refuses what the prover refuses:
    /// values outside [lo, lo + 2^bits] · 2^-exponent. In the last step, what would round past the last digit is the last.
    function quantize(int256 value, int256 exponent, Format memory format) internal pure returns (int256) {
        int256 end = _end(format);
        (int256 whole, uint256 rest, uint256 unit, bool fits) = FixedPoint.toScale(value, exponent);
        if (!fits || whole < format.lo || whole > end || (whole == end && rest != 0)) {
            revert NotRepresentable(value, exponent);
        }
        if (FixedPoint.roundsUp(rest, unit)) ++whole;
        return whole < end ? whole : end - 1;
    }

    /// @dev Like `quantize`, with the nearest integer of the format for a value outside of it.
    function quantizeClamped(int256 value, int256 exponent, Format memory format) internal pure returns (int256) {
        int256 end = _end(format);
        (int256 whole, uint256 rest, uint256 unit, bool fits) = FixedPoint.toScale(value, exponent);
        if (!fits) return value < 0 ? format.lo : end - 1;
        if (FixedPoint.roundsUp(rest, unit)) ++whole;
        if (whole < format.lo) return format.lo;
        return whole < end ? whole : end - 1;
    }

    /// @dev The real value of an integer, with 18 decimals: ⌊q · 2^-exponent · 10^18 + 1/2⌋ of them, exact for exponents ≤ 18.
    function dequantize(int256 q, int256 exponent) internal pure returns (int256 value) {
        uint256 rest;
        uint256 unit;
        bool fits;
        (value, rest, unit, fits) = FixedPoint.fromScale(q, exponent);
        if (!fits) revert NotRepresentable(q, exponent);
        if (FixedPoint.roundsUp(rest, unit)) ++value;
    }

    /// @dev One past the greatest value of a format.
    function _end(Format memory format) private pure returns (int256) {
        if (format.bits == 0 || format.bits > Schema.WORD_BITS) revert BadDigitWidth(format.bits);
        return format.lo + int256(1 << format.bits);
    }

    function _digitsPerWord(uint256 bits) private pure returns (uint256) {
        if (bits == 0 || bits > Schema.WORD_BITS) revert BadDigitWidth(bits);
        return Schema.WORD_BITS / bits;
    }
}
