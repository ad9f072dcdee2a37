// SPDX-License-Identifier: MIT
/* solhint-disable function-max-lines */
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title What deployed code looks like
/// @notice The input of the model `contract-risk`: 62 numbers from 0 to 255, counted in one pass over the instructions of
/// deployed code. How many there are; how often 32 opcodes occur; how often an opcode comes soon after another, such as
/// SSTORE after CALL; and how often checked arithmetic may panic. The card of the model lists them.
/// @dev Instructions are those that the EVM finds when it looks for jump destinations: what PUSH pushes is none. So
/// whatever can run is seen, and only metadata at the end is passed over, where nothing can reach it.
library OpcodeFeatures {
    /// @dev How many features there are, and how many bits each has.
    uint256 internal constant COUNT = 62;
    uint256 internal constant BITS = 8;

    /// @dev Opcodes that are counted as another one: BALANCE, those of the block, logs with topics, CALLCODE.
    uint256 private constant MERGED = (1 << 0x31) | (0x1f << 0x41) | (0xf << 0xa1) | (1 << 0xf2);

    /// @dev Opcodes that are compared with what came before them: SUB, MOD, LT, GT, EQ, ISZERO, KECCAK256, RETURNDATASIZE,
    /// POP, SSTORE, JUMPI, CALL, DELEGATECALL, SELFDESTRUCT.
    uint256 private constant TARGETS =
        (9 << 0x03) |
            (3 << 0x10) |
            (3 << 0x14) |
            (1 << 0x20) |
            (1 << 0x3d) |
            (1 << 0x50) |
            (5 << 0x55) |
            (9 << 0xf1) |
            (1 << 0xff);

    /// @dev Bits of both and of PUSH1 to PUSH32: all other opcodes are only counted.
    uint256 private constant SPECIAL = 0x80160000000000000000001e00000000ffffffff00a1003e2002000100330048;

    /// @dev Opcodes whose numbers are features 1 to 32, one a byte.
    uint256 private constant COUNTED = 0x010203040610111415161b1c2047323334353d40505254555657a0f1f4fafdff;

    /// @dev Longest metadata that is passed over.
    uint256 private constant METADATA_LIMIT = 64;
    bytes1 private constant JUMPDEST = 0x5b;

    /// @dev Features of code, and whether it has instructions that run the code of others as its own (DELEGATECALL, CALLCODE).
    function read(bytes memory code) internal pure returns (int256[] memory features, bool runsForeignCode) {
        features = new int256[](COUNT);
        _count(code, code.length - _metadataLength(code), features);
        runsForeignCode = features[29] != 0;
        for (uint256 i = 0; i < COUNT; ++i) features[i] = int256(logCode(uint256(features[i])));
    }

    /// @dev Logarithm of count + 1 in sixteenths, linear between powers of two, at most 255.
    function logCode(uint256 count) internal pure returns (uint256) {
        uint256 e = Math.log2(count + 1);
        return Math.min(255, 16 * e + ((16 * (count + 1 - (1 << e))) >> e));
    }

    /// @dev Length of the metadata at the end of code: CBOR of at most 64 bytes that begins with a map of one to three
    /// texts, as solc writes it, without a byte that a jump could lead to. 0 if there is none.
    function _metadataLength(bytes memory code) private pure returns (uint256 length) {
        uint256 size = code.length;
        if (size < 4) return 0;
        length = (uint256(uint8(code[size - 2])) << 8) + uint8(code[size - 1]) + 2;
        if (length > METADATA_LIMIT || length >= size) return 0;
        bytes1 first = code[size - length];
        if (first < 0xa1 || first > 0xa3) return 0;
        for (uint256 i = size - length; i < size; ++i) if (code[i] == JUMPDEST) return 0;
    }

    /// @dev The pass. `counts` are zero before it. `end` is where the metadata begins; unless INVALID stands right before
    /// it, code may run into it, and it is read like everything else.
    function _count(bytes memory code, uint256 end, int256[] memory counts) private pure {
        assembly ("memory-safe") {
            function bump(counter, by) {
                mstore(counter, add(mload(counter), by))
            }
            function within(table, op, n, most) -> yes {
                yes := iszero(gt(sub(n, mload(add(add(table, shl(6, op)), 32))), most))
            }
            // Features 33 to 60: what came how many instructions before.
            function compare(op, n, table, near) {
                switch op
                case 0xf1 {
                    bump(add(near, 0x80), within(table, 0x55, n, 32))
                    bump(add(near, 0xa0), within(table, 0x55, n, 96))
                    bump(add(near, 0xc0), within(table, 0x33, n, 96))
                    bump(add(near, 0xe0), within(table, 0x54, n, 48))
                }
                case 0x55 {
                    let call96 := within(table, 0xf1, n, 96)
                    bump(near, within(table, 0xf1, n, 32))
                    bump(add(near, 0x20), call96)
                    bump(add(near, 0x40), within(table, 0x33, n, 64))
                    bump(add(near, 0x60), within(table, 0x20, n, 24))
                    let called := mload(add(table, 0x3c60))
                    bump(add(near, 0x360), and(call96, gt(mload(add(table, 0x820)), called)))
                }
                case 0x57 {
                    bump(add(near, 0x240), within(table, 0xf1, n, 24))
                    bump(add(near, 0x260), within(table, 0xf1, n, 64))
                    bump(add(near, 0x280), within(table, 0x33, n, 24))
                    bump(add(near, 0x2e0), within(table, 0x40, n, 8))
                }
                case 0x11 {
                    bump(add(near, 0x320), within(table, 0x01, n, 8))
                    bump(add(near, 0x340), within(table, 0x03, n, 8))
                }
                case 0x14 {
                    bump(add(near, 0x160), within(table, 0x33, n, 16))
                    bump(add(near, 0x180), within(table, 0x32, n, 16))
                }
                case 0x03 {
                    bump(add(near, 0x1a0), within(table, 0x33, n, 8))
                    bump(add(near, 0x1c0), within(table, 0x32, n, 8))
                }
                case 0xf4 {
                    bump(add(near, 0x100), within(table, 0x33, n, 96))
                    bump(add(near, 0x120), within(table, 0x54, n, 48))
                }
                case 0x15 {
                    bump(add(near, 0x1e0), within(table, 0xf1, n, 4))
                }
                case 0x50 {
                    bump(add(near, 0x200), within(table, 0xf1, n, 4))
                }
                case 0x10 {
                    bump(add(near, 0x300), within(table, 0x01, n, 8))
                }
                case 0x20 {
                    bump(add(near, 0x2c0), within(table, 0x40, n, 48))
                }
                case 0x3d {
                    bump(add(near, 0x220), within(table, 0xf1, n, 8))
                }
                case 0xff {
                    bump(add(near, 0x140), within(table, 0x33, n, 48))
                }
                case 0x06 {
                    bump(add(near, 0x2a0), within(table, 0x40, n, 64))
                }
            }
            function canonical(op) -> same {
                same := 0x40
                if eq(op, 0x31) {
                    same := 0x47
                }
                if gt(op, 0x45) {
                    same := 0xa0
                }
                if eq(op, 0xf2) {
                    same := 0xf4
                }
            }

            // Of each opcode two words: how often it occurred, and the number of the last instruction that was one.
            let table := mload(0x40)
            mstore(0x40, add(table, 0x4000))
            calldatacopy(table, calldatasize(), 0x4000)
            let near := add(counts, 0x440)
            let first := add(code, 32)
            let size := mload(code)
            // Numbers begin so high that what did not occur is near nothing.
            let n := 1000
            let at := 0
            let op := 0
            for {} 1 {} {
                for {} lt(at, end) {} {
                    op := byte(0, mload(add(first, at)))
                    at := add(at, 1)
                    if and(shr(op, SPECIAL), 1) {
                        if and(shr(op, MERGED), 1) {
                            op := canonical(op)
                        }
                        if and(shr(op, TARGETS), 1) {
                            compare(op, n, table, near)
                        }
                        // PUSH1 to PUSH32.
                        if eq(shr(5, op), 3) {
                            if eq(op, 0x63) {
                                let panic := eq(shr(224, mload(add(first, at))), 0x4e487b71)
                                bump(add(counts, 0x7c0), and(panic, iszero(gt(add(at, 4), size))))
                            }
                            at := add(at, sub(op, 0x5f))
                        }
                    }
                    let entry := add(table, shl(6, op))
                    mstore(entry, add(mload(entry), 1))
                    mstore(add(entry, 32), n)
                    n := add(n, 1)
                }
                if or(eq(op, 0xfe), eq(end, size)) {
                    break
                }
                end := size
            }
            mstore(add(counts, 32), sub(n, 1000))
            for {
                let i := 0
            } lt(i, 32) {
                i := add(i, 1)
            } {
                let counted := byte(i, COUNTED)
                mstore(add(counts, shl(5, add(i, 2))), mload(add(table, shl(6, counted))))
            }
        }
    }
}
