// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {ProofBlob} from "../../../contracts/libraries/ProofBlob.sol";
import {Test} from "../support/Test.sol";
import {VM} from "../support/Vm.sol";

contract ProofBlobTest is Test {
    function testFuzz_opensToWhatWasEncoded(
        uint256[8] memory points,
        uint256[] memory words,
        bytes32 requestId,
        address prover
    ) external view {
        bytes memory again = this.reencode(abi.encode(points, words, requestId, prover));
        same(again, abi.encode(points, words, requestId, prover), "blob");
        check(this.isShort(again), "eight words");
    }

    function testFuzz_opensALongOneToo(
        uint256[24] memory points,
        uint256[] memory words,
        bytes32 requestId,
        address prover
    ) external view {
        // Where the offset of a short one is.
        VM.assume(points[8] != 352);
        bytes memory blob = abi.encode(points, words, requestId, prover);
        same(this.reencode(blob), blob, "blob");
        check(!this.isShort(blob), "24 words");
    }

    /// What opens is the one encoding of what it opens to, so a changed byte is refused or is another blob's content.
    function testFuzz_aChangedByteIsRefusedOrAnotherStatement(
        uint256[8] memory points,
        uint256[] memory words,
        bytes32 requestId,
        address prover,
        uint256 at,
        uint8 change
    ) external view {
        bytes memory blob = abi.encode(points, words, requestId, prover);
        // Half of the changes hit head and length, where the form is.
        at = at % 2 == 0 ? 256 + ((at / 2) % 128) : (at / 2) % blob.length;
        blob[at] = bytes1(uint8(blob[at]) ^ (change == 0 ? 1 : change));
        try this.reencode(blob) returns (bytes memory again) {
            same(again, blob, "canonical form");
        } catch (bytes memory reason) {
            same(selectorOf(reason), ProofBlob.MalformedProof.selector, "reason");
            check(at >= 256 && at < 384, "only the form is refused");
        }
    }

    function testFuzz_anyBytesAreRefusedOrCanonical(bytes memory blob) external view {
        try this.reencode(blob) returns (bytes memory again) {
            same(again, blob, "canonical form");
        } catch (bytes memory reason) {
            same(selectorOf(reason), ProofBlob.MalformedProof.selector, "reason");
        }
    }

    function testFuzz_trailingAndMissingBytesAreRefused(
        uint256[8] memory points,
        uint256[] memory words,
        bytes memory tail,
        uint256 cut
    ) external {
        bytes memory blob = abi.encode(points, words, bytes32(0), address(0));
        bytes memory longer = bytes.concat(blob, tail.length == 0 ? bytes(hex"00") : tail);
        VM.expectRevert(abi.encodeWithSelector(ProofBlob.MalformedProof.selector, longer.length));
        this.reencode(longer);
        bytes memory shorter = new bytes(cut % blob.length);
        for (uint256 i = 0; i < shorter.length; ++i) shorter[i] = blob[i];
        VM.expectRevert(abi.encodeWithSelector(ProofBlob.MalformedProof.selector, shorter.length));
        this.reencode(shorter);
    }

    /// Reads a blob as contracts do and encodes what was read.
    function reencode(bytes calldata blob) external pure returns (bytes memory) {
        (bytes32 requestId, address prover) = ProofBlob.statement(blob);
        bytes calldata points = ProofBlob.points(blob);
        bytes calldata raw = ProofBlob.inputWords(blob);
        uint256[] memory words = new uint256[](raw.length / 32);
        for (uint256 i = 0; i < words.length; ++i) words[i] = uint256(bytes32(raw[i * 32:]));
        check(raw.length % 32 == 0, "whole words");
        if (points.length == 256) return abi.encode(abi.decode(points, (uint256[8])), words, requestId, prover);
        return abi.encode(abi.decode(points, (uint256[24])), words, requestId, prover);
    }

    function isShort(bytes calldata blob) external pure returns (bool) {
        return ProofBlob.isShort(blob);
    }
}
