// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {BN254} from "./BN254.sol";
import {Domains} from "./Domains.sol";
import {Schema} from "./Schema.sol";
import {SignalLayout} from "./SignalLayout.sol";

/// @title Public signals of a statement
/// @notice outputs…, inputs…, weightsCommitment?, context (docs/encodings.md).
library Signals {
    /// @dev Context of a portable proof.
    uint256 internal constant PORTABLE = 0;

    /// @dev What a bound proof is bound to, as a signal below 2^248.
    function context(
        uint256 chainId,
        address caller,
        bytes32 requestId,
        uint256 modelId,
        address prover
    ) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(Domains.CONTEXT, chainId, caller, requestId, modelId, prover))) >> 8;
    }

    /// @dev Tag that opens the commitment of a hashed tensor.
    function tensorTag(int256 lo, uint256 bits, uint256 count) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(Domains.TENSOR, lo, bits, count))) >> 8;
    }

    /// @dev The whole vector, every element below r: `output` and `inputWords` are signals of 32 bytes each; the weights
    /// commitment is one if the weights are committed to.
    function build(
        bytes calldata output,
        bytes calldata inputWords,
        bool weightsCommitted,
        uint256 weightsCommitment,
        uint256 contextSignal
    ) internal pure returns (uint256[] memory signals) {
        uint256 given = (output.length + inputWords.length) / 32;
        signals = new uint256[](given + (weightsCommitted ? 2 : 1));
        assembly ("memory-safe") {
            let at := add(signals, 32)
            calldatacopy(at, output.offset, output.length)
            calldatacopy(add(at, output.length), inputWords.offset, inputWords.length)
        }
        if (weightsCommitted) signals[given] = weightsCommitment;
        signals[signals.length - 1] = contextSignal;
        requireInField(signals);
    }

    /// @dev Reverts if a signal would alias another one modulo r.
    function requireInField(uint256[] memory signals) internal pure {
        uint256 r = BN254.R;
        uint256 index = signals.length;
        assembly ("memory-safe") {
            let first := add(signals, 0x20)
            let end := add(first, shl(5, index))
            for {
                let at := first
            } lt(at, end) {
                at := add(at, 0x20)
            } {
                if iszero(lt(mload(at), r)) {
                    index := shr(5, sub(at, first))
                    break
                }
            }
        }
        if (index != signals.length) revert IProofVerifier.SignalNotInField(index, signals[index]);
    }

    /// @dev ERC-7992's input commitment; `inputWords` holds exactly the input signals of `layout`.
    function inputCommitment(
        bytes memory layout,
        bytes32 ioSchemaHash,
        bytes calldata inputWords
    ) internal pure returns (bytes32) {
        uint256 count = SignalLayout.tensors(layout);
        if (count == 1) {
            (uint256 visibility, ) = SignalLayout.tensor(layout, 0);
            return _tensorCommitment(visibility, ioSchemaHash, inputWords);
        }
        bytes32[] memory values = new bytes32[](count);
        uint256 next = 0;
        for (uint256 i = 0; i < count; ++i) {
            (uint256 visibility, uint256 signals) = SignalLayout.tensor(layout, i);
            uint256 end = next + signals * 32;
            values[i] = _tensorCommitment(visibility, ioSchemaHash, inputWords[next:end]);
            next = end;
        }
        return keccak256(abi.encode(values));
    }

    /// @dev keccak256(abi.encode(DOMAIN_INPUT, ioSchemaHash, uint256[] words)).
    function publicCommitment(bytes32 ioSchemaHash, bytes calldata words) internal pure returns (bytes32 commitment) {
        bytes32 domain = Domains.INPUT;
        assembly ("memory-safe") {
            let at := mload(0x40)
            mstore(at, domain)
            mstore(add(at, 0x20), ioSchemaHash)
            mstore(add(at, 0x40), 0x60)
            mstore(add(at, 0x60), shr(5, words.length))
            calldatacopy(add(at, 0x80), words.offset, words.length)
            commitment := keccak256(at, add(0x80, words.length))
        }
    }

    function _tensorCommitment(
        uint256 visibility,
        bytes32 ioSchemaHash,
        bytes calldata words
    ) private pure returns (bytes32) {
        if (visibility == Schema.PUBLIC) return publicCommitment(ioSchemaHash, words);
        return visibility == Schema.HASHED ? bytes32(words) : bytes32(0);
    }
}
