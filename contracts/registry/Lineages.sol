// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERCZKMLRegistry} from "../interfaces/IERCZKMLRegistry.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";

/// @title Lineages of models
/// @notice Versions, their activation and deprecation, and who owns them; see {IModelRegistry}.
abstract contract Lineages is IModelRegistry {
    /// @dev One slot a version, and a second one from version 2 on.
    struct Version {
        address record;
        uint32 number;
        uint48 activatesAt;
        bool deprecated;
        uint256 lineageId;
    }

    /// @dev One slot a lineage, and a second one while it is being handed over.
    struct Lineage {
        address owner;
        uint32 versions;
        address pendingOwner;
    }

    uint256 private constant ACTIVATION_DELAY = 2 days;

    mapping(uint256 modelId => Version) internal _models;
    mapping(uint256 lineageId => Lineage) internal _lineages;
    mapping(uint256 lineageId => mapping(uint256 version => uint256 modelId)) private _later;

    /// @inheritdoc IERCZKMLRegistry
    function deprecateModel(uint256 modelId) external {
        _requireOwner(modelId);
        if (_models[modelId].deprecated) revert ModelIsDeprecated(modelId);
        _models[modelId].deprecated = true;
        emit ModelDeprecated(modelId);
    }

    /// @inheritdoc IModelRegistry
    function transferModelOwnership(uint256 modelId, address newOwner) external {
        uint256 lineageId = _requireOwner(modelId);
        _lineages[lineageId].pendingOwner = newOwner;
        emit ModelOwnershipTransferStarted(lineageId, msg.sender, newOwner);
    }

    /// @inheritdoc IModelRegistry
    function acceptModelOwnership(uint256 modelId) external {
        uint256 lineageId = _lineageOf(modelId);
        Lineage storage lineage = _lineages[lineageId];
        if (lineage.pendingOwner != msg.sender) revert NotPendingOwner(modelId, msg.sender);
        address oldOwner = lineage.owner;
        lineage.owner = msg.sender;
        delete lineage.pendingOwner;
        emit ModelOwnershipTransferred(lineageId, oldOwner, msg.sender);
    }

    /// @inheritdoc IModelRegistry
    function versionOf(uint256 modelId) external view returns (uint256 lineageId, uint256 version, uint256 latest) {
        lineageId = _lineageOf(modelId);
        return (lineageId, _models[modelId].number, _lineages[lineageId].versions);
    }

    /// @inheritdoc IModelRegistry
    function activeVersionOf(uint256 lineageId) external view returns (uint256 version, uint256 modelId) {
        uint256 newest = _lineages[lineageId].versions;
        if (newest == 0) revert ModelNotFound(lineageId);
        // Activation times grow with the numbers, and the first version is active.
        version = 1;
        while (version < newest) {
            uint256 middle = (version + newest + 1) / 2;
            if (_models[_later[lineageId][middle]].activatesAt > block.timestamp) newest = middle - 1;
            else version = middle;
        }
        return (version, modelAt(lineageId, version));
    }

    /// @inheritdoc IModelRegistry
    function activationOf(uint256 modelId) external view returns (uint256 timestamp) {
        if (_models[modelId].record == address(0)) revert ModelNotFound(modelId);
        return _models[modelId].activatesAt;
    }

    /// @inheritdoc IModelRegistry
    function pendingOwnerOf(uint256 modelId) external view returns (address owner) {
        return _lineages[_lineageOf(modelId)].pendingOwner;
    }

    /// @inheritdoc IModelRegistry
    function activationDelay() external pure returns (uint256 delay) {
        return ACTIVATION_DELAY;
    }

    /// @inheritdoc IModelRegistry
    function modelAt(uint256 lineageId, uint256 version) public view returns (uint256 modelId) {
        if (version == 1) return _lineages[lineageId].versions == 0 ? 0 : lineageId;
        return _later[lineageId][version];
    }

    /// @dev The first version of a lineage is the lineage.
    function _openLineage(uint256 modelId, address owner) internal {
        _models[modelId].number = 1;
        _lineages[modelId].owner = owner;
        _lineages[modelId].versions = 1;
        emit VersionAppended(modelId, modelId, 1, 0);
    }

    /// @dev Appends a registered model to a lineage, to become active later.
    function _append(uint256 lineageId, uint256 modelId) internal {
        uint32 number = ++_lineages[lineageId].versions;
        uint256 activatesAt = block.timestamp + ACTIVATION_DELAY;
        Version storage version = _models[modelId];
        version.number = number;
        version.activatesAt = uint48(activatesAt);
        version.lineageId = lineageId;
        _later[lineageId][number] = modelId;
        emit VersionAppended(lineageId, modelId, number, activatesAt);
    }

    /// @dev The lineage of a model that is its newest version, if the sender owns it.
    function _requireNewest(uint256 modelId) internal view returns (uint256 lineageId) {
        lineageId = _requireOwner(modelId);
        uint256 latest = modelAt(lineageId, _lineages[lineageId].versions);
        if (latest != modelId) revert NotLatestVersion(modelId, latest);
    }

    function _lineageOf(uint256 modelId) internal view returns (uint256 lineageId) {
        Version storage model = _models[modelId];
        if (model.record == address(0)) revert ModelNotFound(modelId);
        return model.number == 1 ? modelId : model.lineageId;
    }

    function _requireOwner(uint256 modelId) private view returns (uint256 lineageId) {
        lineageId = _lineageOf(modelId);
        if (_lineages[lineageId].owner != msg.sender) revert NotModelOwner(modelId, msg.sender);
    }
}
