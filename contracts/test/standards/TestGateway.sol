// SPDX-License-Identifier: MIT
/* solhint-disable use-natspec */
pragma solidity ^0.8.28;

import {IERC7786GatewaySource, IERC7786Recipient} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";

/// @title An ERC-7786 gateway whose messages a test carries, for tests
contract TestGateway is IERC7786GatewaySource {
    uint256 private _sent;

    function sendMessage(
        bytes calldata recipient,
        bytes calldata payload,
        bytes[] calldata attributes
    ) external payable returns (bytes32 sendId) {
        if (attributes.length != 0) revert UnsupportedAttribute(bytes4(attributes[0]));
        sendId = bytes32(++_sent);
        bytes memory sender = InteroperableAddress.formatEvmV1(block.chainid, msg.sender);
        emit MessageSent(sendId, sender, recipient, payload, msg.value, attributes);
    }

    /// @dev Delivers what a test says was sent.
    function deliver(
        bytes32 sendId,
        bytes calldata sender,
        bytes calldata recipient,
        bytes calldata payload
    ) external payable returns (bytes4) {
        (, address account) = InteroperableAddress.parseEvmV1(recipient);
        return IERC7786Recipient(account).receiveMessage{value: msg.value}(sendId, sender, payload);
    }

    function supportsAttribute(bytes4) external pure returns (bool) {
        return false;
    }
}
