// SPDX-License-Identifier: MIT
/* solhint-disable use-natspec, one-contract-per-file */
pragma solidity ^0.8.28;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {IERC8004ValidationRegistry} from "../../interfaces/IERC8004ValidationRegistry.sol";

/// @title Agents of ERC-8004, as far as validation needs them, for tests
contract TestIdentityRegistry is ERC721 {
    uint256 private _last;

    constructor() ERC721("Agents", "AGENT") {}

    function register() external returns (uint256 agentId) {
        agentId = ++_last;
        _mint(msg.sender, agentId);
    }

    function isAuthorized(address account, uint256 agentId) external view returns (bool) {
        return _isAuthorized(_requireOwned(agentId), account, agentId);
    }
}

/// @title The validation registry of ERC-8004, for tests
contract TestValidationRegistry is IERC8004ValidationRegistry {
    struct Status {
        address validator;
        uint256 agentId;
        uint8 response;
        bytes32 responseHash;
        string tag;
        uint256 lastUpdate;
    }

    TestIdentityRegistry private immutable _identities;
    mapping(bytes32 requestHash => Status) private _requests;

    error NotTheAgent(address caller, uint256 agentId);
    error RequestExists(bytes32 requestHash);
    error UnknownRequest(bytes32 requestHash);
    error NotTheValidator(address caller);
    error ResponseAbove100(uint8 response);

    constructor(TestIdentityRegistry identities) {
        _identities = identities;
    }

    function validationRequest(
        address validatorAddress,
        uint256 agentId,
        string calldata requestURI,
        bytes32 requestHash
    ) external {
        if (!_identities.isAuthorized(msg.sender, agentId)) revert NotTheAgent(msg.sender, agentId);
        if (_requests[requestHash].validator != address(0)) revert RequestExists(requestHash);
        _requests[requestHash].validator = validatorAddress;
        _requests[requestHash].agentId = agentId;
        _requests[requestHash].lastUpdate = block.timestamp;
        emit ValidationRequest(validatorAddress, agentId, requestURI, requestHash);
    }

    function validationResponse(
        bytes32 requestHash,
        uint8 response,
        string calldata responseURI,
        bytes32 responseHash,
        string calldata tag
    ) external {
        Status storage status = _requests[requestHash];
        if (status.validator == address(0)) revert UnknownRequest(requestHash);
        if (status.validator != msg.sender) revert NotTheValidator(msg.sender);
        if (response > 100) revert ResponseAbove100(response);
        status.response = response;
        status.responseHash = responseHash;
        status.tag = tag;
        status.lastUpdate = block.timestamp;
        emit ValidationResponse(msg.sender, status.agentId, requestHash, response, responseURI, responseHash, tag);
    }

    function getValidationStatus(
        bytes32 requestHash
    ) external view returns (address, uint256, uint8, bytes32, string memory, uint256) {
        Status storage s = _requests[requestHash];
        if (s.validator == address(0)) revert UnknownRequest(requestHash);
        return (s.validator, s.agentId, s.response, s.responseHash, s.tag, s.lastUpdate);
    }
}
