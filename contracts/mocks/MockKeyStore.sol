// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC165, IERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {IVerifyingKeyStore} from "../interfaces/IVerifyingKeyStore.sol";
import {CodeStore} from "../libraries/CodeStore.sol";
import {DevChains} from "../libraries/DevChains.sol";
import {VerifyingKeys} from "../libraries/VerifyingKeys.sol";

/// @title Key store that checks nothing but lengths, for consumers' own tests
/// @notice Takes any bytes as long as a key as one, so that a test registers models without a setup. Works on chains 1337 and
/// 31337 and nowhere else.
contract MockKeyStore is IVerifyingKeyStore, ERC165 {
    /// @inheritdoc IVerifyingKeyStore
    mapping(bytes32 vkHash => address pointer) public pointerOf;

    /// @notice This is a public chain.
    error MockOnPublicChain(uint256 chainId);

    /// @notice Refuses public chains.
    constructor() {
        _requireDevChain();
    }

    /// @inheritdoc IVerifyingKeyStore
    function store(bytes calldata key) external returns (bytes32 vkHash) {
        _requireDevChain();
        vkHash = keccak256(key);
        if (pointerOf[vkHash] != address(0)) return vkHash;
        uint256 signals = VerifyingKeys.countSignals(key.length);
        pointerOf[vkHash] = CodeStore.write(key);
        emit VerifyingKeyStored(vkHash, pointerOf[vkHash], signals);
    }

    /// @inheritdoc IVerifyingKeyStore
    function keyOf(bytes32 vkHash) external view returns (bytes memory key) {
        key = CodeStore.read(pointerOf[vkHash]);
        if (key.length == 0) revert VerifyingKeyNotFound(vkHash);
    }

    /// @inheritdoc IVerifyingKeyStore
    function signalCount(bytes32 vkHash) external view returns (uint256 signals) {
        uint256 size = pointerOf[vkHash].code.length;
        return size == 0 ? 0 : VerifyingKeys.countSignals(size - 1);
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override(ERC165, IERC165) returns (bool) {
        return interfaceId == type(IVerifyingKeyStore).interfaceId || super.supportsInterface(interfaceId);
    }

    function _requireDevChain() private view {
        if (!DevChains.isDev()) revert MockOnPublicChain(block.chainid);
    }
}
