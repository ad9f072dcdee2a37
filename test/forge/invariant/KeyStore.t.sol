// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IVerifyingKeyStore} from "../../../contracts/interfaces/IVerifyingKeyStore.sol";
import {Artifacts} from "../support/Artifacts.sol";
import {Assertions, InvariantTest} from "../support/Test.sol";
import {TrapdoorProver} from "../support/TrapdoorProver.sol";
import {VM} from "../support/Vm.sol";

/// Anybody stores anything.
contract KeyStoreHandler is Assertions {
    uint256 private constant POOL = 6;

    IVerifyingKeyStore public immutable store;
    bytes[POOL] private _pool;
    bytes32[] public stored;
    mapping(bytes32 vkHash => bool) public isStored;

    constructor() {
        store = IVerifyingKeyStore(Artifacts.deploy("verification", "VerifyingKeyStore", ""));
        for (uint256 i = 0; i < POOL; ++i) _pool[i] = TrapdoorProver.encode(TrapdoorProver.generate(1 + (i % 3), i));
    }

    function storeKey(uint256 which, address sender) external {
        bytes memory key = _pool[which % POOL];
        VM.prank(sender);
        bytes32 vkHash = store.store(key);
        same(vkHash, keccak256(key), "hash");
        if (!isStored[vkHash]) {
            isStored[vkHash] = true;
            stored.push(vkHash);
        }
    }

    /// A key cut, stretched, or with a byte changed is another key, and a bad one.
    function storeGarbage(uint256 which, uint256 at, uint8 change, uint256 length) external {
        bytes memory key = bytes.concat(_pool[which % POOL]);
        if (change == 0) {
            length %= key.length;
            assembly ("memory-safe") {
                mstore(key, length)
            }
        } else {
            key[at % key.length] ^= bytes1(change);
        }
        try store.store(key) {
            // A cut between points may leave a key with fewer signals, which is as good a key.
            check(change == 0 && length % 64 == 0 && length >= 576, "garbage");
            bytes32 vkHash = keccak256(key);
            if (!isStored[vkHash]) {
                isStored[vkHash] = true;
                stored.push(vkHash);
            }
        } catch {}
    }

    function storedCount() external view returns (uint256) {
        return stored.length;
    }
}

contract KeyStoreInvariants is InvariantTest {
    KeyStoreHandler private _handler;

    function setUp() external {
        _handler = new KeyStoreHandler();
        targetContract(address(_handler));
    }

    /// A hash names one key, which never changes: the newest is looked at now, all of them when a run ends.
    function invariant_keysAreContentAddressed() external view {
        uint256 count = _handler.storedCount();
        if (count != 0) _checkKey(_handler.stored(count - 1));
    }

    function afterInvariant() external view {
        for (uint256 i = 0; i < _handler.storedCount(); ++i) _checkKey(_handler.stored(i));
    }

    function _checkKey(bytes32 vkHash) private view {
        IVerifyingKeyStore store = _handler.store();
        bytes memory key = store.keyOf(vkHash);
        same(keccak256(key), vkHash, "content");
        same(store.signalCount(vkHash), (key.length - 448) / 64 - 1, "signals");
        same(store.pointerOf(vkHash).code, bytes.concat(hex"00", key), "code");
    }
}
