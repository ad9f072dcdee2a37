// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title The `proof` bytes of ERC-7992
/// @notice abi.encode(uint256[8] points, uint256[] inputWords, bytes32 requestId, address prover), in that one canonical
/// form: twelve words of head and length, then the input words. A proof of PLONK or FFLONK has 24 words instead of eight. The
/// offset of the input words comes right behind the proof, and so says how long it is.
library ProofBlob {
    uint256 private constant SHORT_BYTES = 256;
    uint256 private constant LONG_BYTES = 768;

    /// @dev The offset of the input words is this much beyond the proof, and their number after it ends the head.
    uint256 private constant SHORT_OFFSET = 352;
    uint256 private constant LONG_OFFSET = 864;
    uint256 private constant SHORT_HEAD = 384;
    uint256 private constant LONG_HEAD = 896;

    /// @notice The bytes are not the canonical encoding of a proof blob.
    error MalformedProof(uint256 length);

    /// @notice The proof was made for another request.
    error WrongRequest(bytes32 expected, bytes32 actual);

    /// @dev Checks the form of a blob and reads what it says it is for, and who is credited. Nothing is proven yet.
    function statement(bytes calldata proof) internal pure returns (bytes32 requestId, address prover) {
        bool good;
        // What calldata has behind a blob that is too short is read but tells nothing: its length fits neither form.
        assembly ("memory-safe") {
            let length := proof.length
            let short := eq(calldataload(add(proof.offset, SHORT_BYTES)), SHORT_OFFSET)
            let head := sub(LONG_HEAD, mul(short, sub(LONG_HEAD, SHORT_HEAD)))
            let end := add(proof.offset, head)
            requestId := calldataload(sub(end, 96))
            prover := calldataload(sub(end, 64))
            let count := calldataload(sub(end, 32))
            // The first comparison keeps the product from overflowing.
            good := and(iszero(gt(count, length)), eq(add(head, shl(5, count)), length))
            good := and(good, iszero(shr(160, prover)))
            good := and(good, or(short, eq(calldataload(add(proof.offset, LONG_BYTES)), LONG_OFFSET)))
        }
        if (!good) revert MalformedProof(proof.length);
    }

    /// @dev Who is credited by a blob that says it is for this request; the same check otherwise.
    function proverFor(bytes calldata proof, bytes32 requestId) internal pure returns (address prover) {
        bytes32 actual;
        (actual, prover) = statement(proof);
        if (actual != requestId) revert WrongRequest(requestId, actual);
    }

    /// @dev The proof itself, eight words or 24. Only for a blob that `statement` accepted, as are the next two.
    function points(bytes calldata proof) internal pure returns (bytes calldata) {
        return isShort(proof) ? proof[:SHORT_BYTES] : proof[:LONG_BYTES];
    }

    /// @dev The input signals, 32 bytes each.
    function inputWords(bytes calldata proof) internal pure returns (bytes calldata) {
        return isShort(proof) ? proof[SHORT_HEAD:] : proof[LONG_HEAD:];
    }

    /// @dev Whether the proof itself has eight words.
    function isShort(bytes calldata proof) internal pure returns (bool short) {
        assembly ("memory-safe") {
            short := eq(calldataload(add(proof.offset, SHORT_BYTES)), SHORT_OFFSET)
        }
    }
}
