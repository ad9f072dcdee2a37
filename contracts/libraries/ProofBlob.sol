// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title The `proof` bytes of ERC-7992
/// @notice abi.encode(uint256[8] points, uint256[] inputWords, bytes32 requestId, address prover), in that one canonical
/// form: twelve words of head and length, then the input words.
library ProofBlob {
    uint256 private constant HEAD_BYTES = 384;
    uint256 private constant WORDS_OFFSET = 352;

    /// @notice The bytes are not the canonical encoding of a proof blob.
    error MalformedProof(uint256 length);

    /// @notice The proof was made for another request.
    error WrongRequest(bytes32 expected, bytes32 actual);

    /// @dev Checks the form of a blob and reads what it says it is for, and who is credited. Nothing is proven yet.
    function statement(bytes calldata proof) internal pure returns (bytes32 requestId, address prover) {
        uint256 length = proof.length;
        if (length < HEAD_BYTES) revert MalformedProof(length);
        uint256 offset = _word(proof, 256);
        uint256 account = _word(proof, 320);
        uint256 count = _word(proof, 352);
        // The first comparison keeps the product from overflowing.
        if (count > length || HEAD_BYTES + count * 32 != length) revert MalformedProof(length);
        if (offset != WORDS_OFFSET || account > type(uint160).max) revert MalformedProof(length);
        return (bytes32(_word(proof, 288)), address(uint160(account)));
    }

    /// @dev Who is credited by a blob that says it is for this request; the same check otherwise.
    function proverFor(bytes calldata proof, bytes32 requestId) internal pure returns (address prover) {
        bytes32 actual;
        (actual, prover) = statement(proof);
        if (actual != requestId) revert WrongRequest(requestId, actual);
    }

    /// @dev The proof itself, eight words. Only for a blob that `statement` accepted, as is the next.
    function points(bytes calldata proof) internal pure returns (bytes calldata) {
        return proof[:256];
    }

    /// @dev The input signals, 32 bytes each.
    function inputWords(bytes calldata proof) internal pure returns (bytes calldata) {
        return proof[HEAD_BYTES:];
    }

    /// @dev A word of a blob that is known to be long enough.
    function _word(bytes calldata proof, uint256 at) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(proof.offset, at))
        }
    }
}
