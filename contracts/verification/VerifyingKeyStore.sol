// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Create3} from "@openzeppelin/contracts/utils/Create3.sol";
import {ERC165, IERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {IVerifyingKeyStore} from "../interfaces/IVerifyingKeyStore.sol";
import {CodeStore} from "../libraries/CodeStore.sol";
import {VerifyingKeys} from "../libraries/VerifyingKeys.sol";

/// @title Verifying key store
/// @notice See {IVerifyingKeyStore}. No owner, no storage.
contract VerifyingKeyStore is IVerifyingKeyStore, ERC165 {
    /// @inheritdoc IVerifyingKeyStore
    function store(bytes calldata key) external returns (bytes32 vkHash) {
        vkHash = keccak256(key);
        address pointer = Create3.computeAddress(vkHash);
        if (pointer.code.length != 0) return vkHash;
        uint256 signals = VerifyingKeys.check(key);
        Create3.deploy(0, vkHash, CodeStore.initCode(key));
        emit VerifyingKeyStored(vkHash, pointer, signals);
    }

    /// @inheritdoc IVerifyingKeyStore
    function keyOf(bytes32 vkHash) external view returns (bytes memory key) {
        key = CodeStore.read(Create3.computeAddress(vkHash));
        if (key.length == 0) revert VerifyingKeyNotFound(vkHash);
    }

    /// @inheritdoc IVerifyingKeyStore
    function signalCount(bytes32 vkHash) external view returns (uint256 signals) {
        uint256 size = Create3.computeAddress(vkHash).code.length;
        return size == 0 ? 0 : VerifyingKeys.countSignals(size - 1);
    }

    /// @inheritdoc IVerifyingKeyStore
    function pointerOf(bytes32 vkHash) external view returns (address pointer) {
        return Create3.computeAddress(vkHash);
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override(ERC165, IERC165) returns (bool) {
        return interfaceId == type(IVerifyingKeyStore).interfaceId || super.supportsInterface(interfaceId);
    }
}
