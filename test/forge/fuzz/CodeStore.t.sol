// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {CodeStore} from "../../../contracts/libraries/CodeStore.sol";
import {Test} from "../support/Test.sol";
import {VM} from "../support/Vm.sol";

contract CodeStoreTest is Test {
    function testFuzz_readsWhatWasWritten(bytes memory data) external {
        address pointer = CodeStore.write(data);
        same(CodeStore.read(pointer), data, "data");
        same(pointer.code, bytes.concat(hex"00", data), "code");
    }

    function testFuzz_longDataToo(uint256 length, bytes32 seed) external {
        bytes memory data = _long(bound(length, 0, CodeStore.MAX_BYTES), seed);
        same(CodeStore.read(CodeStore.write(data)), data, "data");
    }

    /// Stored bytes are data, even if they are a program.
    function testFuzz_storedBytesNeverRun(bytes memory data, bytes memory call_) external {
        address pointer = CodeStore.write(data);
        VM.deal(address(this), 1);
        (bool success, bytes memory result) = pointer.call{value: 1}(call_);
        check(success, "stops");
        same(result.length, 0, "says nothing");
        same(CodeStore.read(pointer), data, "data");
    }

    function testFuzz_tooMuchIsRefused(uint256 length) external {
        length = bound(length, CodeStore.MAX_BYTES + 1, 2 * CodeStore.MAX_BYTES);
        VM.expectRevert(abi.encodeWithSelector(CodeStore.CodeStoreFailed.selector, length));
        this.write(new bytes(length));
    }

    function testFuzz_nothingIsReadWhereNothingIs(address pointer) external view {
        VM.assume(pointer.code.length == 0);
        same(CodeStore.read(pointer).length, 0, "data");
    }

    function write(bytes memory data) external returns (address) {
        return CodeStore.write(data);
    }

    function _long(uint256 length, bytes32 seed) private pure returns (bytes memory data) {
        data = new bytes(length);
        for (uint256 at = 0; at + 32 <= length; at += 32) {
            assembly ("memory-safe") {
                mstore(add(add(data, 32), at), xor(seed, at))
            }
        }
    }
}
