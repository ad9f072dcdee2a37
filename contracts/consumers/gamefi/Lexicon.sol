// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Words of a vocabulary
/// @notice A list of 256 words, each ended by a line feed, and texts as bytes that number them.
library Lexicon {
    uint256 internal constant WORDS = 256;

    bytes1 private constant LINE_FEED = 0x0a;

    /// @notice The list does not have 256 words that each end with a line feed.
    error BadLexicon(uint256 words);

    /// @dev Reverts unless the list has 256 words, none of them empty.
    function requireComplete(bytes memory list) internal pure {
        uint256 count = 0;
        uint256 start = 0;
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i] != LINE_FEED) continue;
            if (i == start) revert BadLexicon(count);
            ++count;
            start = i + 1;
        }
        if (count != WORDS || start != list.length) revert BadLexicon(count);
    }

    /// @dev The text: words with spaces between them, but none before a word that begins with one of ! , . ? For calls.
    function decode(bytes memory list, bytes memory numbers) internal pure returns (string memory text) {
        uint256[] memory ends = _endsOf(list);
        bytes memory joined = "";
        for (uint256 i = 0; i < numbers.length; ++i) {
            uint256 number = uint8(numbers[i]);
            uint256 start = number == 0 ? 0 : ends[number - 1] + 1;
            bytes1 first = list[start];
            bool attached = i == 0 || first == "!" || first == "," || first == "." || first == "?";
            joined = bytes.concat(joined, attached ? bytes("") : bytes(" "), _slice(list, start, ends[number]));
        }
        return string(joined);
    }

    /// @dev Where each word's line feed is.
    function _endsOf(bytes memory list) private pure returns (uint256[] memory ends) {
        ends = new uint256[](WORDS);
        uint256 count = 0;
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i] != LINE_FEED) continue;
            ends[count] = i;
            ++count;
        }
    }

    function _slice(bytes memory list, uint256 start, uint256 end) private pure returns (bytes memory word) {
        word = new bytes(end - start);
        for (uint256 i = 0; i < word.length; ++i) {
            word[i] = list[start + i];
        }
    }
}
